"""Every coded check passes its good example, reports its bad one, and stands in the docs."""

from pathlib import Path

import pytest

from lf_qwen3.proof.check.rules.__main__ import document
from lf_qwen3.proof.check.rules.registered import GROUPS, Fault, all_checks, check

CHECKS = all_checks()
IDS = [rule.code for rule in CHECKS]
DOCS = Path(__file__).parents[3] / "docs" / "checks.md"


@pytest.mark.parametrize("rule", CHECKS, ids=IDS)
def test_good_example_passes(rule):
    assert list(rule.faults(rule.good)) == []


@pytest.mark.parametrize("rule", CHECKS, ids=IDS)
def test_bad_example_is_reported(rule):
    faults = list(rule.faults(rule.bad))
    assert faults
    assert {type(fault) for fault in faults} == {Fault}


@pytest.mark.parametrize("rule", CHECKS, ids=IDS)
def test_entry_is_complete(rule):
    assert rule.code.isidentifier()
    assert rule.group in GROUPS
    assert rule.message
    assert rule.hint
    assert not rule.message.endswith((".", ":"))
    assert rule.test.__doc__


def test_every_group_has_checks():
    assert {rule.group for rule in CHECKS} == set(GROUPS)


def test_docs_are_generated():
    assert DOCS.read_text("utf-8") == document(), "run: python -m lf_qwen3.proof.check.rules > docs/checks.md"


def test_a_code_is_given_once():
    taken = CHECKS[0]
    with pytest.raises(ValueError, match=taken.code):
        check(taken.code, "error", "m", "h", good=taken.good, bad=taken.bad)(taken.test)
