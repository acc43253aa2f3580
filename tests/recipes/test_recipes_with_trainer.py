"""The real argument parser accepts every recipe, shipped and made, and every preset on every method.

The covering: each recipe alone (the files, and each method for each checkpoint), then each preset on each
method's file; presets change other keys than checkpoints do, so the product of all three would add nothing.

What stands in for what a test machine may lack is named in the test's id, and nothing else of the trainer is
changed: `bf16` for a GPU that knows it (always), `package` for the presence of an extra that the parser looks
for, `torchrun` for being started by it, `deepspeed` for that package's part of reading its file.
"""

import contextlib
import json
import sys
from functools import cache

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.recipes import find_recipe, list_derived, list_shipped
from lf_qwen3.recipes.contradictions import refuse_contradictions
from lf_qwen3.recipes.presets import find_preset, list_presets
from lf_qwen3.recipes.shared import share_settings

pytestmark = pytest.mark.llamafactory
METHODS = [one for one in list_shipped() if one.is_method]
PACKAGES = {"liger": "liger-kernel", "unsloth": "unsloth"}
TRAINING = [one for one in list_presets() if one.train or one.environment or one.launch]
OTHER_DATA = {"dataset", "eval_dataset", "dataset_dir", "output_dir", "additional_target", "lora_target"}


def stand_ins(one):
    """Return what must stand in for a preset, as its test's id names it."""
    return [
        *(["package"] if one.name in PACKAGES else []),
        *(["torchrun"] if "FORCE_TORCHRUN" in one.environment else []),
        *(["deepspeed"] if "deepspeed" in one.train else []),
    ]


def preset_id(one):
    return f"{one.name} ({', '.join(['bf16', *stand_ins(one)])} stands in)"


@cache
def argument_parser(kinds):
    """Return the trainer's own argument parser; to make it anew would take half of the time of a parse."""
    from transformers import HfArgumentParser

    return HfArgumentParser(kinds)


@pytest.fixture
def parse(monkeypatch, tmp_path):
    """Return a function that parses settings as `llamafactory-cli train` does: key -> what it holds."""
    parser = pytest.importorskip("llamafactory.hparams.parser")
    monkeypatch.setattr("transformers.training_args.is_torch_bf16_gpu_available", lambda: True)
    monkeypatch.setattr(parser, "HfArgumentParser", lambda kinds: argument_parser(tuple(kinds)))
    monkeypatch.chdir(tmp_path)

    def read(settings):
        monkeypatch.setattr(sys, "argv", ["train", "train.yaml"])
        (tmp_path / "train.yaml").write_text(json.dumps(settings), "utf-8")
        found = {}
        for arguments in parser.get_train_args():
            found.update(vars(arguments))
        return found

    return read


@pytest.fixture
def start(monkeypatch):
    """Return a context in which the parser sees what a preset's way of starting makes."""
    parser = pytest.importorskip("llamafactory.hparams.parser")
    from transformers.training_args import ParallelMode, TrainingArguments

    @contextlib.contextmanager
    def by(one):
        missing = {PACKAGES.get(one.name), "deepspeed" if "deepspeed" in one.train else None}
        real = parser.check_version

        def check_version(name, mandatory=False):
            return name in missing or real(name, mandatory)

        with monkeypatch.context() as patch:
            for key, value in {**one.environment, **accelerated(one)}.items():
                patch.setenv(key, value)
            patch.setattr(parser, "check_version", check_version)
            if "FORCE_TORCHRUN" in one.environment:
                patch.setattr(TrainingArguments, "parallel_mode", ParallelMode.DISTRIBUTED)
            if "deepspeed" in one.train:
                read_as_deepspeed_would(patch)
            yield

    return by


def accelerated(one):
    """Return the variables that accelerate itself sets for a preset's launch line, from the file it names."""
    if not one.launch:
        return {}
    from accelerate.commands import launch
    from accelerate.utils.launch import prepare_multi_gpu_env

    words = one.placed(str(one.files[0].parent)).launch.split()
    arguments, _, _ = launch._validate_launch_command(
        launch.launch_command_parser().parse_args([*words[2:], "train.yaml"])
    )
    assert arguments.use_fsdp
    assert arguments.module
    variables = prepare_multi_gpu_env(arguments)
    return {key: value for key, value in variables.items() if key.startswith(("FSDP_", "ACCELERATE_"))}


def read_as_deepspeed_would(monkeypatch):
    """Let transformers read the JSON by its own code, which takes the absent package's class as its base."""
    from accelerate import PartialState
    from accelerate.utils.deepspeed import HfDeepSpeedConfig
    from transformers.integrations import deepspeed

    def open_file(self, file):
        HfDeepSpeedConfig.__init__(self, file)
        self._dtype, self.mismatches = None, []

    own = {key: value for key, value in vars(deepspeed.HfTrainerDeepSpeedConfig).items() if key[:2] != "__"}
    stand_in = type("Config", (HfDeepSpeedConfig,), {**own, "__init__": open_file})
    monkeypatch.setattr(deepspeed, "HfTrainerDeepSpeedConfig", stand_in)
    monkeypatch.setattr("accelerate.utils.DeepSpeedPlugin", lambda hf_ds_config: hf_ds_config)
    PartialState()  # when it is first made with DeepSpeed, it looks for the package


