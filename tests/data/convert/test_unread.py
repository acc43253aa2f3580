"""No column of a source is left without a word."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.errors import LfQwen3Error, Reject, UsageError
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.converters.messages import convert as convert_messages
from lf_qwen3.data.converters.source_row import SourceRow


def run(folder, rows, **options):
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return convert(ConvertOptions((str(source),), "x", folder / "data", **options))


def left(report):
    (columns,) = report.columns.values()
    return columns["left"]


PAIR = {"question": "Why?", "answer": "So."}


def test_read_and_left_columns_are_counted_in_report_and_manifest(tmp_path):
    rows = [{**PAIR, "id": 1, "note": ""}, {**PAIR, "answer": "No.", "id": 2, "note": "n"}, {"question": "?"}]
    report = run(tmp_path, rows)
    columns = {"read": {"question": 2, "answer": 2}, "left": {"id": 2, "note": 1}}
    assert list(report.columns.values()) == [columns]
    manifest = json.loads((tmp_path / "data" / "x.manifest.json").read_text())
    assert list(manifest["columns"].values()) == [columns]
    assert not any("column" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("column", "value", "option"),
    [
        ("my_reasoning_steps", "because", "thinking=my_reasoning_steps"),
        ("thoughtTrace", "because", "thinking=thoughtTrace"),
        ("answer_choices", ["a", "b"], "options=answer_choices"),
        ("Instruct", "Be brief.", "system=Instruct"),
        ("passage", "A text.", "context=passage"),
        ("functions_available", "[]x", "tools=functions_available"),
        ("human_score", 5, "label=human_score"),
        ("generations", ["g"], "answer=generations"),
        ("notes", "x" * 300, "longer than"),
        ("notes", "x" * 120, "longer than"),
        ("photo_of_day", "a.png", "images"),
    ],
)
def test_a_column_that_looks_like_training_material_is_a_warning_with_its_cure(
    tmp_path, column, value, option
):
    report = run(tmp_path, [{**PAIR, column: value}])
    if column in left(report):
        assert [warning for warning in report.warnings if option in warning and f"'{column}'" in warning]
    else:
        assert column in next(iter(report.columns.values()))["read"]
    quiet = run(tmp_path, [{**PAIR, column: value}], columns=(f"ignore={column}",))
    assert not any(f"'{column}'" in warning for warning in quiet.warnings)


@pytest.mark.parametrize("column", ["cot_type", "answer_source", "thinkingTokens", "tool_id", "score_model"])
def test_what_only_tells_of_training_material_is_no_warning(tmp_path, column):
    report = run(tmp_path, [{**PAIR, column: "a"}])
    assert left(report) == {column: 1}
    assert not any(column in warning for warning in report.warnings)


def test_a_second_answer_is_a_warning_where_a_models_was_taken_without_reasoning(tmp_path):
    row = {"instruction": "Rhyme.", "output": "Day, may.", "model_response": "Day, tree."}
    report = run(tmp_path, [row])
    assert left(report) == {"output": 1}
    assert any("--columns answer=output" in warning for warning in report.warnings)
    source = str(tmp_path / "rows.jsonl")
    chosen = convert(ConvertOptions((source,), "y", tmp_path / "data", columns=("answer=model_response",)))
    assert not any("answer=output" in warning for warning in chosen.warnings)
    reasoned = run(tmp_path, [{**row, "reasoning": "It must end alike."}], replace=True)
    assert not any("answer=output" in warning for warning in reasoned.warnings)


def test_the_story_of_a_question_is_part_of_the_prompt(tmp_path):
    row = {"Body": "Ann has 290 figs in 2 bags.", "Question": "How big is a bag?", "Answer": "145 figs"}
    report = run(tmp_path, [row])
    assert left(report) == {}


def test_the_letters_of_choices_are_seen_together(tmp_path):
    report = run(tmp_path, [{**PAIR, "A": "one", "B": "two"}])
    assert (
        left(report).keys() == {"A", "B"} or {"A", "B"} <= next(iter(report.columns.values()))["read"].keys()
    )


@pytest.mark.parametrize(
    "values",
    [
        *((True, False), (1, 0), ("0", "1"), (1.0, 0.0), (1, -1), ("correct", "incorrect"), ("Good", "Bad")),
        *(("chosen", "rejected"), ("thumbs_up", "thumbs_down"), ("desirable", "undesirable")),
    ],
)
def test_a_label_of_right_and_wrong_stops_until_its_meaning_is_known(tmp_path, values):
    rows = [{**PAIR, "is_correct": values[0]}, {"question": "Who?", "answer": "I.", "is_correct": values[1]}]
    with pytest.raises(UsageError) as caught:
        run(tmp_path, rows)
    assert caught.value.code == "label_unread"
    assert not list((tmp_path / "data").glob("x*"))
    assert left(run(tmp_path, rows, columns=("ignore=is_correct",))) == {"is_correct": 2}


@pytest.mark.parametrize(
    ("column", "value", "stops"),
    [
        *(("verified", value, not value) for value in (1, 0, True, False)),
        *(("is_wrong", value, bool(value)) for value in (1, 0, True, False)),
        *(("correct", value, value != "correct") for value in ("correct", "incorrect")),
        *(("valid_json", value, False) for value in (0, 1)),
        ("is_multiturn", False, False),
        ("label", "positive", False),
    ],
)
def test_a_label_stops_where_it_says_that_an_answer_is_wrong(tmp_path, column, value, stops):
    rows = [{"question": f"What is {number}?", "answer": "That.", column: value} for number in range(3)]
    if not stops:
        assert left(run(tmp_path, rows)) == {column: 3}
        return
    with pytest.raises(UsageError) as caught:
        run(tmp_path, rows)
    assert caught.value.code == "label_unread"


def graded(*grades):
    return [{"question": f"{n}?", "answer": "A.", "is_correct": grade} for n, grade in enumerate(grades)]


def test_an_unread_label_stops_before_any_row_is_converted(tmp_path, monkeypatch):
    monkeypatch.setattr("lf_qwen3.data.convert.local_engine.LocalEngine.convert_parts", None)
    with pytest.raises(UsageError) as caught:
        run(tmp_path, graded(1, 0, 1))
    assert caught.value.code == "label_unread"


@pytest.mark.parametrize("part_bytes", [1, 1000, 1 << 20])
@pytest.mark.parametrize(
    ("grades", "stops"),
    [
        ([1] * 30 + [0], True),
        ([0] + [1] * 30, True),
        ([0] * 30 + [3], False),
        ([0, 1] * 15 + ["unknown"], False),
        ([None] * 30 + [0], True),
    ],
)
def test_the_stop_is_the_same_however_the_source_is_cut(tmp_path, part_bytes, grades, stops):
    if not stops:
        assert run(tmp_path, graded(*grades), part_bytes=part_bytes).read == len(grades)
        return
    with pytest.raises(UsageError) as caught:
        run(tmp_path, graded(*grades), part_bytes=part_bytes)
    assert caught.value.code == "label_unread"


def test_the_stop_regards_only_the_rows_that_are_read(tmp_path):
    assert run(tmp_path, graded(1, 0), limit=1).read == 1


def test_a_label_of_classes_does_not_stop(tmp_path):
    rows = [{**PAIR, "label": 1}, {"question": "Who?", "answer": "I.", "label": 4}]
    assert left(run(tmp_path, rows)) == {"label": 2}


COLUMN = st.sampled_from(
    [
        *("question", "Answer", "prompt", "response", "think", "cot", "input", "system", "history", "note"),
        *("options", "context", "messages", "conversations", "chosen", "rejected", "instruction", "output"),
        *("label", "responses", "ranks", "response_0", "response_1", "preference", "rejected_response"),
    ]
)
WORD = st.text("abcdefg", min_size=4, max_size=12)
VALUE = WORD | st.lists(WORD, max_size=2) | st.none() | st.just("") | st.integers(2, 9)
TURN = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant"]), "content": WORD}, optional={"w": WORD}
)
ROW = st.dictionaries(COLUMN, VALUE | st.lists(TURN, min_size=1, max_size=4), min_size=2, max_size=6)


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            if key != "role":
                yield from texts(item)


@given(st.lists(ROW, min_size=1, max_size=4))
def test_every_text_is_written_or_its_column_is_named_or_its_row_is_rejected(rows):
    with TemporaryDirectory() as name:
        folder = Path(name)
        try:
            report = run(folder, rows, turns="all")
        except LfQwen3Error:
            return
        lines = (folder / "data" / "x_train.jsonl").read_text("utf-8").splitlines()
        written = "\0".join(text for line in lines for text in texts(json.loads(line)))
        rejected = {row.row for row in report.rejected_rows()}
        named = left(report)
    if report.repaired.keys() & {"leading_assistant", "trailing_user"}:
        return
    for number, row in enumerate(rows, 1):
        for column, value in row.items() if number not in rejected else ():
            lost = [text for text in texts(value) if text.strip() and text not in written]
            inside = [place for place in named if place.startswith(f"{column}[")]
            assert not lost or column in named or inside, (column, lost, named)


KEY = st.sampled_from(
    ["w", "name", "thought", "reasoning_content", "weight", "id", "thinking_blocks", "note"]
)
PART = st.sampled_from(["text", "value", "thinking", "reasoning"]).flatmap(
    lambda key: st.fixed_dictionaries(
        {"type": st.just("text" if key in ("text", "value") else key), key: WORD}, optional={"note": WORD}
    )
)
CALLED = st.fixed_dictionaries(
    {"name": WORD, "arguments": st.dictionaries(WORD, WORD, max_size=1)}, optional={"id": WORD}
)
ANSWER = st.fixed_dictionaries(
    {},
    optional={
        "content": WORD | st.lists(PART, max_size=3),
        "tool_calls": st.lists(CALLED | CALLED.map(lambda call: {"function": call, "index": 0}), max_size=2),
    },
)
EXTRA = st.dictionaries(KEY, WORD | st.lists(st.fixed_dictionaries({"text": WORD, "w": WORD})), max_size=3)
TURN_OBJECT = st.tuples(
    st.sampled_from(["input", "Human", "query"]), st.sampled_from(["output", "Assistant"])
)
EXCHANGE = st.tuples(EXTRA, EXTRA, WORD, ANSWER).map(
    lambda drawn: [
        {**drawn[0], "role": "user", "content": drawn[2]},
        {**drawn[1], "role": "assistant", **drawn[3]},
    ]
) | st.tuples(EXTRA, TURN_OBJECT, WORD, WORD).map(
    lambda drawn: [{**drawn[0], drawn[1][0]: drawn[2], drawn[1][1]: drawn[3]}]
)


def lost_texts(value, kept, keys=()):
    """Yield the keys above every text that is not kept."""
    if isinstance(value, str):
        if value not in kept:
            yield keys
    elif isinstance(value, list | dict):
        items = value.items() if isinstance(value, dict) else [("", item) for item in value]
        for key, item in items:
            if key not in ("role", "type"):
                yield from lost_texts(item, kept, (*keys, key.lower()))


@given(st.lists(EXCHANGE, min_size=1, max_size=2), st.none() | WORD)
def test_every_text_of_a_message_is_read_or_its_key_is_named(exchanges, reasoning):
    row = {"messages": [message for exchange in exchanges for message in exchange], "reasoning": reasoning}
    source = SourceRow(row)
    try:
        conversation = convert_messages(source)
    except Reject:
        return
    kept = "\0".join(f"{turn.content}\0{turn.thinking}\0{turn.calls}" for turn in conversation.turns)
    left = {re.split(r"\[\]\.?|\.", place)[-1] for place in source.use().left}
    assert all(left.intersection(keys) for keys in lost_texts(row, kept))
