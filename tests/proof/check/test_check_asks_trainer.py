"""`check --config` and the trainer: one finding for what both say, a verdict where the data are missing."""

import json

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.check import check
from lf_qwen3.proof.validate import validate
from lf_qwen3.trainer import ask, ask_child

YAML = (
    "model_name_or_path: Qwen/Qwen3-4B\nstage: sft\ndo_train: true\nfinetuning_type: lora\ndataset: a\n"
    "template: qwen3\noutput_dir: saves/x\nlearning_rate: 1.0e-4\nenable_thinking: null\n"
)
ROWS = [
    {"instruction": f"Which stone is number {number}?", "input": "", "output": f"Number {number}."}
    for number in range(3)
]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(place, more="", *, data=True):
    (place / "train.yaml").write_text(YAML + more)
    if data:
        (place / "data").mkdir(exist_ok=True)
        (place / "data" / "a.json").write_text(json.dumps(ROWS))
        (place / "data" / "dataset_info.json").write_text('{"a": {"file_name": "a.json"}}')
    return place / "train.yaml"


@pytest.fixture
def says(place, monkeypatch):
    """Return a function that lets a script stand in for the trainer, which says something."""

    def stand_in(refusal, stood_in=()):
        script = place / "child.py"
        answer = json.dumps({"refusal": refusal, "stood_in": list(stood_in)})
        script.write_text(f"import os\nos.write(1, {answer!r}.encode())\n")
        monkeypatch.setattr(ask_child, "__file__", str(script))
        monkeypatch.setattr(ask, "_reason_not_to_ask", lambda dialect: "")

    return stand_in


def test_a_yaml_is_judged_where_its_dataset_dir_is_missing(place):
    report = check(config=write(place, "lr: 1\n", data=False), ask_trainer=False)
    places = {finding.code: (finding.row, finding.severity) for finding in report.findings}
    assert places["yaml_key"] == (10, "error")
    assert places["dataset_dir_missing"] == (None, "error")
    assert "did you mean learning_rate?" in {finding.cure for finding in report.findings}


def test_data_on_a_hub_are_a_note(place):
    report = check(config=write(place, "dataset_dir: REMOTE:a/b\n", data=False), ask_trainer=False)
    assert "dataset_dir_missing" not in report.counts
    assert "REMOTE:a/b" in report.notes[-1]


def test_a_folder_that_a_person_names_must_be_there(place):
    with pytest.raises(UsageError) as error:
        check("nowhere", config=write(place, data=False), ask_trainer=False)
    assert error.value.code == "folder_missing"


@pytest.mark.parametrize(
    ("more", "refusal", "code"),
    [
        ("use_badam: true\n", "Cannot use LoRA with GaLore, APOLLO or BAdam together.", "trainer_refuses"),
        ("eval_dataset: a\nval_size: 9\n", "Cannot specify `val_size` if `eval_dataset` is not None.", ""),
        ("eval_dataset: b\n", "Undefined dataset b in dataset_info.json.", "dataset_unregistered"),
        ("lr: 1\n", "Some keys are not used by the HfArgumentParser: ['lr']", "yaml_key"),
        ("eval_strategy: no\n", "False is not a valid IntervalStrategy", "yaml_key"),
    ],
)
def test_what_both_say_is_one_finding(place, says, more, refusal, code):
    says(f"ValueError: {refusal}")
    report = check(config=write(place, more))
    errors = [finding.code for finding in report.errors if finding.code != "validated_on_training"]
    assert errors == [code or "val_size_twice"]


def test_what_the_trainer_alone_refuses_is_an_error_in_its_words(place, says):
    says("ValueError: `output_dir` is cursed.", ["a GPU"])
    report = check(config=write(place))
    (error,) = report.errors
    assert (error.code, error.row, error.detail) == (
        "trainer_refuses",
        7,
        "output_dir: `output_dir` is cursed.",
    )
    assert report.summary()["training"]["trainer"]["stood_in"] == ["a GPU"]
    assert any("a GPU" in note for note in report.notes)


def test_check_and_validate_give_one_verdict(place):
    more = "lora_rank: 8.0\nimage_resolution: 9\nbf16: 1\nuse_badam: true\nmodel_type: qwen3\nmin_p: 0\n"
    path = write(place, more)
    report, validation = check(config=path, ask_trainer=False), validate(path)
    codes = ("yaml_key", "yaml_spelling", "trainer_refuses")
    checked = {(one.row, one.severity, one.detail, one.cure) for one in report.findings if one.code in codes}
    assert checked == {(one.row, one.severity, one.message, one.hint) for one in validation.findings}
    assert len(checked) == 6
