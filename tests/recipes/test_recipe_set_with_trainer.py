"""The real parsers and the real board take every file of a set, for every method and with every preset.

Two things stand in for what a test machine may lack: a GPU that knows bf16, and the three metric packages
that the parser looks for before predicting. train.yaml with the presets that need DeepSpeed, torchrun or
accelerate is left to test_recipes_with_trainer.py; here those presets must not reach what generates.
The parsers take a few seconds to import, the board about fifteen to build, once.
"""

import json
import shutil
import sys
from functools import cache
from pathlib import Path

import pytest

from lf_qwen3.recipes import board, presets
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.new import plan_recipe_set, write_recipe_set
from lf_qwen3.trainer import yaml_reader

pytestmark = pytest.mark.llamafactory
METRICS = ("jieba", "nltk", "rouge_chinese")
OWN = {"output_dir", "overwrite_output_dir"}
"""Keys of train.yaml that the board decides by itself."""

SFT = {"columns": {"prompt": "instruction", "response": "output"}}
INFO = {
    **{f"my_{split}": {"file_name": f"my_{split}.jsonl", **SFT} for split in ("train", "val", "test")},
    **{f"pairs_{split}": {"file_name": f"p_{split}.jsonl", "ranking": True} for split in ("train", "val")},
    "feedback_train": {"file_name": "f.jsonl", "columns": {"messages": "messages", "kto_tag": "label"}},
    "words_train": {"file_name": "w.jsonl", "columns": {"prompt": "text"}},
}
RECIPES = {
    "qwen3-4b-lora-sft": "my",
    "qwen3-4b-qlora-sft": "my",
    "qwen3-1.7b-full-sft": "my",
    "qwen3-4b-base-lora-sft": "my",
    "qwen3-4b-instruct-2507-lora-sft": "my",
    "qwen3-4b-thinking-2507-qlora-sft": "my",
    "qwen3-30b-a3b-lora-sft": "my",
    "qwen3-8b-rslora-sft": "my",
    "qwen3-4b-lora-dpo": "pairs",
    "qwen3-4b-lora-simpo": "pairs",
    "qwen3-4b-lora-rm": "pairs",
    "qwen3-4b-lora-ppo": "my",
    "qwen3-4b-dora-sft": "my",
    "qwen3-4b-lora-kto": "feedback",
    "qwen3-4b-lora-pt": "words",
    "qwen3-0.6b-full-pt": "words",
}
GENERATING = ("predict_base", "predict_tuned", "chat", "api", "export")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/dataset_info.json").write_text(json.dumps(INFO))
    return tmp_path


def make(recipe, *names):
    """Write the whole set of a recipe into runs/my and return the settings of its train.yaml."""
    made = plan(recipe, *names)
    write_recipe_set(made)
    return made.train


@cache
def plan(recipe, *names):
    """Return the whole set of a recipe, of the data in `folder`."""
    return plan_recipe_set(
        RecipeChoice(recipe, RECIPES[recipe], "data", "runs/my", None, {}, names, "my_test", gguf=True)
    )


@cache
def argument_parser(kinds):
    """Return the trainer's own argument parser; to make it anew would take half of the time of a parse."""
    from transformers import HfArgumentParser

    return HfArgumentParser(kinds)


@pytest.fixture
def parse(monkeypatch, folder):
    """Return a function that reads a file as the trainer's command for it does: key -> what it holds."""
    parser = pytest.importorskip("llamafactory.hparams.parser")
    monkeypatch.setattr("transformers.training_args.is_torch_bf16_gpu_available", lambda: True)
    monkeypatch.setattr(parser, "HfArgumentParser", lambda kinds: argument_parser(tuple(kinds)))
    real = parser.check_version
    monkeypatch.setattr(
        parser, "check_version", lambda name, mandatory=False: name in METRICS or real(name, mandatory)
    )

    def read(name):
        path = Path("runs/my") / f"{name}.yaml"
        monkeypatch.setattr(sys, "argv", [name, str(path)])
        trains = name == "train" or name.startswith("predict")
        found = {}
        for arguments in (parser.get_train_args if trains else parser.get_infer_args)():
            found.update(vars(arguments))
        return yaml_reader.read(path).settings, found

    return read


