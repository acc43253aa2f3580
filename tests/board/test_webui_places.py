"""The tab touches nothing outside the folder that the board was started in."""

import os

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.board.handlers import places


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../secret.jsonl",
        "raw/../../secret.jsonl",
        "~/x",
        "/",
        "..",
        "",
        " ",
        "a\0b",
        "x" * 5000,
    ],
    ids=[
        "absolute",
        "parent",
        "through a folder",
        "home",
        "root",
        "dots",
        "empty",
        "blank",
        "NUL",
        "endless",
    ],
)
def test_a_hostile_path_is_refused(here, outside, path):
    with pytest.raises(UsageError):
        places.require_inside(path)


def test_a_link_that_leads_out_is_refused(here, outside):
    (here / "raw" / "link.jsonl").symlink_to(outside)
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        places.source_files(["raw/link.jsonl"], [])


def test_a_glob_that_brings_a_link_out_is_refused(here, outside):
    (here / "raw" / "link.jsonl").symlink_to(outside)
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        places.source_files(["raw/*.jsonl"], [])


@pytest.mark.parametrize(
    "path", ["../*.jsonl", "../*/raw/*.jsonl", "*/../../*.jsonl", "[.][.]/*.jsonl", "?./*.jsonl"]
)
def test_a_glob_that_climbs_out_is_refused(here, outside, path):
    with pytest.raises(UsageError):
        places.source_files([path], [])


def test_a_folder_that_is_named_is_allowed(here, outside, monkeypatch):
    monkeypatch.setenv(places.VARIABLE, os.pathsep.join(["/nowhere", str(outside.parent)]))
    assert [file.path for file in places.source_files([str(outside)], [])] == [outside]


def test_files_are_named_as_from_here(here):
    assert [str(file.path) for file in places.source_files([str(here / "raw" / "*.jsonl")], [])] == [
        "raw/sample_medical_r1.jsonl"
    ]


def test_no_source_at_all(here):
    with pytest.raises(UsageError, check=lambda error: error.code == "nothing_chosen"):
        places.source_files([], [])


def test_an_upload_comes_from_where_uploads_are(here, outside):
    places.uploads().mkdir()
    sent = places.uploads() / "sent.jsonl"
    sent.write_bytes(outside.read_bytes())
    assert [file.path for file in places.source_files([], [str(sent)])] == [sent]
    with pytest.raises(UsageError, check=lambda error: error.code == "path_outside"):
        places.source_files([], [str(outside)])


def test_an_upload_may_not_be_endless(here):
    places.uploads().mkdir()
    junk = places.uploads() / "junk.jsonl"
    with junk.open("wb") as file:
        file.truncate(places.MOST_UPLOADED + 1)
    with pytest.raises(UsageError, check=lambda error: error.code == "file_too_large"):
        places.source_files([], [str(junk)])


def test_offered_is_what_lies_near_and_was_not_made_here(here):
    (here / "data").mkdir()
    for name in (
        "made_train.jsonl",
        "made.rejected.jsonl",
        "other.csv",
        "dataset_info.json",
        "rows.refused.jsonl",
    ):
        (here / "data" / name).write_text("{}", "utf-8")
    (here / "data" / "made.manifest.json").write_text('{"files": {"made_train.jsonl": ""}}', "utf-8")
    (here / "saves").mkdir()
    (here / "saves" / "log.jsonl").write_text("{}", "utf-8")
    assert places.list_data_files() == [
        "data/other.csv",
        "raw/sample_finetome.parquet",
        "raw/sample_medical_r1.jsonl",
    ]
    assert "data/made_train.jsonl" in places.list_data_files(with_splits=True)


@pytest.mark.parametrize("url", ["s3://bucket/a.jsonl", "http://127.0.0.1:1/a.jsonl", "memory://a/b.jsonl"])
def test_the_board_fetches_nothing_for_its_visitors(url):
    with pytest.raises(UsageError) as error:
        places.source_files([url], [])
    assert error.value.code == "not_local"
