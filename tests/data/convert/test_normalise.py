from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.conversation import Conversation, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.base.reasons import REJECTED, REPAIRED
from lf_qwen3.data.convert.normalise import normalise
from lf_qwen3.data.convert.rules import all_rules, require_sound
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, frame, has_tag, split


def made(*texts, system="", thinking=None, rejected=None, learn=True):
    """Build a dialogue of alternating texts; `thinking` and `learn` are the last turn's."""
    turns = [Turn("assistant" if at % 2 else "user", text) for at, text in enumerate(texts)]
    turns[-1].thinking, turns[-1].learn = thinking, learn
    return Conversation(turns, system, rejected=rejected)


def unlearnt(*marks):
    """Build a dialogue of which the answers marked 0 must not be learnt."""
    return Conversation([turn for mark in marks for turn in made("Q", "A", learn=bool(mark)).turns])


MARKUP = [
    "a < b and c > d",
    "<p>Hello <b>you</b></p>",
    "List<String> x = a <| b |> c;",
    "so <thought>no</thought> <tool> <|x|>",
    "if (a<b) { cout << x; }",
    "<!-- think -->",
    "\u3000\u3000段落",
]


@pytest.mark.parametrize("text", MARKUP)
def test_text_that_only_looks_like_markup_comes_through_untouched(text):
    conversation = made(text, text, system=text, rejected=Turn("assistant", f"no: {text}"))
    normalise(conversation)
    assert conversation == made(text, text, system=text, rejected=Turn("assistant", f"no: {text}"))


@pytest.mark.parametrize(
    ("conversation", "expected"),
    [
        pytest.param(
            made(" Q\n", "\nA ", system=" S "),
            (made("Q", "A", system="S"), set()),
            id="outer-white-space-is-no-repair",
        ),
        pytest.param(
            made("Q\r\n2", "A\r2", system="S\r\nT"),
            (made("Q\n2", "A\n2", system="S\nT"), {"crlf"}),
            id="line-ends",
        ),
        pytest.param(
            made("Q", "A", thinking="R\r\nS\n"),
            (made("Q", "A", thinking="R\nS"), {"crlf"}),
            id="line-ends-in-the-thinking-column",
        ),
        pytest.param(
            made("Q", f"{OPEN}\nR\n{CLOSE}\n\nA"), (made("Q", "A", thinking="R"), set()), id="framed"
        ),
        pytest.param(
            made("Q", f"{OPEN}R{CLOSE}A"),
            (made("Q", "A", thinking="R"), {"think_whitespace"}),
            id="think-white-space",
        ),
        pytest.param(made("Q", "A", thinking=" "), (made("Q", "A"), set()), id="blank-thinking-column"),
        pytest.param(
            made("<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n", "A<|im_end|>"),
            (made("Q", "A"), {"chat_template", "end_token"}),
            id="template-text",
        ),
        pytest.param(
            made(f"<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n{OPEN}\n\n{CLOSE}\n\n", "A"),
            (made("Q", "A"), {"chat_template", "think_empty"}),
            id="template-text-with-an-empty-block",
        ),
        pytest.param(
            made("Q", "A", "Q2"), (made("Q", "A"), {"trailing_user"}), id="last-question-unanswered"
        ),
        pytest.param(
            made("Q", "A", rejected=Turn("assistant", f"{OPEN}R{CLOSE}B")),
            (made("Q", "A", rejected=Turn("assistant", "B", "R")), {"think_whitespace"}),
            id="rejected-answer",
        ),
        pytest.param(made("Q"), (made("Q"), set()), id="a-question-alone-is-left-to-the-rules"),
        pytest.param(
            Conversation([Turn("assistant", "Hi!"), *made("Q", "A").turns]),
            (made("Q", "A"), {"leading_assistant"}),
            id="greeting",
        ),
        pytest.param(
            Conversation([Turn("assistant", "A"), Turn("user", "Q")]),
            (Conversation([Turn("assistant", "A"), Turn("user", "Q")]), set()),
            id="an-answer-before-its-question-is-left-to-the-rules",
        ),
        pytest.param(unlearnt(0, 1), (unlearnt(0, 1), {"not_learnt"}), id="unlearnt-history"),
        pytest.param(unlearnt(1, 0, 1, 0, 0), (unlearnt(1, 0, 1), {"not_learnt"}), id="unlearnt-end"),
        pytest.param(
            unlearnt(0, 0), (unlearnt(0, 0), {"not_learnt"}), id="nothing-learnt-is-left-to-the-rules"
        ),
        pytest.param(
            replace(unlearnt(1, 0), label=False),
            (replace(unlearnt(1, 0), label=False), {"not_learnt"}),
            id="a-label-belongs-to-the-last-answer",
        ),
        pytest.param(
            made("Q", "<|im_start|>assistant\nA<|im_end|>", learn=False),
            (made("Q", "A", learn=False), {"chat_template", "not_learnt"}),
            id="the-mark-stays-with-unwrapped-text",
        ),
    ],
)
def test_normalise(conversation, expected):
    wanted, repairs = expected
    normalise(conversation)
    assert conversation.repairs == repairs
    conversation.repairs = set()
    assert conversation == wanted


