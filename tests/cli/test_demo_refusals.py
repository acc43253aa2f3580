"""The demo refuses what it must not touch, before anything is made."""

import pytest

from lf_qwen3 import demo
from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.trainer import process


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    monkeypatch.setattr(process, "require_installed", lambda: None)


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "train.yaml").write_text("mine")
    with pytest.raises(UsageError) as error:
        demo.run_demo(tmp_path, NoProgress())
    assert error.value.code == "file_exists"
    assert [path.name for path in tmp_path.iterdir()] == ["train.yaml"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "demo").write_text("")
    with pytest.raises(UsageError) as error:
        demo.run_demo(tmp_path / "demo", NoProgress())
    assert error.value.code == "not_a_folder"
