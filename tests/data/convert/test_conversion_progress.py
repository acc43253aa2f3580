"""How often a conversion says how far it is."""

import json

from lf_qwen3.base.progress import NoProgress
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions

ROWS = 20_000
MIB = 1 << 20


class Counted(NoProgress):
    """Keeps every status."""

    def __init__(self):
        self.all = []

    def update(self, status):
        self.all.append(status)


def test_many_rows_are_written_in_a_few_reports(tmp_path):
    source = tmp_path / "many.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for row in range(ROWS):
            record = {"instruction": f"What is {row} plus 1?", "output": f"It is {row + 1}."}
            file.write(json.dumps(record) + "\n")
    progress = Counted()
    options = ConvertOptions((str(source),), "many", tmp_path / "data", val=0.05, test=0.05)
    convert(options, progress)
    written = [status for status in progress.all if status.phase == "writing"]
    assert written[-1].done == written[-1].total > ROWS
    assert len(written) <= written[-1].total / MIB + 1
