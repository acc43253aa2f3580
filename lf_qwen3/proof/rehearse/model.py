"""The tiny stand-in for the model of a training YAML: its architecture, its tokenizer, random weights."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.qwen3 import tiny_model, tokenizer_build, tokenizer_files

_TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json"),
)
_WEIGHTS = "model.safetensors"
_PER_LAYER = ("layer_types", "mlp_only_layers")
_OF_EXPERTS = {"num_local_experts": 4, "shared_expert_intermediate_size": 16}
_UNTIED = re.compile(r"-(?:8|14|32)B|-\d+B-A\d+B", re.IGNORECASE)
"""Sizes of Qwen3 whose output layer is not a copy of the embeddings (config.json of the checkpoints)."""

_EXPERT_NAME = re.compile(r"-\d+B-A\d+B", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RehearsalModel:
    """A tiny model in `folder`; `what` and `tokenizer` say as text where its parts are from."""

    folder: Path
    what: str
    tokenizer: str
    notes: tuple[str, ...] = ()


def prepare_model(name: str, tokenizer_given: str | None, keep: Path) -> RehearsalModel:
    """Return the tiny stand-in for a model, made once and then read from the folder `keep`.

    `name` is a hub id or a folder. Raises `UsageError` when a tokenizer is named that does not exist, or none
    can be had; `LfQwen3Error` when torch is missing or transformers does not know the architecture.
    """
    config, origin, notes = _config(name)
    place, words = find_tokenizer(name, tokenizer_given, keep)
    config["vocab_size"] = max(int(config.get("vocab_size", 0)), _size(place))
    parts = json.dumps(config, sort_keys=True) + _fingerprint(place)
    digest = xxhash.xxh3_64_hexdigest(parts.encode("utf-8", "surrogateescape"))
    folder = keep / f"model-{digest}"
    if not (folder / _WEIGHTS).is_file():
        _build(folder, config, place)
    return RehearsalModel(folder, f"{_kind(config)} ({origin})", words, tuple(notes))


def cache_folder() -> Path | None:
    """Return the folder of the user's cache in which tiny models are kept, None where none can be."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lf-qwen3"
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return root if os.access(root, os.W_OK) else None


def _config(name: str) -> tuple[dict[str, Any], str, list[str]]:
    """Return the small configuration, where its architecture is from, and what there is to say about it."""
    own = _config_at_hand(name)
    if own is not None:
        notes = []
        if own.pop("quantization_config", None):
            notes.append("the model's weights are quantised; the rehearsal trains ordinary weights")
        return shrink_config(own), f"the config.json of {name}, made small", notes
    moe = _EXPERT_NAME.search(name) is not None
    config = {"model_type": "qwen3_moe" if moe else "qwen3", **tiny_model.SHAPE}
    config |= tiny_model.EXPERTS if moe else {}
    config["tie_word_embeddings"] = _UNTIED.search(name) is None
    is_qwen3 = "qwen3" in name.lower()
    note = (
        f"{name} is not in a local cache and is no Qwen3 by its name: the rehearsal uses a tiny dense Qwen3"
    )
    return config, f"by the name, {name}", [] if is_qwen3 else [note]


def _config_at_hand(name: str) -> dict[str, Any] | None:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        try:
            folder = tokenizer_files.find(name)
        except UsageError:
            return None
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return config if isinstance(config, dict) and "model_type" in config else None


def shrink_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's configuration with every size made tiny and everything else as it is."""
    small = {key: value for key, value in config.items() if key not in ("auto_map", "_name_or_path")}
    sizes = {**tiny_model.SHAPE, **tiny_model.EXPERTS, **_OF_EXPERTS}
    kept = ("vocab_size", "max_position_embeddings", "rope_theta", "tie_word_embeddings")
    for key, value in sizes.items():
        if key in small and key not in kept and not key.endswith("token_id"):
            small[key] = value
    layers = tiny_model.SHAPE["num_hidden_layers"]
    for key in _PER_LAYER:
        if isinstance(small.get(key), list):
            small[key] = [item for item in small[key] if not isinstance(item, int) or item < layers][:layers]
    if "max_window_layers" in small:
        small["max_window_layers"] = layers
    small["initializer_range"] = tiny_model.SHAPE["initializer_range"]
    for key in ("torch_dtype", "dtype"):
        small.pop(key, None)
    return small


