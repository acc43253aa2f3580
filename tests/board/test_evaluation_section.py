"""Section Evaluation presets without gradio, with a stand-in for the trainer that runs as a process."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress, Status
from lf_qwen3.board.handlers import evaluation, evaluation_files, run_folders
from lf_qwen3.board.jobs import CancelledError, Job
from lf_qwen3.trainer import yaml_reader
from tests.needs import require

require("jieba", "rouge_chinese", "numpy")

RUN = "saves/Qwen3-4B-Thinking/lora/train_1"
ROWS = 12

# Stands for `llamafactory-cli train PREDICT.yaml`: the base answers half of what the tuned model does.
TRAINER = """
import json, os, signal, sys
from pathlib import Path
from lf_qwen3.trainer import yaml_reader
settings = yaml_reader.read(Path(sys.argv[2])).settings
out = Path(settings["output_dir"])
out.mkdir(parents=True, exist_ok=True)
is_tuned = "adapter_name_or_path" in settings
log = {"current_steps": 1, "total_steps": 2}
(out / "trainer_log.jsonl").write_text(json.dumps(log) + "\\n")
if os.environ.get("STAND_IN_STOPS") in (out.name, "both"):
    with open(os.environ["STAND_IN_PIPE"], "w") as pipe:
        pipe.write("stopped")
        pipe.flush()
        signal.pause()
if os.environ.get("STAND_IN_FAILS"):
    sys.exit("ValueError: no such model")
with open(Path(settings["dataset_dir"]) / "sums_test.jsonl", encoding="utf-8") as file:
    rows = [json.loads(line) for line in file][: settings["max_samples"]]
with (out / "generated_predictions.jsonl").open("w", encoding="utf-8") as file:
    for one in rows:
        answer = one["output"] if is_tuned else one["output"][:14]
        prompt = "<|im_start|>user\\n" + one["instruction"] + "<|im_end|>\\n<|im_start|>assistant\\n"
        file.write(json.dumps({"prompt": prompt, "predict": answer, "label": one["output"]}) + "\\n")
