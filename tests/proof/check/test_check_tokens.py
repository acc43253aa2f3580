"""What is counted with a tokenizer, and what cutoff_len takes."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.check import check
from lf_qwen3.proof.check.token_figures import packing_waste, padding_waste, percentile
from lf_qwen3.qwen3.thinking import frame


@pytest.fixture(scope="module")
def tokenizer(small_tokenizer):
    return str(small_tokenizer)


def write(folder, rows, entry=None):
    lines = [
        json.dumps({"instruction": question, "input": "", "output": answer}) for question, answer in rows
    ]
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "dataset_info.json").write_text(json.dumps({"a": entry or {"file_name": "a.jsonl"}}), "utf-8")


def words(number):
    """Return that many words, each of which is a token of the small tokenizer."""
    chance = random.Random(number)
    return " ".join(chance.choice(["this", "that", "with", "from"]) for _ in range(number))


ROWS = [
    ("What is it?", frame(words(20), words(30))),
    ("And this one?", frame(words(200), words(40))),
    ("And that one?", frame(words(30), words(201))),
    (words(300), words(35)),
    ("Who?", "It is me."),
]


def test_lengths(tmp_path, tokenizer):
    write(tmp_path, ROWS)
    report = check(tmp_path, tokenizer=tokenizer)
    figures = report.tokens["a"]
    assert report.is_clean
    assert figures["records"] == 5
    assert figures["cut"] == 0
    lengths = figures["lengths"]
    assert set(lengths) == {"thinking", "plain"}
    for kind in lengths.values():
        assert kind["whole"]["max"] <= sum(kind[part]["max"] for part in ("prompt", "thinking", "answer"))
        assert sum(kind["whole"]["histogram"].values()) == sum(kind["prompt"]["histogram"].values())
    assert lengths["plain"]["thinking"]["max"] == 0
    assert figures["cutoff_len_that_keeps"]["100%"] == max(one["whole"]["max"] for one in lengths.values())
    assert 0 < figures["in_loss_per_epoch"] < figures["tokens"]


@pytest.mark.parametrize(
    ("cutoff_len", "expected"),
    [
        pytest.param(2048, {}, id="nothing"),
        pytest.param(128, {"cut_thinking": [2], "cut_answer": [3], "cut_prompt": [4]}, id="each kind of cut"),
    ],
)
def test_what_the_cut_takes(tmp_path, tokenizer, cutoff_len, expected):
    write(tmp_path, ROWS)
    report = check(tmp_path, tokenizer=tokenizer, cutoff_len=cutoff_len)
    found = {}
    for one in report.findings:
        found.setdefault(one.code, []).append(one.row)
    assert found == expected
    figures = report.tokens["a"]
    assert figures["cut"] == sum(map(len, expected.values()))
    assert figures["cut_loses_think_close"] == len(expected.get("cut_thinking", []))


def test_the_smallest_cutoff_len_keeps_everything(tmp_path, tokenizer):
    write(tmp_path, ROWS)
    needed = check(tmp_path, tokenizer=tokenizer).tokens["a"]["cutoff_len_that_keeps"]["100%"]
    cuts = [
        check(tmp_path, tokenizer=tokenizer, cutoff_len=length).tokens["a"]["cut"]
        for length in (needed - 1, needed)
    ]
    assert cuts == [1, 0]


def test_several_turns_differ_from_the_chat_template(tmp_path, tokenizer):
    row = {
        "conversations": [
            {"from": role, "value": value}
            for role, value in (
                *(("human", "What is it?"), ("gpt", "It is a stone.")),
                *(("human", "And this?"), ("gpt", "It is a tree.")),
            )
        ]
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    entry = {"file_name": "a.jsonl", "formatting": "sharegpt"}
    (tmp_path / "dataset_info.json").write_text(json.dumps({"a": entry}), "utf-8")
    yaml = tmp_path / "train.yaml"
    yaml.write_text("template: qwen3\nenable_thinking: null\ndataset: a\n", "utf-8")
    told = {one.code for one in check(tmp_path, config=yaml, tokenizer=tokenizer, ask_trainer=False).findings}
    assert "template_differs" in told
    yaml.write_text(yaml.read_text("utf-8") + "mask_history: true\n", "utf-8")
    told = {one.code for one in check(tmp_path, config=yaml, tokenizer=tokenizer, ask_trainer=False).findings}
    assert "template_differs" not in told


def test_a_template_that_is_not_followed_is_said(tmp_path, tokenizer):
    write(tmp_path, ROWS)
    yaml = tmp_path / "train.yaml"
    yaml.write_text("template: llama3\ndataset: a\n", "utf-8")
    report = check(tmp_path, config=yaml, tokenizer=tokenizer, ask_trainer=False)
    assert not report.tokens
    assert any("tokens were not counted" in note for note in report.notes)


def test_no_tokenizer(tmp_path):
    write(tmp_path, ROWS)
    with pytest.raises(UsageError):
        check(tmp_path, tokenizer=str(tmp_path))


LENGTHS = st.lists(st.integers(1, 100), min_size=1, max_size=200)


@given(LENGTHS, st.integers(1, 16))
def test_waste_is_a_share(lengths, batch_size):
    assert 0 <= padding_waste(lengths, batch_size) < 1
    assert 0 <= packing_waste(lengths, 100) < 1


@given(st.lists(st.just(40), min_size=1, max_size=50))
def test_equal_lengths(lengths):
    assert padding_waste(lengths, 4) == 0
    assert packing_waste(lengths, 40) == 0


@given(LENGTHS, st.integers(1, 100))
def test_percentile_keeps_its_share(lengths, share):
    bound = percentile(sorted(lengths), share)
    assert sum(one <= bound for one in lengths) >= len(lengths) * share / 100
    assert sum(one < bound for one in lengths) < len(lengths) * share / 100


def test_answers_longer_than_what_is_generated(tmp_path, tokenizer):
    write(tmp_path, ROWS)
    predict = {
        "model_name_or_path": "a/b",
        "template": "qwen3",
        "enable_thinking": "null",
        "eval_dataset": "a",
        "do_predict": "true",
    }
    path = tmp_path / "predict.yaml"

    def findings(**changes):
        settings = {**predict, "predict_with_generate": "true", **changes}
        path.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()), "utf-8")
        return [
            finding.detail
            for finding in check(tmp_path, config=path, tokenizer=tokenizer, ask_trainer=False).findings
        ]

    assert findings(max_new_tokens=300) == []
    (detail,) = findings(max_new_tokens=150)
    assert detail.startswith("2 of 5 answers are longer than 150 tokens")
    (detail,) = findings(model_name_or_path="Qwen/Qwen3-4B-Thinking-2507")
    assert detail.startswith("1,024 tokens")


def test_packed_rows_make_the_steps(tmp_path, tokenizer):
    write(tmp_path, ROWS * 8)
    settings = {"dataset": "a", "template": "qwen3", "enable_thinking": "null", "do_train": "true"}
    settings |= {
        "packing": "true",
        "neat_packing": "true",
        "per_device_train_batch_size": "1",
        "save_steps": "50",
    }
    path = tmp_path / "train.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()), "utf-8")
    report = check(tmp_path, config=path, tokenizer=tokenizer, ask_trainer=False)
    (finding,) = [finding for finding in report.findings if finding.code == "save_beyond_run"]
    steps = int(finding.detail.split("the run has ")[1].split()[0])
    assert 3 <= steps <= 3 * len(ROWS)


def test_tools_without_a_system_text_are_cured_as_the_hint_says(tmp_path, tokenizer):
    call = json.dumps({"name": "f", "arguments": {}})
    turns = [("human", "q"), ("function_call", call), ("observation", "7"), ("gpt", "It is 7.")]
    messages = [{"from": role, "value": text} for role, text in turns]
    row = {"conversations": messages, "tools": json.dumps([{"name": "f", "parameters": {}}])}
    (tmp_path / "a.json").write_text(json.dumps([row]), "utf-8")
    columns = {"messages": "conversations", "tools": "tools"}
    entry = {"file_name": "a.json", "formatting": "sharegpt", "columns": columns}
    (tmp_path / "dataset_info.json").write_text(json.dumps({"a": entry}), "utf-8")
    path = tmp_path / "train.yaml"
    plain = "dataset: a\ntemplate: qwen3\nenable_thinking: null\nmask_history: true\n"

    def differences(settings):
        path.write_text(settings, "utf-8")
        findings = check(tmp_path, config=path, tokenizer=tokenizer, ask_trainer=False).findings
        return [finding.cure for finding in findings if finding.code == "template_differs"]

    (cure,) = differences(plain)
    assert "default_system" in cure
    assert differences(plain + "default_system: You are a helpful assistant.\n") == []
