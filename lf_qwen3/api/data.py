"""Data: sources become a registered dataset, or conversations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from lf_qwen3.api._paths import StrPath, names_of, path_of, texts_of
from lf_qwen3.base.conversation import Conversation
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.convert import convert as conversion
from lf_qwen3.data.convert.conversations import read_conversations
from lf_qwen3.data.convert.options import ConvertOptions, require_option
from lf_qwen3.data.convert.report import ConversionReport, RejectedRow
from lf_qwen3.data.convert.resolve import resolve_sources
from lf_qwen3.data.converters.source_row import Reading


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
    every: bool = False,
    as_text: bool = False,
    unescape: bool = False,
    replace: bool = False,
    shard_size: int | None = None,
    engine: Literal["local", "ray"] = "local",
    ray_address: str = "",
    workers: int = 0,
    progress: Progress = NoProgress(),
) -> ConversionReport:
    r"""Convert sources into a registered LLaMA-Factory dataset; write all of it or nothing.

    A source is a file, a folder, a glob, or "CONVERTER:PATH". `val` and `test` are a share below 1 or a
    number of rows, `mix` is the share of thinking records (0 to 1), `limit` the most rows to read of each
    source. `columns` says what columns are ("question=ask,answer=reply"), once for all sources or once for
    each. `every` makes a record of each answer where a row has several, `as_text` takes numbers, objects
    and lists in place of text as JSON text, `unescape` makes line ends of a written-out \n.
    `shard_size` makes of each split a folder of files of about so many bytes, which the trainer reads as one.
    Sources and `dataset_dir` may be URLs of a store, such as s3://bucket/raw/*.parquet. `engine="ray"`
    converts on the Ray cluster at `ray_address`: the same records, each split as a folder of files.
    Without `replace`, files of others and a dataset of this name that was made from other sources stay.
    `workers` is the number of processes; 0 works in this one, and every number gives the same files.
    A script that asks for some calls this under `if __name__ == "__main__":`. Raises `UsageError` for an
    option that cannot be met, `LfQwen3Error` where no row could be kept, and with `on_bad="stop"` at the
    first bad row.
    """
    given: dict[str, Any] = dict(locals())
    del given["progress"]
    given["sources"] = names_of("sources", sources)
    given["dataset_dir"] = path_of("dataset_dir", dataset_dir)
    given["columns"] = texts_of("columns", columns)
    return conversion.convert(ConvertOptions(**given), progress)


def read(
    sources: StrPath | Iterable[StrPath],
    *,
    columns: str | Iterable[str] = (),
    limit: int | None = None,
    allow_special: bool = False,
    every: bool = False,
    as_text: bool = False,
    unescape: bool = False,
    on_reject: Callable[[RejectedRow], object] | None = None,
) -> Iterator[Conversation]:
    """Yield the rows of the sources as `convert` understands them, one `Conversation` each; write nothing.

    The options are those of `convert`; duplicates are yielded too, and with `every` a row may be several.
    `on_reject` is called with each `RejectedRow` that `convert` would list; without it, the first one
    raises `LfQwen3Error` with the code of its rejection. Raises `UsageError` at once for a source that does
    not exist or has no known format.
    """
    require_option("limit", limit)
    reading = Reading(every, as_text, unescape)
    for option, value in {"allow_special": allow_special, **reading._asdict()}.items():
        require_option(option, value)
    files = resolve_sources(names_of("sources", sources), texts_of("columns", columns))
    return read_conversations(files, limit, allow_special, on_reject, reading)
