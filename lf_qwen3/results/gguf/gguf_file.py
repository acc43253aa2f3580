"""Look into a GGUF file: its metadata and the type of each tensor.

Source: docs/gguf.md of ggml. The package `gguf` reads the same, but takes 18 seconds for the 300,000 strings
of Qwen's vocabulary, which are skipped here.
"""

from __future__ import annotations

import json
import math
import mmap
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf.rows import END
from lf_qwen3.trainer.chat_template import ChatTemplate

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 30: "BF16"}
_TYPES |= {number: f"Q{number - 8}_K" for number in range(10, 15)}
_CONVERT = "convert with another version of llama.cpp"
_FLOATS = {"F32": ("<u4", 0x7F800000), "F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80)}
"""numpy's type and the bits of the exponent, which are all set in inf and nan alone."""


class GgufTensor(NamedTuple):
    """Its type, weights in a row, weights in all, and the byte of the file at which they begin."""

    kind: str
    row: int
    weights: int
    start: int


@dataclass(frozen=True, slots=True)
class GgufFile:
    """`metadata` without its arrays, and the tensors by name."""

    metadata: dict[str, Any]
    tensors: dict[str, GgufTensor]

    def count_types(self) -> dict[str, int]:
        """Return how many tensors are of each type."""
        return dict(Counter(tensor.kind for tensor in self.tensors.values()))


def read_gguf(file: Path) -> GgufFile:
    """Read a file's head. Raises `LfQwen3Error` for what is not a whole GGUF."""
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _Head(content).read()
    except (OSError, ValueError, struct.error, UnicodeDecodeError) as error:
        raise _refuse_part(file, error) from error


def check_gguf(file: Path, base: Path, kind: str) -> dict[str, Any]:
    """Compare a file with the base model and the requested type; return its facts.

    Raises `LfQwen3Error` ("gguf_chat_template", "gguf_rope", "gguf_eos", "gguf_tokenizer", "gguf_types",
    "weights_not_finite").
    """
    head = read_gguf(file)
    metadata = _check_metadata(head.metadata, base)
    _check_types(head, kind)
    _check_finite(file, head)
    return {"types": head.count_types(), "metadata": metadata}


def _check_metadata(there: dict[str, Any], base: Path) -> dict[str, Any]:
    config = json.loads((base / "config.json").read_bytes())
    rope = config.get("rope_theta") or (config.get("rope_parameters") or {}).get("rope_theta")
    template = ChatTemplate.load(base)
    wanted = {
        "gguf_rope": (f"{there.get('general.architecture', '')}.rope.freq_base", rope),
        "gguf_eos": ("tokenizer.ggml.eos_token_id", END),
        "gguf_tokenizer": ("tokenizer.ggml.pre", "qwen2"),
        "gguf_chat_template": ("tokenizer.chat_template", template.source if template else None),
    }
    for code, (key, value) in wanted.items():
        if there.get(key) != value:
            said = "not the model's own" if "template" in key else f"{there.get(key)}, but must be {value}"
            raise LfQwen3Error(f"in the GGUF {key} is {said}", _CONVERT, code=code)
    return {key: there[key] for key, _ in wanted.values()}


def _check_types(head: GgufFile, kind: str) -> None:
    """Raise where the file is not of type `kind`.

    Vectors stay F32. A k-quant holds its own type and larger k-quants; whatever else is there was not asked
    for, as where the rows of a matrix are no multiple of 256 weights.
    """
    main = kind[:4] if kind != "F16" else kind
    allowed = {"F32", main} | ({f"Q{bits}_K" for bits in range(int(kind[1]), 7)} if "_K" in kind else set())
    wrong = {name: tensor for name, tensor in head.tensors.items() if tensor.kind not in allowed}
    if wrong or main not in head.count_types():
        name, first = next(iter((wrong or head.tensors).items()))
        uneven = f"; a row holds {first.row} weights, and k-quants take multiples of 256" * bool(
            first.row % 256
        )
        raise LfQwen3Error(
            f"the GGUF is not {kind}: {len(wrong or head.tensors)} tensors are of another type, such as "
            f"{name}, which is {first.kind}{uneven}",
            "use --quant Q8_0" if uneven else "use the llama-quantize of another llama.cpp tag",
            code="gguf_types",
        )


def _check_finite(file: Path, head: GgufFile) -> None:
    """Raise where a tensor that is not quantised holds inf or nan."""
    import numpy as np

    for name, (kind, _, weights, start) in head.tensors.items():
        if kind not in _FLOATS:
            continue
        layout, exponent = _FLOATS[kind]
        try:
            bits: Any = np.memmap(file, layout, "r", start, weights)
        except ValueError as error:
            raise _refuse_part(file, error) from error
        if ((bits & exponent) == exponent).any():
            raise LfQwen3Error(
                f"the GGUF holds inf or nan: {name}",
                _CONVERT,
                code="weights_not_finite",
            )


def _refuse_part(file: Path, error: Exception) -> LfQwen3Error:
    hint = "delete it and run the command again"
    return LfQwen3Error(f"{file} is not a complete GGUF: {error}", hint, code="not_gguf")


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
        listed: dict[str, GgufTensor] = {}
        for _ in range(tensors):
            name = self._text()
            sizes = [self._take("Q") for _ in range(self._take("I"))]
            number, start = self._take("I"), self._take("Q")
            listed[name] = GgufTensor(_TYPES.get(number, f"type {number}"), sizes[0], math.prod(sizes), start)
        step = int(metadata.get("general.alignment") or 32)
        data = -(-self._at // step) * step
        return GgufFile(
            {key: value for key, value in metadata.items() if value is not None},
            {name: tensor._replace(start=data + tensor.start) for name, tensor in listed.items()},
        )

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