def differing(settings, found, lists=("dataset", "eval_dataset", "adapter_name_or_path", "lora_target")):
    """Return what the trainer holds otherwise than the file says; lists have shapes of their own.

    With packing the trainer takes a token off cutoff_len (hparams/data_args.py).
    """
    held = {key: getattr(found[key], "value", found[key]) for key in settings}
    if held.get("packing"):
        held["cutoff_len"] += 1
    return {
        key: (value, held[key])
        for key, value in settings.items()
        if key not in (*lists, "additional_target", "report_to") and held[key] != value
    }


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_file_of_a_set_is_taken(parse, recipe):
    make(recipe)
    for name in ("train", *GENERATING):
        if "-rm" in recipe and name not in ("train", "api", "export"):
            assert not Path(f"runs/my/{name}.yaml").exists()
            continue
        settings, found = parse(name)
        assert differing(settings, found) == {}, name
        for key in ("eval_dataset", "adapter_name_or_path"):
            if key in settings:
                assert found[key] == [settings[key]]


@pytest.mark.parametrize("preset", presets.list_presets(), ids=lambda one: one.name)
def test_a_preset_leaves_the_generating_files_to_any_machine(parse, preset):
    recipes = {"fsdp-qlora": "qwen3-4b-qlora-sft", "greedy": "qwen3-4b-instruct-2507-lora-sft"}
    make(recipes.get(preset.name, "qwen3-4b-lora-sft"), preset.name)
    for name in GENERATING:
        settings, found = parse(name)
        assert differing(settings, found) == {}, name
        assert not found.get("deepspeed")


@pytest.fixture(scope="module")
def engine():
    """Build the board once, in this process, and return what drives it."""
    interface = pytest.importorskip("llamafactory.webui.interface")
    demo = interface.create_ui()
    handlers = [getattr(one.fn, "__self__", None) for one in demo.fns.values()]
    return demo, next(one for one in handlers if type(one).__name__ == "Engine")


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_board_loads_its_file_and_would_run_the_same_training(engine, folder, recipe):
    train = make(recipe)
    shutil.copytree("runs/my/llamaboard_config", "llamaboard_config")
    demo, driver = engine
    name = next(Path("llamaboard_config").iterdir()).name
    loaded = driver.runner.load_args("en", name)
    inputs = next(
        one for one in demo.fns.values() if getattr(one.fn, "__name__", "") == "preview_train"
    ).inputs
    shown = {one: getattr(one, "value", None) for one in inputs} | {
        one: value for one, value in loaded.items() if one in inputs
    }
    shown[driver.manager.get_elem_by_id("top.model_name")] = "Custom"
    shown[driver.manager.get_elem_by_id("train.output_dir")] = "mine"
    would_run = driver.runner._parse_train_args(shown)
    replaced = {line.partition(":")[0] for line in board.list_replaced(train)}
    assert replaced == {"qwen3-4b-lora-simpo": {"pref_beta"}, "qwen3-4b-lora-ppo": {"reward_model"}}.get(
        recipe, set()
    )
    file = Path("llamaboard_config", name).read_text()
    assert ("start train.yaml instead" in file) == bool(replaced)
    assert {key: would_run.get(key) for key in train.keys() - OWN - replaced} == {
        key: value for key, value in train.items() if key not in OWN | replaced
    }


def test_every_value_fits_its_element(engine, folder):
    import gradio

    _, driver = engine
    for recipe in RECIPES:
        for key, value in board.build_arguments(plan(recipe).train).items():
            element = driver.manager.get_elem_by_id(key)
            if isinstance(element, gradio.Slider):
                assert element.minimum <= value <= element.maximum, key
            elif isinstance(element, gradio.Textbox):
                assert isinstance(value, str), key
            elif isinstance(element, gradio.Checkbox):
                assert isinstance(value, bool), key
            elif element.choices and not element.allow_custom_value:
                assert value in [choice for _, choice in element.choices], key


@pytest.mark.parametrize("key", [*board.SLIDERS, *board.FINE_SLIDERS])
def test_the_ends_of_a_slider_are_the_board_s(engine, key):
    element, least, most = (board.SLIDERS | board.FINE_SLIDERS)[key]
    found = engine[1].manager.get_elem_by_id(element)
    assert (found.minimum, found.maximum) == (least, most)
