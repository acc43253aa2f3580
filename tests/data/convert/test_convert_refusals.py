"""What `convert` refuses: files of others, options that cannot be met, sources that say nothing."""

import json
from dataclasses import replace

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions


def medical(number, **fields):
    row = {"instruction": "", "question": f"q{number}", "think": f"t{number}", "answer": f"a{number}"}
    return {**row, "metrics": {"quality_f1": 1.0}, **fields}


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def options(tmp_path):
    """Options for a folder `data`, with the sources still to be named."""
    return ConvertOptions(sources=(), name="set", dataset_dir=tmp_path / "data")


def test_another_datasets_file_is_not_written_over(tmp_path, options):
    source = write_jsonl(tmp_path / "m.jsonl", [medical(1), medical(2)])
    options = replace(options, sources=(source,))
    options.dataset_dir.mkdir()
    foreign = options.dataset_dir / "set_train.jsonl"
    foreign.write_text("mine")
    with pytest.raises(UsageError) as caught:
        convert(options)
    assert caught.value.code == "file_not_own"
    assert foreign.read_text() == "mine"
    convert(replace(options, replace=True))
    assert len(foreign.read_text().splitlines()) == 2


def test_a_source_is_not_written_over(tmp_path, options):
    options.dataset_dir.mkdir()
    source = write_jsonl(options.dataset_dir / "set_train.jsonl", [medical(1)])
    with pytest.raises(UsageError) as caught:
        convert(replace(options, sources=(source,)))
    assert caught.value.code == "source_overwritten"


def test_an_entry_of_others_is_not_replaced(tmp_path, options):
    source = write_jsonl(tmp_path / "m.jsonl", [medical(1)])
    options.dataset_dir.mkdir()
    info = options.dataset_dir / "dataset_info.json"
    info.write_text('{"set_train": {"file_name": "other.json"}}')
    with pytest.raises(UsageError, match="set_train"):
        convert(replace(options, sources=(source,)))
    assert [path.name for path in options.dataset_dir.iterdir() if path.suffix != ".lock"] == [info.name]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"name": "../up"}, "name"),
        ({"val": 1.5}, "neither a share nor a row count"),
        ({"val": -1}, "neither a share nor a row count"),
        ({"mix": 1.5}, "is not a share"),
        ({"val": 10, "test": 10}, "leave none"),
        ({"limit": 0}, "not in the range"),
    ],
)
def test_options_that_cannot_be_met(tmp_path, options, change, match):
    source = write_jsonl(tmp_path / "m.jsonl", [medical(n) for n in range(12)])
    with pytest.raises(UsageError, match=match):
        convert(replace(options, sources=(source,), **change))


def test_the_same_source_twice_is_refused(tmp_path, options):
    source = write_jsonl(tmp_path / "m.jsonl", [medical(1)])
    with pytest.raises(UsageError) as caught:
        convert(replace(options, sources=(source, str(tmp_path / "*.jsonl"))))
    assert caught.value.code == "source_twice"


def test_a_converter_can_be_named(tmp_path, options):
    source = write_jsonl(tmp_path / "m.jsonl", [{"question": "q", "think": "t", "answer": "a"}])
    report = convert(replace(options, sources=(f"reasoning:{source}",)))
    assert report.converters == {source: "reasoning"}
    with pytest.raises(UsageError, match="there is no converter 'reasonin'") as caught:
        convert(replace(options, sources=(f"reasonin:{source}",)))
    assert "did you mean reasoning?" in caught.value.hint


def test_nothing_kept_is_an_error_that_names_the_reason(tmp_path, options):
    source = write_jsonl(tmp_path / "m.jsonl", [medical(1, answer=""), medical(2, answer="")])
    with pytest.raises(LfQwen3Error, match="2 of them as empty_answer") as caught:
        convert(replace(options, sources=(source,)))
    assert caught.value.code == "all_rejected"
