"""Read a record as LLaMA-Factory's converters do (data/converter.py): a row becomes messages, or is dropped.

    reader = RecordReader(entry)        # one entry of dataset_info.json
    record = reader(row)                # a Record, or a Dropped that says why

One difference cannot be seen from a row: HF datasets gives every row of a file the same columns and nested
keys, so a key that this row lacks is null here, and an error there when no row has it.
"""

from lf_qwen3.trainer.records.reader import FORMATTINGS, RecordReader, read_record
from lf_qwen3.trainer.records.record import (
    DatasetEntry,
    Dropped,
    Message,
    Record,
    as_pair,
    split_off_label,
)

__all__ = [
    "FORMATTINGS",
    "DatasetEntry",
    "Dropped",
    "Message",
    "Record",
    "RecordReader",
    "as_pair",
    "read_record",
    "split_off_label",
]
