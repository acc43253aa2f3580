"""Every row is found by its bytes: what lies there is what the reader of the whole file yields."""

import json
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data import sources
from lf_qwen3.data.sources import row_places
from lf_qwen3.data.sources.row_places import read_row, row_spans

ROWS = [{"question": f"Größe {number} ]}}", "answer": 'a "b"\n' * number} for number in range(40)]
LINES = [json.dumps(row) for row in ROWS]
FILES = {
    "lines.jsonl": "\n".join(LINES),
    "blank.jsonl": "\n\n".join(LINES) + "\n",
    "marked.jsonl": "\ufeff" + "\n".join(LINES) + "\n",
    "windows.jsonl": "\r\n".join(LINES) + "\r\n",
    "broken.jsonl": f'{LINES[0]}\n{{"a": \n[1]\n{LINES[1]}\n{{"b',
    "array.json": json.dumps(ROWS),
    "pretty.json": json.dumps(ROWS, indent=4, ensure_ascii=False),
    "marked.json": "\ufeff" + json.dumps(ROWS),
    "objects.json": json.dumps(ROWS[0], indent=1) + "\n" + json.dumps(ROWS[1], indent=1),
    "broken.json": f'[{LINES[0]},\n{{"a": "b" "c"}},\n7,\n{LINES[1]}]',
    "open.json": json.dumps(ROWS)[:-30],
    "unclosed.json": json.dumps(ROWS)[:-1],
}


@pytest.mark.parametrize("block", [7, 1 << 16])
@pytest.mark.parametrize("name", FILES)
def test_a_row_is_read_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, block: int
) -> None:
    path = tmp_path / name
    path.write_text(FILES[name], "utf-8", newline="")
    (file,) = sources.find_files(str(path))
    whole = [item for part in sources.cut(file) for item in sources.rows(part)]
    monkeypatch.setattr(row_places, "BLOCK", block)
    spans = list(row_spans(file))
    assert [(span.number, span.item) for span in spans] == [
        (number, item) for number, item in enumerate(whole, 1) if item is not None
    ]
    with path.open("rb") as stream:
        for span in reversed(spans):
            item = read_row(stream, file, span.start, span.length)
            if isinstance(span.item, dict):
                assert item == span.item
            else:
                assert isinstance(item, sources.BadRow)
                assert item.raw == span.item.raw


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", "question,answer\na,b\n"), ("a.json", '{"data": [{"a": 1}]}')]
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    (file,) = sources.find_files(str(path))
    with pytest.raises(UsageError):
        list(row_spans(file))
