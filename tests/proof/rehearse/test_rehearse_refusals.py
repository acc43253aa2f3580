"""What a rehearsal switches off or changes is judged before: no model is made, no trainer started."""

import json
import os
from pathlib import Path
from typing import ClassVar

import pytest

from lf_qwen3.base.progress import NoProgress
from lf_qwen3.proof import rehearse
from lf_qwen3.proof.rehearse.failure_context import FailureContext
from lf_qwen3.proof.rehearse.refusals import find_unseen_faults
from lf_qwen3.trainer.ask import TrainerAnswer

BASE = {
    "model_name_or_path": "Qwen/Qwen3-4B",
    "stage": "sft",
    "do_train": True,
    "finetuning_type": "lora",
    "dataset": "a",
    "dataset_dir": "data",
    "template": "qwen3",
    "output_dir": "saves/mine",
}


class _ReachedError(Exception):
    pass


class _Question:
    """The trainer, as it answers where `answer` says so; else it takes everything."""

    answer = TrainerAnswer(True)
    asked: ClassVar[list[Path]] = []

    def __init__(self, path, dialect, command):
        self.asked.append(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def wait(self):
        return self.answer


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Return a function that rehearses settings and gives the verdict; to make a model is an error."""

    def reached(*_):
        raise _ReachedError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lf_qwen3.proof.rehearse.model.prepare_model", reached)
    monkeypatch.setattr("lf_qwen3.trainer.process.require_installed", lambda: None)
    monkeypatch.setattr("lf_qwen3.trainer.ask.TrainerQuestion", _Question)
    Path("data").mkdir()
    Path("data/a.jsonl").write_text('{"instruction": "q", "input": "", "output": "a"}\n')
    Path("data/dataset_info.json").write_text('{"a": {"file_name": "a.jsonl"}}')

    def run(**settings) -> rehearse.RehearsalVerdict:
        lines = [f"{key}: {json.dumps(value)}" for key, value in {**BASE, **settings}.items()]
        Path("train.yaml").write_text("\n".join(lines) + "\n")
        return rehearse.rehearse(rehearse.RehearsalRequest(Path("train.yaml")), NoProgress())

    return run


def write_state(folder, step, **state):
    folder.mkdir(parents=True)
    known = {"global_step": step, "max_steps": 6, "num_train_epochs": 3, "epoch": 3.0, **state}
    (folder / "trainer_state.json").write_text(json.dumps(known))


REFUSED: list[tuple[dict[str, object], str, str, str]] = [
    ({"learning_rat": 1}, "learning_rat", "has no such key", "learning_rate?"),
    ({"dataset": "aa"}, "dataset", "aa", "register"),
    ({"eval_dataset": "b"}, "eval_dataset", "b", "register"),
    ({"template": "qwen-3"}, "template", "Template qwen-3 does not exist", "mean qwen3?"),
    ({"lr_scheduler_type": "cosin"}, "lr_scheduler_type", "cosin", "did you mean cosine?"),
    ({"stage": "dpo", "mask_history": True}, "mask_history", "except SFT", "stage: sft"),
    ({"stage": "dpo"}, "stage", "a is sft data, stage dpo needs ranking", "preference pairs"),
    ({"val_size": 0.1, "eval_dataset": "a"}, "val_size", "Cannot specify", "keep eval_dataset"),
    ({"eval_strategy": "steps"}, "eval_strategy", "make sure eval_dataset", "val_size"),
    ({"dataset": None}, "do_train", "specify dataset", "dataset: NAME"),
    ({"streaming": True}, "streaming", "specify `max_steps`", "max_steps"),
    ({"finetuning_type": "full", "quantization_bit": 4}, "quantization_bit", "compatible", "lora"),
    (
        {"load_best_model_at_end": True, "eval_dataset": "a", "eval_strategy": "epoch"},
        "load_best_model_at_end",
        "strategy to match",
        "set save_strategy to eval_strategy",
    ),
]


def test_what_the_trainer_refuses_is_refused_in_its_words_with_a_cure(refused):
    wrong = {}
    for settings, key, message, hint in REFUSED:
        fault = refused(**settings).fault
        if fault.key != key or message not in fault.message or hint not in fault.hint or fault.line is None:
            wrong[str(settings)] = fault
    assert wrong == {}
    assert _Question.asked == []


def test_the_trainer_is_asked_about_the_unchanged_yaml_before_a_model_is_made(refused, monkeypatch):
    answer = TrainerAnswer(True, "ValueError: Cannot open data/dataset_info.json due to a fault.")
    monkeypatch.setattr(_Question, "asked", [])
    monkeypatch.setattr(_Question, "answer", answer)
    verdict = refused(bf16=True)
    assert _Question.asked == [Path("train.yaml")]
    assert (verdict.fault.key, verdict.fault.line) == ("dataset_dir", 6)
    assert "Cannot open data/dataset_info.json due to a fault." in verdict.fault.message


def test_what_was_stood_in_for_is_noted(refused, monkeypatch):
    answer = TrainerAnswer(True, "", ["a GPU"], ["the trainer was asked as if this machine had a GPU"])
    monkeypatch.setattr(_Question, "answer", answer)
    notes: list[str] = []
    monkeypatch.setattr(
        "lf_qwen3.proof.rehearse.run._Rehearsal.make_model", lambda self, _: notes.extend(self.verdict.notes)
    )
    monkeypatch.setattr("lf_qwen3.proof.rehearse.run._Rehearsal.train", lambda self, _: None)
    monkeypatch.setattr("lf_qwen3.proof.rehearse.run._Rehearsal.generate", lambda self, _: None)
    assert refused(bf16=True).passed
    assert notes == answer.notes


def test_a_checkpoint_to_go_on_from_has_to_be_there(refused):
    fault = refused(resume_from_checkpoint="saves/gone/checkpoint-9").fault
    assert (fault.key, fault.line) == ("resume_from_checkpoint", 9)
    assert "saves/gone/checkpoint-9" in fault.message
    assert "remove the key" in fault.hint


def test_an_adapter_that_is_not_there_yet_is_a_note(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_state(tmp_path / "saves/a", 6)
    Path("saves/a/adapter_config.json").write_text("{}")
    noted = {}
    for name in ("saves/b/adapter", "./a", "saves/gone", "saves/a", "owner/name"):
        context = FailureContext({**BASE, "adapter_name_or_path": name})
        fault, notes = find_unseen_faults(context, {"adapter_name_or_path"})
        noted[name] = (fault, [note.split(":")[0].rpartition(" ")[2] for note in notes])
    missing = (None, ["adapter_missing"])
    assert noted == {**dict.fromkeys(noted, missing), "saves/a": (None, []), "owner/name": (None, [])}


def test_tokens_that_are_older_than_the_data_are_refused(refused):
    Path("tokens").mkdir()
    Path("tokens/state.json").write_text("{}")
    os.utime("tokens/state.json", (1, 1))
    fault = refused(tokenized_path="tokens").fault
    assert fault.key == "tokenized_path"
    assert "older than the data" in fault.message


def test_a_finished_run_in_output_dir_is_refused(refused, tmp_path):
    write_state(tmp_path / "saves/mine/checkpoint-6", 6)
    fault = refused(num_train_epochs=3.0, stage="sft").fault
    assert fault.key == "output_dir"
    assert "overwrite_output_dir: true" in fault.hint


def test_a_best_checkpoint_that_is_never_saved_is_refused(refused):
    settings = {"eval_dataset": "a", "eval_strategy": "steps", "eval_steps": 30, "save_steps": 100}
    fault = refused(load_best_model_at_end=True, **settings).fault
    assert fault.key == "save_steps"


def test_what_is_sound_goes_on_and_what_stops_no_run_is_a_note(refused, monkeypatch):
    with pytest.raises(_ReachedError):
        refused(adapter_name_or_path="owner/a", quantization_bit=4, deepspeed="ds_z2.json", bf16=1)


def test_what_stops_no_run_is_a_note():
    settings = {**BASE, "model_name_or_path": "Qwen/Qwen3-4B-Base", "hub_token": "hf_x"}
    fault, notes = find_unseen_faults(FailureContext(settings), {"hub_token"})
    assert fault is None
    assert any(note.startswith("lf-qwen3 check says base_lora: ") for note in notes)
    assert any("yaml_secret" in note for note in notes)
