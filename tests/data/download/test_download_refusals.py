"""What a person reads when a download cannot be: no traceback, what happened, and what to type."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from lf_qwen3.data.download.hub import RemoteFile
from tests.data.download.hub_server import Fault

BOTH = pytest.mark.parametrize("name", ["modelscope", "huggingface"])
FINETOME = ("download", "finetome", "--to", "raw")


@pytest.mark.parametrize(
    ("words", "code", "texts"),
    [
        (["medical_r2", "--to", "raw"], 2, ["'medical_r2'", "did you mean medical_r1?"]),
        (["a/b/c", "--to", "raw"], 2, ["'a/b/c'", "OWNER/NAME"]),
        (["../..", "--to", "raw"], 2, ["'../..'", "OWNER/NAME"]),
        (["--model", "Qwen3-4B", "--to", "raw"], 2, ["'Qwen3-4B' is not a model id", "Qwen/Qwen3-4B"]),
        (["--to", "raw"], 2, ["nothing is named", "lf-qwen3 download medical_r1"]),
        (["finetome", "--model", "a/b", "--to", "raw"], 2, ["a dataset and a model"]),
        (
            ["medical_r1", "--hub", "huggingface", "--to", "raw"],
            2,
            ["not on Hugging Face", "--hub modelscope"],
        ),
        (["finetome", "--tokenizer-only", "--to", "raw"], 2, ["--tokenizer-only is for models"]),
        (
            ["finetome", "--files", "*.bin", "--to", "raw"],
            2,
            ["no file like *.bin", "there are: .gitattributes"],
        ),
        (
            ["nobody/nothing", "--to", "raw"],
            2,
            ["ModelScope has no dataset nobody/nothing", "Record not found"],
        ),
        (["a/b", "--hub", "huggingface", "--to", "raw"], 2, ["Hugging Face has no dataset a/b", "spelling"]),
        (["finetome", "--revision", "v9", "--to", "raw"], 2, ["at revision v9", "check the revision"]),
        (["finetome", "--to", "file"], 2, ["file is a file"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_command_is_answered(hub, type_, words, code, texts):
    Path("file").write_text("")
    ran = type_("download", *words)
    assert ran.exit_code == code, ran.output
    assert "Traceback" not in ran.output
    for text in texts:
        assert text in ran.stderr
    assert not Path("raw").exists()


@pytest.mark.parametrize("asked", ["modelscope", "huggingface"])
def test_a_dataset_that_has_another_id_there_is_named(hub, type_, asked):
    ids = {"modelscope": "mlabonne/FineTome-100k", "huggingface": "AI-ModelScope/FineTome-100k"}
    del hub.repos[("dataset", ids[asked])]
    ran = type_("download", ids[asked], "--hub", asked, "--to", "raw")
    assert ran.exit_code == 2
    other = "huggingface" if asked == "modelscope" else "modelscope"
    assert f"lf-qwen3 download {ids[asked]} --hub {other}" in ran.stderr


@BOTH
def test_no_network_says_what_to_set(hub, type_, name, monkeypatch):
    for variable in ("MODELSCOPE_ENDPOINT", "HF_ENDPOINT"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    ran = type_(*FINETOME, "--hub", name)
    assert ran.exit_code == 1
    assert "Traceback" not in ran.output
    for text in ("no answer from", "Connection refused", "HTTPS_PROXY", "HTTP_PROXY", "--hub"):
        assert text in ran.stderr
    assert not Path("raw").exists()


@BOTH
@pytest.mark.parametrize(("status", "text"), [(403, "restricts access to it"), (503, "answered 503")])
def test_a_hub_that_refuses_is_quoted(hub, type_, name, status, text):
    hub.status = status
    ran = type_(*FINETOME, "--hub", name)
    assert ran.exit_code == 1
    assert text in ran.stderr


def test_an_offline_switch_is_named(hub, type_, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    ran = type_(*FINETOME, "--hub", "huggingface")
    assert ran.exit_code == 1
    assert "unset HF_HUB_OFFLINE" in ran.stderr


@BOTH
def test_a_missing_sdk_names_the_extra(hub, type_, name, monkeypatch):
    package = {"modelscope": "modelscope_hub", "huggingface": "huggingface_hub"}[name]
    module = {"modelscope": "on_modelscope", "huggingface": "on_hugging_face"}[name]
    monkeypatch.delitem(sys.modules, f"lf_qwen3.data.download.{module}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    ran = type_(*FINETOME, "--hub", name)
    assert ran.exit_code == 1
    assert "pip install 'lf-qwen3[hub]'" in ran.stderr


@BOTH
def test_too_little_room_is_said_before_anything_is_fetched(hub, type_, name, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 90, 10))
    ran = type_(*FINETOME, "--hub", name)
    assert ran.exit_code == 1
    assert "the disk has 10 bytes free" in ran.stderr
    assert hub.fetched() == []


@BOTH
def test_a_disk_that_fills_up_is_said(hub, type_, name, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("modelscope_hub._download._finish_download", full)
    monkeypatch.setattr("lf_qwen3.data.download.on_hugging_face.http_get", full)
    ran = type_(*FINETOME, "--hub", name)
    assert ran.exit_code == 1
    assert "the disk is full" in ran.stderr
    assert "to resume: lf-qwen3 download finetome --to raw" in ran.stderr


def test_a_folder_of_another_download_is_left_alone(hub, type_):
    type_(*FINETOME)
    ran = type_(*FINETOME, "--hub", "huggingface")
    assert ran.exit_code == 2
    assert "raw/finetome contains AI-ModelScope/FineTome-100k" in ran.stderr


def test_a_path_that_leads_out_of_the_folder_is_refused(hub, type_):
    hub.repos[("dataset", "evil/set")] = {"../../outside.txt": b"x"}
    ran = type_("download", "evil/set", "--to", "raw")
    assert ran.exit_code == 1
    assert "a path outside of the folder" in ran.stderr
    assert hub.fetched() == []


@BOTH
def test_an_interrupt_keeps_what_has_arrived(hub, name, weights):
    path = "model-1.safetensors"
    hub.faults[path] = Fault(hang_after=5 << 20, times=1)
    line = ["--model", "Qwen/Qwen3-4B", "--to", "models", "--hub", name]
    process = subprocess.Popen(
        [sys.executable, "-m", "lf_qwen3", "download", *line],
        env={**os.environ, "HF_HUB_OFFLINE": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert hub.hung.wait(60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "run the same command again" in said
    assert "Traceback" not in said
    marker = json.loads(Path("models/Qwen3-4B/.lf-qwen3-download.json").read_text())
    assert marker["complete"] is False


def test_a_file_without_a_sum_is_named(hub, type_, monkeypatch):
    from lf_qwen3.data.download import on_modelscope

    listing = on_modelscope.ModelScope.listing
    monkeypatch.setattr(
        on_modelscope.ModelScope,
        "listing",
        lambda *args: [RemoteFile(one.path, one.size) for one in listing(*args)],
    )
    ran = type_("download", "medical_r1", "--to", "raw", "--files", "*.jsonl")
    assert ran.exit_code == 0, ran.output
    assert "1 verified by size only" in ran.stdout
