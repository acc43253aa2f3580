"""Print the cost of accounting for columns, in per cent of a conversion: python bench/accounting.py FILE.

Both ways convert the file in turn in one process; the least CPU time of each is compared, since all that
other work on the machine can do is to add to it.
"""

import shutil
import sys
import time
from collections import Counter
from itertools import repeat
from pathlib import Path

from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.fast import jsonl, parquet
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.data.converters.source_row import ColumnUse

ROUNDS = 15
OUT = Path(__file__).parent / "out" / "accounting"
NOTHING = ColumnUse((), ())
WITH = (parquet._fills, jsonl._counter_of)
WITHOUT = (
    lambda column: repeat("", len(column)),
    lambda read, left: lambda rows: Counter({NOTHING: len(rows)}),
)


def cpu_seconds(source: str) -> float:
    shutil.rmtree(OUT, ignore_errors=True)
    began = time.process_time()
    convert(ConvertOptions((source,), "accounting", OUT, workers=1))
    return time.process_time() - began


def main(source: str) -> None:
    times: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * ROUNDS):
        counts = turn % 4 in (0, 3)  # neither way always follows the other
        parquet._fills, jsonl._counter_of = WITH if counts else WITHOUT
        times[counts].append(cpu_seconds(source))
    shutil.rmtree(OUT)
    print(round(100 * (min(times[True]) / min(times[False]) - 1), 1))


if __name__ == "__main__":
    main(sys.argv[1])
