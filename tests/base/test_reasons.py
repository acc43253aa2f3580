"""Every code that the source uses has its words, and every code that has words is used."""

import ast
from pathlib import Path

import pytest

import lf_qwen3
from lf_qwen3.base.reasons import REJECTED, REPAIRED, describe

SOURCE = Path(lf_qwen3.__file__).parent
TREES = [
    ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(SOURCE.rglob("*.py"))
    if path.name != "reasons.py"
]
CALLS = [node for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Call)]


def texts(node):
    return {
        one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def first_arguments(*names):
    """Return the literal codes that calls of `names` are given first."""
    called = [call for call in CALLS if call.args and ast.unparse(call.func).split(".")[-1] in names]
    return set().union(*(texts(call.args[0]) for call in called))


USED_ANYWHERE = set().union(*(texts(tree) for tree in TREES))


def test_every_rejection_in_the_source_has_its_words():
    codes = first_arguments("Reject", "rule", "BadRow")
    assert len(codes) > 20
    assert codes <= set(REJECTED)


def test_every_repair_in_the_source_has_its_words():
    adding = [call for call in CALLS if ast.unparse(call.func).endswith(("repairs.add", "repairs.append"))]
    codes = set().union(*(texts(call.args[0]) for call in adding))
    assert len(codes) > 5
    assert codes <= set(REPAIRED)


@pytest.mark.parametrize("code", [*REJECTED, *REPAIRED])
def test_every_code_is_used(code):
    assert code in USED_ANYWHERE


@pytest.mark.parametrize("code", REJECTED)
def test_every_rejection_says_what_is_wrong_and_what_to_do(code):
    assert REJECTED[code].message
    assert REJECTED[code].hint


def test_a_code_means_one_thing():
    assert not set(REJECTED) & set(REPAIRED)


def test_describe():
    assert describe("nul") == REJECTED["nul"].message
    assert describe("crlf") == REPAIRED["crlf"].message
