"""Make the sample files that are derived: the parquet from its hand-written JSONL, the records by `convert`.

sample_mixed is for sft, sample_preference for dpo, sample_kto for kto, sample_text for pt.

Run it from anywhere after a change of the samples: python dataset_info/source/build.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.registry import register

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
    return _read(HERE / "finetome.jsonl")


def kto_rows() -> list[dict[str, object]]:
    """Return one judged answer to each question of the preference pairs: a good one and a bad one in turn."""
    pairs = _read(HERE / "preference.jsonl")
    return [
        {
            "instruction": one["prompt"],
            "output": one["rejected" if at % 2 else "chosen"],
            "label": at % 2 == 0,
        }
        for at, one in enumerate(pairs)
    ]


def text_rows() -> list[dict[str, object]]:
    """Return plain texts for continued pre-training: the questions and answers of the medical sample."""
    rows = _read(FOLDER / "sample_medical_r1.jsonl")
    return [{"text": f"{row['question']}\n\n{row['answer']}"} for row in rows]


def _read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write_parquet(path: Path) -> None:
    """Write the chat rows as FineTome-100k has them."""
    pq.write_table(pa.Table.from_pylist(finetome_rows(), schema=SCHEMA), path, compression="zstd")


def mixed(dataset_dir: Path) -> ConvertOptions:
    """Return the options that make sample_mixed; the sources are named as from the root of the repository."""
    sources = ("dataset_info/sample_medical_r1.jsonl", "dataset_info/sample_finetome.parquet")
    return ConvertOptions(sources, "sample_mixed", dataset_dir, val=8, test=8, mix=0.75, seed=42)


def preference(dataset_dir: Path) -> ConvertOptions:
    """Return the options that make sample_preference."""
    return ConvertOptions(("dataset_info/source/preference.jsonl",), "sample_preference", dataset_dir, val=4)


def write_and_register(name: str, rows: list[dict[str, object]], held_out: int, dataset_dir: Path) -> None:
    """Write rows that are records already, in ASCII; the last ones are the validation split."""
    for split, part in (("train", rows[:-held_out]), ("val", rows[-held_out:])):
        path = dataset_dir / f"{name}_{split}.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in part), "ascii")
        register(f"{name}_{split}", path, dataset_dir, replace=True)


def build(dataset_dir: Path) -> None:
    """Make every derived dataset; the working directory is the root of the repository."""
    print(convert(mixed(dataset_dir)))
    print(convert(preference(dataset_dir)))
    write_and_register("sample_kto", kto_rows(), 4, dataset_dir)
    write_and_register("sample_text", text_rows(), 12, dataset_dir)


def main() -> None:
    """Write the parquet file, then convert, split and register the datasets beside it."""
    write_parquet(FOLDER / "sample_finetome.parquet")
    os.chdir(FOLDER.parent)
    build(Path("dataset_info"))


if __name__ == "__main__":
    main()