@pytest.mark.parametrize(
    ("conversation", "code", "detail"),
    [
        pytest.param(made("Q", f"{OPEN}R"), "think_unclosed", "turn 2: opened at character 0", id="unclosed"),
        pytest.param(
            made("Q", "A", "Q", f"A{OPEN}R{CLOSE}"), "think_not_first", "turn 4: A", id="names-the-turn"
        ),
        pytest.param(
            made("Q", "A", rejected=Turn("assistant", OPEN)),
            "think_unclosed",
            "the rejected answer: opened at character 0",
            id="names-the-rejected-answer",
        ),
    ],
)
def test_normalise_rejects(conversation, code, detail):
    with pytest.raises(Reject) as caught:
        normalise(conversation)
    assert (caught.value.code, caught.value.detail) == (code, detail)


WORDS = ["R", "A b.", "嗯，", "<p>", "<", "<|", "/>", "\u3000", "    x", "\n", "\r\n", "\r", " "]
TAGS = [OPEN, CLOSE, "<thinking>", "</THINKING>", "<|begin_of_thought|>", "<|end_of_thought|>"]
SOLUTION = ["<|begin_of_solution|>", "<|end_of_solution|>"]
MARKS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|im_start|>user\n", "<|im_start|>assistant\n"]
ROLES = ["<|im_start|>system\n", "system\n", "user", "assistant", "<tool_call>"]


def joined(*parts):
    """Draw each part and write them one behind the other; a list is a choice."""
    drawn = [st.sampled_from(part) if isinstance(part, list) else part for part in parts]
    return st.tuples(*drawn).map("".join)


wild = st.lists(st.sampled_from(WORDS + TAGS + SOLUTION + MARKS + ROLES), max_size=7).map("".join)
words = joined(["Q", "A", "    x = 1", "嗯"], st.lists(st.sampled_from(WORDS), max_size=4).map("".join))
blank = ["", "\n", "\n\n", " ", "\t", "\r\n"]
block = joined(["", OPEN, "<thinking>", "<THINK>"], blank, st.just("") | words, blank, [CLOSE, "</thinking>"])
ending = ["", "", "<|im_end|>", "<|im_end|>\n<|endoftext|>"]
asked = words | joined(["<|im_start|>user\n"], words, ["<|im_end|>\n", "<|im_end|>\n<|im_start|>assistant\n"])
answered = joined(blank, st.just("") | block, blank, words, ending)


def dialogues(user, assistant, thinking):
    """Draw one or two exchanges, a system text or none, a losing answer or none."""
    answers = st.builds(lambda text, column: Turn("assistant", text, column), assistant, thinking)
    exchange = st.tuples(user.map(lambda text: Turn("user", text)), answers)
    return st.builds(
        lambda pairs, system, losing: Conversation([*sum(pairs, ())], system, rejected=losing),
        st.lists(exchange, min_size=1, max_size=2),
        st.just("") | user,
        st.none() | answers,
    )


probable = dialogues(asked, answered, st.none() | st.none() | words)
improbable = dialogues(wild, wild, st.none() | wild)


def rejection(conversation):
    """Normalise and check; return the code of the rejection, or None."""
    try:
        normalise(conversation)
        require_sound(conversation, all_rules())
    except Reject as error:
        return error.code
    return None


@given(probable | improbable)
def test_what_is_accepted_is_canonical_and_normalising_again_repairs_nothing(conversation):
    if code := rejection(conversation):
        assert code in REJECTED
        return
    assert conversation.repairs <= set(REPAIRED)
    for turn in [*conversation.turns, *([conversation.rejected] if conversation.rejected else [])]:
        may_say = (OPEN, CLOSE) if turn.role == "user" else ()  # a prompt may ask for the tags
        assert not has_tag(turn.content) or may_say
        assert not any(token in turn.content for token in ADDED_TOKENS if token not in may_say)
        if turn.role == "assistant":
            written = frame(turn.thinking, turn.content)
            assert split(written) == (turn.thinking, turn.content, ())
    before = repr(conversation.turns) + repr(conversation.rejected) + conversation.system
    conversation.repairs.clear()
    normalise(conversation)
    assert conversation.repairs == set()
    assert repr(conversation.turns) + repr(conversation.rejected) + conversation.system == before


@given(st.lists(words | answered, min_size=2, max_size=4).filter(lambda said: len(said) % 2 == 0))
def test_nothing_changes_without_a_repair_being_named(said):
    conversation = made(*said)
    if rejection(conversation):
        return
    written = [frame(turn.thinking, turn.content).split() for turn in conversation.turns]
    if not conversation.repairs:
        assert written == [text.split() for text in said]
