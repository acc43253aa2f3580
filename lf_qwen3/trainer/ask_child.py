"""Ask LLaMA-Factory's own parsers about a YAML, as a script in a separate process (`lf_qwen3.trainer.ask`).

Nothing of lf_qwen3 is imported here. The parsers, the lookup of the template and that of the datasets are the
trainer's; only what this machine lacks (a GPU, torchrun, DeepSpeed, optional packages) is simulated, and
named.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from typing import Any

ON = ("1", "true", "y")


class _TokenizerReachedError(Exception):
    """The trainer has come to where it needs the model's tokenizer: everything before it has passed."""


class _NoTokenizer:
    def __getattr__(self, name: str) -> Any:
        raise _TokenizerReachedError(name)


def ask(arguments: dict[str, Any], command: str, stood_in: dict[str, None]) -> str:
    """Return what the trainer refuses, as `kind of error: its message`, "" where it takes the settings.

    `command` is train, chat or export; the names of what was simulated are added to `stood_in`.
    """
    parser = import_module("llamafactory.hparams.parser")
    arguments = copy.deepcopy(arguments)
    with stand_ins(stood_in):
        try:
            if command == "train":
                parser.get_ray_args(copy.deepcopy(arguments))
                data = parser.get_train_args(arguments)[1]
                _look_up_template(data)
                _look_up_datasets(data, stood_in)
            else:
                model, data, *_ = parser.get_infer_args(arguments)
                _check_export(command, model)
                _look_up_template(data)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return ""


def _look_up_template(data: Any) -> None:
    module = import_module("llamafactory.data.template")
    named = module.TEMPLATES.get(data.template)
    if named is not None:  # the lookup writes the YAML's settings into the template
        module.TEMPLATES[data.template] = copy.copy(named)
    try:
        module.get_template_and_fix_tokenizer(_NoTokenizer(), data)
    except _TokenizerReachedError:
        pass
    finally:
        if named is not None:
            module.TEMPLATES[data.template] = named


def _look_up_datasets(data: Any, stood_in: dict[str, None]) -> None:
    saved = data.tokenized_path
    if saved is not None and os.path.isdir(saved) and os.listdir(saved):
        return
    if str(data.dataset_dir).startswith("REMOTE:"):
        stood_in[f"the dataset_info.json of {data.dataset_dir}, which is on a hub"] = None
        return
    lookup = import_module("llamafactory.data.parser").get_dataset_list
    for names in (data.dataset, data.eval_dataset):
        lookup(names, data.dataset_dir)


def _check_export(command: str, model: Any) -> None:
    """Refuse what `export_model` (train/tuner.py) refuses before it reads the model."""
    if command != "export":
        return
    if model.export_dir is None:
        raise ValueError("Please specify `export_dir` to save model.")
    if model.adapter_name_or_path is not None and model.export_quantization_bit is not None:
        raise ValueError("Please merge adapters before quantizing the model.")


@contextlib.contextmanager
def stand_ins(stood_in: dict[str, None]) -> Iterator[None]:
    """Stand in for what this machine lacks, for as long as the context lasts."""
    parser = import_module("llamafactory.hparams.parser")
    training = import_module("transformers.training_args")
    deepspeed = import_module("transformers.integrations.deepspeed")
    with contextlib.ExitStack() as stack:

        def replace(owner: Any, name: str, value: Any) -> None:
            stack.callback(setattr, owner, name, vars(owner)[name])
            setattr(owner, name, value)

        stack.callback(deepspeed.unset_hf_deepspeed_config)
        replace(parser, "check_version", _lenient_version_check(parser.check_version, stood_in))
        owner = next(base for base in parser.ModelArguments.__mro__ if "apply_kt_config" in vars(base))
        replace(owner, "apply_kt_config", _lenient_kt(owner.apply_kt_config, stood_in))
        arguments = training.TrainingArguments
        replace(arguments, "parallel_mode", _launched(training, stood_in))
        if not import_module("torch").cuda.is_available() and not parser.is_torch_npu_available():
            for owner in (training, parser):
                replace(owner, "is_torch_bf16_gpu_available", _yes(stood_in, "a GPU that computes in bf16"))
            replace(training, "is_torch_tf32_available", _yes(stood_in, "a GPU that computes in tf32"))
            replace(training, "enable_tf32", lambda enable: None)
        if not deepspeed.is_deepspeed_available():
            replace(deepspeed, "HfTrainerDeepSpeedConfig", _deepspeed_config(deepspeed, stood_in))
            replace(import_module("accelerate.utils"), "DeepSpeedPlugin", lambda **options: None)
            replace(arguments, "_setup_devices", _device_without_deepspeed(arguments._setup_devices))
        yield


