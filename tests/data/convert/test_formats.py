"""Records: what a conversation looks like as sharegpt and as alpaca."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.convert.conversations import choose_rules, convert_row
from lf_qwen3.data.convert.formats import FORMATS
from lf_qwen3.data.converters import get
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.qwen3.thinking import frame, frame_json


def dialogue() -> Conversation:
    return Conversation(
        [
            Turn("user", "q1"),
            Turn("assistant", "a1", thinking="t1"),
            Turn("user", "q2"),
            Turn("assistant", "a2"),
            Turn("user", "q3"),
            Turn("assistant", "a3", thinking="t3"),
        ],
        system="be kind",
    )


def records(conversation, format="sharegpt", turns="unroll"):
    return [orjson.loads(record.line) for record in FORMATS[format].encode(conversation, turns)]


def values(record):
    return [turn["value"] for turn in record["conversations"]]


def test_unroll_writes_one_record_per_answer_and_bares_earlier_thinking():
    made = records(dialogue())
    assert [values(record) for record in made] == [
        ["q1", frame("t1", "a1")],
        ["q1", "a1", "q2", "a2"],
        ["q1", "a1", "q2", "a2", "q3", frame("t3", "a3")],
    ]
    assert [record.thinking for record in FORMATS["sharegpt"].encode(dialogue(), "unroll")] == [
        True,
        False,
        True,
    ]


def test_last_writes_the_last_of_the_unrolled_records():
    assert records(dialogue(), turns="last") == records(dialogue())[-1:]


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_a_turn_that_must_not_be_learnt_is_history_only(format):
    conversation = dialogue()
    conversation.turns[3].learn = False
    kept = records(dialogue(), format)
    del kept[1]
    assert records(conversation, format) == kept
    with pytest.raises(Reject) as caught:
        records(conversation, format, "all")
    assert (caught.value.code, caught.value.detail) == ("needs_unroll", "turn 4")
    conversation.rejected = Turn("assistant", "b")
    assert len(records(conversation, format, "all")) == 1


def test_all_keeps_every_thinking():
    (record,) = records(dialogue(), turns="all")
    assert values(record) == ["q1", frame("t1", "a1"), "q2", "a2", "q3", frame("t3", "a3")]


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
@pytest.mark.parametrize("turns", ["unroll", "last", "all"])
def test_every_record_has_the_same_keys_and_only_text(format, turns):
    plain = Conversation([Turn("user", "q"), Turn("assistant", "a")])
    made = records(dialogue(), format, turns) + records(plain, format, turns)
    assert {tuple(record) for record in made} == {tuple(made[0])}
    assert all(value is not None for record in made for value in record.values())


def test_alpaca_writes_one_record_per_answer_with_its_history():
    made = records(dialogue(), "alpaca")
    assert [record["history"] for record in made] == [[], [["q1", "a1"]], [["q1", "a1"], ["q2", "a2"]]]
    assert [record.history for record in FORMATS["alpaca"].encode(dialogue(), "unroll")] == [
        False,
        True,
        True,
    ]
    assert made[-1] == {
        "instruction": "q3",
        "input": "",
        "output": frame("t3", "a3"),
        "system": "be kind",
        "history": [["q1", "a1"], ["q2", "a2"]],
    }


def test_alpaca_has_no_place_for_tools():
    conversation = Conversation([Turn("user", "q"), Turn("assistant", "", calls="[]"), Turn("tool", "r")])
    with pytest.raises(Reject, match="needs_sharegpt"):
        records(conversation, "alpaca")


def calling(content="", thinking=None):
    calls = json.dumps([{"name": "weather", "arguments": {"city": "Köln"}}])
    return Conversation(
        [
            Turn("user", "q"),
            Turn("assistant", content, thinking=thinking, calls=calls),
            Turn("tool", "sunny"),
            Turn("tool", "warm"),
            Turn("assistant", "fine"),
        ]
    )


def test_a_bare_call_is_a_function_call_turn():
    first, last = records(calling())
    assert first["conversations"][-1]["from"] == "function_call"
    assert json.loads(first["conversations"][-1]["value"])[0]["name"] == "weather"
    assert [turn["from"] for turn in last["conversations"]] == [
        "human",
        "function_call",
        "observation",
        "gpt",
    ]


def test_answers_to_parallel_calls_become_one_observation():
    observation = records(calling())[-1]["conversations"][2]["value"]
    assert observation == "sunny\n</tool_response>\n<tool_response>\nwarm"


def test_a_call_with_thinking_is_spelled_as_qwen_spells_it():
    (first, _) = records(calling(content="let me see", thinking="hm"))
    call = '<tool_call>\n{"name": "weather", "arguments": {"city": "Köln"}}\n</tool_call>'
    assert first["conversations"][-1] == {"from": "gpt", "value": frame("hm", f"let me see\n{call}")}


LOOP = Conversation(
    [
        Turn("user", "q"),
        Turn("assistant", "First.", thinking="one", calls='[{"name": "f", "arguments": {"x": 1}}]'),
        Turn("tool", "7"),
        Turn("assistant", "Said without a call.", thinking="two"),
        Turn("tool", "8"),
        Turn("assistant", "a", thinking="three"),
    ],
    tools='[{"type": "function", "function": {"name": "f"}}]',
)


def test_a_tool_loop_keeps_its_thinking_until_the_next_question():
    shown = [[thought for thought in ("one", "two", "three") if thought in str(row)] for row in records(LOOP)]
    assert shown == [["one"], ["one", "two"], ["one", "two", "three"]]
    again = Conversation([*LOOP.turns, Turn("user", "r"), Turn("assistant", "b")])
    assert not any(thought in str(records(again)[-1]) for thought in ("one", "two", "three"))
    assert again.repairs == {"tool_loop_thinking"}
    last = Conversation(again.turns)
    assert records(last, turns="last") == records(again)[-1:]
    assert last.repairs == set()


def test_thinking_that_names_a_call_cannot_stay():
    turns = list(LOOP.turns)
    turns[1] = Turn("assistant", "", thinking="I write <tool_call>.", calls=LOOP.turns[1].calls)
    with pytest.raises(Reject, match="special_token"):
        records(Conversation(turns))


def test_what_was_written_is_read_back():
    record = records(LOOP, turns="last")[0]
    (again,) = convert_row(SourceRow(record), get("finetome").convert, choose_rules(False))
    assert (again.turns, again.system, again.tools) == (LOOP.turns, "", LOOP.tools)


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_preference_records_hold_both_answers(format):
    pair = Conversation(
        [Turn("user", "q"), Turn("assistant", "good", thinking="t")], rejected=Turn("assistant", "bad")
    )
    (record,) = FORMATS[format].encode(pair, "unroll")
    row = orjson.loads(record.line)
    texts = [frame("t", "good"), frame("", "bad")]
    turns = [{"from": "gpt", "value": text} for text in texts]
    assert [row["chosen"], row["rejected"]] == (turns if format == "sharegpt" else texts)
    entry = FORMATS[format].entry("x.jsonl", "ranking")
    assert entry["ranking"] is True
    assert set(entry["columns"].values()) <= set(orjson.loads(record.line)) | {"instruction"}


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_the_entry_names_exactly_the_columns_of_the_records(format):
    (record,) = records(dialogue(), format, "last")
    assert set(FORMATS[format].entry("x.jsonl")["columns"].values()) == set(record)


@given(st.text(), st.text())
def test_json_texts_are_framed_as_texts_are(thought, answer):
    framed = frame_json(orjson.dumps(thought), orjson.dumps(answer))
    assert b"".join(framed) == orjson.dumps(frame(thought, answer))
