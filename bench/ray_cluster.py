"""Measure convert on a Ray cluster of this machine against the local engine.

    python bench/ray_cluster.py [--rows 1000000] [--rounds 1]

Rows per CPU second are taken over the process trees: Ray's own processes, which stand for a cluster, are
counted apart from its workers and the driver. The driver's memory is its peak, at the rows asked and at a
quarter of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
DATA, OUT = HERE / "data", HERE / "out"
ENGINES = ("local", "ray")
TICKS = os.sysconf("SC_CLK_TCK")
ROLES = ("human", "gpt")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--child", nargs=3, metavar=("ENGINE", "SOURCE", "FOLDER"))
    options = arguments.parse_args()
    if options.child:
        convert_once(*options.child)
        return
    results = {}
    for rows in (options.rows // 4, options.rows):
        source = make_source(rows)
        rounds = [
            {engine: measure(engine, source) for engine in ("local", "ray")} for _ in range(options.rounds)
        ]
        ratios = [pair["local"]["cpu_seconds"] / pair["ray"]["cpu_seconds"] for pair in rounds]
        results[rows] = {
            "rounds": rounds,
            "of_local": round(statistics.median(ratios), 3),
        }
        print(rows, json.dumps(results[rows]), flush=True)
    OUT.mkdir(exist_ok=True)
    (OUT / "ray_cluster.json").write_text(json.dumps(results, indent=2) + "\n")


def make_source(rows: int) -> Path:
    """Write chats of one to three turns, one in fifty of them twice."""
    import random

    path = DATA / f"ray-{rows}.jsonl"
    if path.exists():
        return path
    DATA.mkdir(parents=True, exist_ok=True)
    rng = random.Random(1)
    words = [f"word{number}" for number in range(4000)]
    with path.open("w") as file:
        for number in range(rows):
            turns = []
            for turn in range(rng.choice((1, 1, 1, 2))):
                asked = number - (number % 50 == 1)
                texts = f"{asked} {turn} " + " ".join(words[:8]), " ".join(rng.choices(words, k=40))
                turns += [
                    {"from": role, "value": text} for role, text in zip(("human", "gpt"), texts, strict=True)
                ]
            file.write(json.dumps({"conversations": turns}) + "\n")
    return path


def measure(engine: str, source: Path) -> dict[str, float]:
    """Convert in a process of its own; return what it says of itself."""
    folder = OUT / "ray-data"
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, __file__, "--child", engine, str(source), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shutil.rmtree(folder, ignore_errors=True)
    return json.loads(done.stdout.splitlines()[-1])


def convert_once(engine: str, source: str, folder: str) -> None:
    """Convert, and print CPU seconds by kind of process, wall seconds and the peak memory of the driver."""
    from lf_qwen3.data.convert.convert import convert
    from lf_qwen3.data.convert.options import ConvertOptions

    options = ConvertOptions((source,), "set", Path(folder), val=0.02, engine=engine, workers=2)
    if engine == "ray":
        import ray

        ray.init("local", log_to_driver=False, logging_level="error", include_dashboard=False)
    before = cpu_by_kind()
    start = time.perf_counter()
    convert(options)
    wall = time.perf_counter() - start
    used = {kind: round(seconds - before.get(kind, 0), 2) for kind, seconds in cpu_by_kind().items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    own = sum(seconds for kind, seconds in used.items() if kind != "system")
    figures = {"cpu_seconds": round(own, 2), "cpu": used, "wall": round(wall, 2), "driver_mib": round(peak)}
    print(json.dumps(figures))


def cpu_by_kind() -> dict[str, float]:
    """Return the CPU seconds of this process, of its children that have ended, and of Ray's below it."""
    times = os.times()
    used = {"driver": times.user + times.system, "ended": times.children_user + times.children_system}
    for process in descendants(os.getpid()):
        try:
            stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            name = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            continue
        kind = "workers" if name.startswith(b"ray::") else "system"
        used[kind] = used.get(kind, 0) + (int(stat[11]) + int(stat[12])) / TICKS
        used["ended"] += (int(stat[13]) + int(stat[14])) / TICKS
    return used


def descendants(parent: int) -> list[int]:
    """Return the processes below one."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                own = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                below.setdefault(int(own), []).append(int(entry.name))
            except OSError:
                continue
    found, waiting = [], [parent]
    while waiting:
        children = below.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


if __name__ == "__main__":
    main()
