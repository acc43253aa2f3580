"""What stands beside the text of a message, and beside the messages."""

import json

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.finetome import convert as convert_sharegpt
from lf_qwen3.data.converters.messages import convert
from lf_qwen3.data.converters.source_row import SourceRow

ASKS = {"role": "user", "content": "Is 7 prime?"}
ANSWERS = {"role": "assistant", "content": "Yes."}
Q, A, THINKS = Turn("user", "Is 7 prime?"), Turn("assistant", "Yes."), Turn("assistant", "Yes.", "R")


def read(**keys):
    row = SourceRow({"messages": [ASKS, {**ANSWERS, **keys}]})
    return convert(row).turns[-1], row.use().left


@pytest.mark.parametrize(
    "key",
    [
        *("reasoning_content", "reasoning", "thinking", "thought", "thoughts", "reasoning_text", "think"),
        *("cot", "chain_of_thought", "thinking_content"),
    ],
)
def test_reasoning_under_any_key(key):
    assert read(**{key: "R"}) == (THINKS, ())
    assert read(**{key: ["R"]}) == (THINKS, ())


@pytest.mark.parametrize(
    "keys",
    [
        {"reasoning_details": [{"type": "reasoning.text", "text": "R"}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "R"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "R"}]},
        {"reasoning": {"content": "R"}},
        {"reasoning": "R", "reasoning_details": [{"type": "reasoning.text", "text": " R"}]},
    ],
)
def test_reasoning_in_parts(keys):
    assert read(**keys) == (THINKS, ())


def test_encrypted_reasoning_and_a_switch_are_left():
    assert read(reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]) == (
        A,
        ("messages[].reasoning_details[].data",),
    )
    assert read(thinking=True) == (A, ("messages[].thinking",))


@pytest.mark.parametrize(
    "keys",
    [
        {"thought": "R", "reasoning": "S"},
        {"thought": "R", "content": [{"type": "thinking", "thinking": "S"}, {"text": "Yes."}]},
    ],
)
def test_two_different_reasonings_are_refused(keys):
    with pytest.raises(Reject) as caught:
        read(**keys)
    assert caught.value.code == "think_twice"


@pytest.mark.parametrize(
    "mark",
    [
        *({"loss": False}, {"weight": 0}, {"weight": 0.0}, {"loss_weight": 0.0}, {"train": False}),
        *({"trainable": "false"}, {"training": False}, {"train_on_turn": False}, {"loss_mask": 0}),
        *({"masked": True}, {"no_loss": 1}, {"loss": None, "weight": 0}),
    ],
)
def test_a_turn_that_must_not_be_learnt(mark):
    assert read(**mark) == (Turn("assistant", "Yes.", learn=False), ())


@pytest.mark.parametrize("mark", [{"loss": True}, {"weight": 1}, {"loss_weight": 1.0}, {"masked": False}])
def test_a_turn_that_may_be_learnt(mark):
    assert read(**mark) == (A, ())


def test_a_mark_that_nobody_can_keep_is_named():
    assert read(loss_weight=0.5) == (A, ("messages[].loss_weight",))
    marked = [{**ASKS, "loss": True}, {**ANSWERS, "name": "x"}]
    row = SourceRow({"messages": marked})
    assert convert(row) == Conversation([Q, A])
    assert row.use().left == ("messages[].loss", "messages[].name")


def test_a_question_that_is_not_learnt_needs_no_word():
    row = SourceRow({"messages": [{**ASKS, "loss_weight": 0.0}, {**ANSWERS, "loss_weight": 1.0}]})
    assert convert(row) == Conversation([Q, A])
    assert row.use().left == ()


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}", "strict": True}}
WRITTEN = '[{"name": "f", "arguments": {}}]'


def test_a_call_without_content_and_the_keys_inside_it():
    row = SourceRow({"messages": [ASKS, {"role": "assistant", "tool_calls": [CALL]}]})
    assert convert(row).turns[-1] == Turn("assistant", "", calls=WRITTEN)
    assert row.use().left == ("messages[].tool_calls[].function.strict", "messages[].tool_calls[].id")


