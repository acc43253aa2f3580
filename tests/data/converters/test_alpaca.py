import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.converters.alpaca import convert
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

Q, A = Turn("user", "Q"), Turn("assistant", "A")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({"instruction": "Q", "output": "A"}, Conversation([Q, A]), id="least"),
        pytest.param(
            {"instruction": "Q", "input": "x", "output": "A"},
            Conversation([Turn("user", "Q\nx"), A]),
            id="input-joins-the-instruction",
        ),
        pytest.param(
            {"instruction": "Q", "input": " ", "output": "A"}, Conversation([Q, A]), id="blank-input"
        ),
        pytest.param(
            {"instruction": "", "input": "Q", "output": "A"}, Conversation([Q, A]), id="input-alone"
        ),
        pytest.param(
            {
                "instruction": "Q",
                "input": None,
                "output": "A",
                "system": None,
                "history": None,
                "tools": None,
            },
            Conversation([Q, A]),
            id="null-is-missing",
        ),
        pytest.param(
            {"instruction": "Q", "input": "", "output": "A", "system": "", "history": [], "images": None},
            Conversation([Q, A]),
            id="empty-is-missing",
        ),
        pytest.param(
            {"Instruction": "Q", "Output": "A", "System": "S"}, Conversation([Q, A], "S"), id="upper-case"
        ),
        pytest.param(
            {"instruction": "Q2", "output": "A2", "system": "S", "history": [["Q", "A"]]},
            Conversation([Q, A, Turn("user", "Q2"), Turn("assistant", "A2")], "S"),
            id="history",
        ),
        pytest.param(
            {"query": "Q2", "response": "A2", "history": [("Q", "A")]},
            Conversation([Q, A, Turn("user", "Q2"), Turn("assistant", "A2")]),
            id="ms-swift",
        ),
        pytest.param({"prompt": "Q", "response": "A"}, Conversation([Q, A]), id="prompt-and-response"),
        pytest.param(
            {"prompt": "Q", "query": "x", "response": "A"},
            Conversation([Turn("user", "Q\nx"), A]),
            id="the-names-of-llamafactory-columns",
        ),
        *(
            pytest.param(
                {"instruction": "Q2", "output": "A2", "history": history},
                Conversation([Q, A, Turn("user", "Q2"), Turn("assistant", "A2")]),
                id=f"history-in-a-text-{number}",
            )
            for number, history in enumerate(['[["Q", "A"]]', "[['Q', 'A']]"])
        ),
        *(
            pytest.param(
                {"instruction": "Q", "output": "A", "history": history},
                Conversation([Q, A]),
                id=f"no-history-in-a-text-{number}",
            )
            for number, history in enumerate(["[]", "", " "])
        ),
        pytest.param(
            {"instruction": "Q", "output": f"{OPEN}R{CLOSE}A"},
            Conversation([Q, Turn("assistant", f"{OPEN}R{CLOSE}A")]),
            id="thinking-in-the-output-is-left",
        ),
        pytest.param(
            {"instruction": "Q", "output": "A", "text": "…", "tools": '[{"name": "f"}]'},
            Conversation([Q, A], tools='[{"name": "f"}]'),
            id="tools",
        ),
    ],
)
def test_convert(row, expected):
    assert convert(SourceRow(row)) == expected


@pytest.mark.parametrize(
    ("row", "code", "detail"),
    [
        pytest.param({"instruction": None, "output": "A"}, "missing_field", "instruction", id="no-question"),
        pytest.param({"instruction": "Q", "output": None}, "missing_field", "output", id="null-output"),
        pytest.param({"query": "Q", "response": None}, "missing_field", "response", id="null-response"),
        pytest.param({"instruction": 3, "output": "A"}, "not_text", "instruction is a number", id="number"),
        pytest.param({"instruction": "Q", "output": ["A", 1]}, "not_text", "output is a list", id="list"),
        pytest.param(
            {"instruction": "Q", "input": {"x": 1}, "output": "A"},
            "not_text",
            "input is an object",
            id="object",
        ),
        pytest.param(
            {"instruction": "Q", "output": "A", "history": "Q, A"},
            "bad_turns",
            "history is a text",
            id="history",
        ),
        pytest.param(
            {"instruction": "Q", "output": "A", "history": [["Q"]]},
            "bad_turns",
            "history: item 1 is not a [question, answer] pair",
            id="half-a-pair",
        ),
        pytest.param(
            {"instruction": "Q", "output": "A", "history": [["Q", "A"], ["Q", None]]},
            "missing_field",
            "history: answer 2",
            id="null-in-history",
        ),
    ],
)
def test_convert_rejects(row, code, detail):
    with pytest.raises(Reject) as caught:
        convert(SourceRow(row))
    assert (caught.value.code, caught.value.detail) == (code, detail)


@pytest.mark.llamafactory
def test_the_question_is_joined_as_the_trainer_joins_it():
    trainer = pytest.importorskip("llamafactory.data.converter")
    parser = pytest.importorskip("llamafactory.data.parser")
    attributes = parser.DatasetAttr("file", "x", formatting="alpaca", history="history", system="system")
    row = {"instruction": "Q", "input": "x", "output": "A", "system": "S", "history": [["Q0", "A0"]]}
    theirs = trainer.AlpacaDatasetConverter(attributes, None)(row)
    ours = convert(SourceRow(row))
    said = [(turn["role"], turn["content"]) for turn in theirs["_prompt"] + theirs["_response"]]
    assert said == [(turn.role, turn.content) for turn in ours.turns]
    assert theirs["_system"] == ours.system


@pytest.mark.parametrize(
    "history",
    [
        [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}],
        [{"question": "Q", "answer": "A"}],
        '[{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]',
    ],
)
def test_a_history_may_hold_messages(history):
    row = SourceRow({"instruction": "Q2", "output": "A2", "history": history})
    assert convert(row) == Conversation([Q, A, Turn("user", "Q2"), Turn("assistant", "A2")])


def test_a_history_of_messages_may_begin_with_the_system_text():
    history = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Q"},
        {"role": "bot", "content": "A"},
    ]
    assert convert(SourceRow({"instruction": "Q2", "output": "A2", "history": history})).system == "S"


@pytest.mark.parametrize(
    "instruction",
    ["Human:Q\nAssistant:A\nHuman:Q2\nAssistant:", "Human: Q\nAssistant: A\nHuman: Q2\n\nAssistant:\n"],
)
def test_belle_writes_a_dialogue_into_the_instruction(instruction):
    row = SourceRow({"instruction": instruction, "input": "", "output": "A2"})
    turns = [Q, A, Turn("user", "Q2"), Turn("assistant", "A2")]
    assert convert(row) == Conversation(turns, repairs={"chat_template"})


@pytest.mark.parametrize(
    "instruction",
    [
        "Human: who are you?",
        "Question: Q\nAnswer:",
        "Continue.\nHuman: Q\nAssistant:",
        "Human: Q\nAssistant: A",
    ],
)
def test_what_is_no_dialogue_of_belle_stays_a_question(instruction):
    assert convert(SourceRow({"instruction": instruction, "output": "A2"})).turns[0].content == instruction


def test_messages_in_json_text_may_stand_in_the_columns_of_question_and_answer():
    row = {
        "prompt": '[{"role": "user", "content": "Q"}]',
        "response": '[{"role": "assistant", "content": "A"}]',
    }
    assert convert(SourceRow(row)) == Conversation([Q, A])
