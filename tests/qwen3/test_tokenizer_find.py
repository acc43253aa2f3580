"""A tokenizer is found in a folder or in a hub's cache, and loaded without what a training left in it."""

import json

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.qwen3 import tokenizer_files


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home without any cache setting."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "MODELSCOPE_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder):
    folder.mkdir(parents=True)
    (folder / "tokenizer.json").write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("place", "variable"),
    [
        pytest.param(".cache/huggingface/hub/models--Qwen--Qwen3-0.6B/snapshots/abc", "", id="hugging face"),
        pytest.param("hf/hub/models--Qwen--Qwen3-0.6B/snapshots/abc", "HF_HOME=hf", id="HF_HOME"),
        pytest.param("hf/models--Qwen--Qwen3-0.6B/snapshots/abc", "HF_HUB_CACHE=hf", id="HF_HUB_CACHE"),
        pytest.param(".cache/modelscope/hub/models/Qwen/Qwen3-0___6B", "", id="modelscope"),
        pytest.param(".cache/modelscope/models/Qwen--Qwen3-0.6B/snapshots/master", "", id="modelscope, new"),
        pytest.param(".cache/modelscope/hub/Qwen/Qwen3-0.6B", "", id="modelscope, old"),
        pytest.param("ms/models/Qwen/Qwen3-0___6B", "MODELSCOPE_CACHE=ms", id="MODELSCOPE_CACHE"),
    ],
)
def test_an_id_is_found_in_a_cache(home, monkeypatch, place, variable):
    folder = put(home / place)
    if variable:
        name, _, value = variable.partition("=")
        monkeypatch.setenv(name, str(home / value))
    assert tokenizer_files.find("Qwen/Qwen3-0.6B") == folder


def test_the_snapshot_of_main_wins(home):
    repo = home / ".cache/huggingface/hub/models--Qwen--Qwen3-4B"
    put(repo / "snapshots/new")
    wanted = put(repo / "snapshots/main_one")
    (repo / "refs").mkdir()
    (repo / "refs/main").write_text("main_one\n")
    assert tokenizer_files.find("Qwen/Qwen3-4B") == wanted


def test_a_folder_or_its_file_may_be_named(home):
    folder = put(home / "model")
    assert tokenizer_files.find(folder) == tokenizer_files.find(folder / "tokenizer.json") == folder


def test_a_folder_goes_before_an_id(home):
    put(home / ".cache/modelscope/hub/models/Qwen/Qwen3-4B")
    put(home / "Qwen/Qwen3-4B")
    assert tokenizer_files.find("Qwen/Qwen3-4B").resolve() == home / "Qwen/Qwen3-4B"


def test_an_id_that_is_nowhere_says_how_to_get_it(home):
    with pytest.raises(UsageError) as failed:
        tokenizer_files.find("Qwen/Qwen3-4B")
    assert "modelscope download --model Qwen/Qwen3-4B tokenizer.json" in failed.value.hint
    assert "hf download Qwen/Qwen3-4B" in failed.value.hint


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ("adapter", "no tokenizer.json in", "copy its tokenizer.json"),
        ("empty", "no tokenizer.json in", "Qwen/Qwen3-4B"),
        ("empty/vocab.txt", "vocab.txt is not a tokenizer.json", "--tokenizer FOLDER"),
        ("nowhere", "there is no folder nowhere", "hub id"),
    ],
)
def test_what_is_no_tokenizer_is_told(home, given, message, hint):
    (home / "adapter").mkdir()
    (home / "adapter/adapter_config.json").write_text("{}")
    (home / "empty").mkdir()
    (home / "empty/vocab.txt").write_text("")
    with pytest.raises(UsageError, match=message) as failed:
        tokenizer_files.find(given)
    assert hint in failed.value.hint


def test_truncation_and_padding_are_switched_off(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"a": 0, "[PAD]": 1}, unk_token="[PAD]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.enable_truncation(2)
    made.enable_padding(length=8)
    made.save(str(tmp_path / "tokenizer.json"))
    assert json.loads((tmp_path / "tokenizer.json").read_text())["truncation"]
    assert tokenizer_files.load(tmp_path).encode("a a a").ids == [0, 0, 0]


def test_a_broken_file_is_told(home):
    with pytest.raises(UsageError) as caught:
        tokenizer_files.load(put(home / "model"))
    assert caught.value.code == "tokenizer_broken"
