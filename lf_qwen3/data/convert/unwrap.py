r"""Unwrap chat-template text that a tutorial wrote into the data.

LLaMA-Factory applies the template itself. A field that already holds
`<|im_start|>user\n...<|im_end|>` would get it twice, and the model would learn the markup as its answer.

Only a text that is template text from its beginning on is unwrapped: one that opens with `<|im_start|>`,
or whose own first part is closed by `<|im_end|>`. An answer that quotes the markup is left as it is, for
the rule `special_token` to judge.
"""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.base.conversation import Conversation, Role, Turn
from lf_qwen3.base.errors import Reject
from lf_qwen3.qwen3.thinking import excerpt

START = "<|im_start|>"
END = "<|im_end|>"
END_TOKENS = (
    *(END, "<|endoftext|>", "</s>", "<eos>", "<|eos|>", "<|eod|>", "<|eot|>", "<|end|>", "<|eot_id|>"),
    *("<|eom_id|>", "<|end_of_text|>", "<|end_of_turn|>", "<end_of_turn>", "<｜end▁of▁sentence｜>"),
    *("<eom>", "<eoh>", "<eoa>", "<extra_id_1>"),
)
"""What templates write behind a text, Qwen's own first."""

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "tool": "tool", "observation": "tool"}


class Piece(NamedTuple):
    """One message that a text spells out; `is_open` where no end token closes it."""

    role: str
    text: str
    is_open: bool


def unwrap(conversation: Conversation) -> None:
    r"""Replace turns that hold chat-template text by the turns it spells out, in place.

    An assistant turn that a prompt leaves open (`<|im_start|>assistant\n`, a think block behind it or
    not) is the beginning of the answer that follows. Adds the repair codes `chat_template` and
    `end_token`. Raises `Reject`: broken_template where the markup does not parse, system_twice where it
    has another system text.
    """
    if not _is_marked(conversation):
        return
    system, conversation.system = conversation.system, ""
    for piece in _pieces("system", system, conversation.repairs):
        _take_system(conversation, piece)
    begun = _unwrap_turns(conversation)
    if conversation.rejected:
        _unwrap_rejected(conversation.rejected, begun, conversation.repairs)


def _is_marked(conversation: Conversation) -> bool:
    """Look for `<|` anywhere, and for end tokens; the search for one character first keeps this cheap."""
    for turn in conversation.turns:
        if "<" in turn.content and _holds_mark(turn.content):
            return True
    rejected = conversation.rejected
    return "<|" in conversation.system or (rejected is not None and _holds_mark(rejected.content))


def _holds_mark(text: str) -> bool:
    return "<|" in text or text.rstrip().endswith(END_TOKENS)


def _unwrap_turns(conversation: Conversation) -> str:
    """Unwrap the turns; return what a prompt has already said of the last one."""
    turns: list[Turn] = []
    begun, is_open, is_spelled_out = "", False, False
    for source in conversation.turns:
        spelled_out = _spelled_out(source, conversation)
        for turn, leaves_open in spelled_out:
            if is_open and turn.role == "assistant":
                begun = turns.pop().content
                turn.content = begun + turn.content
            elif is_spelled_out and turns[-1].role == "assistant" and _is_void(turn):
                continue
            else:
                begun = ""
            turns.append(turn)
            is_open = leaves_open
        is_spelled_out = len(spelled_out) > 1
    conversation.turns = turns
    return begun


def _is_void(turn: Turn) -> bool:
    """Return whether this is the empty answer column beside a question that spells out a whole dialogue."""
    return turn.role == "assistant" and not (turn.content.strip() or turn.thinking or turn.calls)


def _spelled_out(source: Turn, conversation: Conversation) -> list[tuple[Turn, bool]]:
    """Return the turns that one turn's text spells out, each with whether it is left open for the next."""
    turns: list[tuple[Turn, bool]] = []
    for piece in _pieces(source.role, source.content, conversation.repairs):
        if piece.role == "system":
            _take_system(conversation, piece)
        else:
            is_open = piece.is_open and piece.role == "assistant" != source.role
            turns.append((Turn(_ROLES[piece.role], piece.text), is_open))
    own = [turn for turn, _ in turns if turn.role == source.role]
    if own:
        own[-1].thinking, own[-1].calls = source.thinking, source.calls
        own[-1].learn = source.learn
    return turns


def _unwrap_rejected(turn: Turn, begun: str, repairs: set[str]) -> None:
    pieces = _pieces("assistant", turn.content, repairs)
    if [piece.role for piece in pieces] != ["assistant"]:
        raise Reject("broken_template", "the rejected answer contains other turns as text")
    turn.content = begun + pieces[0].text


def _take_system(conversation: Conversation, piece: Piece) -> None:
    text = piece.text.strip()
    if piece.role != "system":
        raise Reject("broken_template", f"the system text contains a turn of {piece.role} as text")
    if conversation.system.strip() not in ("", text):
        raise Reject("system_twice", excerpt(text))
    conversation.system = text


def _pieces(own_role: str, text: str, repairs: set[str]) -> list[Piece]:
    """Cut one text into messages; what is before the first mark belongs to the text's own role."""
    head, *chunks = text.split(START)
    if not chunks or (head.strip() and not head.rstrip().endswith(END)):
        bare = _without_end_tokens(text)
        if bare != text:
            repairs.add("end_token")
        return [Piece(own_role, bare, is_open=True)]
    repairs.add("chat_template")
    pieces = [_piece(own_role, head)] if head.strip() else []
    for chunk in chunks:
        role, _, body = chunk.partition("\n")
        if role.strip() not in ("system", *_ROLES):
            raise Reject("broken_template", f"{START}{excerpt(chunk)}")
        pieces.append(_piece(role.strip(), body))
    if any(piece.is_open for piece in pieces[:-1]):
        raise Reject("broken_template", f"a turn without {END} before the last turn")
    return pieces


def _piece(role: str, text: str) -> Piece:
    body, end, behind = text.partition(END)
    if _without_end_tokens(behind).strip():
        raise Reject("broken_template", f"text after {END}: {excerpt(behind.strip())}")
    return Piece(role, body if end else _without_end_tokens(body), is_open=not end)


def _without_end_tokens(text: str) -> str:
    """Take off all end tokens; a `</s>` stays where it ends a struck text, `<s>...</s>`."""
    bare = stripped = text.rstrip()
    while token := next((token for token in END_TOKENS if stripped.endswith(token)), ""):
        if token == "</s>" and "<s>" in stripped:
            break
        bare = stripped = stripped[: -len(token)].rstrip()
    return text if len(bare) == len(text.rstrip()) else bare
