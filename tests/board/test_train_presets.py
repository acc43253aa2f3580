"""Section Train presets without gradio: a recipe as settings, in the Train tab, in memory, as a YAML."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lf_qwen3 import recipes
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import train, train_fill, train_run
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from lf_qwen3.proof import estimate
from lf_qwen3.qwen3.architecture import CHECKPOINTS
from lf_qwen3.recipes import presets
from lf_qwen3.trainer.yaml_reader import read

SAMPLES = Path(__file__).parents[2] / "dataset_info"
RECIPE = "qwen3-4b-lora-sft"
NOTHING: dict[str, Any] = {"overridden": [], "replaced": [], "validates": 0}
SETTINGS = {
    "stage": "sft",
    "do_train": True,
    "model_name_or_path": "Qwen/Qwen3-4B",
    "dataset": "sample_mixed_train",
    "dataset_dir": "data",
    "template": "qwen3",
    "enable_thinking": None,
    "finetuning_type": "lora",
    "cutoff_len": 2048,
}


def form(**changes):
    given = {"recipe": RECIPE, "dataset": "sample_mixed_train", "dataset_dir": "data"}
    return train.TrainingForm(**(given | changes))


def planned(**changes) -> dict[str, Any]:
    """Return what is shown of a choice, as the page keeps it."""
    return json.loads(json.dumps(train.plan_choice(form(**changes))))


@pytest.fixture
def registered(here):
    """Put the sample datasets into data/ of the board's folder."""
    shutil.copytree(SAMPLES, here / "data")
    return here


def test_every_recipe_and_preset_that_is_offered_can_be_chosen():
    assert set(train.recipe_names()) >= {one.name for one in recipes.list_derived()}
    assert all(recipes.find_recipe(name) for name in train.recipe_names())
    assert all(presets.find_preset(name) for name in (*train.hardware_names(), *train.tracking_names()))


def test_what_the_board_cannot_start_is_not_offered():
    started_otherwise = {
        one.name for one in presets.list_presets() if one.launch or "USE_RAY" in one.environment
    }
    assert started_otherwise
    assert not started_otherwise & set(train.hardware_names())
    with pytest.raises(UsageError, check=lambda error: error.code == "unknown_preset"):
        planned(hardware=[min(started_otherwise)])


def test_a_look_tells_settings_and_memory_of_the_recipe():
    found = planned(hardware=["liger"])
    of_recipe = recipes.find_recipe(RECIPE).settings
    assert found["settings"] == {key: of_recipe[key] for key in train.SHOWN}
    options = {"rank": of_recipe["lora_rank"], "dropout": True, "fused_loss": True}
    plan = estimate.TrainingPlan.named("Qwen3-4B", cutoff_len=of_recipe["cutoff_len"], **options)
    assert found["memory"]["total"] == estimate.estimate_memory(plan).total
    assert sum(found["memory"]["parts"].values()) == found["memory"]["total"]
    assert found["presets"] == [["liger", presets.find_preset("liger").summary]]


def test_presets_of_one_kind_exclude_each_other():
    with pytest.raises(UsageError, check=lambda error: error.code == "presets_exclude"):
        planned(hardware=["cpu", "fp16"])


def test_a_stage_without_estimate_still_shows_its_settings(monkeypatch):
    assert planned(recipe="qwen3-4b-lora-kto")["memory"]["total"] > 0
    monkeypatch.setattr("lf_qwen3.proof.estimate.from_yaml.STAGES", ("sft",))
    found = planned(recipe="qwen3-4b-lora-kto")
    assert "estimate does not support" in found["memory"]["error"]
    assert (
        found["settings"]["learning_rate"]
        == recipes.find_recipe("qwen3-4b-lora-kto").settings["learning_rate"]
    )


