"""What can be wrong with one generated text, whatever its similarity to the reference."""

from __future__ import annotations

import re

from lf_qwen3.base.language import is_wrong_language
from lf_qwen3.base.repetition import find_loop_at_end
from lf_qwen3.qwen3 import special_tokens
from lf_qwen3.qwen3.thinking import CLOSE, OPEN, has_tag
from lf_qwen3.results.score.parts import END, PAD, Parts, is_well_formed, without_special
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.results.score.prompts import find_question

_TOOLS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
_GOES_ON = re.compile("[,，、:：;；(（\\[“‘\ufffd]\\Z")


def find_flags(prediction: Prediction, predict: Parts, label: Parts) -> dict[str, bool | None]:
    """Return every flag but `cut`, which needs more than the text; None where a flag has no meaning."""
    loop = find_loop_at_end(predict.text)
    return {
        "well_formed": is_well_formed(predict, bool(label.thinking), has_tag(label.answer)),
        "unclosed_thinking": predict.is_unclosed,
        "leaked_token": bool(leaked_tokens(prediction)),
        "repetition": bool(loop) and find_loop_at_end(label.text) != loop,
        "empty_answer": not predict.answer if label.answer else None,
        "wrong_language": is_wrong_language(find_question(prediction.prompt), predict.answer, label.answer),
    }


def leaked_tokens(prediction: Prediction) -> list[str]:
    """Return the control tokens written as text in a prediction, each once.

    Not the end token and the padding behind it, not the think tags, and not those the reference has too; tool
    tags only where neither prompt nor reference knows tools.
    """
    text = without_end(prediction.predict)
    if "<" not in text:
        return []
    allowed = {OPEN, CLOSE, *special_tokens.PATTERN.findall(without_end(prediction.label))}
    if "<tools>" in prediction.prompt or "<tool_call>" in prediction.label:
        allowed.update(_TOOLS)
    return [token for token in dict.fromkeys(special_tokens.PATTERN.findall(text)) if token not in allowed]


def without_end(text: str) -> str:
    """Take off the end token and the padding that decoding with special tokens leaves at the end."""
    shorter = text.rstrip()
    while shorter.endswith((END, PAD)):
        shorter = shorter.removesuffix(END).removesuffix(PAD).rstrip()
    return shorter


def has_end(text: str) -> bool:
    """Return whether a text decoded with its special tokens ends in one: then the model stopped by itself.

    The trainer stops at the end token and at every other special token; padding is behind a stop alone.
    """
    return END in text or (text.endswith("|>") and without_special(text) != text)


def looks_cut(predict: Parts) -> bool:
    """Guess from its ending that a text was cut.

    It ends inside the thinking, a code block or a character (bytes that are no UTF-8), or after a comma.
    """
    text = predict.text.rstrip()
    return predict.is_unclosed or text.count("```") % 2 == 1 or bool(_GOES_ON.search(text))
