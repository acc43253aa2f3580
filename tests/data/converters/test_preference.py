import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.preference import convert
from lf_qwen3.data.converters.source_row import SourceRow

Q, A, B = Turn("user", "Q"), Turn("assistant", "A"), Turn("assistant", "B")
EARLIER = [Turn("user", "Q0"), Turn("assistant", "A0")]


def talk(*texts, system=None):
    """Build a list of {role, content} messages, the user first."""
    said = [{"role": "assistant" if at % 2 else "user", "content": text} for at, text in enumerate(texts)]
    return [{"role": "system", "content": system}, *said] if system else said


def gpt(text):
    return {"from": "gpt", "value": text}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({"prompt": "Q", "chosen": "A", "rejected": "B"}, Conversation([Q, A]), id="text"),
        pytest.param(
            {"Question": "Q", "Chosen": "A", "Rejected": "B"}, Conversation([Q, A]), id="upper-case"
        ),
        pytest.param(
            {"system": "S", "question": "Q", "chosen": "A", "rejected": "B"},
            Conversation([Q, A], "S"),
            id="orca-pairs",
        ),
        pytest.param(
            {"instruction": "Q", "input": "x", "chosen": "A", "rejected": "B", "history": [["Q0", "A0"]]},
            Conversation([*EARLIER, Turn("user", "Q\nx"), A]),
            id="llamafactory-alpaca",
        ),
        pytest.param(
            {"conversations": [{"from": "human", "value": "Q"}], "chosen": gpt("A"), "rejected": gpt("B")},
            Conversation([Q, A]),
            id="llamafactory-sharegpt",
        ),
        pytest.param(
            {"chosen": talk("Q", "A", system="S"), "rejected": talk("Q", "B", system="S")},
            Conversation([Q, A], "S"),
            id="dialogues-with-a-shared-prompt",
        ),
        pytest.param(
            {
                "prompt": "Q0",
                "messages": talk("Q0", "A0", "Q", "A"),
                "chosen": talk("Q0", "A0", "Q", "A"),
                "rejected": talk("Q0", "A0", "Q", "B"),
            },
            Conversation([*EARLIER, Q, A]),
            id="ultrafeedback",
        ),
        pytest.param(
            {"prompt": talk("Q", system="S"), "chosen": [talk("", "A")[1]], "rejected": [talk("", "B")[1]]},
            Conversation([Q, A], "S"),
            id="trl-messages",
        ),
        pytest.param(
            {"messages": talk("Q", "A"), "rejected_response": "B"},
            Conversation([Q, A]),
            id="ms-swift-messages",
        ),
        pytest.param(
            {"query": "Q", "response": "A", "rejected_response": "B"},
            Conversation([Q, A]),
            id="ms-swift-query",
        ),
    ],
)
def test_convert(row, expected):
    expected.rejected = B
    assert convert(SourceRow(row)) == expected


def test_convert_takes_reasoning_beside_the_answers():
    chosen = {"role": "assistant", "content": "A", "reasoning_content": "R"}
    row = {"prompt": talk("Q"), "chosen": chosen, "rejected": "B"}
    assert convert(SourceRow(row)) == Conversation([Q, Turn("assistant", "A", "R")], rejected=B)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        pytest.param({"prompt": "Q", "chosen": None, "rejected": "B"}, "missing_field", id="null-chosen"),
        pytest.param({"prompt": "Q", "chosen": "A", "rejected": 3}, "not_text", id="rejected-is-a-number"),
        pytest.param({"prompt": None, "chosen": "A", "rejected": "B"}, "missing_field", id="null-prompt"),
        pytest.param({"chosen": "A", "rejected": "B"}, "missing_field", id="no-prompt"),
        pytest.param({"prompt": "Q", "chosen": [], "rejected": "B"}, "no_answer", id="empty-list"),
        pytest.param(
            {"prompt": "Q", "response": "A", "chosen": None, "rejected": "B"},
            "missing_field",
            id="null-chosen-is-not-replaced",
        ),
        pytest.param(
            {"chosen": talk("Q", "A"), "rejected": talk("Q2", "B")}, "preference_prompts", id="other-prompt"
        ),
        pytest.param(
            {"chosen": talk("Q", "A"), "rejected": talk("Q", "B", system="S")},
            "preference_prompts",
            id="other-system",
        ),
        pytest.param({"chosen": talk("Q", "A"), "rejected": talk("Q")}, "roles", id="ends-with-the-user"),
        pytest.param({"prompt": "Q", "chosen": [7], "rejected": "B"}, "bad_turns", id="message-is-a-number"),
    ],
)
def test_convert_rejects(row, code):
    with pytest.raises(Reject) as caught:
        convert(SourceRow(row))
    assert caught.value.code == code
