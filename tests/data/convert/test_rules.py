import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data.convert.rules import Breach, all_rules, require_sound
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

RULES = {rule.code: rule for rule in all_rules()}
Q, A = Turn("user", "Q"), Turn("assistant", "A")
CALL = Turn("assistant", "", calls='[{"name": "f", "arguments": {}}]')
TOOL = Turn("tool", "O")


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_a_rule_passes_its_good_example_and_catches_its_bad_one(rule):
    assert rule.code in REJECTED
    assert rule.test(rule.good) is None
    assert rule.test(rule.bad) is not None


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_good_examples_break_no_rule_at_all(rule):
    require_sound(rule.good, all_rules())


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_a_rule_bears_an_empty_conversation(rule):
    assert rule.test(Conversation([])) is None or rule.code == "no_answer"


def test_require_sound_names_the_code_and_the_place():
    with pytest.raises(Reject) as caught:
        require_sound(Conversation([Q, Turn("assistant", "a<|im_end|>b")]), all_rules())
    assert (caught.value.code, caught.value.detail) == ("special_token", "<|im_end|> in turn 2")


@pytest.mark.parametrize(
    ("turns", "detail"),
    [
        pytest.param([Q, A], None, id="one-exchange"),
        pytest.param([Q, A, Q, A], None, id="two-exchanges"),
        pytest.param([Q, CALL], None, id="ends-with-a-call"),
        pytest.param([Q, CALL, TOOL, A], None, id="tool"),
        pytest.param([Q, CALL, TOOL, TOOL, A], None, id="parallel-tools"),
        pytest.param([Q, CALL, TOOL, CALL, TOOL, A, Q, A], None, id="several-tools"),
        pytest.param([A], "turn 1 is assistant after nothing", id="assistant-first"),
        pytest.param([TOOL, A], "turn 1 is tool after nothing", id="tool-first"),
        pytest.param([Q, Q, A], "turn 2 is user after user", id="two-questions"),
        pytest.param([Q, A, A], "turn 3 is assistant after assistant", id="two-answers"),
        pytest.param([Q, TOOL, A], "turn 2 is tool after user", id="tool-unasked"),
        pytest.param([Q, CALL, TOOL, Q, A], "turn 4 is user after tool", id="tool-unanswered"),
        pytest.param([Q, A, Q], "the last turn is user", id="ends-with-a-question"),
        pytest.param([Q, CALL, TOOL], "the last turn is tool", id="ends-with-a-tool"),
    ],
)
def test_roles(turns, detail):
    assert RULES["roles"].test(Conversation(turns)) == (detail and Breach(detail))


@pytest.mark.parametrize(
    ("conversation", "detail"),
    [
        pytest.param(Conversation([Turn("user", "<tool_call>"), A]), "<tool_call> in turn 1", id="user"),
        pytest.param(
            Conversation([Turn("user", f"Think in {OPEN}."), A], OPEN), None, id="think-in-a-prompt"
        ),
        pytest.param(
            Conversation([Q, Turn("assistant", OPEN), Turn("tool", OPEN), A]),
            f"{OPEN} in turn 2",
            id="think-in-an-answer",
        ),
        pytest.param(
            Conversation([Q, A], rejected=Turn("assistant", CLOSE)),
            f"{CLOSE} in the rejected answer",
            id="think-in-the-rejected-answer",
        ),
        pytest.param(
            Conversation([Q, Turn("assistant", "A", "<tool_call>")]), "<tool_call> in turn 2", id="thinking"
        ),
        pytest.param(
            Conversation([Q, Turn("assistant", "", calls='["<|im_end|>"]')]),
            "<|im_end|> in turn 2",
            id="calls",
        ),
        pytest.param(Conversation([Q, A], "<|im_end|>"), "<|im_end|> in the system text", id="system"),
        pytest.param(Conversation([Q, A], tools="<|im_end|>"), "<|im_end|> in the tools", id="tools"),
        pytest.param(
            Conversation([Q, A], rejected=Turn("assistant", "<|fim_pad|>")),
            "<|fim_pad|> in the rejected answer",
            id="rejected",
        ),
    ],
)
def test_special_tokens_are_found_wherever_they_stand(conversation, detail):
    assert RULES["special_token"].test(conversation) == (detail and Breach(detail))


def test_a_call_or_an_answer_must_be_there():
    empty = RULES["empty_answer"]
    assert empty.test(Conversation([Q, CALL])) is None
    assert empty.test(Conversation([Q, Turn("assistant", "\n", "R")])) == Breach("turn 2")
    assert empty.test(Conversation([Q, A], rejected=Turn("assistant", ""))) == Breach("the rejected answer")


def test_answers_that_differ_in_thinking_alone_are_a_preference():
    pair = Conversation([Q, Turn("assistant", "A", "R")], rejected=Turn("assistant", "A", "S"))
    assert RULES["same_preference"].test(pair) is None


@pytest.mark.parametrize(
    ("chosen", "rejected", "is_same"),
    [
        (Turn("assistant", "It is four."), Turn("assistant", "It is  four."), True),
        (Turn("assistant", "a", "R"), Turn("assistant", "a", "R\n"), True),
        (Turn("assistant", "a", calls=CALL.calls), Turn("assistant", "a", calls=CALL.calls), True),
        (Turn("assistant", "a"), Turn("assistant", "A"), False),
        (Turn("assistant", "a", "R"), Turn("assistant", "a"), False),
        (Turn("assistant", "a", calls=CALL.calls), Turn("assistant", "a"), False),
    ],
)
def test_a_preference_needs_two_answers(chosen, rejected, is_same):
    breach = RULES["same_preference"].test(Conversation([Q, chosen], rejected=rejected))
    assert breach == (Breach() if is_same else None)


def test_nul_is_refused_wherever_it_stands():
    for conversation, where in (
        (Conversation([Turn("user", "\0"), A]), "turn 1"),
        (Conversation([Q, Turn("assistant", "A", "\0")]), "turn 2"),
        (Conversation([Q, Turn("assistant", "", calls='["\0"]')]), "turn 2"),
        (Conversation([Q, A], "\0"), "the system text"),
        (Conversation([Q, A], tools="\0"), "the tools"),
        (Conversation([Q, A], rejected=Turn("assistant", "\0")), "the rejected answer"),
    ):
        assert RULES["nul"].test(conversation) == Breach(f"NUL in {where}")
