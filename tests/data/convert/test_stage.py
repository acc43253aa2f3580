"""All or nothing, whatever happens."""

import json
import os
import subprocess
import sys

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.data import registry
from lf_qwen3.data.convert import stage as stages
from lf_qwen3.data.convert.stage import Stage, StageOwner, recover, this_machine

ENTRY = {"file_name": "set_train.jsonl"}


def commit(folder, text, **more):
    with Stage(folder, "set") as stage:
        (stage.path / "set_train.jsonl").write_text(text)
        stage.commit(["set_train.jsonl"], more.get("delete", []), {"set_train": ENTRY}, [])


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def contents(folder):
    return {name: (folder / name).read_bytes() for name in names(folder)}


def test_a_commit_replaces_deletes_and_registers(tmp_path):
    (tmp_path / "set_val.jsonl").write_text("old")
    commit(tmp_path, "new", delete=["set_val.jsonl"])
    assert names(tmp_path) == ["dataset_info.json", "set_train.jsonl"]
    assert registry.read_registry(tmp_path) == {"set_train": ENTRY}


def test_an_error_before_the_commit_leaves_the_old_files(tmp_path):
    commit(tmp_path, "old")

    def fail_half_way():
        with Stage(tmp_path, "set") as stage:
            (stage.path / "set_train.jsonl").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert (tmp_path / "set_train.jsonl").read_text() == "old"
    assert names(tmp_path) == ["dataset_info.json", "set_train.jsonl"]


def left_behind(folder, owner, monkeypatch):
    """A stage of a process that died on the machine `owner`."""
    with monkeypatch.context() as patch:
        patch.setattr(stages, "this_machine", lambda: owner)
        stage = Stage(folder, "set")
    stage.path.mkdir(parents=True)
    (stage.path / "records-1").write_text("{}")
    return stage.path


def age(stage, seconds):
    for path in (*stage.iterdir(), stage):
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - seconds))


HERE = StageOwner("a" * 16, "b" * 16)
DAY = 24 * 3600


@pytest.mark.parametrize(
    ("owner", "here", "seconds_old", "is_cleared"),
    [
        pytest.param(HERE, HERE, 0, True, id="this boot"),
        pytest.param(HERE._replace(host="c" * 16), HERE, 99 * DAY, False, id="another machine"),
        pytest.param(StageOwner("c" * 16, "d" * 16), HERE, 99 * DAY, False, id="another machine and boot"),
        pytest.param(HERE._replace(boot="d" * 16), HERE, 0, False, id="a machine of the same name, perhaps"),
        pytest.param(HERE._replace(boot="d" * 16), HERE, DAY + 60, True, id="an earlier boot"),
        pytest.param(HERE._replace(boot=""), HERE._replace(boot=""), 0, False, id="no boot id"),
        pytest.param(HERE._replace(boot=""), HERE._replace(boot=""), DAY + 60, True, id="no boot id, old"),
    ],
)
def test_only_what_a_dead_process_of_this_machine_left_is_cleared_away(
    tmp_path, monkeypatch, owner, here, seconds_old, is_cleared
):
    stage = left_behind(tmp_path, owner, monkeypatch)
    age(stage, seconds_old)
    monkeypatch.setattr(stages, "this_machine", lambda: here)
    recover(tmp_path)
    assert stage.exists() != is_cleared


def test_what_has_no_owner_is_left_alone(tmp_path):
    for name in (".foo.999999-1.tmp", ".a-b.999999-1.tmp", ".foo.tmp"):
        (tmp_path / name).mkdir()
    recover(tmp_path)
    assert len(names(tmp_path)) == 3


ENTER_A_STAGE = """
import sys, os
from pathlib import Path
from lf_qwen3.data.convert.stage import Stage
stage = Stage(Path(sys.argv[1]), "set").__enter__()
print(stage.path, flush=True)
sys.stdin.read() or os._exit(1)
"""


def test_the_stage_of_another_process_is_cleared_away_once_it_is_dead(tmp_path):
    command = [sys.executable, "-c", ENTER_A_STAGE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        path = process.stdout.readline().strip()
        recover(tmp_path)
        commit(tmp_path, "new")
        assert os.path.isdir(path)
        process.stdin.close()
        process.wait()
    assert os.path.isdir(path)
    recover(tmp_path)
    assert not os.path.exists(path)


def test_two_stages_of_one_process_live_side_by_side(tmp_path):
    with Stage(tmp_path, "set") as first, Stage(tmp_path, "set") as second:
        recover(tmp_path)
        assert first.path.is_dir()
        assert second.path.is_dir()
    assert names(tmp_path) == []


def test_this_machine_is_the_same_every_time():
    assert this_machine() == this_machine()
    assert this_machine().host


JOURNAL = {"replace": [], "delete": [], "entries": {}, "drop_entries": []}


@pytest.mark.parametrize(
    "journal",
    [
        {**JOURNAL, "delete": ["../victim.txt"]},
        {**JOURNAL, "delete": ["other_train.jsonl"]},
        {**JOURNAL, "replace": ["../victim.txt"]},
        {**JOURNAL, "drop_entries": ["other_train"]},
        {**JOURNAL, "entries": {"other_train": {}}},
        {**JOURNAL, "delete": [["set_train.jsonl"]]},
        {},
        "{",
    ],
)
def test_a_commit_touches_only_the_files_of_its_dataset(tmp_path, journal):
    committed = tmp_path / "data" / ".set.commit"
    committed.mkdir(parents=True)
    (committed / "journal.json").write_text(journal if journal == "{" else json.dumps(journal))
    for victim in (tmp_path / "victim.txt", tmp_path / "data" / "other_train.jsonl"):
        victim.write_text("precious")
    with pytest.raises(LfQwen3Error) as caught:
        recover(tmp_path / "data")
    assert caught.value.code == "journal_broken"
    assert str(committed) in caught.value.message
    assert (tmp_path / "victim.txt").exists()
    assert (tmp_path / "data" / "other_train.jsonl").exists()


def test_a_file_where_the_folder_should_be(tmp_path):
    file = tmp_path / "data"
    file.write_text("")
    with pytest.raises(UsageError) as caught, Stage(file, "set"):
        pass
    assert caught.value.code == "not_a_folder"
