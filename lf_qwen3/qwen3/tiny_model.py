"""Make a tiny Qwen3 with Qwen's real tokenizer, with no download.

The weights are random (seeded) and the model says nothing sensible. But its tokens, its chat template and its
architecture are Qwen3's, so a run that passes on it in seconds on a CPU is the run that a GPU will see.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.qwen3 import tokenizer_build
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS, FIRST_ADDED_ID

VOCAB_SIZE = 151936
SEED = 42
SIGNATURE = f"lf-qwen3 tiny model 2, seed {SEED}"
"""Changes when the model that is made changes; an older one is then made again."""

_MARKER = "lf_qwen3_tiny.json"
_FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
SHAPE: dict[str, Any] = {
    "vocab_size": VOCAB_SIZE,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 40960,
    "initializer_range": 0.3,  # not the usual 0.02: with 32 dimensions the loss could hardly fall
    "rope_theta": 1_000_000.0,
    "tie_word_embeddings": True,
    "bos_token_id": FIRST_ADDED_ID + ADDED_TOKENS.index("<|endoftext|>"),
    "eos_token_id": FIRST_ADDED_ID + ADDED_TOKENS.index("<|im_end|>"),
    "pad_token_id": FIRST_ADDED_ID + ADDED_TOKENS.index("<|endoftext|>"),
}
"""The configuration of the tiny model: Qwen3's own where it costs nothing, small elsewhere."""

EXPERTS = {"moe_intermediate_size": 16, "num_experts": 4, "num_experts_per_tok": 2}
"""What a mixture of experts adds to it."""


def make_tiny_model(folder: Path, moe: bool = False) -> Path:
    """Make the tiny model in `folder`, or leave it alone when it is there whole, and return the folder.

    About 20 MB of weights and 11 MB of tokenizer. A Qwen3ForCausalLM, or with `moe` a Qwen3MoeForCausalLM.
    Raises `LfQwen3Error` when torch, transformers or dashscope are missing, or when the folder holds
    something else.
    """
    if is_made(folder, moe):
        return folder
    if (
        folder.exists()
        and not (folder / _MARKER).is_file()
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise LfQwen3Error(
            f"{folder} exists and is not a tiny model",
            "name another folder, or remove this one",
            code="folder_not_own",
        )
    tokenizer_build.require("torch", "transformers", "dashscope")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with quiet():
            tokenizer_build.save_tokenizer(tokenizer_build.ranks_file(), work)
            _save_weights(work, moe)
        (work / _MARKER).write_text(_marker(moe), encoding="utf-8")
        for path in (work, *work.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def is_made(folder: Path, moe: bool = False) -> bool:
    """Return whether `folder` holds the whole tiny model that this version makes."""
    marker = folder / _MARKER
    is_whole = all((folder / name).is_file() for name in _FILES)
    return is_whole and marker.is_file() and marker.read_text(encoding="utf-8") == _marker(moe)


def _marker(moe: bool) -> str:
    return json.dumps({"made_by": SIGNATURE, "moe": moe})


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing its progress bars for the moment."""
    logging: Any = importlib.import_module("transformers.utils.logging")
    was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_on:
            logging.enable_progress_bar()


def _save_weights(folder: Path, moe: bool) -> None:
    """Write config and seeded random weights; the shapes are small, the architecture is Qwen3's."""
    torch: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        if moe:
            model = transformers.Qwen3MoeForCausalLM(transformers.Qwen3MoeConfig(**SHAPE, **EXPERTS))
        else:
            model = transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**SHAPE))
    model.save_pretrained(folder)
