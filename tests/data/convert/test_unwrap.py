import pytest

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.data.convert.unwrap import unwrap
from lf_qwen3.qwen3.thinking import CLOSE, OPEN


def said(role, text):
    return f"<|im_start|>{role}\n{text}<|im_end|>\n"


PROMPT = said("system", "S") + said("user", "Q") + "<|im_start|>assistant\n"
DIALOGUE = said("user", "Q") + said("assistant", "A") + said("user", "Q2") + said("assistant", "A2")


def unwrapped(user, assistant, system="", rejected=None):
    """Unwrap one exchange; return its turns, its system text, its losing answer and the repairs."""
    losing = None if rejected is None else Turn("assistant", rejected)
    conversation = Conversation([Turn("user", user), Turn("assistant", assistant)], system, rejected=losing)
    unwrap(conversation)
    turns = [(turn.role[0], turn.content.strip()) for turn in conversation.turns]
    losing_text = conversation.rejected.content if conversation.rejected else None
    return turns, conversation.system, losing_text, conversation.repairs


QA = [("u", "Q"), ("a", "A")]


@pytest.mark.parametrize(
    ("user", "assistant", "turns", "repairs"),
    [
        pytest.param("Q", "A", QA, set(), id="nothing-to-do"),
        pytest.param("<p>Q</p> <|", "a < b", [("u", "<p>Q</p> <|"), ("a", "a < b")], set(), id="markup"),
        pytest.param(said("user", "Q"), "A", QA, {"chat_template"}, id="user-only"),
        pytest.param(PROMPT, "A", QA, {"chat_template"}, id="whole-prompt"),
        pytest.param(PROMPT.rstrip(), "A", QA, {"chat_template"}, id="whole-prompt-without-line-end"),
        pytest.param(f"Q<|im_end|>\n{PROMPT[-22:]}", "A", QA, {"chat_template"}, id="own-part-first"),
        pytest.param("<|im_start|>user\nQ", "A", QA, {"chat_template"}, id="unclosed-user"),
        pytest.param(
            f"{PROMPT}{OPEN}\n\n{CLOSE}\n\n",
            "A",
            [("u", "Q"), ("a", f"{OPEN}\n\n{CLOSE}\n\nA")],
            {"chat_template"},
            id="prompt-with-empty-block",
        ),
        pytest.param(
            f"{PROMPT}{OPEN}\n",
            f"R\n{CLOSE}\n\nA",
            [("u", "Q"), ("a", f"{OPEN}\nR\n{CLOSE}\n\nA")],
            {"chat_template"},
            id="prompt-with-open-tag",
        ),
        pytest.param(
            f"{PROMPT}{OPEN}\nR\n{CLOSE}\n\n",
            "A",
            [("u", "Q"), ("a", f"{OPEN}\nR\n{CLOSE}\n\nA")],
            {"chat_template"},
            id="prompt-with-real-block",
        ),
        pytest.param("Q", "A<|im_end|>", QA, {"end_token"}, id="im-end"),
        pytest.param("Q", "A<|im_end|>\n<|endoftext|>\n", QA, {"end_token"}, id="both-end-tokens"),
        pytest.param("Q<|im_end|>", "A", QA, {"end_token"}, id="im-end-behind-the-question"),
        pytest.param("Q", said("assistant", "A"), QA, {"chat_template"}, id="answer-in-markup"),
        pytest.param("Q", "A</s>", QA, {"end_token"}, id="llama-2"),
        pytest.param("Q", "A<|eot_id|>", QA, {"end_token"}, id="llama-3"),
        pytest.param("Q", "A<end_of_turn>\n", QA, {"end_token"}, id="gemma"),
        pytest.param("Q", "A <|eos|> <|eod|>", QA, {"end_token"}, id="several-of-others"),
        pytest.param("Q", "A\n<extra_id_1>", QA, {"end_token"}, id="nemo"),
        pytest.param("Q", "not <s>A</s>", [("u", "Q"), ("a", "not <s>A</s>")], set(), id="struck-text"),
        pytest.param(
            "Q", "<|im_start|>assistant\nA<|endoftext|>", QA, {"chat_template"}, id="answer-unclosed"
        ),
        pytest.param(
            DIALOGUE, "", [*QA, ("u", "Q2"), ("a", "A2")], {"chat_template"}, id="whole-dialogue-in-one-field"
        ),
        pytest.param(
            DIALOGUE + said("user", "Q3") + "<|im_start|>assistant\n",
            "A3",
            [*QA, ("u", "Q2"), ("a", "A2"), ("u", "Q3"), ("a", "A3")],
            {"chat_template"},
            id="dialogue-before-the-answer",
        ),
        pytest.param(
            "Q",
            f"A<|im_end|>\n{said('user', 'Q2')}{said('assistant', 'A2')}",
            [*QA, ("u", "Q2"), ("a", "A2")],
            {"chat_template"},
            id="dialogue-goes-on-in-the-answer",
        ),
        pytest.param(
            "Q",
            "ChatML looks like <|im_start|>user\nHi<|im_end|>\n.",
            [("u", "Q"), ("a", "ChatML looks like <|im_start|>user\nHi<|im_end|>\n.")],
            set(),
            id="quoted-markup-is-left-to-the-rule",
        ),
        pytest.param(
            "Q", "A<|im_end|>B", [("u", "Q"), ("a", "A<|im_end|>B")], set(), id="end-token-in-the-middle"
        ),
        pytest.param(
            "Q", "A<|fim_pad|>", [("u", "Q"), ("a", "A<|fim_pad|>")], set(), id="another-token-at-the-end"
        ),
    ],
)
def test_unwrap(user, assistant, turns, repairs):
    found, _, _, noted = unwrapped(user, assistant)
    assert (found, noted) == (turns, repairs)


