"""How much a cluster is given at once: partitions of the records that it compares, and tasks ahead."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from lf_qwen3.base.cluster_tasks import TaskRunner, count_partitions

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


class NotingRunner(TaskRunner):
    """A runner on a cluster of `processors`, which notes what is started."""

    def __init__(self) -> None:
        self.processors = 2
        self.started: list[int] = []

    def count_processors(self) -> int:
        return self.processors

    def start_many(self, results: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        self.started += arguments
        return list(arguments)


def test_each_call_is_started_once_and_comes_in_order():
    runner = NotingRunner()
    assert [number for (number,) in runner.start_in_turn(1, print, ((n,) for n in range(50)))] == [*range(50)]
    assert runner.started == [*range(50)]
    assert list(runner.start_in_turn(1, print, [])) == []


def test_a_run_that_is_given_up_has_started_little_more_than_the_processors_take():
    runner = NotingRunner()
    results = runner.start_in_turn(1, print, ((n,) for n in itertools.count()))
    taken = [next(results)]
    assert len(runner.started) == len(taken) + 4 * 2
    runner.processors = 5  # the cluster has grown
    taken += [next(results) for _ in range(20)]
    assert len(runner.started) == len(taken) + 4 * 5
