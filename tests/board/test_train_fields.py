"""Which keys the elements of the board's own Train tab decide: none of them goes into the extra arguments."""

import json
import shutil
from pathlib import Path

import pytest

from lf_qwen3 import recipes
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.board.handlers import train, train_fill
from lf_qwen3.recipes import presets

SAMPLES = Path(__file__).parents[2] / "dataset_info"
PRESETS = ("liger", "cpu", "adam-8bit", "ds-zero2")
"""They are tried on the SFT recipes of one checkpoint: they set other keys than checkpoints and stages do."""


def labels(name):
    return {"en": f"<{name}>"}


@pytest.fixture(scope="module")
def engine():
    """Build the board once, in this process, and return it and what drives it."""
    interface = pytest.importorskip("llamafactory.webui.interface")
    demo = interface.create_ui()
    handlers = [getattr(event.fn, "__self__", None) for event in demo.fns.values()]
    return demo, next(handler for handler in handlers if type(handler).__name__ == "Engine")


def _keys_by_element(demo, driver):
    """Return key of the trainer -> the element that decides it, by changing each element of the Train tab."""
    import gradio

    event = next(event for event in demo.fns.values() if getattr(event.fn, "__name__", "") == "preview_train")
    values = {element: getattr(element, "value", None) for element in event.inputs}
    for name, value in {
        "top.model_name": "Custom",
        "train.output_dir": "mine",
        "train.dataset": ["a"],
    }.items():
        values[driver.manager.get_elem_by_id(name)] = value
    values[driver.manager.get_elem_by_id("train.extra_args")] = "{}"
    plain = driver.runner._parse_train_args(values)
    keys = {}
    for element in event.inputs:
        name = driver.manager.get_id_by_elem(element)
        if name in ("lang", "train.extra_args"):
            continue
        others: list[object]
        if isinstance(element, gradio.Checkbox):
            others = [not values[element]]
        elif isinstance(element, gradio.Slider):
            others = [element.maximum if values[element] != element.maximum else element.minimum]
        elif isinstance(element, gradio.Dropdown) and element.choices and not element.multiselect:
            others = [value for _, value in element.choices if value != values[element]]
        else:
            others = ["7"]
        for other in others:
            try:
                changed = driver.runner._parse_train_args(values | {element: other})
            except (KeyError, ValueError, TypeError):
                continue
            different = [key for key in changed.keys() | plain.keys() if changed.get(key) != plain.get(key)]
            keys |= dict.fromkeys(different, name)
    return keys


@pytest.mark.llamafactory
def test_no_key_of_the_extra_arguments_has_a_field(engine, here):
    """Each key is one that no element decides, or one that the page names as overriding its field.

    The share for validation switches eval_strategy and eval_steps on; it holds neither of them.
    """
    shutil.copytree(SAMPLES, "data")
    demo, driver = engine
    keys = _keys_by_element(demo, driver)
    assert keys["save_steps"] == "train.save_steps"
    assert keys["enable_liger_kernel"] == "top.booster"
    for key in ("eval_strategy", "eval_steps", "per_device_eval_batch_size"):
        assert keys.pop(key) == "train.val_size"
    checked = 0
    for recipe in recipes.list_derived():
        if not recipe.name.startswith(("qwen3-4b-", "qwen3-0.6b-base-", "qwen3-30b-a3b-")):
            continue
        dataset = recipe.settings["dataset"]
        is_tried = recipe.name.startswith("qwen3-4b-") and recipe.name.endswith("-sft")
        for preset in ("", *(PRESETS if is_tried else ())):
            form = train.TrainingForm(
                recipe=recipe.name, dataset=dataset, hardware=[preset] if preset else []
            )
            try:
                settings, _ = train.fit_recipe(form)
            except LfQwen3Error:
                continue
            filled = train_fill.values(settings)
            overridden = {
                key for _, key, _ in train_fill.describe_fill(settings, filled, labels)["overridden"]
            }
            extra = json.loads(filled[train_fill.EXTRA])
            assert not {key: keys[key] for key in extra.keys() - overridden if key in keys}, recipe.name
            packed = {"save_steps", "warmup_ratio"} if settings["stage"] == "pt" else set()
            assert overridden <= {"enable_thinking"} | packed, recipe.name
            checked += 1
    assert checked > 50
    assert presets.find_preset("liger").train == {"enable_liger_kernel": True}
