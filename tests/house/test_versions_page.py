"""docs/versions.md names every version, every setting that differs between them, and every known fault."""

import json
from pathlib import Path

import pytest

from lf_qwen3.base import assets
from lf_qwen3.proof.known_broken import TABLE
from lf_qwen3.trainer import versions


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs" / "versions.md").read_text("utf-8")


def test_it_names_the_versions_and_their_schemas(page: str) -> None:
    assert [name for pair in versions.KNOWN.items() for name in pair if name not in page] == []


def test_it_names_every_setting_that_differs(page: str) -> None:
    older, newer = (
        json.loads((assets.folder("recipes") / name).read_text("utf-8")) for name in versions.KNOWN.values()
    )
    differ = older["properties"].keys() ^ newer["properties"].keys() | {*older["x-v1"]} ^ {*newer["x-v1"]}
    assert len(differ) > 10
    assert sorted(key for key in differ if f"`{key}`" not in page) == []
    assert not older["x-megatron-bridge"]
    assert f"{len(newer['x-megatron-bridge'])} further keys" in page


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.setting)
def test_it_has_a_row_for_each_known_fault(page: str, entry) -> None:
    (row,) = [line for line in page.splitlines() if line.endswith(f"| {entry.source} |")]
    assert f"| {entry.setting} | {entry.symptom} | {entry.cure} |" in row
    assert all(name in row for name in entry.packages)
