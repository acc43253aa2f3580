import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.finetome import convert
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

Q, A = Turn("user", "Q"), Turn("assistant", "A")
CALL = '[{"name": "f", "arguments": {"n": 1}}]'
TOOLS = [{"name": "f", "description": "…", "parameters": {}}]


def say(role, value):
    return {"from": role, "value": value}


def row(*turns, **columns):
    return {"conversations": [say(*turn) for turn in turns], **columns}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            row(("human", "Q"), ("gpt", "A"), source="infini", score=5.2), Conversation([Q, A]), id="finetome"
        ),
        pytest.param(row(("Human", "Q"), (" GPT", "A")), Conversation([Q, A]), id="roles-in-any-case"),
        pytest.param(row(("user", "Q"), ("assistant", "A")), Conversation([Q, A]), id="user-and-assistant"),
        pytest.param(row(("user", "Q"), ("model", "A")), Conversation([Q, A]), id="model"),
        pytest.param(
            {"conversations": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]},
            Conversation([Q, A]),
            id="role-and-content",
        ),
        pytest.param(
            {"Conversation": [say("human", "Q"), say("gpt", "A")]}, Conversation([Q, A]), id="other-name"
        ),
        pytest.param(
            {"conversations": [{**say("human", "Q"), "weight": None}, {**say("gpt", "A"), "weight": 1}]},
            Conversation([Q, A]),
            id="keys-of-no-interest",
        ),
        pytest.param(
            row(("system", "S"), ("human", "Q"), ("gpt", "A")), Conversation([Q, A], "S"), id="system-turn"
        ),
        pytest.param(
            row(("human", "Q"), ("gpt", "A"), system="S"), Conversation([Q, A], "S"), id="system-column"
        ),
        pytest.param(
            row(("system", "S"), ("human", "Q"), ("gpt", "A"), system=" S "),
            Conversation([Q, A], " S "),
            id="the-same-system-text-twice",
        ),
        pytest.param(
            row(("human", "Q"), ("gpt", "A"), system=None, tools=None, images=[]),
            Conversation([Q, A]),
            id="null-columns",
        ),
        pytest.param(
            row(("human", "Q"), ("gpt", "A"), tools="[]"), Conversation([Q, A]), id="an-empty-list-of-tools"
        ),
        pytest.param(
            row(
                ("human", "Q"),
                ("function_call", '{"name": "f", "arguments": {"n": 1}}'),
                ("observation", "O"),
                ("gpt", "A"),
                tools='[{"name": "f", "description": "…", "parameters": {}}]',
            ),
            Conversation(
                [Q, Turn("assistant", "", calls=CALL), Turn("tool", "O"), A],
                tools='[{"name": "f", "description": "…", "parameters": {}}]',
            ),
            id="tools",
        ),
        pytest.param(
            row(
                ("human", "Q"),
                ("function_call", f"[{CALL[1:-1]},\n{CALL[1:-1]}]"),
                ("tool", "O"),
                ("gpt", "A"),
            ),
            Conversation(
                [Q, Turn("assistant", "", calls=f"[{CALL[1:-1]}, {CALL[1:-1]}]"), Turn("tool", "O"), A]
            ),
            id="parallel-calls",
        ),
        pytest.param(
            row(("human", "Q"), ("function_call", f"{OPEN}\nR\n{CLOSE}\n\n{CALL}")),
            Conversation([Q, Turn("assistant", f"{OPEN}\nR\n{CLOSE}\n\n", calls=CALL)]),
            id="thinking-before-a-call",
        ),
        pytest.param(
            row(("human", "Q"), ("gpt", "A"), ("function_call", CALL)),
            Conversation([Q, Turn("assistant", "A", calls=CALL)]),
            id="words-before-a-call",
        ),
        pytest.param(
            row(("human", "Q"), ("gpt", f"{OPEN}R{CLOSE}A")),
            Conversation([Q, Turn("assistant", f"{OPEN}R{CLOSE}A")]),
            id="think-tags-are-left",
        ),
        pytest.param(
            row(
                ("gpt", "A"),
            ),
            Conversation([A]),
            id="the-order-is-left-to-the-rules",
        ),
        pytest.param(row(), Conversation([]), id="no-turns"),
    ],
)
def test_convert(given, expected):
    assert convert(SourceRow(given)) == expected


@pytest.mark.parametrize(
    ("given", "code", "detail"),
    [
        pytest.param({"conversations": None}, "missing_field", "conversations", id="null"),
        pytest.param({"conversations": "Q"}, "bad_turns", "conversations is a text", id="text"),
        pytest.param({"conversations": {}}, "bad_turns", "conversations is an object", id="object"),
        pytest.param({"conversations": ["Q"]}, "bad_turns", "turn 1 is a text", id="turn-is-text"),
        pytest.param(
            {"conversations": [{"value": "Q", "id": 1}]},
            "unknown_role",
            "turn 1 has no role; its keys are value, id",
            id="no-role",
        ),
        pytest.param(row((["human"], "Q")), "unknown_role", "turn 1: a list", id="role-is-a-list"),
        pytest.param(row(("human", "Q"), ("critic", "A")), "unknown_role", "turn 2: critic", id="other-role"),
        pytest.param(row(("human", None)), "missing_field", "the text of turn 1", id="null-text"),
        pytest.param(row(("human", "Q"), ("gpt", 3)), "not_text", "turn 2 is a number", id="number"),
        pytest.param(row(("human", True)), "not_text", "turn 1 is true or false", id="boolean"),
        pytest.param(row(("human", {"a": 1})), "not_text", "turn 1 is an object", id="text-is-an-object"),
        pytest.param(
            row(("human", "Q"), ("system", "S")),
            "late_system",
            "turn 2",
            id="late-system",
        ),
        pytest.param(row(("system", "S"), ("human", "Q"), system="T"), "system_twice", "T", id="two-systems"),
        pytest.param(
            row(("human", "Q"), system=[3]),
            "not_text",
            "system has a part of type a number",
            id="system-list",
        ),
        pytest.param(
            row(("human", "Q"), ("function_call", "f(1)")),
            "bad_tool_call",
            "turn 2: not JSON: f(1)",
            id="call-is-no-json",
        ),
        pytest.param(row(("function_call", " ")), "bad_tool_call", "turn 1 is empty", id="empty-call"),
        pytest.param(
            row(("human", "Q"), tools="f"), "bad_tools", "tools: not JSON: f", id="tools-are-no-json"
        ),
    ],
)
def test_convert_rejects(given, code, detail):
    with pytest.raises(Reject) as caught:
        convert(SourceRow(given))
    assert (caught.value.code, caught.value.detail) == (code, detail)
