"""Each record is led back to the source row it was made of, whatever was rejected, dropped or split off."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lf_qwen3.data import sources
from lf_qwen3.data.convert import manifest, row_numbers
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions

BAD = ["{broken", '{"question": "no answer"}', "", "[1]"]


@pytest.fixture
def options(tmp_path):
    one = [json.dumps({"question": f"one {n % 50}", "think": "t", "answer": f"a{n % 50}"}) for n in range(70)]
    for place, line in zip((0, 7, 30, 31), BAD, strict=True):
        one.insert(place, line)
    (tmp_path / "one.jsonl").write_text("\n".join(one) + "\n\n")
    turns = [[{"from": "human", "value": f"two {n}"}, {"from": "gpt", "value": f"b{n}"}] for n in range(60)]
    two = [{"conversations": turn * (1 + n % 2)} for n, turn in enumerate(turns)]
    (tmp_path / "two.json").write_text(json.dumps([*two[:20], 5, *two[20:]]))
    paths = (str(tmp_path / "one.jsonl"), str(tmp_path / "two.json"))
    return ConvertOptions(paths, "set", tmp_path / "data", val=0.1, test=0.1, workers=0)


CHANGES = [{}, {"workers": 2, "part_bytes": 300}, {"limit": 40}, {"mix": 0.5}, {"format": "alpaca"}]


@pytest.mark.parametrize("changes", CHANGES)
def test_a_record_leads_to_the_row_that_holds_its_question(options, changes):
    report = convert(replace(options, **changes))
    rows = {
        path: [item for part in sources.cut(file) for item in sources.rows(part)]
        for path in options.sources
        for file in sources.find_files(path)
    }
    for split, dataset in zip(report.written, report.datasets, strict=True):
        lines = Path(report.files[split]).read_text().splitlines()
        assert len(lines) == report.written[split] > 0
        for number, line in enumerate(lines):
            place = row_numbers.find_source(options.dataset_dir, dataset, number)
            record = json.loads(line)
            turns = [turn["value"] for turn in record.get("conversations", ())]
            asked = turns[0] if turns else record["instruction"]
            assert asked in json.dumps(rows[place.source][place.row])
        assert row_numbers.find_source(options.dataset_dir, dataset, len(lines)) is None


def test_what_no_conversion_of_this_version_wrote_leads_nowhere(options):
    assert row_numbers.find_source(options.dataset_dir, "set_train", 0) is None
    convert(options)
    assert row_numbers.find_source(options.dataset_dir, "set_train", 0)
    assert row_numbers.find_source(options.dataset_dir, "settrain", 0) is None
    path = options.dataset_dir / "set.manifest.json"
    made = json.loads(path.read_text())
    for source in made["sources"]:
        del source["rows"]
    path.write_text(json.dumps(made))
    assert row_numbers.find_source(options.dataset_dir, "set_train", 0) is None
    assert manifest.read(options.dataset_dir, "set").rows == ()


def test_the_file_goes_with_the_dataset_and_is_the_same_each_time(options):
    report = convert(options)
    file = Path(report.files["rows"])
    first = file.read_bytes()
    assert len(first) == 4 * sum(report.written.values())
    convert(options)
    assert file.read_bytes() == first
