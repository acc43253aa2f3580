"""Build Qwen3's real tokenizer from parts that are on this machine.

The ranks of its byte-level BPE come with the PyPI package dashscope, Alibaba's own SDK; the added tokens and
their ids are Qwen3's; the chat template is written here and renders as Qwen3's own does.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import itertools
import json
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS
from lf_qwen3.qwen3.thinking import CLOSE, OPEN

INSTALL = 'pip install "lf-qwen3[train]"'

_SPECIAL = ADDED_TOKENS[: ADDED_TOKENS.index("<tool_call>")]
"""The added tokens that decoding leaves out; tool and think tags are added tokens, but text to be seen."""

_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen's own rule by which a text is cut before bytes are merged (tokenizer.json of Qwen/Qwen3-0.6B)."""

_TOKENIZER_CONFIG = {
    "add_prefix_space": None,
    "additional_special_tokens": _SPECIAL[1:],
    "backend": "tokenizers",
    "bos_token": None,
    "clean_up_tokenization_spaces": False,
    "eos_token": "<|im_end|>",
    "model_max_length": 131072,
    "pad_token": "<|endoftext|>",
    "tokenizer_class": "Qwen2Tokenizer",
    "unk_token": None,
}

_TOOL_HEAD = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
)
_TOOL_TAIL = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    "<tool_call></tool_call> XML tags:\n<tool_call>\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>'
)

_TEMPLATE = """\
{%- set system = messages[0].content if messages[0].role == 'system' else '' %}
{%- if tools %}
    {{- '<|im_start|>system\\n' + (system + '\\n\\n' if system else '') + TOOL_HEAD }}
    {%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
    {{- TOOL_TAIL + '<|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + system + '<|im_end|>\\n' }}
{%- endif %}
{%- set last = namespace(question=messages | length - 1) %}
{%- set asked = namespace(seen=false) %}
{%- for message in messages | reverse %}
    {%- if message.role == 'user' and not asked.seen %}
        {%- set text = message.content %}
        {%- if not (text.startswith('<tool_response>') and text.endswith('</tool_response>')) %}
            {%- set asked.seen = true %}
            {%- set last.question = messages | length - loop.index %}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set text = message.content if message.content is string else '' %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + text + '<|im_end|>\\n' }}
    {%- elif message.role == 'assistant' %}
        {%- set reasoning = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning = message.reasoning_content %}
        {%- elif CLOSE in text %}
            {%- set reasoning = text.split(CLOSE)[0].rstrip('\\n').split(OPEN)[-1].lstrip('\\n') %}
            {%- set text = text.split(CLOSE)[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if loop.index0 > last.question and (loop.last or reasoning) %}
            {{- OPEN + '\\n' + reasoning.strip('\\n') + '\\n' + CLOSE + '\\n\\n' + text.lstrip('\\n') }}
        {%- else %}
            {{- text }}
        {%- endif %}
        {%- for call in message.tool_calls or [] %}
            {%- set call = call.function or call %}
            {{- '\\n' if text or not loop.first else '' }}
            {{- '<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}
            {{- call.arguments if call.arguments is string else call.arguments | tojson }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == 'tool' %}
        {{- '<|im_start|>user' if loop.first or messages[loop.index0 - 1].role != 'tool' else '' }}
        {{- '\\n<tool_response>\\n' + text + '\\n</tool_response>' }}
        {{- '<|im_end|>\\n' if loop.last or messages[loop.index0 + 1].role != 'tool' else '' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- OPEN + '\\n\\n' + CLOSE + '\\n\\n' }}
    {%- endif %}
{%- endif %}"""


def chat_template() -> str:
    """Return a Jinja chat template that renders as Qwen3's own does.

    History turns lose their thinking, the last assistant turn always has a think block, tools are in the
    system turn, and `enable_thinking=false` closes an empty block in the generation prompt.
    """
    text = _TEMPLATE
    for name, value in (
        ("TOOL_HEAD", _TOOL_HEAD),
        ("TOOL_TAIL", _TOOL_TAIL),
        ("OPEN", OPEN),
        ("CLOSE", CLOSE),
    ):
        text = text.replace(name, json.dumps(value))
    return text


