"""An interrupted call goes on where it was, and no half file bears the name of a whole one."""

import json

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf.steps import RECORD, StepRecord, locked, staged


class Works:
    """Two steps that count how often they are done; the first writes a file."""

    def __init__(self, folder):
        self.folder, self.file, self.done = folder, folder / "file", []

    def write(self):
        self.done.append("write")
        self.file.write_text("whole")
        return {"number": 1}

    def test(self):
        self.done.append("test")
        return {"number": 2}

    def call(self, first=0, second=0):
        record, self.done = StepRecord(self.folder), []
        assert record.do("write", first, self.write, self.file, self.folder / "final") == {"number": 1}
        assert record.do("test", second, self.test) == {"number": 2}
        return self.done


def test_what_is_finished_is_not_done_again(tmp_path):
    works = Works(tmp_path)
    assert works.call() == ["write", "test"]
    assert works.call() == []
    assert works.call(second=1) == ["test"]
    assert works.call(second=1) == []


def test_a_step_that_is_done_anew_has_all_later_ones_done_anew(tmp_path):
    works = Works(tmp_path)
    works.call()
    assert works.call(first=1) == ["write", "test"]


@pytest.mark.parametrize("change", ["delete", "shorten"])
def test_a_file_that_is_gone_or_cut_is_written_and_tested_again(tmp_path, change):
    works = Works(tmp_path)
    works.call()
    works.file.unlink()
    if change == "shorten":
        works.file.write_text("who")
    assert works.call() == ["write", "test"]


def test_a_file_that_got_its_final_name_is_the_same_file(tmp_path):
    works = Works(tmp_path)
    works.call()
    works.file.rename(tmp_path / "final")
    assert works.call() == []


def test_a_record_that_cannot_be_read_is_no_record(tmp_path):
    works = Works(tmp_path)
    works.call()
    (tmp_path / RECORD).write_text('{"steps": [')
    assert works.call() == ["write", "test"]


def test_steps_that_an_interrupted_call_did_not_reach_stay_in_the_record(tmp_path):
    works = Works(tmp_path)
    works.call()
    StepRecord(tmp_path).do("write", 0, works.write, works.file)
    assert json.loads((tmp_path / RECORD).read_text())["steps"].keys() == {"write", "test"}
    assert works.call() == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_broken_off_leaves_nothing(tmp_path, kind):
    def write_half():
        with staged(tmp_path / "final") as part:
            if kind == "folder":
                part.mkdir()
            (part / "half" if kind == "folder" else part).write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_what_is_whole_takes_the_place_of_what_was_there(tmp_path):
    (tmp_path / "final").mkdir()
    (tmp_path / "final" / "old").touch()
    with staged(tmp_path / "final") as part:
        part.mkdir()
        (part / "new").touch()
    assert [path.name for path in (tmp_path / "final").iterdir()] == ["new"]


def test_what_a_killed_call_left_is_taken_away_and_no_two_work_at_once(tmp_path):
    (tmp_path / ".run-F16.gguf.4711.part").write_text("half")
    with locked(tmp_path):
        assert not list(tmp_path.glob(".*.part"))
        with pytest.raises(LfQwen3Error) as caught, locked(tmp_path):
            pass
    assert caught.value.code == "lock_timeout"
