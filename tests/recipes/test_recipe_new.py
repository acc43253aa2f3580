"""`recipe new`: the files follow the data, the model and the user, and are never silently written over."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.registry.fingerprint import hash_file
from lf_qwen3.proof.validate import validate
from lf_qwen3.recipes import find_recipe
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.new import plan_recipe_set, write_recipe_set

MODELS = {
    "Qwen/Qwen3-8B": "qwen3",
    "Qwen/Qwen3-4B-Thinking-2507": "qwen3",
    "Qwen/Qwen3-4B-Instruct-2507": "qwen3_nothink",
    "Qwen/Qwen3-4B-Base": "qwen3",
}


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Return a function that registers splits and writes the manifest of the dataset `my`, in `data/`."""
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()

    def lay(*splits, turns=None, thinking=10, plain=5):
        info = {f"my_{split}": {"file_name": f"my_{split}.jsonl"} for split in splits} | {"alone": {}}
        Path("data/dataset_info.json").write_text(json.dumps(info))
        if turns:
            counts = {"thinking": thinking, "plain": plain}
            manifest = {"files": {}, "options": {"turns": turns}, "counts": counts}
            Path("data/my.manifest.json").write_text(json.dumps(manifest))

    lay("train", "val", "test", turns="unroll")
    return lay


def choice(recipe="qwen3-4b-lora-sft", dataset="my", model=None, **settings) -> RecipeChoice:
    return RecipeChoice(recipe, dataset, "data", "runs/my", model, settings)


def tuned(made):
    """Return the settings of predict_tuned.yaml."""
    return made.settings["predict_tuned.yaml"]


def test_the_splits_that_convert_registered_are_used(data):
    made = plan_recipe_set(choice())
    assert [made.train[key] for key in ("dataset", "eval_dataset", "dataset_dir")] == [
        "my_train",
        "my_val",
        "data",
    ]
    assert tuned(made)["eval_dataset"] == "my_test"
    assert made.notes == []


@pytest.mark.parametrize("name", ["my", "my_train"])
def test_a_dataset_goes_by_its_name_or_by_its_registered_name(data, name):
    assert plan_recipe_set(choice(dataset=name)).train["eval_dataset"] == "my_val"


def test_without_a_validation_split_a_share_is_held_out(data):
    data("train", "test")
    made = plan_recipe_set(choice())
    assert made.train["val_size"] == 0.05
    assert "eval_dataset" not in made.train
    assert "no validation split of my" in made.notes[0]


@pytest.mark.parametrize(
    ("splits", "rows", "note"),
    [(["train", "val"], "my_val", "no test split"), (["train"], "my_train", "memorisation")],
    ids=["validation split", "training rows"],
)
def test_without_a_test_split_predict_takes_what_there_is(data, splits, rows, note):
    data(*splits)
    made = plan_recipe_set(choice())
    assert tuned(made)["eval_dataset"] == rows
    assert note in made.notes[-1]


@pytest.mark.parametrize(
    ("turns", "masked"), [("unroll", True), ("last", True), ("all", False)], ids=["unroll", "last", "all"]
)
def test_the_mask_follows_how_the_turns_were_written(data, turns, masked):
    data("train", "val", "test", turns=turns)
    assert plan_recipe_set(choice()).train["mask_history"] is masked


def test_without_a_manifest_the_mask_stays_and_is_explained(data):
    made = plan_recipe_set(choice(dataset="alone"))
    assert made.train["mask_history"] is True
    assert "no manifest of alone" in " ".join(made.notes)


@pytest.mark.parametrize(("model", "template"), MODELS.items(), ids=list(MODELS))
def test_the_template_follows_the_checkpoint(data, model, template):
    made = plan_recipe_set(choice(model=model))
    assert (made.train["model_name_or_path"], made.train["template"]) == (model, template)
    assert ("enable_thinking" in made.train) == (template == "qwen3")
    assert ("additional_target" in made.train) == model.endswith("-Base")
    assert (tuned(made)["temperature"], tuned(made)["top_p"]) == (
        (0.6, 0.95) if template == "qwen3" else (0.7, 0.8)
    )