def _kind(config: Mapping[str, Any]) -> str:
    kinds = {"qwen3": "a tiny dense Qwen3", "qwen3_moe": "a tiny Qwen3 mixture of experts"}
    return kinds.get(str(config["model_type"]), f"a tiny {config['model_type']}")


def find_tokenizer(name: str, given: str | None, keep: Path) -> tuple[Path, str]:
    """Return the folder of a model's tokenizer, and as text which one it is; Qwen3's is made if need be.

    It is made once, from dashscope, in the folder `keep`. Raises `UsageError` when none can be had.
    """
    if given:
        place = tokenizer_files.find(given)
        return place, str(place)
    with contextlib.suppress(UsageError):
        return tokenizer_files.find(name), f"{name}'s own"
    if importlib.util.find_spec("dashscope") is None:
        raise UsageError(
            f"the tokenizer of {name} is in no local cache",
            f"{tokenizer_files.download_hint(name)}\nor build Qwen3's tokenizer here: pip install dashscope",
            code="no_tokenizer",
        )
    digest = xxhash.xxh3_64_hexdigest(tiny_model.SIGNATURE.encode())
    place = keep / f"tokenizer-{digest}"
    if not (place / tokenizer_files.FILE).is_file():
        with _in_place(place, tokenizer_files.FILE) as work:
            tokenizer_build.save_tokenizer(tokenizer_build.ranks_file(), work)
    return place, "Qwen3's, built here (name another with --tokenizer)"


def _size(place: Path) -> int:
    """Return how many ids the tokenizer needs."""
    vocabulary: dict[str, int] = tokenizer_files.load(place).get_vocab(with_added_tokens=True)
    return max(vocabulary.values()) + 1


def _fingerprint(place: Path) -> str:
    """Return what tells one state of a tokenizer's files from another."""
    files = [place / name for name in _TOKENIZER_FILES if (place / name).is_file()]
    return "".join(f"{file}{file.stat().st_size}{file.stat().st_mtime_ns}" for file in files)


def _build(folder: Path, config: Mapping[str, Any], place: Path) -> None:
    """Write config, seeded random weights and the tokenizer's files."""
    tokenizer_build.require("torch", "transformers")
    torch: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")
    values = {key: value for key, value in config.items() if key != "model_type"}
    with _in_place(folder, _WEIGHTS) as work, tiny_model.quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(tiny_model.SEED)
        try:
            tiny_config = transformers.AutoConfig.for_model(str(config["model_type"]), **values)
            model = transformers.AutoModelForCausalLM.from_config(tiny_config)
        except (ValueError, KeyError, TypeError) as error:
            version = transformers.__version__
            raise LfQwen3Error(
                f"transformers {version} cannot make a model of type {config['model_type']}: {error}",
                "rehearse knows the text models of transformers; name another model",
                code="unknown_model",
            ) from error
        model.save_pretrained(work)
        for name in _TOKENIZER_FILES:
            if (place / name).is_file():
                shutil.copyfile(place / name, work / name)


@contextlib.contextmanager
def _in_place(folder: Path, last: str) -> Iterator[Path]:
    """Yield a working folder that becomes `folder` in one step.

    One that holds the file `last` stays: another process was faster, and may read it already.
    """
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield work
        if not (folder / last).is_file():
            shutil.rmtree(folder, ignore_errors=True)
        try:
            os.replace(work, folder)
        except OSError:
            if not (folder / last).is_file():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
