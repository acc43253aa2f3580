"""Data: sources become a registered dataset, or conversations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from lf_qwen3.api._paths import StrPath, names_of, path_of, texts_of
from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.convert import convert as conversion
from lf_qwen3.data.convert.conversations import read_conversations
from lf_qwen3.data.convert.options import ConvertOptions, require_option
from lf_qwen3.data.convert.report import ConversionReport, RejectedRow
from lf_qwen3.data.convert.resolve import resolve_sources


def convert(
    sources: StrPath | Iterable[StrPath],
    *,
    name: str,
    dataset_dir: StrPath,
    columns: str | Iterable[str] = (),
    format: Literal["sharegpt", "alpaca"] = "sharegpt",
    turns: Literal["unroll", "last", "all"] = "unroll",
    limit: int | None = None,
    val: float = 0,
    test: float = 0,
    mix: float | None = None,
    by: Literal["rows", "tokens"] = "rows",
    seed: int = 42,
    on_bad: Literal["reject", "stop"] = "reject",
    allow_special: bool = False,
    replace: bool = False,
    workers: int = 0,
    progress: Progress = NoProgress(),
) -> ConversionReport:
    """Turn sources into a registered LLaMA-Factory dataset, all of it or nothing.

    A source is a file, a folder, a glob, or "CONVERTER:PATH". `val` and `test` are a share below 1 or a
    number of rows, `mix` is the share of thinking records (0 to 1), `limit` the most rows to read of each
    source. `columns` says what columns are ("question=ask,answer=reply"), once for all sources or once for
    each. `workers` is the number of processes; 0 works in this one, and every number gives the same files.
    A script that asks for some calls this under `if __name__ == "__main__":`. Raises `UsageError` for an
    option that cannot be met, `LfQwen3Error` where no row could be kept, and with `on_bad="stop"` at the
    first bad row.
    """
    options = ConvertOptions(
        sources=names_of("sources", sources),
        name=name,
        dataset_dir=path_of("dataset_dir", dataset_dir),
        columns=texts_of("columns", columns),
        format=format,
        turns=turns,
        limit=limit,
        val=val,
        test=test,
        mix=mix,
        by=by,
        seed=seed,
        on_bad=on_bad,
        allow_special=allow_special,
        replace=replace,
        workers=workers,
    )
    return conversion.convert(options, progress)


def read(
    sources: StrPath | Iterable[StrPath],
    *,
    columns: str | Iterable[str] = (),
    limit: int | None = None,
    allow_special: bool = False,
    on_reject: Callable[[RejectedRow], object] | None = None,
) -> Iterator[Conversation]:
    """Yield the rows of the sources as `convert` understands them, one `Conversation` each; write nothing.

    `sources`, `columns`, `limit` and `allow_special` are those of `convert`; duplicates are yielded too.
    `on_reject` is called with each `RejectedRow` that `convert` would list; without it, the first one raises
    `LfQwen3Error` with the code of its rejection. Raises `UsageError` at once for a source that is not there
    or has no known shape.
    """
    require_option("limit", limit)
    require_option("allow_special", allow_special)
    files = resolve_sources(names_of("sources", sources), texts_of("columns", columns))
    return read_conversations(files, limit, allow_special, on_reject)
