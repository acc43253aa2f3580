"""What a change of dataset_info.json does to the disk: owners, permissions, links, locks, ended processes."""

import itertools
import json
import multiprocessing
import os
import stat
import sys
import threading

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data import registry
from lf_qwen3.data.registry import change as change_module
from tests.data.registry.entries import ENTRY, OTHER, write


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give a file away")
def test_the_owner_of_the_file_stays(tmp_path, config):
    write(config, {"a": OTHER})
    os.chown(config, 12345, 23456)
    registry.edit_registry(tmp_path, {"b": ENTRY})
    assert (config.stat().st_uid, config.stat().st_gid) == (12345, 23456)


@pytest.mark.parametrize(("folder_mode", "lock_mode"), [(0o2775, 0o664), (0o755, 0o644), (0o700, 0o600)])
def test_whoever_may_write_the_folder_may_lock_it(tmp_path, folder_mode, lock_mode):
    tmp_path.chmod(folder_mode)
    before = os.umask(0o077)
    try:
        with registry.lock_registry(tmp_path):
            assert stat.S_IMODE((tmp_path / ".dataset_info.json.lock").stat().st_mode) == lock_mode
    finally:
        os.umask(before)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may write there")
def test_root_may_lock_a_folder_that_nobody_may_write(tmp_path, config):
    tmp_path.chmod(0o555)
    registry.edit_registry(tmp_path, {"a": ENTRY})
    assert config.exists()


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664])
def test_permissions_are_kept(tmp_path, config, mode):
    write(config, {})
    config.chmod(mode)
    registry.edit_registry(tmp_path, {"a": ENTRY})
    assert stat.S_IMODE(config.stat().st_mode) == mode


@pytest.mark.parametrize(("umask", "mode"), [(0o027, 0o640), (0o002, 0o664)])
def test_a_new_file_has_the_usual_permissions(tmp_path, config, umask, mode):
    before = os.umask(umask)
    try:
        registry.edit_registry(tmp_path, {"a": ENTRY})
    finally:
        os.umask(before)
    assert stat.S_IMODE(config.stat().st_mode) == mode


def test_a_disk_that_knows_no_owners_and_syncs_no_folder_will_do(tmp_path, config, monkeypatch):
    write(config, {"a": OTHER})
    sync = os.fsync

    def refuse(*_):
        raise PermissionError

    def sync_files(handle):
        return refuse() if stat.S_ISDIR(os.fstat(handle).st_mode) else sync(handle)

    monkeypatch.setattr(os, "chown", refuse)
    monkeypatch.setattr(os, "fsync", sync_files)
    registry.edit_registry(tmp_path, {"b": ENTRY})
    assert set(registry.read_registry(tmp_path)) == {"a", "b"}


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to none yet"])
def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path, there):
    (tmp_path / "real").mkdir()
    (tmp_path / "data").mkdir()
    target = tmp_path / "real" / "registry.json"
    if there:
        target.write_text('{"a": {}}')
    link = tmp_path / "data" / "dataset_info.json"
    link.symlink_to("../real/registry.json")
    registry.edit_registry(tmp_path / "data", {"b": OTHER})
    assert link.is_symlink()
    assert json.loads(target.read_text())["b"] == OTHER
    assert sorted(os.listdir(tmp_path / "data")) == ["dataset_info.json"]


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_failing_disk_leaves_the_old_file_and_no_litter(tmp_path, config, monkeypatch, step):
    before = write(config, {"a": OTHER})

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="No space left"):
        registry.edit_registry(tmp_path, {"b": ENTRY})
    assert config.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == [".dataset_info.json.lock", "dataset_info.json"]


def test_the_file_and_then_its_folder_are_brought_to_the_disk(tmp_path, config, monkeypatch):
    synced = []

    def sync(handle):
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        synced.append(("folder" if is_folder else "file", config.exists()))

    monkeypatch.setattr(os, "fsync", sync)
    registry.edit_registry(tmp_path, {"a": ENTRY})
    assert synced == [("file", False), ("folder", True)], "whether the new file had its name by then"


def test_what_a_killed_process_left_is_cleared_by_the_next(tmp_path, config):
    (tmp_path / ".dataset_info.json.tmp").write_text("{ half")
    registry.edit_registry(tmp_path, {"a": ENTRY})
    assert sorted(os.listdir(tmp_path)) == [".dataset_info.json.lock", "dataset_info.json"]


def _register_ten(folder, number):
    for index in range(10):
        registry.edit_registry(folder, {f"p{number}_{index}": {"file_name": f"{index}.jsonl"}})


def test_eight_processes_at_once_lose_nothing(tmp_path):
    spawn = multiprocessing.get_context("fork")
    processes = [spawn.Process(target=_register_ten, args=(tmp_path, number)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert {process.exitcode for process in processes} == {0}
    assert set(registry.read_registry(tmp_path)) == {
        f"p{number}_{index}" for number in range(8) for index in range(10)
    }


def test_a_lock_that_stays_taken_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(change_module, "_LOCK_SECONDS", 0.05)
    with registry.lock_registry(tmp_path):
        caught = []

        def second():
            try:
                registry.edit_registry(tmp_path, {"a": ENTRY})
            except LfQwen3Error as error:
                caught.append(error.message)

        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert "another process has locked" in caught[0]
    assert registry.read_registry(tmp_path) == {}


OPERATIONS = ("open", "os.chmod", "os.chown", "os.remove", "os.rename")
"""Audit events of what touches a file; each comes before the operation."""


def killed_before(operation, folder, entries):
    """Change the registry in a process that is gone before its n-th file operation; tell whether it was."""
    child = os.fork()
    if not child:
        done = 0

        def count(event, arguments):
            nonlocal done
            if event in OPERATIONS:
                done += 1
                if done == operation:
                    os._exit(9)

        sys.addaudithook(count)
        registry.edit_registry(folder, entries, replace=True)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_the_file_parses_whenever_the_writer_is_killed(tmp_path, config):
    write(config, {"theirs": OTHER, "mine": ENTRY})
    seen = []
    for operation in itertools.count(1):
        was_killed = killed_before(operation, tmp_path, {"mine": {**ENTRY, "num_samples": operation}})
        there = json.loads(config.read_bytes())
        assert there["theirs"] == OTHER
        seen.append(there["mine"].get("num_samples", 0))
        if not was_killed:
            break
    assert len(seen) > 5
    assert seen[-1] == operation
    assert set(seen) <= {0, *range(1, operation + 1)}
    assert 0 in seen
    registry.edit_registry(tmp_path, {"after": ENTRY})
    assert set(registry.read_registry(tmp_path)) == {"theirs", "mine", "after"}
