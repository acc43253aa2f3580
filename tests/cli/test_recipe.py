"""`lf-qwen3 recipe` as it is typed: what is printed where, and the exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

NEW = ["recipe", "new", "qwen3-4b-lora-sft", "--dataset", "my", "--dataset-dir", "data", "--out", "runs/a b"]


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/dataset_info.json").write_text(json.dumps({"my_train": {}, "my_val": {}, "my_test": {}}))


def test_new_says_what_it_wrote_and_what_comes_next(lf, data):
    code, out, err = lf(*NEW)
    assert code == 0
    assert out.splitlines() == [
        *(f"wrote runs/a b/{name}.yaml" for name in ("train", "predict_base", "predict_tuned")),
        *(f"wrote runs/a b/{name}.yaml" for name in ("chat", "api", "export")),
        "wrote runs/a b/llamaboard_config/qwen3-4b-lora-sft-my.yaml",
        "wrote runs/a b/RUN.md",
        "",
        "next:",
        "  lf-qwen3 check --config 'runs/a b/train.yaml'",
        "  lf-qwen3 rehearse 'runs/a b/train.yaml'",
        "  lf-qwen3 estimate 'runs/a b/train.yaml'",
        "  llamafactory-cli train 'runs/a b/train.yaml'",
        "all commands in their order: runs/a b/RUN.md",
    ]
    assert all(Path(line.removeprefix("wrote ")).is_file() for line in out.splitlines()[:8])
    assert err.startswith("note: data has no manifest of my")


def test_new_as_json(lf, data):
    code, out, _ = lf(*NEW, "--json", "--set", "cutoff_len=512", "--set", "run_name=a=b", "--preset", "quick")
    report = json.loads(out)
    assert code == 0
    assert report["files"]["train.yaml"] == "runs/a b/train.yaml"
    assert set(report["settings"]) <= set(report["files"])
    assert report["datasets"] == {"train": "my_train", "val": "my_val", "test": "my_test"}
    assert report["presets"] == ["quick"]
    assert report["settings"]["predict_base.yaml"]["max_samples"] == 100
    assert (
        report["settings"]["train.yaml"]["cutoff_len"]
        == report["settings"]["export.yaml"]["cutoff_len"]
        == 512
    )
    assert report["settings"]["train.yaml"]["run_name"] == "a=b"
    assert report["commands"][-1] == "llamafactory-cli train 'runs/a b/train.yaml'"


def test_new_with_a_gguf_and_another_test_dataset(lf, data):
    code, out, _ = lf(*NEW, "--gguf", "--test", "my_val")
    assert code == 0
    assert "wrote runs/a b/RUN.md" in out
    assert "lf-qwen3 gguf 'runs/a b' --quant Q8_0" in Path("runs/a b/RUN.md").read_text()
    assert "eval_dataset: my_val " in Path("runs/a b/predict_tuned.yaml").read_text()


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--set", "lora_rnk=8"], 2, "did you mean lora_rank?"),
        (["--set", "lora_rank=big"], 2, '"big" is not integer'),
        (["--preset", "quik"], 2, "did you mean quick?"),
        (["--preset", "quick", "--preset", "full"], 2, "quick and full exclude each other"),
        (["--set", "swanlab_api_key=x"], 2, "export SWANLAB_API_KEY=..."),
        (["--test", "my_tset"], 2, "did you mean my_test?"),
        (["--dataset", "yours"], 2, "neither yours_train nor yours is registered in data/dataset_info.json"),
        (["--dataset-dir", "nowhere"], 2, "nowhere"),
        (["--out", "data/dataset_info.json"], 2, "is a file"),
    ],
    ids=[
        *("unknown key", "wrong value", "unknown preset", "two of a group", "a secret", "unknown test"),
        *("unknown dataset", "no folder", "out is a file"),
    ],
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


def test_untie_checks_and_mends(lf, tmp_path):
    names = ("model.embed_tokens.weight", "lm_head.weight")
    tensors = {
        name: {"dtype": "U8", "shape": [1], "data_offsets": [at, at + 1]} for at, name in enumerate(names)
    }
    header = json.dumps(tensors).encode()
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"ab")
    (tmp_path / "config.json").write_text('{"tie_word_embeddings": true}')
    codes = [lf("recipe", "untie", str(tmp_path), *more)[0] for more in (["--check"], [], ["--check"])]
    assert codes == [1, 0, 0]
    assert (tmp_path / "config.json").read_text() == '{"tie_word_embeddings": false}'
