"""What stands in each text that is fed, read back from the tokens."""

import json

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.trainer.records import Record
from lf_qwen3.trainer.render import MASKED, Template

ASK = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
EMPTY = frame("", "")
CALL = {"name": "get", "arguments": {"city": "北京"}}
CALL_TEXT = '<tool_call>\n{"name": "get", "arguments": {"city": "北京"}}\n</tool_call>'


@pytest.fixture
def fed(bytes_):
    """Return a function: options, messages -> (masked prompt, learnt rest) of one turn, as text."""

    def run(messages, system="", tools="", **options):
        encoded = Template(**options).encode(bytes_, messages, system, tools)
        assert not encoded.stopped
        learnt = [label for label in encoded.labels if label != MASKED]
        masked = [
            one for one, label in zip(encoded.input_ids, encoded.labels, strict=True) if label == MASKED
        ]
        return tuple(bytes_.decode(ids, skip_special_tokens=False) for ids in (masked, learnt))

    return run


@pytest.mark.parametrize(
    ("options", "answer", "prompt", "learnt"),
    [
        pytest.param({}, "A", "", f"{EMPTY}A", id="true puts an empty block into the loss"),
        pytest.param({"enable_thinking": None}, "A", EMPTY, "A", id="null puts it into the prompt"),
        pytest.param({"enable_thinking": False}, frame("R", "A"), EMPTY, "A", id="false removes reasoning"),
        pytest.param(
            {"enable_thinking": None}, frame("R", "A"), "", frame("R", "A"), id="null keeps reasoning"
        ),
        pytest.param({"name": "qwen3_nothink"}, "A", "", "A", id="nothink adds nothing"),
        pytest.param(
            {"name": "qwen3_nothink"}, frame("R", "A"), "", frame("R", "A"), id="nothink keeps tags"
        ),
    ],
)
def test_thinking_follows_the_option(fed, messages, options, answer, prompt, learnt):
    masked, in_loss = fed(messages(("user", "Q"), ("assistant", answer)), **options)
    assert masked == ASK.format("Q") + prompt
    assert in_loss == f"{learnt}<|im_end|>\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps(CALL), id="one object"),
        pytest.param(json.dumps([CALL]), id="a list"),
        pytest.param(f"<tool_call>{json.dumps(CALL)}</tool_call>", id="between tags"),
    ],
)
def test_a_call_is_written_as_qwen_writes_it(fed, messages, content):
    _, learnt = fed(messages(("user", "Q"), ("function", content)), name="qwen3_nothink")
    assert learnt == f"{CALL_TEXT}<|im_end|>\n"


def test_reasoning_stays_before_a_call(fed, messages):
    _, learnt = fed(messages(("user", "Q"), ("function", frame("R", json.dumps(CALL)))), enable_thinking=None)
    assert learnt == f"{frame('R', CALL_TEXT)}<|im_end|>\n"


def test_a_tool_result_is_a_user_turn(fed, messages):
    masked, _ = fed(messages(("observation", "sunny"), ("assistant", "A")), name="qwen3_nothink")
    assert masked == ASK.format("<tool_response>\nsunny\n</tool_response>")


def test_tools_stand_in_the_system_turn(fed, messages):
    tools = json.dumps([{"name": "get"}, {"type": "function", "function": {"name": "set"}}])
    masked, _ = fed(messages(("user", "Q"), ("assistant", "A")), "S", tools, name="qwen3_nothink")
    assert masked.startswith("<|im_start|>system\nS\n\n# Tools\n")
    assert '<tools>\n{"type": "function", "function": {"name": "get"}}\n{"type": "function"' in masked


@pytest.mark.parametrize(
    ("system", "default", "seen"),
    [("S", "D", "S"), ("", "D", "D"), ("S", "", "S")],
    ids=["the record's", "the default", "no default"],
)
def test_the_system_prompt_is_the_records_or_the_default(fed, messages, system, default, seen):
    masked, _ = fed(messages(("user", "Q"), ("assistant", "A")), system, default_system=default)
    assert masked.startswith(f"<|im_start|>system\n{seen}<|im_end|>\n<|im_start|>user")


def test_only_the_last_turn_is_learnt_with_mask_history(fed, messages):
    turns = messages(("user", "1"), ("assistant", frame("R", "one")), ("user", "2"), ("assistant", "two"))
    masked, learnt = fed(turns, enable_thinking=None, mask_history=True)
    assert masked == f"{ASK.format('1')}one<|im_end|>\n{ASK.format('2')}{EMPTY}"
    assert learnt == "two<|im_end|>\n"


@pytest.mark.parametrize(
    ("role", "content", "tools", "why"),
    [
        ("function", "no json", "", "function message"),
        ("function", '{"name": "get"}', "", "arguments"),
        ("function", "[1]", "", "function message"),
        ("narrator", "A", "", "narrator"),
        ("assistant", "A", "no json", "tools"),
        ("assistant", "A", '{"name": "get"}', "tools"),
        ("assistant", "A", '[{"name": "\\ud800"}]', "surrogate"),
    ],
)
def test_a_record_at_which_the_trainer_stops_says_why(bytes_, messages, role, content, tools, why):
    encoded = Template().encode(bytes_, messages(("user", "Q"), (role, content)), tools=tools)
    assert encoded.input_ids == []
    assert why in encoded.stopped


def test_a_bad_record_does_not_spoil_its_batch(bytes_, messages):
    good = Record(messages(("user", "Q"), ("assistant", "A")))
    bad = Record(messages(("user", "Q"), ("function", "A")))
    first, second, third = Template().encode_batch(bytes_, [good, bad, good])
    assert second.stopped
    assert first == third == Template().encode(bytes_, good.messages)


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        ({"cutoff_len": 4096}, "cutoff_len", 4096),
        ({"cutoff_len": 4096, "packing": True}, "cutoff_len", 4095),
        ({"cutoff_len": 4096, "neat_packing": True}, "cutoff_len", 4095),
        ({"enable_thinking": None}, "enable_thinking", None),
        ({}, "enable_thinking", True),
        ({"mask_history": True}, "mask_history", True),
        ({"default_system": "S"}, "default_system", "S"),
    ],
)
def test_settings_become_options(settings, field, value):
    assert getattr(Template.from_settings({"template": "qwen3", **settings}), field) == value


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "no template"),
        ({"template": "llama3"}, "llama3"),
        ({"template": "qwen3", "mask_history": True, "train_on_prompt": True}, "exclude"),
        ({"template": "qwen3", "enable_thinking": "maybe"}, "maybe"),
        ({"template": "qwen3", "cutoff_len": "long"}, "long"),
        ({"template": "qwen3", "tool_format": "glm4"}, "tool_format"),
        ({"template": "qwen3", "split_special_tokens": True}, "split_special_tokens"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused(settings, why):
    with pytest.raises(UsageError, match=why):
        Template.from_settings(settings)
