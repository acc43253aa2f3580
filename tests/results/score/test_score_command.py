"""The command as a person types it."""

import json
import subprocess
import sys
from typing import NamedTuple

import pytest

from lf_qwen3.cli import _output, cli
from lf_qwen3.qwen3.thinking import frame
from tests.needs import require

require("jieba", "rouge_chinese", "numpy")

PROMPT = "<|im_start|>user\n高血压怎么办？<|im_end|>\n<|im_start|>assistant\n"
GOOD = frame("看血压。", "少吃盐，多运动，每天监测血压。")


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(capfd, monkeypatch):
    """Return a function that runs the command in a folder, in this process."""

    def in_folder(folder, *words):
        monkeypatch.chdir(folder)
        code = _output.run(lambda: cli(["score", *words], standalone_mode=False))
        return Done(code, *capfd.readouterr())

    return in_folder


def test_a_process_of_its_own_says_nothing_of_its_libraries(tmp_path):
    predictions(tmp_path / "run", GOOD)
    command = [sys.executable, "-m", "lf_qwen3", "score", "run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 0
    assert {line.partition(":")[0] for line in done.stderr.splitlines()} == {"note"}


def predictions(folder, *texts):
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"prompt": PROMPT, "predict": text, "label": GOOD} for text in texts]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "generated_predictions.jsonl").write_text(lines, encoding="utf-8")
    return folder


def test_good_predictions_end_with_exit_0_and_a_table(tmp_path, run):
    predictions(tmp_path / "run", GOOD, GOOD)
    done = run(tmp_path, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("2 predictions (2 thinking, 0 plain)", "BLEU-4", "answer", "both", "think format kept"):
        assert part in done.stdout
    assert "--tokenizer" in done.stderr


def test_a_finding_ends_with_exit_1_and_names_lines_and_cure(tmp_path, run):
    predictions(tmp_path / "run", GOOD, GOOD + "、" * 50)
    done = run(tmp_path, "run/generated_predictions.jsonl")
    assert done.returncode == 1
    assert "run/generated_predictions.jsonl: repetition 50.0% (1 of 2)" in done.stdout
    assert "lines 2\n  hint: sample as Qwen recommends" in done.stdout


def test_json_is_one_object(tmp_path, run):
    predictions(tmp_path / "run", GOOD, f"<think>\n{GOOD[8:12]}")
    done = run(tmp_path, "run", "--json")
    found = json.loads(done.stdout)
    assert found["metrics"]["answer"]["all"]["rouge-l"]["n"] == 2
    assert {one["code"] for one in found["findings"]} >= {"unclosed_thinking", "well_formed"}
    assert found["lengths"]["unit"] == "characters"


YAML = "model_name_or_path: {model}\ndo_predict: true\noutput_dir: runs/predict\nmax_new_tokens: 8\n"


def test_the_run_s_yaml_is_found_and_gives_limit_and_tokenizer(tmp_path, run, tokenizer_folder):
    predictions(tmp_path / "runs" / "predict", GOOD, "少吃盐。")
    (tmp_path / "runs" / "train.yaml").write_text("do_train: true\noutput_dir: runs/adapter\n")
    (tmp_path / "runs" / "predict.yaml").write_text(YAML.format(model=tokenizer_folder))
    found = json.loads(run(tmp_path, "runs/predict", "--json").stdout)
    assert found["config"].endswith("runs/predict.yaml")
    assert (found["max_new_tokens"], found["lengths"]["unit"]) == (8, "tokens")
    assert (found["cut_evidence"], found["rates"]["all"]["cut"]["value"]) == ("max_new_tokens", 0.5)
    assert found["notes"] == []
    given = json.loads(run(tmp_path, "runs/predict", "--json", "--max-new-tokens", "99").stdout)
    assert given["rates"]["all"]["cut"]["value"] == 0


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory):
    """Return a folder with a tokenizer.json whose tokens are single characters."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("a tokenizer")
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_a_judge_s_way_there_and_back(tmp_path, run):
    predictions(tmp_path / "run", GOOD, frame("看。", "多喝水。"))
    out = run(tmp_path, "run", "--judge-export", "ask.jsonl", "--judge-model", "a-judge")
    assert out.returncode == 0, out.stderr
    assert "wrote ask.jsonl: 2 requests" in out.stdout
    asked = [json.loads(line) for line in (tmp_path / "ask.jsonl").read_text("utf-8").splitlines()]
    message = {"message": {"content": '{"reason": "fine", "score": 9}'}}
    replies = [
        {"custom_id": one["custom_id"], "response": {"status_code": 200, "body": {"choices": [message]}}}
        for one in asked
    ]
    (tmp_path / "told.jsonl").write_text("".join(json.dumps(one) + "\n" for one in replies) + "{\n")
    back = run(tmp_path, "run", "--judge-import", "told.jsonl")
    assert "judge: mean grade 9.00 [9.00, 9.00] of 10, 2 rows" in back.stdout
    assert "judge: not read: told.jsonl:3: this line is not JSON" in back.stdout


WRONG = {
    "nothing there": (("nothing",), 2, "there is no file or folder nothing"),
    "a judge without a name": (("run", "--judge-export", "x.jsonl"), 2, "--judge-model NAME"),
    "both steps at once": (("run", "--judge-export", "x", "--judge-import", "y"), 2, "two steps"),
    "a pair without a judge": (("run", "--judge-against", "run"), 2, "lf-qwen3 compare"),
    "an export over the predictions": (
        ("run", "--judge-export", "run/generated_predictions.jsonl", "--judge-model", "m"),
        2,
        "is the file of predictions",
    ),
    "no such config": (("run", "--config", "no.yaml"), 2, "no.yaml"),
    "no such tokenizer": (("run", "--tokenizer", "nobody/nothing"), 2, "nobody/nothing"),
    "cut short": (("broken",), 1, "broken/generated_predictions.jsonl:2: the last line is truncated"),
}


@pytest.mark.parametrize(("words", "code", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_without_a_traceback(tmp_path, run, words, code, message):
    predictions(tmp_path / "run", GOOD)
    file = predictions(tmp_path / "broken", GOOD, GOOD) / "generated_predictions.jsonl"
    file.write_bytes(file.read_bytes()[:-30])
    done = run(tmp_path, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len((tmp_path / "run" / "generated_predictions.jsonl").read_text("utf-8").splitlines()) == 1
