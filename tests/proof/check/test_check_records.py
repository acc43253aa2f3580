"""What is wrong with a record, read from real files of every kind."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.data.convert.formats import FORMATS
from lf_qwen3.proof.check import check
from lf_qwen3.proof.check.rules.records.answers import repeated_phrase
from lf_qwen3.proof.check.rules.records.sample import Sample, SampleReader
from lf_qwen3.proof.check.rules.registered import all_checks
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, frame

ANSWER = "It is Paris, on the Seine."
SHAREGPT = {"file_name": "a.jsonl", "formatting": "sharegpt"}
RANKING = {
    "file_name": "a.jsonl",
    "ranking": True,
    "columns": {"prompt": "instruction", "chosen": "chosen", "rejected": "rejected"},
}
KTO = {"file_name": "a.jsonl", "columns": {"prompt": "instruction", "response": "output", "kto_tag": "label"}}
PRETRAIN = {"file_name": "a.jsonl", "columns": {"prompt": "text"}}


def alpaca(output=ANSWER, instruction="What is the capital of France?", **others):
    return {"instruction": instruction, "input": "", "output": output, **others}


TOOLS = '[{"name": "f", "parameters": {}}]'
WITH_TOOLS = {
    **SHAREGPT,
    "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
}


def chat(*turns):
    return {"conversations": [{"from": role, "value": value} for role, value in turns]}


def findings(folder, entry, rows, **options):
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / entry["file_name"]).write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "dataset_info.json").write_text(json.dumps({"a": entry}), "utf-8")
    return check(folder, **options)


def test_kto_data_are_counted_by_label(tmp_path):
    rows = [alpaca(label=True), alpaca("Lyon, I guess.", label=False), alpaca("Nice.", label=None)]
    report = findings(tmp_path, KTO, rows)
    counts = report.summary()["datasets"]["a"]
    assert (counts["good"], counts["bad"], counts["unusable"]) == (1, 1, 1)
    assert "one_sided_labels" not in report.counts


@pytest.mark.parametrize("label", [True, False])
def test_kto_data_of_one_label_are_a_warning(tmp_path, label):
    report = findings(tmp_path, KTO, [alpaca(label=label)])
    assert (report.counts["one_sided_labels"], len(report.errors)) == (1, 0)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param(ANSWER, set(), id="plain"),
        pytest.param(frame("France, so Paris.", ANSWER), set(), id="canonical thinking"),
        pytest.param(f"{OPEN}France.{CLOSE}\n{ANSWER}", {"think_not_canonical"}, id="other white space"),
        pytest.param(
            f"<thinking>\nFrance.\n</thinking>\n\n{ANSWER}", {"think_not_canonical"}, id="thinking tags"
        ),
        pytest.param(f"France.\n{CLOSE}\n\n{ANSWER}", {"think_not_canonical"}, id="no opening tag"),
        pytest.param(f"{OPEN}\nFrance.", {"think_unclosed"}, id="unclosed"),
        pytest.param(f"{OPEN}a{OPEN}b{CLOSE}{CLOSE}{ANSWER}", {"think_nested"}, id="nested"),
        pytest.param(
            f"Well. {OPEN}\na\n{CLOSE}\n\n{ANSWER}", {"think_misplaced"}, id="text before the block"
        ),
        pytest.param(frame("", ANSWER), {"think_empty"}, id="empty block"),
        pytest.param(frame("France.", ""), {"empty_answer"}, id="reasoning alone"),
        pytest.param("", {"empty_answer"}, id="empty"),
        pytest.param("N/A", {"placeholder_answer", "short_answer"}, id="placeholder"),
        pytest.param("B", {"short_answer"}, id="a label"),
        pytest.param("Yes. " + "It is Paris. " * 20, {"repeats"}, id="a phrase to the end"),
        pytest.param("Yes " + "a" * 200, {"repeats"}, id="a character to the end"),
        pytest.param("Title\n" + "-" * 200, set(), id="a rule is no repetition"),
        pytest.param(f"{ANSWER}<|im_end|>", {"chat_template"}, id="end of turn"),
        pytest.param(f"{ANSWER}<|endoftext|>", {"special_token"}, id="control token"),
        pytest.param(f"{ANSWER} [/INST]", {"other_template"}, id="another template"),
        pytest.param("Paris<br>on the Seine<br>", {"leftover_markup"}, id="html"),
        pytest.param("Write `<br>` and\n```\n<p>&nbsp;</p>\n```", set(), id="html as code"),
        pytest.param("First.\\nSecond.\\nThird.", {"escaped_text"}, id="escaped line ends"),
        pytest.param("In LaTeX: \\nu and \\nabla are letters.", set(), id="latex"),
        pytest.param("It isnâ€™t Paris.", {"mojibake"}, id="utf-8 as cp1252"),
        pytest.param("C'est à côté: garçon, naïve, Ångström.", set(), id="accents"),
        pytest.param("Paris \ufffd.", {"mojibake"}, id="replacement character"),
        pytest.param("Pa\0ris.", {"nul"}, id="nul"),
        pytest.param(None, {"record_dropped"}, id="null"),
        pytest.param(7, {"record_dropped"}, id="a number"),
    ],
)
def test_answer(tmp_path, output, expected):
    assert set(findings(tmp_path, {"file_name": "a.jsonl"}, [alpaca(output)]).counts) == expected


def test_the_written_out_line_end_is_quoted_where_it_stands(tmp_path):
    answer = "It is a long first line before any. \\nSecond.\\nThird."
    [finding] = findings(tmp_path, {"file_name": "a.jsonl"}, [alpaca(answer)]).findings
    assert "\\nSecond" in finding.detail


@pytest.mark.parametrize(
    ("entry", "row", "expected"),
    [
        pytest.param(SHAREGPT, chat(("human", "q"), ("gpt", ANSWER)), set(), id="chat"),
        pytest.param(
            SHAREGPT, chat(("system", "s"), ("human", "q"), ("gpt", ANSWER)), set(), id="with system"
        ),
        pytest.param(SHAREGPT, chat(("human", "q"), ("human", "r")), {"record_dropped"}, id="twice the user"),
        pytest.param(SHAREGPT, chat(("gpt", "a"), ("human", "q")), {"record_dropped"}, id="assistant first"),
        pytest.param(
            SHAREGPT,
            chat(("human", "q"), ("gpt", ANSWER), ("human", "r")),
            {"record_dropped"},
            id="no last answer",
        ),
        pytest.param(SHAREGPT, chat(("human", "q"), ("gpt", None)), {"record_stops"}, id="null content"),
        pytest.param(
            SHAREGPT, chat(("human", f"{OPEN} q"), ("gpt", ANSWER)), {"think_in_prompt"}, id="user thinks"
        ),
        pytest.param(
            SHAREGPT, chat(("human", " "), ("gpt", ANSWER)), {"empty_question"}, id="empty question"
        ),
        pytest.param(
            WITH_TOOLS,
            {**chat(("human", "q"), ("gpt", ANSWER)), "system": "Call in <tool_call> tags.", "tools": TOOLS},
            set(),
            id="tool tags in the system text beside tools",
        ),
        pytest.param(
            WITH_TOOLS,
            {**chat(("human", "q"), ("gpt", ANSWER)), "system": "Call in <tool_call> tags.", "tools": ""},
            {"special_token"},
            id="tool tags in the system text without tools",
        ),
        pytest.param(
            SHAREGPT,
            chat(("human", "q"), ("function_call", "no JSON")),
            {"record_stops"},
            id="broken tool call",
        ),
        pytest.param(
            SHAREGPT,
            chat(("human", "q"), ("gpt", '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>')),
            set(),
            id="a tool call as text",
        ),
        pytest.param(
            RANKING, {"instruction": "q", "chosen": ANSWER, "rejected": "No idea."}, set(), id="ranking"
        ),
        pytest.param(
            RANKING,
            {"instruction": "q", "chosen": ANSWER, "rejected": ANSWER},
            {"same_preference"},
            id="same pair",
        ),
        pytest.param(
            RANKING,
            {"instruction": "q", "chosen": ANSWER, "rejected": None},
            {"record_dropped"},
            id="half a pair",
        ),
        pytest.param(KTO, {"instruction": "q", "output": ANSWER, "label": True}, set(), id="kto"),
        pytest.param(
            KTO, {"instruction": "q", "output": ANSWER, "label": 1}, {"record_dropped"}, id="kto number"
        ),
        pytest.param(PRETRAIN, {"text": "Paris is a city."}, set(), id="pretrain"),
        pytest.param(PRETRAIN, {"text": None}, {"record_stops"}, id="pretrain null"),
    ],
)
def test_record(tmp_path, entry, row, expected):
    found = findings(tmp_path, entry, [row, row | {"seen": "twice"}]).counts
    assert set(found) - {"duplicate", "tags_unfit", "one_sided_labels"} == expected


def test_places_are_rows_of_the_file(tmp_path):
    report = findings(tmp_path, {"file_name": "a.jsonl"}, [alpaca(), alpaca("", "Why?"), alpaca("", "How?")])
    places = [(one.file, one.row) for one in report.findings if one.code == "empty_answer"]
    assert places == [(str(tmp_path / "a.jsonl"), 2), (str(tmp_path / "a.jsonl"), 3)]


def test_a_row_that_cannot_be_read(tmp_path):
    report = findings(
        tmp_path, {"file_name": "a.jsonl"}, [alpaca(), '{"instruction": ', alpaca("It is so.", "Why?")]
    )
    (found,) = report.findings
    assert (found.code, found.row) == ("unreadable_row", 2)
    assert report.datasets["a"].records == 2
    assert report.datasets["a"].unusable == 1


def test_column_of_several_types(tmp_path):
    report = findings(
        tmp_path, {"file_name": "a.jsonl"}, [alpaca(id=1), alpaca("It is so.", "Why?", id="two")]
    )
    (found,) = report.findings
    assert (found.code, found.row) == ("mixed_types", 2)
    assert "id: a number in row 1, text in row 2" in found.message


def test_column_filled_after_ten_megabytes(tmp_path):
    long = "x y " * 1_500_000
    rows = [alpaca(f"{long}{at}", f"q{at}", history=[]) for at in range(2)]
    last = alpaca(instruction="Why?", history=[["q", "a b c d"]])
    columns = {"prompt": "instruction", "query": "input", "response": "output", "history": "history"}
    report = findings(tmp_path, {"file_name": "a.jsonl", "columns": columns}, [*rows, last])
    assert [one.row for one in report.findings if one.code == "late_column"] == [3]


def test_csv_and_parquet_and_text(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "a.csv").write_text("instruction,input,output\nWhat?,,Paris it is.\nWhy?,,\n", "utf-8")
    pq.write_table(pa.Table.from_pylist([alpaca(), alpaca(None, "Why?")]), tmp_path / "b.parquet")
    (tmp_path / "c.txt").write_text("One line.\nAnd one more.\n", "utf-8")
    entries = {
        "a": {"file_name": "a.csv"},
        "b": {"file_name": "b.parquet"},
        "c": {"file_name": "c.txt", "columns": {"prompt": "text"}},
    }
    (tmp_path / "dataset_info.json").write_text(json.dumps(entries), "utf-8")
    report = check(tmp_path)
    assert [(one.code, one.row) for one in report.findings] == [("record_dropped", 2), ("record_dropped", 2)]
    assert [one.records for one in report.datasets.values()] == [1, 1, 2]


def test_thinking_is_counted(tmp_path):
    rows = [
        alpaca(frame("r", f"Answer {at} of them.") if at < 3 else "A plain one.", f"q{at}") for at in range(4)
    ]
    summary = findings(tmp_path, {"file_name": "a.jsonl"}, rows).summary()
    assert summary["datasets"]["a"] == {
        "kind": "sft",
        "records": 4,
        "thinking": 3,
        "plain": 1,
        "thinking_share": 0.75,
        "several_turns": 0,
        "unusable": 0,
    }


TEXTS = st.text(
    st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters="<[#&\\|"), min_size=4
)
WORDS = TEXTS.map(lambda text: f"Word {text.strip()} end.")


@given(question=WORDS, thinking=st.none() | WORDS, answer=WORDS)
@pytest.mark.parametrize("name", ["sharegpt", "alpaca"])
def test_what_convert_writes_is_clean(name, question, thinking, answer):
    form = FORMATS[name]
    turns = [Turn("user", question), Turn("assistant", answer, thinking)]
    (record,) = form.encode(Conversation(turns), "unroll")
    sample = SampleReader(form.entry("a.jsonl"), "sft")(json.loads(record.line))
    assert isinstance(sample, Sample)
    assert [
        one.code for one in all_checks() if isinstance(one.good, Sample) and list(one.faults(sample))
    ] == []
    assert sample.is_thinking == (thinking is not None)


@given(
    head=st.text(max_size=50), unit=st.text("abcd efgh", min_size=1, max_size=40), times=st.integers(6, 30)
)
def test_a_repeated_phrase_is_found(head, unit, times):
    copies = unit * times
    if len(copies.strip()) >= 120 and unit.strip():
        assert repeated_phrase(head + copies)


@given(st.lists(st.integers(0, 10**9), min_size=20, unique=True))
def test_numbers_do_not_repeat(numbers):
    assert repeated_phrase(" and ".join(map(str, numbers)) + ".") == ""
