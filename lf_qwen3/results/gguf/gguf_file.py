"""Look into a GGUF file: its metadata and the type of each tensor.

Source: docs/gguf.md of ggml. The package `gguf` reads the same, but takes 18 seconds for the 300,000 strings
of Qwen's vocabulary, which are passed over here.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf.rows import END
from lf_qwen3.trainer.chat_template import ChatTemplate

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 30: "BF16"}
_TYPES |= {number: f"Q{number - 8}_K" for number in range(10, 15)}


@dataclass(frozen=True, slots=True)
class GgufFile:
    """`metadata` without its arrays, and the type of each tensor with the length of its rows, by name."""

    metadata: dict[str, Any]
    tensors: dict[str, tuple[str, int]]

    def count_types(self) -> dict[str, int]:
        """Return how many tensors are of each type."""
        return dict(Counter(kind for kind, _ in self.tensors.values()))


def read_gguf(file: Path) -> GgufFile:
    """Read a file's head. Raises `LfQwen3Error` for what is no whole GGUF."""
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _Head(content).read()
    except (OSError, ValueError, struct.error, UnicodeDecodeError) as error:
        raise LfQwen3Error(
            f"{file} is not a complete GGUF: {error}", "delete it and run the command again", code="not_gguf"
        ) from error


def check_converted(file: Path, merged: Path) -> dict[str, Any]:
    """Hold a converted file against the model that it was made of; return what is in it.

    Raises `LfQwen3Error` ("gguf_chat_template", "gguf_rope", "gguf_eos", "gguf_tokenizer", "gguf_types").
    """
    head = read_gguf(file)
    config = json.loads((merged / "config.json").read_bytes())
    rope = config.get("rope_theta") or (config.get("rope_parameters") or {}).get("rope_theta")
    template = ChatTemplate.load(merged)
    architecture = head.metadata.get("general.architecture", "")
    wanted = {
        "gguf_rope": (f"{architecture}.rope.freq_base", rope),
        "gguf_eos": ("tokenizer.ggml.eos_token_id", END),
        "gguf_tokenizer": ("tokenizer.ggml.pre", "qwen2"),
        "gguf_chat_template": ("tokenizer.chat_template", template.source if template else None),
    }
    for code, (key, value) in wanted.items():
        if (there := head.metadata.get(key)) != value:
            said = "not the model's own" if "template" in key else f"{there}, and has to be {value}"
            raise LfQwen3Error(
                f"in the GGUF {key} is {said}", "convert with another version of llama.cpp", code=code
            )
    return {
        "types": check_types(file, "F16"),
        "metadata": {key: head.metadata[key] for key, _ in wanted.values()},
    }


def check_types(file: Path, kind: str) -> dict[str, int]:
    """Return how many tensors are of each type. Raises `LfQwen3Error` where the file is not of type `kind`.

    Vectors stay F32. A k-quant holds its own type and larger k-quants; whatever else is there was not asked
    for, as where the rows of a matrix are no multiple of 256 weights.
    """
    head = read_gguf(file)
    main = kind[:4] if kind != "F16" else kind
    allowed = {"F32", main} | ({f"Q{bits}_K" for bits in range(int(kind[1]), 7)} if "_K" in kind else set())
    wrong = {name: of for name, of in head.tensors.items() if of[0] not in allowed}
    if wrong or main not in head.count_types():
        name, (there, row) = next(iter((wrong or head.tensors).items()))
        uneven = f"; a row holds {row} weights, and k-quants take multiples of 256" * bool(row % 256)
        raise LfQwen3Error(
            f"the GGUF is not {kind}: {len(wrong or head.tensors)} tensors are of another type, such as "
            f"{name}, which is {there}{uneven}",
            "use --quant Q8_0" if uneven else "use the llama-quantize of another llama.cpp tag",
            code="gguf_types",
        )
    return head.count_types()


class _Head:
    """Reads from the start of a file on."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content, self._at = content, 0

    def read(self) -> GgufFile:
        if self._content[:4] != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        self._at = 8
        tensors, pairs = self._take("Q"), self._take("Q")
        metadata = {self._text(): self._value(self._take("I")) for _ in range(pairs)}
        types: dict[str, tuple[str, int]] = {}
        for _ in range(tensors):
            name = self._text()
            sizes = [self._take("Q") for _ in range(self._take("I"))]
            number = self._take("I")
            types[name] = (_TYPES.get(number, f"type {number}"), sizes[0])
            self._take("Q")
        return GgufFile({key: value for key, value in metadata.items() if value is not None}, types)

    def _value(self, kind: int) -> Any:
        """Return a value, None for an array."""
        if kind == _STRING:
            return self._text()
        if kind != _ARRAY:
            return self._take(_SCALARS[kind])
        inner, count = self._take("I"), self._take("Q")
        if inner == _STRING:
            for _ in range(count):
                self._at += 8 + int.from_bytes(self._content[self._at : self._at + 8], "little")
        else:
            self._at += count * struct.calcsize(_SCALARS[inner])
        return None

    def _text(self) -> str:
        length = self._take("Q")
        self._at += length
        return self._content[self._at - length : self._at].decode()

    def _take(self, layout: str) -> Any:
        (value,) = struct.unpack_from(f"<{layout}", self._content, self._at)
        self._at += struct.calcsize(layout)
        return value
