"""Into how many partitions a cluster parts the records that it compares."""

import pytest

from lf_qwen3.base.cluster_tasks import count_partitions

GIB = 1 << 30


@pytest.mark.parametrize(
    ("size", "partitions"),
    [
        (0, 2),
        (GIB - 1, 2),
        (GIB, 2),
        (2 * GIB, 4),
        (5 * GIB, 8),
        (63 * GIB, 64),
        (64 * GIB, 64),
        (1 << 50, 64),
    ],
)
def test_a_partition_has_about_a_gibibyte_and_their_number_is_bounded(size, partitions):
    assert count_partitions(size, 64) == partitions
