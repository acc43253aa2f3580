"""Duplicates are sought among the records that are written, and rows stay accounted for."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from lf_qwen3.cli.convert import command
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.qwen3.thinking import frame


def dialogue(*texts, system="", **more):
    """A row of user and assistant in turn; an assistant's pair is its thinking and its answer."""
    messages = [{"role": "system", "content": system}] if system else []
    for at, text in enumerate(texts):
        message = {"role": "assistant" if at % 2 else "user", "content": text}
        if isinstance(text, tuple):
            message |= {"reasoning_content": text[0], "content": text[1]}
        messages.append(message)
    return {"messages": messages, **more}


def run(folder, rows, **options):
    """Convert rows to a dataset in the folder; return its report."""
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return convert(ConvertOptions((str(source),), "set", folder / "data", **options))


def texts_of(report, split="train"):
    """The texts of each record of a split."""
    lines = Path(report.files[split]).read_bytes().splitlines()
    return [[turn["value"] for turn in json.loads(line)["conversations"]] for line in lines]


def counts(report):
    return report.rows["train"], report.written["train"], report.duplicates, report.duplicate_records


def test_the_same_first_turn_of_two_dialogues_is_one_record(tmp_path):
    rows = [dialogue("Good day", "Same to you.", f"Name {what}.", what) for what in ("a tree", "a bird")]
    report = run(tmp_path, rows)
    assert counts(report) == (2, 3, 0, 1)
    assert texts_of(report) == [
        ["Good day", "Same to you."],
        ["Good day", "Same to you.", "Name a tree.", "a tree"],
        ["Good day", "Same to you.", "Name a bird.", "a bird"],
    ]


def test_a_row_that_differs_in_the_thinking_of_an_earlier_turn_keeps_that_turn(tmp_path):
    thought = ("They greet.", "Same to you.")
    rows = [dialogue("Good day", first, "Name a tree.", "Oak.") for first in ("Same to you.", thought)]
    report = run(tmp_path, rows)
    assert (*counts(report), report.thinking) == (2, 3, 0, 1, 1)
    assert ["Good day", frame(*thought)] in texts_of(report)
    assert counts(run(tmp_path, rows, turns="all")) == (2, 2, 0, 0)
    assert counts(run(tmp_path, rows, turns="last")) == (1, 1, 1, 1)


def test_two_reasonings_to_one_answer_are_two_records_and_no_conflict(tmp_path):
    rows = [dialogue("What is it?", (why, "An oak.")) for why in ("By its leaves.", "By its bark.")]
    rows += [
        dialogue("what is it?", ("by its  BARK.", "an oak.")),
        dialogue("What is it?", ("So.", "A fir.")),
    ]
    report = run(tmp_path, rows)
    assert (*counts(report), report.conflicts) == (3, 3, 1, 1, 1)


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_system_texts_tell_records_apart(tmp_path, format):
    rows = [
        dialogue("Hm?", "Oak.", "And?", "Fir.", system=system) for system in ("", "Be brief.", "Be kind.")
    ]
    report = run(tmp_path, [*rows, rows[1]], format=format)
    assert counts(report) == (3, 6, 1, 2)


@pytest.mark.parametrize("turns", ["unroll", "last", "all"])
def test_tools_tell_records_apart(tmp_path, turns):
    tools = [[{"type": "function", "function": {"name": name, "parameters": {}}}] for name in ("f", "g", "f")]
    report = run(tmp_path, [dialogue("Hm?", "Oak.", tools=own) for own in tools], turns=turns)
    assert counts(report) == (2, 2, 1, 1)


def test_the_count_of_records_is_shown_everywhere(tmp_path):
    rows = [dialogue("Good day", "Same to you.", what, what) for what in ("a tree", "a bird", "a tree")]
    report = run(tmp_path, rows)
    manifest = json.loads(Path(report.files["manifest"]).read_text("utf-8"))
    assert counts(report) == (2, 3, 1, 3)
    assert (report.as_json()["duplicate_records"], manifest["counts"]["duplicate_records"]) == (3, 3)
    assert "3 duplicates dropped" in report._repr_html_()
    words = [str(tmp_path / "rows.jsonl"), "--name", "set", "--dataset-dir", str(tmp_path / "data")]
    shown = CliRunner().invoke(command, words, standalone_mode=False).output
    assert "duplicate records dropped: 3 (rows that held nothing else: 1)" in shown


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_the_records_of_a_question_stay_in_one_split(tmp_path, format):
    rows = [dialogue(f"q{n % 30}", f"a{n}", f"r{n}", f"b{n}") for n in range(90)]
    report = run(tmp_path, rows, val=12, test=9, format=format)
    assert report.rows == {"train": 69, "val": 12, "test": 9}
    assert report.written == {"train": 138, "val": 24, "test": 18}


def test_a_mix_after_duplicates_hits_its_share_in_records(tmp_path):
    plain = [dialogue("Good day", "Same to you.", f"q{n}", f"a{n}") for n in range(60)]
    rows = [*plain, *(dialogue(f"t{n}", ("So.", f"b{n}")) for n in range(30))]
    report = run(tmp_path, rows, mix=0.75)
    assert report.thinking == 30
    assert report.plain in (9, 10), "the first row has two records, the others one each"
    assert report.read == sum(report.rows.values()) + report.duplicates + report.left_out


USER, ANSWER = st.sampled_from(["Hi", "hi ", "And?"]), st.sampled_from(["Oak.", "OAK.", "Fir."])
THOUGHT = st.sampled_from(["So.", "so.", "Well."])
PAIR = st.tuples(USER, ANSWER | st.tuples(THOUGHT, ANSWER))
ROW = st.builds(
    lambda pairs, system: dialogue(*(text for pair in pairs for text in pair), system=system),
    st.lists(PAIR, min_size=1, max_size=3),
    st.sampled_from(["", "", "Be brief."]),
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(ROW | st.just({"messages": []}), min_size=2, max_size=9),
    turns=st.sampled_from(["unroll", "last", "all"]),
    format=st.sampled_from(["sharegpt", "alpaca"]),
    part_bytes=st.integers(50, 900),
)
def test_rows_and_records_are_accounted_for(rows, turns, format, part_bytes):
    first = [dialogue("first", "one"), dialogue("second", ("So.", "two"))]
    with TemporaryDirectory() as name:
        folder = Path(name)
        options = {"turns": turns, "format": format, "val": 1}
        report = run(folder, [*first, *rows], **options)
        bad = sum(row["messages"] == [] for row in rows)
        kept = sum(report.rows.values())
        assert report.read == len(rows) + 2 == kept + bad + report.duplicates
        pairs = (len([turn for turn in row["messages"] if turn["role"] == "assistant"]) for row in rows)
        asked = 2 + sum(map(int, pairs)) if turns == "unroll" else 2 + len(rows) - bad
        assert asked == sum(report.written.values()) + report.duplicate_records
        lines = lines_of(report)
        assert len(set(lines)) == len(lines) == report.thinking + report.plain
        again = run(folder, [*first, *rows], part_bytes=part_bytes, **options)
        assert (again, lines_of(again)) == (report, lines)


def lines_of(report):
    return [line for split in report.rows for line in Path(report.files[split]).read_bytes().splitlines()]
