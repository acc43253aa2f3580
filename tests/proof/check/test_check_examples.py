"""Every coded check passes its good example and reports its bad one."""

import pytest

from lf_qwen3.proof.check.rules.registered import GROUPS, Fault, all_checks, check

CHECKS = all_checks()
IDS = [rule.code for rule in CHECKS]


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


def test_a_code_is_given_once():
    taken = CHECKS[0]
    with pytest.raises(ValueError, match=taken.code):
        check(taken.code, "error", "m", "h", good=taken.good, bad=taken.bad)(taken.test)
