"""What is wrong with an entry of dataset_info.json, or with the file behind it."""

import json
from typing import get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data.convert.formats import FORMATS
from lf_qwen3.data.registry.shape import DatasetKind
from lf_qwen3.proof.check import check
from lf_qwen3.proof.check.rules.registry import keys

ALPACA = [{"instruction": "What is the capital of France?", "input": "", "output": "It is Paris."}]
CHAT = [{"conversations": [{"from": "human", "value": "Hello?"}, {"from": "gpt", "value": "Good day."}]}]
OPENAI = [
    {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Good day."}]}
]
OPENAI_TAGS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
SHAREGPT = {"file_name": "a.jsonl", "formatting": "sharegpt"}
MESSAGES = {**SHAREGPT, "columns": {"messages": "messages"}}


def write(folder, entries, rows=(), file="a.jsonl"):
    text = entries if isinstance(entries, str) else json.dumps(entries, indent=2)
    (folder / "dataset_info.json").write_text(text, "utf-8")
    (folder / file).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def codes(folder, *names):
    return set(check(folder, names).counts)


@pytest.mark.parametrize(
    ("entry", "rows", "expected"),
    [
        pytest.param({"file_name": "a.jsonl"}, ALPACA, set(), id="alpaca by its defaults"),
        pytest.param(SHAREGPT, CHAT, set(), id="sharegpt by its defaults"),
        pytest.param({**MESSAGES, "tags": OPENAI_TAGS}, OPENAI, set(), id="user and assistant tags"),
        pytest.param(
            {"file_name": "a.jsonl", "format": "sharegpt"},
            CHAT,
            {"unknown_key", "column_missing", "record_dropped"},
            id="format",
        ),
        pytest.param({**SHAREGPT, "formatting": "chatml"}, CHAT, {"entry_schema"}, id="unknown formatting"),
        pytest.param({"formatting": "alpaca"}, ALPACA, {"entry_schema"}, id="nothing says where the data is"),
        pytest.param({**SHAREGPT, "columns": "x"}, CHAT, {"entry_schema"}, id="columns that are none"),
        pytest.param(
            {"file_name": "a.jsonl", "columns": {"prompt": "instruction", "response": "output"}},
            [{**ALPACA[0], "input": "more"}],
            {"columns_in_part"},
            id="input is forgotten",
        ),
        pytest.param(
            {**MESSAGES, "tags": {"role_tag": "role", "content_tag": "content"}},
            OPENAI,
            {"tags_in_part", "tags_unfit", "record_dropped"},
            id="two tags only",
        ),
        pytest.param(
            {**SHAREGPT, "tags": {**OPENAI_TAGS, "role_tag": "from", "content_tag": "value"}},
            CHAT,
            {"tags_unfit", "record_dropped"},
            id="user tags over human data",
        ),
        pytest.param(
            {**MESSAGES, "formatting": "openai", "tags": OPENAI_TAGS},
            OPENAI,
            {"openai_formatting"},
            id="openai",
        ),
        pytest.param({"file_name": "gone.jsonl"}, ALPACA, {"missing_file"}, id="missing file"),
        pytest.param({"file_name": "a.jsonl"}, [], {"no_records"}, id="empty file"),
        pytest.param({"hf_hub_url": "owner/name"}, ALPACA, {"not_local"}, id="on a hub"),
    ],
)
def test_entry(tmp_path, entry, rows, expected):
    write(tmp_path, {"a": entry}, rows)
    assert codes(tmp_path) == expected


def test_clean_entry_has_no_finding(tmp_path):
    write(tmp_path, {"a": {"file_name": "a.jsonl"}}, ALPACA)
    report = check(tmp_path)
    assert report.as_json()["findings"] == []
    assert report.is_clean


def test_unknown_key_names_the_nearest_and_its_line(tmp_path):
    write(tmp_path, {"a": {"file_name": "a.jsonl", "format": "sharegpt"}}, CHAT)
    (found,) = [one for one in check(tmp_path).findings if one.code == "unknown_key"]
    assert "did you mean formatting?" in found.message
    assert found.file == str(tmp_path / "dataset_info.json")
    assert found.row == 4


FOREIGN: dict[str, tuple[dict[str, object], str]] = {
    "description": ({"description": "x"}, ""),
    "notes for people": ({"license": "mit", "name": "x", "task": "qa", "source": 1, "domain": "law"}, ""),
    "an id": ({"columns": {"prompt": "instruction", "response": "output", "id": "id"}}, ""),
    "beside the real key": ({"formatting": "alpaca", "format": "alpaca"}, ""),
    "topics": ({"tag": ["law"]}, ""),
    "column": ({"column": {"prompt": "instruction", "response": "output"}}, "columns"),
    "max_samples": ({"max_samples": 3}, "num_samples"),
    "a spelling": ({"columns": {"prompt": "instruction", "reponse": "output"}}, "response"),
    "another name": ({"columns": {"prompt": "instruction", "answer": "output"}}, "response"),
    "outside its block": ({"prompt": "instruction"}, "columns.prompt"),
    "in the wrong block": ({"columns": {"prompt": "instruction", "role_tag": "role"}}, "tags.role_tag"),
}


def test_a_foreign_key_is_an_error_only_where_it_is_like_a_missing_one(tmp_path):
    rows = [{**ALPACA[0], "id": 1}]
    wrong: dict[str, object] = {}
    for case, (entry, meant) in FOREIGN.items():
        write(tmp_path, {"a": {"file_name": "a.jsonl", **entry}}, rows)
        report = check(tmp_path)
        hints = [finding.message for finding in report.findings if finding.code == "unknown_key"]
        if [f"did you mean {meant}?" in hint for hint in hints] != [True] * bool(meant):
            wrong[case] = hints
        if not meant and not (report.is_clean and "foreign_key" in report.counts):
            wrong[case] = report.counts
    assert wrong == {}


def test_what_is_no_dataset_is_named_and_no_error(tmp_path):
    write(tmp_path, '{"_comment": null,\n"v": 2,\n "note": "x", "a": {"file_name": "a.jsonl"}}', ALPACA)
    report = check(tmp_path)
    assert report.is_clean
    assert [(finding.code, finding.row) for finding in report.findings] == [
        ("not_a_dataset", 1),
        ("not_a_dataset", 2),
        ("not_a_dataset", 3),
    ]
    assert codes(tmp_path, "a") == set()


def test_the_line_of_a_name_beyond_ascii_is_found_however_it_is_spelt(tmp_path):
    for spelt in ("数", "\\u6570"):
        write(tmp_path, '{\n"b": {"file_name": "a.jsonl"},\n"' + spelt + '": {"format": "x"}}', ALPACA)
        assert {finding.row for finding in check(tmp_path, ("数",)).findings} == {3}


def test_duplicate_name_counts_the_last_entry(tmp_path):
    write(tmp_path, '{"a": {"file_name": "gone.jsonl"}, "a": {"file_name": "a.jsonl"}}', ALPACA)
    assert codes(tmp_path) == {"duplicate_name"}


def test_name_with_a_comma(tmp_path):
    write(tmp_path, {"a, b": {"file_name": "a.jsonl"}}, ALPACA)
    assert codes(tmp_path) == {"bad_name"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["1.jsonl", "2.jsonl"], set(), id="one type"),
        pytest.param(["1.jsonl", "README.md"], {"mixed_folder"}, id="with a README"),
        pytest.param(["1.jsonl", ".DS_Store"], {"mixed_folder"}, id="with a hidden file"),
        pytest.param([], {"missing_file"}, id="empty"),
    ],
)
def test_folder(tmp_path, names, expected):
    write(tmp_path, {"a": {"file_name": "d"}})
    (tmp_path / "d").mkdir()
    for number, name in enumerate(names):
        row = {**ALPACA[0], "instruction": f"Question {number}?"}
        (tmp_path / "d" / name).write_text(json.dumps(row) + "\n", "utf-8")
    assert codes(tmp_path) == expected


