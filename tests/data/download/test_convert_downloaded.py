"""What is typed right after a download: convert takes the folder as it lies, or the name alone."""

import json
import shlex
from pathlib import Path

import pytest

BOTH = pytest.mark.parametrize("name", ["modelscope", "huggingface"])


def convert(type_, *sources: str):
    ran = type_("convert", *sources, "--name", "d", "--dataset-dir", "out", "--json")
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


@BOTH
def test_the_printed_command_converts_what_was_fetched(hub, type_, name):
    ran = type_("download", "finetome", "--to", "raw", "--hub", name)
    (line,) = [one for one in ran.stdout.splitlines() if one.startswith("next: ")]
    ran = type_(*shlex.split(line.removeprefix("next: lf-qwen3 ")))
    assert ran.exit_code == 0, ran.output
    assert "12 rows read" in ran.stdout


@pytest.mark.parametrize("to", [".", "data", "a/b"])
@pytest.mark.parametrize("dataset", ["medical_r1", "finetome"])
def test_a_name_alone_finds_the_folder(hub, type_, dataset, to):
    type_("download", dataset, "--to", to)
    report = convert(type_, dataset)
    assert report["read"] == 12
    assert list(report["converters"].values()) == [dataset]


def test_a_converter_and_a_name_find_the_folder(hub, type_):
    type_("download", "medical_r1", "--to", "data")
    assert convert(type_, "medical_r1:medical_r1")["read"] == 12
    assert convert(type_, "medical_r1:data/medical_r1")["read"] == 12


def test_a_hub_id_finds_the_folder(hub, type_):
    type_("download", "mlabonne/FineTome-100k", "--hub", "huggingface", "--to", "raw")
    assert convert(type_, "mlabonne/FineTome-100k")["read"] == 12


def test_a_folder_that_the_hub_s_own_command_made_is_found_too(hub, type_):
    from huggingface_hub import snapshot_download

    snapshot_download(
        "mlabonne/FineTome-100k", repo_type="dataset", local_dir="raw/finetome", endpoint=hub.url
    )
    assert list(Path("raw/finetome/.cache").rglob("*.metadata"))
    assert convert(type_, "raw/finetome")["read"] == 12
    assert convert(type_, "finetome")["read"] == 12


def test_a_folder_made_by_modelscope_s_own_command_converts(hub, type_):
    from modelscope_hub import HubApi

    HubApi().download_repo("krisfu/delicate_medical_r1_data", "dataset", local_dir="raw/medical_r1")
    assert convert(type_, "raw/medical_r1")["read"] == 12


def test_a_name_in_two_folders_is_asked_back(hub, type_):
    for to in ("one", "two"):
        type_("download", "medical_r1", "--to", to)
    ran = type_("convert", "medical_r1", "--name", "d", "--dataset-dir", "out")
    assert ran.exit_code == 2
    assert "one/medical_r1 or two/medical_r1" in ran.stderr


@pytest.mark.parametrize("spec", ["medical_r1", "medical_r1:medical_r1", "finetome"])
def test_a_name_that_was_never_fetched_says_how(hub, type_, spec):
    ran = type_("convert", spec, "--name", "d", "--dataset-dir", "out")
    assert ran.exit_code == 2
    assert f"lf-qwen3 download {spec.split(':')[0]} --to raw" in ran.stderr


def test_an_unfinished_download_is_not_converted(hub, type_):
    from tests.data.download.hub_server import Fault

    hub.faults["r1_data_example.jsonl"] = Fault(status=403)
    assert type_("download", "medical_r1", "--to", "raw").exit_code == 1
    for source in ("medical_r1", "raw/medical_r1"):
        ran = type_("convert", source, "--name", "d", "--dataset-dir", "out")
        assert ran.exit_code == 1
        assert "is not complete" in ran.stderr
        assert "lf-qwen3 download medical_r1 --to raw" in ran.stderr


def test_a_model_is_no_dataset(hub, type_):
    type_("download", "--model", "Qwen/Qwen3-4B", "--tokenizer-only", "--to", "models")
    ran = type_("convert", "Qwen3-4B", "--name", "d", "--dataset-dir", "out")
    assert ran.exit_code == 2
    assert "there is no such file or folder" in ran.stderr
