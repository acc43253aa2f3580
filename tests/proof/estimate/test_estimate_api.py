"""`estimate` as a function: the same figures as the command line, as a frame and in a notebook."""

import json

import pytest
from click.testing import CliRunner

from lf_qwen3.base.errors import UsageError
from lf_qwen3.cli import cli
from lf_qwen3.proof.estimate import TrainingPlan, estimate, estimate_memory, smallest_card

YAML = """\
model_name_or_path: Qwen/Qwen3-4B
do_train: true
finetuning_type: lora
template: qwen3
cutoff_len: 1024
dataset: missing
"""


def test_a_model_and_a_method():
    result = estimate("Qwen3-8B", method="qlora", cutoff_len=4096, batch=2, gpus=2, lora_rank=16)
    plan = TrainingPlan.named("Qwen3-8B", method="qlora", cutoff_len=4096, batch=2, gpus=2, rank=16)
    assert result.plan == plan
    assert result.total == estimate_memory(plan).total
    assert result.card == smallest_card(result.total)
    assert result.data is None


def test_a_yaml_and_what_wins_over_it(tmp_path):
    config = tmp_path / "train.yaml"
    config.write_text(YAML, "utf-8")
    result = estimate(config=config)
    assert (result.plan.model, result.plan.cutoff_len, result.plan.method) == ("Qwen/Qwen3-4B", 1024, "lora")
    assert any("not counted" in note for note in result.notes)
    changed = estimate("Qwen3-8B", config=str(config), cutoff_len=512, method="full")
    assert (changed.plan.model, changed.plan.cutoff_len, changed.plan.method) == ("Qwen3-8B", 512, "full")


def test_a_dataset_that_is_named_must_be_there(tmp_path):
    with pytest.raises(UsageError):
        estimate("Qwen3-8B", method="lora", dataset="gone", dataset_dir=tmp_path)


def test_the_frame_adds_up_to_the_total():
    result = estimate("Qwen3-0.6B", method="full")
    parts = result.to_frame()
    assert parts.columns == ["part", "bytes", "gib"]
    assert parts["bytes"].sum() == result.total
    assert parts["gib"].sum() == pytest.approx(result.total / 2**30)


def test_a_notebook_shows_every_part_and_the_card():
    result = estimate("Qwen3-8B", method="lora")
    page = result._repr_html_()
    assert all(part in page for part in result.to_frame()["part"])
    assert result.card.label in page


def test_the_command_line_prints_the_same():
    printed = (
        CliRunner().invoke(cli, ["estimate", "--model", "Qwen3-8B", "--method", "lora", "--json"]).stdout
    )
    assert json.loads(printed) == json.loads(json.dumps(estimate("Qwen3-8B", method="lora").as_json()))


@pytest.mark.parametrize(
    ("model", "options", "code"),
    [
        (None, {}, "option_missing"),
        ("Qwen3-8B", {}, "option_missing"),
        ("Qwen3-8B", {"method": "lor"}, "option_value"),
        ("Qwen3-8B", {"method": "lora", "cutoff_len": 7}, "option_value"),
        ("Qwen3-8B", {"method": "lora", "batch": 0}, "option_value"),
        ("Qwen3-8B", {"method": "lora", "gpus": 0}, "option_value"),
        ("Qwen3-8B", {"method": "lora", "lora_rank": 0}, "option_value"),
        ("Qwen3-8B", {"method": "lora", "zero": 1}, "not_estimated"),
        ("Llama-8B", {"method": "lora"}, "unknown_model"),
    ],
)
def test_an_option_that_cannot_be_met(model, options, code):
    with pytest.raises(UsageError) as error:
        estimate(model, **options)
    assert error.value.code == code


def test_no_gpu_is_refused_beside_a_yaml_too(tmp_path):
    config = tmp_path / "train.yaml"
    config.write_text(YAML, "utf-8")
    with pytest.raises(UsageError) as error:
        estimate(config=config, gpus=0)
    assert error.value.code == "option_value"
