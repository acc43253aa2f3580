r"""Read a dialogue that is in one text, its turns separated by marks such as "Human:" and "Assistant:".

A text is a transcript only as a whole: it begins with a mark of the user (or of the system), user and
assistant alternate, and the marks of each are of one spelling. An essay that quotes a dialogue is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from lf_qwen3.base.conversation import Conversation, Role, Turn
from lf_qwen3.qwen3.thinking import trimmed

_CHATML = "<|im_start|>"

_PAIRS = (
    ("human|user|customer|client", "(?:ai[ _])?assistant|ai|(?:chat)?bot|(?:chat)?gpt|model|agent"),
    ("question|q", "answer|a"),
    ("用户|人类|human|user", "(?:ai ?)?(?:助手|助理)|机器人|模型|ai|assistant|(?:chat)?bot"),
    ("instruction|prompt|input", "response|output|completion|answer"),
    ("提问|问题|问", "回答|答案|答"),
    ("患者|病人|patient", "医生|doctor"),
)
"""What user and assistant are called at the beginning of a line."""
_SYSTEM, _TOOL = "system|系统", "function response|tool response"


def _word(words: str) -> str:
    return rf"(?:\*\*|<|\[)?(?i:{words})(?:\*\*|>|\])? ?[:：](?:\*\*)?"


def _marks(**patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{role}>{pattern})" for role, pattern in patterns.items()))


@cache
def _at_lines(start: str) -> list[re.Pattern[str]]:
    """Return the marks of every pair where they open a line, or a paragraph.

    They are made at the first text that needs them: it takes longer than to convert a small file.
    """
    return [
        _marks(
            **{
                role: start + _word(words)
                for role, words in zip(
                    ("system", "user", "assistant", "tool"), (_SYSTEM, user, bot, _TOOL), strict=True
                )
            }
        )
        for user, bot in _PAIRS
    ]


_LINE, _PARAGRAPH = r"(?:\A|\n[ \t]*)", r"(?:\A|\n[ \t]*\n[ \t]*)"

_ASKED = (
    "Instruction|Question|Prompt|指令|问题|指示|質問|명령어|질문|Instrucción|Instrução|Istruzione|Anweisung"
    "|Pregunta|Pergunta|Domanda|Frage|Talimat|Soru|Инструкция|Задание|Вопрос|Câu hỏi|Instruksi|Pertanyaan"
)
_GIVEN = "Input|Context|输入|入力|입력|맥락|Entrada|Entrée|Eingabe|Girdi|Ввод|Вход|Đầu vào|Masukan"
_REPLIED = (
    "Response|Output|Answer|回复|回答|输出|応答|응답|답변|Respuesta|Resposta|Risposta|Réponse|Antwort|Yanıt|Cevap"
    "|Ответ|Trả lời|Jawaban|Respons"
)
"""How Alpaca's template calls its three parts in other languages."""
_LLAMA_3 = r"<\|start_header_id\|>(?:{})<\|end_header_id\|>"
_ANYWHERE = (
    _marks(
        **{
            role: _LLAMA_3.format(name)
            for role, name in (
                ("system", "system"),
                ("user", "user"),
                ("assistant", "assistant"),
                ("tool", "ipython|tool"),
            )
        }
    ),
    _marks(user="<start_of_turn>user\n", assistant="<start_of_turn>model\n"),
    _marks(system=r"<\|system\|>", user=r"<\|user\|>", assistant=r"<\|(?:assistant|ai|bot)\|>"),
    _marks(
        system="<s> ?(?i:system): ?",
        user="<s> ?(?i:human|user): ?",
        assistant="<s> ?(?i:assistant|ai|bot): ?",
    ),
    _marks(user=r"<[|｜]User[|｜]>", assistant=r"<[|｜]Assistant[|｜]>"),
    _marks(user=r"<\|Human\|>: ?", assistant=r"<\|MOSS\|>: ?"),
    _marks(
        system="<extra_id_0>System\n", user="<extra_id_1>User\n", assistant="<extra_id_1>Assistant(?:\n|$)"
    ),
    _marks(user=r"\[INST\]", assistant=r"\[/INST\]"),
    _marks(
        user=rf"### ?(?:{_ASKED}) ?[:：]?",
        input=rf"### ?(?:{_GIVEN}) ?[:：]?",
        assistant=rf"### ?(?:{_REPLIED}) ?[:：]?",
    ),
    _marks(
        system="### ?(?i:system):",
        user="### ?(?i:human|user):",
        assistant="### ?(?i:assistant|gpt|ai|bot):",
    ),
    _marks(user=r"\bUSER:", assistant=r"\bASSISTANT:", tool=r"\bFUNCTION RESPONSE:"),
)
"""Marks that no sentence holds by chance: Llama 3, Gemma, Phi and Zephyr, DeepSeek, MOSS, Llama 2, Alpaca,
Guanaco, Vicuna. A text before the first is the system text."""

