"""Every coded check passes its good example, reports its bad one, and stands in the docs."""

from pathlib import Path

import pytest

from lf_qwen3.proof.check.rules.__main__ import document
from lf_qwen3.proof.check.rules.registered import GROUPS, all_checks, check

CHECKS = all_checks()
IDS = [one.code for one in CHECKS]
DOCS = Path(__file__).parents[3] / "docs" / "checks.md"


@pytest.mark.parametrize("one", CHECKS, ids=IDS)
def test_good_example_passes(one):
    assert list(one.faults(one.good)) == []


@pytest.mark.parametrize("one", CHECKS, ids=IDS)
def test_bad_example_is_reported(one):
    assert len(list(one.faults(one.bad))) >= 1


@pytest.mark.parametrize("one", CHECKS, ids=IDS)
def test_entry_is_complete(one):
    assert one.code.isidentifier()
    assert one.group in GROUPS
    assert one.message
    assert one.hint
    assert not one.message.endswith((".", ":"))
    assert one.test.__doc__


def test_every_group_has_checks():
    assert {one.group for one in CHECKS} == set(GROUPS)


def test_docs_are_generated():
    assert DOCS.read_text("utf-8") == document(), "run: python -m lf_qwen3.proof.check.rules > docs/checks.md"


def test_a_code_is_given_once():
    taken = CHECKS[0]
    with pytest.raises(ValueError, match=taken.code):
        check(taken.code, "error", "m", "h", good=taken.good, bad=taken.bad)(taken.test)
