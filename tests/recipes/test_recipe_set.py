"""The set that `recipe new` writes: read back, the files agree, and each holds what it is for."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.recipes import list_derived, shared
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.new import plan_recipe_set, write_recipe_set
from lf_qwen3.trainer import yaml_reader

SFT = {"columns": {"prompt": "instruction", "response": "output"}}
PAIRS = {"ranking": True, "columns": {"prompt": "instruction", "chosen": "chosen", "rejected": "rejected"}}
INFO = {
    **{f"my_{split}": {"file_name": f"my_{split}.jsonl", **SFT} for split in ("train", "val", "test")},
    **{
        f"pairs_{split}": {"file_name": f"pairs_{split}.jsonl", **PAIRS} for split in ("train", "val", "test")
    },
    "feedback_train": {"file_name": "f.jsonl", "columns": {"messages": "messages", "kto_tag": "label"}},
    "words_train": {"file_name": "w.jsonl", "columns": {"prompt": "text"}},
}
OWN = {
    "model_name_or_path",
    "adapter_name_or_path",
    "output_dir",
    "dataset",
    "eval_dataset",
    "stage",
    "do_train",
    "do_predict",
    "per_device_eval_batch_size",
    "cutoff_len",
}
"""Keys in which the files differ by what they are for."""

KINDS = {
    "lora": ("qwen3-4b-lora-sft", {}),
    "qlora": ("qwen3-8b-qlora-sft", {}),
    "full": ("qwen3-1.7b-full-sft", {}),
    "instruct": ("qwen3-4b-instruct-2507-lora-sft", {}),
    "thinking": ("qwen3-4b-thinking-2507-lora-sft", {}),
    "base": ("qwen3-4b-lora-sft", {"model": "Qwen/Qwen3-4B-Base"}),
    "dpo": ("qwen3-4b-lora-dpo", {"dataset": "pairs", "test": "my_test"}),
    "kto": ("qwen3-4b-lora-kto", {"dataset": "feedback", "test": "my_test"}),
    "plain text": ("qwen3-4b-lora-pt", {"dataset": "words", "test": "my_test"}),
}


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/dataset_info.json").write_text(json.dumps(INFO))


def chosen(kind="lora", *names, settings=None, gguf=False):
    recipe, own = KINDS[kind]
    more: dict[str, Any] = {"dataset": "my", **own}
    return RecipeChoice(
        recipe,
        dataset_dir="data",
        out="runs/my",
        settings=settings or {},
        presets=names,
        gguf=gguf,
        **more,
    )


def written(choice):
    """Write a set and return the settings of every YAML, read as the trainer reads them, by name."""
    write_recipe_set(plan_recipe_set(choice))
    return {path.stem: yaml_reader.read(path).settings for path in Path("runs/my").glob("*.yaml")}


@pytest.mark.parametrize("kind", KINDS)
def test_what_two_files_both_hold_is_the_same(kind):
    found = written(chosen(kind, settings={"max_samples": 50, "trust_remote_code": True}, gguf=True))
    assert len(found) == 6
    for (one, first), (other, second) in combinations(found.items(), 2):
        allowed = OWN | ({"enable_thinking"} if {one, other} & {"chat", "api"} else set())
        differing = {key for key in first.keys() & second.keys() if first[key] != second[key]}
        assert differing <= allowed, f"{one} and {other}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_loads_the_weights_that_it_is_about(kind):
    found = written(chosen(kind, gguf=True))
    train = found["train"]
    base = {"model_name_or_path": train["model_name_or_path"]}
    trained = {"model_name_or_path": train["output_dir"]}
    if train["finetuning_type"] == "lora":
        trained = base | {"adapter_name_or_path": train["output_dir"]}
    weights = {
        name: {
            key: value for key, value in one.items() if key in ("model_name_or_path", "adapter_name_or_path")
        }
        for name, one in found.items()
    }
    tuned = dict.fromkeys(("predict_tuned", "chat", "api", "export"), trained)
    assert weights == {"train": base, "predict_base": base, **tuned}


def test_a_qlora_is_merged_into_the_unquantised_model():
    found = written(chosen("qlora", gguf=True))
    quantised = {name for name, one in found.items() if "quantization_bit" in one}
    assert quantised == {"train", "predict_base", "predict_tuned", "chat", "api"}
    assert found["export"]["infer_dtype"] == "bfloat16"


@pytest.mark.parametrize(("model", "ties"), [("Qwen/Qwen3-4B-Base", True), ("Qwen/Qwen3-8B-Base", False)])
def test_the_export_of_a_tied_base_model_is_untied(model, ties):
    made = plan_recipe_set(RecipeChoice("qwen3-4b-lora-sft", "my", "data", "runs/my", model, gguf=True))
    untie = "lf-qwen3 recipe untie runs/my/merged"
    for name in ("RUN.md", "export.yaml"):
        lines = made.files[name].splitlines()
        export = next(at for at, line in enumerate(lines) if "llamafactory-cli export" in line)
        assert (untie in lines[export + 1]) == ties
    assert any("recipe untie" in note for note in made.notes) == ties


def test_another_backend_takes_no_bitsandbytes():
    found = written(chosen("qlora", settings={"infer_backend": "vllm", "vllm_maxlen": 8192}))
    assert found["api"]["infer_backend"] == found["chat"]["infer_backend"] == "vllm"
    assert found["api"]["vllm_maxlen"] == 8192
    assert not {"quantization_bit", "quantization_method"} & found["api"].keys()
    assert "infer_backend" not in found["train"]
    assert "infer_backend" not in found["export"]


def test_settings_for_export_go_there():
    found = written(chosen(settings={"export_size": 2, "infer_dtype": "float16"}))
    assert (found["export"]["export_size"], found["export"]["infer_dtype"]) == (2, "float16")
    assert found["chat"]["infer_dtype"] == "float16"
    assert not {"export_size", "infer_dtype"} & found["train"].keys()


@pytest.mark.parametrize(
    ("before", "new", "tuned"),
    [
        ("first", False, "runs/my/adapter"),
        ("first", True, "first,runs/my/adapter"),
        ("first,second", False, "first,runs/my/adapter"),
    ],
    ids=["goes on with it", "beside it", "merges the first"],
)
def test_a_training_that_starts_from_an_adapter(before, new, tuned):
    settings = {"adapter_name_or_path": before, "create_new_adapter": new}
    found = written(chosen(settings=settings))
    assert found["predict_base"]["adapter_name_or_path"] == before
    assert found["predict_tuned"]["adapter_name_or_path"] == tuned


@pytest.mark.parametrize(
    ("kind", "names", "settings", "chat", "predict", "temperature"),
    [
        ("lora", [], {}, True, None, 0.6),
        ("lora", ["thinking"], {}, True, None, 0.6),
        ("lora", ["non-thinking"], {}, False, False, 0.7),
        ("lora", [], {"enable_thinking": False}, False, False, 0.7),
        ("lora", [], {"temperature": 0.1}, True, None, 0.1),
        ("instruct", [], {}, "absent", "absent", 0.7),
    ],
    ids=["hybrid", "asked to think", "asked not to", "trained not to", "set by hand", "instruct"],
)
def test_whether_it_thinks(kind, names, settings, chat, predict, temperature):
    found = written(chosen(kind, *names, settings=settings))
    for name in ("chat", "api"):
        assert found[name].get("enable_thinking", "absent") is chat or chat == "absent"
    for name in ("predict_base", "predict_tuned"):
        assert found[name].get("enable_thinking", "absent") is predict or predict == "absent"
    assert {found[name]["temperature"] for name in ("chat", "api", "predict_base")} == {temperature}
    assert ("enable_thinking" in found["chat"]) == (chat != "absent")


def test_a_preset_changes_what_it_is_for():
    found = written(chosen("instruct", "quick", "greedy"))
    rows = {name: one.get("max_samples") for name, one in found.items()}
    assert rows == dict.fromkeys(found) | {"predict_base": 100, "predict_tuned": 100}
    assert {name for name, one in found.items() if one.get("do_sample") is False} == {
        "predict_base",
        "predict_tuned",
        "chat",
        "api",
    }


def test_presets_stand_under_titles_of_their_own():
    write_recipe_set(plan_recipe_set(chosen("lora", "ds-zero2", "swanlab-local")))
    text = Path("runs/my/train.yaml").read_text()
    assert "\n\n### preset ds-zero2\n" in text
    assert "\n\n### preset swanlab-local\n" in text


def test_what_is_set_by_hand_wins_over_a_preset():
    found = written(chosen("lora", "quick", "greedy", settings={"max_samples": 7, "do_sample": True}))
    assert found["predict_base"]["max_samples"] == found["train"]["max_samples"] == 7
    assert found["chat"]["do_sample"] is True


@pytest.mark.parametrize(
    ("names", "code"),
    [(["quik"], "unknown_preset"), (["quick", "full"], "presets_exclude")],
    ids=["unknown", "of one group"],
)
def test_presets_that_cannot_be_taken(names, code):
    with pytest.raises(UsageError) as error:
        plan_recipe_set(chosen("lora", *names))
    assert error.value.code == code


@pytest.mark.parametrize("key", ["swanlab_api_key", "hf_hub_token", "swanlab_lark_secret"])
def test_no_secret_is_written(key):
    with pytest.raises(UsageError, match=key) as error:
        plan_recipe_set(chosen(settings={key: "abc"}))
    assert error.value.code == "secret_in_file"


def test_a_test_dataset_that_holds_no_answers():
    with pytest.raises(UsageError, match="--test pairs_test") as caught:
        plan_recipe_set(RecipeChoice("qwen3-4b-lora-sft", "my", "data", "runs/my", test="pairs_test"))
    assert caught.value.code == "dataset_not_registered"
    assert "registered: my_test, my_train, my_val" in caught.value.hint


COVERED = {one.path: one for one in list_derived()} | {one.checkpoint: one for one in list_derived()}
"""One derived recipe of every method, and one of every checkpoint."""


@pytest.mark.parametrize("recipe", COVERED.values(), ids=lambda one: one.name)
def test_a_derived_recipe_makes_a_set(recipe):
    dataset = {"dpo": "pairs", "rm": "pairs", "kto": "feedback", "pt": "words"}.get(
        recipe.settings["stage"], "my"
    )
    made = plan_recipe_set(RecipeChoice(recipe.name, dataset, "data", "runs/my"))
    assert made.settings["export.yaml"]["template"] == made.train["template"] == recipe.settings["template"]
    assert made.train.get("mask_history") is None or made.train["stage"] == "sft"


def test_a_mode_follows_the_data():
    assert shared.choose_mode({"template": "qwen3"}, [], 0) == "non-thinking"
    assert shared.choose_mode({"template": "qwen3", "enable_thinking": None}, [], None) == "thinking"