def test_full_training_of_a_base_model_needs_no_extra_target(data):
    assert (
        "additional_target"
        not in plan_recipe_set(choice("qwen3-1.7b-full-sft", model="Qwen/Qwen3-1.7B-Base")).train
    )


@pytest.mark.parametrize(
    ("config", "note"),
    [
        (None, "does not say which Qwen3 it is: template stays qwen3"),
        ({"model_type": "qwen3"}, "does not say which Qwen3 it is"),
        ({"model_type": "llama"}, "is a llama model, not a Qwen3"),
    ],
    ids=["no config", "a qwen3", "another"],
)
def test_an_unknown_model_keeps_the_template_and_is_named(data, config, note):
    Path("mine").mkdir()
    if config:
        Path("mine/config.json").write_text(json.dumps(config))
    made = plan_recipe_set(choice(model="./mine"))
    assert (made.train["model_name_or_path"], made.train["template"]) == ("./mine", "qwen3")
    assert note in made.notes[0]


@pytest.mark.parametrize(
    ("model", "thinking", "plain", "note"),
    [
        (None, 0, 5, "no record of my_train has reasoning"),
        ("Qwen/Qwen3-4B-Instruct-2507", 3, 5, "3 records have reasoning"),
        ("Qwen/Qwen3-4B-Thinking-2507", 3, 5, "5 records have no reasoning"),
        ("Qwen/Qwen3-4B-Instruct-2507", 0, 5, ""),
        ("Qwen/Qwen3-4B-Thinking-2507", 3, 0, ""),
    ],
    ids=["reasoning lost", "instruct", "always thinks", "instruct, plain", "always thinks, thinking"],
)
def test_thinking_that_does_not_go_with_the_model_is_named(data, model, thinking, plain, note):
    data("train", "val", "test", turns="unroll", thinking=thinking, plain=plain)
    notes = plan_recipe_set(choice(model=model)).notes
    said = [one for one in notes if not one.startswith("rate, batch")]
    assert [note in one for one in said] == ([True] if note else [])


def test_data_without_thinking_keep_null_and_are_sampled_without(data):
    data("train", "val", "test", turns="unroll", thinking=0)
    made = plan_recipe_set(choice())
    assert made.train["enable_thinking"] is None
    assert tuned(made)["temperature"] == 0.7


def test_a_setting_wins_and_goes_where_it_belongs(data):
    made = plan_recipe_set(
        choice(learning_rate=1e-5, max_new_tokens=64, per_device_eval_batch_size=2, output_dir="elsewhere")
    )
    assert (made.train["learning_rate"], made.train["output_dir"]) == (1e-5, "elsewhere")
    assert "max_new_tokens" not in made.train
    assert tuned(made)["max_new_tokens"] == 64
    assert tuned(made)["adapter_name_or_path"] == "elsewhere"
    assert tuned(made)["output_dir"] == "runs/my/predict_tuned"
    assert made.train["per_device_eval_batch_size"] == tuned(made)["per_device_eval_batch_size"] == 2


def test_a_setting_that_excludes_another_takes_it_out(data):
    made = plan_recipe_set(choice(val_size=0.1))
    assert "eval_dataset" not in made.train
    data("train", "test", turns="unroll")
    made = plan_recipe_set(choice(eval_dataset="alone"))
    assert "val_size" not in made.train
    assert made.notes == []
    assert (
        plan_recipe_set(choice(val_size=0.1, eval_dataset="alone", seed=1)).train["eval_dataset"] == "alone"
    )


def test_another_method_writes_another_kind_of_weights(data):
    made = plan_recipe_set(choice(finetuning_type="full", model="Qwen/Qwen3-4B-Base"))
    assert tuned(made)["model_name_or_path"] == made.train["output_dir"] == "runs/my/model"
    assert "additional_target" not in made.train


def test_the_save_steps_follow_the_eval_steps(data):
    made = plan_recipe_set(choice(eval_steps=5))
    assert made.train["save_steps"] == 5
    assert "save_steps is 5 too" in made.notes[0]
    assert plan_recipe_set(choice(eval_steps=5, load_best_model_at_end=False)).train["save_steps"] == 0.1


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"lora_rnk": 8}, "did you mean lora_rank"), ({"cutoff_len": "long"}, "is not integer")],
    ids=["unknown key", "wrong type"],
)
def test_a_setting_the_trainer_would_not_take_is_refused(data, settings, message):
    with pytest.raises(UsageError, match=message):
        plan_recipe_set(choice(**settings))