def differences(settings, found):
    return {
        key: (value, found[key])
        for key, value in settings.items()
        if key not in OTHER_DATA
        and found[key] != value
        and str(getattr(found[key], "value", found[key])) != value
    }


def test_the_trainer_refuses_what_a_preset_excludes_for_its_sake(parse):
    """Hold the rules of the presets that rest on the trainer's parser against it."""
    full, pairs = find_recipe("full-sft").settings, find_recipe("lora-dpo").settings
    for settings, words in (
        ({**full, **find_preset("fsdp-qlora").train}, "Quantization is only compatible"),
        ({**pairs, **find_preset("neat-packing").train}, "neat_packing"),
    ):
        with pytest.raises(ValueError, match=words):
            parse(settings)


def expected(settings):
    """Return what the trainer should hold: a list for report_to, one token less where it packs."""
    own = {"report_to": [] if settings["report_to"] == "none" else [settings["report_to"]]}
    return {**settings, **own, "cutoff_len": settings["cutoff_len"] - bool(settings.get("packing"))}


def test_every_recipe_is_accepted_and_understood_where_bf16_stands_in(parse):
    failures = {}
    for recipe in (*list_shipped(), *list_derived()):
        settings = recipe.settings
        try:
            found = parse(settings)
            assert differences(expected(settings), found) == {}
            assert found["dataset"] == [settings["dataset"]]
            assert found["enable_thinking"] in (None, True)
        except Exception as error:
            failures[recipe.name] = f"{type(error).__name__}: {error}"
    assert failures == {}


@pytest.mark.parametrize("one", TRAINING, ids=preset_id)
def test_a_preset_is_accepted_on_every_method(parse, start, one):
    placed = one.placed(str(one.files[0].parent)) if one.files else one
    failures = {}
    with start(one):
        for recipe in METHODS:
            settings = {**recipe.settings, **placed.train}
            try:
                require_accepted(parse, one, settings)
            except Exception as error:
                failures[recipe.name] = f"{type(error).__name__}: {error}"
    assert failures == {}


def require_accepted(parse, one, settings):
    """Fail unless the trainer takes a preset with a recipe; what the preset excludes is not asked."""
    try:
        refuse_contradictions([one], share_settings(settings, "thinking", [one]))
    except UsageError:
        return
    found = parse(settings)
    assert differences(expected(settings), found) == {}
    assert found["use_ray"] is ("USE_RAY" in one.environment)


@pytest.mark.parametrize("stage", [2, 3])
@pytest.mark.parametrize("offload", ["", "-offload"], ids=["on GPUs", "offload"])
def test_the_trainer_fills_in_a_deepspeed_file(parse, start, stage, offload):
    one = find_preset(f"ds-zero{stage}{offload}")
    settings = {**METHODS[0].settings, **one.placed(str(one.files[0].parent)).train}
    with start(one):
        config = parse(settings)["hf_deepspeed_config"]
    assert config.get_value("zero_optimization.stage") == stage
    assert config.get_value("zero_optimization.offload_optimizer.device") == ("cpu" if offload else None)
    assert config.get_value("bf16.enabled") is True
    assert config.get_value("train_micro_batch_size_per_gpu") == settings["per_device_train_batch_size"]


@pytest.mark.parametrize("one", [one for one in list_presets() if one.generate], ids=lambda one: one.name)
def test_a_preset_is_accepted_where_answers_are_written(one):
    parser = pytest.importorskip("llamafactory.hparams.parser")
    settings = {"model_name_or_path": "Qwen/Qwen3-4B", "template": "qwen3", **one.generate}
    found = {}
    for arguments in parser.get_infer_args(settings):
        found.update(vars(arguments))
    assert {key: found[key] for key in one.generate} == one.generate


def test_accelerate_starts_a_module_that_trains():
    launcher = pytest.importorskip("llamafactory.launcher")
    lines = {one.launch for one in list_presets() if one.launch}
    assert lines
    for line in lines:
        assert line.split()[-2:] == ["-m", launcher.__name__]
    with open(launcher.__file__, encoding="utf-8") as source:
        started = source.read().partition('if __name__ == "__main__":')[2]
    assert "run_exp()" in started


def test_torchrun_is_told_what_the_presets_set():
    launcher = pytest.importorskip("llamafactory.launcher")
    with open(launcher.__file__, encoding="utf-8") as source:
        text = source.read()
    for name in ("multi-node", "elastic"):
        for key in find_preset(name).environment:
            assert f'"{key}"' in text


def test_bf16_is_what_a_machine_without_a_gpu_refuses(parse, monkeypatch):
    monkeypatch.setattr("transformers.training_args.is_torch_bf16_gpu_available", lambda: False)
    with pytest.raises(ValueError, match="bf16"):
        parse(METHODS[0].settings)
