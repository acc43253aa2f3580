"""The model's own chat template: rendered as transformers does, and held against the trainer's text."""

import json

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.qwen3 import tokenizer_build
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.trainer.chat_template import ChatTemplate, compare
from lf_qwen3.trainer.records import Record
from lf_qwen3.trainer.render import Template
from lf_qwen3.trainer.render.text import write_kept_call

MINE = Template(enable_thinking=None, mask_history=True)
TOOLS = json.dumps([{"name": "get", "parameters": {}}])
CALL = json.dumps({"name": "get", "arguments": {"city": "<北京>"}}, ensure_ascii=False)


@pytest.fixture(scope="module")
def qwen3():
    """The chat template that renders as Qwen3's own does."""
    return ChatTemplate(tokenizer_build.chat_template())


def record(*pairs, **context):
    return Record([{"role": role, "content": content} for role, content in pairs], **context)


SAME = [
    pytest.param(record(("user", "Q"), ("assistant", "A")), id="plain"),
    pytest.param(record(("user", "Q"), ("assistant", frame("R", "A"))), id="thinking"),
    pytest.param(record(("user", "Q"), ("assistant", "A"), system="S"), id="system"),
    pytest.param(
        record(("user", "1"), ("assistant", frame("R", "A")), ("user", "2"), ("assistant", "B")), id="turns"
    ),
    pytest.param(record(("user", "Q"), ("function", CALL), system="S", tools=TOOLS), id="call"),
    pytest.param(
        record(("user", "Q"), ("function", frame("R", CALL)), system="S", tools=TOOLS), id="reasoned call"
    ),
    pytest.param(
        record(("user", "Q"), ("function", CALL), ("observation", "1"), ("assistant", "A")), id="tool result"
    ),
]


LOOP = (("user", "Q"), ("function", frame("R", CALL)), ("observation", "1"), ("assistant", "A"))
KEPT = write_kept_call("R", "Text.", f"[{CALL}]")
SAME += [
    pytest.param(record(LOOP[0], ("function", KEPT), *LOOP[2:]), id="thinking kept in a tool loop"),
    pytest.param(
        record(("user", "Q"), ("function", f"Text.\n<tool_call>{CALL}</tool_call>")), id="text before a call"
    ),
]


@pytest.mark.parametrize("conversation", SAME)
def test_our_settings_agree_with_qwens_template(bytes_, qwen3, conversation):
    (found,) = compare(bytes_, MINE, qwen3, [conversation])
    assert found.difference is None
    assert found.tokens == len(bytes_.encode(found.text, add_special_tokens=False).ids)


@pytest.mark.parametrize(
    ("template", "conversation", "part", "turn"),
    [
        pytest.param(
            Template(enable_thinking=None),
            record(("user", "1"), ("assistant", "A"), ("user", "2"), ("assistant", "B")),
            *("prompt", 0),
            id="an empty block in every turn of the history",
        ),
        pytest.param(
            Template(enable_thinking=None),
            record(("user", "1"), ("assistant", frame("R", "A")), ("user", "2"), ("assistant", "B")),
            *("thinking", 0),
            id="the thinking of the history",
        ),
        pytest.param(
            Template("qwen3_nothink"),
            record(("user", "1"), ("assistant", "A")),
            *("answer", 0),
            id="nothink for a model that thinks",
        ),
        pytest.param(
            MINE,
            record(("user", "1"), ("assistant", "A"), tools=TOOLS),
            *("prompt", 0),
            id="tools without a system prompt",
        ),
        pytest.param(MINE, record(*LOOP), *("answer", 0), id="the thinking of a tool loop"),
        pytest.param(
            Template(enable_thinking=None, mask_history=True, preserve_thinking=True),
            record(("user", "1"), ("assistant", "A"), ("user", "2"), ("assistant", "B")),
            *("prompt", 0),
            id="preserve_thinking frames a plain history",
        ),
        pytest.param(
            MINE,
            record(("user", "1"), ("assistant", frame("R", "\nA"))),
            *("answer", 0),
            id="a line end before the answer",
        ),
    ],
)
def test_a_difference_is_found_at_its_place(bytes_, qwen3, template, conversation, part, turn):
    (found,) = compare(bytes_, template, qwen3, [conversation])
    difference = found.difference
    assert difference is not None
    assert (difference.part, difference.turn) == (part, turn)
    assert difference.ours != difference.official
    whole = template.encode(bytes_, conversation.messages, conversation.system, conversation.tools).input_ids
    theirs = bytes_.encode(found.text, add_special_tokens=False).ids
    assert whole[: difference.at] == theirs[: difference.at]
    assert found.text[difference.character :].startswith(difference.official)


def test_a_cut_is_no_difference(bytes_, qwen3):
    cut = Template(enable_thinking=None, mask_history=True, cutoff_len=20)
    (found,) = compare(bytes_, cut, qwen3, [record(("user", "Q"), ("assistant", "A" * 99))])
    assert found.difference is None


def test_reasoning_that_is_removed_on_purpose_is_no_difference(bytes_, qwen3):
    (found,) = compare(
        bytes_,
        Template(enable_thinking=False),
        qwen3,
        [record(("user", "Q"), ("assistant", frame("R", "A")))],
    )
    assert found.difference is None


