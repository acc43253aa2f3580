import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.messages import convert
from lf_qwen3.data.converters.source_row import SourceRow

Q, A = Turn("user", "Q"), Turn("assistant", "A")
CALL = '[{"name": "f", "arguments": {"n": 1}}]'
ASKS = {"role": "user", "content": "Q"}
OPENAI_TEXT = '{"type": "function", "function": {"name": "f", "arguments": "{\\"n\\": 1}"}}'
OPENAI_CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"n": 1}'}}


def answer(content="A", **more):
    return {"role": "assistant", "content": content, **more}


def calling(*calls, content=None):
    return {"messages": [ASKS, answer(content, tool_calls=list(calls))]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"messages": [ASKS, answer()]}, Conversation([Q, A]), id="plain"),
        pytest.param({"Messages": [ASKS, answer()], "source": "x"}, Conversation([Q, A]), id="upper-case"),
        pytest.param(
            {"messages": [{"role": "system", "content": "S"}, ASKS, answer()]},
            Conversation([Q, A], "S"),
            id="system",
        ),
        pytest.param(
            {"messages": [{"role": "developer", "content": "S"}, ASKS, answer()]},
            Conversation([Q, A], "S"),
            id="developer",
        ),
        pytest.param(
            {"messages": [ASKS, answer(reasoning_content="R")]},
            Conversation([Q, Turn("assistant", "A", "R")]),
            id="reasoning_content",
        ),
        pytest.param(
            {"messages": [ASKS, answer(reasoning="R")]},
            Conversation([Q, Turn("assistant", "A", "R")]),
            id="reasoning",
        ),
        pytest.param(
            {"messages": [ASKS, answer(thinking="R")]},
            Conversation([Q, Turn("assistant", "A", "R")]),
            id="thinking",
        ),
        pytest.param(
            {
                "messages": [
                    {**ASKS, "tool_calls": None, "reasoning_content": None},
                    answer(tool_calls=None, reasoning_content=None, name=None),
                ]
            },
            Conversation([Q, A]),
            id="null-keys",
        ),
        pytest.param(
            {"messages": [ASKS, answer(tool_calls=[], reasoning_content="")]},
            Conversation([Q, A]),
            id="empty-keys",
        ),
        pytest.param(
            calling(OPENAI_CALL), Conversation([Q, Turn("assistant", "", calls=CALL)]), id="openai-call"
        ),
        pytest.param(
            calling({"name": "f", "arguments": {"n": 1}}, content="one moment"),
            Conversation([Q, Turn("assistant", "one moment", calls=CALL)]),
            id="flat-call-beside-words",
        ),
        pytest.param(
            {"messages": [ASKS, answer(None, function_call={"name": "f", "arguments": '{"n": 1}'})]},
            Conversation([Q, Turn("assistant", "", calls=CALL)]),
            id="openai-function_call",
        ),
        pytest.param(
            calling({"name": "f", "arguments": '{"n": 123456789012345678901234567890}'}),
            Conversation(
                [Q, Turn("assistant", "", calls=CALL.replace("1", "123456789012345678901234567890"))]
            ),
            id="a-long-integer-stays-exact",
        ),
        pytest.param(
            {
                "messages": [
                    ASKS,
                    answer(None, tool_calls=[OPENAI_CALL]),
                    {"role": "tool", "tool_call_id": "c1", "name": "f", "content": "O"},
                    answer(),
                ]
            },
            Conversation([Q, Turn("assistant", "", calls=CALL), Turn("tool", "O"), A]),
            id="tool-answer",
        ),
        pytest.param(
            {
                "messages": [
                    ASKS,
                    {"role": "tool_call", "content": CALL[1:-1]},
                    {"role": "tool_call", "content": CALL[1:-1]},
                    {"role": "tool_response", "content": "O"},
                    {"role": "tool_response", "content": "P"},
                    answer(),
                ]
            },
            Conversation(
                [
                    Q,
                    Turn("assistant", "", calls=f"[{CALL[1:-1]}, {CALL[1:-1]}]"),
                    *(Turn("tool", "O"), Turn("tool", "P")),
                    A,
                ]
            ),
            id="ms-swift-parallel-calls",
        ),
        *(
            pytest.param(
                {
                    "messages": [
                        ASKS,
                        {"role": "tool_call", "content": text},
                        {"role": "tool", "content": "O"},
                        answer(),
                    ]
                },
                Conversation([Q, Turn("assistant", "", calls=calls), Turn("tool", "O"), A]),
                id=f"{name}-in-tags",
            )
            for name, text, calls in (
                ("a-call", f"<tool_call>\n{CALL[1:-1]}\n</tool_call>", CALL),
                (
                    "two-calls",
                    f"<tool_call>{CALL[1:-1]}</tool_call>\n<tool_call>{CALL[1:-1]}</tool_call>",
                    f"[{CALL[1:-1]}, {CALL[1:-1]}]",
                ),
            )
        ),
        pytest.param(
            {"messages": [ASKS, answer()], "tools": [{"type": "function", "function": {"name": "f"}}]},
            Conversation([Q, A], tools='[{"type": "function", "function": {"name": "f"}}]'),
            id="tools-as-a-list",
        ),
        pytest.param(
            {"messages": [ASKS, answer()], "tools": '[{"name":"查询"}]'},
            Conversation([Q, A], tools='[{"name": "查询"}]'),
            id="tools-as-text",
        ),
        pytest.param({"messages": "Human: Q\n\nAssistant: A"}, Conversation([Q, A]), id="transcript"),
        pytest.param(
            {"messages": "System: S\nUser: Q\nAI: A"}, Conversation([Q, A], "S"), id="transcript-with-system"
        ),
        pytest.param(
            {"messages": [ASKS, answer()], "tools": {"name": "f"}},
            Conversation([Q, A], tools='[{"name": "f"}]'),
            id="one-tool",
        ),
        *(
            pytest.param(
                {"messages": [ASKS, answer()], "tools": tools},
                Conversation([Q, A], tools='[{"name": "f"}, {"name": "g"}]'),
                id=f"tools-as-{kind}",
            )
            for kind, tools in {
                "lines": '{"name": "f"}\n{"name": "g"}',
                "texts": ['{"name": "f"}', '{"name": "g"}'],
                "python-writes-them": "[{'name': 'f'}, {'name': 'g'}]",
            }.items()
        ),
        pytest.param(
            {"messages": [ASKS, answer()], "functions": [{"name": "f"}]},
            Conversation([Q, A], tools='[{"name": "f"}]'),
            id="functions",
        ),
        pytest.param(
            {"messages": [ASKS, answer()], "tools": "", "Functions": '[{"name": "f"}]'},
            Conversation([Q, A], tools='[{"name": "f"}]'),
            id="functions-beside-empty-tools",
        ),
        pytest.param(
            {"messages": [ASKS, answer()], "functions": ["main", "parse"]},
            Conversation([Q, A]),
            id="functions-that-describe-no-tools",
        ),
        *(
            pytest.param(
                {"messages": [{"role": "system", "content": "S", key: '[{"name": "f"}]'}, ASKS, answer()]},
                Conversation([Q, A], "S", '[{"name": "f"}]'),
                id=f"{key}-of-the-system-message",
            )
            for key in ("tools", "functions")
        ),
        pytest.param(
            {
                "messages": [{"role": "system", "content": "S", "tools": [{"name": "f"}]}, ASKS, answer()],
                "tools": [{"name": "g"}, {"name": "f"}],
            },
            Conversation([Q, A], "S", '[{"name": "g"}, {"name": "f"}]'),
            id="tools-in-both",
        ),
        pytest.param(
            {"messages": [ASKS, answer("", tool_calls="[" + OPENAI_TEXT + "]")]},
            Conversation([Q, Turn("assistant", "", calls=CALL)]),
            id="calls-as-text",
        ),
        pytest.param(
            {"messages": [ASKS, answer("", tool_calls=[OPENAI_TEXT])]},
            Conversation([Q, Turn("assistant", "", calls=CALL)]),
            id="calls-as-texts",
        ),
        *(
            pytest.param(
                calling({"name": "f", "arguments": arguments}),
                Conversation([Q, Turn("assistant", "", calls=CALL.replace('{"n": 1}', "{}"))]),
                id=f"{arguments!r}-is-no-arguments",
            )
            for arguments in (None, "", {})
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "Q"}]}, answer()]},
            Conversation([Q, A]),
            id="text-part",
        ),
        pytest.param(
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "text", "text": "a "}, {"type": "text", "text": "b"}],
                    },
                    answer(),
                ]
            },
            Conversation([Turn("user", "a b"), A]),
            id="text-parts",
        ),
    ],
)
def test_convert(given, expected):
    assert convert(SourceRow(given)) == expected


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param({"messages": None}, "missing_field", id="null"),
        pytest.param({"messages": 3}, "bad_turns", id="number"),
        pytest.param({"messages": [ASKS, {"role": "narrator", "content": "A"}]}, "unknown_role", id="role"),
        pytest.param({"messages": [ASKS, answer(None)]}, "missing_field", id="null-content"),
        pytest.param({"messages": [ASKS, answer(None, tool_calls=[])]}, "missing_field", id="no-calls"),
        pytest.param({"messages": [ASKS, answer(7)]}, "not_text", id="content-is-a-number"),
        pytest.param({"messages": [ASKS, answer(["A", "B"])]}, "not_text", id="texts-without-a-seam"),
        pytest.param({"messages": [ASKS, answer([{"type": "refusal"}])]}, "not_text", id="other-part"),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "multimodal",
            id="image-part",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "multimodal", id="audio"
        ),
        pytest.param({"messages": [ASKS, answer(reasoning_content=[7])]}, "not_text", id="reasoning-number"),
        pytest.param(calling("f"), "bad_tool_call", id="call-is-text"),
        pytest.param(calling({"arguments": {}}), "bad_tool_call", id="call-without-name"),
        pytest.param(calling({"name": 3, "arguments": {}}), "bad_tool_call", id="name-is-a-number"),
        pytest.param(calling({"name": "f"}), "bad_tool_call", id="call-without-arguments"),
        pytest.param(calling({"name": "f", "arguments": "n=1"}), "bad_tool_call", id="arguments-no-json"),
        pytest.param(calling({"name": "f", "arguments": "[1]"}), "bad_tool_call", id="arguments-are-a-list"),
        pytest.param(calling({"name": "f", "arguments": '{"n": NaN}'}), "bad_tool_call", id="not-a-number"),
        pytest.param(
            calling({"name": "f", "arguments": '{"n":' * 100_000}), "bad_tool_call", id="deeply-nested"
        ),
        pytest.param(calling({"name": "f", "arguments": {"n": b"x"}}), "bad_tool_call", id="bytes"),
        pytest.param(calling({"name": "f", "arguments": '{"n": "\\ud800"}'}), "surrogate", id="surrogate"),
        pytest.param({"messages": [ASKS, answer()], "tools": '{"name": 7}'}, "bad_tools", id="one-thing"),
        pytest.param({"messages": [ASKS, answer()], "tools": [{"type": "x"}]}, "bad_tools", id="no-name"),
        pytest.param({"messages": [ASKS, answer()], "tools": ["f"]}, "bad_tools", id="tool-is-text"),
        pytest.param(
            {
                "messages": [{"role": "system", "content": "S", "tools": [{"name": "f"}]}, ASKS, answer()],
                "tools": [{"name": "g"}],
            },
            "tools_twice",
            id="other-tools-in-the-system-message",
        ),
    ],
)
def test_convert_rejects(given, code):
    with pytest.raises(Reject) as caught:
        convert(SourceRow(given))
    assert caught.value.code == code
