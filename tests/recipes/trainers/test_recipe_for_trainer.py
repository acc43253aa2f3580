"""`recipe new --trainer`: settings under the trainer's names, rows beside them, and what is refused."""

import ast
import json
import re
from pathlib import Path

import pyarrow.parquet
import pytest
import yaml

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.cli.recipe import new
from lf_qwen3.proof.estimate.from_yaml import read_plan
from lf_qwen3.proof.validate import validate
from lf_qwen3.recipes.trainers import list_trainers, read_trainer
from lf_qwen3.recipes.trainers.trainer import MARK

SPLITS = ("train", "validation")
DONE = [(trainer.name, method) for trainer in list_trainers() for method in trainer.methods]
SHIPPED = [(name, method) for name, method in DONE if method.startswith("lora") or method.endswith("sft")]


@pytest.mark.parametrize(("trainer", "method"), SHIPPED)
def test_each_recipe_becomes_the_files_of_each_trainer_that_does_it(plan, trainer, method):
    made = plan(trainer, method)
    text = made.files["train.yaml"]
    assert text.startswith(f"{MARK}{trainer} ")
    assert yaml.safe_load(text) == made.settings["train.yaml"]
    assert made.steps.train in made.files["RUN.md"]
    assert [rows.path.stem for rows in made.data] == ["train", "validation"]
    assert not Path("runs").exists()


def test_rates_ranks_and_lengths_go_by_the_trainers_names(plan):
    swift = plan("ms-swift", set={"lora_rank": 8, "flash_attn": "fa2", "early_stopping_steps": 3}).train
    assert (swift["lora_rank"], swift["tuner_type"], swift["target_modules"]) == (8, "lora", ["all-linear"])
    assert (swift["max_length"], swift["warmup_ratio"], swift["torch_dtype"]) == (2048, 0.05, "bfloat16")
    assert (swift["attn_impl"], swift["early_stop_interval"]) == ("flash_attention_2", 3)
    trl = plan("trl", set={"lora_rank": 8, "lora_target": "q_proj,v_proj"}).train
    assert (trl["lora_r"], trl["use_peft"], trl["lora_target_modules"]) == (8, True, ["q_proj", "v_proj"])
    assert (trl["max_length"], trl["warmup_steps"], trl["dtype"]) == (2048, 0.05, "bfloat16")


def test_each_way_to_train_says_how_the_weights_are_loaded(plan):
    assert plan("ms-swift", "qlora sft").train["quant_bits"] == 4
    assert plan("trl", "qlora sft").train["load_in_4bit"] is True
    assert plan("trl", "full sft").train["use_peft"] is False
    assert plan("ms-swift", "full sft").train["torch_dtype"] == "float32"
    assert plan("ms-swift", "dora sft").train["use_dora"] is True
    assert plan("ms-swift", "lora dpo").train["rlhf_type"] == "dpo"
    assert plan("ms-swift", "lora simpo").train["cpo_alpha"] == 0.0


def test_a_key_without_counterpart_is_named(plan):
    notes = plan("trl", set={"early_stopping_steps": 2, "use_galore": True}).notes
    assert any("early_stopping_steps" in note and "use_galore" in note for note in notes)


