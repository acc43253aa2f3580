"""KTO data: single answers that a label judges."""

import json

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.proof.check import check


def run(folder, rows, **options):
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return convert(ConvertOptions((str(source),), "x", folder / "data", **options))


def written(folder, split="train"):
    return [json.loads(line) for line in (folder / "data" / f"x_{split}.jsonl").read_text().splitlines()]


def entry(folder):
    return json.loads((folder / "data" / "dataset_info.json").read_text())["x_train"]


def dialogue(*texts):
    return [{"role": "assistant" if at % 2 else "user", "content": text} for at, text in enumerate(texts)]


MESSAGES = [
    {"messages": dialogue("How tall is it?", "Two metres."), "label": True},
    {"messages": dialogue("How old is it?", "Go away."), "label": False},
]
ALPACA = [
    {"instruction": "How tall?", "input": "the door", "output": "Two metres.", "kto_tag": True},
    {"instruction": "How old?", "input": "", "output": "Go away.", "kto_tag": False},
]
TRL = [
    {"prompt": "How tall?", "response": "Two metres.", "label": "True"},
    {"prompt": "How old?", "response": "Go away.", "label": "False"},
]
SHAREGPT = [
    {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}], "kto_tag": tag}
    for q, a, tag in (("How tall?", "Two metres.", 1), ("How old?", "Go away.", 0))
]
MEDICAL = [
    {"question": q, "think": "Hm.", "answer": a, "metrics": {}, "label": tag}
    for q, a, tag in (("How tall?", "Two metres.", True), ("How old?", "Go away.", False))
]


@pytest.mark.parametrize("rows", [MESSAGES, ALPACA, TRL, SHAREGPT, MEDICAL])
@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_a_label_beside_an_answer_makes_kto_data(tmp_path, rows, format):
    report = run(tmp_path, rows, format=format)
    good, bad = written(tmp_path)
    assert (good["kto_tag"], bad["kto_tag"]) == (True, False)
    key = "output" if format == "alpaca" else "conversations"
    assert "Two metres." in json.dumps(good[key])
    assert "Go away." in json.dumps(bad[key])
    assert good.keys() == bad.keys()
    assert entry(tmp_path)["columns"]["kto_tag"] == "kto_tag"
    assert "ranking" not in entry(tmp_path)
    assert (report.good, report.bad, report.as_json()["bad"]) == (1, 1, 1)
    manifest = json.loads((tmp_path / "data" / "x.manifest.json").read_text())
    assert (manifest["counts"]["good"], manifest["counts"]["bad"]) == (1, 1)
    assert not report.warnings
    assert "1 good, 1 bad" in report._repr_html_()
    checked = check(tmp_path / "data")
    assert checked.is_clean
    assert checked.summary()["datasets"]["x_train"]["good"] == 1


def test_numbers_are_a_label_where_the_user_says_so(tmp_path):
    rows = [{"question": "How tall?", "answer": "Two.", "mark": 1}, {**ALPACA[1], "mark": 0}]
    rows[1] = {"question": "How old?", "answer": "Go away.", "mark": 0}
    run(tmp_path, rows, columns=("label=mark",))
    assert [record["kto_tag"] for record in written(tmp_path)] == [True, False]


def test_the_label_judges_the_last_answer_alone(tmp_path):
    talk = dialogue("Hi", "Hello.", "How old?", "Go away.")
    report = run(tmp_path, [{"messages": talk, "label": False}, MESSAGES[0]])
    first, _ = written(tmp_path)
    assert [turn["value"] for turn in first["conversations"]] == ["Hi", "Hello.", "How old?", "Go away."]
    assert report.written == {"train": 2}


@pytest.mark.parametrize("turns", ["unroll", "last", "all"])
def test_earlier_thinking_is_taken_out_whatever_the_turns(tmp_path, turns):
    talk = dialogue("Hi", "<think>\nA greeting.\n</think>\n\nHello.", "How old?", "Two.")
    report = run(tmp_path, [{"messages": talk, "label": True}, MESSAGES[1]], turns=turns)
    assert written(tmp_path)[0]["conversations"][1]["value"] == "Hello."
    assert not report.warnings


