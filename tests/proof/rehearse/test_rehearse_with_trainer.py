"""Whole rehearsals by the real trainer: pt, kto, dpo with experts, and a file that cannot train.

A rehearsal of sft stands in tests/board and tests/e2e; `make rehearse` runs every recipe.
"""

import json
import math
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.proof import rehearse
from lf_qwen3.recipes import find_recipe
from tests.needs import require

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow, pytest.mark.usefixtures("warm_trainer")]
ROOT = Path(__file__).parents[3]
STEPS = 2


@pytest.fixture
def run(monkeypatch, tmp_path, cache_home, small_tokenizer):
    """Return a function that rehearses a YAML, and makes sure that nothing is left behind."""
    require("llamafactory")
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    def rehearsed(yaml: Path, rows: int = 8, **options) -> rehearse.RehearsalVerdict:
        options = {"tokenizer": str(small_tokenizer), **options}
        verdict = rehearse.rehearse(
            rehearse.RehearsalRequest(yaml, steps=STEPS, rows=rows, **options), NoProgress()
        )
        left = [path for path in scratch.iterdir() if path.name.startswith("lf-qwen3")]
        assert left == ([Path(verdict.folder)] if verdict.folder else [])
        return verdict

    return rehearsed


def rehearse_recipe(run, name, **options):
    """Rehearse a shipped recipe over two rows, and return the verdict of its training."""
    recipe = find_recipe(name)
    before = sorted(ROOT.glob("*"))
    verdict = run(recipe.path, rows=2, **options)
    assert verdict.fault is None
    assert (verdict.method, verdict.steps, verdict.records) == (recipe.method, STEPS, 2)
    assert len(verdict.losses) == STEPS
    assert verdict.eval_loss is not None
    assert "bf16" in {change.key for change in verdict.changes}
    assert sorted(ROOT.glob("*")) == before
    return verdict


def test_a_recipe_for_texts_trains_and_writes_with_qwens_own_tokens(run, monkeypatch, tiny):
    monkeypatch.chdir(ROOT)
    verdict = rehearse_recipe(run, "full-pt", tokenizer=None)
    assert verdict.answers
    assert not any("<|im_start|>assistant" in answer.prompt for answer in verdict.answers)


