"""Measure conversion against the two usual ways and an unchecked copy, side by side, whole processes.

    python bench/run.py [--rounds 3] [--rows 100000] [--quick]

Each round runs every way once, in turn, with outputs and caches removed first; the ratio is taken within a
round and its median reported, so that a machine that drifts does not decide. Peak memory is measured in runs
of their own: the sum over the process tree, from /proc (proportional set size: shared pages count once).
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import generate

HERE = Path(__file__).parent
DATA, OUT = HERE / "data", HERE / "out"
MOST_ACCOUNTING = 3
CLI = [sys.executable, "-m", "lf_qwen3"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--quick", action="store_true", help="ours only: no tutorial, no HF datasets")
    options = arguments.parse_args()
    results = {"machine": platform.processor() or platform.machine(), "python": platform.python_version()}
    for kind, bar in (("finetome", 5), ("medical", 8)):
        results[kind] = speed(kind, options.rows, options.rounds, bar, options.quick)
    results["memory"] = {kind: memory(kind, options.rows) for kind in ("finetome", "medical")}
    results["accounting_percent"] = {kind: accounting(kind) for kind in ("finetome", "medical")}
    results["token_checks"] = tokens(options.rows)
    results["generate"] = client()
    results["help_ms"] = help_time(max(options.rounds, 5))
    OUT.mkdir(exist_ok=True)
    (OUT / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print(f"written to {OUT / 'results.json'}")


def source(kind: str, rows: int, **more: int) -> Path:
    """Generate an input once and keep it."""
    label = "".join(f"-{key}{value}" for key, value in more.items())
    path = DATA / f"{kind}-{rows}{label}.{'parquet' if kind == 'finetome' else 'jsonl'}"
    if not path.exists():
        print(f"generating {path.name} ...", flush=True)
        DATA.mkdir(parents=True, exist_ok=True)
        getattr(generate, kind)(path, rows, **more)
    return path


def ours(path: Path) -> list[str]:
    options = [
        "--name",
        "bench",
        "--dataset-dir",
        str(OUT / "ours"),
        "--val",
        "0.01",
        "--test",
        "500",
        "--json",
    ]
    return [*CLI, "convert", str(path), *options]


def speed(kind: str, rows: int, rounds: int, bar: float, quick: bool) -> dict[str, object]:
    """Time the ways in turn; print and return medians and the ratio to the faster rival."""
    path = source(kind, rows)
    ways = {"ours": ours(path)}
    if not quick:
        rival = [kind, str(path), str(OUT / "rival.json")]
        ways["tutorial"] = [sys.executable, str(HERE / "tutorial.py"), *rival]
        ways["hf_datasets"] = [sys.executable, str(HERE / "hf_datasets.py"), *rival, str(OUT / "cache")]
        ways["unchecked"] = [sys.executable, str(HERE / "unchecked.py"), *rival]
    warm_up(path)
    runs: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, command in ways.items():
            runs[name].append(seconds(command))
    medians = {name: round(statistics.median(got), 2) for name, got in runs.items()}
    result: dict[str, object] = {
        "rows": rows,
        "megabytes": round(path.stat().st_size / 1e6),
        "seconds": medians,
    }
    if not quick:
        rivals = [runs[name] for name in ("tutorial", "hf_datasets")]
        ratios = [min(rival[turn] for rival in rivals) / runs["ours"][turn] for turn in range(rounds)]
        result["times_as_fast_as_the_faster"] = round(statistics.median(ratios), 1)
        result["bar"] = bar
        floors = [runs["ours"][turn] / runs["unchecked"][turn] for turn in range(rounds)]
        result["times_the_unchecked"] = round(statistics.median(floors), 1)
        result["peak_mib"] = {name: round(peak(command)) for name, command in ways.items()}
    print(kind, json.dumps(result), flush=True)
    return result


def memory(kind: str, rows: int) -> dict[str, float]:
    """Compare the peak memory at one and at four times the rows, and with a single row group."""
    inputs = {"1x": source(kind, rows), "4x": source(kind, rows * 4)}
    if kind == "finetome":
        inputs["1x in one row group"] = source(kind, rows, row_group=rows)
    peaks = {name: round(peak(ours(path))) for name, path in inputs.items()}
    growth = round(peaks["4x"] / peaks["1x"], 2)
    print("memory", kind, peaks, f"grows {growth}-fold", flush=True)
    return {**peaks, "growth": growth}


def accounting(kind: str) -> float:
    """Return by how many per cent the accounting of columns lengthens a conversion (bench/accounting.py)."""
    command = [sys.executable, str(HERE / "accounting.py"), str(source(kind, 5_000))]
    percent = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"accounting of columns, {kind}: {percent} % (at most {MOST_ACCOUNTING} %)", flush=True)
    return percent


def tokens(rows: int) -> dict[str, float]:
    """Compare the token checks with the tokenizer alone (bench/tokens.py), with Qwen's own tokenizer."""
    from lf_qwen3.qwen3 import tokenizer_build

    folder = DATA / "tokenizer"
    if not folder.exists():
        tokenizer_build.save_tokenizer(tokenizer_build.ranks_file(), folder)
    command = [sys.executable, str(HERE / "tokens.py"), str(source("medical", rows)), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    print("token checks", done.stdout.strip(), flush=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def client() -> dict[str, object]:
    """Measure the client of distil (bench/generate_client.py)."""
    command = [sys.executable, str(HERE / "generate_client.py")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    print("client of distil", done.stdout.strip(), flush=True)
    result: dict[str, object] = json.loads(done.stdout)
    return result


def help_time(rounds: int) -> float:
    """Return the median time of `lf-qwen3 --help` in milliseconds."""
    times = sorted(seconds([*CLI, "--help"]) for _ in range(rounds))
    milliseconds = round(1000 * statistics.median(times))
    print(f"lf-qwen3 --help: {milliseconds} ms", flush=True)
    return milliseconds


def warm_up(path: Path) -> None:
    """Read the input once, so that no way pays for the disk."""
    with path.open("rb") as file:
        while file.read(1 << 22):
            pass


def seconds(command: list[str]) -> float:
    """Return the wall time of a command in a clean output folder."""
    started = start(command)
    return finish(command, *started)


def peak(command: list[str]) -> float:
    """Return the peak memory in MiB of a command and its children; watching slows it, so it is not timed."""
    process, began = start(command)
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(map(pss, tree(process.pid))) / 1024)
        time.sleep(0.05)
    finish(command, process, began)
    return most


def start(command: list[str]) -> tuple[subprocess.Popen[bytes], float]:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    began = time.perf_counter()
    with (OUT / "errors.txt").open("wb") as errors:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors), began


def finish(command: list[str], process: subprocess.Popen[bytes], began: float) -> float:
    if process.wait():
        sys.exit(f"{' '.join(command)} failed:\n{(OUT / 'errors.txt').read_text()[-2000:]}")
    return time.perf_counter() - began


def tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in tree(int(child)))]


def pss(pid: int) -> int:
    """Return the proportional set size of a process in KiB; 0 when it is gone."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
