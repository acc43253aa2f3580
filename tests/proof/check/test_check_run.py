"""A training YAML beside the run it will be: its steps, its folders, its model, its validation."""

import json
import os
from typing import Any

import pytest
import yaml

from lf_qwen3.proof.check import check
from lf_qwen3.qwen3.thinking import frame

STEPS, ROWS = 6, 24
SOUND = {
    "model_name_or_path": "Qwen/Qwen3-4B",
    "stage": "sft",
    "do_train": True,
    "finetuning_type": "lora",
    "lora_target": "all",
    "dataset": "a",
    "eval_dataset": "v,w",
    "template": "qwen3",
    "enable_thinking": None,
    "output_dir": "out",
    "eval_strategy": "steps",
    "eval_steps": 0.1,
    "save_steps": 0.1,
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 4,
    "learning_rate": 1e-4,
    "num_train_epochs": 3.0,
}
BEST = {"load_best_model_at_end": True}
EACH = {**BEST, "eval_on_each_dataset": True}
GENERATES = {**BEST, "predict_with_generate": True}
AWQ = {"model_name_or_path": "Qwen/Qwen3-8B-AWQ"}
UNFIT = {"template_unfit", "thinking_as_text"}
NOTHINK = {"template": "qwen3_nothink"}


def write_rows(folder, name, rows):
    lines = [
        json.dumps({"instruction": f"{name} {n}?", "input": "", "output": answer})
        for n, answer in enumerate(rows)
    ]
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, rows in (("a", ROWS), ("v", 3), ("w", 3)):
        write_rows(tmp_path, name, [frame(f"Because of {name} {n}.", f"It is {n}.") for n in range(rows)])
    names = {"a": "a", "v": "v", "w": "w", "again": "a", "more": "a"}
    entries: dict[str, dict[str, Any]]
    entries = {name: {"file_name": f"{file}.jsonl"} for name, file in names.items()}
    entries["more"]["num_samples"] = 200 * ROWS
    (tmp_path / "dataset_info.json").write_text(json.dumps(entries), "utf-8")
    return tmp_path


