import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.converters.alpaca import convert as convert_alpaca
from lf_qwen3.data.converters.reasoning import convert as convert_reasoning
from lf_qwen3.data.converters.source_row import SourceRow

A = Turn("assistant", "A")


def converted(question, **columns):
    return convert_alpaca(SourceRow({"instruction": question, "output": "A", **columns}))


@pytest.mark.parametrize(
    ("prompt", "before", "system"),
    [
        ("\n\nHuman: Q\n\nAssistant:", [Turn("user", "Q")], ""),
        ("User: Q\nAI: B\nUser: R\nAI:", [Turn("user", "Q"), Turn("assistant", "B"), Turn("user", "R")], ""),
        ("System: S\nUser: Q\nAssistant:", [Turn("user", "Q")], "S"),
        ("<s>[INST] Q [/INST]", [Turn("user", "Q")], ""),
        ("### Instruction:\nQ\n\n### Response:\n", [Turn("user", "Q")], ""),
        ("<|user|>\nQ</s>\n<|assistant|>\n", [Turn("user", "Q")], ""),
    ],
)
def test_a_prompt_that_leaves_the_answer_of_a_dialogue_open_is_that_dialogue(prompt, before, system):
    expected = Conversation([*before, A], system, repairs={"chat_template"})
    assert converted(prompt) == expected
    row = {"prompt": prompt, "completion": "A"}
    assert convert_reasoning(SourceRow(row)) == expected


@pytest.mark.parametrize(
    "prompt",
    [
        "Name a prime:",
        "Human: Q",
        "Human: Q\n\nAssistant: B",
        "Question: Q\nAnswer:",
        "### Instruction:\nQ\n### Response:\nB\n### Instruction:\nR\n### Response:",
        "Q: 1+1\nA: 2\nQ: 1+2\nA:",
        "Go on with this play.\nHuman: Q\nAssistant:",
        "Review: good\nSentiment:",
    ],
)
def test_other_prompts_are_left(prompt):
    assert converted(prompt) == Conversation([Turn("user", prompt), A])


def test_a_second_system_text_leaves_the_prompt_as_it_is():
    prompt = "System: S\nUser: Q\nAssistant:"
    assert converted(prompt, system="T") == Conversation([Turn("user", prompt), A], "T")