(out / "predict_results.json").write_text("{}")
"""

SETTINGS = """
stage: sft
do_train: true
model_name_or_path: Qwen/Qwen3-4B
finetuning_type: lora
template: qwen3
enable_thinking: null
dataset: sums_train
dataset_dir: data
cutoff_len: 256
preprocessing_num_workers: 16
use_swanlab: true
swanlab_api_key: geheim
output_dir: saves/Qwen3-4B-Thinking/lora/train_1
"""


@pytest.fixture
def trained(here, monkeypatch):
    """Return the folder of a board with a trained run, its datasets, and the stand-in for the trainer."""
    run = here / RUN
    run.mkdir(parents=True)
    (run / "training_args.yaml").write_text(SETTINGS, "utf-8")
    log = [{"current_steps": step, "total_steps": 90, "loss": 2 - step / 90} for step in range(10, 100, 10)]
    (run / "trainer_log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in log), "utf-8")
    (run / "adapter_model.safetensors").write_bytes(b"weights")
    register(here, "sums_train", "sums_test")
    package = here.parent / "stand_in" / "llamafactory"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(TRAINER, "utf-8")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), *sys.path]))
    return here


def register(here, *names):
    rows = [
        {
            "instruction": f"What is {n} + {n}?",
            "input": "",
            "output": f"The sum of the two numbers is {n + n}.",
        }
        for n in range(ROWS)
    ]
    (here / "data").mkdir(exist_ok=True)
    for name in names:
        lines = "".join(json.dumps(one) + "\n" for one in rows)
        (here / "data" / f"{name}.jsonl").write_text(lines, "utf-8")
    entries = {name: {"file_name": f"{name}.jsonl"} for name in names}
    (here / "data" / "dataset_info.json").write_text(json.dumps(entries), "utf-8")


def asked(**changes):
    given: dict[str, Any] = {
        "run": RUN,
        "rows": None,
        "preset": "quick",
        "new_tokens": 64,
        "dataset_dir": "data",
    }
    return evaluation.request(**(given | changes))


def files(here):
    return {str(one.relative_to(here)) for one in here.rglob("*") if one.is_file()}


class Recorded(NoProgress):
    """Keeps the phase of every status."""

    def __init__(self):
        self.phases = []

    def update(self, status):
        self.phases.append(status.phase)


def test_base_and_tuned_are_run_and_compared(trained):
    progress = Recorded()
    before = files(trained)
    state = evaluation.predict(asked(), progress)
    assert (state["answered"], state["rows"], state["kept"]) == ("sums_test", ROWS, 0)
    assert state["runs"] == ["base", "tuned"]
    assert state["headline"]["tone"] == "better"
    assert list(dict.fromkeys(progress.phases)) == ["base", "tuned", "scoring"]
    out = Path(state["folder"])
    assert out == Path("saves/evaluations/Qwen3-4B-Thinking/lora/train_1/sums_test-quick")
    assert {"report.html", "report.md", "scores.json"} <= {one.name for one in out.iterdir()}
    assert all(one.startswith("saves/evaluations/") for one in files(trained) - before)
    assert not list(out.glob(".*"))


def test_the_yaml_files_say_what_was_chosen_and_no_secret(trained):
    place, notes = evaluation_files.plan(asked(new_tokens=77, preset="test-500"))
    paths = {name: trained / name for name in place.texts}
    for name, path in paths.items():
        path.write_text(place.texts[name], "utf-8")
        assert "geheim" not in place.texts[name]
        assert "max_new_tokens: 77\n" in place.texts[name], "without what is said of another number"
    base, tuned = (yaml_reader.read(path).settings for path in paths.values())
    assert base["max_new_tokens"] == tuned["max_new_tokens"] == 77
    assert base["max_samples"] == 500
    assert base["enable_thinking"] is None
    assert "adapter_name_or_path" not in base
    assert tuned["adapter_name_or_path"] == RUN
    assert {key for key in tuned if base.get(key) != tuned[key]} == {"adapter_name_or_path", "output_dir"}
    assert notes == []


def test_what_has_not_changed_is_kept(trained):
    evaluation.predict(asked(), NoProgress())
    assert evaluation.predict(asked(), NoProgress())["kept"] == 2
    assert evaluation.predict(asked(new_tokens=65), NoProgress())["kept"] == 0


def test_without_a_test_split_a_note_says_what_is_answered(trained):
    register(trained, "sums_train", "sums_val")
    place, notes = evaluation_files.plan(asked())
    assert place.rows == "sums_val"
    assert "sums_val" in notes[0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"run": None}, "nothing_chosen", id="no-run"),
        pytest.param({"run": "../elsewhere"}, "path_outside", id="run-outside"),
        pytest.param({"run": "saves/none"}, "file_missing", id="run-missing"),
        pytest.param({"dataset_dir": "/etc"}, "path_outside", id="data-outside"),
        pytest.param({"preset": "../quick"}, "unknown_preset", id="preset-unknown"),
        pytest.param({"preset": "thinking"}, "unknown_preset", id="preset-of-another-group"),
        pytest.param({"new_tokens": 0}, "option_value", id="no-tokens"),
        pytest.param({"new_tokens": None}, "option_value", id="tokens-empty"),
        pytest.param({"new_tokens": 10**9}, "option_value", id="too-many-tokens"),
        pytest.param({"is_demo": True}, "demo_mode", id="demo"),
    ],
)
def test_what_will_not_do_is_refused_at_once(trained, changes, code):
    with pytest.raises(UsageError, check=lambda error: error.code == code) as caught:
        asked(**changes)
    assert caught.value.hint


def spoil_settings(run):
    (run / "training_args.yaml").unlink()


def spoil_weights(run):
    (run / "adapter_model.safetensors").unlink()


@pytest.mark.parametrize(
    ("spoil", "changes", "code"),
    [
        pytest.param(spoil_settings, {}, "no_settings", id="no-settings"),
        pytest.param(spoil_weights, {}, "weights_missing", id="no-weights"),
        pytest.param(lambda run: None, {"rows": "nothing"}, "dataset_not_registered", id="unknown-dataset"),
        pytest.param(
            lambda run: None, {"rows": "sums"}, "dataset_not_answerable", id="no-dataset-of-that-name"
        ),
    ],
)
def test_what_is_missing_is_told_before_anything_is_written(trained, spoil, changes, code):
    spoil(trained / RUN)
    before = files(trained)
    with pytest.raises(UsageError, check=lambda error: error.code == code) as caught:
        evaluation.predict(asked(**changes), NoProgress())
    assert caught.value.hint
    assert files(trained) == before


def test_a_train_yaml_that_leads_outside_is_refused(trained, outside):
    folder = outside.parent / "others_run"
    folder.mkdir()
    (folder / "trainer_log.jsonl").write_text('{"current_steps": 1, "loss": 1}\n', "utf-8")
    (trained / "saves" / "mine").mkdir()
    (trained / "saves" / "mine" / "train.yaml").write_text(f"output_dir: {folder}\n", "utf-8")
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        evaluation.predict(asked(run="saves/mine"), NoProgress())


@pytest.mark.parametrize("name", ["../../../../../evil", "a/b", ".hidden", "漢字 1", ".."])
def test_a_dataset_of_any_name_leads_nowhere_but_to_saves(here, name):
    folder = evaluation_files.evaluation_folder(Path(RUN), f"{name}-quick")
    assert folder.parent == Path("saves/evaluations/Qwen3-4B-Thinking/lora/train_1")
    assert not folder.name.startswith(".")


def test_a_trainer_that_fails_is_told_with_its_log(trained, monkeypatch):
    monkeypatch.setenv("STAND_IN_FAILS", "1")
    with pytest.raises(LfQwen3Error, match="no such model") as caught:
        evaluation.predict(asked(), NoProgress())
    log = caught.value.hint.split()[-1]
    assert "no such model" in Path(log).read_text("utf-8")
    assert not list(Path(log).parent.glob(".*"))


def cancel_while_it_predicts(here, monkeypatch, which):
    """Start a run as the page does and cancel it while the trainer works; return when the trainer is gone."""
    monkeypatch.setenv("STAND_IN_STOPS", which)
    monkeypatch.setenv("STAND_IN_PIPE", str(here.parent / "pipe"))
    os.mkfifo(here.parent / "pipe")
    job = Job.start("evaluation.predict", asked())
    messages = iter(job)
    assert isinstance(next(messages), Status)
    with (here.parent / "pipe").open() as pipe:  # opens when the trainer has opened it too
        assert pipe.read(7) == "stopped"
        job.cancel()
        with pytest.raises(CancelledError):
            list(messages)
        assert not job.is_running
        assert pipe.read() == ""  # the trainer was the last that held it
    monkeypatch.setenv("STAND_IN_STOPS", "")


def test_cancelled_it_leaves_no_process_and_no_file(trained, monkeypatch):
    before = files(trained)
    cancel_while_it_predicts(trained, monkeypatch, "both")
    assert files(trained) == before
    assert not (trained / "saves" / "evaluations").exists()


def test_cancelled_half_way_it_keeps_what_was_finished(trained, monkeypatch):
    cancel_while_it_predicts(trained, monkeypatch, "predict_tuned")
    out = trained / "saves/evaluations/Qwen3-4B-Thinking/lora/train_1/sums_test-quick"
    assert (out / "predict_base" / "generated_predictions.jsonl").is_file()
    assert not (out / "predict_tuned").exists()
    assert evaluation.predict(asked(), NoProgress())["kept"] == 1


def test_nobody_evaluates_the_same_twice_at_once(trained):
    place, _ = evaluation_files.plan(asked())
    with (
        evaluation_files.locked(place.folder),
        pytest.raises(LfQwen3Error, check=lambda error: error.code == "lock_timeout"),
        evaluation_files.locked(place.folder),
    ):
        pass


def test_the_run_and_its_predictions_are_offered(trained):
    assert run_folders.trainings() == [RUN]
    evaluation.predict(asked(), NoProgress())
    out = "saves/evaluations/Qwen3-4B-Thinking/lora/train_1/sums_test-quick"
    assert run_folders.trainings() == [RUN]
    assert set(run_folders.predictions()) == {f"{out}/predict_base", f"{out}/predict_tuned"}
