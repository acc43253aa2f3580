"""What is wrong with a text, where convert and check say the same."""

import pytest

from lf_qwen3.data.row_defects import (
    find_media_tag,
    find_placeholder,
    find_think_tag,
    has_escaped_line_ends,
    unescape_text,
)
from lf_qwen3.qwen3.thinking import CLOSE, OPEN


@pytest.mark.parametrize(
    ("answer", "mark"),
    [
        ("I am {{name}}, made by {{author}}.", "{{name}}"),
        ("我是{{NAME}}，由{{AUTHOR}}开发。", "{{NAME}}"),
        ("By {{ author }}.", "{{ author }}"),
        ("Dear {{first_name}},", "{{first_name}}"),
    ],
)
def test_a_name_that_was_never_filled_in(answer, mark):
    assert find_placeholder(answer) == mark


@pytest.mark.parametrize(
    "answer",
    [
        "Write `{{name}}`.",
        "```html\n<p>{{name}}</p>\n```",
        "In Jinja, {{name}} is filled in.",
        "Vue shows {{message}} there.",
        r"\frac{{ab}}{{cd}} and x^{{abc}}",
        r"$\text{{ab}} + {{cd}}$",
        "{% if a %}{{name}}{% endif %}",
        "f\"{{literal}}\" is an f-string",
        "a set {{1, 2}, {3}}",
        "{{user.name}} {{a}} {name}",
    ],
)  # fmt: skip
def test_braces_that_are_code_or_formulas_or_a_lesson(answer):
    assert find_placeholder(answer) is None


def test_escaped_line_ends_and_their_cure():
    text = r"First.\nThe gradient \nabla f, \theta and \neq.\n\tSaid \"so\".\r\nsecond part \nu"
    assert has_escaped_line_ends(text)
    cured = 'First.\nThe gradient \\nabla f, \\theta and \\neq.\n\tSaid "so".\nsecond part \\nu'
    assert unescape_text(text) == cured
    assert not has_escaped_line_ends(cured)
    for untouched in (cured, r"Write \nu.", r"C:\temp", "plain", "one\n" + r"print('\n') \n"):
        assert unescape_text(untouched) == untouched


@pytest.mark.parametrize(
    "prompt",
    ["<image>\nDescribe.", "Describe <image> and <image>.", "<video>What happens?", "Hear.\n<audio>",
     "<image_1> is what?", "<img>a/b.png</img> What?", "<ImageHere> so"],
)  # fmt: skip
def test_a_tag_that_stands_for_a_picture(prompt):
    assert find_media_tag(prompt)


@pytest.mark.parametrize(
    "prompt",
    ["Use `<image>`.", "What does the <video> tag do?", '<img src="a.png">', "```\n<image>\n```", "a < b"],
)
def test_a_tag_of_a_page(prompt):
    assert find_media_tag(prompt) is None


@pytest.mark.parametrize(
    ("prompt", "tag"),
    [
        ("Why?", None),
        ("I think> so", None),
        ("<thinking> is no token", None),
        (f"Reason in {OPEN} tags.", OPEN),
        (f"End with {CLOSE}.", CLOSE),
        (f"{OPEN} reasoning here {CLOSE}", OPEN),
    ],
)
def test_think_tags_of_a_prompt_are_found(prompt, tag):
    assert find_think_tag(prompt) == tag