def report_of(folder, without=(), **changes):
    settings = {key: value for key, value in {**SOUND, **changes}.items() if key not in without}
    (folder / "train.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    return check(folder, config=folder / "train.yaml", ask_trainer=False)


def codes_of(folder, without=(), **changes):
    return set(report_of(folder, without, **changes).counts)


def write_model(folder, name, kind="qwen3", chat_template="<|im_start|>", **config):
    (folder / name).mkdir(parents=True)
    (folder / name / "config.json").write_text(json.dumps({"model_type": kind, **config}), "utf-8")
    (folder / name / "chat_template.jinja").write_text(chat_template, "utf-8")


SETTINGS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, set()),
    # steps: 24 rows in batches of 4 x 4 are 2 steps an epoch
    ({"eval_steps": STEPS}, set()),
    ({"eval_steps": STEPS + 1}, {"eval_beyond_run"}),
    ({"eval_steps": None, "logging_steps": 500}, {"eval_beyond_run"}),
    ({"eval_steps": 500, "eval_strategy": "epoch"}, set()),
    ({"eval_steps": 500, "max_steps": 1000}, set()),
    ({"eval_steps": 500, "num_train_epochs": 300}, {"many_epochs"}),
    ({"eval_steps": 5, "max_samples": 16}, {"eval_beyond_run", "samples_left_out"}),
    ({"eval_steps": 5, "val_size": 8, "eval_dataset": None}, {"eval_beyond_run"}),
    ({"eval_steps": 500, "dataset": "more"}, set()),
    ({"eval_steps": 500, "packing": True, "neat_packing": True}, set()),
    ({"save_steps": 500}, {"save_beyond_run"}),
    ({"warmup_steps": 0.1}, set()),
    ({"warmup_steps": STEPS - 1}, set()),
    ({"warmup_steps": STEPS}, {"warmup_beyond_run"}),
    # what the best checkpoint is chosen by
    (BEST, set()),
    (EACH, {"best_not_measured"}),
    ({**EACH, "metric_for_best_model": "eval_loss"}, {"best_not_measured"}),
    ({**EACH, "metric_for_best_model": "eval_w_loss"}, set()),
    ({**EACH, "metric_for_best_model": "w_loss"}, set()),
    ({**EACH, "eval_dataset": "v", "metric_for_best_model": "loss"}, {"best_not_measured"}),
    (GENERATES, {"best_not_measured"}),
    ({**GENERATES, "metric_for_best_model": "rouge-l"}, set()),
    ({**BEST, "metric_for_best_model": "rouge-l"}, {"best_not_measured"}),
    ({**BEST, "metric_for_best_model": "accuracy"}, {"best_not_measured"}),
    ({**BEST, "metric_for_best_model": "accuracy", "compute_accuracy": True}, set()),
    ({"metric_for_best_model": "eval_bleu"}, {"best_not_measured"}),
    # the rows that validate
    ({"eval_dataset": "v,a"}, {"validated_on_training"}),
    ({"eval_dataset": "again"}, {"validated_on_training", "leak"}),
    ({"eval_dataset": "a", "do_train": False, "predict_with_generate": True, "do_predict": True}, set()),
    # layers
    ({"lora_target": "q_proj,v_porj"}, {"lora_target_unknown"}),
    ({"lora_target": ["q_proj", "self_attn.v_proj", "lm_head", "embed_tokens"]}, set()),
    ({"lora_target": "gate"}, {"lora_target_unknown"}),
    ({"lora_target": "all,q_proj"}, {"lora_target_unknown"}),
    ({"additional_target": "embed_tokens,lm_head,norm"}, set()),
    ({"additional_target": "embed_token"}, {"lora_target_unknown"}),
    ({"lora_target": "c_attn", "model_name_or_path": "Qwen/Qwen-7B", "template": "qwen"}, set()),
    # quantised already
    (AWQ, {"quantised_base"}),
    ({**AWQ, "quantization_bit": 4}, {"quantised_base", "quantised_twice"}),
    ({"model_name_or_path": "Qwen/Qwen3-8B-FP8", "quantization_bit": 4}, {"quantised_twice"}),
    ({**AWQ, "deepspeed": "ds_z3_config.json"}, {"quantised_base", "quantised_refused"}),
    ({**AWQ, "deepspeed": {"zero_optimization": {"stage": 2}}}, {"quantised_base"}),
    ({**AWQ, "deepspeed": {"zero_optimization": {"stage": 3}}}, {"quantised_base", "quantised_refused"}),
    ({"model_name_or_path": "Qwen/Qwen3-8B-FP8", "deepspeed": "ds_z3_config.json"}, set()),
    ({"quantization_bit": 8, "deepspeed": "ds_z3_config.json"}, {"quantised_refused"}),
    ({"quantization_bit": 4, "deepspeed": "ds_z3_config.json"}, set()),
    ({**AWQ, "use_dora": True}, {"quantised_base", "quantised_refused"}),
    ({"use_dora": True, "quantization_bit": 4}, {"quantised_refused"}),
    ({**AWQ, "finetuning_type": "full", "learning_rate": 1e-5}, {"quantised_refused"}),
    # a model by a name near a hub's
    ({"model_name_or_path": "/data/Qwen3-4B-sft", "template": "gpt"}, {*UNFIT, "trainer_refuses"}),
    (
        {"model_name_or_path": "me/medical-qwen3-4b", "template": "qwen"},
        {"template_unfit", "thinking_as_text"},
    ),
    ({"model_name_or_path": "saves/qwen3_4b_merged", **NOTHINK}, {"thinking_as_text"}),
    ({"model_name_or_path": "saves/qwen3_4b_merged", "template": "qwen3"}, set()),
    ({"model_name_or_path": "/models/Qwen3-4B-Base-ft"}, {"base_lora"}),
    ({"model_name_or_path": "saves/qwen3-4b/full/sft", "template": "chatml"}, set()),
    ({"model_name_or_path": "cache/models--Qwen--Qwen3-4B-Base/snapshots/0a1b"}, {"base_lora"}),
    ({"model_name_or_path": "Qwen/Qwen2.5-7B-Instruct", "template": "qwen"}, set()),
    ({"model_name_or_path": "deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", "template": "deepseekr1"}, set()),
]


def test_settings_beside_the_run(folder):
    wrong = {
        str(changes): (found, expected)
        for changes, expected in SETTINGS
        if (found := codes_of(folder, **changes)) != expected
    }
    assert not wrong


def test_the_numbers_and_the_cure_of_an_evaluation_beyond_the_run(folder):
    (finding,) = report_of(folder, eval_steps=500).findings
    assert "500" in finding.detail
    assert f"{STEPS} steps" in finding.detail
    assert "0.1" in finding.cure


def test_the_measures_there_are(folder):
    (finding,) = report_of(folder, **EACH).findings
    assert "eval_v_loss, eval_w_loss" in finding.detail


def test_continued_pre_training_needs_no_template_and_packs(folder):
    (folder / "p.jsonl").write_text('{"text": "A stone."}\n' * 24, "utf-8")
    entry = {"file_name": "p.jsonl", "columns": {"prompt": "text"}}
    (folder / "dataset_info.json").write_text(json.dumps({"p": entry}), "utf-8")
    changes = {"stage": "pt", "dataset": "p", "eval_steps": 500, "val_size": 0.1}
    assert codes_of(folder, ("template", "eval_dataset"), **changes) <= {"duplicate"}


