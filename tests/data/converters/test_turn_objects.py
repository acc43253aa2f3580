"""Turns that are objects of their own, and roles of any name."""

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.finetome import convert
from lf_qwen3.data.converters.source_row import SourceRow

TWO = [Turn("user", "Soup?"), Turn("assistant", "Leek."), Turn("user", "Pie?"), Turn("assistant", "Plum.")]


def read(conversation):
    return convert(SourceRow({"conversation": conversation}))


def turns(ask, reply):
    return [{ask: "Soup?", reply: "Leek."}, {ask: "Pie?", reply: "Plum."}]


@pytest.mark.parametrize(
    "conversation",
    [
        pytest.param(turns("input", "output"), id="xtuner"),
        pytest.param(turns("human", "assistant"), id="firefly"),
        pytest.param(turns("Human", "Assistant"), id="capital-keys"),
        pytest.param(turns("query", "response"), id="ms-swift"),
        pytest.param(turns("question", "answer"), id="question-answer"),
        pytest.param(turns("user", "bot"), id="user-bot"),
        pytest.param(turns("prompt", "completion"), id="prompt-completion"),
        pytest.param(turns("instruction", "output"), id="alpaca-turns"),
        pytest.param([["Soup?", "Leek."], ["Pie?", "Plum."]], id="pairs"),
        pytest.param(
            {"from": ["human", "gpt"] * 2, "value": ["Soup?", "Leek.", "Pie?", "Plum."]}, id="columns"
        ),
        pytest.param("Human: Soup?\nAssistant: Leek.\nHuman: Pie?\nAssistant: Plum.", id="transcript"),
        pytest.param(
            [["human", "Soup?"], ["ai", "Leek."], ["human", "Pie?"], ["ai", "Plum."]], id="langchain-tuples"
        ),
        pytest.param(["[User] Soup?", "[Agent]Leek.", "[User]: Pie?", "[Agent] Plum."], id="marked-texts"),
        pytest.param(["【客户】Soup?", "【律师】Leek.", "【客户】Pie?", "【律师】Plum."], id="chinese-marks"),
        pytest.param(
            [{"user": "Soup?"}, {"assistant": "Leek."}, {"user": "Pie?"}, {"assistant": "Plum."}],
            id="the-role-is-the-key",
        ),
        pytest.param(
            dict(zip(["turn_2", "turn_1"], turns("human", "moss")[::-1], strict=True)), id="numbered-turns"
        ),
        pytest.param(
            [
                {"type": "human", "content": "Soup?"},
                {"type": "ai", "content": "Leek."},
                {"speaker": "USER", "text": "Pie?"},
                {"sender": "Chatbot", "text": "Plum."},
            ],
            id="role-and-text-keys",
        ),
        pytest.param(
            [
                {"Role": "User", "Content": "Soup?"},
                {"Role": "Bot", "Content": "Leek."},
                {"from": "human", "value": "Pie?"},
                {"from": "gpt", "value": "Plum."},
            ],
            id="keys-in-any-case",
        ),
    ],
)
def test_turns(conversation):
    assert read(conversation) == Conversation(TWO)


def test_the_system_text_of_xtuner_stands_in_the_first_turn_or_in_every_turn():
    first, second = turns("input", "output")
    for system in ({}, {"system": ""}, {"system": None}, {"system": "You cook."}):
        assert read([{"system": "You cook.", **first}, {**second, **system}]) == Conversation(
            TWO, "You cook."
        )


def test_a_turn_object_alone_and_a_question_without_its_answer():
    assert read({"input": "Soup?", "output": "Leek."}) == Conversation(TWO[:2])
    assert read([*turns("input", "output")[:1], {"input": "Pie?"}]) == Conversation(TWO[:3])


def test_an_instruction_and_its_input_are_one_question():
    turn = {"instruction": "Translate.", "input": "Soup", "output": "Suppe"}
    assert read([turn]).turns[0] == Turn("user", "Translate.\nSoup")


def test_thinking_marks_and_other_keys_of_a_turn_object():
    turn = {"input": "Soup?", "output": "Leek.", "thinking": "R", "output_with_loss": False, "sep": "\n\n|"}
    row = SourceRow({"conversation": [turn]})
    assert convert(row).turns[1] == Turn("assistant", "Leek.", "R", learn=False)
    assert row.use().left == ("conversation[].sep",)


@pytest.mark.parametrize(
    ("conversation", "code"),
    [
        ([{"input": None, "output": "Leek."}], "missing_field"),
        ([{"input": "Soup?", "output": 7}], "not_text"),
        ([{"toy_input": "Soup?", "toy_output": "Leek."}], "unknown_role"),
        (["[User] Soup?", "[narrator] Leek."], "bad_turns"),
        (["Soup?", "Leek."], "bad_turns"),
        ([["Soup?", "Leek.", "Pie?"]], "bad_turns"),
        ({"a": 1}, "bad_turns"),
        ({"role": ["user", "assistant"], "content": ["Soup?"]}, "unknown_role"),
        ("A soup is made of: leek.", "bad_turns"),
        ([{"from": "human", "value": "What is it?", "images": ["a.png"]}], "multimodal"),
        ([{"input": "What is it?", "output": "A leek.", "image": "a.png"}], "multimodal"),
        ([{"system": None, "x": "y"}], "unknown_role"),
        (
            [{**turns("input", "output")[0], "system": "a"}, {**turns("input", "output")[1], "system": "b"}],
            "late_system",
        ),
    ],
)
def test_what_is_no_turn(conversation, code):
    with pytest.raises(Reject) as caught:
        read(conversation)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "role",
    [
        "supporter",
        "listener",
        "老师",
        "chatgpt",
        "bing",
        "bard",
        "Bot",
        "AI",
        "claude",
        "gemini",
        "agent",
        "<|assistant|>",
    ],
)
def test_names_of_the_assistant(role):
    assert read([{"from": "human", "value": "Soup?"}, {"from": role, "value": "Leek."}]).turns == TWO[:2]


@pytest.mark.parametrize(
    "role", ["Human", "seeker", "speaker", "学生", "prompter", "USER:", "customer", "用户", "患者"]
)
def test_names_of_the_user(role):
    assert read([{"from": role, "value": "Soup?"}, {"from": "gpt", "value": "Leek."}]).turns == TWO[:2]


@pytest.mark.parametrize(
    "role", ["ipython", "tool_result", "tool-response", "function response", "Observation"]
)
def test_names_of_the_tool(role):
    call = {"from": "function_call", "value": '{"name": "f", "arguments": {}}'}
    assert read([{"from": "human", "value": "Soup?"}, call, {"from": role, "value": "O"}]).turns[2] == Turn(
        "tool", "O"
    )
