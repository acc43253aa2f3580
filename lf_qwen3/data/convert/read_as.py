"""What a conversion says of files that are no plain run of rows in UTF-8."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lf_qwen3.base.coded import CodedText
from lf_qwen3.data import sources
from lf_qwen3.data.convert.options import ConvertSource
from lf_qwen3.data.convert.unread import means_something


def describe_files(files: Iterable[ConvertSource]) -> dict[str, str]:
    """Return by label how each file was read, of those that needed more than rows in UTF-8."""
    readings = {source.label: sources.describe_reading(source.file) for source in files}
    return {label: reading for label, reading in readings.items() if reading}


def warn_of_files(files: Sequence[ConvertSource], broken: Iterable[int]) -> list[str]:
    """Return the warnings of files whose rows are not all that they hold.

    Those are files with something beside their rows that is called like a part of a conversation, and files
    with rows that were rejected since they are no UTF-8: `broken` counts these by file.
    """
    warnings: list[str] = []
    for source in files:
        beside = source.file.layout.beside if source.file.layout else ()
        for name in beside:
            if means_something(name):
                warnings.append(
                    CodedText(
                        f"{source.label}: '{name}' is outside of the rows and was not read; "
                        "to train on it, put it into each row",
                        "beside_unread",
                        {"file": source.label, "name": name},
                    )
                )
    for source, rows in zip(files, broken, strict=True):
        if rows and (likely := sources.likely_encoding(source.file.path)):
            warnings.append(
                CodedText(
                    f"{source.label}: {rows:,} rows are not UTF-8, and the file looks like "
                    f"{likely}; save it as UTF-8: iconv -f {likely} -t utf-8 '{source.file.path}'",
                    "rows_no_utf8",
                    {"file": source.label, "rows": rows, "encoding": likely},
                )
            )
    return warnings
