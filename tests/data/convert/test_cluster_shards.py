"""A file that a cluster writes: pieces of parts in their order, the first alpaca history in front."""

from array import array

import polars as pl
import pytest
from xxhash import xxh3_128_hexdigest

from lf_qwen3.data.convert.cluster.shards import (
    FATES,
    SplitCounts,
    SplitPiece,
    copy_piece,
    gives_most,
    write_shard,
)
from lf_qwen3.data.convert.formats import GOOD

PIECES = (
    SplitPiece([b"a\n", b"b\n"], array("I", [1, 2])),
    SplitPiece([b"c\nhist", b"ory\nd\n"], array("I", [3, 4, 5]), (1, 2, 8)),
    SplitPiece([b"later\n"], array("I", [6]), (0, 0, 6)),
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
    written = write_shard(path, False, "train", *pieces)
    assert path.read_bytes() == text
    assert list(written.numbers) == numbers
    assert written.digest == xxh3_128_hexdigest(text)
    assert written.good == 0


def test_good_labels_are_counted_in_every_piece(tmp_path):
    good, bad = b'{"a":1' + GOOD, b'{"a":1,"kto_tag":false}\n'
    pieces = [SplitPiece([good * times + bad], array("I", [1])) for times in (2, 3)]
    assert write_shard(tmp_path / "file.jsonl", True, "train", *pieces).good == 5


LINES = pl.DataFrame(
    {
        "part": [3] * 5,
        "index": range(5),
        "offset": range(0, 10, 2),
        "length": [2] * 5,
        "history": [0, 0, 0, 1, 0],
        "number": [0, 1, 1, 4, 5],
    }
)
RECORDS = b"0\n1\n2\n3\n4\n"
IN_VAL = pl.DataFrame({"part": [3, 3], "index": [1, 4], "fate": [FATES["val"]] * 2})
PART = (100, LINES, RECORDS, IN_VAL)


@pytest.mark.parametrize(
    ("split", "text", "numbers"),
    [("train", b"3\n0\n2\nend\n", [104, 100, 101, 7]), ("val", b"1\n4\nend\n", [101, 105, 7])],
)
def test_a_part_and_a_copy_of_what_it_gives_make_the_same_file(tmp_path, split, text, numbers):
    for given in (PART, (copy_piece(split, *PART),)):
        written = write_shard(
            tmp_path / "file", False, split, *given, SplitPiece([b"end\n"], array("I", [7]))
        )
        assert (tmp_path / "file").read_bytes() == text
        assert list(written.numbers) == numbers


@pytest.mark.parametrize(("own", "is_most"), [(49, False), (50, True)])
def test_a_part_is_given_whole_for_half_of_it(own, is_most):
    counts = {"train": SplitCounts(1, 1, 100 - own, 0, 0), "val": SplitCounts(1, 1, own, 0, 0)}
    assert gives_most(counts, "val") is is_most
