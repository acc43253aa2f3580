"""`read`: sources as conversations, without a file written."""

import json
from pathlib import Path

import orjson
import pytest

import lf_qwen3 as lq
from lf_qwen3.base import assets
from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

GOOD = {"question": "1+1?", "reasoning": "R", "answer": "2"}
BAD = {"question": "2+2?", "reasoning": "R", "answer": ""}
SPECIAL = {"question": "a<|im_end|>b?", "reasoning": "R", "answer": "A"}


def written(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return path


def test_rows_come_in_canonical_form_and_one_at_a_time(tmp_path):
    dialogue = {
        "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": f"{OPEN}t{CLOSE}a"}]
    }
    rows = lq.read(written(tmp_path / "rows.jsonl", dialogue))
    expected = [Turn("user", "q"), Turn("assistant", "a", thinking="t")]
    assert next(rows) == Conversation(expected, repairs={"think_whitespace"})
    assert list(rows) == []
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_rejected_row_is_handed_over_with_its_place_code_and_content(tmp_path):
    path = written(tmp_path / "rows.jsonl", GOOD, "", BAD, "{", GOOD)
    rejected = []
    rows = list(lq.read(str(path), on_reject=rejected.append))
    assert [row.turns[-1].content for row in rows] == ["2", "2"]
    assert [(row.file, row.row, row.code) for row in rejected] == [
        (str(path), 3, "empty_answer"),
        (str(path), 4, "malformed"),
    ]
    assert [row.content for row in rejected] == [BAD, "{"]
    assert "turn 2" in rejected[0].reason


def test_without_a_callback_the_first_rejected_row_is_an_error(tmp_path):
    rows = lq.read(written(tmp_path / "rows.jsonl", GOOD, BAD, GOOD))
    next(rows)
    with pytest.raises(lq.LfQwen3Error) as error:
        next(rows)
    assert error.value.code == "empty_answer"
    assert "rows.jsonl:2" in error.value.message


def test_a_source_that_is_not_there_is_an_error_before_the_first_row(tmp_path):
    with pytest.raises(lq.UsageError):
        lq.read(tmp_path / "none.jsonl")


def test_sources_are_one_or_several_files_folders_and_globs(tmp_path):
    written(tmp_path / "a.jsonl", GOOD)
    written(tmp_path / "b.jsonl", GOOD, GOOD)
    for sources in (tmp_path, str(tmp_path / "*.jsonl"), [tmp_path / "a.jsonl", str(tmp_path / "b.jsonl")]):
        assert len(list(lq.read(sources))) == 3
    assert len(list(lq.read(f"reasoning:{tmp_path / 'a.jsonl'}"))) == 1


def test_limit_counts_the_rows_of_each_source(tmp_path):
    for name in ("a", "b"):
        written(tmp_path / f"{name}.jsonl", GOOD, BAD, GOOD, GOOD)
    rejected = []
    several = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    assert len(list(lq.read(several, limit=3, on_reject=rejected.append))) == 4
    assert len(rejected) == 2
    assert len(list(lq.read(tmp_path, limit=3, on_reject=rejected.append))) == 2


def test_control_tokens_are_rejected_unless_they_are_allowed(tmp_path):
    path = written(tmp_path / "rows.jsonl", SPECIAL)
    rejected = []
    assert list(lq.read(path, on_reject=rejected.append)) == []
    assert [row.code for row in rejected] == ["special_token"]
    assert len(list(lq.read(path, allow_special=True))) == 1


def test_it_keeps_and_rejects_what_convert_does(tmp_path):
    """Over the samples of both shapes, the short ways of convert among them."""
    samples = [
        assets.folder("dataset_info") / f"sample_{name}" for name in ("medical_r1.jsonl", "finetome.parquet")
    ]
    samples.append(written(tmp_path / "bad.jsonl", GOOD, BAD, "{"))
    rejected = []
    kept = list(lq.read(samples, on_reject=rejected.append))
    report = lq.convert(samples, name="s", dataset_dir=tmp_path, turns="all")
    assert len(rejected) == 2
    assert len(kept) == report.read - len(rejected)
    lines = (tmp_path / "s.rejected.jsonl").read_bytes().splitlines()
    assert [orjson.loads(orjson.dumps(row._asdict(), default=str)) for row in rejected] == list(
        map(orjson.loads, lines)
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [({"limit": 0}, "option_value"), ({"limit": "x"}, "option_type"), ({"allow_special": 1}, "option_type")],
)
def test_an_option_that_is_none_is_an_error_at_once(tmp_path, options, code):
    with pytest.raises(lq.UsageError) as error:
        lq.read(written(tmp_path / "rows.jsonl", GOOD), **options)
    assert error.value.code == code
