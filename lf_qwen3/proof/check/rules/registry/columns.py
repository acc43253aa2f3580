"""Columns and tags against the rows of the file: named whole, and fitting."""

from __future__ import annotations

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check
from lf_qwen3.proof.check.rules.registry.checked_entry import COLUMNS, CheckedEntry

_SHAREGPT = {"file_name": "a.jsonl", "formatting": "sharegpt"}
_OPENAI_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
}
_CHATS = [{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}]
_CHATS_WITH_SYSTEM = [{"m": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}]}]
_QUESTION = [{"instruction": "q", "input": "more", "output": "a"}]
_GOOD = CheckedEntry("a", _SHAREGPT, head=_CHATS)

_READ_BY_ALPACA = ("prompt", "query", "response", "history", "system", "tools", "kto_tag")
_READ_BY_SHAREGPT = ("messages", "system", "tools", "kto_tag")
_PAIR = ("chosen", "rejected")


@check(
    "columns_in_part",
    "warning",
    "a column of the file is not read",
    "an entry that names some columns has no default for the others; name all columns of the file, "
    "as lf-qwen3 register NAME FILE --replace does",
    good=CheckedEntry("a", {"file_name": "a.jsonl"}, head=_QUESTION),
    bad=CheckedEntry(
        "a",
        {"file_name": "a.jsonl", "columns": {"prompt": "instruction", "response": "output"}},
        head=_QUESTION,
    ),
)
def columns_in_part(entry: CheckedEntry) -> CheckResult:
    """Require that each column with a name LLaMA-Factory expects is read."""
    named = entry.settings.get("columns")
    if not isinstance(named, dict):
        return PASS
    reads = _READ_BY_ALPACA if entry.formatting == "alpaca" else _READ_BY_SHAREGPT
    forgotten = {
        key: name
        for key in (*reads, *_PAIR * (entry.kind == "ranking"))
        if key not in named
        and (name := COLUMNS.get(key) or key) in entry.columns
        and name not in named.values()
    }
    filled = [key for key, name in forgotten.items() if any(row.get(name) for row in entry.head)]
    return [Fault(f"{forgotten[key]} (columns.{key})", "columns") for key in filled]


@check(
    "tags_in_part",
    "error",
    "a tag that the file needs is missing in the entry",
    "an entry that names some tags has no default for the others; name all seven, as lf-qwen3 "
    "register NAME FILE --replace does",
    good=_GOOD,
    bad=CheckedEntry(
        "a", {**_SHAREGPT, "columns": {"messages": "m"}, "tags": _OPENAI_TAGS}, head=_CHATS_WITH_SYSTEM
    ),
)
def tags_in_part(entry: CheckedEntry) -> CheckResult:
    """Require the four basic tags, and each other one whose usual role the file uses."""
    named = entry.settings.get("tags")
    if not isinstance(named, dict) or entry.formatting == "alpaca":
        return PASS
    missing = [tag for tag in _OPENAI_TAGS if not entry.tag(tag)]
    roles = {str(turn.get(entry.tag("role_tag") or "from")) for turn in entry.messages()}
    roles -= {str(name) for name in named.values()}
    used = {
        "observation_tag": {"observation", "tool"},
        "function_tag": {"function_call"},
        "system_tag": {"system"},
    }
    missing += [tag for tag, usual in used.items() if tag not in named and usual & roles]
    return [Fault(tag, "tags") for tag in missing]


@check(
    "tags_unfit",
    "error",
    "the tags match no message of the file",
    "the trainer would drop every record; lf-qwen3 register NAME FILE --replace writes the right tags",
    good=_GOOD,
    bad=CheckedEntry(
        "a", {**_SHAREGPT, "tags": {**_OPENAI_TAGS, "role_tag": "from", "content_tag": "value"}}, head=_CHATS
    ),
)
def tags_unfit(entry: CheckedEntry) -> CheckResult:
    """Require messages with the user's tag and with the assistant's."""
    messages = list(entry.messages())
    if entry.formatting == "alpaca" or not messages:
        return PASS
    role_tag, content_tag = entry.tag("role_tag") or "from", entry.tag("content_tag") or "value"
    keys = list(dict.fromkeys(key for message in messages for key in message))
    if absent := [tag for tag in (role_tag, content_tag) if tag not in keys]:
        return Fault(f"no message has {' and '.join(absent)}; its keys are {', '.join(keys)}")
    roles = list(dict.fromkeys(str(message.get(role_tag)) for message in messages))
    expected = [entry.tag(tag) or "(none)" for tag in ("user_tag", "assistant_tag", "function_tag")]
    if expected[0] in roles and (expected[1] in roles or expected[2] in roles or entry.kind == "ranking"):
        return PASS
    return Fault(f"the file says {', '.join(roles)}, the tags {expected[0]} and {expected[1]}")


@check(
    "column_missing",
    "error",
    "no row has a column that the entry names",
    "the trainer would stop with a KeyError; lf-qwen3 register NAME FILE --replace writes the right columns",
    good=_GOOD,
    bad=CheckedEntry("a", {"file_name": "a.jsonl"}, head=_CHATS),
)
def column_missing(entry: CheckedEntry) -> CheckResult:
    """Require every column that LLaMA-Factory will look up."""
    reads = _READ_BY_ALPACA if entry.formatting == "alpaca" else _READ_BY_SHAREGPT
    wanted = (*reads, *_PAIR * (entry.kind == "ranking"))
    seen = f"; the file has {', '.join(entry.columns)}"
    return [
        Fault(f"{name} (columns.{key}){seen}", "columns")
        for key in wanted
        if (name := entry.column(key)) and entry.head and name not in entry.columns
    ]
