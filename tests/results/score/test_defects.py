"""Each defect is found where it is, and not where it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lf_qwen3.base.language import detect_script, is_wrong_language
from lf_qwen3.base.repetition import find_loop_at_end
from lf_qwen3.results.score import Prediction
from lf_qwen3.results.score.defects import find_flags, has_end, leaked_tokens, looks_cut
from lf_qwen3.results.score.parts import split_parts
from lf_qwen3.results.score.prompts import find_conversation, find_question
from lf_qwen3.results.score.rows import split_prediction

PROMPT = "<|im_start|>user\nWhat lowers high blood pressure?<|im_end|>\n<|im_start|>assistant\n"

LOOPS = {
    "a comma": ("建议、" + "、" * 40, "、"),
    "a letter": ("The gene " + "G" * 40, "G"),
    "a phrase": ("血压高，" + "多喝水，" * 20, "多喝水，"),
    "a phrase cut inside": ("血压高，" + "多喝水，" * 20 + "多喝", "水，多喝"),
    "a line": ("Steps:\n" + "Take it with a glass of water.\n" * 4, None),
    "a numbered line": ("\n".join(f"{n}. Drink more water." for n in range(7, 40)), None),
    "a paragraph": ("S.\n" + "A paragraph of its own, which is said over and over again.\n\n" * 3, None),
    "trailing white space": ("no " * 30 + "\n\n\n", None),
}


@pytest.mark.parametrize(("text", "unit"), LOOPS.values(), ids=LOOPS.keys())
def test_a_loop_is_found(text, unit):
    assert find_loop_at_end(text) == unit if unit else find_loop_at_end(text)


SOUND = {
    "empty": "",
    "short": "好好好",
    "an answer": "每天监测血压，少吃盐，多运动。",
    "a loop that ends": "哈" * 40 + "，然后他停了下来，开始认真回答问题。",
    "a rule": "Done.\n" + "-" * 40,
    "a big number": "It is 1" + "0" * 12,
    "counting": ", ".join(str(n) for n in range(1, 40)),
    "a table of numbers": "| a | b |\n" + "| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n",
    "laughter": "哈哈哈哈哈哈",
}


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND.keys())
def test_no_loop_is_seen_in_a_sound_text(text):
    assert find_loop_at_end(text) == ""


@given(
    st.text("ab 的。", min_size=1, max_size=60).filter(lambda unit: unit.strip() == unit),
    st.integers(24, 40),
    st.text("xyz", max_size=30),
)
def test_whatever_is_repeated_often_is_found(unit, copies, before):
    found = find_loop_at_end(before + unit * copies)
    assert found
    assert len(found) <= len(unit)
    assert (unit * copies).endswith(found * 3)


LEAKS = {
    "none": ("A", "L", []),
    "an end in the middle": ("A<|im_end|>B", "L", ["<|im_end|>"]),
    "a new turn": ("A<|im_start|>user", "L", ["<|im_start|>"]),
    "the end and its padding": ("A<|im_end|>\n<|endoftext|><|endoftext|>", "L<|im_end|>\n", []),
    "think tags": ("<think>\nR\n</think>\n\nA", "L", []),
    "a tool call without tools": ("<tool_call>{}</tool_call>", "L", ["<tool_call>", "</tool_call>"]),
    "a tool call as in the label": ("<tool_call>{}</tool_call>", "<tool_call>{}</tool_call>", []),
    "a token the label has": ("<|fim_prefix|>", "Say <|fim_prefix|>", []),
}


@pytest.mark.parametrize(("predict", "label", "leaked"), LEAKS.values(), ids=LEAKS.keys())
def test_leaked_tokens(predict, label, leaked):
    assert leaked_tokens(Prediction(PROMPT, predict, label, 1)) == leaked


def test_a_tool_call_is_no_leak_where_the_prompt_has_tools():
    prompt = "<|im_start|>system\n# Tools\n<tools>\n{}\n</tools><|im_end|>\n" + PROMPT
    assert leaked_tokens(Prediction(prompt, "<tool_call>\n{}\n</tool_call>", "L", 1)) == []


ENDS = {
    "a sentence": ("Take it daily.", False),
    "a list item": ("- water\n- salt", False),
    "a comma": ("饮食上，", True),
    "a colon": ("You need:", True),
    "inside code": ("```python\nx = 1", True),
    "closed code": ("```python\nx = 1\n```", False),
    "inside the thinking": ("<think>\nFirst.", True),
    "half a character": ("血\ufffd", True),
}


@pytest.mark.parametrize(("text", "cut"), ENDS.values(), ids=ENDS.keys())
def test_a_cut_is_guessed_from_the_ending(text, cut):
    assert looks_cut(split_parts(text)) is cut


@pytest.mark.parametrize(
    ("text", "ended"),
    [("A<|im_end|>", True), ("A<|im_end|><|endoftext|>", True), ("A<|im_start|>", True), ("A", False)],
    ids=["end", "end and padding", "another special token", "none"],
)
def test_the_end_token_is_evidence(text, ended):
    assert has_end(text) is ended


ENGLISH = "Eat less salt and walk half an hour each day of the week."
CHINESE = "少吃盐，每天走半个小时，坚持监测血压。"
LANGUAGES = {
    "same": ("高血压怎么办？", CHINESE, CHINESE, False),
    "English to a Chinese question": ("高血压怎么办？", ENGLISH, CHINESE, True),
    "Chinese to an English question": ("What helps?", CHINESE, ENGLISH, True),
    "a translation": ("翻译成英文：少吃盐。", ENGLISH, "Eat less salt daily.", False),
    "code does not count": (
        "排序怎么写？",
        "```python\nfor item in sorted(many items here)\n```",
        "略",
        None,
    ),
    "too short": ("高血压怎么办？", "OK", CHINESE, None),
    "mixed": ("高血压怎么办？", "血压 is 高 and so on 少吃 salt 盐 每天", CHINESE, None),
}


@pytest.mark.parametrize(("question", "answer", "label", "wrong"), LANGUAGES.values(), ids=LANGUAGES.keys())
def test_wrong_language(question, answer, label, wrong):
    assert is_wrong_language(question, answer, label) is wrong


SCRIPTS = {
    "English": (ENGLISH, "Latin"),
    "Chinese": (CHINESE, "CJK"),
    "Japanese": ("これは血圧を下げます。", "CJK"),
    "Korean": ("혈압을 낮추는 방법", "CJK"),
    "digits": ("1 + 1", None),
}


@pytest.mark.parametrize(("text", "script"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_scripts(text, script):
    assert detect_script(text) == script


def test_the_question_is_the_last_user_turn():
    prompt = (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nFirst?<|im_end|>\n"
        "<|im_start|>assistant\nYes.<|im_end|>\n<|im_start|>user\nAnd second?<|im_end|>\n"
    )
    assert find_question(prompt) == "And second?"
    assert find_conversation(prompt) == "user: First?\n\nassistant: Yes.\n\nuser: And second?"
    assert find_question("Bare text") == find_conversation("Bare text") == "Bare text"


@pytest.mark.parametrize(
    ("predict", "label", "empty"),
    [("", "A", True), ("<think>\nR\n</think>\n\n", "A", True), ("A", "A", False), ("A", "", None)],
    ids=["nothing", "thinking alone", "an answer", "no reference"],
)
def test_an_empty_answer(predict, label, empty):
    one = Prediction(PROMPT, predict, label, 1)
    assert find_flags(one, *split_prediction(one))["empty_answer"] is empty


def test_a_loop_that_the_label_has_too_is_no_defect():
    one = Prediction(PROMPT, "G" * 50, "G" * 50, 1)
    assert find_flags(one, *split_prediction(one))["repetition"] is False