def test_swanlab_goes_along(plan):
    assert plan("ms-swift", preset="swanlab-local").train["swanlab_mode"] == "local"
    made = plan("trl", preset="swanlab-cloud")
    assert made.train["report_to"] == "swanlab"
    assert "SWANLAB_PROJECT=lf-qwen3" in made.steps.train
    assert "export SWANLAB_API_KEY" in made.files["RUN.md"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"trainer": "ms-swif"}, "unknown_trainer"),
        ({"trainer": "trl", "method": "lora orpo"}, "trainer_method"),
        ({"trainer": "trl", "name": "qwen3-4b-lora-rm", "dataset": "pairs"}, "trainer_method"),
        ({"trainer": "easyr1"}, "trainer_method"),
        (
            {"trainer": "trl", "method": "lora kto", "set": {"per_device_train_batch_size": 1}},
            "setting_value",
        ),
        ({"trainer": "trl", "dataset": "pairs"}, "dataset_kind"),
        ({"trainer": "ms-swift", "method": "lora dpo", "dataset": "chats"}, "dataset_kind"),
        ({"trainer": "trl", "dataset": "nothing"}, "dataset_not_registered"),
        ({"trainer": "trl", "gguf": True}, "trainer_option"),
        ({"trainer": "trl", "preset": "fsdp"}, "trainer_option"),
        ({"trainer": "trl", "set": {"quantization_bit": 8}}, "trainer_option"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(plan, options, code):
    with pytest.raises(UsageError) as error:
        plan(options.pop("trainer"), options.pop("method", "lora sft"), **options).write()
    assert error.value.code == code
    assert not Path("runs").exists()


def test_a_method_that_is_refused_names_the_trainers_that_do_it(plan):
    with pytest.raises(UsageError) as error:
        plan("trl", "lora orpo")
    assert "ms-swift" in error.value.hint


def test_written_rows_are_put_in_place_once_and_not_written_over(plan):
    made = plan("ms-swift").write()
    train = Path("runs/x/data/train.jsonl")
    assert len(train.read_text().splitlines()) == 8
    assert sorted(path.name for path in train.parent.iterdir()) == ["train.jsonl", "validation.jsonl"]
    assert made.write().notes == made.notes
    train.write_text("mine\n")
    with pytest.raises(LfQwen3Error) as error:
        made.write()
    assert error.value.code == "file_exists"
    assert train.read_text() == "mine\n"
    made.write(replace=True)
    assert len(train.read_text().splitlines()) == 8


def test_without_a_validation_split_each_so_many_th_record_is_held_out(plan, data):
    info = {name: entry for name, entry in data.items() if not name.endswith("_val")}
    Path("data/dataset_info.json").write_text(json.dumps(info))
    plan("trl", set={"val_size": 0.25}).write()
    counts = [
        len(Path(f"runs/x/data/{name}.jsonl").read_text().splitlines()) for name in ("train", "validation")
    ]
    assert counts == [6, 2]
    assert plan("trl", set={"val_size": 0.0}).train["eval_strategy"] == "no"


def test_of_few_records_one_is_held_out_and_only_where_there_are_two(plan, data):
    info = {name: entry for name, entry in data.items() if not name.endswith("_val")}
    Path("data/dataset_info.json").write_text(json.dumps(info))
    plan("trl").write()
    counts = {name: len(Path(f"runs/x/data/{name}.jsonl").read_text().splitlines()) for name in SPLITS}
    assert counts == {"train": 7, "validation": 1}
    Path("data/chats_train.jsonl").write_text(
        Path("data/chats_train.jsonl").read_text().splitlines()[0] + "\n"
    )
    with pytest.raises(LfQwen3Error) as error:
        plan("trl").write(replace=True)
    assert (error.value.code, "val_size=0" in error.value.hint) == ("no_records", True)


def test_records_that_no_message_can_hold_are_counted(plan):
    notes = plan("ms-swift", set={"cutoff_len": 40}).write().notes
    assert any(note.startswith("train.jsonl: ") and "cutoff_len truncates it" in note for note in notes)


@pytest.mark.parametrize(("trainer", "method"), SHIPPED)
@pytest.mark.parametrize(
    "presets", [(), ("swanlab-cloud", "liger"), ("tensorboard",)], ids=["none", "more", "board"]
)
def test_each_key_and_value_is_one_that_the_trainer_takes(plan, trainer, method, presets):
    text = plan(trainer, method, preset=presets).files["train.yaml"]
    Path("train.yaml").write_text(text)
    assert validate(Path("train.yaml")).findings == []


def test_verl_gets_parquet_and_the_class_that_reads_it(plan):
    made = plan("verl").write()
    rows = pyarrow.parquet.read_table("runs/x/data/train.parquet").to_pylist()
    assert [sorted(row) for row in rows[:1]] == [["input_ids", "loss_mask"]]
    assert len(rows) == 8
    assert made.train["data"]["custom_cls"]["path"] == "runs/x/verl_rows.py"
    assert f"class {made.train['data']['custom_cls']['name']}(" in made.files["verl_rows.py"]
    assert made.train["data"]["train_batch_size"] == 4
    assert made.train["trainer"]["save_freq"] == "after_each_epoch"
    assert plan("verl", set={"save_steps": 50, "eval_steps": 25}).train["trainer"]["save_freq"] == 50


def test_verl_gets_the_precision_by_the_key_that_its_engine_reads(plan):
    assert "engine" not in plan("verl").train
    half = plan("verl", set={"bf16": False, "fp16": True, "lr_scheduler_type": "linear"})
    assert half.train["engine"] == {"mixed_precision": {"param_dtype": "fp16"}}
    assert half.train["optim"]["lr_scheduler_type"] == "cosine"
    assert any('lr_scheduler_type="linear"' in note for note in half.notes)
    assert plan("verl", set={"bf16": False}).train["engine"]["mixed_precision"]["param_dtype"] == "fp32"


def test_unsloth_gets_a_script_that_reads_the_settings_beside_it(plan):
    made = plan("unsloth", "qlora sft", set={"early_stopping_steps": 2})
    script = ast.parse(made.files["train.py"])
    read = {
        node.slice.value
        for node in ast.walk(script)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
    }
    assert {"model", "lora", "data", "training"} <= read
    assert made.train.keys() == {"model", "lora", "data", "training", "early_stopping_patience"}
    assert made.train["model"]["load_in_4bit"] is True
    assert plan("unsloth", "full sft").train["model"]["full_finetuning"] is True


def test_axolotl_learns_segments_and_pairs_without_its_own_template(plan):
    sft, dpo = plan("axolotl", "qlora sft"), plan("axolotl", "lora dpo")
    assert (sft.train["adapter"], sft.train["datasets"][0]["type"]) == ("qlora", "input_output")
    assert (dpo.train["rl"], dpo.train["rl_beta"]) == ("dpo", 0.1)
    assert any("newline" in note for note in dpo.notes)
    dpo.write()
    row = json.loads(Path("runs/x/data/train.jsonl").read_text().splitlines()[1])
    assert row["prompt"].endswith("<think>\n\n</think>\n\n")
    assert (row["chosen"], row["rejected"]) == ("Apple.<|im_end|>", "Stone.<|im_end|>")


def test_the_command_names_each_trainer():
    options = {option.name: option for option in new.params}
    assert all(trainer.name in options["trainer"].help for trainer in list_trainers())


@pytest.mark.parametrize("trainer", list_trainers(), ids=lambda trainer: trainer.name)
def test_the_head_says_what_memory_it_takes_and_estimate_for_whom_it_holds(plan, trainer):
    made = plan(trainer.name)
    assert "# Needs a GPU with" in made.files["train.yaml"]
    assert f"takes {trainer.memory}" in made.files["train.yaml"]
    Path("train.yaml").write_text(made.files["train.yaml"])
    assert read_trainer(Path("train.yaml")) is trainer
    with pytest.raises(UsageError) as error:
        read_plan(Path("train.yaml"), 1)
    assert error.value.code == "not_estimated"
    assert trainer.name in error.value.message


def test_writing_tells_how_far_it_is(plan):
    class Ends(NoProgress):
        def __init__(self):
            self.ends = []

        def finish(self, title):
            self.ends.append(title)

    shown = Ends()
    plan("trl").write(progress=shown)
    assert shown.ends == ["8 rows of train.jsonl", "8 rows of validation.jsonl"]


def test_an_adapter_to_start_from_is_refused(plan, tmp_path):
    (tmp_path / "adapter").mkdir()
    config = {"base_model_name_or_path": "Qwen/Qwen3-4B"}
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError) as error:
        plan("trl", "lora dpo", model="adapter")
    assert error.value.code == "trainer_option"


