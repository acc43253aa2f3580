import json

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.converters import detect
from lf_qwen3.data.converters.dialogue import convert
from lf_qwen3.data.converters.guess import guess_roles
from lf_qwen3.data.converters.source_row import SourceRow

READ = Conversation([Turn("user", "Name a prime."), Turn("assistant", "7")])
MESSAGES = [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "7"}]
PARTS = [{"role": "user", "parts": [{"text": "Name a prime."}]}, {"role": "model", "parts": [{"text": "7"}]}]


def name_of(row):
    chosen = detect(list(row), (), lambda: [row])
    return chosen.name if chosen else ""


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"dialogue": MESSAGES}, id="dialogue"),
        pytest.param({"turns": [{"input": "Name a prime.", "output": "7"}]}, id="turn-objects"),
        pytest.param({"items": json.dumps(MESSAGES)}, id="json-text"),
        pytest.param({"contents": PARTS}, id="vertex-ai"),
        pytest.param({"id": "0", "data": ["Name a prime.", "7"]}, id="ultrachat"),
        pytest.param(
            {"chat": {"role": ["user", "assistant"], "content": ["Name a prime.", "7"]}}, id="columns"
        ),
    ],
)
def test_a_dialogue_under_another_name(row):
    source = SourceRow(row)
    assert name_of(row) == "dialogue"
    assert convert(source) == READ
    assert source.use().left == (("id",) if "id" in row else ())


def test_ultrachat_of_several_turns():
    texts = ["Hi", "Hello.", "Name a prime.", "7"]
    assert [turn.content for turn in convert(SourceRow({"data": texts})).turns] == texts


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"turns": ["Name a prime.", "And another?"]}, id="mt-bench"),
        pytest.param({"data": ["Name a prime."]}, id="a-question-alone"),
        pytest.param({"data": [1, 2]}, id="numbers"),
        pytest.param({"items": [{"name": "tea", "price": 3}]}, id="objects"),
        pytest.param({"contents": "a text"}, id="text"),
        pytest.param({"chat": MESSAGES[:1]}, id="no-answer"),
    ],
)
def test_what_is_no_dialogue_is_not_taken(row):
    assert name_of(row) == ""


def test_a_history_beside_a_question_and_an_answer_is_not_taken_for_the_dialogue():
    assert name_of({"question": "And now?", "answer": "11", "chat_history": MESSAGES}) == "reasoning"


@pytest.mark.parametrize("spell", [json.dumps, repr, lambda messages: messages])
def test_messages_in_a_column_of_no_known_name_are_guessed(spell):
    assert guess_roles([{"my_chat": spell(MESSAGES), "note": "n"}]) == (("messages", "my_chat"),)
