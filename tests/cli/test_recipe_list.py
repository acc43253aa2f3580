"""`lf-qwen3 recipe list` and `recipe show` as they are typed."""

import json

import pytest

from lf_qwen3.qwen3.architecture import CHECKPOINTS
from lf_qwen3.recipes import find_recipe, list_derived, list_grpo, list_shipped
from lf_qwen3.recipes.presets import list_presets


def test_list_fits_a_window_and_names_all_that_names_are_made_of(lf):
    code, out, err = lf("recipe", "list")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert max(len(line) for line in lines) <= 100
    assert len(lines) < 70
    words = set(out.replace(",", " ").split())
    wanted = {recipe.name for recipe in list_shipped()} | {preset.name for preset in list_presets()}
    assert wanted | {checkpoint.name.lower() for checkpoint in CHECKPOINTS} <= words


def test_every_name_that_list_gives_as_an_example_is_one(lf):
    first = lf("recipe", "list")[1].splitlines()[0]
    names = [word.strip(",") for word in first.split() if word.startswith("qwen3-")]
    assert len(names) >= 2
    assert [find_recipe(name).name for name in names] == names


def test_list_as_json_holds_every_recipe(lf):
    report = json.loads(lf("recipe", "list", "--json")[1])
    rows = {row["name"]: row for row in report["recipes"]}
    every = [*list_shipped(), *list_derived(), *list_grpo()]
    assert rows.keys() == {one.name for one in every}
    assert {row["name"] for row in report["presets"]} == {one.name for one in list_presets()}


@pytest.mark.parametrize("name", ["qwen3-8b-qlora-sft", "qwen3-4b-instruct-2507-lora-sft", "moe-lora-sft"])
def test_a_row_of_the_list_says_what_the_recipe_holds(lf, name):
    rows = json.loads(lf("recipe", "list", "--json")[1])["recipes"]
    row, recipe = next(one for one in rows if one["name"] == name), find_recipe(name)
    assert row["model"] == recipe.settings["model_name_or_path"]
    assert row["template"] == recipe.settings["template"]
    assert row["summary"] == recipe.summary


@pytest.mark.parametrize("name", ["lora-sft", "qwen3-32b-full-sft", "qwen3-30b-a3b-thinking-2507-qlora-sft"])
def test_show_prints_the_yaml(lf, name):
    recipe = find_recipe(name)
    assert lf("recipe", "show", name) == (0, recipe.text, "")
    report = json.loads(lf("recipe", "show", name, "--json")[1])
    assert report["settings"] == recipe.settings
    assert report["name"] == name


@pytest.mark.parametrize("one", list_presets(), ids=lambda one: one.name)
def test_show_prints_a_preset(lf, one):
    assert lf("recipe", "show", one.name) == (0, one.path.read_text("utf-8"), "")
    report = json.loads(lf("recipe", "show", one.name, "--json")[1])
    assert (report["train"], report["launch"]) == (one.train, one.launch)


def test_no_recipe_has_the_name_of_a_preset():
    assert not {one.name for one in (*list_shipped(), *list_derived())} & {one.name for one in list_presets()}


def test_show_of_an_unknown_recipe(lf):
    code, out, err = lf("recipe", "show", "qwen3-4b-lora-stf")
    assert (code, out) == (2, "")
    assert "did you mean qwen3-4b-lora-sft?" in err
