import pytest

from lf_qwen3.data.row_defects import find_think_tag
from lf_qwen3.qwen3.thinking import CLOSE, OPEN


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
