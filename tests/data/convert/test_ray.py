"""Converting on a Ray cluster of two nodes: the records of the local engine, whatever dies meanwhile."""

import gzip
import importlib
import json
import os
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.storage import path_of
from lf_qwen3.data.convert.cluster import ray_engine
from lf_qwen3.data.convert.cluster.part_lines import convert_part
from lf_qwen3.data.convert.cluster.ray_engine import RayEngine
from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.proof.check import check, dataset_rows
from tests.needs import require
from tests.proof.check.hostile_rows import write_hostile

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning")  # Ray's own
require("ray", "moto", "s3fs")


NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster(s3):
    """Two nodes of one processor each, whose workers know the store."""
    ray = importlib.import_module("ray")  # untyped
    make_cluster = importlib.import_module("ray.cluster_utils").Cluster
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
        environment.setenv("RAY_DISABLE_IMPORT_WARNING", "1")
        nodes = make_cluster(initialize_head=True, head_node_args=NODE)
        # Before there is a second node: a driver ends with the node that it is connected to.
        ray.init(address=nodes.address, log_to_driver=False, logging_level="error")
        nodes.add_node(**NODE)
        yield nodes
        ray.shutdown()
        nodes.shutdown()
    signal.signal(signal.SIGTERM, before)  # Ray leaves a handler of its own


def hostile_row(rng):
    """A row that may be a duplicate, a conflict, malformed, blank, of several turns or written by a model."""
    number = rng.randrange(60)
    thought = f"<think>\nt {number}\n</think>\n\n" if rng.random() < 0.4 else ""
    turns = [("human", f"q {number}"), ("gpt", f"{thought}a {rng.randrange(3)}" + " " * rng.randrange(2))]
    if rng.random() < 0.2:
        turns += [("human", "more"), ("gpt", f"b {number}")]
    if rng.random() < 0.05:
        return rng.choice(["", "{bad", '{"conversations": []}', "  "])
    row = {"conversations": [{"from": role, "value": text} for role, text in turns]}
    return json.dumps(row)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A folder of sources of hostile rows: plain, packed, and parquet of several row groups."""
    folder = tmp_path_factory.mktemp("hostile")
    rng = random.Random(3)
    text = ["\n".join(hostile_row(rng) for _ in range(250)) for _ in range(2)]
    (folder / "a.jsonl").write_text(text[0])
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(text[1].encode()))
    rows = [json.loads(line) for line in text[0].splitlines()[:90] if line.startswith('{"conversations": [{')]
    pq.write_table(pa.Table.from_pylist(rows), folder / "c.parquet", row_group_size=20)
    return tuple(str(folder / name) for name in ("a.jsonl", "b.jsonl.gz", "c.parquet"))


def content(report, split):
    """The records of a split, one file after the other."""
    path = path_of(report.files[split])
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return b"".join(file.read_bytes() for file in files)


def told(report):
    """What a report says but for the names of its files."""
    return {key: value for key, value in report.as_json().items() if key not in ("files", "removed")}


@pytest.mark.parametrize(
    "asked",
    [
        {"val": 0.1, "test": 20},
        {"mix": 0.2, "val": 0.2},
        {"mix": 0.8, "by": "tokens", "turns": "last"},
        {"format": "alpaca", "test": 30},
    ],
)
def test_the_records_are_those_of_the_local_engine(cluster, hostile, tmp_path, asked):
    options = ConvertOptions(hostile, "set", tmp_path / "local", part_bytes=3000, **asked)
    here = convert(options)
    there = convert(replace(options, dataset_dir=tmp_path / "ray", engine="ray", shard_size=9000))
    assert told(there) == told(here)
    assert all((here.duplicate_records, here.conflicts, here.rejected))
    assert len(list(Path(there.files["train"]).iterdir())) > 1
    assert content(there, "rejected") == content(here, "rejected")
    for split in here.rows:
        if options.format == "sharegpt":
            assert content(there, split) == content(here, split)
        else:  # each file begins with a record that has a history
            assert sorted(content(there, split).splitlines()) == sorted(content(here, split).splitlines())
    if options.format == "sharegpt":
        assert content(there, "rows") == content(here, "rows")


def test_kto_labels_are_counted(cluster, tmp_path):
    rows = [{"prompt": f"q {n}", "completion": "a", "label": n % 3 > 0} for n in range(60)]
    (tmp_path / "kto.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ConvertOptions((f"{tmp_path}/kto.jsonl",), "set", tmp_path / "local", val=0.2)
    here, there = convert(options), convert(replace(options, dataset_dir=tmp_path / "ray", engine="ray"))
    assert (there.good, there.bad) == (here.good, here.bad) == (40, 20)


def large_rows(folder, parts):
    """A source of parts that are too large to travel in Ray's messages."""
    rng = random.Random(5)
    rows = [
        {"question": f"q {n % 70}", "think": "t", "answer": "".join(rng.choices("abcdefgh ", k=6000))}
        for n in range(25 * parts)
    ]
    path = folder / "large.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(json.dumps(row) + "\n" for row in rows).encode())
    return str(path)