def test_deepspeed_s_file_lies_beside_the_config(plan):
    made = plan("ms-swift", preset="ds-zero2")
    assert made.train["deepspeed"] == "runs/x/zero2.json"
    assert json.loads(made.files["zero2.json"])["zero_optimization"]["stage"] == 2


def test_several_datasets_are_written_one_after_the_other(plan):
    plan("trl", set={"dataset": "chats_train,chats_val"}).write()
    assert len(Path("runs/x/data/train.jsonl").read_text().splitlines()) == 16


def test_the_guide_has_the_methods_of_each_trainer():
    """Its table says what each trainer does; `the same` stands for the ways of its first column."""
    page = (Path(__file__).parents[3] / "docs" / "guides" / "trainers.md").read_text("utf-8")
    header, _, *rows = re.findall(r"^\|(.*)\|$", page.split("## Methods")[1].split("\n##")[0], re.MULTILINE)
    stages = [cell.strip().lower() for cell in header.split("|")[1:]]
    shown = {}
    for row in rows:
        name, *cells = [cell.strip().lower() for cell in row.split("|")]
        ways = cells[0].split(", ")
        shown[name] = {
            f"{way} {stage}" for stage, cell in zip(stages, cells, strict=True) for way in ways if cell
        }
    assert {trainer.name: set(trainer.methods) for trainer in list_trainers()}.items() <= shown.items()
