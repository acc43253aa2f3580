"""What is wrong with a text or an answer, defined once for `convert` and for `check`.

Convert rejects and check calls an error: empty_question and empty_answer (`is_empty`), nul (`has_nul`),
special_token (`find_special_token`), same_preference (`is_same_answer`), multimodal (`find_media_tag`). Both
warn of escaped_text (`has_escaped_line_ends`) and placeholder (`find_placeholder`). Check warns, and distil
refuses the answer of a model, for mojibake (`find_mojibake`), other_template (`find_other_template`),
leftover_markup (`find_markup`) and placeholder_answer (`is_placeholder`).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from lf_qwen3.qwen3.special_tokens import PATTERN
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

THINK_TAGS = (OPEN, CLOSE)
"""What a prompt may hold: `find_think_tag` says why."""
TOOL_TAGS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
"""What a system text may hold beside tools: the template says there itself how they are called."""

CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\$\$.*?\$\$|<tool_call>.*?(?:</tool_call>|\Z)", re.DOTALL)
"""Code and formulas of Markdown, and tool calls."""
_FORMULA = re.compile(r"\$[^$\n]+\$|\\\[.*?\\\]|\\\(.*?\\\)", re.DOTALL)
_PLACEHOLDER = re.compile(r"(?<![A-Za-z0-9_\\}^{$])\{\{ ?[^\W\d]\w+ ?\}\}(?![}{])")
_TEMPLATES = re.compile(
    r"\{%|\b(?:jinja2?|mustache|handlebars|vue(?:\.?js)?|angular(?:js)?|django|liquid|helm|ansible|twig|hugo"
    r"|templat\w+|placeholders?|f-strings?|curly|braces?)\b|模板|占位符|花括号",
    re.IGNORECASE,
)
_ESCAPED_END = re.compile(r"\\n(?![a-z])")
_ESCAPES = re.compile(
    r"\\(?:r\\n|[nt](?![a-z])|n(?!(?:u|e|eq|eg|ot|otin|abla|i|mid|leq|geq|ewline|ewcommand|onumber"
    r"|exists|earrow|ormalsize|olimits|atural|parallel|subseteq|ewenvironment)(?![a-z]))(?=[a-z])|\")"
)
_OTHER_TEMPLATES = re.compile(
    r"\[/?INST\]|<</?SYS>>|<\|(?:start_header_id|end_header_id|eot_id|begin_of_text|end|user|assistant|system)\|>"
    r"|<(?:start|end)_of_turn>|</s>|### (?:Instruction|Response|Human|Assistant):"
)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#\d{1,5}|#x[0-9a-fA-F]{1,5});")
_TAG = re.compile(
    r"</(?:p|div|span|li|ul|ol|td|tr|table|font|strong|em|b|i|h[1-6])>|<br\s*/?>", re.IGNORECASE
)
_TAG_BEGINS = ("</", "<b", "<B")
_MOJIBAKE = re.compile(
    "\ufffd"
    "|锟斤拷|烫烫烫|屯屯屯"
    "|â€[\u0080-\u009f™œžŸš›˜”“‘’¢£¤¦]"
    "|Ã[\u0080-\u00bf]"
    "|Â[\u00a0-\u00bf]"
    "|ï»¿"
    "|(?:[ä-é][\u0080-\u00bf]{2}){2}"
)
_SUSPECT = re.compile("[\ufffd锟烫屯ÂÃâä-éï]")
"""One class of characters is looked for ten times as fast as the patterns that begin with them."""

_EMPTY_CELLS = {"nan", "none", "null", "n/a", "na", "undefined", "todo", "tbd", "无", "空", "暂无"}
_MEDIA_TAG = re.compile(
    r"<image(?:[ _]?\d+)?>|<ImageHere>|<img>[^<]+</img>|<audio>[^<]+</audio>|<video>[^<]+</video>"
    r"|(?:\A|\n)[ \t]*<(?:video|audio)(?:[ _]?\d+)?>|<(?:video|audio)(?:[ _]?\d+)?>[ \t]*(?:\n|\Z)",
    re.IGNORECASE,
)


def is_empty(text: str) -> bool:
    """Return whether a question or an answer, its reasoning removed, says nothing."""
    return not text or text.isspace()


def has_nul(text: str) -> bool:
    """Return whether U+0000 is in a text."""
    return "\0" in text


def find_special_token(text: str, allowed: Collection[str] = ()) -> str | None:
    """Return the first added token of Qwen3's tokenizer in a text that does not belong there, or None."""
    if "<" not in text:
        return None
    tokens = (match[0] for match in PATTERN.finditer(text))
    return next((token for token in tokens if token not in allowed), None)


