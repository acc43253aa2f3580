import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import threading
import time

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
    assert registry.read(tmp_path) == {}


def test_several_names_change_in_one_step(tmp_path, config):
    write(config, {"x_val": ENTRY, "mine": OTHER, "x_test": ENTRY})
    done = registry.edit(
        tmp_path, {"x_train": ENTRY, "x_val": OTHER}, remove=["x_test", "never_there"], replace=True
    )
    assert list(registry.read(tmp_path).items()) == [
        ("x_val", OTHER),
        ("mine", OTHER),
        ("x_train", ENTRY),
    ]
    assert (done.added, done.replaced, done.removed) == (("x_train",), ("x_val",), ("x_test",))
    assert done.after == config.read_bytes()


def test_a_name_both_added_and_removed_is_there(tmp_path, config):
    write(config, {"a": OTHER})
    assert registry.plan(tmp_path, {"a": OTHER}, remove=["a"]).unchanged == ("a",)


def test_the_same_content_is_no_change_whatever_its_order(tmp_path, config):
    before = write(config, {"a": dict(reversed(ENTRY.items()))})
    done = registry.edit(tmp_path, {"a": ENTRY})
    assert (done.unchanged, done.is_needed, done.diff()) == (("a",), False, "")
    assert config.read_bytes() == before


def test_one_is_not_true(tmp_path, config):
    write(config, {"a": {"file_name": "a", "ranking": 1}})
    with pytest.raises(UsageError):
        registry.plan(tmp_path, {"a": {"file_name": "a", "ranking": True}})


def test_other_content_is_refused_without_replace(tmp_path, config):
    before = write(config, {"a": {**ENTRY, "num_samples": 3}})
    with pytest.raises(
        UsageError, match=r"'a' is registered in .*other content \(file_name, num_samples\)"
    ) as caught:
        registry.edit(tmp_path, {"b": ENTRY, "a": {**ENTRY, "file_name": "b.jsonl"}})
    assert "--replace" in caught.value.hint
    assert config.read_bytes() == before


def test_a_plan_writes_nothing_and_can_be_written_later(tmp_path, config):
    planned = registry.plan(tmp_path, {"a": ENTRY})
    assert (planned.before, list(tmp_path.iterdir())) == (None, [])
    with registry.lock(tmp_path):
        registry.apply(planned)
    assert config.read_bytes() == planned.after


def test_nothing_to_do_makes_no_file(tmp_path):
    done = registry.edit(tmp_path, {}, remove=["a"])
    assert not done.is_needed
    assert not (tmp_path / "dataset_info.json").exists()


def test_a_dry_run_leaves_no_trace(tmp_path):
    assert registry.edit(tmp_path, {"a": ENTRY}, dry_run=True).added == ("a",)
    assert list(tmp_path.iterdir()) == []


def test_the_diff_is_a_unified_one(tmp_path, config):
    config.write_text('{"a": {}}')
    path = os.path.realpath(config)
    assert registry.plan(tmp_path, {"b": OTHER}).diff() == (
        f"--- {path}\n+++ {path}\n@@ -1 +1 @@\n"
        '-{"a": {}}\n\\ No newline at end of file\n'
        '+{"a": {}, "b": {"file_name": "other.jsonl"}}\n\\ No newline at end of file\n'
    )


def test_the_diff_of_a_new_file_starts_from_nothing(tmp_path):
    assert registry.plan(tmp_path, {"b": {}}).diff().splitlines()[0] == "--- /dev/null"


def test_a_plan_that_was_overtaken_is_not_applied(tmp_path, config):
    planned = registry.plan(tmp_path, {"a": ENTRY})
    before = write(config, {"b": OTHER})
    with pytest.raises(LfQwen3Error, match="was changed meanwhile"):
        registry.apply(planned)
    assert config.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b'{"a": {}, "a": {}}', b"\xff"])
def test_a_broken_file_is_never_overwritten(tmp_path, config, content):
    config.write_bytes(content)
    with pytest.raises(LfQwen3Error, match="line 1 column"):
        registry.edit(tmp_path, {"b": ENTRY}, replace=True)
    assert config.read_bytes() == content