def _yes(stood_in: dict[str, None], name: str) -> Callable[[], bool]:
    def available() -> bool:
        stood_in[name] = None
        return True

    return available


def _lenient_version_check(check: Callable[..., None], stood_in: dict[str, None]) -> Callable[..., None]:
    def check_version(requirement: str, mandatory: bool = False) -> None:
        try:
            check(requirement, mandatory)
        except PackageNotFoundError:
            stood_in[f"the package {requirement.split('>')[0].split('=')[0]}"] = None

    return check_version


def _lenient_kt(apply: Callable[..., None], stood_in: dict[str, None]) -> Callable[..., None]:
    """Return `apply_kt_config`, the parsers' last step, which imports kt_kernel from 0.9.6 on."""

    def apply_kt_config(*arguments: Any) -> None:
        try:
            apply(*arguments)
        except ModuleNotFoundError as error:
            stood_in[f"the package {error.name}"] = None

    return apply_kt_config


def _launched(training: Any, stood_in: dict[str, None]) -> property:
    """Return `parallel_mode` as it is behind torchrun, by which llamafactory-cli starts several GPUs."""
    real, modes = training.TrainingArguments.parallel_mode.fget, training.ParallelMode

    def parallel_mode(arguments: Any) -> Any:
        mode = real(arguments)
        forced = os.environ.get("FORCE_TORCHRUN", "").lower() in ON
        if mode == modes.NOT_DISTRIBUTED or (mode == modes.NOT_PARALLEL and (arguments.deepspeed or forced)):
            stood_in["the launch by torchrun"] = None
            return modes.DISTRIBUTED
        return mode

    return property(parallel_mode)


def _deepspeed_config(deepspeed: Any, stood_in: dict[str, None]) -> type:
    """Return transformers' own reading of a DeepSpeed file, on accelerate's, which needs no DeepSpeed."""
    base = import_module("accelerate.utils.deepspeed").HfDeepSpeedConfig
    own = dict(vars(deepspeed.HfTrainerDeepSpeedConfig))

    def read(config: Any, named: Any) -> None:
        stood_in["the package deepspeed"] = None
        deepspeed.set_hf_deepspeed_config(config)
        base.__init__(config, named)
        config._dtype, config.mismatches = None, []

    methods = {name: value for name, value in own.items() if name not in ("__dict__", "__weakref__")}
    return type("HfTrainerDeepSpeedConfig", (base,), {**methods, "__init__": read})


def _device_without_deepspeed(real: Any) -> property:
    def device(arguments: Any) -> Any:
        named, arguments.deepspeed = arguments.deepspeed, None
        try:
            return real.func(arguments)
        finally:
            arguments.deepspeed = named

    return property(device)


def main() -> None:
    """Ask about the file argv[1] for the command argv[2], with KEY=VALUE behind them; print JSON."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the trainer prints is no part of the answer
    file, command, *overrides = sys.argv[1:]
    parser = import_module("llamafactory.hparams.parser")
    sys.argv = ["llamafactory-cli", file, *overrides]
    stood_in: dict[str, None] = {}
    try:
        arguments = parser.read_args()
    except Exception as error:
        refusal = f"{type(error).__name__}: {error}"
    else:
        refusal = ask(arguments, command, stood_in)
    with answer:
        answer.write(json.dumps({"refusal": refusal, "stood_in": list(stood_in)}))


if __name__ == "__main__":
    main()
    os._exit(0)  # to take torch and its threads down in order takes a second more
