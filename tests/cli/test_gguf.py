"""What `gguf` hands on, and what it prints."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.cli import _output, cli
from lf_qwen3.results.gguf import work
from lf_qwen3.results.gguf.work import GgufResult

REPORT = {
    "figures": {"F16": {"kept": 0.9991, "interval": [0.998, 1.0], "limit": 0.99, "kl": 1e-6}},
    "notes": ["2 rows are not in NFC"],
    "modelfiles": {"thinking": "gguf/Modelfile.thinking"},
    "commands": ["llama-server -m gguf/my-F16.gguf"],
}


@pytest.fixture
def asked(monkeypatch):
    given = {}

    def make(run_dir, quant, **options):
        given.update(options, run_dir=run_dir, quant=quant)
        return GgufResult(Path("gguf/my-F16.gguf"), [Path("gguf/gguf.json")], REPORT, [])

    monkeypatch.setattr(work, "make_gguf", make)
    return given


def test_options_are_handed_on(asked):
    words = ["runs/my", "--quant", "Q8_0", "--llama-cpp", "lc", "--out", "o", "--dataset", "d"]
    result = CliRunner().invoke(cli, ["gguf", *words, "--rows", "9", "--limit", "0.8", "--to-ollama"])
    assert result.exit_code == 0, result.output
    del asked["progress"]
    assert asked == {
        "run_dir": "runs/my",
        "quant": "Q8_0",
        "llama_cpp": "lc",
        "out": "o",
        "dataset": "d",
        "rows": 9,
        "limit": 0.8,
        "to_ollama": True,
    }


def test_figures_files_and_commands_are_printed(asked):
    result = CliRunner().invoke(cli, ["gguf", "runs/my"])
    assert asked["quant"] == "Q4_K_M"
    assert "F16, llama.cpp" in result.stdout
    assert "kept 99.9% (99.8% to 100.0%), limit 99%" in result.stdout
    assert "written: gguf/my-F16.gguf\n" in result.stdout
    assert result.stdout.endswith("llama-server -m gguf/my-F16.gguf\n")
    assert "2 rows are not in NFC" in result.stderr


def test_json_is_the_report(asked):
    result = CliRunner().invoke(cli, ["gguf", "runs/my", "--json"])
    assert json.loads(result.stdout) == REPORT
    assert asked["llama_cpp"] is None


@pytest.mark.parametrize("limit", ["1.5", "-1", "much"])
def test_a_limit_is_a_share(asked, limit):
    assert CliRunner().invoke(cli, ["gguf", "runs/my", "--limit", limit]).exit_code == 2
    assert not asked


def test_an_interruption_says_how_it_goes_on(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "make_gguf", interrupt)
    result = CliRunner().invoke(cli, ["gguf", "runs/my"], standalone_mode=False)
    assert result.return_value == 130
    assert "resumes at" in result.stderr


def test_an_error_comes_with_its_hint(monkeypatch, capsys):
    def refuse(*_, **__):
        raise LfQwen3Error("it lost the tuning", "take Q8_0", code="quantisation_lost_tuning")

    monkeypatch.setattr(work, "make_gguf", refuse)
    assert _output.run(lambda: cli(["gguf", "runs/my"], standalone_mode=False)) == 1
    assert "take Q8_0" in capsys.readouterr().err
