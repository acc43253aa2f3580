"""Train, predict with both models, compare and diagnose: the real trainer, a tiny model, a few rows."""

import json
import os
import subprocess
import sys

import pytest

from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.results.diagnose import diagnose
from lf_qwen3.results.evaluate.served import render_prompts
from lf_qwen3.results.score import read, score_predictions
from lf_qwen3.results.score.findings import find_defects
from lf_qwen3.trainer import yaml_reader
from tests.endless import copy_endless
from tests.needs import require

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow, pytest.mark.usefixtures("warm_trainer")]
require("llamafactory", "dashscope")

LIMIT = 24
RECORDS = [
    ("高血压患者每天能吃多少盐？", frame("世卫组织建议", "每天不超过5克。")),
    ("为什么头晕？", frame("可能是低血糖，也可能是睡眠不足……", "先休息，再测血糖！")),
    ("What helps?", frame("Salt, then exercise.", "Eat less salt. Walk every day.")),
    ("How do I reverse a list?", "Use items[::-1]."),
    ("你是谁？", "我是一个很小的模型。"),
]
ROWS = [{"instruction": asked, "input": "", "output": told} for asked, told in RECORDS]
COLUMNS = {"prompt": "instruction", "query": "input", "response": "output"}
SHARED = """\
model_name_or_path: tiny
template: qwen3
enable_thinking: null
dataset_dir: data
cutoff_len: 128
use_cpu: true
bf16: false
report_to: none
preprocessing_num_workers: 1
stage: sft
"""
TRAIN = (
    SHARED
    + """\
do_train: true
finetuning_type: lora
lora_target: all
dataset: rows
eval_dataset: rows
eval_strategy: steps
eval_steps: 1
save_steps: 1
logging_steps: 1
max_steps: 2
learning_rate: 0.05
load_best_model_at_end: true
metric_for_best_model: eval_loss
output_dir: out/adapter
"""
)
PREDICT = (
    SHARED
    + f"""\
do_predict: true
predict_with_generate: true
eval_dataset: rows
per_device_eval_batch_size: 3
max_new_tokens: {LIMIT}
"""
)
CPU = {"CUDA_VISIBLE_DEVICES": "", "FORCE_TORCHRUN": "0", "USE_RAY": "0", "USE_V1": "0"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small, warm_trainer):
    """Return the folder that holds `out`, trained for two steps and evaluated."""
    place = tmp_path_factory.mktemp("evaluated")
    copy_endless(small, place / "tiny")
    (place / "data").mkdir()
    (place / "out").mkdir()
    (place / "data" / "rows.json").write_text(json.dumps(ROWS))
    entry = {"rows": {"file_name": "rows.json", "columns": COLUMNS}}
    (place / "data" / "dataset_info.json").write_text(json.dumps(entry))
    (place / "out" / "train.yaml").write_text(TRAIN)
    for name, weights in (("base", ""), ("tuned", "adapter_name_or_path: out/adapter\n")):
        text = f"{PREDICT}output_dir: out/predict_{name}\n{weights}"
        (place / "out" / f"predict_{name}.yaml").write_text(text)
    called(place, "-m", "llamafactory.cli", "train", "out/train.yaml")
    return place


def called(place, *words):
    ran = subprocess.run(
        [sys.executable, *words], cwd=place, env=os.environ | CPU, capture_output=True, encoding="utf-8"
    )
    assert ran.returncode in (0, 1), ran.stderr
    return ran


@pytest.fixture(scope="module")
def evaluated(folder):
    """Return what `lf-qwen3 evaluate` says, and what it says on stderr."""
    ran = called(folder, "-m", "lf_qwen3", "evaluate", "out", "--json")
    return json.loads(ran.stdout), ran.stderr


def test_both_models_answer_every_row(folder, evaluated):
    found, said = evaluated
    assert found["comparison"]["rows"] == len(ROWS)
    assert found["predicted"] == ["out/predict_base.yaml", "out/predict_tuned.yaml"]
    assert "predicting" in said
    assert (folder / "out" / "report.html").is_file()


def test_the_figures_of_both_together_are_the_trainers_own(folder, evaluated):
    found, _ = evaluated
    for run in found["comparison"]["runs"]:
        own = json.loads((folder / "out" / f"predict_{run['name']}" / "predict_results.json").read_text())
        ours = run["scores"]["metrics"]["both"]["all"]
        for name in ("bleu-4", "rouge-1", "rouge-2", "rouge-l"):
            assert round(ours[name]["value"], 4) == round(own[f"predict_{name}"], 4)
        assert ours["bleu-4"]["value"] > 0


def test_kinds_and_cut_answers_are_told_in_a_real_run(folder, evaluated, small):
    scores = score_predictions(read(folder / "out" / "predict_base"), tokenizer=small, max_new_tokens=LIMIT)
    assert scores.kinds == ["thinking"] * 3 + ["plain"] * 2
    assert scores.cut_evidence == "max_new_tokens"
    assert all(scores.flags["cut"])
    assert "cut" in {one.code for one in find_defects(scores)}


def test_a_server_is_asked_with_the_prompts_of_the_trainer(folder, evaluated, monkeypatch):
    monkeypatch.chdir(folder)
    settings = yaml_reader.read(folder / "out" / "predict_base.yaml").settings
    ours = [(row.prompt, row.label.strip()) for row in render_prompts(settings)]
    assert ours == [(row.prompt, row.label.strip()) for row in read(folder / "out" / "predict_base")]


def test_a_second_evaluation_runs_nothing(folder, evaluated):
    ran = called(folder, "-m", "lf_qwen3", "evaluate", "out", "--json")
    again = json.loads(ran.stdout)
    assert again["predicted"] == []
    assert again["comparison"] == evaluated[0]["comparison"]


def test_diagnose_reads_what_a_real_run_leaves(folder, evaluated, monkeypatch):
    monkeypatch.chdir(folder)
    found = diagnose(folder / "out")
    run = found.run
    assert (run.is_finished, run.step, run.total, run.has_weights) == (True, 2, 2, True)
    assert (len(run.train), len(run.main_validation), len(run.learning_rate), len(run.gradient)) == (
        2,
        2,
        2,
        2,
    )
    assert run.settings["max_steps"] == 2
    assert run.tokenizer["eos_token"] == "<|im_end|>"
    assert run.adapter["peft_type"] == "LORA"
    assert run.answers.count == len(ROWS)
    of_answers = ("answers", "think", "tokens_leaked")  # an untrained model says anything
    verdicts = [verdict for verdict in found.verdicts if not verdict.code.startswith(of_answers)]
    assert "error" not in {verdict.severity for verdict in verdicts}
    state = json.loads((folder / "out" / "adapter" / "trainer_state.json").read_text())
    assert state["best_model_checkpoint"]
    assert set(run.checkpoints) == {1, 2}


def test_diagnose_follows_a_run_by_its_log_alone(folder, evaluated, tmp_path):
    log = (folder / "out" / "adapter" / "trainer_log.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "trainer_log.jsonl").write_text("".join(log[:2]))
    found = diagnose(tmp_path)
    assert not found.run.is_finished
    assert found.run.total == 2
    assert "still going" in found.notes[0]
