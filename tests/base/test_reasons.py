"""Every code that the source gives has its words; tests/data/convert/test_every_reason.py provokes each."""

import ast
from functools import cache
from pathlib import Path

import lf_qwen3
from lf_qwen3.base.reasons import REJECTED, REPAIRED, describe

SOURCE = Path(lf_qwen3.__file__).parent


@cache
def list_calls() -> list[ast.Call]:
    """Return the calls with arguments that the source holds."""
    return [
        node
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and node.args
    ]


def first_arguments(*endings: str) -> set[str]:
    """Return the literal codes that calls of functions with these names are given first."""
    calls = [call for call in list_calls() if ast.unparse(call.func).endswith(endings)]
    nodes = [node for call in calls for node in ast.walk(call.args[0])]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_the_codes_of_rejections_are_those_of_the_source() -> None:
    assert first_arguments("Reject", "rule", "BadRow") == set(REJECTED)


def test_every_repair_in_the_source_has_its_words() -> None:
    codes = first_arguments("repairs.add", "repairs.append")
    assert len(codes) > 5
    assert codes <= set(REPAIRED)


def test_a_code_means_one_thing() -> None:
    assert not set(REJECTED) & set(REPAIRED)


def test_describe() -> None:
    assert describe("nul") == REJECTED["nul"].message
    assert describe("crlf") == REPAIRED["crlf"].message