def die(marks, parts, times, task, number, options):
    """Convert a part, but end the process before it, as often as asked, in some of the parts."""
    mark = Path(marks, str(number))
    if number in parts and (count := len(mark.read_text()) if mark.exists() else 0) < times:
        mark.write_text("x" * (count + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    return convert_part(task, number, options)


def test_a_worker_that_is_killed_costs_nothing_but_time_on_a_store(cluster, s3, tmp_path, monkeypatch):
    source = large_rows(path_of(f"{s3}/raw"), 4)
    options = ConvertOptions((f"{s3}/raw/*.jsonl",), "set", tmp_path / "local", val=0.1, part_bytes=150_000)
    here = convert(replace(options, sources=(source,)))
    monkeypatch.setattr(ray_engine, "convert_part", partial_of(die, str(tmp_path), (1,), 1))
    there = convert(replace(options, dataset_dir=path_of(f"{s3}/data"), engine="ray"))
    assert (tmp_path / "1").read_text() == "x"
    assert [content(there, split) for split in here.rows] == [content(here, split) for split in here.rows]
    assert there.files["train"].startswith(f"{s3}/data/set.")


def partial_of(function, *arguments):
    """A function with its first arguments, which has a name as Ray wants one."""

    def bound(*more):
        return function(*arguments, *more)

    return bound


def note_run(marks, task, number, options):
    """Convert a part, and note that it was converted once more."""
    with Path(marks, "runs").open("a") as file:
        file.write("x")
    return convert_part(task, number, options)


def start_worker(node):
    """Return when a node has a process that works: a node that starts one gets no parts meanwhile."""
    ray = importlib.import_module("ray")
    strategy = importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
    ray.get(ray.remote(lambda: None).options(scheduling_strategy=strategy(node.node_id, soft=False)).remote())


def raise_at(part, task, number, options):
    """Convert a part, or fail as a fault of this program would."""
    if number == part:
        raise ZeroDivisionError("no such thing")
    return convert_part(task, number, options)


@pytest.mark.parametrize("how", ["error", "kill"])
def test_a_part_that_fails_for_good_is_named(cluster, s3, tmp_path, monkeypatch, how):
    source = large_rows(tmp_path, 3)
    fault = partial_of(raise_at, 1) if how == "error" else partial_of(die, str(tmp_path), (1,), 99)
    monkeypatch.setattr(ray_engine, "convert_part", fault)
    folder = path_of(f"{s3}/failed-{how}")
    with pytest.raises(LfQwen3Error) as error:
        convert(ConvertOptions((source,), "set", folder, engine="ray", part_bytes=150_000))
    assert error.value.code == "part_failed"
    assert f"{source}, bytes 150,000 to 300,000" in error.value.message
    assert list(folder.rglob("*")) == []


def test_a_source_that_is_damaged_is_named_as_here(cluster, tmp_path):
    table = pa.table({"question": ["q" * 50] * 40, "answer": ["a" * 50] * 40})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=10, compression="none", use_dictionary=False)
    damaged = bytearray((tmp_path / "x.parquet").read_bytes())
    damaged[-4 - 600 : -4 - 560] = damaged[-4 - 600 : -4 - 560]
    damaged[60:90] = b"\xff" * 30
    (tmp_path / "x.parquet").write_bytes(damaged)
    options = ConvertOptions((f"{tmp_path}/x.parquet",), "set", tmp_path / "data")
    messages = []
    for engine in ("local", "ray"):
        with pytest.raises(LfQwen3Error) as error:
            convert(replace(options, engine=engine))
        messages.append((error.value.code, error.value.message))
    assert messages[0] == messages[1]
    assert not (tmp_path / "data" / "dataset_info.json").exists()


def test_check_reports_there_what_it_reports_here(cluster, tmp_path, monkeypatch, qwen_tokenizer_folder):
    monkeypatch.setattr(dataset_rows, "BLOCK", 5000)
    write_hostile(tmp_path / "data")
    wanted: dict[str, Any] = {"tokenizer": str(qwen_tokenizer_folder), "cutoff_len": 60}
    here = check(tmp_path / "data", **wanted)
    there = check(tmp_path / "data", engine="ray", **wanted)
    assert there.as_json() == here.as_json()
    assert there.lengths == here.lengths
    assert {"leak", "near_leak", "duplicate"} <= set(here.counts)
    assert here.datasets["a_train"].orphans == there.datasets["a_train"].orphans > 0


def test_check_on_the_cluster_reads_a_store(cluster, s3, tmp_path):
    folder = path_of(f"{s3}/checked")
    source = large_rows(tmp_path, 2)
    convert(ConvertOptions((source,), "set", folder, val=0.1, part_bytes=150_000, engine="ray"))
    there = check(folder, engine="ray")
    assert there.datasets["set_train"].records == 45
    assert there.as_json() == check(folder).as_json()


def test_a_limit_is_for_one_machine(cluster, tmp_path):
    options = ConvertOptions((large_rows(tmp_path, 1),), "set", tmp_path / "data", engine="ray", limit=3)
    with pytest.raises(UsageError) as error:
        convert(options)
    assert error.value.code == "options_exclude"


def test_a_node_that_is_taken_away_costs_nothing_but_time(cluster, tmp_path, monkeypatch):
    """Its records are gone when they are to be written: Ray converts those parts again.

    Which node gets a part is Ray's choice: where one got none, another is tried.
    """
    source = large_rows(tmp_path, 6)
    options = ConvertOptions((source,), "set", tmp_path / "local", val=0.1, part_bytes=150_000)
    here = convert(options)
    decide = RayEngine.decide
    monkeypatch.setattr(ray_engine, "convert_part", partial_of(note_run, str(tmp_path)))
    runs = []

    def decide_on_one_node(engine):
        runs.append(len((tmp_path / "runs").read_text()))
        cluster.remove_node(node, allow_graceful=False)
        return decide(engine)

    monkeypatch.setattr(RayEngine, "decide", decide_on_one_node)
    for attempt in range(4):
        node = cluster.add_node(**NODE)
        cluster.wait_for_nodes()
        start_worker(node)
        there = convert(replace(options, dataset_dir=tmp_path / f"ray{attempt}", engine="ray"))
        assert [content(there, split) for split in here.rows] == [content(here, split) for split in here.rows]
        if len((tmp_path / "runs").read_text()) > runs[-1]:
            return
    pytest.fail("no part was on a node that was taken away")