@pytest.mark.parametrize("name", ["yours", "my_val_"], ids=["unknown", "near"])
def test_a_dataset_that_is_not_registered(data, name):
    with pytest.raises(UsageError) as caught:
        plan_recipe_set(choice(dataset=name))
    assert caught.value.code == "dataset_not_registered"
    assert "registered: alone, my_test, my_train, my_val" in caught.value.hint


def test_the_comments_of_the_recipe_survive(data):
    made = plan_recipe_set(choice())
    text = made.texts[Path("runs/my/train.yaml")]
    recipe = find_recipe("qwen3-4b-lora-sft")
    comments = [line.split("# ", 1)[1] for line in recipe.text.splitlines() if ": " in line and " # " in line]
    assert comments
    assert [one for one in comments if f"# {one}" not in text] == []


def test_what_a_recipe_needs_is_said_for_its_own_model_only(data):
    def opening(made):
        return made.texts[Path("runs/my/train.yaml")].split("\n\n")[0]

    assert "# Needs " in opening(plan_recipe_set(choice()))
    assert "# Needs " not in opening(plan_recipe_set(choice(model="someone/Qwen3-tuned")))


def test_the_opening_notes_the_hash_of_the_data(data):
    Path("data/my_train.jsonl").write_text("{}\n")
    write_recipe_set(plan_recipe_set(choice()))
    text = Path("runs/my/train.yaml").read_text()
    assert f"\n# Data: my_train {hash_file(Path('data/my_train.jsonl'))}\n" in text
    assert not validate(Path("runs/my/train.yaml")).findings
    Path("data/my_train.jsonl").unlink()
    assert "# Data:" not in plan_recipe_set(choice()).texts[Path("runs/my/train.yaml")]


def test_another_checkpoint_brings_its_own_rate_and_batch(data):
    made, own = plan_recipe_set(choice(model="Qwen/Qwen3-14B")), find_recipe("qwen3-14b-lora-sft").settings
    assert {key: made.train[key] for key in ("learning_rate", "gradient_accumulation_steps")} == {
        key: own[key] for key in ("learning_rate", "gradient_accumulation_steps")
    }
    assert made.train["model_name_or_path"] == "Qwen/Qwen3-14B"
    assert made.notes == ["rate, batch and LoRA targets are those of the recipe qwen3-14b-lora-sft"]


def test_the_editor_finds_the_schema(data):
    yamls = [text for path, text in plan_recipe_set(choice()).texts.items() if path.parent.name == "my"][:-1]
    assert len(yamls) == 6
    for text in yamls:
        first = text.splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=file:///")
        assert Path(unquote(first.partition("file://")[2])).is_file()


def test_writing_twice_is_fine_and_other_content_is_refused(data):
    write_recipe_set(plan_recipe_set(choice()))
    write_recipe_set(plan_recipe_set(choice()))
    before = Path("runs/my/train.yaml").read_bytes()
    with pytest.raises(LfQwen3Error, match=r"train\.yaml and runs/my/") as caught:
        write_recipe_set(plan_recipe_set(choice(cutoff_len=512)))
    assert caught.value.code == "file_exists"
    assert Path("runs/my/train.yaml").read_bytes() == before
    write_recipe_set(plan_recipe_set(choice(cutoff_len=512)), replace=True)
    assert YamlDocument(Path("runs/my/train.yaml").read_text()).plain()["cutoff_len"] == 512
    assert not [path for path in Path("runs").rglob("*") if path.name.endswith(".tmp")]


def test_an_out_that_is_a_file_is_refused(data):
    Path("runs").mkdir()
    Path("runs/my").write_text("mine")
    with pytest.raises(UsageError) as error:
        write_recipe_set(plan_recipe_set(choice()))
    assert error.value.code == "not_a_folder"
    assert Path("runs/my").read_text() == "mine"
