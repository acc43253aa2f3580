"""The order of an evaluation, with a stand-in for the trainer."""

import json
import os

import pytest
from click.testing import CliRunner

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.cli.evaluate import command
from lf_qwen3.results.evaluate import evaluate
from lf_qwen3.trainer import process
from lf_qwen3.trainer.process import TrainerRun
from tests.needs import require

require("jieba", "nltk", "rouge_chinese", "numpy")


def test_both_runs_are_made_and_the_reports_written(out, trained):
    found = evaluate(out)
    assert trained == ["predict_base.yaml", "predict_tuned.yaml"]
    assert {one.name for one in found.reports} == {"report.html", "report.md", "scores.json"}
    assert all((out / one.name).stat().st_size for one in found.reports)
    assert [run.name for run in found.comparison.runs] == ["base", "tuned"]
    assert not found.comparison.is_worse


BOTH = ["predict_base.yaml", "predict_tuned.yaml"]
TUNED = BOTH[1:]


def comment(out):
    for name in BOTH:
        with (out / name).open("a") as yaml:
            yaml.write("# a comment\n")


def setting(out):
    with (out / "predict_tuned.yaml").open("a") as yaml:
        yaml.write("temperature: 0.7\n")


def cut_short(out):
    file = out / "predict_tuned" / "evaluated.json"
    file.write_text(file.read_text()[:9])


@pytest.mark.parametrize(
    ("change", "again"),
    [
        pytest.param(lambda out: None, [], id="nothing"),
        pytest.param(comment, [], id="a-comment"),
        pytest.param(setting, TUNED, id="a-setting"),
        pytest.param(
            lambda out: (out / "adapter" / "adapter_model.safetensors").write_bytes(b"WEIGHTS"),
            TUNED,
            id="weights",
        ),
        pytest.param(lambda out: (out / "data" / "test.jsonl").write_text("{}\n{}\n"), BOTH, id="rows"),
        pytest.param(
            lambda out: (out / "predict_tuned" / "generated_predictions.jsonl").unlink(),
            TUNED,
            id="no-predictions",
        ),
        pytest.param(cut_short, TUNED, id="stamp-cut-short"),
    ],
)
def test_only_what_changed_is_run_again(out, trained, change, again):
    evaluate(out)
    trained.clear()
    change(out)
    found = evaluate(out)
    assert trained == again == [one.name for one in found.predicted]
    assert [one.name for one in found.kept] == [one for one in BOTH if one not in again]


@pytest.mark.parametrize(("age", "again"), [(60, []), (-60, TUNED)], ids=["younger", "older"])
def test_predictions_made_by_hand_count_while_younger_than_the_weights(out, trained, age, again):
    evaluate(out)
    trained.clear()
    (out / "predict_tuned" / "evaluated.json").unlink()
    weights = out / "adapter" / "adapter_model.safetensors"
    when = (out / "predict_tuned" / "generated_predictions.jsonl").stat().st_mtime - age
    os.utime(weights, (when, when))
    for path in (out / "predict_tuned.yaml", out / "data" / "test.jsonl"):
        os.utime(path, (when - 100, when - 100))
    evaluate(out)
    assert trained == again


def test_a_run_that_fails_leaves_no_old_predictions_behind(out, trained, monkeypatch):
    evaluate(out)
    setting(out)

    def fail(*_):
        raise LfQwen3Error("the trainer failed", "look at its output")

    monkeypatch.setattr(process, "train", fail)
    with pytest.raises(LfQwen3Error, match="the trainer failed"):
        evaluate(out)
    assert not (out / "predict_tuned" / "generated_predictions.jsonl").exists()
    assert (out / "predict_base" / "generated_predictions.jsonl").exists()


def test_a_trainer_that_writes_nothing_is_told(out, monkeypatch):
    monkeypatch.setattr(process, "train", lambda *_: TrainerRun(0, out / "x.log", 1.0))
    with pytest.raises(LfQwen3Error) as caught:
        evaluate(out)
    assert caught.value.code == "trainer_wrote_nothing"


@pytest.mark.parametrize(
    ("spoil", "code", "hint"),
    [
        pytest.param(
            lambda out: (out / "predict_tuned.yaml").unlink(),
            "file_missing",
            "recipe new",
            id="no-yaml",
        ),
        pytest.param(
            lambda out: (out / "predict_base.yaml").write_text("do_train: true\n"),
            "no_predict_yaml",
            "do_predict",
            id="predicts-nothing",
        ),
        pytest.param(
            lambda out: (out / "adapter" / "adapter_model.safetensors").unlink(),
            "weights_missing",
            "llamafactory-cli train",
            id="not-trained",
        ),
    ],
)
def test_what_is_missing_is_named_before_anything_runs(out, trained, spoil, code, hint):
    spoil(out)
    with pytest.raises(UsageError) as caught:
        evaluate(out)
    assert caught.value.code == code
    assert hint in caught.value.hint
    assert trained == []


def test_full_training_wants_the_model_that_train_yaml_writes(out, trained):
    yaml = out / "predict_tuned.yaml"
    kept = [one for one in yaml.read_text().splitlines() if "name_or_path" not in one]
    yaml.write_text("\n".join([*kept, f"model_name_or_path: {out}/adapter"]) + "\n")
    assert evaluate(out).predicted
    (out / "adapter" / "adapter_model.safetensors").unlink()
    with pytest.raises(UsageError) as caught:
        evaluate(out)
    assert caught.value.code == "weights_missing"


def test_from_runs_nothing_and_wants_no_yaml(tmp_path, trained, predictions):
    base, tuned = predictions(tmp_path / "a", "少吃盐"), predictions(tmp_path / "b", "少吃盐，多运动")
    found = evaluate(tmp_path / "new", [base, tuned])
    assert trained == []
    assert (tmp_path / "new" / "report.html").is_file()
    assert (found.predicted, found.kept, found.tracked) == ([], [], "")


def called(*words):
    return CliRunner().invoke(command, [str(word) for word in words], standalone_mode=False)


def test_the_command_tells_where_the_reports_are(out, trained, tmp_path):
    result = called(out, "--html", tmp_path / "page.html")
    assert result.return_value == 0
    assert f"written: {tmp_path / 'page.html'}" in result.stdout
    assert f"written: {out / 'scores.json'}" in result.stdout
    assert not (out / "report.html").exists()


def test_the_command_exits_with_1_when_the_tuned_model_is_worse(tmp_path, predictions):
    base, tuned = predictions(tmp_path / "a", "少吃盐，多运动"), predictions(tmp_path / "b", "不知道")
    result = called(tmp_path / "new", "--from", base, tuned, "--json")
    assert result.return_value == 1
    assert json.loads(result.stdout)["comparison"]["is_worse"] is True


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["x", "--from", "a"], "needs two prediction files", id="one-after-from"),
        pytest.param(["x", "a", "b"], "one path too many", id="without-from"),
    ],
)
def test_wrong_words(words, message):
    assert message in str(called(*words).exception)