_OPEN_ENDS = tuple(":：]>*")
_EXAMPLE = re.compile(r"[\s*<\[]*(?:question|q|instruction|prompt|input|提问|问题|问)\b", re.IGNORECASE)
_INSTRUCTION = re.compile(r"\s*(?:### ?(?:Instruction|Question|Prompt|指令|问题)|Below is)")
_TOKENS = (
    *(
        "<|eos|>",
        "<s>",
        "</s>",
        "<bos>",
        "<eos>",
        "<eoh>",
        "<eom>",
        "<|end|>",
        "<start_of_turn>",
        "<end_of_turn>",
    ),
    *("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>"),
    *("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
)
"""What other templates write between turns; Qwen's own are for `data.convert.unwrap`."""
_ROUND = re.compile(r"^\[Round \d+\]\n+", re.MULTILINE)
_LLAMA_2_SYSTEM = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>", re.DOTALL)
_ALPACA_HEAD = re.compile(
    r"Below is an instruction that describes a task(?:, paired with an input that provides further context)?"
    r"\.\s+Write a response that appropriately completes the request\.\s*"
    r"|以下は、タスクを説明する指示(?:と、文脈のある入力の組み合わせ)?です。要求を適切に満たす応答を書きなさい。\s*"
    r"|아래는 작업을 설명하는 명령어(?:와 추가적 맥락을 제공하는 입력이 짝을 이루는 예제)?입니다\.\s*"
    r"요청을 적절히 완료하는 응답을 작성하세요\.\s*"
)
"""What Alpaca's template says of itself before the instruction."""
_NEXT: dict[str, tuple[str, ...]] = {
    "": ("user",),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("assistant", "tool"),
}
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "tool": "tool"}


def parse_transcript(text: str) -> list[Turn]:
    r"""Return the turns of a dialogue in one text; [] where it is not a transcript, or has a system text.

    A last mark of the assistant with nothing behind it ("…\n\nAssistant:") leaves the answer open: the turns
    end with the user's.
    """
    conversation = read_transcript(text)
    return conversation.turns if conversation and not conversation.system else []


def read_transcript(text: str) -> Conversation | None:
    """Return the dialogue that a text spells out, with its system text, or None where it is not a transcript.

    A text in ChatML is one user turn here: `data.convert.unwrap` takes it apart.
    """
    body = text.strip()
    if body.startswith(_CHATML):
        return Conversation([Turn("user", text)])
    if body.startswith("[Round "):
        body = _ROUND.sub("", body)
    by_lines = () if text.startswith("\n\n") else _at_lines(_LINE)
    every = (_dialogue(body, marks) for marks in _fitting(body, (*by_lines, *_at_lines(_PARAGRAPH))))
    return next(filter(None, every), None)


