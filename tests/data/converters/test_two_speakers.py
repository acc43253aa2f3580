"""Dialogues of two speakers whose names say nothing: who speaks first is the user."""

import json
import shlex

import pytest

import lf_qwen3
from lf_qwen3.base.conversation import Turn
from lf_qwen3.base.errors import LfQwen3Error, Reject
from lf_qwen3.data.converters import detect
from lf_qwen3.data.converters.roles import parse_roles
from lf_qwen3.data.converters.source_row import SourceRow, names_of_columns
from lf_qwen3.data.converters.two_speakers import convert

TURNS = [Turn("user", "Where is it?"), Turn("assistant", "Ron has it.")]


def said(*pairs, key="role", text="text"):
    return [{key: name, text: said} for name, said in pairs]


@pytest.mark.parametrize(
    ("messages", "left"),
    [
        (said(("Harry", "Where is it?"), ("Hermione", "Ron has it.")), ("turns[].role",)),
        (said((0, "Where is it?"), (1, "Ron has it."), key="speaker"), ("turns[].speaker",)),
        (said(("A", "Where is it?"), ("B", "Ron has it."), key="name", text="utterance"), ("turns[].name",)),
        ([{"message": "Where is it?"}, {"message": "Ron has it.", "attrs": [1]}], ("turns[].attrs",)),
        (["Where is it?", "Ron has it."], ()),
        ('["Where is it?", "Ron has it."]', ()),
        (said(("user", "Where is it?"), ("assistant", "Ron has it.")), ()),
    ],
)
def test_who_speaks_first_is_the_user(messages, left):
    row = SourceRow({"turns": messages})
    assert convert(row).turns == TURNS
    assert row.use().left == left


def test_a_known_role_is_not_turned_round():
    row = SourceRow({"turns": said(("assistant", "Hello."), ("user", "Where is it?"))})
    assert [turn.role for turn in convert(row).turns] == ["assistant", "user"]


def test_a_column_of_any_name():
    names = names_of_columns(("talk", "system"), parse_roles("messages=talk"))
    row = SourceRow({"talk": said(("A", "Where is it?"), ("B", "Ron has it.")), "system": "Be brief."}, names)
    assert (convert(row).turns, convert(row).system) == (TURNS, "Be brief.")


@pytest.mark.parametrize(
    ("messages", "code", "detail"),
    [
        (said(("A", "q"), ("B", "r"), ("C", "s")), "unknown_role", "two speakers are wanted: A, B, C"),
        (said(("A", "q")), "unknown_role", "two speakers are wanted: A"),
        (said(("A", "q"), ("", "r")), "unknown_role", "two speakers are wanted: A, (no name)"),
        (said(("user", "q"), ("Ron", "r")), "unknown_role", "turn 2: Ron"),
        ([], "unknown_role", "two speakers are wanted: none"),
        ([1, 2], "bad_turns", "turn 1 is a number"),
        ("text", "bad_turns", "turns is a text"),
    ],
)
def test_what_is_no_dialogue_of_two_is_rejected(messages, code, detail):
    with pytest.raises(Reject) as caught:
        convert(SourceRow({"turns": messages}))
    assert (caught.value.code, caught.value.detail) == (code, detail)


def test_no_file_is_recognised_as_such():
    row = {"turns": said(("A", "q"), ("B", "r"))}
    assert detect(list(row), (), lambda: [row]) is None


@pytest.mark.parametrize(
    ("column", "columns"),
    [("dialogue", "messages=dialogue"), ("chat_log", "messages=chat_log"), ("messages", "")],
)
def test_a_refusal_has_the_command_that_converts(tmp_path, column, columns):
    path, place = tmp_path / "talk.jsonl", tmp_path / "data"
    rows = [{column: said(("Ron", f"{number}?"), ("Luna", "Yes."))} for number in (1, 2)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(LfQwen3Error) as caught:
        lf_qwen3.convert(path, name="talk", dataset_dir=place)
    words = shlex.split(caught.value.hint.replace(". Nothing was written", ""))
    source, *options = words[words.index("convert") + 1 :]
    assert (source, options) == (f"two_speakers:{path}", ["--columns", columns] if columns else [])
    report = lf_qwen3.convert(source, name="talk", dataset_dir=place, columns=columns)
    assert report.written == {"train": 2}
