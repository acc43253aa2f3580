"""A part is checked the same whether its plain records take the fast path or not."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.data.convert.formats import FORMATS
from lf_qwen3.proof.check import dataset_rows, part_checks
from lf_qwen3.proof.check.dataset_records import DatasetFiles
from lf_qwen3.proof.check.part_checks import PartChecker, PartCheckOptions, PartCheckTask
from lf_qwen3.proof.check.plain_records import plain_reader
from lf_qwen3.qwen3.thinking import frame

ENTRY = FORMATS["sharegpt"].entry("a.jsonl")
LONG = "A question or an answer of some length"
TEXT = st.sampled_from(
    [
        *(
            LONG,
            LONG + " ",
            "\n" + LONG,
            "第一句话，第二句话。" * 3,
            "a < b, and so it goes on",
            "Où est le café ?",
        ),
        *(frame("r", LONG), frame("r", " " + LONG), frame("r ", LONG), frame("", LONG), frame("<b>", LONG)),
        *(
            "<think>\nr\n</think>\n" + LONG,
            f" {frame('r', LONG)}",
            LONG + frame("r", LONG),
            "<think>\n" + LONG,
        ),
        *(
            frame("r", frame("s", LONG)),
            frame("again and again " * 9, LONG),
            "again and again " * 9,
            "ok",
            "",
        ),
        *(
            " ",
            "\u3000",
            "<tool_response>\nx\n</tool_response>",
            "<div>one</div><br>two",
            "`<br></p>`, " + LONG,
        ),
        *("{{name}} is your name today", "`{{name}}` is your name", "one\\ntwo\\nthree\\nfour", "a\0" + LONG),
        *("<|im_end|>" + LONG, "<reasoning>x</reasoning>" + LONG, "â€™" + LONG, "&nbsp;&amp; " + LONG, "###"),
    ]
)
MESSAGES = st.lists(
    st.tuples(st.sampled_from(["human", "gpt"] * 4 + ["system", "observation", "user"]), TEXT), max_size=5
).map(lambda turns: [{"from": role, "value": text} for role, text in turns])
TURNS = st.lists(TEXT, min_size=2, max_size=6).map(
    lambda texts: [{"from": ("human", "gpt")[at % 2], "value": text} for at, text in enumerate(texts)]
)
ROW = st.fixed_dictionaries(
    {"conversations": TURNS | MESSAGES | st.sampled_from([None, "x", [1], [[]], [{"from": [], "value": 1}]])},
    optional={
        "system": st.sampled_from(["", None, "Be kind.", "<think>", " ", 5]),
        "tools": st.sampled_from(["", None, "[]", "[", 0]),
        "more": st.sampled_from([1, None, [], [1], "a", True]),
    },
)


def report_of(path, entry, takes_short_way):
    files = DatasetFiles(path.parent, (path.name,))
    (part,) = dataset_rows.cut_rows(files.paths)
    task = PartCheckTask(part, "a", entry, "sft", files, is_first=True, near="trained")
    reader = plain_reader if takes_short_way else lambda *_: None
    with mock.patch.multiple(part_checks, plain_reader=reader, may_be_near=lambda *_: True, minhash=bytes):
        return PartChecker(PartCheckOptions(None, learns_empty=True)).run(task)


@given(st.lists(ROW | st.tuples(TURNS, st.integers(1, 3)), max_size=5))
def test_plain_records_are_checked_as_all_others(rows):
    lines = []
    for row in rows:
        if isinstance(row, dict):
            lines.append(row)
        else:  # a dialogue as it is unrolled
            messages, count = row
            lines += [{"conversations": messages[: 2 * end], "system": ""} for end in range(1, count + 1)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in [{"conversations": []}, *lines]), "utf-8")
        assert report_of(path, ENTRY, True) == report_of(path, ENTRY, False)


ROLES = {"conversations": [{"from": "human", "value": LONG}, {"from": "gpt", "value": frame("r", LONG)}]}


def test_an_ordinary_record_is_plain():
    assert plain_reader(ENTRY, "sft").read({**ROLES, "system": "", "tools": ""})


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (FORMATS["alpaca"].entry("a.jsonl"), "sft"),
        (FORMATS["sharegpt"].entry("a.jsonl", "ranking"), "ranking"),
        (FORMATS["sharegpt"].entry("a.jsonl", "kto"), "kto"),
        ({**ENTRY, "formatting": "openai"}, "sft"),
        ({**ENTRY, "columns": {"prompt": "conversations"}}, "sft"),
        ({**ENTRY, "tags": {**ENTRY["tags"], "system_tag": "human"}}, "sft"),
        ({**ENTRY, "tags": {"user_tag": "human"}}, "sft"),
    ],
    ids=["alpaca", "ranking", "kto", "openai", "no messages", "system first", "no role"],
)
def test_other_datasets_take_the_slow_path(entry, kind):
    assert plain_reader(entry, kind) is None