def unfold_prompt(conversation: Conversation) -> Conversation:
    """Spell out, in place, a last question that is a dialogue of its own, its answer left open; a repair.

    BELLE and others write dialogues so. What is called question and answer, or several instructions, may be
    examples: that stays, and a prompt whose system text would be a second one.
    """
    turns = conversation.turns
    asked = turns[-2].content if len(turns) > 1 and turns[-2].role == "user" else ""
    if asked.rstrip()[-1:] not in _OPEN_ENDS or (dialogue := read_transcript(asked)) is None:
        return conversation
    is_open = dialogue.turns[-1].role == "user" and _CHATML not in asked
    may_be_examples = _EXAMPLE.match(asked) or (len(dialogue.turns) > 1 and _INSTRUCTION.match(asked))
    if is_open and not may_be_examples and not (dialogue.system and conversation.system):
        turns[-2:-1] = dialogue.turns
        conversation.system = conversation.system or dialogue.system
        conversation.repairs.add("chat_template")
    return conversation


def is_transcript(value: object) -> bool:
    """Return whether a value is a text that spells out a question and its answer."""
    if not isinstance(value, str) or (conversation := read_transcript(value)) is None:
        return False
    return conversation.turns[-1].role == "assistant" or f"{_CHATML}assistant" in value


def _fitting(text: str, openings: Iterable[re.Pattern[str]]) -> Iterator[re.Pattern[str]]:
    """Yield the kinds of marks to try, those that tell most turns apart first."""
    yield from (marks for marks in openings if marks.match(text))
    if "<" in text or "[/INST]" in text or "###" in text or "ASSISTANT:" in text:
        yield from _ANYWHERE


def _dialogue(text: str, marks: re.Pattern[str]) -> Conversation | None:
    """Cut a text at its marks; None unless that makes a dialogue of all of it."""
    cuts = list(marks.finditer(text))
    if "assistant" not in [cut.lastgroup for cut in cuts] or not _are_alike(cuts):
        return None
    conversation = Conversation([], _head(text[: cuts[0].start()]))
    if conversation.system and marks not in _ANYWHERE:
        return None
    ends = [*(cut.start() for cut in cuts[1:]), len(text)]
    for cut, end in zip(cuts, ends, strict=True):
        if not _add_piece(conversation, str(cut.lastgroup), _bare(text[cut.end() : end])):
            return None
    turns = conversation.turns
    if turns[-1].role == "assistant" and not turns[-1].content:
        turns.pop()
    return conversation


def _are_alike(cuts: list[re.Match[str]]) -> bool:
    """Return whether the marks of user and assistant are of one spelling each."""
    spellings = {(cut.lastgroup, cut[0].strip()) for cut in cuts if cut.lastgroup in ("user", "assistant")}
    return len(spellings) == 2


def _add_piece(conversation: Conversation, speaker: str, text: str) -> bool:
    """Add what a speaker says; return False where it does not follow what was said before."""
    turns = conversation.turns
    before = turns[-1].role if turns else ""
    if speaker == "system":
        is_first = not turns and not conversation.system
        conversation.system = text
        return is_first
    if speaker == "input":
        if before != "user":
            return False
        turns[-1].content = "\n".join(filter(None, (turns[-1].content, text)))
        return True
    if speaker == "user" and (system := _LLAMA_2_SYSTEM.match(text)):
        if turns or conversation.system:
            return False
        conversation.system, text = system[1].strip(), _bare(text[system.end() :])
    turns.append(Turn(_ROLES[speaker], text))
    return speaker in _NEXT[before] and bool(text or speaker == "assistant")


def _head(text: str) -> str:
    for token in _TOKENS:
        text = text.replace(token, "")
    return _ALPACA_HEAD.sub("", text.strip())


def _bare(text: str) -> str:
    """Return a text without what ends a turn."""
    stripped = text.rstrip()
    while stripped.endswith(_TOKENS):
        stripped = stripped[: stripped.rindex("<")].rstrip()
    return trimmed(stripped)
