"""Each step that fits a recipe's YAML: what it sets, what it removes, where it writes, and what it notes."""

import dataclasses
from pathlib import Path

import pytest

from lf_qwen3.data.convert.manifest import Manifest
from lf_qwen3.recipes import adapt
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.presets import Preset
from lf_qwen3.recipes.splits import Splits

YAML = """\
# A recipe.

model_name_or_path: Qwen/Qwen3-4B
template: qwen3
enable_thinking: null
finetuning_type: lora
additional_target: embed_tokens
lora_dropout: 0.0
dataset: sample
dataset_dir: samples
eval_dataset: sample_val
mask_history: true
output_dir: saves/x
load_best_model_at_end: true
eval_strategy: steps
save_strategy: steps
eval_steps: 0.1
save_steps: 0.1
"""
SPLITS = Splits("my_train", "my_val", "my_test", Manifest((), "unroll", 3, 1))


def document(**changes):
    """Return the YAML with other values; None in `changes` removes a key."""
    made = YamlDocument(YAML)
    for key, value in changes.items():
        if value is None:
            made.remove(key)
        else:
            made.set(key, value)
    return made


def choice(**settings):
    return RecipeChoice("qwen3-4b-lora-sft", "my", "data", "runs/my", settings=settings)


def keys(made):
    return list(made.settings)


def test_a_hybrid_model_keeps_its_thinking_and_needs_no_note():
    made = document(template="other", additional_target=None)
    assert adapt.fit_to_model(made, "Qwen/Qwen3-8B") == []
    plain = made.plain()
    assert (plain["model_name_or_path"], plain["template"]) == ("Qwen/Qwen3-8B", "qwen3")
    assert "enable_thinking" in plain
    assert "additional_target" not in plain


def test_without_another_model_the_recipe_keeps_its_own():
    made = document()
    adapt.fit_to_model(made, None)
    assert made.plain()["model_name_or_path"] == "Qwen/Qwen3-4B"


def test_an_instruct_model_has_no_thinking_to_enable():
    made = document()
    adapt.fit_to_model(made, "Qwen/Qwen3-4B-Instruct-2507")
    assert made.plain()["template"] == "qwen3_nothink"
    assert "enable_thinking" not in made.plain()


def test_a_base_model_trains_its_embeddings_before_the_dropout_and_says_why():
    made = document(additional_target=None)
    (note,) = adapt.fit_to_model(made, "Qwen/Qwen3-4B-Base")
    at = keys(made).index("additional_target")
    assert keys(made)[at + 1] == "lora_dropout"
    assert "  # a Base model must learn its end token (Unsloth: at a fifth of the rate)\n" in made.text()
    assert made.plain()["additional_target"] in note


def test_a_recipe_that_names_no_kind_of_training_trains_a_lora():
    """The trainer's own default (hparams/finetuning_args.py)."""
    made = document(finetuning_type=None, additional_target=None)
    assert len(adapt.fit_to_model(made, "Qwen/Qwen3-4B-Base")) == 1
    assert "additional_target" in made.plain()
    adapt.fit_to_data(made, SPLITS, choice())
    assert Path(made.plain()["output_dir"]).name == "adapter"


def test_full_training_trains_no_extra_target():
    made = document(finetuning_type="full")
    assert adapt.fit_to_model(made, "Qwen/Qwen3-4B-Base") == []
    assert "additional_target" not in made.plain()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("", "does not say"),
        ("qwen3", "does not say"),
        ("qwen3_moe", "does not say"),
        ("llama", "llama model"),
    ],
)
def test_an_unknown_model_leaves_everything_and_is_noted(tmp_path, kind, words):
    (tmp_path / "config.json").write_text(f'{{"model_type": "{kind}"}}' if kind else "{}", "utf-8")
    made = document(template="mine")
    (note,) = adapt.fit_to_model(made, str(tmp_path))
    assert words in note
    assert "template stays mine" in note
    assert made.plain()["template"] == "mine"
    assert made.plain()["additional_target"] == "embed_tokens"


