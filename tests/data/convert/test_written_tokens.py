"""The trainer's own processors make of convert's records what Qwen3's template makes of the conversation."""

import json

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.formats import FORMATS
from lf_qwen3.data.convert.turn_items import assistant_text
from lf_qwen3.qwen3 import tokenizer_build
from lf_qwen3.trainer.chat_template import ChatTemplate
from lf_qwen3.trainer.records import Record, RecordReader
from lf_qwen3.trainer.render import Template
from tests.needs import require

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]
require("llamafactory")

from tests.trainer.feeds import trainer_feeds  # noqa: E402

OURS = Template(enable_thinking=None, mask_history=True)
PRESERVING = Template(enable_thinking=None, mask_history=True, preserve_thinking=True)
TOOLS = json.dumps([{"type": "function", "function": {"name": "lamp", "parameters": {}}}])


@pytest.fixture(scope="session")
def qwen(trainer_tokenizer):
    """The trainer's tokenizer."""
    return trainer_tokenizer


@pytest.fixture(scope="session")
def official():
    """The chat template that renders as Qwen3's own does."""
    return ChatTemplate(tokenizer_build.chat_template())


def call(**arguments):
    return json.dumps([{"name": "lamp", "arguments": arguments}], ensure_ascii=False)


def read(conversation, format="sharegpt", turns="unroll"):
    """Return the records of a conversation as the trainer reads them."""
    wanted = FORMATS[format]
    reader = RecordReader(wanted.entry("x.jsonl", "ranking" if conversation.rejected else "sft"))
    return [reader(orjson.loads(record.line)) for record in wanted.encode(conversation, turns)]


def official_ids(official, qwen, turns, conversation):
    """Return the tokens that Qwen3's template makes of the first turns, their reasoning included."""
    role = {"user": "user", "assistant": "assistant", "tool": "observation"}
    messages = [
        {
            "role": role[turn.role],
            "content": assistant_text(turn) if turn.role == "assistant" else turn.content,
        }
        for turn in turns
    ]
    text = official.render(messages, conversation.system, conversation.tools)
    return qwen.encode(text, add_special_tokens=False)


def fed(record, qwen, template=OURS):
    from llamafactory.data.processor import PairwiseDatasetProcessor, SupervisedDatasetProcessor

    kind = PairwiseDatasetProcessor if record.rejected else SupervisedDatasetProcessor
    return trainer_feeds(kind, template, record, qwen)


def assert_every_answer_is_fed_as_asked(conversation, official, qwen):
    ends = [at for at, turn in enumerate(conversation.turns, 1) if turn.role == "assistant"]
    records = read(conversation)
    assert len(records) == len(ends)
    for end, record in zip(ends, records, strict=True):
        wanted = official_ids(official, qwen, conversation.turns[:end], conversation)
        assert fed(record, qwen)["input_ids"] == wanted


LOOP = [
    Turn("user", "Lamp on, then off."),
    Turn("assistant", "", thinking="First on.", calls=call(on=True)),
    Turn("tool", "ok"),
    Turn("assistant", "One moment.", thinking="Now off.", calls=call(on=False)),
    Turn("tool", "ok"),
    Turn("assistant", "", calls=call(state="你好")),
    Turn("tool", "off"),
    Turn("assistant", "Done.", thinking="Both done."),
]
AGAIN = [*LOOP, Turn("user", "And now?"), *LOOP[1:]]


@pytest.mark.parametrize("turns", [LOOP, AGAIN], ids=["one question", "two questions"])
@pytest.mark.parametrize("system", ["", "Be brief."])
@pytest.mark.parametrize("tools", ["", TOOLS])
def test_tool_loops_keep_their_thinking(official, qwen, turns, system, tools):
    assert_every_answer_is_fed_as_asked(Conversation(list(turns), system, tools), official, qwen)


def test_preserve_thinking_would_frame_plain_turns(official, qwen):
    """Why the YAML does not say preserve_thinking: true; with it every plain turn gets a block."""
    conversation = Conversation(list(AGAIN), "Be brief.", TOOLS)
    record = read(conversation)[-1]
    wanted = official_ids(official, qwen, AGAIN, conversation)
    assert fed(record, qwen)["input_ids"] == wanted
    assert len(fed(record, qwen, PRESERVING)["input_ids"]) > len(wanted)


def test_last_is_fed_as_the_last_of_unroll(qwen):
    conversation = Conversation(list(AGAIN), tools=TOOLS)
    (last,) = read(conversation, turns="last")
    assert fed(last, qwen) == fed(read(conversation)[-1], qwen)


@pytest.mark.parametrize("enable_thinking", [True, False, None])
@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
@pytest.mark.parametrize("thoughts", [("r", None), (None, "r"), ("r", "s"), (None, None)])
def test_both_sides_of_a_pair_are_framed(official, qwen, thoughts, format, enable_thinking):
    sides = [
        Turn("assistant", text, thinking=thought) for text, thought in zip(("A", "B"), thoughts, strict=True)
    ]
    conversation = Conversation([Turn("user", "q"), sides[0]], rejected=sides[1])
    (record,) = read(conversation, format)
    template = Template(enable_thinking=enable_thinking, mask_history=True)
    got = fed(record, qwen, template)
    for name, side in zip(("chosen", "rejected"), sides, strict=True):
        shown = side if enable_thinking is not False else Turn("assistant", side.content)
        wanted = official_ids(official, qwen, [conversation.turns[0], shown], conversation)
        assert got[f"{name}_input_ids"] == wanted


def test_a_pair_after_tool_calls_keeps_their_thinking(official, qwen):
    losing = Turn("assistant", "No idea.")
    conversation = Conversation(list(LOOP), tools=TOOLS, rejected=losing)
    (record,) = read(conversation)
    got = fed(record, qwen)
    for name, turn in (("chosen", LOOP[-1]), ("rejected", losing)):
        assert got[f"{name}_input_ids"] == official_ids(official, qwen, [*LOOP[:-1], turn], conversation)


def test_tools_without_a_system_text_agree_only_as_the_system_text(official, qwen):
    conversation = Conversation([Turn("user", "q"), Turn("assistant", "a")], tools=TOOLS)
    (record,) = read(conversation)
    wanted = official_ids(official, qwen, conversation.turns, conversation)
    assert fed(record, qwen)["input_ids"] == wanted
    as_column = Record(record.messages, tools=TOOLS)
    assert fed(as_column, qwen)["input_ids"] != wanted


text = st.text(st.characters(codec="utf-8", exclude_characters="\0<"), min_size=1, max_size=12).filter(
    lambda made: made == made.strip()
)
calls = st.builds(call, on=text)
reply = st.builds(Turn, st.just("assistant"), text, thinking=st.none() | text)
calling = st.builds(Turn, st.just("assistant"), text | st.just(""), st.none() | text, calls)
result = st.builds(Turn, st.just("tool"), text)
loop = st.lists(st.tuples(calling | reply, result), max_size=3).map(
    lambda pairs: [turn for pair in pairs for turn in pair]
)
exchange = st.tuples(st.builds(Turn, st.just("user"), text), loop, reply | calling).map(
    lambda parts: [parts[0], *parts[1], parts[2]]
)
conversations = st.builds(
    Conversation,
    st.lists(exchange, min_size=1, max_size=3).map(lambda parts: [turn for part in parts for turn in part]),
    system=st.just("") | text,
    tools=st.just("") | st.just(TOOLS),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conversation=conversations)
def test_any_dialogue_is_fed_as_qwen3_writes_it(official, qwen, conversation):
    assert_every_answer_is_fed_as_asked(conversation, official, qwen)
