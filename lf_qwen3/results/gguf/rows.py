"""The held-out rows, rendered as the trainer renders them, with the answer tokens that are measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data import registry
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS, FIRST_ADDED_ID
from lf_qwen3.recipes.trainers.records import LocalDataset, read_records
from lf_qwen3.results.gguf.plan import GgufPlan
from lf_qwen3.trainer.chat_template import UNCUT, ChatTemplate, as_api
from lf_qwen3.trainer.records import Record
from lf_qwen3.trainer.render import Template

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

LONGEST = 4096
"""Tokens of a row; longer ones are skipped."""

END = FIRST_ADDED_ID + ADDED_TOKENS.index("<|im_end|>")
PIECE = "\ufffd"
"""What a token decodes to that holds a part of a character."""


@dataclass(frozen=True, slots=True)
class HeldOutRow:
    """A row: `ids` are prompt and answer, `start` is where the answer begins.

    `scored` are the places of the answer tokens that are measured: the first ones, up to the end of the turn,
    without those that hold a part of a character, whose likelihood a llama.cpp server does not state. `text`
    is the conversation as the chat template renders it, `text_ids` are its tokens; `prompts` are what it
    asks with, by whether to think. `messages` are as an API takes them, the answer left out.
    """

    ids: list[int]
    start: int
    scored: list[int]
    text: str
    text_ids: list[int]
    prompts: dict[bool, str]
    messages: list[dict[str, Any]]


def read_rows(plan: GgufPlan, tokenizer: Tokenizer, count: int, most_tokens: int) -> list[HeldOutRow]:
    """Return the first `count` rows, each with the places of at most `most_tokens` answer tokens.

    Raises `UsageError` where none can be measured.
    """
    chat_template = ChatTemplate.load(plan.base)
    if chat_template is None:
        raise UsageError(
            f"{plan.base} has no chat template, which a server needs",
            "download the base model's chat_template.jinja or tokenizer_config.json",
            code="chat_template_missing",
        )
    template = replace(Template.from_settings(plan.common.train), cutoff_len=UNCUT)
    rows: list[HeldOutRow] = []
    for record in _records(plan):
        row = _render(record, tokenizer, template, chat_template, most_tokens)
        if row is not None:
            rows.append(row)
        if len(rows) == count:
            break
    if not rows:
        raise UsageError(
            f"{plan.rows} has no row whose answer can be measured",
            f"use a dataset whose answers have text, of up to {LONGEST} tokens with the "
            "question: --dataset NAME",
            code="no_records",
        )
    return rows


def _records(plan: GgufPlan) -> Iterator[Record]:
    folder = Path(str(plan.common.train.get("dataset_dir") or "data"))
    entry = registry.read_registry(folder)[plan.rows]
    if not entry.get("file_name"):
        raise UsageError(
            f"{plan.rows} is on a hub, not on this disk", "name a local dataset", code="dataset_not_local"
        )
    for record in read_records(LocalDataset(plan.rows, entry, folder / str(entry["file_name"]))):
        if isinstance(record, Record) and record.rejected is None:
            yield record


def _render(
    record: Record, tokenizer: Tokenizer, template: Template, chat_template: ChatTemplate, most: int
) -> HeldOutRow | None:
    fed = template.encode(tokenizer, record.messages, record.system, record.tools)
    if fed.stopped or len(fed.input_ids) > LONGEST or record.tools:
        return None
    last = fed.pieces[-1].turn
    start = min(piece.start for piece in fed.pieces if piece.turn == last and piece.part != "prompt")
    answer = fed.input_ids[start : start + most]
    answer = answer[: answer.index(END) + 1] if END in answer else answer
    texts = tokenizer.decode_batch([[token] for token in answer], skip_special_tokens=False)
    scored = [start + at for at, text in enumerate(texts) if PIECE not in text]
    if not scored:
        return None
    system = record.system or template.default_system
    asked, text = record.messages[:-1], chat_template.render(record.messages, system)
    return HeldOutRow(
        ids=fed.input_ids[: start + len(answer)],
        start=start,
        scored=scored,
        text=text,
        text_ids=tokenizer.encode(text, add_special_tokens=False).ids,
        prompts={
            thinks: chat_template.render_prompt(asked, system, thinks=thinks) for thinks in (True, False)
        },
        messages=as_api(asked, system),
    )
