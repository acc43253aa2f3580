"""Why a reply is not kept: every code in one table, and the tests of a text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lf_qwen3.base.language import is_wrong_language
from lf_qwen3.base.reasons import REJECTED, Reason
from lf_qwen3.base.repetition import find_loop_at_end
from lf_qwen3.data.row_defects import (
    find_markup,
    find_mojibake,
    find_other_template,
    find_placeholder,
    has_escaped_line_ends,
    is_placeholder,
)
from lf_qwen3.qwen3.foreign_tags import find_foreign_tag
from lf_qwen3.qwen3.thinking import excerpt

REFUSED: Mapping[str, Reason] = {
    "cut": Reason("the reply is truncated", "allow more tokens: --max-new-tokens, or a longer context"),
    "empty_answer": Reason("the reply has no answer", "truncated thinking has no answer either"),
    "mode_ignored": Reason(
        "thinking was requested but is missing, or the reverse",
        "name the kind of server (--dialect), or ask for the mode that it supports",
    ),
    "refused_by_server": Reason(
        "the server refuses the request", "its message says why: often the request is too long"
    ),
    "no_match": Reason("the answer differs from the answer of the row", "more samples may match: --samples"),
    "not_matchable": Reason(
        "the row has no answer to compare replies with",
        "--keep all keeps such rows, --match judge asks a model",
    ),
    "not_judged": Reason("the verdict of the judge cannot be read", "use another judge"),
    "not_best": Reason("another sample of the row is kept", "--keep all keeps all"),
    "low_rating": Reason(
        "the judge rates the row lower than the rows that are kept", "rows.ratings.jsonl says why"
    ),
    "duplicate": Reason("duplicate question in the sources", "the question is asked once"),
    "has_tools": Reason("the row has tools, whose results cannot be generated", "convert keeps such rows"),
    "leak": Reason(
        "near-duplicate of a held-out question (data leakage)", "leave it out of the training data"
    ),
    "not_a_question": Reason("the reply has no readable question", "another model may follow the form"),
    "no_gain": Reason("the new question asks for nothing new", "the judge calls it the same as the old one"),
    "no_majority": Reason(
        "most answers differ from the answer that came with the question",
        "the question or that answer is wrong",
    ),
    "copy": Reason("near-duplicate of a seed question or of a kept question", "it adds nothing new"),
    "template_text": Reason(
        "words of a prompt or a chat template are in the text", "the model repeats its prompt"
    ),
    "refusal": Reason("the model refuses to answer", "leave out the question if that is right"),
    "mentions_reference": Reason(
        "the text mentions an answer that was given to the model",
        "a model trained on it would learn to pretend",
    ),
    "language": Reason(
        "the answer is in another script than the question", "name the language with --system"
    ),
    "broken_text": Reason(
        "a character of the text is damaged (U+FFFD, mojibake)", "the reply was truncated inside a character"
    ),
    "markup": Reason(
        "HTML, an unfilled placeholder or a line end written as \\n is in the answer",
        "check warns of it too: the model would learn it",
    ),
    "loop": Reason(
        "the text repeats itself until its end", "sample as Qwen recommends; greedy decoding repeats itself"
    ),
    "special_token": REJECTED["special_token"],
}
"""Beside these a reply is refused with the codes of convert, which reads every row before it is kept."""

_TEMPLATE = re.compile(
    r"<\|im_(?:start|end)\|>|<\|endoftext\|>|<\|(?:user|assistant|system)\|>|\[/?INST\]|<</?SYS>>"
    r"|#\s*(?:The )?(?:Given|Rewritten|Created|New) (?:Prompt|Instruction|Question)s?\s*#"
    r"|\b(?:given|rewritten|created) prompt\b|^\s*### (?:Human|Instruction|Response):\s"
    r"|改写后的(?:提示|指令|问题)|给定的(?:提示|指令)",
    re.IGNORECASE | re.MULTILINE,
)
_TURNS = re.compile(
    r"^\s*Human\s*:\s|^\s*User\s*:\s.*\n\s*(?:Assistant|AI)\s*:\s", re.IGNORECASE | re.MULTILINE
)
_DIALOGUE = re.compile(
    r"dialog|conversation|\bchat|\bscript\b|interview|\bscene\b|\bplay\b|human|对话|聊天|剧本|会話|対話|대화|диалог",
    re.IGNORECASE,
)
"""Turns of a chat in an answer, and questions that ask for such."""

_OPENS_WITH_NO = re.compile(
    r"\A[\s*_]*(?:(?:unfortunately|sorry|i(?:'|’| a)m (?:sorry|afraid)|i apologi[sz]e)\b[\s,.]*(?:but )?)?"
    r"i(?: can(?:not|'t|’t| not)(?! (?:believe|wait|help|stand|imagine|tell you how)\b)"
    r"|(?:'|’| a)m (?:unable|not able)| (?:don't|don’t|do not) have (?:access|enough|the ability|any))\b",
    re.IGNORECASE,
)
_FICTION = re.compile(
    r"\b(?:write|continue|compose|finish|tell)\b[^\n]*\b(?:story|tale|diary|poem|novel|letter|speech|lyrics|song|monologue)\b|故事|日记|诗|小说|物語|日記|詩|이야기|일기|рассказ",
    re.IGNORECASE,
)
"""An answer that opens with what the speaker cannot do, and questions in which that is another speaker."""

_REFUSAL = re.compile(
    r"\b(?:as an? (?:\w+ )?(?:ai|language model)|i(?:'|’| a)m (?:just |only )?an? (?:ai|language model)"
    r"|i(?:'|’| a)m (?:very |so )?sorry,? (?:but|i (?:can|am)|as)|sorry,? (?:but )?(?:i|as an)\b"
    r"|i(?: am|'m|’m) (?:unable|not able) to (?:help|assist|provide|answer|comply|fulfil|do)"
    r"|i (?:can(?:not|'t|’t| not)|won(?:'|’)t)"
    r" (?:help(?! (?:but|it|\w+ing)\b)|assist|provide|answer|comply|fulfil|do|discuss|engage|share)"
    r"|i must (?:decline|refuse)|i(?:'|’)d rather not)"
    r"|作为(?:一个|一名)?(?:ai|人工智能|语言模型|大模型)|(?:很|非常)?抱歉[，,]?(?:我|但|作为|无法|不能)|对不起[，,]?(?:我|但|作为)"
    r"|我(?:无法|不能)(?:访问|查看|回答|提供|协助|帮助|满足|讨论|完成)"
    r"|申し訳(?:ありません|ございません)|お(?:答え|手伝い)(?:する(?:こと)?(?:は|が)?|は|が)?(?:でき|いたし?か?ね)|AI(?:アシスタント|言語モデル)?(?:として|なので|ですので|ですから)"
    r"|죄송(?:하지만|합니다만)|(?:도와|답변해?|제공해?) ?드릴 수 없|AI(?:로서| 언어 모델)"
    r"|tut mir leid, (?:aber|ich)|ich kann (?:\w+ )?(?:leider )?nicht helfen|als (?:KI|Sprachmodell)\b"
    r"|désolée?, (?:mais )?je ne (?:peux|suis)|en tant qu(?:'|’)IA\b"
    r"|lo siento, (?:pero )?no puedo|como (?:una IA|modelo de lenguaje)\b"
    r"|(?:извините|простите), (?:но )?я |к сожалению, я не могу|как (?:ии|языковая модель)\b",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\b(?:reference answer|given answer|provided answer|(?:correct|final) answer (?:is|was) given"
    r"|answer (?:i was|we were|that was|you) (?:given|gave|provided)"
    r"|as (?:given|stated|provided) (?:above|in the (?:hint|prompt|answer))"
    r"|the (?:hint|reference|note)(?: says|\b(?! \w+ing\b))|told (?:me |us )?that (?:the|it|its)\b"
    r"|according to the (?:given|provided|reference|known) (?:answer|solution)"
    r"|\b(?:given|told|tells?|knows?|says?|said|mentions?|states?|provide[sd]?)\b[^.\n]{0,30}\b(?:answer|solution)\b"
    r"|your (?:own )?response|my response|now it's your turn|(?:the )?answer provided)"
    r"|标准答案|参考答案|给(?:定|出)的(?:正确)?答案|根据(?:提示|参考|已知答案|给定)|题目给(?:出|定)的答案|(?:已知|告诉|告知|提供)(?:了|我|我们)?[^。\n]{0,6}答案|装作|假装|提示(?:说|中|给出|的答案)|参照(?:解答|回答)|与えられた(?:答え|解答)|模範解答",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"(?:[\s!-'*-/:;?@_`~。，！？、；：…—]|\b(?:an|and|are|as|at|be|but|by|for|in|is|it|of|on|or|so|that|the|this|to)\b)*",
    re.IGNORECASE,
)
"""Punctuation and words that carry nothing; a single one of those words may be an answer."""
_UNENDED = re.compile(
    r"[,，、:：;；(（]\s*$|\n\s*(?:\d+[.)]|[-*])\s*$|[^。！？\n]{12}[是在和与或而但把被于从对将]\s*$"
    r"|\b(?:the|an?|and|or|because|to|which|with|from|as|if|when|and then|(?:it|thei|you|ou)[rs]|my)\s*$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|「[^」\n]*」|«[^»\n]*»")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$", re.MULTILINE)
_LANGUAGE = re.compile(
    r"\b(?:chinese|mandarin|japanese|korean|english|german|french|spanish|russian|latin|kanji|kana)\b"
    r"|[英中日韩法德俄汉][语文語]|日本語|中国語|韓国語|영어|중국어|일본어|한국어",
    re.IGNORECASE,
)
"""A question that names a language may be answered in it."""

_SHORT = 600
"""Bytes of a refusal: 80 to 100 words, 200 Chinese characters. A longer answer may be sorry on its way."""


def find_bad_text(
    question: str, thinking: str | None, answer: str, reference: str = "", hinted: bool = False
) -> tuple[str, str] | None:
    """Return the code of what is wrong with a reply and the text at fault, None where nothing is."""
    whole = f"{thinking or ''}\n{answer}"
    if (template := _TEMPLATE.search(whole)) and template[0].strip() not in question:
        return "template_text", template[0].strip()
    if (mark := find_other_template(whole)) and mark not in question:
        return "template_text", mark
    if (turns := _TURNS.search(answer)) and not _DIALOGUE.search(question):
        return "template_text", turns[0].strip()
    if is_placeholder(answer) or (_NOTHING.fullmatch(answer) and len(answer.split()) > 1):
        return "empty_answer", excerpt(answer)
    if is_refusal(answer) or (opens_with_no(answer) and not _FICTION.search(question)):
        return "refusal", excerpt(answer)
    if hinted and (mention := _REFERENCE.search(whole)):
        return "mentions_reference", mention[0]
    if damage := find_mojibake(whole):
        return "broken_text", excerpt(damage)
    if markup := find_markup(answer) or find_placeholder(answer) or find_foreign_tag(answer):
        return "markup", markup
    if has_escaped_line_ends(answer):
        return "markup", excerpt(answer[answer.index("\\n") :])
    if not _LANGUAGE.search(question) and is_wrong_language(question, answer, reference):
        return "language", excerpt(answer)
    for text in filter(None, (thinking, answer)):
        if unit := find_loop_at_end(text):
            return "loop", excerpt(unit)
    return ("cut", excerpt(answer[-80:])) if breaks_off(answer) else None


def breaks_off(answer: str) -> bool:
    """Return whether an answer ends inside a code block or a sentence, though the server calls it whole."""
    fence = ""
    for mark, info in _FENCE.findall(answer):
        if not fence:
            fence = mark
        elif mark.startswith(fence) and not info.strip():
            fence = ""
    is_sentence = len(answer.split()) > 4 or not answer.isascii()
    return bool(fence) or (is_sentence and _UNENDED.search(answer) is not None)


def opens_with_no(answer: str) -> bool:
    """Return whether a short answer begins with what the speaker cannot do."""
    return len(answer.encode("utf-8", "replace")) <= _SHORT and _OPENS_WITH_NO.match(answer) is not None


def is_refusal(answer: str) -> bool:
    """Return whether a short answer declines to answer, in one of eight languages."""
    own = _QUOTED.sub("", answer)
    return len(answer.encode("utf-8", "replace")) <= _SHORT and _REFUSAL.search(own) is not None


def has_template_text(text: str) -> bool:
    """Return whether words of a prompt for rewriting, or of a chat template, are in a text."""
    return _TEMPLATE.search(text) is not None
