"""How much a cluster is given at once: partitions of the records that it compares, and tasks ahead."""

import itertools
from types import SimpleNamespace

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


@pytest.fixture
def runner(monkeypatch):
    """A runner on a cluster of `processors`, which notes what is started."""
    monkeypatch.setattr(TaskRunner, "__init__", lambda self: None)
    runner = TaskRunner()
    runner.processors, runner.started = 2.0, []
    runner._ray = SimpleNamespace(cluster_resources=lambda: {"CPU": runner.processors})
    monkeypatch.setattr(runner, "start_many", lambda results, function, n: runner.started.append(n) or [n])
    return runner


def test_each_call_is_started_once_and_comes_in_order(runner):
    assert [number for (number,) in runner.start_in_turn(1, print, ((n,) for n in range(50)))] == [*range(50)]
    assert runner.started == [*range(50)]
    assert list(runner.start_in_turn(1, print, [])) == []


def test_a_run_that_is_given_up_has_started_little_more_than_the_processors_take(runner):
    results = runner.start_in_turn(1, print, ((n,) for n in itertools.count()))
    assert next(results) == [0]
    assert len(runner.started) == 4 * 2 + 1
    runner.processors = 5.0  # the cluster has grown
    assert next(results) == [1]
    assert len(runner.started) == 1 + 4 * 5 + 1
