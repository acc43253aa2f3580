"""A file that a cluster writes: pieces of parts in their order, the first alpaca history in front."""

from array import array

import pytest
from xxhash import xxh3_128_hexdigest

from lf_qwen3.data.convert.cluster.shards import SplitPiece, write_shard
from lf_qwen3.data.convert.formats import GOOD

PIECES = (
    SplitPiece(b"a\nb\n", array("I", [1, 2])),
    SplitPiece(b"c\nhistory\nd\n", array("I", [3, 4, 5]), (1, 2, 8)),
    SplitPiece(b"later\n", array("I", [6]), (0, 0, 6)),
)


@pytest.mark.parametrize(
    ("pieces", "text", "numbers"),
    [
        (PIECES[:1], b"a\nb\n", [1, 2]),
        (PIECES, b"history\na\nb\nc\nd\nlater\n", [4, 1, 2, 3, 5, 6]),
        (PIECES[1:], b"history\nc\nd\nlater\n", [4, 3, 5, 6]),
        ((), b"", []),
    ],
    ids=["none", "in the second piece", "in the first", "nothing"],
)
def test_the_first_history_comes_first(tmp_path, pieces, text, numbers):
    path = tmp_path / "set_train" / "00000.jsonl"
    written = write_shard(path, False, *pieces)
    assert path.read_bytes() == text
    assert list(written.numbers) == numbers
    assert written.digest == xxh3_128_hexdigest(text)
    assert written.good == 0


def test_good_labels_are_counted_in_every_piece(tmp_path):
    good, bad = b'{"a":1' + GOOD, b'{"a":1,"kto_tag":false}\n'
    pieces = [SplitPiece(good * times + bad, array("I", [1])) for times in (2, 3)]
    assert write_shard(tmp_path / "file.jsonl", True, *pieces).good == 5