def test_the_recipe_is_fitted_to_the_data(registered):
    settings, _ = train.fit_recipe(form(tracking="swanlab-local"))
    assert settings["dataset"] == "sample_mixed_train"
    assert settings["eval_dataset"] == "sample_mixed_val"
    assert settings["use_swanlab"] is True
    assert train.fit_recipe(form(dataset="", of_train_tab=["sample_mixed_train"]))[0]["dataset"] == (
        "sample_mixed_train"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": ""},
        {"recipe": "no-such"},
        {"dataset": ""},
        {"dataset": "", "of_train_tab": ["a", "b"]},
        {"dataset": "no_such"},
        {"dataset": "../sample"},
        {"dataset_dir": "/etc"},
        {"dataset_dir": ".."},
        {"hardware": ["../../x"]},
    ],
    ids=str,
)
def test_a_form_that_will_not_do_is_refused(registered, changes):
    with pytest.raises(UsageError):
        train.fit_recipe(form(**changes))


@pytest.mark.parametrize("recipe", [RECIPE, "qwen3-8b-qlora-sft", "qwen3-4b-instruct-2507-lora-dpo"])
def test_values_never_set_model_or_template(registered, recipe):
    name = "sample_preference_train" if recipe.endswith("dpo") else "sample_mixed_train"
    settings, _ = train.fit_recipe(form(recipe=recipe, dataset=name, hardware=["ds-zero2-offload"]))
    values = train_fill.values(settings)
    assert not {"top.model_name", *train_fill.SUGGESTED} & values.keys()
    assert values.keys() <= set(train_fill.elements())
    assert values["train.ds_stage"] == "2"
    assert values["train.ds_offload"] is True
    assert "deepspeed" not in json.loads(values[train_fill.EXTRA])


def test_values_hold_thinking_as_null_and_the_validation_split(registered):
    settings, _ = train.fit_recipe(form())
    extra = json.loads(train_fill.values(settings)[train_fill.EXTRA])
    assert extra["enable_thinking"] is None
    assert extra["eval_dataset"] == "sample_mixed_val"


def test_without_swanlab_its_fields_are_left_alone(registered):
    plain = train_fill.values(train.fit_recipe(form())[0])
    tracked = train_fill.values(train.fit_recipe(form(tracking="swanlab-cloud"))[0])
    assert not [name for name in plain if name.startswith("train.swanlab_") and name != "train.swanlab_mode"]
    assert tracked["train.swanlab_project"] == presets.find_preset("swanlab-cloud").train["swanlab_project"]
    assert "train.swanlab_api_key" not in tracked


def test_saved_settings_are_read_back_without_secrets(here):
    found = train_run.save(SETTINGS | {"swanlab_api_key": "hidden", "hf_hub_token": "hidden"}, " my_run ")
    assert found["path"] == "saves/my_run.yaml"
    assert read(Path(found["path"])).settings == SETTINGS
    assert "hidden" not in Path(found["path"]).read_text("utf-8")
    assert train_run.save(SETTINGS, "my_run") == found


def test_another_file_is_never_written_over(here):
    train_run.save(SETTINGS, "my_run")
    with pytest.raises(UsageError, check=lambda error: error.code == "file_exists"):
        train_run.save(SETTINGS | {"cutoff_len": 1024}, "my_run")
    assert read(Path("saves/my_run.yaml")).settings["cutoff_len"] == 2048


@pytest.mark.parametrize(
    "name", ["", " ", "../out", "/tmp/out", "a/b", "a\\b", ".hidden", "-o", "a\0b", "x" * 300]
)
def test_a_hostile_name_writes_nothing(here, name):
    before = sorted(here.parent.rglob("*"))
    with pytest.raises(UsageError):
        train_run.save(SETTINGS, name)
    assert sorted(here.parent.rglob("*")) == before


def test_a_link_out_of_the_folder_is_not_followed(here, tmp_path):
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    Path("saves").symlink_to(outside)
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        train_run.save(SETTINGS, "my_run")
    assert not list(outside.iterdir())


def test_settings_without_end_are_not_saved(here):
    with pytest.raises(UsageError, check=lambda error: error.code == "settings_too_long"):
        train_run.save(SETTINGS | {"note": "x" * train_run.LARGEST}, "my_run")
    assert not Path("saves").exists()


