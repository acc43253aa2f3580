"""Records are read, or dropped, as LLaMA-Factory's converters do it."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lf_qwen3.base.errors import UsageError
from lf_qwen3.trainer.records import Dropped, Record, RecordReader, read_record
from tests.needs import require

ALPACA = {"formatting": "alpaca"}
WHOLE_ALPACA = {
    "columns": {
        **{"prompt": "instruction", "query": "input", "response": "output", "history": "history"},
        **{"system": "system", "tools": "tools", "images": "images"},
    }
}
TAGS = {
    **{"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"},
    **{"observation_tag": "tool", "function_tag": "function_call", "system_tag": "system"},
}
SHAREGPT = {
    "formatting": "sharegpt",
    "columns": {"messages": "messages", "system": "system", "tools": "tools"},
    "tags": TAGS,
}
OPENAI = {**SHAREGPT, "formatting": "openai"}
RANKING = {
    "formatting": "sharegpt",
    "ranking": True,
    "columns": {"messages": "messages", "chosen": "chosen", "rejected": "rejected"},
    "tags": TAGS,
}


def turn(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


USER, ASSISTANT = turn("user", "Q"), turn("assistant", "A")


@pytest.mark.parametrize(
    ("entry", "row", "messages"),
    [
        pytest.param(ALPACA, {"instruction": "I", "input": "J", "output": "A"}, ["I\nJ", "A"], id="joined"),
        pytest.param(ALPACA, {"instruction": "I", "input": "", "output": "A"}, ["I", "A"], id="no input"),
        pytest.param(
            WHOLE_ALPACA,
            {"instruction": "I", "output": "A", "history": [["q", "a"]]},
            ["q", "a", "I", "A"],
            id="history",
        ),
        pytest.param(
            {"columns": {"prompt": "instruction", "response": "output"}},
            {"instruction": "I", "input": "J", "output": "A"},
            ["I", "A"],
            id="columns named in part lose the input",
        ),
        pytest.param(
            {"formatting": "sharegpt"},
            {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]},
            ["Q", "A"],
            id="sharegpt's own names",
        ),
        pytest.param(SHAREGPT, {"messages": [USER, ASSISTANT]}, ["Q", "A"], id="sharegpt with tags"),
        pytest.param(
            OPENAI,
            {"messages": [USER, turn("assistant", "", tool_calls=[{"function": {"name": "f"}}])]},
            ["Q", '[{"name": "f"}]'],
            id="openai calls",
        ),
        pytest.param(
            OPENAI,
            {"messages": [USER, ASSISTANT, turn("tool", "1"), turn("tool", "2"), ASSISTANT]},
            ["Q", "A", "1\n</tool_response>\n<tool_response>\n2", "A"],
            id="openai results",
        ),
    ],
)
def test_messages(entry, row, messages):
    record = read_record(entry, row)
    assert [message["content"] for message in record.messages] == messages


def test_a_system_turn_goes_before_the_system_column():
    row = {"messages": [turn("system", "turn"), USER, ASSISTANT], "system": "column"}
    assert read_record(SHAREGPT, row).system == "turn"
    assert read_record(SHAREGPT, {**row, "messages": [USER, ASSISTANT]}).system == "column"


def test_openai_turns_thinking_off():
    assert read_record(OPENAI, {"messages": [USER, ASSISTANT]}).system == "detailed thinking off"


def test_a_ranking_record_has_two_answers():
    row = {"messages": [USER], "chosen": ASSISTANT, "rejected": turn("assistant", "B")}
    record = read_record(RANKING, row)
    assert record.messages[-1]["content"] == "A"
    assert record.rejected == {"role": "assistant", "content": "B"}


@pytest.mark.parametrize(
    ("entry", "row", "reason", "stops"),
    [
        pytest.param(ALPACA, {"instruction": "I", "output": None}, "no answer", False, id="no output"),
        pytest.param(ALPACA, {"instruction": 1, "output": "A"}, "question is int", True, id="a number"),
        pytest.param(WHOLE_ALPACA, {"output": "A", "history": [["q"]]}, "not a pair", True, id="half a pair"),
        pytest.param(WHOLE_ALPACA, {"output": "A", "images": ["x"]}, "images", True, id="pictures"),
        pytest.param(SHAREGPT, {"messages": [USER, USER]}, "message 2 is user", False, id="order"),
        pytest.param(
            SHAREGPT, {"messages": [USER, turn("gpt", "A")]}, "message 2 is 'gpt'", False, id="role"
        ),
        pytest.param(SHAREGPT, {"messages": [USER]}, "1 messages", False, id="unanswered"),
        pytest.param(SHAREGPT, {"messages": []}, "no answer", False, id="empty"),
        pytest.param(SHAREGPT, {"messages": None}, "not a list", True, id="no messages"),
        pytest.param(SHAREGPT, {"messages": [USER, turn("assistant", None)]}, "2 is null", True, id="null"),
        pytest.param(
            SHAREGPT, {"messages": [USER, ASSISTANT], "tools": [{}]}, "tools is list", True, id="tools"
        ),
        pytest.param(
            {**SHAREGPT, "tags": {"user_tag": "user"}},
            {"messages": [USER, ASSISTANT]},
            "do not name role_tag",
            True,
            id="tags named in part",
        ),
        pytest.param(RANKING, {"messages": [USER, ASSISTANT]}, "do not alternate", False, id="ranking, even"),
        pytest.param(RANKING, {"messages": [USER]}, "no answer|one answer", False, id="ranking, no pair"),
    ],
)
def test_dropped(entry, row, reason, stops):
    dropped = read_record(entry, row)
    assert isinstance(dropped, Dropped)
    assert any(one in dropped.reason for one in reason.split("|"))
    assert dropped.stops is stops


def test_an_unknown_formatting_is_refused():
    with pytest.raises(UsageError) as caught:
        RecordReader({"formatting": "share_gpt"})
    assert caught.value.code == "unknown_formatting"
    assert "share_gpt" in caught.value.message


words = st.sampled_from(["", "a", "detailed thinking on", "b"])
contents = words | st.none() | st.integers(0, 1)
roles = st.sampled_from(["user", "assistant", "tool", "function_call", "system", "other"])
good = st.tuples(st.just("user") | roles, st.just("assistant") | roles)
message = st.builds(turn, roles, contents)
calls = st.none() | st.just([{"function": {"name": "f", "arguments": "{}"}}])
called = st.builds(turn, roles, contents, tool_calls=calls)


@st.composite
def dialogues(draw):
    """Mostly in order, so that most of them are read."""
    made = [turn("system", draw(contents))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(0, 3))):
        made += turn("user", draw(words)), turn("assistant", draw(words), tool_calls=draw(calls))
    return made + draw(st.lists(called, max_size=1))


rows = st.fixed_dictionaries(
    {
        "messages": dialogues() | st.lists(called, max_size=4),
        "instruction": contents,
        "input": contents,
        "output": contents,
        "history": st.none() | st.lists(st.tuples(words, contents).map(list), max_size=2),
        "system": contents,
        "tools": st.just("") | st.just("[]") | st.none() | st.just([{}]),
        "images": st.none() | st.just([]) | st.just(["x.png"]),
        "chosen": st.none() | message | words,
        "rejected": st.none() | message | words,
        "kto_tag": st.none() | st.booleans(),
    }
)
COMMON = {name: name for name in ("system", "tools", "images", "chosen", "rejected", "kto_tag", "messages")}
COLUMNS = {**COMMON, **WHOLE_ALPACA["columns"]}


@st.composite
def entries(draw):
    columns = {name: column for name, column in COLUMNS.items() if draw(st.integers(0, 9))}
    if "kto_tag" in columns:
        columns["response"] = "output"
    entry = {"formatting": draw(st.sampled_from(["alpaca", "sharegpt", "openai"])), "columns": columns}
    return {**entry, "tags": TAGS, "ranking": draw(st.booleans())}


@pytest.mark.llamafactory
@settings(max_examples=1000, deadline=None)
@given(entry=entries(), row=rows)
def test_the_trainers_converters_and_processors_do_the_same(entry, row):
    require("llamafactory")
    ours, theirs = read_record(entry, row), trainer_reads(entry, copy.deepcopy(row))
    if isinstance(ours, Dropped):
        assert ours.stops == (theirs is None)
        if theirs is not None:
            wanted = 2 if entry["ranking"] else 1
            is_valid = len(theirs["_prompt"]) % 2 == 1 and len(theirs["_response"]) == wanted
            assert not is_valid
        return
    assert theirs is not None
    expected = theirs["_prompt"] + theirs["_response"]
    assert [*ours.messages, *([ours.rejected] if ours.rejected else [])] == expected
    assert (ours.system, ours.tools) == (theirs["_system"] or "", theirs["_tools"] or "")


def trainer_reads(entry, row):
    """What the trainer makes of a row; None where it, or the encoding after it, ends with an error."""
    from llamafactory.data.converter import get_dataset_converter
    from llamafactory.data.parser import DatasetAttr
    from llamafactory.hparams import DataArguments

    attributes = DatasetAttr("file", dataset_name="x")
    attributes.join(entry)
    try:
        read = get_dataset_converter(entry["formatting"], attributes, DataArguments())(row)
    except Exception:
        return None
    if len(read["_prompt"]) % 2 != 1 or len(read["_response"]) != (2 if entry["ranking"] else 1):
        return read
    known = {"user", "assistant", "observation", "function"}
    texts = [one["content"] for one in read["_prompt"] + read["_response"]]
    texts += [read[name] for name in ("_system", "_tools") if read[name]]
    roles_known = all(one["role"] in known for one in read["_prompt"] + read["_response"])
    is_encoded = all(isinstance(text, str) for text in texts) and roles_known and not read["_images"]
    return read if is_encoded else None


def test_the_reader_is_the_same_for_every_row():
    reader = RecordReader(ALPACA)
    made = [reader({"instruction": text, "output": "A"}) for text in "abc"]
    assert all(isinstance(one, Record) for one in made)
    assert [one.messages[0]["content"] for one in made] == ["a", "b", "c"]