def test_the_splits_and_their_folder_are_set():
    made = document()
    assert adapt.fit_to_data(made, SPLITS, choice()) == []
    wanted = {"dataset": "my_train", "dataset_dir": "data", "eval_dataset": "my_val", "mask_history": True}
    assert wanted.items() <= made.plain().items()
    assert "val_size" not in made.plain()


@pytest.mark.parametrize(("kind", "folder"), [("lora", "adapter"), ("full", "model"), ("freeze", "model")])
def test_the_output_folder_is_named_after_what_is_written(kind, folder):
    made = document(finetuning_type=kind)
    adapt.fit_to_data(made, SPLITS, choice())
    assert Path(made.plain()["output_dir"]) == Path("runs/my") / folder


def test_without_a_validation_split_a_share_of_the_training_rows_takes_its_place():
    made = document()
    (note,) = adapt.fit_to_data(made, dataclasses.replace(SPLITS, val=None), choice())
    assert made.plain()["val_size"] == 0.05
    assert "eval_dataset" not in made.plain()
    assert keys(made)[keys(made).index("val_size") + 1] == "mask_history", "where eval_dataset stood"
    assert "  # share of the training rows for validation, drawn at random\n" in made.text()
    assert "5%" in note
    assert "my_train" in note


@pytest.mark.parametrize("settings", [{"val_size": 0.2}, {"eval_dataset": "other"}])
def test_a_validation_chosen_by_hand_needs_no_note(settings):
    assert adapt.fit_to_data(document(), dataclasses.replace(SPLITS, val=None), choice(**settings)) == []


@pytest.mark.parametrize(("turns", "masked"), [("unroll", True), ("last", True), ("all", False)])
def test_the_history_is_masked_unless_every_turn_is_learnt(turns, masked):
    made = document(mask_history=not masked)
    adapt.fit_to_data(made, dataclasses.replace(SPLITS, conversion=Manifest((), turns, 3, 1)), choice())
    assert made.plain()["mask_history"] is masked
    assert (f"# {adapt.EVERY_ANSWER}\n" in made.text()) is not masked


def test_a_history_mask_is_for_supervised_training_only():
    made = document(stage="dpo")
    assert adapt.fit_to_data(made, dataclasses.replace(SPLITS, conversion=None), choice()) == []
    assert "mask_history" not in made.plain()


def test_without_a_manifest_the_history_mask_stays_and_is_noted():
    made = document(mask_history=False)
    (note,) = adapt.fit_to_data(made, dataclasses.replace(SPLITS, conversion=None), choice())
    assert made.plain()["mask_history"] is False
    assert "mask_history stays false" in note


@pytest.mark.parametrize(
    ("model", "thinking", "plain", "words"),
    [
        ("Qwen/Qwen3-4B", 3, 1, None),
        ("Qwen/Qwen3-4B", 0, 1, "no record of my_train has reasoning"),
        ("Qwen/Qwen3-4B-Instruct-2507", 3, 1, "3 records have reasoning"),
        ("Qwen/Qwen3-4B-Instruct-2507", 0, 1, None),
        ("Qwen/Qwen3-4B-Thinking-2507", 3, 1, "1 records have no reasoning"),
        ("Qwen/Qwen3-4B-Thinking-2507", 3, 0, None),
        ("some/other", 3, 1, None),
        ("some/other", 0, 1, "no record of my_train has reasoning"),
    ],
)
def test_data_that_does_not_suit_how_the_model_thinks_is_noted(model, thinking, plain, words):
    splits = dataclasses.replace(SPLITS, conversion=Manifest((), "unroll", thinking, plain))
    notes = adapt.fit_to_data(document(model_name_or_path=model), splits, choice())
    assert [words in note for note in notes] == ([] if words is None else [True])


def test_settings_of_the_user_win_and_new_ones_follow_under_a_heading():
    made = document()
    assert adapt.apply_settings(made, {"lora_dropout": 0.1, "seed": 7, "packing": True}) == []
    assert made.plain()["lora_dropout"] == 0.1
    assert keys(made)[-2:] == ["seed", "packing"]
    assert made.text().count("\n### set by hand\n") == 1
    assert made.text().index("### set by hand") < made.text().index("seed: 7")


