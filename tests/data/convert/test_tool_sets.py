"""Sets of tool calls in the shapes that they have in public: every one becomes the same record."""

import json

import pytest

from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, frame

DOOR = {
    "name": "door",
    "description": "Opens the door",
    "parameters": {"type": "object", "properties": {"wide": {"type": "boolean"}}},
}
CALL = {"name": "door", "arguments": {"wide": True}}
TAGGED = f"<tool_call>\n{json.dumps(CALL)}\n</tool_call>"
ANSWER = '{"open": true}'

LISTED = json.dumps({"type": "function", "function": DOOR})

HERMES = {
    "conversations": [
        {
            "from": "system",
            "value": f"You open doors.\n<tools>\n{LISTED}\n</tools>",
        },
        {"from": "human", "value": "Open up."},
        {"from": "gpt", "value": TAGGED},
        {"from": "tool", "value": f"<tool_response>\n{ANSWER}\n</tool_response>"},
        {"from": "gpt", "value": "It is open."},
    ],
    "tools": json.dumps([DOOR]),
}
FUNCTIONS = {
    "messages": [
        {"role": "system", "content": "You open doors."},
        {"role": "user", "content": "Open up."},
        {
            "role": "assistant",
            "content": None,
            "function_call": {**CALL, "arguments": json.dumps({"wide": True})},
        },
        {"role": "function", "name": "door", "content": ANSWER},
        {"role": "assistant", "content": "It is open."},
    ],
    "functions": [DOOR],
}
MINIMIND = {
    "conversations": [
        {"role": "system", "content": "You open doors.", "tools": json.dumps([DOOR])},
        {"role": "user", "content": "Open up."},
        {"role": "assistant", "content": "", "reasoning_content": "", "tool_calls": json.dumps([CALL])},
        {"role": "tool", "content": ANSWER},
        {"role": "assistant", "content": "It is open.", "reasoning_content": "", "tool_calls": ""},
    ]
}
GLAIVE = {
    "system": "SYSTEM: You open doors with access to the following functions. Use them if required -\n"
    + json.dumps(DOOR, indent=4),
    "chat": 'USER: Open up.\n\n\nASSISTANT: <functioncall> {"name": "door", "arguments": \'{"wide": true}\'} '
    f"<|endoftext|>\n\n\nFUNCTION RESPONSE: {ANSWER}\n\n\nASSISTANT: It is open. <|endoftext|>",
}
QWEN_TEXT = {
    "text": "<|im_start|>system\nYou open doors.\n\n# Tools\n\nYou may call one or more functions to assist "
    "with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n"
    "<tools>\n"
    f"{json.dumps(DOOR)}\n</tools>\n\nFor each function call, return a json object with function name and "
    "arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call><|im_end|>\n'
    f"<|im_start|>user\nOpen up.<|im_end|>\n<|im_start|>assistant\n{TAGGED}<|im_end|>\n<|im_start|>user\n"
    f"<tool_response>\n{ANSWER}\n</tool_response><|im_end|>\n<|im_start|>assistant\nIt is open.<|im_end|>\n"
}
SETS = {
    "hermes": HERMES,
    "functions": FUNCTIONS,
    "minimind": MINIMIND,
    "glaive": GLAIVE,
    "qwen-text": QWEN_TEXT,
}


def run(folder, *rows, **options):
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = convert(ConvertOptions((str(source),), "x", folder / "data", **options))
    lines = (folder / "data" / "x_train.jsonl").read_text("utf-8").splitlines()
    return report, [json.loads(line) for line in lines]


@pytest.mark.parametrize("allow_special", [False, True])
@pytest.mark.parametrize("row", SETS.values(), ids=SETS)
def test_every_set_becomes_the_same_record(tmp_path, row, allow_special):
    report, (record,) = run(tmp_path, row, turns="last", allow_special=allow_special)
    assert [(turn["from"], turn["value"]) for turn in record["conversations"]] == [
        ("human", "Open up."),
        ("function_call", json.dumps([CALL])),
        ("observation", ANSWER),
        ("gpt", "It is open."),
    ]
    assert record["system"].rstrip(".") == "You open doors"
    assert json.loads(record["tools"]) == [DOOR]
    assert report.rejected == {}


def test_xlam_becomes_a_call(tmp_path):
    row = {"system": "S", "query": "Open up.", "tools": json.dumps([DOOR]), "answers": json.dumps([CALL])}
    _, (record,) = run(tmp_path, row)
    assert [turn["from"] for turn in record["conversations"]] == ["human", "function_call"]
    assert json.loads(record["conversations"][1]["value"]) == [CALL]
    assert json.loads(record["tools"]) == [DOOR]


@pytest.mark.parametrize(
    "asked",
    [
        f"Reason in {OPEN} tags.",
        f"Write {OPEN} your reasoning {CLOSE} first.",
        f"The reasoning is enclosed in {OPEN} {CLOSE} tags.",
    ],
)
@pytest.mark.parametrize("role", ["user", "system"])
def test_a_prompt_that_asks_for_think_tags_is_kept_as_it_is(tmp_path, asked, role):
    messages = [
        {"role": "system", "content": asked if role == "system" else "S"},
        {"role": "user", "content": asked if role == "user" else "Q"},
        {"role": "assistant", "content": frame("r", "A")},
    ]
    report, (record,) = run(tmp_path, {"messages": messages})
    assert (record["system"], record["conversations"][0]["value"]) == tuple(
        m["content"] for m in messages[:2]
    )
    assert record["conversations"][1]["value"] == frame("r", "A")
    assert (report.rejected, report.repaired, report.thinking) == ({}, {}, 1)
    (warning,) = [warning for warning in report.warnings if "think tags in a prompt" in warning]
    assert warning.startswith("1 rows")
    assert warning.endswith("rows.jsonl:1")


def test_think_tags_of_an_answer_are_no_warning(tmp_path):
    report, _ = run(
        tmp_path,
        {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": frame("r", "A")}]},
    )
    assert not any("think tags" in warning for warning in report.warnings)