@pytest.mark.parametrize(
    ("user", "system", "expected"),
    [
        pytest.param(PROMPT, "", "S", id="from-the-prompt"),
        pytest.param(PROMPT, " S\n", "S", id="the-same-in-its-column"),
        pytest.param("Q", said("system", "S"), "S", id="column-in-markup"),
        pytest.param("Q", "S<|im_end|>", "S", id="column-with-end-token"),
        pytest.param(said("system", "") + said("user", "Q"), "", "", id="empty"),
        pytest.param(said("user", "Q"), "S", "S", id="untouched"),
    ],
)
def test_unwrap_finds_the_system_text(user, system, expected):
    assert unwrapped(user, "A", system)[:2] == (QA, expected)


@pytest.mark.parametrize(
    ("user", "rejected", "expected"),
    [
        pytest.param("Q", "B<|im_end|>", "B", id="end-token"),
        pytest.param("Q", said("assistant", "B"), "B", id="in-markup"),
        pytest.param(f"{PROMPT}{OPEN}\n", "B", f"{OPEN}\nB", id="begun-by-the-prompt"),
    ],
)
def test_unwrap_mends_the_rejected_answer_too(user, rejected, expected):
    _, _, losing, repairs = unwrapped(user, "A", rejected=rejected)
    assert losing == expected
    assert repairs


@pytest.mark.parametrize(
    ("user", "assistant", "system", "code"),
    [
        pytest.param(said("critic", "Q"), "A", "", "broken_template", id="unknown-role"),
        pytest.param(
            "<|im_start|>user Q<|im_end|>", "A", "", "broken_template", id="no-line-end-behind-role"
        ),
        pytest.param("<|im_start|>user\nQ<|im_end|> more", "A", "", "broken_template", id="text-behind-end"),
        pytest.param(
            "<|im_start|>user\nQ\n<|im_start|>assistant\n",
            "A",
            "",
            "broken_template",
            id="unclosed-in-between",
        ),
        pytest.param("Q", "A", said("user", "Q"), "broken_template", id="user-turn-in-the-system-text"),
        pytest.param(PROMPT, "A", "T", "system_twice", id="two-system-texts"),
    ],
)
def test_unwrap_rejects(user, assistant, system, code):
    with pytest.raises(Reject) as caught:
        unwrapped(user, assistant, system)
    assert caught.value.code == code


def test_unwrap_rejects_a_losing_answer_that_holds_a_dialogue():
    with pytest.raises(Reject) as caught:
        unwrapped("Q", "A", rejected=DIALOGUE)
    assert caught.value.code == "broken_template"


def test_unwrap_keeps_the_thinking_column_and_the_calls_with_the_answer():
    answer = Turn("assistant", said("assistant", "A"), thinking="R", calls="[]")
    conversation = Conversation([Turn("user", PROMPT), answer])
    unwrap(conversation)
    assert conversation.turns == [Turn("user", "Q"), Turn("assistant", "A", "R", "[]")]


def test_unwrap_never_drops_an_empty_answer_that_no_markup_explains():
    turns = [Turn("user", "Q<|im_end|>"), Turn("assistant", "A"), Turn("assistant", "")]
    conversation = Conversation(turns)
    unwrap(conversation)
    assert [turn.content for turn in conversation.turns] == ["Q", "A", ""]
