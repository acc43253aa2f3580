"""Reasoning before tool calls, and in one side of a preference pair."""

import json

import pytest

from lf_qwen3.proof.check import check
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.trainer.render.text import tools_text, write_kept_call

ANSWER = "It is Paris, on the Seine."
LOSING = "I have no idea."
CALL = '{"name": "f", "arguments": {"text": "a<br>b<br>"}}'
TOOLS = '[{"name": "f", "parameters": {}}]'
SHAREGPT = {"file_name": "a.jsonl", "formatting": "sharegpt"}
RANKING = {
    "file_name": "a.jsonl",
    "ranking": True,
    "columns": {"prompt": "instruction", "chosen": "chosen", "rejected": "rejected"},
}


def chat(*turns, **others):
    return {"conversations": [{"from": role, "value": value} for role, value in turns], **others}


def pair(chosen, rejected):
    return {"instruction": "q", "chosen": chosen, "rejected": rejected}


def findings(folder, entry, row):
    (folder / "a.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    (folder / "dataset_info.json").write_text(json.dumps({"a": entry}), "utf-8")
    return check(folder)


@pytest.mark.parametrize(
    ("chosen", "rejected", "expected", "thinking"),
    [
        pytest.param(ANSWER, LOSING, set(), 0, id="plain"),
        pytest.param(frame("r", ANSWER), frame("s", LOSING), set(), 1, id="both think"),
        pytest.param(frame("r", ANSWER), LOSING, {"pair_half_framed"}, 1, id="the chosen one thinks"),
        pytest.param(ANSWER, frame("r", LOSING), {"pair_half_framed"}, 0, id="the rejected one thinks"),
        pytest.param(frame("", ANSWER), frame("r", LOSING), set(), 0, id="the plain side has its block"),
        pytest.param(frame("r", ANSWER), frame("", LOSING), set(), 1, id="so has a losing one"),
        pytest.param(frame("", ANSWER), LOSING, {"think_empty"}, 0, id="a block that nothing asks for"),
    ],
)
def test_pairs(tmp_path, chosen, rejected, expected, thinking):
    report = findings(tmp_path, RANKING, pair(chosen, rejected))
    assert set(report.counts) == expected
    assert report.datasets["a"].thinking == thinking


KEPT = write_kept_call("r", "Text.", f"[{CALL}]")


@pytest.mark.parametrize(
    ("row", "thinking"),
    [
        pytest.param(chat(("human", "q"), ("function_call", frame("r", CALL))), 1, id="a call that reasons"),
        pytest.param(chat(("human", "q"), ("function_call", CALL)), 0, id="a plain call"),
        pytest.param(
            chat(("human", "q"), ("gpt", frame("r", ANSWER)), ("human", "s"), ("function_call", CALL)),
            1,
            id="a plain call after a reasoned answer",
        ),
        pytest.param(
            chat(("human", "q"), ("function_call", frame("r", CALL)), ("observation", "7"), ("gpt", ANSWER)),
            1,
            id="a plain answer after a reasoned call",
        ),
        pytest.param(
            chat(("human", "q"), ("function_call", KEPT), ("observation", "7"), ("gpt", ANSWER)),
            0,
            id="thinking that stays in the history",
        ),
        pytest.param(
            chat(("human", "q"), ("gpt", ANSWER), system=tools_text(TOOLS).lstrip()),
            0,
            id="tools as the system text",
        ),
    ],
)
def test_calls(tmp_path, row, thinking):
    report = findings(tmp_path, SHAREGPT, row)
    assert set(report.counts) <= {"tags_unfit"}
    assert report.datasets["a"].thinking == thinking


def test_a_call_in_the_history_is_the_answer_of_its_own_record(tmp_path):
    """Or the unrolled records of a tool dialogue would count as learnt nowhere."""
    turns = [("human", "q"), ("function_call", CALL), ("observation", "7"), ("gpt", ANSWER)]
    learnt = ("gpt", frame("r", f"<tool_call>\n{CALL}\n</tool_call>"))
    rows = [chat(turns[0], learnt), chat(*turns)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "dataset_info.json").write_text(json.dumps({"a": SHAREGPT}), "utf-8")
    counts = check(tmp_path).datasets["a"]
    assert (counts.several_turns, counts.orphans, counts.thinking) == (1, 0, 1)


def test_a_yaml_over_calls_that_reason(tmp_path):
    row = chat(("human", "q"), ("function_call", frame("r", CALL)), ("observation", "7"), ("gpt", ANSWER))
    codes = {template: codes_under(tmp_path, SHAREGPT, row, template=template) for template in TEMPLATES}
    assert "reasoning_lost" not in codes["qwen3"]
    assert "thinking_as_text" not in codes["qwen3"]
    assert "thinking_as_text" in codes["qwen3_nothink"]


@pytest.mark.parametrize("sides", [(frame("r", ANSWER), LOSING), (ANSWER, frame("r", LOSING))])
def test_a_yaml_over_pairs_of_which_one_side_thinks(tmp_path, sides):
    settings = {"stage": "dpo", "template": "qwen3"}
    assert "pair_half_framed" in codes_under(tmp_path, RANKING, pair(*sides), **settings)
    assert "pair_half_framed" not in codes_under(
        tmp_path, RANKING, pair(*sides), **settings, enable_thinking=True
    )


TEMPLATES = {"qwen3": "Qwen/Qwen3-4B", "qwen3_nothink": "Qwen/Qwen3-4B-Instruct-2507"}


def codes_under(folder, entry, row, template, enable_thinking=None, stage="sft"):
    findings(folder, entry, row)
    settings = {"model_name_or_path": TEMPLATES[template], "stage": stage, "do_train": True, "dataset": "a"}
    settings |= {"template": template, "enable_thinking": enable_thinking}
    (folder / "train.yaml").write_text(json.dumps(settings), "utf-8")
    return set(check(folder, config=folder / "train.yaml", ask_trainer=False).counts)
