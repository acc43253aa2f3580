import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import detect
from lf_qwen3.data.converters.moss import convert
from lf_qwen3.data.converters.source_row import SourceRow


def turn(human, moss, thoughts="None", **others):
    return {
        "Human": f"<|Human|>: {human}<eoh>\n",
        "Inner Thoughts": f"<|Inner Thoughts|>: {thoughts}<eot>\n",
        "Commands": "<|Commands|>: None<eoc>\n",
        "Tool Responses": "<|Results|>: None<eor>\n",
        "MOSS": f"<|MOSS|>: {moss}<eom>\n",
        **others,
    }


def test_turns_in_their_order_without_the_marks():
    chat = {"turn_10": turn("Bye.", "Bye."), "turn_2": turn("Name a\nmoss.", "Sphagnum.", "A plant.")}
    row = {"conversation_id": 7, "meta_instruction": "You are MOSS.", "num_turns": 2, "chat": chat}
    assert detect(row).name == "moss"
    read = SourceRow(row)
    assert convert(read) == Conversation(
        [
            Turn("user", "Name a\nmoss."),
            Turn("assistant", "Sphagnum.", "A plant."),
            Turn("user", "Bye."),
            Turn("assistant", "Bye."),
        ],
        "You are MOSS.",
    )
    assert read.use().left == ("conversation_id", "num_turns")


@pytest.mark.parametrize(
    ("chat", "code"),
    [
        ("Human: Hi", "bad_turns"),
        ({}, "bad_turns"),
        ({"turn_1": "Hi"}, "bad_turns"),
        ({"turn_1": turn("Hi", "Hello", Commands='<|Commands|>: Search("x")<eoc>')}, "bad_tool_call"),
        ({"turn_1": turn("Hi", "Hello", **{"Tool Responses": "<|Results|>: 1<eor>"})}, "bad_tool_call"),
    ],
)
def test_what_is_no_turn_of_moss(chat, code):
    with pytest.raises(Reject) as caught:
        convert(SourceRow({"chat": chat, "num_turns": 1}))
    assert caught.value.code == code
