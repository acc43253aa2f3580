"""Whether a saved model holds one embedding matrix or two, and whether its config.json says the same.

Qwen3-0.6B, 1.7B and 4B tie lm_head to embed_tokens. A LoRA that trains both (additional_target) trains two
copies, and the exported folder holds both under `tie_word_embeddings: true`. vLLM leaves `lm_head.` out where
the config ties (models/qwen3.py: skip_prefixes), and so does transformers 4: the trained head is lost and the
model answers noise. transformers 5 sees two different matrices and does not tie.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.files import write_text

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"
_INDEX, _CONFIG = "model.safetensors.index.json", "config.json"
_CHUNK = 1 << 24


def is_wrongly_tied(folder: Path) -> bool:
    """Return whether config.json ties the embeddings while the weights hold two that differ.

    Reads the two matrices byte by byte, nothing of torch. Raises `LfQwen3Error` for a folder without
    config.json or safetensors, for an adapter, and for an untied model without lm_head.
    """
    says_tied = bool(_read_json(folder / _CONFIG).get("tie_word_embeddings", False))
    tensors = {name: file for file in _weight_files(folder) for name in _read_header(file)[0]}
    if EMBEDDING not in tensors:
        raise LfQwen3Error(f"{folder} has no {EMBEDDING}", "name the folder of a Qwen3", code="not_a_qwen3")
    if HEAD not in tensors:
        if says_tied:
            return False
        raise LfQwen3Error(
            f"{folder}: config.json does not tie the embeddings, but the weights have no {HEAD}",
            'export the model again; "tie_word_embeddings": true is right for a tied model only',
            code="weights_missing",
        )
    pair = zip(_read_tensor(tensors[EMBEDDING], EMBEDDING), _read_tensor(tensors[HEAD], HEAD), strict=False)
    return says_tied and any(first != second for first, second in pair)


def untie_embeddings(folder: Path) -> bool:
    """Write `tie_word_embeddings: false` into config.json where two matrices differ; return whether it was.

    Nothing else in the file changes. Raises what `is_wrongly_tied` raises.
    """
    if not is_wrongly_tied(folder):
        return False
    path = folder / _CONFIG
    text = path.read_text("utf-8")
    write_text(path, re.sub(r'("tie_word_embeddings"\s*:\s*)true', r"\1false", text))
    return True


def _weight_files(folder: Path) -> list[Path]:
    """Return the files that hold the model's weights."""
    index = folder / _INDEX
    names = set(_read_json(index)["weight_map"].values()) if index.is_file() else {"model.safetensors"}
    files = [folder / name for name in sorted(names)]
    missing = next((file for file in files if not file.is_file()), None)
    if missing is None:
        return files
    is_adapter = (folder / "adapter_config.json").is_file()
    hint = (
        "export the adapter first: llamafactory-cli export EXPORT.yaml"
        if is_adapter
        else "export the model again"
    )
    raise LfQwen3Error(f"{missing} does not exist", hint, code="weights_missing")


def _read_header(file: Path) -> tuple[dict[str, Any], int]:
    """Return what a safetensors file says of its tensors, and where their bytes begin.

    Source: the format's description (huggingface/safetensors, README): 8 bytes of length, then JSON.
    """
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(length))
    except (OSError, ValueError, MemoryError, OverflowError) as error:
        raise LfQwen3Error(
            f"{file} cannot be read: {error}", "export the model again", code="not_safetensors"
        ) from error
    header.pop("__metadata__", None)
    return header, 8 + length


def _read_tensor(file: Path, name: str) -> Iterator[bytes]:
    """Yield dtype and shape of a tensor, then its bytes in chunks."""
    header, start = _read_header(file)
    entry = header[name]
    yield f"{entry['dtype']} {entry['shape']}".encode()
    begin, end = entry["data_offsets"]
    with file.open("rb") as stream:
        stream.seek(start + begin)
        yield from _chunks(stream, end - begin)


def _chunks(stream: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := stream.read(min(_CHUNK, length))):
        length -= len(chunk)
        yield chunk


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise LfQwen3Error(
            f"{path} does not exist", "name the folder of an exported model", code="file_missing"
        ) from error
    except (OSError, ValueError) as error:
        raise LfQwen3Error(
            f"{path} cannot be read: {error}", "export the model again", code="not_json"
        ) from error
