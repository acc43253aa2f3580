"""The manifest says which files are a dataset's own; it is never trusted beyond their names."""

import json
from dataclasses import replace

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data import registry
from lf_qwen3.data.convert import manifest
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.recipes.splits import find_splits


@pytest.fixture
def options(tmp_path):
    rows = [{"question": f"q{n}", "think": "t", "answer": f"a{n}"} for n in range(20)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ConvertOptions((str(tmp_path / "in.jsonl"),), "set", tmp_path / "data", val=0.2)


def change_manifest(folder, **changes):
    path = folder / "set.manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_manifest_lists_what_was_written(options):
    convert(options)
    made = manifest.read(options.dataset_dir, "set")
    assert made.files == (
        *("set_train.jsonl", "set_val.jsonl", "set.rejected.jsonl"),
        *("set.rows.bin", "set.manifest.json"),
    )
    assert (made.turns, made.thinking, made.plain) == ("unroll", 20, 0)


@pytest.mark.parametrize("where", ["missing", "in.jsonl/file"])
def test_no_manifest_is_none(tmp_path, options, where):
    assert manifest.read(tmp_path / where, "set") is None


def test_a_rerun_removes_only_files_of_its_own_name(tmp_path, options):
    convert(options)
    victims = [tmp_path / "victim.txt", options.dataset_dir / "other_train.jsonl", options.dataset_dir / "x"]
    for victim in victims:
        victim.write_text("precious")
    listed = ["../victim.txt", str(victims[0]), "other_train.jsonl", "x", "set_val.jsonl", "set_train.jsonl"]
    change_manifest(options.dataset_dir, files=dict.fromkeys([*listed, "set.rows.bin"], "hash"))
    (options.dataset_dir / "set.rejected.jsonl").unlink()
    report = convert(replace(options, val=0))
    assert [victim.read_text() for victim in victims] == ["precious"] * 3
    assert report.removed == [str(options.dataset_dir / "set_val.jsonl")]


def test_the_report_names_what_a_rerun_removed(options):
    assert (convert(options).removed, convert(options).unregistered) == ([], [])
    report = convert(replace(options, val=0))
    assert report.removed == [str(options.dataset_dir / "set_val.jsonl")]
    assert report.unregistered == ["set_val"]
    assert list(registry.read_registry(options.dataset_dir)) == ["set_train"]


def test_what_is_gone_already_is_not_reported_as_removed(options):
    convert(options)
    (options.dataset_dir / "set_val.jsonl").unlink()
    registry.edit_registry(options.dataset_dir, {}, remove=["set_val"])
    report = convert(replace(options, val=0))
    assert (report.removed, report.unregistered) == ([], [])


BROKEN = ["", "{", "[]", "null", '{"files": {}}', '{"files": [], "options": {"turns": "all"}, "counts": {}}']
BROKEN += [
    '{"files": {}, "options": {"turns": "all"}, "counts": {"thinking": "x", "plain": 1}}',
    "[" * 100_000,
]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:70])
def test_a_broken_manifest_is_an_error_that_names_the_file(options, text):
    convert(options)
    path = options.dataset_dir / "set.manifest.json"
    path.write_text(text)
    before = {file.name: file.read_bytes() for file in options.dataset_dir.iterdir()}
    for read in (
        lambda: convert(options),
        lambda: convert(replace(options, replace=True)),
        lambda: find_splits("set", str(options.dataset_dir)),
    ):
        with pytest.raises(LfQwen3Error) as caught:
            read()
        assert caught.value.code == "manifest_broken"
        assert str(path) in caught.value.message
    assert {file.name: file.read_bytes() for file in options.dataset_dir.iterdir()} == before


def test_a_broken_manifest_of_another_dataset_does_not_matter(options):
    options.dataset_dir.mkdir()
    (options.dataset_dir / "other.manifest.json").write_text("{")
    assert convert(options).read == 20


def test_without_a_manifest_the_files_are_not_its_own(options):
    convert(options)
    (options.dataset_dir / "set.manifest.json").unlink()
    with pytest.raises(UsageError) as caught:
        convert(options)
    assert caught.value.code == "file_not_own"


def write_rows(path, count, answer="b"):
    rows = ({"question": f"{path.name} {n}", "think": "t", "answer": f"{answer}{n}"} for n in range(count))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_other_sources_under_a_name_that_is_there_need_replace(tmp_path, options):
    convert(options)
    before = {file.name: file.read_bytes() for file in options.dataset_dir.iterdir()}
    other = write_rows(tmp_path / "other.jsonl", 3)
    for sources in ((other,), (*options.sources, other)):
        with pytest.raises(UsageError) as caught:
            convert(replace(options, sources=sources))
        assert (caught.value.code, caught.value.exit_code) == ("dataset_exists", 2)
        assert "20 records, made from in.jsonl" in caught.value.message
        assert "--replace" in caught.value.hint
    assert {file.name: file.read_bytes() for file in options.dataset_dir.iterdir()} == before
    assert convert(replace(options, sources=(other,), val=0, replace=True)).read == 3


def test_the_same_sources_pass_changed_moved_or_copied(tmp_path, options):
    other = write_rows(tmp_path / "other.jsonl", 3)
    both = replace(options, sources=(*options.sources, other))
    convert(both)
    write_rows(tmp_path / "other.jsonl", 4)
    convert(both)
    moved = (tmp_path / "in.jsonl").rename(tmp_path / "moved.jsonl")
    assert convert(replace(both, sources=(other, str(moved)))).read == 24
    with pytest.raises(UsageError, check=lambda error: error.code == "dataset_exists"):
        convert(replace(both, sources=(other,)))