def require(*packages: str) -> None:
    """Raise `LfQwen3Error` with the command to type when one of `packages` cannot be imported."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        raise LfQwen3Error(
            f"building Qwen3's tokenizer and a tiny model needs {names}, which is not installed",
            f"run: {INSTALL}",
            code="extra_missing",
        )


def ranks_file() -> Path:
    """Find dashscope's file of BPE ranks without importing dashscope."""
    require("dashscope")
    spec = importlib.util.find_spec("dashscope")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(place) / "resources" / "qwen.tiktoken"
        if path.is_file():
            return path
    raise LfQwen3Error(
        "the installed dashscope does not contain Qwen's tokenizer file",
        'run: pip install -U "dashscope>=1.20"',
        code="extra_missing",
    )


def read_ranks(path: Path) -> dict[bytes, int]:
    """Read a tiktoken file: one base64 token and its rank a line."""
    lines = path.read_bytes().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}


def find_merges(ranks: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    """Return the one pair that each token of two bytes or more was merged from, in the order of the ranks."""
    return [
        _halves(token, rank, ranks) for token, rank in sorted(ranks.items(), key=_by_rank) if len(token) > 1
    ]


def _by_rank(item: tuple[bytes, int]) -> int:
    return item[1]


def _halves(token: bytes, limit: int, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """Run BPE on `token` with only the merges that came before it; two parts are left."""
    parts = [token[i : i + 1] for i in range(len(token))]
    found = [ranks.get(left + right, limit) for left, right in itertools.pairwise(parts)]
    while len(found) > 1:
        at = found.index(min(found))
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
        del found[at]
        if at:
            found[at - 1] = ranks.get(parts[at - 1] + parts[at], limit)
        if at < len(found):
            found[at] = ranks.get(parts[at] + parts[at + 1], limit)
    return parts[0], parts[1]


def save_tokenizer(ranks_path: Path, folder: Path) -> None:
    """Write the tokenizer as Qwen3 ships it.

    NFC, byte-level BPE, 26 added tokens, eos `<|im_end|>`, pad `<|endoftext|>`, no bos. The files are those
    of `Qwen2Tokenizer.save_pretrained` in transformers, whose import takes longer than to write them here;
    13 of the added tokens are in `additional_special_tokens`, as in every published Qwen3.
    """
    ranks = read_ranks(ranks_path)
    texts = {"tokenizer.json": _tokenizer_json(ranks), "tokenizer_config.json": _TOKENIZER_CONFIG}
    for name, content in texts.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    (folder / "chat_template.jinja").write_text(chat_template(), "utf-8")


def _tokenizer_json(ranks: dict[bytes, int]) -> dict[str, Any]:
    """Return what the library tokenizers reads: how a text is cut, merged and put together again."""
    spell = _byte_alphabet()
    first, second = ({"Sequence": {"id": name, "type_id": number}} for number, name in enumerate("AB"))
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added_tokens(len(ranks)),
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": _WORDS}, "behavior": "Isolated", "invert": False},
                _byte_level(add_prefix_space=False, use_regex=False),
            ],
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [first],
            "pair": [first, second],
            "special_tokens": {},
        },
        "decoder": _byte_level(add_prefix_space=True, use_regex=True),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {_spelled(token, spell): rank for token, rank in ranks.items()},
            "merges": [[_spelled(half, spell) for half in pair] for pair in find_merges(ranks)],
        },
    }


def _byte_level(**options: bool) -> dict[str, Any]:
    return {"type": "ByteLevel", "trim_offsets": True, **options}


def _added_tokens(first: int) -> list[dict[str, Any]]:
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return [
        {"id": first + offset, "content": token, **plain, "special": token in _SPECIAL}
        for offset, token in enumerate(ADDED_TOKENS)
    ]


def _spelled(token: bytes, spell: dict[int, str]) -> str:
    return "".join(map(spell.__getitem__, token))


def _byte_alphabet() -> dict[int, str]:
    """Return the printable character that byte-level BPE writes for each byte (GPT-2's alphabet)."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(others)}
