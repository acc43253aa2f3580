"""What a user reads says it in plain words: the field's term, and no paraphrase of it."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIALECT = re.compile(
    r"\b(stands? (there|twice|beside|before)|stood there|by heart|(hold|holds|held) (.{1,40} )?against"
    r"|anew|at hand|is weighed|reckons?|without a word|(is|are|was|were) told|passed over|is due"
    r"|(take|takes|taken) (it|them) (out|away|off)|lies? (in|on|elsewhere)|(breaks?|broken) off|go(es)? on"
    r"|brings? (no|two|several|another)|what is given|the whole way"
    r"|cannot be told|told (apart|from|by|of)|whoever|stood in for|bears?|speaks? (for|of|on|as)"
    r"|wherever (it|they) stands?|stands? (alone|again|outside|several)|where \w+ lies?)\b",
    re.IGNORECASE,
)
"""Paraphrases that nobody searches for, such as "learnt by heart" for overfitting."""

MEANT = ("follow no instruction",)
"""Prompts for a judge, which no user reads."""


def _texts_of(module):
    """Yield line and text of each string of a module, its docstrings too, with {} for what is filled in."""
    tree = ast.parse(module.read_text("utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped.update(map(id, node.values))
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def _strings(node):
    for value in node.values():
        yield from _strings(value) if isinstance(value, dict) else [value]


def _is_dialect(text):
    return DIALECT.search(text) and not any(words in text for words in MEANT)


def test_messages_and_docstrings_are_in_plain_words():
    modules = (ROOT / "lf_qwen3").rglob("*.py")
    found = [
        f"{module.relative_to(ROOT)}:{line}: {text}"
        for module in modules
        for line, text in _texts_of(module)
        if _is_dialect(text)
    ]
    assert found == []


def test_the_board_is_in_plain_words():
    strings = json.loads((ROOT / "web/strings/en.json").read_text("utf-8"))
    assert [text for text in _strings(strings) if _is_dialect(text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/*.md",
        "docs/guides/*.md",
        "recipes/**/*.yaml",
        "recipes/**/*.md",
        "recipes/books/*.j2",
    ],
)
def test_pages_and_recipes_are_in_plain_words(pattern):
    pages = sorted(ROOT.glob(pattern))
    assert pages
    lines = ((page, line) for page in pages for line in page.read_text("utf-8").splitlines())
    assert [f"{page.name}: {line}" for page, line in lines if _is_dialect(line)] == []


@pytest.mark.parametrize(
    "text",
    [
        "the record stands there twice",
        "learnt by heart",
        "the rows are read anew",
        "the trainer goes on from its end",
        "thinking is told from the answer",
        "whoever starts the board",
    ],
)
def test_a_paraphrase_is_found(text):
    assert _is_dialect(text)