def test_good_and_bad_answers_to_one_prompt_are_no_conflict(tmp_path):
    def judged(answer, label):
        return {"messages": dialogue("How tall is it?", answer), "label": label}

    rows = [judged("Two metres.", True), judged("Go away.", False), judged("Nearly two.", True)]
    report = run(tmp_path, rows)
    assert (report.conflicts, report.duplicates, report.good, report.bad) == (0, 0, 2, 1)
    report = run(tmp_path, [*rows, judged("two metres. ", True), judged("Two Metres.", False)])
    assert (report.conflicts, report.duplicates, report.good, report.bad) == (1, 1, 2, 2)


def test_labels_of_one_side_are_a_warning(tmp_path):
    for rows in (MESSAGES[:1], MESSAGES[1:]):
        report = run(tmp_path, rows)
        assert (
            len(
                [
                    warning
                    for warning in report.warnings
                    if "KTO learns from good and from bad answers" in warning
                ]
            )
            == 1
        )


@pytest.mark.parametrize(
    "other",
    [
        {"messages": dialogue("Who?", "I."), "label": None},
        {"messages": dialogue("Who?", "I.")},
        {"messages": dialogue("Who?", "I."), "label": 2},
    ],
)
def test_a_row_whose_label_is_missing_is_rejected(tmp_path, other):
    report = run(tmp_path, [*MESSAGES, other])
    assert (report.rejected, report.good, report.bad) == ({"label_unclear": 1}, 1, 1)


def test_kinds_are_not_mixed(tmp_path):
    plain, pairs = tmp_path / "plain.jsonl", tmp_path / "pairs.jsonl"
    plain.write_text(json.dumps({"question": "Who?", "answer": "I."}) + "\n")
    pairs.write_text(json.dumps({"prompt": "Who?", "chosen": "I.", "rejected": "You."}) + "\n")
    kto = tmp_path / "kto.jsonl"
    kto.write_text("".join(json.dumps(row) + "\n" for row in MESSAGES))
    for other in (plain, pairs):
        with pytest.raises(UsageError) as caught:
            convert(ConvertOptions((str(kto), str(other)), "x", tmp_path / "data"))
        assert caught.value.code == "mixed_kinds"


def test_a_label_that_is_ignored_leaves_plain_data(tmp_path):
    report = run(tmp_path, MESSAGES[:1], columns=("ignore=label",))
    assert "kto_tag" not in written(tmp_path)[0]
    assert report.good == report.bad == 0


def test_other_columns_of_kto_data_are_notes(tmp_path):
    report = run(tmp_path, [{**row, "score": 1, "is_correct": 0, "margin": 2} for row in MESSAGES])
    (columns,) = report.columns.values()
    assert columns["left"] == {"score": 2, "is_correct": 2, "margin": 2}
    assert not report.warnings


def test_pairs_need_no_label(tmp_path):
    pair = {"prompt": "Who?", "chosen": "I.", "rejected": "You.", "label": True, "score_chosen": 0}
    report = run(tmp_path, [pair])
    (columns,) = report.columns.values()
    assert columns["left"] == {"label": 1, "score_chosen": 1}
    assert [warning for warning in report.warnings if "label" in warning or "score" in warning] == []
    with pytest.raises(UsageError) as caught:
        run(tmp_path, [pair], columns=("label=label",))
    assert caught.value.code == "label_beside_pair"


@pytest.mark.parametrize(
    ("yes", "no"), [(1, 0), (True, False), ("yes", "no"), ("correct", "incorrect"), ("True", "False")]
)
def test_only_the_rows_marked_correct_are_kept(tmp_path, yes, no):
    rows = [
        {"question": f"What is {number}?", "answer": "A number.", "checked": yes if number % 3 else no}
        for number in range(6)
    ]
    report = run(tmp_path, rows, columns=("correct=checked",))
    assert (report.rejected, report.written, report.read) == ({"marked_wrong": 2}, {"train": 4}, 6)
    assert "kto_tag" not in written(tmp_path)[0]
    assert [row.code for row in report.rejected_rows()] == ["marked_wrong"] * 2
    stopped = run(tmp_path, rows, columns=("correct=checked",), on_bad="stop")
    assert stopped.rejected == {"marked_wrong": 2}
