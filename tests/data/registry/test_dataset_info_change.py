import itertools
import json
import multiprocessing
import os
import stat
import sys
import threading

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data import registry
from lf_qwen3.data.registry import change as change_module

ENTRY = {"file_name": "a.jsonl", "formatting": "alpaca", "columns": {"prompt": "p", "response": "r"}}
OTHER = {"file_name": "other.jsonl"}


@pytest.fixture
def config(tmp_path):
    return tmp_path / "dataset_info.json"


def write(config, value):
    config.write_text(json.dumps(value, indent=2) + "\n")
    return config.read_bytes()


def test_reading_a_folder_without_the_file_gives_nothing(tmp_path):
    assert registry.read_registry(tmp_path) == {}


def test_several_names_change_in_one_step(tmp_path, config):
    write(config, {"x_val": ENTRY, "mine": OTHER, "x_test": ENTRY})
    done = registry.edit_registry(
        tmp_path, {"x_train": ENTRY, "x_val": OTHER}, remove=["x_test", "never_there"], replace=True
    )
    assert list(registry.read_registry(tmp_path).items()) == [
        ("x_val", OTHER),
        ("mine", OTHER),
        ("x_train", ENTRY),
    ]
    assert (done.added, done.replaced, done.removed) == (("x_train",), ("x_val",), ("x_test",))
    assert done.after == config.read_bytes()


def test_a_name_both_added_and_removed_is_there(tmp_path, config):
    write(config, {"a": OTHER})
    same = registry.plan_change(tmp_path, {"a": OTHER}, remove=["a"])
    assert (same.unchanged, same.removed, same.is_needed) == (("a",), (), False)
    other = registry.edit_registry(tmp_path, {"a": ENTRY}, remove=["a"], replace=True)
    assert (other.replaced, other.removed) == (("a",), ())
    assert registry.read_registry(tmp_path) == {"a": ENTRY}


def test_removing_alone_is_a_change(tmp_path, config):
    write(config, {"a": OTHER, "b": ENTRY})
    done = registry.edit_registry(tmp_path, {}, remove=["a", "never_there"])
    assert (done.removed, done.is_needed, registry.read_registry(tmp_path)) == (("a",), True, {"b": ENTRY})


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


def test_the_same_content_is_no_change_whatever_its_order(tmp_path, config):
    before = write(config, {"a": dict(reversed(ENTRY.items()))})
    done = registry.edit_registry(tmp_path, {"a": ENTRY})
    assert (done.unchanged, done.is_needed, done.diff()) == (("a",), False, "")
    assert config.read_bytes() == before


def test_one_is_not_true(tmp_path, config):
    write(config, {"a": {"file_name": "a", "ranking": 1}})
    with pytest.raises(UsageError):
        registry.plan_change(tmp_path, {"a": {"file_name": "a", "ranking": True}})


def test_other_content_is_refused_without_replace(tmp_path, config):
    before = write(config, {"a": {**ENTRY, "num_samples": 3}})
    with pytest.raises(UsageError) as caught:
        registry.edit_registry(tmp_path, {"b": ENTRY, "a": {**ENTRY, "file_name": "b.jsonl"}})
    assert caught.value.code == "dataset_exists"
    assert "(file_name, num_samples)" in caught.value.message
    assert "--replace" in caught.value.hint
    assert config.read_bytes() == before


def test_a_plan_writes_nothing_and_can_be_written_later(tmp_path, config):
    planned = registry.plan_change(tmp_path, {"a": ENTRY})
    assert (planned.before, list(tmp_path.iterdir())) == (None, [])
    with registry.lock_registry(tmp_path):
        registry.apply_change(planned)
    assert config.read_bytes() == planned.after


def test_nothing_to_do_makes_no_file(tmp_path):
    done = registry.edit_registry(tmp_path, {}, remove=["a"])
    assert not done.is_needed
    assert not (tmp_path / "dataset_info.json").exists()


def test_a_dry_run_leaves_no_trace(tmp_path):
    assert registry.edit_registry(tmp_path, {"a": ENTRY}, dry_run=True).added == ("a",)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_plans_what_would_be_done(tmp_path, config):
    before = write(config, {"a": OTHER, "b": OTHER})
    planned = registry.edit_registry(tmp_path, {"a": ENTRY}, remove=["b"], replace=True, dry_run=True)
    assert (planned.replaced, planned.removed, planned.notes) == (("a",), ("b",), ())
    assert config.read_bytes() == before


def test_the_diff_is_a_unified_one(tmp_path, config):
    config.write_text('{"a": {}}')
    path = os.path.realpath(config)
    assert registry.plan_change(tmp_path, {"b": OTHER}).diff() == (
        f"--- {path}\n+++ {path}\n@@ -1 +1 @@\n"
        '-{"a": {}}\n\\ No newline at end of file\n'
        '+{"a": {}, "b": {"file_name": "other.jsonl"}}\n\\ No newline at end of file\n'
    )


def test_the_diff_of_a_new_file_starts_from_nothing(tmp_path, config):
    path = os.path.realpath(config)
    assert (
        registry.plan_change(tmp_path, {"b": {}}).diff().startswith(f"--- /dev/null\n+++ {path}\n@@ -0,0 +1")
    )


def test_the_diff_of_whole_lines_misses_no_line_end(tmp_path, config):
    write(config, {"a": {}})
    assert "No newline" not in registry.plan_change(tmp_path, {"b": {}}).diff()


def test_a_plan_that_was_overtaken_is_not_applied(tmp_path, config):
    planned = registry.plan_change(tmp_path, {"a": ENTRY})
    before = write(config, {"b": OTHER})
    with pytest.raises(LfQwen3Error) as caught:
        registry.apply_change(planned)
    assert caught.value.code == "changed_meanwhile"
    assert config.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b'{"a": {}, "a": {}}', b"\xff"])
def test_a_broken_file_is_never_overwritten(tmp_path, config, content):
    config.write_bytes(content)
    with pytest.raises(LfQwen3Error, match=r"dataset_info\.json.* line 1 column"):
        registry.edit_registry(tmp_path, {"b": ENTRY}, replace=True)
    assert config.read_bytes() == content


def test_a_byte_order_mark_is_taken_away_and_told(tmp_path, config):
    config.write_bytes(b'\xef\xbb\xbf{"a": {}}')
    done = registry.edit_registry(tmp_path, {"a": {}})
    assert config.read_bytes() == b'{"a": {}}'
    assert "byte order mark" in done.notes[0]


def test_a_bad_name_is_refused(tmp_path):
    with pytest.raises(UsageError) as caught:
        registry.edit_registry(tmp_path, {"../a": ENTRY})
    assert caught.value.code == "dataset_name"


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
    assert "another process has held" in caught[0]
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