def test_local_models(folder):
    write_model(folder, "mine")
    write_model(folder, "others", "llama")
    write_model(folder, "distilled", chat_template="<|User|>")
    write_model(folder, "packed", quantization_config={"quant_method": "bitsandbytes"})
    write_model(folder, "Qwen3-4B-AWQ")
    write_model(folder, "Qwen3-4B-Base-mine/checkpoint-9")
    expected: list[tuple[dict[str, Any], set[str]]] = [
        ({"model_name_or_path": "mine"}, set()),
        *(
            ({"model_name_or_path": "mine", "template": name}, UNFIT)
            for name in ("qwen", "default", "alpaca", None)
        ),
        ({"model_name_or_path": "mine", **NOTHINK}, {"thinking_as_text"}),
        ({"model_name_or_path": "mine", "lora_target": "c_attn"}, {"lora_target_unknown"}),
        ({"model_name_or_path": "others", "template": "llama3", "lora_target": "c_attn"}, set()),
        ({"model_name_or_path": "distilled", "template": "deepseekr1"}, set()),
        ({"model_name_or_path": "packed"}, {"quantised_base"}),
        ({"model_name_or_path": "Qwen3-4B-AWQ", "quantization_bit": 4}, set()),
        ({"model_name_or_path": "Qwen3-4B-Base-mine/checkpoint-9"}, {"base_lora"}),
    ]
    wrong = [
        (changes, found, codes)
        for changes, codes in expected
        if (found := codes_of(folder, **changes)) != codes
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("installed", "codes"),
    [
        ({"transformers": "5.5.4"}, {"experts_untouched"}),
        ({"transformers": "4.57.1"}, set()),
        ({}, set()),
    ],
)
def test_experts(folder, monkeypatch, installed, codes):
    monkeypatch.setattr("lf_qwen3.proof.known_broken.read_versions", lambda: installed)
    write_model(folder, "mine", "qwen3_moe")
    for model in ("mine", "Qwen/Qwen3-30B-A3B", "qwen3_30b_a3b_ft"):
        assert codes_of(folder, model_name_or_path=model) == codes
        attention = {"model_name_or_path": model, "lora_target": "q_proj,v_proj"}
        assert codes_of(folder, **attention) == set()
        router = codes_of(folder, model_name_or_path=model, lora_target="q_proj,gate")
        assert router == ({"lora_target_unknown"} if codes else set())


def test_an_export_over_a_quantised_checkpoint(folder):
    export = {"adapter_name_or_path": "saves/x", "template": "qwen3", "export_dir": "merged"}
    path = folder / "export.yaml"
    for model, codes in (("Qwen/Qwen3-32B-AWQ", ["quantised_refused"]), ("Qwen/Qwen3-32B", [])):
        path.write_text(yaml.safe_dump({"model_name_or_path": model, **export}), "utf-8")
        report = check(folder, config=path, ask_trainer=False)
        assert [finding.code for finding in report.findings] == codes
        assert all("use Qwen/Qwen3-32B:" in finding.cure for finding in report.findings)


def test_tokens_of_before(folder):
    tokens = folder / "tok"
    tokens.mkdir()
    assert codes_of(folder, tokenized_path="tok") == set()
    (tokens / "state.json").write_text("{}")
    assert codes_of(folder, tokenized_path="tok") == {"tokens_reused"}
    now = (folder / "a.jsonl").stat().st_mtime
    os.utime(tokens / "state.json", (now - 60, now - 60))
    assert codes_of(folder, tokenized_path="tok") == {"tokens_stale"}
    os.utime(tokens / "state.json", (now + 60, now + 60))
    assert codes_of(folder, tokenized_path="tok") == {"tokens_reused"}


def write_checkpoint(folder, step, most, epochs=3):
    checkpoint = folder / "out" / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    state = {"global_step": step, "max_steps": most, "num_train_epochs": epochs}
    (checkpoint / "trainer_state.json").write_text(json.dumps(state), "utf-8")


def test_a_finished_run_in_output_dir(folder):
    write_checkpoint(folder, 4, 6)
    assert codes_of(folder) == {"run_resumed"}
    write_checkpoint(folder, 10, 10)
    assert codes_of(folder) == {"run_finished"}
    assert codes_of(folder, resume_from_checkpoint=True) == {"run_finished"}
    assert codes_of(folder, overwrite_output_dir=True) == set()
    assert codes_of(folder, output_dir="other") == set()
    assert codes_of(folder, num_train_epochs=4, max_steps=20) == {"run_resumed"}
    assert codes_of(folder, stage="rm", finetuning_type="full", learning_rate=1e-5) == {"stage_unfit"}


def test_a_checkpoint_to_go_on_from(folder):
    assert codes_of(folder, resume_from_checkpoint="out/checkpoint-4") == {"resume_missing"}
    assert "resume_missing" not in codes_of(folder, resume_from_checkpoint=True)
    (folder / "out").mkdir()
    assert "resume_missing" in codes_of(folder, resume_from_checkpoint=True)
    write_checkpoint(folder, 4, 6)
    assert codes_of(folder, resume_from_checkpoint="out/checkpoint-4") == set()
    assert "resume_missing" not in codes_of(folder, resume_from_checkpoint=True)


def test_an_adapter_in_output_dir(folder):
    assert codes_of(folder, adapter_name_or_path="./out") == {"adapter_overwritten"}
    assert codes_of(folder, adapter_name_or_path="saves/other") == set()
