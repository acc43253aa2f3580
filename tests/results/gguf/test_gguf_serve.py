"""What serves a file: the line for llama-server, a Modelfile for each mode, and Ollama itself."""

import json
import os
import shlex
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.recipes.shared import share_settings
from lf_qwen3.results.gguf.plan import GgufPlan
from lf_qwen3.results.gguf.serve import create_in_ollama, render_modelfile, serve_command, write_modelfiles

TRAIN = {
    "model_name_or_path": "Qwen/Qwen3-4B",
    "output_dir": "runs/my/adapter",
    "template": "qwen3",
    "cutoff_len": 4096,
    "default_system": "You are a keeper.",
}
FILE = Path("runs/my run/gguf/my-Q4_K_M.gguf")


@pytest.fixture
def plan():
    common = share_settings(TRAIN, "non-thinking", own={"max_new_tokens": 1024})
    place = Path("runs/my")
    return GgufPlan("My", place, place, place, (), common, "my_test", (), "Q4_K_M")


@pytest.mark.parametrize(
    ("mode", "thinks", "temperature"), [("thinking", True, "0.6"), ("non-thinking", False, "0.7")]
)
def test_the_line_says_the_mode_and_its_sampling(plan, mode, thinks, temperature):
    words = shlex.split(serve_command(plan, FILE, mode))
    options = dict(zip(words[1::2], words[2::2], strict=False)) if "--jinja" not in words else {}
    options |= {word: words[at + 1] for at, word in enumerate(words[:-1]) if word.startswith("-")}
    assert options["-m"] == str(FILE)
    assert json.loads(options["--chat-template-kwargs"]) == {"enable_thinking": thinks}
    assert options["--temp"] == temperature
    assert options["-c"] == str(4096 + 1024)


def test_only_the_modelfile_without_thinking_opens_the_answer_with_an_empty_block(plan):
    texts = {mode: render_modelfile(plan, FILE, mode) for mode in ("thinking", "non-thinking")}
    assert "<think>" not in texts["thinking"]
    assert '<|im_start|>assistant\n<think>\n\n</think>\n\n"""' in texts["non-thinking"]
    for text in texts.values():
        assert "FROM ./my-Q4_K_M.gguf\n" in text
        assert 'SYSTEM """You are a keeper."""' in text
        assert 'PARAMETER stop "<|im_end|>"' in text


@pytest.fixture
def ollama(tmp_path, monkeypatch):
    program = tmp_path / "ollama"
    program.write_text(
        '#!/bin/sh\necho "$@" >> "$OLLAMA_LOG"\ntest -z "$OLLAMA_FAILS" || { echo no server; exit 1; }\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("OLLAMA_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def test_ollama_gets_a_model_for_each_mode(plan, ollama, tmp_path):
    modelfiles = write_modelfiles(plan, tmp_path / FILE.name)
    names = create_in_ollama(plan, modelfiles)
    assert names == ["my-q4_k_m:thinking", "my-q4_k_m:non-thinking"]
    lines = [f"create {name} -f {modelfiles[name.partition(':')[2]]}" for name in names]
    assert ollama.read_text().splitlines() == lines


def test_what_ollama_says_is_said(plan, ollama, tmp_path, monkeypatch):
    monkeypatch.setenv("OLLAMA_FAILS", "1")
    with pytest.raises(LfQwen3Error) as caught:
        create_in_ollama(plan, write_modelfiles(plan, tmp_path / FILE.name))
    assert caught.value.code == "ollama_failed"
    assert "no server" in caught.value.message


def test_without_ollama_the_file_is_kept(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LfQwen3Error) as caught:
        create_in_ollama(plan, write_modelfiles(plan, tmp_path / FILE.name))
    assert caught.value.code == "ollama_missing"
