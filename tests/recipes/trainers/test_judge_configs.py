"""Configs of other trainers: whose they are, and which of their keys and values are wrong."""

import json
from pathlib import Path

import pytest
import yaml

from lf_qwen3.proof.check.check_datasets import check
from lf_qwen3.proof.validate import validate
from lf_qwen3.recipes import list_shipped
from lf_qwen3.recipes.trainers.judge import list_judged, recognise_trainer
from lf_qwen3.trainer import yaml_reader

AXOLOTL = {
    "base_model": "Qwen/Qwen3-4B",
    "datasets": [{"path": "a.jsonl", "ds_type": "json", "type": "input_output"}],
    "sequence_len": 2048,
    "micro_batch_size": 1,
    "num_epochs": 3,
    "adapter": "lora",
}
SWIFT = {
    "model": "Qwen/Qwen3-4B",
    "dataset": ["a.jsonl"],
    "tuner_type": "lora",
    "loss_scale": "last_round",
    "max_length": 2048,
}
TRL = {"model_name_or_path": "Qwen/Qwen3-4B", "dataset_name": "data", "use_peft": True, "lora_r": 8}
VERL = {
    "defaults": ["sft_trainer_engine", "_self_"],
    "model": {"path": "Qwen/Qwen3-4B", "lora_rank": 8},
    "data": {"train_files": "a.parquet", "max_length": 2048},
    "trainer": {"total_epochs": 3},
}
EASYR1 = {
    "data": {"train_files": "a.jsonl", "rollout_batch_size": 16, "max_prompt_length": 1024},
    "worker": {"actor": {"model": {"model_path": "Qwen/Qwen3-4B"}, "optim": {"lr": 1.0e-6}}},
    "algorithm": {"adv_estimator": "grpo"},
}
OWN: dict[str, dict] = {"axolotl": AXOLOTL, "easyr1": EASYR1, "ms-swift": SWIFT, "trl": TRL, "verl": VERL}


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a YAML of settings and returns its path."""

    def make(settings, head=""):
        file = tmp_path / "train.yaml"
        file.write_text(head + yaml.safe_dump(settings, sort_keys=False), "utf-8")
        return file

    return make


@pytest.mark.parametrize("name", OWN)
def test_a_config_is_known_by_its_keys_alone_and_is_valid(write, name):
    verdict = validate(write(OWN[name]))
    assert (verdict.dialect, verdict.findings) == (name, [])
    assert name in verdict.notes[0]


def test_the_head_goes_before_the_keys(write):
    reading = yaml_reader.read(write({"model_name_or_path": "x"}, "# trainer: axolotl 0.21.0\n"))
    assert recognise_trainer(reading).name == "axolotl"


@pytest.mark.parametrize("recipe", list_shipped(), ids=lambda recipe: recipe.name)
def test_a_recipe_of_llamafactory_is_no_other_trainers(recipe):
    assert recognise_trainer(yaml_reader.read(recipe.path)) is None


@pytest.mark.parametrize(
    ("name", "extra", "code", "cure"),
    [
        ("axolotl", {"lora_rank": 16}, "gone_key", "write lora_r"),
        ("axolotl", {"num_epoch": 3}, "unknown_key", "did you mean num_epochs?"),
        ("axolotl", {"adapter": "lorra"}, "wrong_value", "did you mean lora?"),
        ("axolotl", {"trl": {"num_generation": 8}}, "unknown_key", "did you mean trl.num_generations?"),
        ("ms-swift", {"train_type": "lora"}, "gone_key", "write tuner_type"),
        ("ms-swift", {"rlhf_typ": "dpo"}, "unknown_key", "did you mean rlhf_type?"),
        ("ms-swift", {"beta": 0.1}, "command_key", "remove it: this file is for sft"),
        ("ms-swift", {"max_length": "2k"}, "wrong_value", "write a whole number"),
        ("ms-swift", {"tuner_type": "qlora"}, "wrong_value", "did you mean lora?"),
        ("trl", {"max_seq_length": 2048}, "gone_key", "write max_length"),
        ("trl", {"cutoff_lenn": 2048}, "unknown_key", "remove it"),
        ("trl", {"bf16": "maybe"}, "wrong_value", "write true or false"),
        ("easyr1", {"data": {"train_batch_size": 8}}, "gone_key", "write data.rollout_batch_size"),
        ("easyr1", {"algorithm": {"adv_estimater": "grpo"}}, "unknown_key", "algorithm.adv_estimator?"),
        ("easyr1", {"worker": {"rollout": {"n": "eight"}}}, "wrong_value", "write a whole number"),
        ("easyr1", {"algorithm": {"kl_type": "fix"}}, "wrong_value", "did you mean fixed?"),
        ("trl", {"packing": True, "num_generations": 8, "epsilon": 0.2}, "command_key", "for grpo"),
        ("verl", {"model": {"partial_pretrain": "x"}}, "gone_key", "write model.path"),
        ("verl", {"data": {"max_lenght": 1}}, "unknown_key", "did you mean data.max_length?"),
        ("verl", {"defaults": ["sft_trainer"]}, "gone_key", "sft_trainer_engine"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_cure(write, name, extra, code, cure):
    settings: dict = {**OWN[name]}
    for key, value in extra.items():
        settings[key] = settings.get(key, {}) | value if isinstance(value, dict) else value
    file = write(settings)
    (finding,) = validate(file).findings
    assert (finding.code, finding.severity) == (code, "error")
    assert cure in finding.hint
    line = file.read_text("utf-8").splitlines()[finding.row - 1]
    assert line.strip().startswith(f"{finding.key.split('.')[-1]}:")
    assert finding.key.split(".") == list_names(extra)
    (error,) = check(config=file).errors
    assert (error.code, error.row) == ("yaml_key", finding.row)


def list_names(extra):
    """Return the sections that lead to the first key, and that key."""
    name, value = next(iter(extra.items()))
    return [name, *(list_names(value) if isinstance(value, dict) else ())]


def test_no_data_are_read_for_another_trainers_config(write):
    report = check(config=write(SWIFT))
    assert report.is_clean
    assert not report.datasets
    assert "ms-swift" in report.notes[0]


def test_a_section_that_takes_any_key_is_not_looked_into(write):
    grpo = {"defaults": ["ppo_trainer", "_self_"], "reward": {"reward_kwargs": {"max_resp_len": 8}}}
    grpo |= {"data": {"max_prompt_length": 1, "apply_chat_template_kwargs": {"enable_thinking": True}}}
    verdict = validate(write(grpo))
    assert (verdict.dialect, verdict.findings) == ("verl", [])


def test_each_trainers_keys_were_read_from_the_version_it_names():
    folder = Path(__file__).parents[3] / "recipes" / "trainers"
    versions = {file.stem: json.loads(file.read_text("utf-8"))["version"] for file in folder.glob("*.json")}
    assert versions == {name: trainer.version for name, trainer in list_judged().items()}
