"""score, compare, evaluate and diagnose as a notebook calls them: paths as text, frames, the same errors."""

import json
import multiprocessing

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.cli import _output, cli
from lf_qwen3.results.compare import compare
from lf_qwen3.results.compare.measures import MEASURES
from lf_qwen3.results.diagnose import diagnose
from lf_qwen3.results.score import score
from tests.needs import require

require("jieba", "rouge_chinese", "numpy")

LABELS = [
    "<think>\nless salt\n</think>\n\nEat less salt.",
    "<think>\nwalk\n</think>\n\nWalk every day.",
    "Sleep well.",
]
BASE = ["Salt.", "<think>\nwalk\n</think>\n\nWalk.", "Sleep well."]


def write(folder, answers):
    folder.mkdir()
    rows = [
        {"prompt": f"q{number}", "predict": answer, "label": label}
        for number, (answer, label) in enumerate(zip(answers, LABELS, strict=True))
    ]
    (folder / "generated_predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def base(tmp_path):
    return write(tmp_path / "predict_base", BASE)


@pytest.fixture
def tuned(tmp_path):
    return write(tmp_path / "predict_tuned", LABELS)


@pytest.fixture
def run(tmp_path):
    lines = [{"current_steps": 10 * n, "total_steps": 30, "loss": 0.2 / n, "lr": 1e-4} for n in (1, 2, 3)]
    lines.append({"current_steps": 30, "total_steps": 30})
    (tmp_path / "trainer_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def test_scores_are_a_frame_of_one_row_per_prediction(base):
    report = score(str(base))
    frame = report.to_frame()
    assert frame["row"].to_list() == [1, 2, 3]
    assert frame["kind"].to_list() == ["thinking", "thinking", "plain"]
    assert frame["answer/rouge-l"].to_list() == report.scores.metrics["answer"]["rouge-l"]
    assert frame["thinking/bleu-4"].to_list()[1:] == [report.scores.metrics["thinking"]["bleu-4"][1], None]
    assert frame["form/well_formed"].to_list() == [False, True, True]
    assert frame["length/answer"].to_list() == [5, 5, 11]
    assert not any(name.startswith("judge/") for name in frame.columns)
    measures = {measure.key for measure in MEASURES}
    assert measures <= set(frame.columns)  # under the names that compare uses


def test_scores_of_a_file_and_of_its_folder_are_the_same(base):
    file = base / "generated_predictions.jsonl"
    assert score(file) == score(str(base))
    assert score(base).file == file


def test_a_judge_adds_its_column(base, tmp_path):
    requests = tmp_path / "requests.jsonl"
    words = ["score", str(base), "--judge-export", str(requests), "--judge-model", "m"]
    assert _output.run(lambda: cli(words, standalone_mode=False)) == 0
    replies = tmp_path / "replies.jsonl"
    ids = [json.loads(line)["custom_id"] for line in requests.read_text().splitlines()]
    body = {"choices": [{"message": {"content": '{"score": 7}'}}]}
    reply = {"custom_id": ids[1], "response": {"status_code": 200, "body": body}}
    replies.write_text(json.dumps(reply) + "\n")
    report = score(base, judge_import=str(replies))
    assert report.to_frame()["judge/grade"].to_list() == [None, 7, None]
    assert report.as_json()["judge"]["missing"] == 2


def test_the_json_of_the_library_is_that_of_the_command(base, tuned, run, capsys):
    def printed(*words):
        _output.run(lambda: cli([*words, "--json"], standalone_mode=False))
        return json.loads(capsys.readouterr().out)

    def plain(value):
        return json.loads(json.dumps(value))

    assert printed("score", str(base)) == plain(score(base).as_json())
    assert printed("compare", str(base), str(tuned)) == plain(compare(base, tuned).as_json()) | {
        "reports": []
    }
    assert printed("diagnose", str(run)) == plain(diagnose(run).as_json()) | {"plots": []}


def test_a_comparison_is_a_frame_of_one_row_per_measure(base, tuned):
    comparison = compare(str(base), tuned)
    frame = comparison.to_frame()
    assert len(frame) == 3 * len(MEASURES)
    (row,) = frame.filter(kind="all", measure="answer/rouge-l").to_dicts()
    difference = comparison.pairs[0].differences["all"]["answer/rouge-l"]
    assert (row["base"], row["other"], row["n"]) == ("base", "tuned", 3)
    assert (row["base_mean"], row["other_mean"], row["difference"]) == (
        difference.base,
        difference.other,
        difference.value,
    )
    assert (row["low"], row["high"]) == (difference.low, difference.high)
    assert (row["wins"], row["ties"], row["losses"]) == (2, 1, 0)
    assert row["outcome"] == "unclear"
    assert frame.filter(kind="plain", measure="thinking/rouge-l")["difference"].to_list() == [None]


def test_verdicts_are_a_frame_of_one_row_each(run):
    diagnosis = diagnose(str(run))
    frame = diagnosis.to_frame()
    assert frame.columns == ["code", "severity", "what", "evidence", "advice"]
    assert frame["code"].to_list() == [verdict.code for verdict in diagnosis.verdicts]
    assert {"no_weights", "low_loss"} <= set(frame["code"])


def test_a_sound_run_has_an_empty_frame_of_the_same_columns(run):
    diagnosis = diagnose(run)
    sound = type(diagnosis)(diagnosis.run, [], [])
    assert sound.to_frame().columns == diagnosis.to_frame().columns
    assert len(sound.to_frame()) == 0


def test_a_notebook_shows_text_of_the_data_as_text(tmp_path, run):
    evil = write(tmp_path / "evil", ["<script>alert(1)</script>"] * 3)
    copy = write(tmp_path / "copy", ["<script>alert(2)</script>"] * 3)
    shown = compare(evil, copy)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "<script>" not in shown
    assert "&amp;lt;script&amp;gt;alert(2)" in shown
    assert "3 predictions (2 thinking, 1 plain)" in score(evil)._repr_html_()
    assert "<b>error: no_weights</b>" in diagnose(run)._repr_html_()


@pytest.mark.parametrize(
    ("call", "words", "code"),
    [
        (lambda: score("nowhere"), ["score", "nowhere"], "file_missing"),
        (lambda: compare("nowhere", "b"), ["compare", "nowhere", "b"], "file_missing"),
        (lambda: compare("nowhere"), ["compare", "nowhere"], "too_few_runs"),
        (lambda: diagnose("nowhere"), ["diagnose", "nowhere"], "file_missing"),
    ],
    ids=["score", "compare", "compare one", "diagnose"],
)
def test_the_library_raises_what_the_command_prints(call, words, code, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LfQwen3Error) as caught:
        call()
    assert caught.value.code == code
    assert _output.run(lambda: cli(words, standalone_mode=False)) == caught.value.exit_code
    assert caught.value.message in capsys.readouterr().err


def test_no_process_is_started_unless_asked_for(base, tuned, monkeypatch):
    monkeypatch.setattr("lf_qwen3.results.score.rows._WORTH_A_PROCESS", 1)

    def refuse(*_):
        raise AssertionError("a process was started")

    monkeypatch.setattr(multiprocessing, "get_context", refuse)
    score(base)
    compare(base, tuned)
    with pytest.raises(AssertionError):
        score(base, workers=2)


def test_a_predict_yaml_that_cannot_be_read_is_named(base, tuned):
    yaml = base / "predict.yaml"
    yaml.write_text("do_predict: [\n")
    report = score(base)
    assert report.setting.config is None
    assert [note for note in report.notes if str(yaml) in note]
    assert [note for note in compare(base, tuned).notes if str(yaml) in note]
    yaml.write_text("do_predict: true\noutput_dir: predict_base\nmax_new_tokens: 9\n")
    report = score(base)
    assert (report.setting.config, report.setting.max_new_tokens) == (yaml, 9)
    assert not [note for note in report.notes if str(yaml) in note]
