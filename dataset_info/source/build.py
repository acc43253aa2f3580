"""Make the sample files that are derived: the parquet from its hand-written JSONL, the records by `convert`.

Run it from anywhere after a change of the samples: python dataset_info/source/build.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lf_qwen3.convert import convert
from lf_qwen3.job import ConvertOptions

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent

SCHEMA = pa.schema(
    [
        ("conversations", pa.list_(pa.struct([("from", pa.string()), ("value", pa.string())]))),
        ("source", pa.string()),
        ("score", pa.float64()),
    ]
)
"""The columns of mlabonne/FineTome-100k."""


def finetome_rows() -> list[dict[str, object]]:
    """Return the hand-written chat rows."""
    return [json.loads(line) for line in (HERE / "finetome.jsonl").read_text("utf-8").splitlines()]


def write_parquet(path: Path) -> None:
    """Write the chat rows as FineTome-100k has them."""
    pq.write_table(pa.Table.from_pylist(finetome_rows(), schema=SCHEMA), path, compression="zstd")


def mixed(dataset_dir: Path) -> ConvertOptions:
    """Return the options that make sample_mixed; the sources are named as from the root of the repository."""
    sources = ("dataset_info/sample_medical_r1.jsonl", "dataset_info/sample_finetome.parquet")
    return ConvertOptions(sources, "sample_mixed", dataset_dir, val=8, test=8, mix=0.75, seed=42)


def main() -> None:
    """Write the parquet file, then convert, split and register sample_mixed beside it."""
    write_parquet(FOLDER / "sample_finetome.parquet")
    os.chdir(FOLDER.parent)
    print(convert(mixed(Path("dataset_info"))))


if __name__ == "__main__":
    main()
