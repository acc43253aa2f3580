"""Rows of columns as public sets have them: which becomes the question, the reasoning and the answer."""

import json
import math

import pytest

from lf_qwen3.base.errors import Reject
from lf_qwen3.data import converters
from lf_qwen3.data.converters.roles import parse_roles
from lf_qwen3.data.converters.source_row import Reading, SourceRow, names_of_columns
from lf_qwen3.qwen3.thinking import frame

CORRECT = frame("Six sevens.", "It is 42.")
WRONG = frame("Maybe.", "It is 41.")


def read(row, roles="", **reading):
    """Return the conversation of a row by the converter that fits it, and the row as it was read."""
    given = parse_roles(roles)
    source = SourceRow(row, names_of_columns(tuple(row), given), Reading(**reading))
    return converters.detect(list(row), given).convert(source), source


def texts(row, roles="", **reading):
    """Return the question, the reasoning and the answer of a row."""
    conversation, _ = read(row, roles, **reading)
    question, answer = conversation.turns
    return question.content, answer.thinking, answer.content


def left(row, roles="", **reading):
    return set(read(row, roles, **reading)[1].use().left)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"prompt": "q", "completion": "a"}, ("q", None, "a")),
        ({"input": "q", "target": "a", "kind": "QA"}, ("q", None, "a")),
        ({"user_prompt": "q", "assistant_response": "a"}, ("q", None, "a")),
        ({"ask": "q", "answer": "a", "title": "t"}, ("q", None, "a")),
        ({"user": "q", "assistant": "a"}, ("q", None, "a")),
        ({"query": "q", "reply": "a"}, ("q", None, "a")),
        ({"问题": "q", "思考": "t", "回答": "a"}, ("q", "t", "a")),
        ({"提问": "q", "思维链": "t", "答案": "a"}, ("q", "t", "a")),
        ({"问": "q", "答": "a"}, ("q", None, "a")),
        ({"instruction": "q", "input": math.nan, "output": "a"}, ("q", None, "a")),
        ({"Instruct": "Translate.", "Input": "cat", "Output": "Katze"}, ("Translate.\ncat", None, "Katze")),
        ({"instruction": "Solve.", "problem": "1+1", "solution": "2"}, ("Solve.\n1+1", None, "2")),
        ({"instruction": "Solve.", "prompt": "Solve. 1+1", "response": "2"}, ("Solve. 1+1", None, "2")),
        ({"instruction": "When?", "context": "In 1932 it opened.", "response": "1932"},
         ("When?\nIn 1932 it opened.", None, "1932")),
        ({"question": "When?", "passage": "In 1932.", "answers": {"text": ["1932"], "answer_start": [3]}},
         ("When?\nIn 1932.", None, "1932")),
        ({"ask": "Who?", "contexts": ["One.", "Two."], "answer": "a"}, ("Who?\nOne.\n\nTwo.", None, "a")),
        ({"question": "q", "cot_content": "t", "answer": "a"}, ("q", "t", "a")),
        ({"question": "q", "analysis": "t", "answer": "a"}, ("q", "t", "a")),
        ({"question": "q", "thinking_process": "t", "answer": "a"}, ("q", "t", "a")),
        ({"problem": "q", "solution_steps": ["one", "two"], "final_answer": "a"}, ("q", "one\ntwo", "a")),
        ({"problem": "q", "steps": [{"step": 1, "text": "one"}, {"text": "two"}], "answer": "a"},
         ("q", "one\ntwo", "a")),
        ({"question": "q", "reasoning": "on", "response": CORRECT}, ("q", None, CORRECT)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_the_usual_names(row, expected):
    assert texts(row) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"question": "q", "solution": "7", "cot": None, "thinking_trajectories": ["t"], "attempt": "a"},
         ("q", "t", "a")),
        ({"question": "q", "solution": "x", "gemini_thinking_trajectory": "t", "gemini_attempt": "a"},
         ("q", "t", "a")),
        ({"question": "q", "qwen_reasoning": "t", "qwen_response": "a", "answer": "x"}, ("q", "t", "a")),
        ({"question": "q", "reasoning_r1": "t", "solution_r1": "a", "solution": "x"}, ("q", "t", "a")),
        ({"question": "q", "gpt_cot": "t", "gpt_answer": "a"}, ("q", "t", "a")),
        ({"question": "q", "m_cot": "x", "m_answer": "x", "deepseek_cot": "t", "deepseek_answer": "a"},
         ("q", "t", "a")),
        ({"question": "q", "gemini_cot": None, "gemini_answer": "x", "qwen_cot": "t", "qwen_answer": "a"},
         ("q", "t", "a")),
        ({"question": "q", "wrong_reasoning": "x", "wrong_answer": "x", "answer": "a"}, ("q", None, "a")),
        ({"question": "q", "model_reasoning": "t", "model_answer": "a", "reference_answer": "x"},
         ("q", "t", "a")),
        ({"problem": "q", "solution": "x", "answer": "x", "generation": CORRECT}, ("q", None, CORRECT)),
        ({"problem": "q", "answer": "x", "content": CORRECT}, ("q", None, CORRECT)),
        ({"problem": "q", "answer": "a", "generation": "no reasoning"}, ("q", None, "a")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_reasoning_is_read_with_its_own_answer(row, expected):
    assert texts(row) == expected


@pytest.mark.parametrize(
    "verdicts",
    [
        {"correctness_math_verify": [False, True]},
        {"is_correct": [0, 1]},
        {"correctness_math_verify": [False, False], "correctness_llama": [False, True]},
        {"correctness": [True, True], "is_reasoning_complete": [False, True]},
    ],
)
def test_of_several_generations_the_first_correct_one_is_read(verdicts):
    row = {"problem": "6*7?", "answer": "42", "generations": [WRONG, CORRECT], **verdicts}
    assert texts(row) == ("6*7?", None, CORRECT)
    assert left(row) == {"answer", "generations[].others"}
    assert texts(row, every=True) == ("6*7?", None, CORRECT)


def test_a_row_without_a_correct_generation_is_refused():
    row = {"problem": "6*7?", "answer": "42", "generations": [WRONG], "is_correct": [False]}
    with pytest.raises(Reject) as caught:
        read(row)
    assert caught.value.code == "none_correct"


def test_generations_without_a_verdict_are_one_or_every():
    row = {"problem": "6*7?", "generations": [CORRECT, WRONG, CORRECT]}
    conversation, source = read(row)
    assert (conversation.turns[-1].content, source.attempts) == (CORRECT, 1)
    assert source.repairs == {"first_of_several"}
    _, source = read(row, every=True)
    assert (source.attempts, source.repairs, source.use().left) == (2, set(), ())
    plain = {"problem": "6*7?", "answer": "42", "generations": ["It is 42."]}
    assert texts(plain)[2] == "42"
    assert "generations" in left(plain)
    assert texts(plain, "answer=generations")[2] == "It is 42."


def test_rated_completions_are_refused_unless_every_one_is_wanted():
    rated = [
        {"response": text, "reasoning": text, "overall_score": score} for text, score in (("a", 8), ("b", 3))
    ]
    row = {"instruction": "q", "completions": rated}
    with pytest.raises(Reject) as caught:
        read(row)
    assert caught.value.code == "several_answers"
    assert texts(row, every=True) == ("q", "a", "a")
    assert left(row, every=True) == {"completions[].overall_score"}
    assert texts({"instruction": "q", "completions": rated[:1]}) == ("q", "a", "a")


def test_trajectories_are_the_first_or_every_one_with_its_attempt():
    row = {"question": "q", "thinking_trajectories": ["s", "t"], "attempt": "a"}
    assert texts(row) == ("q", "s", "a")
    assert left(row) == {"thinking_trajectories[].others"}
    _, source = read(row, every=True)
    assert (source.attempts, source.use().left) == (2, ())
    assert texts({"question": "q", "trajectories": ["s", "t"], "attempts": ["a", "b"]}) == ("q", "s", "a")
    with pytest.raises(Reject) as caught:
        read({"question": "q", "trajectories": ["s", "t"], "attempts": ["a", "b", "c"]})
    assert caught.value.code == "attempts_uneven"


def test_chains_of_steps_are_ways_to_one_answer():
    chains = [{"model": "m", "steps": ["one", "two"]}, {"model": "n", "steps": ["three"]}]
    row = {"question": "q", "answer": "a", "reasoning_chains": chains}
    assert texts(row) == ("q", "one\ntwo", "a")
    assert left(row) == {"reasoning_chains[].model", "reasoning_chains[].others"}
    assert read(row, every=True)[1].attempts == 2
    assert texts({**row, "reasoning_chains": ["one", "two"]}) == ("q", "one\ntwo", "a")


LINES = "Which?\nA. brick\nB. apple"


@pytest.mark.parametrize(
    ("options", "question"),
    [
        ({"options": {"A": "brick", "B": "apple"}}, LINES),
        ({"choices": ["brick", "apple"]}, LINES),
        ({"options": [{"label": "A", "text": "brick"}, {"label": "B", "text": "apple"}]}, LINES),
        ({"options": [{"key": "A", "value": "brick"}, {"key": "B", "value": "apple"}]}, LINES),
        ({"options": [{"A": "brick"}, {"B": "apple"}]}, LINES),
        ({"choices": {"text": ["brick", "apple"], "label": ["A", "B"]}}, LINES),
        ({"options": json.dumps({"A": "brick", "B": "apple"})}, LINES),
        ({"options": "A. brick\nB. apple"}, LINES),
        ({"A": "brick", "B": "apple", "C": None}, LINES),
        ({"opa": "brick", "opb": "apple"}, LINES),
        ({"option_a": "brick", "option_b": "apple"}, LINES),
        ({"Option A": "brick", "Option B": "apple"}, LINES),
        ({"选项A": "brick", "选项B": "apple"}, LINES),
        ({"choice1": "brick", "choice2": "apple"}, LINES),
        ({"options": ["A) brick", "B) apple"]}, "Which?\nA) brick\nB) apple"),
        ({"options": {"1": "brick", "2": "apple"}}, "Which?\n1. brick\n2. apple"),
        ({"options": [3, 4]}, "Which?\nA. 3\nB. 4"),
        ({"options": None}, "Which?"),
        ({"B": "brick", "C": "apple"}, "Which?"),
    ],
    ids=str,
)
def test_options_stand_under_the_question(options, question):
    assert texts({"question": "Which?", **options, "answer": "B"}) == (question, None, "B")


def test_options_that_the_question_spells_out_are_not_repeated():
    row = {"input": "Positive or negative?", "answer_choices": ["negative", "Positive"], "target": "negative"}
    assert texts(row) == ("Positive or negative?", None, "negative")
    assert left(row) == set()
    assert texts({**row, "target": "A"})[0].endswith("A. negative\nB. Positive")


@pytest.mark.parametrize(
    ("answer", "letter"), [("choice2", "B"), (2, "B"), ("2", "B"), ("apple", "apple"), ("B", "B")]
)
def test_an_answer_that_names_the_column_of_an_option_becomes_its_letter(answer, letter):
    row = {"question": "Which?", "choice1": "brick", "choice2": "apple", "answer": answer}
    conversation, source = read(row)
    assert conversation.turns[-1].content == letter
    assert source.repairs == ({"option_letter"} if letter == "B" != answer else set())
    assert texts({"question": "?", "choice0": "1", "choice1": "0", "answer": "1"})[2] == "1"


def test_the_number_of_an_option_in_a_list_is_refused():
    for reading in ({}, {"as_text": True}):
        with pytest.raises(Reject) as caught:
            read({"question": "Which?", "choices": ["brick", "apple"], "answer": 1}, **reading)
        assert caught.value.code == "option_number"
    assert texts({"question": "?", "options": {"1": "x", "2": "y"}, "answer": 2})[2] == "2"


@pytest.mark.parametrize(
    ("value", "written"),
    [(8, "8"), (True, "true"), (0.5, "0.5"), ({"a": [1, "é"]}, '{"a":[1,"é"]}'), (["a", 1], '["a",1]')],
)
def test_numbers_and_objects_become_text_where_that_is_asked_for(value, written):
    row = {"instruction": "q", "output": value}
    with pytest.raises(Reject) as caught:
        read(row)
    assert caught.value.code == "not_text"
    conversation, source = read(row, as_text=True)
    assert (conversation.turns[-1].content, source.repairs) == (written, {"as_text"})


@pytest.mark.parametrize("name", ["system", "system_prompt", "sys", "persona", "系统提示"])
def test_a_system_text_has_many_names(name):
    row = {name: "Be brief.", "question": "q", "response": "a"}
    assert read(row)[0].system == "Be brief."
    dialogue = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    assert read({name: "Be brief.", "messages": dialogue})[0].system == "Be brief."


def test_messages_may_stand_in_the_columns_of_question_and_answer():
    prompt = [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}]
    conversation, _ = read({"prompt": prompt, "completion": [{"role": "assistant", "content": "a"}]})
    assert (conversation.system, [turn.content for turn in conversation.turns]) == ("s", ["q", "a"])
    assert texts({"input": prompt[1:], "output": "a", "reasoning": "off"}) == ("q", None, "a")