@pytest.mark.parametrize("missing", ["model_name_or_path", "dataset"])
def test_settings_without_model_or_data_are_refused(here, missing):
    settings = {key: value for key, value in SETTINGS.items() if key != missing}
    for work in (lambda: train_run.save(settings, "my_run"), lambda: train_run.request(settings)):
        with pytest.raises(UsageError, check=lambda error: error.code == "nothing_chosen"):
            work()


def test_demo_mode_writes_and_starts_nothing(here):
    for work in (lambda: train_run.save(SETTINGS, "a", True), lambda: train_run.request(SETTINGS, "", True)):
        with pytest.raises(UsageError, check=lambda error: error.code == "demo_mode"):
            work()
    assert not Path("saves").exists()


def test_what_is_rehearsed_lies_below_the_board_and_holds_no_secret(here):
    asked = train_run.request(SETTINGS | {"swanlab_api_key": "hidden"}, " tokenizer ")
    assert asked == {"settings": SETTINGS, "tokenizer": "tokenizer"}
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        train_run.request(SETTINGS | {"dataset_dir": "/etc"})


def test_the_train_tabs_own_settings_are_estimated(here):
    assert train.estimate_settings(SETTINGS | {"bf16": True}, 1)["model"] == SETTINGS["model_name_or_path"]
    assert train.estimate_settings(SETTINGS | {"use_cpu": True}, 1)["card"] == "RAM"
    broken_ones: list[dict[str, object]] = [
        {"deepspeed": "/dev/zero"},
        {"cutoff_len": "many"},
        {"lora_rank": None},
        {"lora_target": 5},
    ]
    broken_ones += [{"model_name_or_path": one} for one in ("gpt2", "x" * 5000, "~no such user/", "a\0b")]
    for broken in broken_ones:
        with pytest.raises(LfQwen3Error) as caught:
            train.estimate_settings(SETTINGS | broken, 1)
        assert "lf-qwen3-" not in caught.value.message


@pytest.mark.parametrize("language", languages())
def test_everything_is_shown_in_every_language(registered, language):
    told = texts(language)
    looked = planned(hardware=["ds-zero3"], gpus=4)
    settings, notes = train.fit_recipe(form(tracking="swanlab-cloud"))
    values = train_fill.values(settings)
    shown = render("train/plan", told, state=looked)
    assert looked["memory"]["words"] in shown
    state = {"set": values, "unknown": ["train.<b>"], "notes": [*notes, "<b>"], **NOTHING}
    for chosen in (("", ""), ("Qwen/Qwen3-8B", "default"), ("Qwen/Qwen3-4B", "qwen3")):
        filled = state | {"suggestion": train_fill.suggest(settings, *chosen)}
        shown = render("train/filled", told, state=filled)
        assert "<b>" not in shown
        assert "Qwen/Qwen3-4B" in shown
    for view in ("train/plan", "train/filled", "train/saved", "train/verdict"):
        render(view, told, state=None)
        assert "&lt;i&gt;" in render(view, told, state={"error": "<i>", "hint": "<i>"})


def test_model_and_template_are_suggested_in_words():
    told = texts("en")
    settings = {"model_name_or_path": "Qwen/Qwen3-4B", "template": "qwen3"}

    def words(*chosen):
        state = {
            "set": {},
            "unknown": [],
            "notes": [],
            **NOTHING,
            "suggestion": train_fill.suggest(settings, *chosen),
        }
        return render("train/filled", told, state=state)

    assert "lfq-warning" not in words("Qwen/Qwen3-4B", "qwen3")
    assert words("Qwen/Qwen3-8B", "default").count("lfq-warning") == 2
    assert words("", "default").count("lfq-warning") == 1


@pytest.mark.llamafactory
def test_the_boards_names_of_the_checkpoints():
    constants = pytest.importorskip("llamafactory.extras.constants")
    known = {
        name: paths[constants.DownloadSource.DEFAULT] for name, paths in constants.SUPPORTED_MODELS.items()
    }
    called = {one.id: train_fill.board_name(one.id, known) for one in CHECKPOINTS}
    assert sum(map(bool, called.values())) > len(called) / 2
    assert all(known[name] == model for model, name in called.items() if name)