def test_ranking_records_and_others_keep_their_order(bytes_, qwen3):
    ranked = record(("user", "Q"), ("assistant", frame("R", "chosen")))
    ranked.rejected = {"role": "assistant", "content": frame("S", "rejected")}
    plain = record(("user", "Q"), ("assistant", "plain"))
    found = compare(bytes_, MINE, qwen3, [plain, ranked, plain])
    assert [one.difference for one in found] == [None, None, None]
    assert ["chosen" in one.text for one in found] == [False, True, False]


@pytest.mark.parametrize(
    ("chosen", "rejected", "side"),
    [
        pytest.param("A", frame("R", "B"), "rejected", id="two blocks"),
        pytest.param(frame("R", "A"), "B", "rejected", id="no block"),
        pytest.param(frame("R", "\nA"), "B", "chosen", id="both sides differ"),
        pytest.param(frame("R", "A"), frame("", "B"), "", id="framed"),
    ],
)
def test_both_sides_of_a_pair_are_compared(bytes_, qwen3, chosen, rejected, side):
    pair = record(("user", "Q"), ("assistant", chosen))
    pair.rejected = {"role": "assistant", "content": rejected}
    (comparison,) = compare(bytes_, MINE, qwen3, [pair])
    assert (comparison.difference.side if comparison.difference else "") == side


@pytest.mark.parametrize(
    ("source", "conversation", "why"),
    [
        ("{{ raise_exception('only users') }}", record(("user", "Q"), ("assistant", "A")), "only users"),
        ("{{ messages.append(1) }}", record(("user", "Q"), ("assistant", "A")), "SecurityError"),
        ("fine", record(("user", "Q"), ("function", "no json")), "JSON"),
    ],
)
def test_a_refusal_is_told(bytes_, source, conversation, why):
    (found,) = compare(bytes_, MINE, ChatTemplate(source), [conversation])
    assert why in found.difference.refused


def test_a_template_that_cannot_be_compiled_names_the_line():
    with pytest.raises(LfQwen3Error, match="line 2"):
        ChatTemplate("fine\n{% if %}")


@pytest.mark.parametrize(
    ("files", "text"),
    [
        pytest.param({"chat_template.jinja": "file"}, "file", id="a file of its own"),
        pytest.param({"tokenizer_config.json": '{"chat_template": "config"}'}, "config", id="in the config"),
        pytest.param(
            {"chat_template.jinja": "file", "tokenizer_config.json": '{"chat_template": "config"}'},
            "file",
            id="the file wins",
        ),
        pytest.param(
            {
                "tokenizer_config.json": json.dumps(
                    {
                        "chat_template": [
                            {"name": "tool_use", "template": "tools"},
                            {"name": "default", "template": "default"},
                        ]
                    }
                )
            },
            "default",
            id="the default of several",
        ),
        pytest.param(
            {
                "tokenizer_config.json": '{"eos_token": {"content": "E"}, "bos_token": null}',
                "chat_template.jinja": "{{ bos_token }}{{ eos_token }}",
            },
            "E",
            id="special tokens",
        ),
    ],
)
def test_the_template_is_found_where_transformers_finds_it(tmp_path, files, text):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert ChatTemplate.load(tmp_path).render(record(("user", "Q")).messages) == text


def test_a_folder_without_a_template_has_none(tmp_path):
    (tmp_path / "tokenizer_config.json").write_text("{broken")
    assert ChatTemplate.load(tmp_path) is None


@pytest.mark.llamafactory
@pytest.mark.parametrize(
    "source",
    [
        pytest.param(tokenizer_build.chat_template(), id="qwen3"),
        pytest.param(
            "{% for m in messages %}\n  {% if m.role == 'user' %}\n{% continue %}\n{% endif %}\n"
            "{% generation %}{{ m | tojson }}{{ m | tojson(indent=1) }}{% endgeneration %}\n{% endfor %}",
            id="loop controls, generation, tojson",
        ),
        pytest.param("{{ strftime_now('%Y') }}{{ tools is none }}{{ add_generation_prompt }}", id="globals"),
    ],
)
@pytest.mark.parametrize("conversation", SAME)
def test_it_renders_what_transformers_renders(source, conversation):
    module = pytest.importorskip("transformers.utils.chat_template_utils")
    from lf_qwen3.trainer.chat_template import as_api

    tools = json.loads(conversation.tools or "null")
    wrapped = [{"type": "function", "function": one} for one in tools] if tools else None
    messages = as_api(conversation.messages, conversation.system)
    (theirs,), _ = module.render_jinja_template([messages], wrapped, chat_template=source)
    assert (
        ChatTemplate(source).render(conversation.messages, conversation.system, conversation.tools) == theirs
    )


@pytest.mark.parametrize(("thinks", "opening"), [(True, ""), (False, frame("", ""))])
def test_a_prompt_ends_where_the_model_answers_as_its_template_asks(qwen3, thinks, opening):
    asked = record(("user", "Q")).messages
    head = "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n"
    assert qwen3.render_prompt(asked, "S", thinks=thinks) == head + opening
    always = ChatTemplate("{{ messages[0].content }}{% if add_generation_prompt %}:{% endif %}")
    assert always.render_prompt(asked, thinks=thinks) == "Q:"