def test_settings_that_are_there_already_need_no_heading():
    made = document()
    adapt.apply_settings(made, {"lora_dropout": 0.1})
    assert "### set by hand" not in made.text()


@pytest.mark.parametrize(("given", "gone"), [("val_size", "eval_dataset"), ("eval_dataset", "val_size")])
def test_validation_rows_come_from_one_place(given, gone):
    made = document(**{gone: 0.3})
    adapt.apply_settings(made, {given: 0.2})
    assert made.plain()[given] == 0.2
    assert gone not in made.plain()


def test_a_share_of_nothing_excludes_nothing():
    made = document()
    adapt.apply_settings(made, {"val_size": 0})
    assert made.plain()["eval_dataset"] == "sample_val"


@pytest.mark.parametrize(
    ("given", "value", "follower"),
    [("eval_steps", 5, "save_steps"), ("eval_strategy", "epoch", "save_strategy")],
)
def test_what_must_be_equal_follows_where_the_best_model_is_loaded(given, value, follower):
    made = document()
    (note,) = adapt.apply_settings(made, {given: value})
    assert made.plain()[given] == made.plain()[follower] == value
    assert note == f"{follower} is {value} too, because load_best_model_at_end needs it"


@pytest.mark.parametrize(
    "settings",
    [{"eval_steps": 5, "load_best_model_at_end": False}, {"eval_steps": 5, "save_steps": 10}],
    ids=["no best model", "both set"],
)
def test_nothing_follows_where_it_need_not(settings):
    made = document()
    before = made.plain()["save_steps"]
    assert adapt.apply_settings(made, settings) == []
    assert made.plain()["save_steps"] == settings.get("save_steps", before)


def test_a_best_model_asked_for_by_hand_counts():
    made = document(load_best_model_at_end=False)
    (note,) = adapt.apply_settings(made, {"eval_steps": 5, "load_best_model_at_end": True})
    assert note.startswith("save_steps is 5")


def test_a_preset_changes_keys_and_adds_its_own_with_their_comments_under_one_heading():
    preset = Preset(
        "mine",
        "new",
        "Mine.",
        Path("mine.yaml"),
        train={"lora_dropout": 0.2, "seed": 7, "packing": True},
        comments={"seed": "lucky"},
    )
    made = document()
    adapt.apply_presets(made, [preset])
    assert made.plain()["lora_dropout"] == 0.2
    assert keys(made)[-2:] == ["seed", "packing"]
    text = made.text()
    assert text.count("### preset mine") == 1
    assert text.index("### preset mine") < text.index("seed: 7")
    assert "# lucky" in text


def test_a_preset_without_new_keys_needs_no_heading():
    made = document()
    adapt.apply_presets(made, [Preset("mine", "new", "Mine.", Path("x"), train={"lora_dropout": 0.2})])
    assert "### preset mine" not in made.text()
    assert "lora_dropout: 0.2  # preset mine\n" in made.text()


def test_a_tracked_run_has_a_project_and_a_name_at_the_end_and_no_heading():
    made = document(use_swanlab=True)
    before = made.text()
    adapt.name_run(made, choice())
    project, name = "swanlab_project: lf-qwen3", "swanlab_run_name: qwen3-4b-lora-sft-my"
    assert made.text() == f"{before}{project}\n{name}\n"


def test_a_tracked_run_is_named_and_an_own_name_stays():
    made = document(use_swanlab=True, swanlab_project="mine")
    adapt.name_run(made, choice())
    assert made.plain()["swanlab_project"] == "mine"
    assert made.plain()["swanlab_run_name"] == "qwen3-4b-lora-sft-my"


@pytest.mark.parametrize("changes", [{}, {"use_swanlab": False}])
def test_a_run_that_is_not_tracked_has_no_name(changes):
    made = document(**changes)
    adapt.name_run(made, choice())
    assert "swanlab_run_name" not in made.plain()
