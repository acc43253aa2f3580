"""The ids and labels are those of the installed trainer's own processors, to the last token."""

import dataclasses
import itertools
import json

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, frame
from lf_qwen3.trainer.records import Record
from lf_qwen3.trainer.render import Template
from tests.needs import require
from tests.trainer.feeds import trainer_feeds

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]


@pytest.fixture(scope="session")
def qwen(qwen_tokenizer_folder, trainer_tokenizer):
    """The trainer's tokenizer and ours, from one folder."""
    require("llamafactory")
    return trainer_tokenizer, tokenizer_files.load(qwen_tokenizer_folder)


awkward = st.sampled_from(
    [
        *(
            "",
            " ",
            "\n",
            "\n\n",
            "\t",
            "a",
            "hello world",
            "你好",
            "🙂",
            "e\u0301",
            "ﬁ",
            "0.5",
            "don't",
            "\u2028",
        ),
        *(OPEN, CLOSE, f"{OPEN}\n", f"\n{CLOSE}\n\n", f"{OPEN}\n\n{CLOSE}\n\n", "<thinking>", f"{OPEN} "),
        *("<|im_end|>", "<|im_start|>user\n", "<|endoftext|>", "<tool_call>", "</tool_call>", "<|im_"),
        *("{{idx}}", "{{content}}", "{tool_text}", "{}", "\\n", '"'),
    ]
)
texts = st.lists(awkward | st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=6).map(
    "".join
)
answers = texts | st.builds(frame, texts, texts) | st.builds(frame, st.none(), texts)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
call = st.fixed_dictionaries({"name": texts, "arguments": values})
calls = (call | st.lists(call, max_size=2)).map(lambda made: json.dumps(made, ensure_ascii=False))
functions = st.one_of(
    calls,
    calls.map(lambda text: frame("think first", text)),
    calls.map(lambda text: f"before<tool_call>{text}</tool_call>after"),
    answers,
)
tool = st.dictionaries(
    st.sampled_from(["name", "description", "type"]), texts | st.just("function"), max_size=3
)
tools = (
    st.just("") | st.lists(tool, max_size=2).map(lambda made: json.dumps(made, ensure_ascii=False)) | texts
)


def message(role, content):
    return st.fixed_dictionaries({"role": st.just(role), "content": content})


asked = message("user", texts) | message("observation", texts)
answered = message("assistant", answers) | message("function", functions)
turns = st.lists(st.tuples(message("user", texts), message("assistant", answers)), min_size=1, max_size=3)
tool_turns = st.lists(st.tuples(asked, answered), min_size=1, max_size=4)
records = st.builds(
    Record,
    messages=(turns | tool_turns).map(lambda pairs: [one for pair in pairs for one in pair]),
    system=st.just("") | texts,
    tools=tools,
)
pairs = st.builds(dataclasses.replace, records, rejected=answered)
lengths = st.integers(1, 120) | st.just(2048)


@st.composite
def templates(draw):
    masks = draw(st.sampled_from(["", "mask_history", "train_on_prompt"]))
    return Template(
        name=draw(st.sampled_from(["qwen3", "qwen3_nothink"])),
        enable_thinking=draw(st.sampled_from([True, False, None])),
        preserve_thinking=draw(st.booleans()),
        mask_history=masks == "mask_history",
        train_on_prompt=masks == "train_on_prompt",
        cutoff_len=draw(lengths),
        default_system=draw(st.just("") | texts),
    )


def many(examples):
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


@many(300)
@given(record=records, template=templates())
def test_supervised_ids_and_labels_are_the_trainers(qwen, record, template):
    from llamafactory.data.processor import SupervisedDatasetProcessor

    theirs, ours = qwen
    encoded = template.encode(ours, record.messages, record.system, record.tools)
    event("the trainer stops" if encoded.stopped else "fed, cut" if encoded.is_cut else "fed whole")
    if encoded.stopped:
        with pytest.raises(Exception):  # noqa: B017, PT011  the trainer lets any error through
            trainer_feeds(SupervisedDatasetProcessor, template, record, theirs)
        return
    fed = trainer_feeds(SupervisedDatasetProcessor, template, record, theirs)
    assert encoded.input_ids == fed["input_ids"]
    assert encoded.labels == fed["labels"]
    assert encoded.learnt == sum(label != -100 for label in fed["labels"])


