"""Which verdicts stand beside each other in one report."""

import math
import re
from dataclasses import replace
from typing import Any

from lf_qwen3.results.diagnose.training_run import example, points
from lf_qwen3.results.diagnose.verdict_rules import all_verdicts, settle

VERDICTS = {rule.code: rule for rule in all_verdicts()}


def codes(run):
    """Return the codes of all verdicts on a run."""
    return {code for code, rule in VERDICTS.items() if rule.evidence(run)}


def settled(**known):
    return {rule.code for rule, _ in settle(example(**known))}


def test_what_rests_on_damaged_weights_or_advises_the_opposite_falls():
    dead: dict[str, Any] = {"validation": (), "gradient": points((math.nan, 0.0) * 4)}
    assert {"flat_loss", "no_validation"} <= codes(example(train=(2.0,) * 8, **dead))
    assert settled(train=(2.0,) * 8, **dead) == {"not_a_number"}
    zeros = (1.8, *[0.0] * 11)
    assert {"low_loss", "no_validation"} <= codes(example(train=zeros, validation=()))
    assert settled(train=zeros, validation=()) == {"not_a_number"}
    low: dict[str, Any] = {"train": VERDICTS["low_loss"].bad.train, "validation": (1.9, 1.7, 1.55, 1.42)}
    low["train"] = tuple(point.value for point in low["train"])
    assert codes(example(**low)) == {"low_loss", "still_learning"}
    assert settled(**low) == {"low_loss"}
    assert settled(train=(0.1,) * 8) == {"low_loss"}


def test_no_two_verdicts_of_any_two_bad_runs_advise_opposite_things():
    fields = (
        "train",
        "validation",
        "learning_rate",
        "gradient",
        "settings",
        "state",
        "answers",
        "is_finished",
    )
    clashes = []
    for first in VERDICTS.values():
        for second in VERDICTS.values():
            for name in fields:
                mixed = replace(first.bad, **{name: getattr(second.bad, name)})
                turns: dict[str, set[str]] = {}
                for rule, _ in settle(mixed):
                    for setting, turn in rule.turns.items():
                        turns.setdefault(setting, set()).add(turn)
                clashes += [(first.code, second.code, name) for ways in turns.values() if len(ways) > 1]
    assert clashes == []


TURNED = {
    "up": r"(?:higher|more|raise) (?:early_stopping_steps or )?(?:rows or )?({})",
    "down": r"(?:lower|fewer|[0-9a-z ]+ times lower|shorter) ({})|({})[a-z ]* (?:three to ten times )?lower",
}


def test_the_advice_turns_what_the_verdict_says_that_it_turns():
    wrong = {}
    for rule in VERDICTS.values():
        for setting, turn in (
            ("epochs", "up"),
            ("epochs", "down"),
            ("learning_rate", "up"),
            ("learning_rate", "down"),
        ):
            says = bool(re.search(TURNED[turn].format(setting, setting), rule.advice))
            if says != (rule.turns.get(setting) == turn) and rule.code != "too_short":
                wrong[rule.code, setting] = turn
    assert wrong == {}
