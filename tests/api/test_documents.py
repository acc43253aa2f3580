"""docs/api.md tells the truth."""

from lf_qwen3.api.__main__ import document


def test_the_page_is_the_code_s(root):
    page = (root / "docs" / "api.md").read_text("utf-8")
    assert page == document(), "run: python -m lf_qwen3.api > docs/api.md"
