"""All or nothing, whatever happens."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data import registry
from lf_qwen3.data.convert import stage as writers
from lf_qwen3.data.convert.stage import Stage, recover

ENTRY = {"file_name": "set_train.jsonl"}


def commit(folder, text, **more):
    with Stage(folder, "set") as stage:
        (stage.path / "set_train.jsonl").write_text(text)
        stage.commit(["set_train.jsonl"], more.get("delete", []), {"set_train": ENTRY}, [])


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_commit_replaces_deletes_and_registers(tmp_path):
    (tmp_path / "old.jsonl").write_text("old")
    commit(tmp_path, "new", delete=["old.jsonl"])
    assert names(tmp_path) == ["dataset_info.json", "set_train.jsonl"]
    assert registry.read(tmp_path) == {"set_train": ENTRY}


def test_an_error_before_the_commit_leaves_the_old_files(tmp_path):
    commit(tmp_path, "old")

    def fail():
        with Stage(tmp_path, "set") as stage:
            (stage.path / "set_train.jsonl").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (tmp_path / "set_train.jsonl").read_text() == "old"
    assert names(tmp_path) == ["dataset_info.json", "set_train.jsonl"]


def test_a_commit_that_was_cut_off_is_finished_by_the_next(tmp_path, monkeypatch):
    commit(tmp_path, "old")
    with monkeypatch.context() as patch:
        patch.setattr(writers, "_roll_forward", lambda _: os._exit)
        commit(tmp_path, "new")
    assert (tmp_path / "set_train.jsonl").read_text() == "old"
    recover(tmp_path)
    assert (tmp_path / "set_train.jsonl").read_text() == "new"
    assert names(tmp_path) == ["dataset_info.json", "set_train.jsonl"]


def test_what_a_dead_process_left_is_cleared_away(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / f".set.{dead.pid}-1.tmp").mkdir()
    mine = tmp_path / f".set.{os.getpid()}-1.tmp"
    mine.mkdir()
    recover(tmp_path)
    assert names(tmp_path) == [mine.name]


def test_a_file_where_the_folder_should_be(tmp_path):
    file = tmp_path / "data"
    file.write_text("")
    with pytest.raises(UsageError, match="is a file"), Stage(file, "set"):
        pass


@pytest.fixture
def two_sources(tmp_path):
    """Two sources of 3,000 rows each, whose questions say which of them they come from."""
    for stem in ("old", "new"):
        rows = [{"question": f"{stem} {n}", "think": "t", "answer": "a" * 400} for n in range(3000)]
        (tmp_path / f"{stem}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def command(folder, stem):
    options = ["--name", "set", "--dataset-dir", str(folder / "data"), "--val", "0.1"]
    return [sys.executable, "-m", "lf_qwen3", "convert", f"reasoning:{folder / stem}.jsonl", *options]


def kinds_of(folder):
    """Which source the files in place come from; they must be whole and registered."""
    kinds = set()
    for split, count in (("train", 2700), ("val", 300)):
        lines = (folder / f"set_{split}.jsonl").read_text().splitlines()
        assert len(lines) == count
        kinds |= {json.loads(line)["conversations"][0]["value"].split()[0] for line in lines}
    assert set(registry.read(folder)) == {"set_train", "set_val"}
    return kinds


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("moment", [0.15, 0.3, 0.7, 0.95])
def test_a_signal_at_any_moment_leaves_the_old_or_the_new_files(two_sources, number, moment):
    started = time.monotonic()
    subprocess.run(command(two_sources, "old"), check=True, capture_output=True)
    needed = time.monotonic() - started
    process = subprocess.Popen(command(two_sources, "new"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(needed * moment)
    process.send_signal(number)
    _, errors = process.communicate()
    assert b"Traceback" not in errors
    recover(two_sources / "data")
    assert len(kinds_of(two_sources / "data")) == 1
    assert not [name for name in names(two_sources / "data") if name.startswith(".")]


@pytest.mark.parametrize("room", [100_000, 1_000_000])
def test_a_disk_that_fills_up_is_told_and_leaves_the_old_files(two_sources, room):
    subprocess.run(command(two_sources, "old"), check=True, capture_output=True)

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    done = subprocess.run(command(two_sources, "new"), capture_output=True, text=True, preexec_fn=fill)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert kinds_of(two_sources / "data") == {"old"}
    assert not [name for name in names(two_sources / "data") if name.startswith(".")]
