"""Draw docs/rooms.svg from the rooms of the import test: python -m docs.make.rooms > docs/rooms.svg."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_WIDTH, _ROW, _BOX, _LEFT = 860, 52, 40, 130


def read_rooms(root: Path = ROOT) -> tuple[str, ...]:
    """Return the rooms, lowest first, as tests/house/test_imports.py lists them."""
    row = re.search(r"(?m)^ROOMS = \((.*)\)$", (root / "tests/house/test_imports.py").read_text("utf-8"))
    assert row is not None
    return tuple(re.findall(r"\w+", row[1]))


def read_contents(root: Path = ROOT) -> dict[str, str]:
    """Return what each room holds, from the table of CONTRIBUTING.md."""
    table = re.findall(r"(?m)^\| `(\w+)/` \| (.*) \|$", (root / "CONTRIBUTING.md").read_text("utf-8"))
    return {room: text.replace("`", "") for room, text in table}


def draw(root: Path = ROOT) -> str:
    """Return the picture: a floor for each room, the highest first; imports go down."""
    rooms, contents = read_rooms(root)[::-1], read_contents(root)
    height = _ROW * len(rooms) + 16
    floors = "\n".join(_draw_floor(room, contents[room], 8 + _ROW * at) for at, room in enumerate(rooms))
    arrows = "\n".join(
        f'<path d="M68 {8 + _ROW * at + _BOX} v{_ROW - _BOX - 3}" class="arrow" marker-end="url(#head)"/>'
        for at in range(len(rooms) - 1)
    )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">
<title>The rooms of lf-qwen3: a room imports from those below it</title>
<style>
text {{ font: 14px sans-serif; fill: #1f2933 }}
.name {{ font-weight: bold; text-anchor: middle }}
rect {{ fill: #eef3f8; stroke: #5b7083 }}
.arrow {{ stroke: #5b7083; fill: none }}
</style>
<defs><marker id="head" viewBox="0 0 6 6" refX="3" refY="3" markerWidth="6" markerHeight="6" orient="auto">\
<path d="M0 0 L6 3 L0 6 z" fill="#5b7083"/></marker></defs>
<rect width="{_WIDTH}" height="{height}" style="fill: #ffffff; stroke: none"/>
{floors}
{arrows}
</svg>
"""


def _draw_floor(room: str, content: str, top: int) -> str:
    middle = top + _BOX / 2 + 5
    return (
        f'<rect x="8" y="{top}" width="{_LEFT - 10}" height="{_BOX}" rx="5"/>'
        f'<text x="68" y="{middle:g}" class="name">{room}</text>'
        f'<text x="{_LEFT + 12}" y="{middle:g}">{html.escape(content)}</text>'
    )


if __name__ == "__main__":
    sys.stdout.write(draw())
