import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.reasoning import convert
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

Q, A = Turn("user", "Q"), Turn("assistant", "A")
THINKS = Turn("assistant", "A", thinking="R")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({"question": "Q", "reasoning": "R", "answer": "A"}, THINKS, id="lower-case"),
        pytest.param({"Question": "Q", "Complex_CoT": "R", "Response": "A"}, THINKS, id="medical-o1"),
        pytest.param(
            {"question": "Q", "reasoning (reasoning_content)": "R", "response (content)": "A"},
            THINKS,
            id="medical-r1-distill",
        ),
        pytest.param(
            {"input": "Q", "reasoning_content": "R", "content": "A", "score": 9},
            THINKS,
            id="chinese-r1-distill",
        ),
        pytest.param(
            {"problem": "Q", "deepseek_reasoning": "R", "deepseek_solution": "A", "solution": "x"},
            THINKS,
            id="open-thoughts",
        ),
        pytest.param(
            {
                "question": "Q",
                "solution": "x",
                "deepseek_thinking_trajectory": "R",
                "deepseek_attempt": "A",
            },
            THINKS,
            id="s1k",
        ),
        pytest.param(
            {"instruction": "Q", "input": "", "think": "R", "output": "A"}, THINKS, id="alpaca-think"
        ),
        pytest.param({"prompt": "Q", "thinking": "R", "final_answer": "A"}, THINKS, id="final_answer"),
        pytest.param({"prompt": "Q", "cot": None, "response": "A"}, A, id="null-reasoning-is-a-plain-turn"),
        pytest.param({"prompt": "Q", "cot": "", "response": "A"}, A, id="empty-reasoning-is-a-plain-turn"),
        pytest.param({"problem": "Q", "solution": "A", "answer": "4"}, A, id="the-solution-not-the-figure"),
        pytest.param(
            {"problem": "Q", "solution": f"{OPEN}R{CLOSE}A"},
            Turn("assistant", f"{OPEN}R{CLOSE}A"),
            id="thinking-in-the-solution-is-left",
        ),
    ],
)
def test_convert(row, expected):
    assert convert(SourceRow(row)) == Conversation([Q, expected])


def test_convert_takes_the_dialogue_and_the_input_along():
    row = {
        "instruction": "Q2",
        "input": "x",
        "think": "R",
        "output": "A",
        "history": [["Q", "A"]],
        "system": "S",
    }
    assert convert(SourceRow(row)) == Conversation([Q, A, Turn("user", "Q2\nx"), THINKS], "S")


@pytest.mark.parametrize(
    ("row", "code", "detail"),
    [
        pytest.param(
            {"question": None, "cot": "R", "answer": "A"}, "missing_field", "question", id="question"
        ),
        pytest.param({"problem": None, "cot": "R", "answer": "A"}, "missing_field", "problem", id="problem"),
        pytest.param({"question": "Q", "cot": "R", "answer": None}, "missing_field", "answer", id="answer"),
        pytest.param(
            {"question": "Q", "cot": [7], "answer": "A"},
            "not_text",
            "an item of cot is a number",
            id="reasoning-is-a-list",
        ),
        pytest.param(
            {"question": "Q", "answer": 4}, "not_text", "answer is a number", id="answer-is-a-number"
        ),
    ],
)
def test_convert_rejects(row, code, detail):
    with pytest.raises(Reject) as caught:
        convert(SourceRow(row))
    assert (caught.value.code, caught.value.detail) == (code, detail)