def test_calls_that_stand_twice_must_be_the_same():
    part = {"type": "tool_use", "name": "f", "input": {}}
    assert read(content=[part], tool_calls=[CALL])[0] == Turn("assistant", "", calls=WRITTEN)
    with pytest.raises(Reject) as caught:
        read(content=[{**part, "name": "g"}], tool_calls=[CALL])
    assert caught.value.code == "bad_tool_call"


def test_items_of_openai_responses():
    items = [
        ASKS,
        {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c1"},
        {"type": "function_call_output", "output": "O", "call_id": "c1"},
        {"type": "message", **ANSWERS},
    ]
    row = SourceRow({"messages": items})
    assert convert(row).turns == [Q, Turn("assistant", "", calls=WRITTEN), Turn("tool", "O"), A]
    assert row.use().left == ("messages[].call_id", "messages[].type")


def test_messages_that_are_null_are_named():
    row = SourceRow({"messages": [None, ASKS, ANSWERS, {}, None]})
    assert convert(row) == Conversation([Q, A])
    assert row.use().left == ("messages[]",)


def test_blank_system_messages_are_none_and_two_are_refused():
    for content in ("", " ", None):
        assert convert(SourceRow({"messages": [{"role": "system", "content": content}, ASKS, ANSWERS]})) == (
            Conversation([Q, A])
        )
    with pytest.raises(Reject) as caught:
        convert(
            SourceRow({"messages": [{"role": role, "content": role} for role in ("system", "developer")]})
        )
    assert caught.value.code == "system_twice"


@pytest.mark.parametrize(
    "spell",
    [
        json.dumps,
        repr,
        lambda messages: repr(messages).replace("}, {", "}\n {"),
        lambda rows: json.dumps(rows, indent=1),
    ],
    ids=["json", "python", "numpy", "json of several lines"],
)
def test_a_text_cell_that_holds_messages(spell):
    assert convert(SourceRow({"messages": spell([ASKS, ANSWERS])})) == Conversation([Q, A])


HALF = r'[{"role": "user", "content": "\ud800"}]'


@pytest.mark.parametrize("cell", [HALF, "Is 7 prime?", "[no JSON]", "[", "[1, 2", '["a", "b"]'])
def test_a_text_cell_that_holds_none(cell):
    with pytest.raises(Reject) as caught:
        convert(SourceRow({"messages": cell}))
    assert caught.value.code == "bad_turns"
    assert "a text" in caught.value.detail


TALK = [{"from": "human", "value": "Is 7 prime?"}, {"from": "gpt", "value": "Yes."}]


@pytest.mark.parametrize("column", ["reasoning", "think", "cot", "Complex_CoT", "thinking"])
def test_a_column_of_reasoning_belongs_to_the_last_answer(column):
    row = SourceRow({"conversations": [*TALK, *TALK], column: "R"})
    assert convert_sharegpt(row) == Conversation([Q, A, Q, THINKS])
    assert (row.use().read, row.use().left) == (("conversations", column), ())


def test_a_column_of_reasoning_that_is_no_text_or_blank_or_answers_nothing_is_left():
    for value in (["R"], {"effort": "high"}, 3, "off", "On"):
        row = SourceRow({"conversations": TALK, "reasoning": value})
        assert convert_sharegpt(row) == Conversation([Q, A])
        assert row.use().left == ("reasoning",)
    row = SourceRow({"conversations": TALK[:1], "reasoning": "R"})
    assert convert_sharegpt(row) == Conversation([Q])
    assert convert_sharegpt(SourceRow({"conversations": TALK, "reasoning": " "})) == Conversation([Q, A])


def test_a_column_of_reasoning_beside_an_answer_that_thinks():
    messages = [ASKS, {**ANSWERS, "thinking": "R"}]
    assert convert(SourceRow({"messages": messages, "cot": "R\n"})).turns[-1].thinking == "R\n"
    with pytest.raises(Reject) as caught:
        convert(SourceRow({"messages": messages, "cot": "S"}))
    assert caught.value.code == "think_twice"
