"""A recipe's folder, and a stand-in for the trainer that writes predictions in no time."""

import json
from pathlib import Path

import pytest

from lf_qwen3.trainer import process, yaml_reader
from lf_qwen3.trainer.process import TrainerRun

TRAIN = "stage: sft\ndo_train: true\noutput_dir: {out}/adapter\n"
PREDICT = """\
model_name_or_path: Qwen/Qwen3-4B
do_predict: true
predict_with_generate: true
eval_dataset: my_test
dataset_dir: {out}/data
max_new_tokens: 32
output_dir: {out}/{name}
"""


@pytest.fixture
def out(tmp_path):
    """Return a recipe's folder, trained, with nothing predicted yet."""
    folder = tmp_path / "out"
    for name in ("data", "adapter"):
        (folder / name).mkdir(parents=True)
    (folder / "data" / "dataset_info.json").write_text('{"my_test": {"file_name": "test.jsonl"}}')
    (folder / "data" / "test.jsonl").write_text("{}\n")
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"weights")
    (folder / "train.yaml").write_text(TRAIN.format(out=folder))
    for name in ("base", "tuned"):
        (folder / f"predict_{name}.yaml").write_text(PREDICT.format(out=folder, name=f"predict_{name}"))
    with (folder / "predict_tuned.yaml").open("a") as yaml:
        yaml.write(f"adapter_name_or_path: {folder}/adapter\n")
    return folder


@pytest.fixture
def trained(monkeypatch):
    """Put a stand-in where the trainer is called; return the names of the YAMLs that it was given."""
    asked: list[str] = []

    def train(yaml, log, progress, output_dir, env):
        asked.append(yaml.name)
        words = ["少吃盐", "多运动"] if "tuned" in yaml.name else ["少吃盐"]
        write(Path(yaml_reader.read(yaml).settings["output_dir"]), "，".join(words))
        return TrainerRun(0, log, 1.0)

    monkeypatch.setattr(process, "train", train)
    return asked


@pytest.fixture
def predictions():
    """Return the function that writes predictions: folder and answer."""
    return write


def write(folder, answer, rows=6):
    folder.mkdir(exist_ok=True)
    lines = [
        {"prompt": f"问题{number}", "predict": answer, "label": f"少吃盐，多运动，第{number}条"}
        for number in range(rows)
    ]
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines)
    (folder / "generated_predictions.jsonl").write_text(text, "utf-8")
    (folder / "predict_results.json").write_text("{}")
    return folder
