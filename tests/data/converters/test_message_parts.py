"""Content as a list of parts, in every vendor's spelling."""

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.messages import convert
from lf_qwen3.data.converters.source_row import SourceRow

ASKS, ANSWERS = {"role": "user", "content": "Lamp?"}, {"role": "assistant", "content": "It is on."}
CALL = '[{"name": "lamp", "arguments": {"on": true}}]'
LAMP = {"name": "lamp", "input": {"on": True}}
SAYS = '{"name": "lamp", "arguments": {"on": true}}'


def answered(*parts):
    """Return the turn that an answer of these parts becomes, and the keys that were left."""
    row = SourceRow({"messages": [ASKS, {"role": "assistant", "content": list(parts)}]})
    return convert(row).turns[-1], row.use().left


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([{"type": "reasoning", "value": "R"}, {"type": "text", "value": "A"}], id="lf-v1"),
        pytest.param([{"type": "thinking", "thinking": "R"}, {"type": "text", "text": "A"}], id="anthropic"),
        pytest.param(
            [{"reasoningContent": {"reasoningText": {"text": "R"}}}, {"text": "A"}], id="bedrock-converse"
        ),
        pytest.param([{"text": "R", "thought": True}, {"text": "A"}], id="gemini"),
        pytest.param([{"type": "reasoning", "text": "R"}, {"type": "text", "text": "A"}], id="vercel"),
        pytest.param(
            [
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "R"}]},
                {"type": "output_text", "text": "A"},
            ],
            id="openai-responses",
        ),
        pytest.param(
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "R"}]},
                {"type": "text", "text": "A"},
            ],
            id="mistral",
        ),
        pytest.param(
            [
                {"type": "thinking", "thinking": "R", "text": None, "input": None},
                None,
                {"type": "text", "text": "A", "thinking": None, "input": None},
            ],
            id="parquet-fills-in-nulls",
        ),
    ],
)
def test_thinking_and_text(parts):
    assert answered(*parts) == (Turn("assistant", "A", "R"), ())


@pytest.mark.parametrize(
    "part",
    [
        pytest.param({"type": "tool_call", "value": SAYS}, id="lf-v1"),
        pytest.param({"type": "tool_use", **LAMP}, id="anthropic"),
        pytest.param({"toolUse": LAMP}, id="bedrock-converse"),
        pytest.param({"functionCall": {"name": "lamp", "args": {"on": True}}}, id="gemini"),
        pytest.param({"function_call": {"name": "lamp", "args": {"on": True}}}, id="gemini-snake"),
        pytest.param({"type": "tool-call", "toolName": "lamp", "args": {"on": True}}, id="vercel"),
        pytest.param(
            {"type": "tool_call", "function": {"name": "lamp", "arguments": '{"on": true}'}}, id="openai"
        ),
    ],
)
def test_calls(part):
    assert answered({"type": "text", "text": "Wait."}, part) == (
        Turn("assistant", "Wait.", calls=CALL),
        (),
    )
    assert answered(part, part)[0].calls == f"{CALL[:-1]}, {CALL[1:]}"


@pytest.mark.parametrize(
    ("role", "content"),
    [
        pytest.param("tool", [{"type": "text", "value": "on"}], id="lf-v1"),
        pytest.param("user", [{"type": "tool_result", "content": "on"}], id="anthropic"),
        pytest.param(
            "user",
            [{"type": "tool_result", "content": [{"type": "text", "text": "on"}]}],
            id="anthropic-parts",
        ),
        pytest.param("user", [{"toolResult": {"content": [{"text": "on"}]}}], id="bedrock-converse"),
        pytest.param(
            "tool", [{"type": "tool-result", "output": {"type": "text", "value": "on"}}], id="vercel"
        ),
        pytest.param("tool", [{"type": "tool-result", "result": "on"}], id="vercel-4"),
    ],
)
def test_results_of_tools(role, content):
    messages = [ASKS, {"role": "assistant", "tool_calls": [{"function": LAMP | {"arguments": {"on": True}}}]}]
    read = convert(SourceRow({"messages": [*messages, {"role": role, "content": content}, ANSWERS]}))
    assert read.turns[1:] == [
        Turn("assistant", "", calls=CALL),
        Turn("tool", "on"),
        Turn("assistant", "It is on."),
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"toolResult": {"content": [{"json": {"on": True}}]}},
        {"functionResponse": {"response": {"on": True}}},
        {"type": "tool_result", "content": {"on": True}},
    ],
    ids=["bedrock", "gemini", "an object"],
)
def test_a_result_that_is_an_object_is_written_as_json(part):
    read = convert(SourceRow({"messages": [ASKS, {"role": "user", "content": [part]}]}))
    assert read.turns[1:] == [Turn("tool", '{"on": true}')]


