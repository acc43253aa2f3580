"""`lf-qwen3 recipe` as it is typed: what is printed where, and the exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lf_qwen3.cli import _output, cli
from lf_qwen3.recipes import shipped

NEW = ["recipe", "new", "qwen3-4b-lora-sft", "--dataset", "my", "--dataset-dir", "data", "--out", "runs/a b"]


@pytest.fixture
def lf(capsys):
    """Return a function that runs the command line and gives exit code, stdout and stderr."""

    def run(*args):
        code = _output.run(lambda: cli(list(args), standalone_mode=False))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/dataset_info.json").write_text(json.dumps({"my_train": {}, "my_val": {}, "my_test": {}}))


def test_list_shows_every_recipe_with_its_own_line(lf):
    code, out, err = lf("recipe", "list")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["name", "method", "model", "template", "summary"]
    assert [line.split()[0] for line in lines[1:]] == [one.name for one in shipped()]
    assert all(line.endswith(one.summary) for line, one in zip(lines[1:], shipped(), strict=True))


def test_list_as_json(lf):
    rows = json.loads(lf("recipe", "list", "--json")[1])
    assert {"name", "method", "model", "template", "summary"} == rows[0].keys()
    assert {"qwen3-4b-lora-sft", "qwen3-1.7b-full-sft"} <= {row["name"] for row in rows}


def test_show_prints_the_file(lf):
    for recipe in shipped():
        assert lf("recipe", "show", recipe.name) == (0, recipe.text, "")
        assert json.loads(lf("recipe", "show", recipe.name, "--json")[1])["settings"] == recipe.settings


def test_show_of_an_unknown_recipe(lf):
    code, out, err = lf("recipe", "show", "qwen3-4b-lora-stf")
    assert (code, out) == (2, "")
    assert "did you mean qwen3-4b-lora-sft?" in err


def test_new_says_what_it_wrote_and_what_comes_next(lf, data):
    code, out, err = lf(*NEW)
    assert code == 0
    assert out.splitlines() == [
        "wrote runs/a b/train.yaml",
        "wrote runs/a b/predict.yaml",
        "",
        "next:",
        "  llamafactory-cli train 'runs/a b/train.yaml'",
        "  llamafactory-cli train 'runs/a b/predict.yaml'",
    ]
    assert err.startswith("note: data holds no manifest of my")


def test_new_as_json(lf, data):
    code, out, _ = lf(*NEW, "--json", "--set", "cutoff_len=512", "--set", "run_name=a=b")
    report = json.loads(out)
    assert code == 0
    assert report["files"] == {"train": "runs/a b/train.yaml", "predict": "runs/a b/predict.yaml"}
    assert report["datasets"] == {"train": "my_train", "val": "my_val", "test": "my_test"}
    assert (report["train"]["cutoff_len"], report["predict"]["cutoff_len"]) == (512, 512)
    assert report["train"]["run_name"] == "a=b"
    assert report["commands"][0] == "llamafactory-cli train 'runs/a b/train.yaml'"


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--set", "lora_rnk=8"], 2, "did you mean lora_rank?"),
        (["--set", "lora_rank=big"], 2, '"big" is not integer'),
        (["--dataset", "yours"], 2, "neither yours_train nor yours stands in data/dataset_info.json"),
        (["--dataset-dir", "nowhere"], 2, "nowhere"),
        (["--out", "data/dataset_info.json"], 2, "is a file"),
    ],
    ids=["unknown key", "wrong value", "unknown dataset", "no folder", "out is a file"],
)
def test_new_refuses(lf, data, more, code, message):
    found, out, err = lf(*NEW, *more)
    assert (found, out) == (code, "")
    assert message in err
    assert "Traceback" not in err
    assert not Path("runs").exists()


def test_new_does_not_write_over_other_content(lf, data):
    lf(*NEW)
    code, _, err = lf(*NEW, "--set", "cutoff_len=512")
    assert (code, "--replace" in err) == (1, True)
    assert lf(*NEW, "--set", "cutoff_len=512", "--replace")[0] == 0
    assert "cutoff_len: 512 " in Path("runs/a b/train.yaml").read_text()


def test_the_help_imports_neither_yaml_nor_schema():
    code = (
        "import sys; from lf_qwen3.cli import cli; cli(['recipe', 'new', '--help'], standalone_mode=False); "
        "sys.exit(bool({'ruamel', 'jsonschema', 'torch', 'polars', 'pyarrow'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
