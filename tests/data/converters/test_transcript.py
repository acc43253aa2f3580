import json

import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import LfQwen3Error, Reject
from lf_qwen3.data.convert.convert import convert as convert_files
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.converters.source_row import SourceRow
from lf_qwen3.data.converters.transcript import convert

FUNCTION = '{"name": "lamp", "description": "d", "parameters": {}}'
GLAIVE = {
    "system": "SYSTEM: You are a helpful assistant with access to the following functions. Use "
    "them if required "
    f"-\n{FUNCTION}\n\n{FUNCTION.replace('lamp', 'fan')}",
    "chat": 'USER: Lamp on.\n\n\nASSISTANT: <functioncall> {"name": "lamp", "arguments": \'{"on": true}\'} '
    '<|endoftext|>\n\n\nFUNCTION RESPONSE: {"ok": true}\n\n\nASSISTANT: It is on. <|endoftext|>',
}
TEXT = "Human: Name a prime.\n\nAssistant: 7"


def run(folder, *rows):
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = convert_files(ConvertOptions((str(source),), "x", folder / "data", turns="last"))
    lines = (folder / "data" / "x_train.jsonl").read_text("utf-8").splitlines()
    return report, [json.loads(line) for line in lines]


@pytest.mark.parametrize("column", ["text", "Text", "chat", "sample", "transcript", "dialogue", "dialog"])
def test_convert(column):
    turns = [Turn("user", "Name a prime."), Turn("assistant", "7")]
    assert convert(SourceRow({column: TEXT})) == Conversation(turns)


def test_a_text_that_is_no_dialogue_is_rejected():
    with pytest.raises(Reject) as caught:
        convert(SourceRow({"text": "A poem."}))
    assert (caught.value.code, caught.value.detail) == ("bad_turns", "text is not a dialogue as a whole")


def test_glaive_becomes_calls_observations_and_tools(tmp_path):
    plain = {
        "system": "SYSTEM: You are a helpful assistant, with no access to external functions.",
        "chat": "USER: Hi.\n\n\nASSISTANT: Hello. <|endoftext|>",
    }
    report, (record, other) = run(tmp_path, GLAIVE, plain)
    assert [(turn["from"], turn["value"]) for turn in record["conversations"]] == [
        ("human", "Lamp on."),
        ("function_call", '[{"name": "lamp", "arguments": {"on": true}}]'),
        ("observation", '{"ok": true}'),
        ("gpt", "It is on."),
    ]
    assert record["system"] == "You are a helpful assistant"
    assert [tool["name"] for tool in json.loads(record["tools"])] == ["lamp", "fan"]
    assert (other["system"], other["tools"]) == (plain["system"].removeprefix("SYSTEM: "), "")
    assert report.repaired == {"end_token": 2, "tool_wire_format": 1, "tools_in_system": 1}
    assert next(iter(report.converters.values())) == "transcript"


def test_glaives_first_set_holds_all_in_one_column(tmp_path):
    sample = (
        "SYSTEM: You are an helpful assistant who has access to the following functions to help "
        "the user, you can "
        f"use the functions if needed-\n{FUNCTION}\nUSER: Lamp on.\nASSISTANT: <functioncall> "
        '{"name": "lamp", "arguments": {}}\nFUNCTION RESPONSE: {"ok": true}\nASSISTANT: It is on.'
    )
    _, (record,) = run(tmp_path, {"sample": sample})
    assert [turn["from"] for turn in record["conversations"]] == [
        "human",
        "function_call",
        "observation",
        "gpt",
    ]
    assert record["system"] == "You are an helpful assistant"
    assert [tool["name"] for tool in json.loads(record["tools"])] == ["lamp"]


def test_glaive_as_messages_with_its_functions_beside_them(tmp_path):
    row = {
        "system_message": "",
        "function_description": FUNCTION,
        "conversations": [
            {"from": "system", "value": GLAIVE["system"].removeprefix("SYSTEM: ").partition("\n\n")[0]},
            {"from": "human", "value": "Lamp on."},
            {"from": "function_call", "value": '{"name": "lamp", "arguments": \'{"on": true}\'}'},
            {"from": "function_response", "value": '{"ok": true}'},
            {"from": "gpt", "value": "It is on."},
        ],
    }
    report, (record,) = run(tmp_path, row)
    assert [turn["from"] for turn in record["conversations"]] == [
        "human",
        "function_call",
        "observation",
        "gpt",
    ]
    assert [tool["name"] for tool in json.loads(record["tools"])] == ["lamp"]
    assert next(iter(report.columns.values()))["left"] == {}


def test_chatml_in_a_text_column_is_a_dialogue(tmp_path):
    text = (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
    )
    report, (record,) = run(tmp_path, {"text": text})
    assert record["system"] == "S"
    assert [turn["value"] for turn in record["conversations"]] == ["Q", "A"]
    assert report.repaired == {"chat_template": 1}


def test_most_of_the_first_rows_must_be_dialogues(tmp_path):
    report, records = run(tmp_path, {"text": TEXT}, {"text": "A poem."}, {"text": TEXT.replace("7", "11")})
    assert (len(records), report.rejected) == (2, {"bad_turns": 1})


@pytest.mark.parametrize(
    "rows",
    [
        [{"text": "A poem."}],
        [{"text": TEXT}, {"text": "A poem."}],
        [{"text": "User: x"}],
        [{"text": "Human: Name a prime.\n\nAssistant:"}],
        [{"text": "<|im_start|>user\nQ<|im_end|>\n"}],
    ],
)
def test_texts_for_pre_training_fit_no_converter(tmp_path, rows):
    with pytest.raises(LfQwen3Error) as caught:
        run(tmp_path, *rows)
    assert caught.value.code == "no_converter_fits"
    assert "register" in caught.value.hint
