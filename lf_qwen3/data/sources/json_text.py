"""JSON that is no JSON lines: an array, or objects one after the other, pretty-printed or not.

The file is never parsed as a whole: an element is found, then decoded as a line of JSON lines is, so a
malformed one costs itself and not the file. Rows in another layout are found by `json_shapes`.
"""

from __future__ import annotations

from collections.abc import Iterator

from lf_qwen3.data.sources import json_shapes
from lf_qwen3.data.sources.json_elements import read_items
from lf_qwen3.data.sources.part import Item, JsonPlace, Part

_WHOLE = JsonPlace("", 0, None)


def rows(part: Part) -> Iterator[Item]:
    """Yield one item per element of the array, or per object where there is no array."""
    if part.file.layout:
        return json_shapes.rows(part.file, part.file.layout)
    return read_items(part.file, _WHOLE)