def test_results_and_a_question_in_one_message_stay_both():
    content = [{"type": "tool_result", "content": "on"}, {"type": "text", "text": "And now?"}]
    read = convert(SourceRow({"messages": [ASKS, {"role": "user", "content": content}]}))
    assert read.turns[1:] == [Turn("tool", "on"), Turn("user", "And now?")]


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ({"type": "text", "text": "", "cache_control": {"type": "ephemeral"}}, "content[].cache_control"),
        ({"type": "thinking", "thinking": "R", "signature": "x"}, "content[].signature"),
        ({"type": "redacted_thinking", "data": "x"}, "content[].data"),
        ({"type": "tool_use", "id": "c1", **LAMP}, "content[].id"),
        ({"toolUse": {"toolUseId": "c1", **LAMP}}, "content[].toolUseId"),
    ],
)
def test_filled_keys_inside_parts_are_named(part, left):
    assert answered(part)[1] == (f"messages[].{left}",)


def test_adjoining_thoughts_are_merged_and_counted():
    parts = [{"type": "thinking", "thinking": text} for text in "RS"]
    row = SourceRow({"messages": [ASKS, {"role": "assistant", "content": [*parts, {"text": "A"}]}]})
    read = convert(row)
    assert (read.turns[-1], read.repairs) == (Turn("assistant", "A", "R\n\nS"), {"think_merged"})


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "image", "image": "a.png"}],
        [{"type": "input_image", "image_url": "a.png"}],
        [{"image": "a.png"}, {"text": "What is it?"}],
        [{"image": {"format": "png", "source": {}}}],
        [{"inlineData": {"mimeType": "image/png", "data": "x"}}],
        [{"type": "input_audio"}],
        [{"video": "a.mp4"}],
        [{"type": "document", "source": {}}],
        [{"type": "file", "file": {}}],
    ],
)
def test_pictures_of_any_spelling_are_multimodal(content):
    with pytest.raises(Reject) as caught:
        convert(SourceRow({"messages": [{"role": "user", "content": content}, ANSWERS]}))
    assert caught.value.code == "multimodal"


TEXT, THOUGHT = {"type": "text", "text": "A"}, {"type": "thinking", "thinking": "R"}


@pytest.mark.parametrize(
    ("role", "content", "code"),
    [
        pytest.param("assistant", [TEXT, THOUGHT], "think_not_first", id="text-before-thinking"),
        pytest.param("assistant", [THOUGHT, TEXT, THOUGHT], "think_several", id="thinking-in-between"),
        pytest.param("assistant", [{"toolUse": LAMP}, TEXT], "bad_tool_call", id="text-behind-a-call"),
        pytest.param("assistant", [{"type": "tool_call", "value": " "}], "bad_tool_call", id="empty-call"),
        pytest.param("assistant", [{"type": "tool_result", "content": "x"}], "not_text", id="own-result"),
        pytest.param("user", [THOUGHT], "not_text", id="a-user-does-not-think"),
        pytest.param("user", [{"toolUse": LAMP}], "not_text", id="a-user-does-not-call"),
        pytest.param("user", [{"type": "text", "text": 7}], "not_text", id="text-is-a-number"),
        pytest.param("user", [{"type": "refusal", "refusal": "No."}], "not_text", id="other-type"),
        pytest.param("user", ["a", "b"], "not_text", id="texts-without-a-seam"),
    ],
)
def test_parts_that_cannot_be_told(role, content, code):
    with pytest.raises(Reject) as caught:
        convert(SourceRow({"messages": [ASKS, {"role": role, "content": content}]}))
    assert caught.value.code == code


def test_one_text_in_a_list_and_one_part_alone_are_texts():
    for content in (["A"], {"type": "text", "text": "A"}, {"content_type": "text", "parts": ["A"]}):
        read = convert(SourceRow({"messages": [ASKS, {"role": "assistant", "content": content}]}))
        assert read == Conversation([Turn("user", "Lamp?"), Turn("assistant", "A")])


@pytest.mark.parametrize(
    "system", [["Be brief."], [{"text": "Be brief."}], {"parts": [{"text": "Be brief."}]}]
)
def test_a_system_column_may_hold_parts(system):
    assert convert(SourceRow({"messages": [ASKS, ANSWERS], "system": system})).system == "Be brief."
