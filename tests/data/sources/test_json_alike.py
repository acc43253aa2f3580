"""The short way through a JSON array yields what the scanner does, wherever it has to stop."""

import json
import re
from pathlib import Path

import pytest

from lf_qwen3.data.sources import SourceFile, cut, json_elements, rows
from lf_qwen3.data.sources.json_scan import Scanner

ROWS = [{"question": f"Größe {number} ]}}", "answer": 'a "b"\n' * number} for number in range(40)]
LINES = [json.dumps(row) for row in ROWS]
BORDER = '}, {"question"'
FILES = {
    "plain": json.dumps(ROWS),
    "indented": json.dumps(ROWS, indent=4, ensure_ascii=False),
    "marked": "\ufeff" + json.dumps(ROWS),
    "one": json.dumps(ROWS[:1]),
    "none": "[]",
    "another_first_key": f'[{LINES[1]}, {{"answer": "x", "question": "y"}}, {LINES[2]}]',
    "border_in_a_text": json.dumps([ROWS[1], {"question": f"x {BORDER}: 1"}, ROWS[2]]).replace('\\"', '"'),
    "border_inside_a_row": json.dumps([ROWS[1], {"question": [{"question": 1}, {"question": 2}]}, ROWS[2]]),
    "no_number": f'[{LINES[1]}, {{"question": NaN}}, {LINES[2]}]',
    "stray_text": f"[{LINES[1]} x, {LINES[2]}, {LINES[3]}]",
    "broken": f'[{LINES[0]},\n{{"question": "b" "c"}},\n7,\n{LINES[1]}]',
    "open": json.dumps(ROWS)[:-30],
    "unclosed": json.dumps(ROWS)[:-1],
    "objects": "\n".join(LINES),
    "brace_in_the_key": json.dumps([{"}, {": 1}, {"}, {": 2}]),
}


def read(path: Path) -> list[object]:
    return [item for part in cut(SourceFile(path, "json")) for item in rows(part)]


@pytest.mark.parametrize("block", [7, 40, 64, 1 << 16])
@pytest.mark.parametrize("name", FILES)
def test_the_short_way_yields_what_the_scanner_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, block: int
) -> None:
    path = tmp_path / "rows.json"
    path.write_text(FILES[name], "utf-8", newline="")
    monkeypatch.setattr(json_elements, "BLOCK", block)
    short = read(path)
    monkeypatch.setattr(json_elements, "_OPENING", re.compile(rb"(?!)"))
    assert repr(short) == repr(read(path))


def test_rows_alike_are_not_scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fed = []
    scan = Scanner.feed
    monkeypatch.setattr(Scanner, "feed", lambda self, block: fed.append(block) or scan(self, block))
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(ROWS, indent=2), "utf-8")
    assert read(path) == ROWS
    assert len(b"".join(fed)) < len(json.dumps(ROWS[-1])) + 50
