"""The tokenizer that the tab counts and renders with."""

from __future__ import annotations

from lf_qwen3.base.coded import blame_error
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.qwen3 import tokenizer_files

USUAL = "Qwen/Qwen3-4B"
"""All Qwen3 checkpoints share one tokenizer."""


def find_tokenizer(given: str | None, model: str | None) -> str:
    """Return the folder of the tokenizer named, of the board's model, or of any Qwen3.

    Where none is in a hub's cache, Qwen3's is made once from dashscope and kept in the user's cache. Raises
    `UsageError` when the one named does not exist, or none can be had.
    """
    if given and given.strip():
        return str(tokenizer_files.find(given.strip()))
    if model and model.strip():
        try:
            return str(tokenizer_files.find(model.strip()))
        except UsageError:
            if "qwen3" not in model.lower():
                raise
    from lf_qwen3.proof.rehearse import model as stand_in

    keep = stand_in.cache_folder()
    if keep is None:
        return str(tokenizer_files.find(USUAL))
    return str(stand_in.find_tokenizer(USUAL, None, keep)[0])


def find_or_explain(given: str | None, model: str | None) -> tuple[str, list[str]]:
    """Return the tokenizer's folder and no note, or "" and the note that says why there is none."""
    try:
        return find_tokenizer(given, model), []
    except LfQwen3Error as error:
        return "", [blame_error("tokens were not counted", "tokens_not_counted", error)]
