import json

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters import detect
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
        pytest.param(
            {"messages": talk("Q", "A"), "rejected_messages": talk("Q", "B")},
            Conversation([Q, A]),
            id="ms-swift-two-dialogues",
        ),
        pytest.param(
            {"chosen_messages": talk("Q", "A"), "rejected_messages": talk("Q", "B")},
            Conversation([Q, A]),
            id="llamafactory-v1",
        ),
        pytest.param(
            {"question": "Q", "response_j": "A", "response_k": "B"}, Conversation([Q, A]), id="stack-exchange"
        ),
        pytest.param(
            {"prompt": "Q", "preferred": "A", "other": "B"}, Conversation([Q, A]), id="preferred-other"
        ),
        pytest.param(
            {"instruction": "Q", "input": "", "better_response": "A", "worse_response": "B"},
            Conversation([Q, A]),
            id="better-worse",
        ),
        pytest.param(
            {"prompt": "Q", "chosen_response": "A", "rejected_response": "B"},
            Conversation([Q, A]),
            id="chosen-response",
        ),
        pytest.param({"prompt": "Q", "output": "A", "rejected": "B"}, Conversation([Q, A]), id="output"),
        pytest.param({"prompt": "Q", "优选": "A", "拒绝": "B"}, Conversation([Q, A]), id="chinese"),
        pytest.param(
            {
                "input": {"messages": talk("Q", system="S"), "tools": []},
                "preferred_output": talk("", "A")[1:],
                "non_preferred_output": talk("", "B")[1:],
            },
            Conversation([Q, A], "S"),
            id="openai",
        ),
        pytest.param(
            {"prompt": "Q", "chosen": ["A"], "rejected": ["C", "B"]},
            Conversation([Q, A]),
            id="text-lists",
        ),
        pytest.param(
            {
                "chosen": "\n\nHuman: Q0\n\nAssistant: A0\n\nHuman: Q\n\nAssistant: A",
                "rejected": "\n\nHuman: Q0\n\nAssistant: A0\n\nHuman: Q\n\nAssistant: B",
            },
            Conversation([*EARLIER, Q, A]),
            id="hh",
        ),
        pytest.param(
            {"prompt": "\n\nHuman: Q\n\nAssistant:", "chosen": "A", "rejected": "B"},
            Conversation([Q, A]),
            id="hh-prompt-apart",
        ),
        pytest.param(
            {
                "prompt": "\n\nHuman: Q\n\nAssistant:",
                "chosen": "\n\nHuman: Q\n\nAssistant: A",
                "rejected": "\n\nHuman: Q\n\nAssistant: B",
            },
            Conversation([Q, A]),
            id="hh-prompt-repeated",
        ),
        pytest.param(
            {"chosen": "用户：Q\n\n助手：A", "rejected": "用户：Q\n\n助手：B"},
            Conversation([Q, A]),
            id="hh-chinese",
        ),
    ],
)
def test_convert(row, expected):
    expected.rejected = B
    converter = detect(row)
    assert converter
    assert converter.takes_pairs
    assert converter.convert(SourceRow(row)) == expected


def test_texts_that_only_look_like_transcripts_stay_answers():
    play = "Human: Who is there?\n\nAssistant: {}"
    row = {"prompt": "Write a play.", "chosen": play.format("I."), "rejected": play.format("You.")}
    pair = convert(SourceRow(row))
    assert [turn.content for turn in pair.turns] == ["Write a play.", row["chosen"]]
    assert pair.rejected
    assert pair.rejected.content == row["rejected"]


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (("prompt", "chosen", "rejected", "messages", "response"), "preference"),
        (("question", "response_j", "response_k"), "preference"),
        (("prompt", "Preferred", "Other"), "preference"),
        (("messages", "rejected_response"), "preference"),
        (("prompt", "output", "rejected"), "preference"),
        (("prompt", "response", "other"), "alpaca"),
        (("prompt", "output", "worse"), "alpaca"),
        (("prompt", "responses", "ranks"), "ranked"),
    ],
)
def test_columns_of_pairs_are_recognised(columns, name):
    converter = detect(columns)
    assert converter
    assert converter.name == name


def test_what_a_pair_does_not_use_is_left():
    row = SourceRow({"prompt": "Q", "chosen": ["A", "C"], "rejected": "B", "margin": 2, "score_chosen": 1})
    convert(row)
    assert row.use().left == ("chosen[].others", "margin", "score_chosen")


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
        pytest.param(
            {"chosen": "Human: Q\n\nAssistant: A", "rejected": "Human: P\n\nAssistant: B"},
            "preference_prompts",
            id="other-prompt-in-transcripts",
        ),
        pytest.param({"chosen": talk("Q", "A"), "rejected": talk("Q")}, "roles", id="ends-with-the-user"),
        pytest.param({"prompt": "Q", "chosen": [7], "rejected": "B"}, "bad_turns", id="message-is-a-number"),
    ],
)
def test_convert_rejects(row, code):
    with pytest.raises(Reject) as caught:
        convert(SourceRow(row))
    assert caught.value.code == code


def test_dialogues_may_be_the_json_text_of_a_cell():
    pair = {"chosen": talk("Q", "A"), "rejected": talk("Q", "B")}
    as_text = {name: json.dumps(messages) for name, messages in pair.items()}
    assert convert(SourceRow(as_text)) == convert(SourceRow(pair))
    prompt = {"prompt": json.dumps(talk("Q")), "chosen": "A", "rejected": json.dumps([9])}
    assert convert(SourceRow(prompt)) == Conversation([Q, A], rejected=Turn("assistant", "[9]"))
