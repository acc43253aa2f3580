import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.base.reasons import REJECTED
from lf_qwen3.data.convert.rules import all_rules, require_sound
from lf_qwen3.qwen3.thinking import OPEN

RULES = {one.code: one for one in all_rules()}
Q, A = Turn("user", "Q"), Turn("assistant", "A")
CALL = Turn("assistant", "", calls='[{"name": "f", "arguments": {}}]')
TOOL = Turn("tool", "O")


@pytest.mark.parametrize("one", RULES.values(), ids=lambda one: one.code)
def test_a_rule_passes_its_good_example_and_catches_its_bad_one(one):
    assert one.code in REJECTED
    assert one.test(one.good) is None
    assert one.test(one.bad) is not None


@pytest.mark.parametrize("one", RULES.values(), ids=lambda one: one.code)
def test_good_examples_break_no_rule_at_all(one):
    require_sound(one.good, all_rules())


@pytest.mark.parametrize("one", RULES.values(), ids=lambda one: one.code)
def test_a_rule_bears_an_empty_conversation(one):
    assert one.test(Conversation([])) is None or one.code == "no_answer"


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
    assert RULES["roles"].test(Conversation(turns)) == detail


@pytest.mark.parametrize(
    ("conversation", "detail"),
    [
        pytest.param(Conversation([Turn("user", OPEN), A]), f"{OPEN} in turn 1", id="question"),
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
    assert RULES["special_token"].test(conversation) == detail


def test_a_call_or_an_answer_must_be_there():
    empty = RULES["empty_answer"]
    assert empty.test(Conversation([Q, CALL])) is None
    assert empty.test(Conversation([Q, Turn("assistant", "\n", "R")])) == "turn 2"
    assert empty.test(Conversation([Q, A], rejected=Turn("assistant", ""))) == "the rejected answer"


def test_answers_that_differ_in_thinking_alone_are_a_preference():
    pair = Conversation([Q, Turn("assistant", "A", "R")], rejected=Turn("assistant", "A", "S"))
    assert RULES["same_preference"].test(pair) is None