@many(200)
@given(record=pairs, template=templates())
def test_ranking_ids_and_labels_are_the_trainers(qwen, record, template):
    from llamafactory.data.processor import PairwiseDatasetProcessor

    theirs, ours = qwen
    chosen, rejected = template.encode_pair(ours, record)
    if chosen.stopped:
        with pytest.raises(Exception):  # noqa: B017, PT011  the trainer lets any error through
            trainer_feeds(PairwiseDatasetProcessor, template, record, theirs)
        return
    fed = trainer_feeds(PairwiseDatasetProcessor, template, record, theirs)
    for name, side in (("chosen", chosen), ("rejected", rejected)):
        assert side.input_ids == fed[f"{name}_input_ids"]
        assert side.labels == fed[f"{name}_labels"]


@pytest.mark.parametrize(
    ("name", "enable_thinking", "cutoff_len"),
    [
        *itertools.product(["qwen3", "qwen3_nothink"], [True, False, None], [512]),
        *itertools.product(["qwen3", "qwen3_nothink"], [None], [2048]),
        ("qwen3", True, 64),
        ("qwen3_nothink", False, 64),
    ],
)
def test_rows_are_fed_as_the_trainer_feeds_them(qwen, medical_rows, name, enable_thinking, cutoff_len):
    from llamafactory.data.processor import SupervisedDatasetProcessor

    theirs, ours = qwen
    template = Template(name, enable_thinking, mask_history=True, cutoff_len=cutoff_len)
    made = [
        Record(
            [
                {"role": "user", "content": row["question"]},
                {"role": "assistant", "content": frame(row["think"], row["answer"])},
            ]
        )
        for row in medical_rows
    ]
    assert len(made) >= 80
    for record, encoded in zip(made, template.encode_batch(ours, made), strict=True):
        fed = trainer_feeds(SupervisedDatasetProcessor, template, record, theirs)
        assert (encoded.input_ids, encoded.labels) == (fed["input_ids"], fed["labels"])


def test_the_trainer_sets_a_template_up_from_these_options(qwen):
    """What `trainer_processor` sets by hand is what the trainer itself sets, and no more."""
    import copy

    from llamafactory.data import template as module
    from llamafactory.hparams import DataArguments

    kept = copy.deepcopy(module.TEMPLATES["qwen3"])
    try:
        data_args = DataArguments(
            template="qwen3", enable_thinking=None, preserve_thinking=True, default_system="S"
        )
        fixed = module.get_template_and_fix_tokenizer(copy.deepcopy(qwen[0]), data_args)
    finally:
        module.TEMPLATES["qwen3"] = kept
    by_hand = dataclasses.replace(kept, enable_thinking=None, preserve_thinking=True, default_system="S")
    differing = [
        field.name
        for field in dataclasses.fields(kept)
        if repr(getattr(fixed, field.name)) != repr(getattr(by_hand, field.name))
        and field.name != "mm_plugin"
    ]
    assert differing == []


def test_the_defaults_are_the_trainers():
    arguments = pytest.importorskip("llamafactory.hparams").DataArguments()
    ours = Template()
    for name in ("enable_thinking", "mask_history", "preserve_thinking", "train_on_prompt", "cutoff_len"):
        assert getattr(ours, name) == getattr(arguments, name), name
    packed = pytest.importorskip("llamafactory.hparams").DataArguments(packing=True, cutoff_len=100)
    assert Template.from_settings({"template": "qwen3", "packing": True, "cutoff_len": 100}).cutoff_len == (
        packed.cutoff_len
    )