def test_a_byte_order_mark_is_taken_away_and_told(tmp_path, config):
    config.write_bytes(b'\xef\xbb\xbf{"a": {}}')
    done = registry.edit(tmp_path, {"a": {}})
    assert config.read_bytes() == b'{"a": {}}'
    assert "byte order mark" in done.notes[0]


def test_a_bad_name_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be the name"):
        registry.edit(tmp_path, {"../a": ENTRY})


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664])
def test_permissions_are_kept(tmp_path, config, mode):
    write(config, {})
    config.chmod(mode)
    registry.edit(tmp_path, {"a": ENTRY})
    assert stat.S_IMODE(config.stat().st_mode) == mode


def test_a_new_file_has_the_usual_permissions(tmp_path, config):
    before = os.umask(0o027)
    try:
        registry.edit(tmp_path, {"a": ENTRY})
    finally:
        os.umask(before)
    assert stat.S_IMODE(config.stat().st_mode) == 0o640


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to none yet"])
def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path, there):
    (tmp_path / "real").mkdir()
    (tmp_path / "data").mkdir()
    target = tmp_path / "real" / "registry.json"
    if there:
        target.write_text('{"a": {}}')
    link = tmp_path / "data" / "dataset_info.json"
    link.symlink_to("../real/registry.json")
    registry.edit(tmp_path / "data", {"b": OTHER})
    assert link.is_symlink()
    assert json.loads(target.read_text())["b"] == OTHER
    assert sorted(os.listdir(tmp_path / "data")) == ["dataset_info.json"]


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_failing_disk_leaves_the_old_file_and_no_litter(tmp_path, config, monkeypatch, step):
    before = write(config, {"a": OTHER})

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(change_module.os, step, fail)
    with pytest.raises(OSError, match="No space left"):
        registry.edit(tmp_path, {"b": ENTRY})
    assert config.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == [".dataset_info.json.lock", "dataset_info.json"]


def test_what_a_killed_process_left_is_cleared_by_the_next(tmp_path, config):
    (tmp_path / ".dataset_info.json.tmp").write_text("{ half")
    registry.edit(tmp_path, {"a": ENTRY})
    assert sorted(os.listdir(tmp_path)) == [".dataset_info.json.lock", "dataset_info.json"]


def _register_ten(folder, number):
    for index in range(10):
        registry.edit(folder, {f"p{number}_{index}": {"file_name": f"{index}.jsonl"}})


def test_eight_processes_at_once_lose_nothing(tmp_path):
    spawn = multiprocessing.get_context("fork")
    processes = [spawn.Process(target=_register_ten, args=(tmp_path, number)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert {process.exitcode for process in processes} == {0}
    assert set(registry.read(tmp_path)) == {
        f"p{number}_{index}" for number in range(8) for index in range(10)
    }


def test_a_lock_that_stays_taken_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(change_module, "_LOCK_SECONDS", 0.05)
    with registry.lock(tmp_path):
        caught = []

        def second():
            try:
                registry.edit(tmp_path, {"a": ENTRY})
            except LfQwen3Error as error:
                caught.append(error.message)

        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert "another process has held" in caught[0]
    assert registry.read(tmp_path) == {}


WRITER = """
import sys
from lf_qwen3.data import registry
entry = {"file_name": "x" * 200_000}
number = 0
while True:
    number += 1
    registry.edit(sys.argv[1], {"mine": {**entry, "num_samples": number}}, replace=True)
    if number == 1:
        print("started", flush=True)
"""


def test_the_file_parses_whenever_the_writer_is_killed(tmp_path, config):
    write(config, {"theirs": OTHER})
    for round_number in range(8):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        writer.stdout.readline()
        time.sleep(0.003 * round_number)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        there = json.loads(config.read_bytes())
        assert there["theirs"] == OTHER
        assert there["mine"]["num_samples"] >= 1
    registry.edit(tmp_path, {"after": ENTRY})
    assert set(registry.read(tmp_path)) == {"theirs", "mine", "after"}
