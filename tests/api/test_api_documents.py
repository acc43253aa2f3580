"""docs/api.md, the notebook and the README's section on Python tell the truth."""

import ast
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from lf_qwen3.api.__main__ import document
from lf_qwen3.base import assets

SAMPLES = {
    "raw/medical_r1/rows.jsonl": "sample_medical_r1.jsonl",
    "raw/finetome/rows.parquet": "sample_finetome.parquet",
}


def run_cells(cells: list[str]) -> list[Any]:
    """Run the cells one after the other, as a notebook does; return the value of the last line of each."""
    scope: dict[str, Any] = {}
    shown = []
    for cell in cells:
        *lines, last = ast.parse(cell).body
        exec(compile(ast.Module(lines, []), "cell", "exec"), scope)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), scope))
        else:
            exec(compile(ast.Module([last], []), "cell", "exec"), scope)
            shown.append(None)
    return shown


def test_the_page_is_the_code_s(root):
    page = (root / "docs" / "api.md").read_text("utf-8")
    assert page == document(), "run: python -m lf_qwen3.api > docs/api.md"


@pytest.mark.slow
def test_the_notebook_runs_and_shows_its_results(root, tmp_path, monkeypatch, cached_tokenizer):
    notebook = json.loads((root / "docs" / "from_python.ipynb").read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert [cell["id"] for cell in notebook["cells"] if cell.get("outputs")] == [], (
        "it is kept without outputs"
    )
    shutil.copytree(assets.folder("dataset_info"), tmp_path / "dataset_info")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    shown = run_cells(cells)
    pages = [value._repr_html_() for value in shown if hasattr(value, "_repr_html_")]
    assert len(pages) >= 5
    assert (tmp_path / "docs" / "data" / "mixed_train.jsonl").is_file()
    assert (tmp_path / "docs" / "runs" / "mixed" / "train.yaml").is_file()


def test_the_links_of_the_notebook_and_the_page_lead_somewhere(root):
    for file in (root / "docs" / "from_python.ipynb", root / "docs" / "api.md"):
        links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", file.read_text("utf-8"))
        assert [link for link in links if not (root / "docs" / link).is_file()] == []


@pytest.mark.slow
def test_the_python_of_the_readme_runs(root, tmp_path, monkeypatch, cached_tokenizer):
    blocks = re.findall(r"```python\n(.*?)```", (root / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 1
    for place, sample in SAMPLES.items():
        Path(tmp_path / place).parent.mkdir(parents=True)
        shutil.copy(assets.folder("dataset_info") / sample, tmp_path / place)
    monkeypatch.chdir(tmp_path)
    run_cells(blocks)
    assert (tmp_path / "runs" / "mixed" / "train.yaml").is_file()