def find_think_tag(prompt: str) -> str | None:
    """Return the first think tag in a prompt, or None: convert keeps such a row, and both warn of it.

    A prompt that asks for reasoning in think tags is kept as it is: the tokenizer makes the same control
    token of the tag when the model is asked with that prompt, no template reads think tags in a user's turn
    (Qwen3's and `ReasoningTemplate` take them in assistant turns alone), and it is not in the loss. To take
    the tag out would train another prompt than the one that will be asked.
    """
    if "think>" not in prompt:
        return None
    return next((tag for tag in THINK_TAGS if tag in prompt), None)


def find_media_tag(text: str) -> str | None:
    """Return the first placeholder tag of a picture, video or audio in a prompt, or None.

    LLaMA-Factory inserts them at <image>, <video> and <audio>. Code is not looked at, and the last two
    count only at one end of a line, for they are tags of HTML too.
    """
    if "<" not in text:
        return None
    match = _MEDIA_TAG.search(CODE.sub(" ", text) if "`" in text else text)
    return match[0].strip() if match else None


def find_placeholder(answer: str) -> str | None:
    """Return the first name in an answer that nobody filled in, such as {{name}}, or None.

    Code and formulas are not looked at, nor answers about templates.
    """
    if "{" not in answer or "{{" not in answer or _TEMPLATES.search(answer):
        return None
    match = _PLACEHOLDER.search(_FORMULA.sub(" ", CODE.sub(" ", answer)))
    return match[0] if match else None


def find_mojibake(text: str) -> str | None:
    """Return the text from a little before the first damage on that a wrong encoding did, or None.

    The damage is U+FFFD, or what UTF-8 looks like in Latin-1 and GBK.
    """
    if text.isascii() or not _SUSPECT.search(text):
        return None
    damage = _MOJIBAKE.search(text)
    return text[max(damage.start() - 10, 0) :] if damage else None


def find_other_template(text: str) -> str | None:
    """Return the first turn mark of Llama, Gemma, Phi, Mistral or Alpaca in a text, or None."""
    if "[" not in text and "<" not in text and "###" not in text:
        return None
    mark = _OTHER_TEMPLATES.search(text)
    return mark[0] if mark else None


def find_markup(answer: str) -> str | None:
    """Return the first entity of HTML in an answer, or tag where there are two; None in code alone."""
    may_hold_entity = "&" in answer and ";" in answer
    may_hold_tag = "<" in answer and any(begin in answer for begin in _TAG_BEGINS)
    if not may_hold_entity and not may_hold_tag:
        return None
    prose = CODE.sub(" ", answer)
    tags = _TAG.findall(prose)
    markup = _ENTITY.search(prose) or (_TAG.search(prose) if len(tags) > 1 else None)
    return markup[0] if markup else None


def is_placeholder(answer: str) -> bool:
    """Return whether an answer has neither letter nor digit, or is what an empty cell is exported as."""
    text = answer.strip()
    if not text or len(text) >= 16:
        return False
    return text.strip(" .。").lower() in _EMPTY_CELLS or not any(map(str.isalnum, text))


def has_escaped_line_ends(answer: str) -> bool:
    r"""Return whether an answer has several line ends, and all are written as two characters, \n."""
    return "\n" not in answer and "\\n" in answer and len(_ESCAPED_END.findall(answer)) > 1


def unescape_text(text: str) -> str:
    r"""Return a text without line ends with characters for \n, \t and \" that are in it.

    What begins a command of LaTeX (\nu, \theta) stays.
    """
    if "\\n" not in text or "\n" in text or not _ESCAPED_END.search(text):
        return text
    return _ESCAPES.sub(lambda match: {"t": "\t", '"': '"'}.get(match[0][1], "\n"), text)


def is_same_answer(chosen: str, rejected: str) -> bool:
    """Return whether two whole answers, reasoning included, differ in white space at most."""
    return chosen.split() == rejected.split()