def test_packed_file_is_no_type_of_the_trainer(tmp_path):
    write(tmp_path, {"a": {"file_name": "a.jsonl.gz"}}, ALPACA, file="a.jsonl.gz")
    assert codes(tmp_path) == {"file_type"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("{", "line 1 column 2", id="cut short"),
        pytest.param("[]", "dataset_info.json", id="a list"),
        pytest.param('{\n"a": {},\n\n}', "one comma too many on line 2", id="a comma too many"),
        pytest.param("\ufeff{}", "dataset_info.json", id="with a BOM"),
        pytest.param("[" * 100_000, "dataset_info.json", id="too deep"),
    ],
)
def test_broken_registry(tmp_path, text, place):
    write(tmp_path, text)
    with pytest.raises(LfQwen3Error, match=place) as error:
        check(tmp_path)
    assert error.value.code == "registry_broken"


def test_no_registry(tmp_path):
    with pytest.raises(UsageError) as error:
        check(tmp_path)
    assert error.value.code == "registry_missing"


def test_unknown_name_gets_the_nearest(tmp_path):
    write(tmp_path, {"my_data": {"file_name": "a.jsonl"}}, ALPACA)
    with pytest.raises(UsageError) as error:
        check(tmp_path, ("my_dta",))
    assert error.value.code == "dataset_not_registered"
    assert "my_data?" in error.value.hint


def test_name_of_convert_stands_for_its_splits(tmp_path):
    write(tmp_path, {"a_train": {"file_name": "a.jsonl"}, "b": {"file_name": "gone.jsonl"}}, ALPACA)
    assert list(check(tmp_path, ("a",)).datasets) == ["a_train"]


NAMES = st.sampled_from(
    [
        *("instruction", "input", "output", "history", "conversations", "messages", "system", "tools"),
        *("prompt", "response", "chosen", "rejected", "kto_tag", "from", "value", "role", "content"),
        *("user", "human", "gpt", "assistant", "role_tag", "content_tag", "user_tag", "assistant_tag"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
ENTRIES = st.fixed_dictionaries(
    {"file_name": st.just("a.jsonl")},
    optional={
        "formatting": st.sampled_from(["alpaca", "sharegpt", "openai"]) | JSON,
        "ranking": st.booleans() | JSON,
        "columns": st.dictionaries(NAMES, NAMES | st.none(), max_size=4) | JSON,
        "tags": st.dictionaries(NAMES, NAMES | st.none(), max_size=4) | JSON,
        "num_samples": JSON,
    },
)
ROWS = st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry=ENTRIES, rows=ROWS)
@example(entry={"file_name": "a.jsonl", "formatting": "sharegpt", "tags": {"role_tag": []}}, rows=[])
def test_nothing_makes_it_fall(tmp_path, entry, rows):
    write(tmp_path, {"a_train": entry, "a_val": entry}, rows)
    report = check(tmp_path)
    assert report.is_clean or report.counts
    json.dumps(report.as_json())


@pytest.mark.parametrize("kind", get_args(DatasetKind))
@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.name)
def test_an_entry_that_convert_writes_matches_the_schema(form, kind):
    entry = form.entry("a.jsonl", kind)
    assert keys._is_as_written(entry)
    assert list(keys._validator().iter_errors(entry)) == []