@pytest.mark.parametrize("name", ["choices", "options"])
def test_a_question_may_be_an_object_of_stem_and_options(name):
    items = [{"label": "A", "text": "a kettle"}, {"label": "B", "text": "a cup", "note": "n"}]
    row = {"id": "7", "question": {"stem": "What sings?", name: items, "topic": "tea"}, "answerKey": "A"}
    conversation, source = read(row)
    assert conversation.turns[0].content == "What sings?\nA. a kettle\nB. a cup"
    assert conversation.turns[1].content == "A"
    assert set(source.use().left) == {"id", "question[].topic", "question[].note"}


def test_a_list_of_one_text_is_the_answer():
    assert texts({"question": "q", "answer": ["C"], "analysis": "It rhymes."}) == ("q", "It rhymes.", "C")
    assert texts({"instruction": "q", "output": ["C"]}) == ("q", None, "C")


def test_two_lists_side_by_side_are_a_dialogue():
    row = {"input": ["q", "r"], "output": ["a", "b"], "id": 7}
    conversation, source = read(row)
    assert [turn.content for turn in conversation.turns] == ["q", "a", "r", "b"]
    assert set(source.use().left) == {"id"}
    with pytest.raises(Reject) as caught:
        read({"input": ["q", "r"], "output": ["a", "b", "c"]})
    assert caught.value.code == "not_text"


ROLES = {"question": "a1", "input": "a2", "context": "a3", "options": "a4", "system": "a5", "thinking": "a6",
         "answer": "a7"}  # fmt: skip


@pytest.mark.parametrize("extra", [{}, {"metrics": {}, "question": "x", "think": "x", "answer": "x"}])
def test_every_role_is_read(extra):
    row = {column: role for role, column in ROLES.items()} | {"a4": ["one", "two"]} | extra
    named = ",".join(f"{role}={column}" for role, column in ROLES.items())
    conversation, source = read(row, named)
    assert conversation.turns[0].content == "question\nA. one\nB. two\ninput\ncontext"
    assert (conversation.system, conversation.turns[1].thinking) == ("system", "thinking")
    assert conversation.turns[1].content == "answer"
    assert set(source.use().left) <= extra.keys()