def test_a_recipe_for_feedback_trains_where_the_packages_to_write_are_missing(run, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("lf_qwen3.proof.rehearse.run.METRIC_PARTS", ("no_such_part",))
    verdict = rehearse_recipe(run, "lora-kto")
    assert verdict.answers == []
    assert verdict.notes[-1].endswith("pip install no-such-part")


def write(folder: Path, **settings) -> Path:
    base = {
        "model_name_or_path": "Qwen/Qwen3-30B-A3B",
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "dataset_dir": str(folder / "data"),
        "template": "qwen3",
        "output_dir": "saves/mine",
    }
    lines = [f"{key}: {json.dumps(value)}" for key, value in {**base, **settings}.items()]
    (folder / "train.yaml").write_text("\n".join(lines) + "\n")
    return folder / "train.yaml"


@pytest.fixture
def pairs(tmp_path, monkeypatch):
    """Make ranking data of which two rows cannot be learnt, and go there."""
    monkeypatch.chdir(tmp_path)
    chosen, rejected = {"from": "gpt", "value": "好"}, {"from": "gpt", "value": "坏"}
    rows = [
        {
            "conversations": [{"from": "human" if number not in (2, 5) else "gpt", "value": f"问 {number}"}],
            "chosen": chosen,
            "rejected": rejected,
        }
        for number in range(1, 9)
    ]
    columns = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
    info = {
        "pairs": {"file_name": "pairs.jsonl", "formatting": "sharegpt", "ranking": True, "columns": columns}
    }
    (tmp_path / "data").mkdir()
    (tmp_path / "data/dataset_info.json").write_text(json.dumps(info))
    (tmp_path / "data/pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_dpo_with_experts_and_everything_that_needs_a_gpu(run, pairs, small_tokenizer):
    gpu = {"bf16": True, "quantization_bit": 4, "deepspeed": "ds_z3.json", "flash_attn": "fa2"}
    (pairs / "ds_z3.json").write_text(json.dumps({"zero_optimization": {"stage": 3}}))
    yaml = write(pairs, stage="dpo", dataset="pairs", pref_beta=0.1, optim="paged_adamw_8bit", **gpu)
    verdict = run(yaml)
    assert verdict.fault is None
    assert (verdict.method, verdict.records, verdict.steps) == ("qlora dpo", 6, STEPS)
    assert verdict.losses[0] == pytest.approx(0.6931, abs=0.01)
    assert verdict.model.startswith("a tiny Qwen3 mixture of experts")
    assert verdict.tokenizer == str(small_tokenizer)
    assert verdict.answers
    assert all("<|im_start|>assistant" in answer.prompt for answer in verdict.answers)
    assert {change.key for change in verdict.changes} == {*gpu, "optim"}
    assert "drops 2 of 8 rows, the first at " + str(pairs / "data/pairs.jsonl:2") in verdict.notes[-1]
    assert any("as if this machine had" in note for note in verdict.notes)
    assert sorted(path.name for path in pairs.iterdir()) == ["data", "ds_z3.json", "tmp", "train.yaml"]


def test_what_cannot_train_is_told_and_its_log_is_kept(run, pairs, monkeypatch):
    def fail(yaml, log, *_):
        log.write_text("ValueError: Target modules {'qproj'} not found in the base model.\n")
        raise LfQwen3Error("the trainer failed")

    monkeypatch.setattr("lf_qwen3.trainer.process.train", fail)
    verdict = run(write(pairs, dataset="pairs", stage="dpo", lora_target="qproj"))
    assert verdict.fault is not None
    assert (verdict.fault.key, verdict.fault.line) == ("lora_target", 9)
    assert "lora_target: all" in verdict.fault.hint
    assert "Target modules" in Path(verdict.log).read_text()
    assert (Path(verdict.folder) / "train.yaml").is_file()


@pytest.mark.parametrize("losses", [[13.1, math.nan], []], ids=["nan", "none logged"])
def test_a_loss_that_is_no_number_fails(run, pairs, monkeypatch, losses):
    monkeypatch.setattr("lf_qwen3.trainer.process.train", lambda yaml, log, *_: log.write_text("said"))
    monkeypatch.setattr("lf_qwen3.trainer.process.losses", lambda folder: losses)
    verdict = run(write(pairs, dataset="pairs", stage="dpo", cutoff_len=64))
    assert verdict.fault is not None
    assert (verdict.fault.key, verdict.fault.line) == ("cutoff_len", 9)
    assert Path(verdict.log).is_file()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"do_train": False}, "not_a_training"),
        ({"stage": "ppo", "reward_model": "saves/rm"}, "not_rehearsed"),
    ],
    ids=["predicts", "ppo"],
)
def test_what_rehearse_does_not_take(run, pairs, settings, code):
    yaml = write(pairs, dataset="pairs", **settings)
    with pytest.raises(UsageError) as error:
        run(yaml)
    assert error.value.code == code


def test_the_trainer_is_not_started_for_a_key_it_does_not_have(run, pairs, monkeypatch):
    monkeypatch.setattr("lf_qwen3.trainer.process.train", None)
    verdict = run(write(pairs, dataset="pairs", learning_rat=1))
    assert verdict.fault is not None
    assert (verdict.fault.key, verdict.fault.line, verdict.folder) == ("learning_rat", 9, "")
    assert verdict.fault.hint == "did you mean learning_rate?"


def test_a_tokenizer_that_is_not_there_is_a_usage_error(run, pairs):
    with pytest.raises(UsageError, match="there is no folder nowhere"):
        run(write(pairs, dataset="pairs", stage="dpo"), tokenizer="nowhere")
