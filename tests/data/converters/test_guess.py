"""What unknown columns are guessed to be."""

import pytest

from lf_qwen3.data.converters.guess import guess_roles, name_speakers
from lf_qwen3.data.converters.roles import write_roles


@pytest.mark.parametrize(
    ("columns", "guessed"),
    [
        ("Soru Cevap", "question=Soru,answer=Cevap"),
        ("toy_system toy_input toy_output", "system=toy_system,question=toy_input,answer=toy_output"),
        ("task asked replied", "question=asked,answer=replied"),
        ("Pre_Question Question Incorrect_Answer Correct_Answer", "question=Question,answer=Correct_Answer"),
        ("userQuestion modelThoughts modelAnswer",
         "question=userQuestion,thinking=modelThoughts,answer=modelAnswer"),
        ("pregunta respuesta", "question=pregunta,answer=respuesta"),
        ("вопрос ответ", "question=вопрос,answer=ответ"),
        ("質問文 思考の過程 回答文", "question=質問文,thinking=思考の過程,answer=回答文"),
        ("질문 답변", "question=질문,answer=답변"),
        ("prompt answer_id better_one worse_one", "question=prompt,chosen=better_one,rejected=worse_one"),
    ],
)  # fmt: skip
def test_names_decide(columns, guessed):
    assert write_roles(guess_roles([dict.fromkeys(columns.split(), "a text")])) == guessed


def test_where_names_say_nothing_the_longest_text_is_the_answer():
    assert (
        write_roles(guess_roles([{"x": "Why?", "y": "Since it is so.", "z": "k"}])) == "question=x,answer=y"
    )
    assert guess_roles([{"x": "Why?"}]) == ()


def test_texts_that_begin_with_a_role_each_are_messages():
    rows = [{"query": "Soup?", "laws": ["A law."], "history": ["[客户] Soup?", "[律师] Leek."]}]
    assert guess_roles(rows) == (("messages", "history"),)
    assert guess_roles([*rows, {"query": "Soup?", "history": ["Leek."]}]) != (("messages", "history"),)


@pytest.mark.parametrize(("name", "is_known"), [("Harry", False), ("user", True), (None, False)])
def test_whether_messages_name_a_known_role(name, is_known):
    rows = [{"dialogue": [{"role": name, "text": "Soup?"}, {"role": "Hermione", "text": "Leek."}]}]
    assert name_speakers(rows, "dialogue") is is_known
