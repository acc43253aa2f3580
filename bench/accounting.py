"""Print the cost of accounting for columns, in per cent of a conversion: python bench/accounting.py FILE.

Both ways convert the file one right after the other in one process, many times; the least CPU times are
compared: on a machine that is shared, the median of many ratios is off by several per cent.
"""

import shutil
import sys
import time
from pathlib import Path

from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.fast.uses import UseCounter
from lf_qwen3.data.convert.options import ConvertOptions

PAIRS = 150
OUT = Path(__file__).parent / "out" / "accounting"
WITH = (UseCounter.add, UseCounter.take)
WITHOUT = (lambda self, row, number: None, lambda self: [])


def cpu_seconds(source: str) -> float:
    shutil.rmtree(OUT, ignore_errors=True)
    began = time.process_time()
    convert(ConvertOptions((source,), "accounting", OUT, workers=1))
    return time.process_time() - began


def main(source: str) -> None:
    least = {True: float("inf"), False: float("inf")}
    for turn in range(PAIRS):
        for counts in (turn % 2 == 0, turn % 2 == 1):  # neither way is always the second
            UseCounter.add, UseCounter.take = WITH if counts else WITHOUT
            least[counts] = min(least[counts], cpu_seconds(source))
    shutil.rmtree(OUT)
    print(round(100 * (least[True] / least[False] - 1), 1))


if __name__ == "__main__":
    main(sys.argv[1])
