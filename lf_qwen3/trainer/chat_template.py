"""The model's own chat template: render a record with it, and tell where the trainer's text parts from it.

At inference the model is asked through this template, so what it learnt under another rendering does not
fit. Rendered as `transformers` renders it (utils/chat_template_utils.py): the same sandbox, filters, globals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.trainer.records import Message, Record
from lf_qwen3.trainer.render import Encoded, PartName, Template
from lf_qwen3.trainer.render.text import TrainerStopsError, split_calls, without_thinking

if TYPE_CHECKING:
    import jinja2
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

UNCUT = 1 << 40
"""A cutoff_len that nothing reaches: a cut is not a difference between templates."""

_CONTEXT = 12
_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")


class RenderingDifference(NamedTuple):
    """Where two renderings part: at token `at` of both, in this part of this turn (from 0) of the trainer's.

    `ours` and `official` are the texts from there on, a dozen tokens of them; `before` is what is in
    front; `character` is the place in the official text. `refused` is "" or why there is no such text.
    `side` is "chosen" or "rejected" for a ranking record, else "".
    """

    at: int
    character: int
    turn: int
    part: PartName
    before: str
    ours: str
    official: str
    refused: str = ""
    side: str = ""


@dataclass(frozen=True)
class TemplateComparison:
    """The official text of a record and its number of tokens; `difference` is None where both agree.

    Of a ranking record it is the losing side where the winning one agrees and the losing one does not.
    """

    text: str
    tokens: int
    difference: RenderingDifference | None


class ChatTemplate:
    """A model's chat template, compiled.

    Raises `LfQwen3Error` when the template cannot be compiled.
    """

    def __init__(self, source: str, tokens: Mapping[str, str] | None = None) -> None:
        self.source = source
        self._tokens = dict(tokens or {})
        self._compiled = _compile(source)

    @classmethod
    def load(cls, folder: Path) -> ChatTemplate | None:
        """Return the template of a tokenizer's folder, None when it has none.

        It is in chat_template.jinja or else in tokenizer_config.json, where the one called default is
        taken of several.
        """
        config = _config(folder / "tokenizer_config.json")
        file = folder / "chat_template.jinja"
        source = file.read_text("utf-8") if file.is_file() else config.get("chat_template")
        if isinstance(source, list):
            named = {
                named_template.get("name"): named_template.get("template")
                for named_template in source
                if isinstance(named_template, dict)
            }
            source = named.get("default")
        if not isinstance(source, str):
            return None
        return cls(source, {name: text for name in _TOKENS if (text := _token(config.get(name)))})

    def render(self, messages: Sequence[Message], system: str = "", tools: str = "") -> str:
        """Return the text of a whole conversation, without a generation prompt.

        Raises `LfQwen3Error` when the template refuses the conversation.
        """
        return self._render(messages, system, tools, add_generation_prompt=False)

    def render_prompt(self, messages: Sequence[Message], system: str = "", *, thinks: bool) -> str:
        """Return the text up to where the model answers, as `enable_thinking` says; else as `render`."""
        return self._render(messages, system, "", add_generation_prompt=True, enable_thinking=thinks)

    def _render(self, messages: Sequence[Message], system: str, tools: str, **arguments: bool) -> str:
        try:
            return self._compiled.render(
                messages=as_api(messages, system),
                tools=_tools(tools),
                documents=None,
                **arguments,
                **self._tokens,
            )
        except TrainerStopsError as stop:
            raise LfQwen3Error(str(stop), code="template_refuses") from stop
        except Exception as error:  # a template may fail in any way
            raise LfQwen3Error(
                f"the chat template refuses it: {type(error).__name__}: {error}", code="template_refuses"
            ) from error


def as_api(messages: Sequence[Message], system: str = "") -> list[dict[str, Any]]:
    """Return messages as an inference server takes them: tool results by role tool, calls in tool_calls.

    Think blocks stay in the content. Raises `TrainerStopsError` for calls that are no JSON.
    """
    api_messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for message in messages:
        if message["role"] == "function":
            before, calls = split_calls(message["content"])
            tool_calls = [{"type": "function", "function": call} for call in calls]
            content = before if before.endswith("\n\n") else before.removesuffix("\n")
            api_messages.append({"role": "assistant", "content": content, "tool_calls": tool_calls})
        else:
            role = {"observation": "tool"}.get(message["role"], message["role"])
            api_messages.append({"role": role, "content": message["content"]})
    return api_messages


def compare(
    tokenizer: Tokenizer, template: Template, chat_template: ChatTemplate, records: Sequence[Record]
) -> list[TemplateComparison]:
    """Compare the trainer's rendering of every record, before any cut, with the model's own, token by token.

    With `enable_thinking: false` the chat template too gets the answers without their reasoning. Of a
    ranking record both sides are compared. A record at which the trainer stops compares as refused.
    """
    whole = replace(template, cutoff_len=UNCUT)
    supervised = iter(whole.encode_batch(tokenizer, [record for record in records if not record.rejected]))
    comparisons = []
    for record in records:
        if record.rejected is None:
            comparisons.append(_compare(tokenizer, chat_template, template, record, next(supervised)))
            continue
        sides = record, replace(record, messages=[*record.messages[:-1], record.rejected])
        chosen, rejected = (
            _compare(tokenizer, chat_template, template, side, encoded, name)
            for side, encoded, name in zip(
                sides, whole.encode_pair(tokenizer, record), ("chosen", "rejected"), strict=True
            )
        )
        comparisons.append(rejected if rejected.difference and not chosen.difference else chosen)
    return comparisons


def _rendered(chat_template: ChatTemplate, template: Template, record: Record) -> tuple[str, str]:
    """Return the official text, and why there is none."""
    messages: list[Message] = record.messages
    if template.name == "qwen3" and template.enable_thinking is False:
        messages = [
            {"role": message["role"], "content": without_thinking(message["content"])}
            if number % 2
            else message
            for number, message in enumerate(messages)
        ]
    try:
        return chat_template.render(messages, record.system or template.default_system, record.tools), ""
    except LfQwen3Error as error:
        return "", error.message


def _compare(
    tokenizer: Tokenizer,
    chat_template: ChatTemplate,
    template: Template,
    record: Record,
    encoded: Encoded,
    side: str = "",
) -> TemplateComparison:
    """Compare one rendering with that of the chat template; `side` names it in the difference."""
    text, refused = _rendered(chat_template, template, record)
    official: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    ours = encoded.input_ids
    if problem := refused or encoded.stopped:
        nowhere = RenderingDifference(0, 0, 0, "prompt", "", "", "", problem, side)
        return TemplateComparison(text, len(official), nowhere)
    if ours == official:
        return TemplateComparison(text, len(official), None)
    pairs = zip(ours, official, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(ours), len(official)))
    slices = ours[max(0, at - _CONTEXT) : at], ours[at : at + _CONTEXT], official[at : at + _CONTEXT]
    texts = [tokenizer.decode(ids, skip_special_tokens=False) for ids in (*slices, official, official[:at])]
    piece = next((piece for piece in encoded.pieces if at < piece.stop), encoded.pieces[-1])
    before, mine, theirs = texts[:3]
    difference = RenderingDifference(
        at, len(texts[4]), piece.turn, piece.part, before, mine, theirs, side=side
    )
    return TemplateComparison(texts[3], len(official), difference)


def _tools(tools: str) -> list[dict[str, Any]] | None:
    """Return the tools as an API takes them; text that is no such list renders as no tools."""
    try:
        listed = json.loads(tools or "[]")
        return [
            tool if tool.get("type") == "function" else {"type": "function", "function": tool}
            for tool in listed
        ] or None
    except (ValueError, TypeError, AttributeError):
        return None


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _token(value: Any) -> str:
    """Return a special token, written as text or as an object with its content."""
    text = value.get("content") if isinstance(value, dict) else value
    return text if isinstance(text, str) else ""


def _compile(source: str) -> jinja2.Template:
    import jinja2
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """Lets `{% generation %}`, which only marks the assistant's text, render its content."""

        tags = {"generation"}  # noqa: RUF012  the name and type that jinja2 asks for

        def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals |= {"raise_exception": _raise, "strftime_now": _now}
    try:
        return environment.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise LfQwen3Error(
            f"the chat template cannot be compiled, line {error.lineno}: {error}", code="template_broken"
        ) from error


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _raise(message: str) -> None:
    from jinja2 import TemplateError

    raise TemplateError(message)


def _now(layout: str) -> str:
    return datetime.now().strftime(layout)
