"""A fault after any file operation leaves the old files or the new ones."""

import errno
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.convert.stage import recover

OPERATIONS = ("replace", "rename", "unlink", "mkdir", "rmdir", "fsync")


class Killed(BaseException):
    """Stands for the end of the process: from it on no file operation works."""


class FaultyDisk:
    """Counts file operations and calls `fault` once, right after number `at` was done (from 1)."""

    def __init__(self, patch, at, fault):
        self.count = 0
        self.is_dead = False
        self._at = at
        self._fault = fault
        for name in OPERATIONS:
            patch.setattr(os, name, self._counted(getattr(os, name)))
        patch.setattr(io, "open", self._counted(io.open))

    def _counted(self, operation):
        def call(*arguments, **more):
            if self.is_dead:
                raise Killed
            result = operation(*arguments, **more)
            self.count += 1
            if self.count == self._at:
                self._fault(self)
            return result

        return call


def kill(disk):
    """End the process, as far as its file operations go."""
    disk.is_dead = True
    raise Killed


def fail(_):
    """Report an error of the disk."""
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def interrupt(_):
    """Press Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def do_nothing(_):
    """Let everything pass."""


def contents(folder):
    """All files of a folder, hidden ones too, but for the locks."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


def source_of(path, stem):
    rows = [{"question": f"{stem} {n}", "think": "t", "answer": f"a {n}"} for n in range(30)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def reruns(tmp_path):
    """Options of a rerun that drops a split, and a folder as it is before and as it is to be after."""
    old = ConvertOptions((source_of(tmp_path / "old.jsonl", "old"),), "set", tmp_path / "before", val=0.2)
    convert(old)
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    source = source_of(tmp_path / "new.jsonl", "new")

    def options(folder):
        return ConvertOptions((source,), "set", folder, replace=True)

    convert(options(tmp_path / "after"))
    return options, tmp_path / "before", tmp_path / "after"


def convert_with(fault, at, options, patch):
    """Convert with a fault after file operation `at`; return their number, and whether it ended well."""
    with patch.context() as faulty:
        disk = FaultyDisk(faulty, at, fault)
        try:
            convert(options)
        except (Killed, OSError, KeyboardInterrupt, LfQwen3Error):
            return disk.count, False
    return disk.count, True


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the fault comes right after the opening
@pytest.mark.parametrize("fault", [kill, fail, interrupt])
def test_a_fault_after_any_file_operation_leaves_the_old_or_the_new_files(
    tmp_path, monkeypatch, reruns, fault
):
    options, before, after = reruns
    states = {False: contents(before), True: contents(after)}
    shutil.copytree(before, tmp_path / "whole")
    total, _ = convert_with(do_nothing, 0, options(tmp_path / "whole"), monkeypatch)
    is_new = []
    for at in range(1, total + 1):
        folder = tmp_path / f"at-{at}"
        shutil.copytree(before, folder)
        _, has_ended_well = convert_with(fault, at, options(folder), monkeypatch)
        recover(folder)
        assert contents(folder) in states.values(), at
        is_new.append(contents(folder) == states[True])
        assert is_new[-1] or not has_ended_well, at
        convert(options(folder))
        assert contents(folder) == states[True], at
    assert {*is_new} == {False, True}
    if fault is kill:
        assert is_new == sorted(is_new), "once committed, a set stays"


@pytest.mark.parametrize("room", [4_000, 40_000])
def test_a_disk_that_fills_up_is_told_and_leaves_the_old_files(tmp_path, room):
    folder = tmp_path / "data"
    convert(ConvertOptions((source_of(tmp_path / "old.jsonl", "old"),), "set", folder, val=0.2))
    before = contents(folder)
    rows = [{"question": f"q {n}", "think": "t", "answer": "a" * 400} for n in range(100)]
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    command = [
        sys.executable,
        "-m",
        "lf_qwen3",
        "convert",
        str(tmp_path / "new.jsonl"),
        "--name",
        "set",
        "--replace",
    ]
    done = subprocess.run(
        [*command, "--dataset-dir", str(folder)],
        capture_output=True,
        text=True,
        preexec_fn=fill,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # it would be cut short as well
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert contents(folder) == before
