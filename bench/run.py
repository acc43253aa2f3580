"""Measure conversion against the two usual ways and an unchecked copy, side by side, whole processes.

    python bench/run.py [--rounds 5] [--rows 100000] [--quick]

Each round runs every way once, in turn, with outputs and caches removed first; the ratio is taken within a
round and its median reported, so that a machine that drifts does not decide. CPU is that of the process and
all its children. Peak memory is measured in runs of their own: the sum over the process tree, from /proc
(proportional set size: shared pages count once).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import generate

HERE = Path(__file__).parent
DATA, OUT = HERE / "data", HERE / "out"
SHAPES = {"finetome": (2.0, 6), "medical": (2.0, 6), "chat": (3.0, 4)}
"""For each shape at most how many times the CPU of the unchecked copy, and at least the speed of a rival."""
MOST_ACCOUNTING = 3
MOST_CHECK = 2.0
"""How many times the CPU of convert `check` is allowed."""
MOST_MIB, MOST_GROWTH, MOST_HELP_MS, MOST_LOOK_SECONDS = 300, 1.25, 100, 1.0
CLI = [sys.executable, "-m", "lf_qwen3"]
CHECK = [*CLI, "check", "--dataset-dir", str(OUT / "ours"), "--json"]


class Spent(NamedTuple):
    """Seconds that a command took: of all its processes on the processors, and on the wall."""

    cpu: float
    wall: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--quick", action="store_true", help="neither tutorial nor HF datasets")
    options = arguments.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled, too
    results = {"machine": platform.processor() or platform.machine(), "python": platform.python_version()}
    for kind in SHAPES:
        results[kind] = speed(kind, options.rows, options.rounds, options.quick)
    results["memory"] = {kind: memory(kind, options.rows) for kind in SHAPES}
    results["accounting_percent"] = {kind: accounting(kind) for kind in ("finetome", "medical")}
    results["token_checks"] = tokens(options.rows)
    results["generate"] = client()
    results["help_ms"] = help_time(options.rounds)
    results["looks"] = looks(options.rows, options.rounds)
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


def speed(kind: str, rows: int, rounds: int, quick: bool) -> dict[str, object]:
    """Run the ways in turn, check after ours; print and return medians and ratios beside their bars."""
    path = source(kind, rows)
    rival = [kind, str(path), str(OUT / "rival.json")]
    ways = {"ours": ours(path), "unchecked": [sys.executable, str(HERE / "unchecked.py"), *rival]}
    if not quick:
        ways["tutorial"] = [sys.executable, str(HERE / "tutorial.py"), *rival]
        ways["hf_datasets"] = [sys.executable, str(HERE / "hf_datasets.py"), *rival, str(OUT / "cache")]
    warm_up(path)
    runs: dict[str, list[Spent]] = {name: [] for name in (*ways, "check")}
    for _ in range(rounds):
        for name, command in ways.items():
            runs[name].append(spend(command))
            if name == "ours":
                runs["check"].append(spend(CHECK, is_clean=False))
    most, least = SHAPES[kind]
    result: dict[str, object] = {"rows": rows, "megabytes": round(path.stat().st_size / 1e6)}
    for field in Spent._fields:
        result[f"{field}_seconds"] = {
            name: round(statistics.median(getattr(spent, field) for spent in got), 2)
            for name, got in runs.items()
        }
    result["cpu_to_unchecked"] = ratio(runs["ours"], runs["unchecked"], "cpu")
    result["cpu_to_unchecked_at_most"] = most
    result["check_cpu_to_convert"] = ratio(runs["check"], runs["ours"], "cpu")
    result["check_cpu_to_convert_at_most"] = MOST_CHECK
    if not quick:
        result["times_as_fast_as_the_faster"] = min(
            ratio(runs[name], runs["ours"], "wall") for name in ("tutorial", "hf_datasets")
        )
        result["times_as_fast_at_least"] = least
        result["peak_mib"] = {name: round(peak(command)) for name, command in ways.items()}
    print(kind, json.dumps(result), flush=True)
    return result


def ratio(ours: list[Spent], others: list[Spent], field: str) -> float:
    """Return the median over the rounds of how many times what the others took."""
    pairs = zip(ours, others, strict=True)
    return round(statistics.median(getattr(own, field) / getattr(other, field) for own, other in pairs), 2)


def memory(kind: str, rows: int) -> dict[str, float]:
    """Compare the peak memory at one and at four times the rows, and with a single row group."""
    inputs = {"1x": source(kind, rows), "4x": source(kind, rows * 4)}
    if kind == "finetome":
        inputs["1x in one row group"] = source(kind, rows, row_group=rows)
    peaks = {name: round(peak(ours(path))) for name, path in inputs.items()}
    growth = round(peaks["4x"] / peaks["1x"], 2)
    bars = f"(at most {MOST_MIB} MiB, {MOST_GROWTH}-fold)"
    print("memory", kind, peaks, f"grows {growth}-fold {bars}", flush=True)
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
    if not (folder / "tokenizer.json").exists():
        folder.mkdir(exist_ok=True)
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
    milliseconds = round(1000 * statistics.median(spend([*CLI, "--help"]).wall for _ in range(rounds)))
    print(f"lf-qwen3 --help: {milliseconds} ms (at most {MOST_HELP_MS})", flush=True)
    return milliseconds


def looks(rows: int, rounds: int) -> dict[str, float]:
    """Return the median seconds of the commands that look at a converted dataset first."""
    spend(ours(source("finetome", rows)))
    place = ["--dataset-dir", str(OUT / "ours"), "--json"]
    file = str(OUT / "ours" / "bench_train.jsonl")
    commands = {
        "register": [*CLI, "register", "again", file, "--dry-run", *place],
        "datasets": [*CLI, "datasets", *place],
    }
    if (DATA / "tokenizer").exists():
        commands["preview"] = [*CLI, "preview", "bench", "--tokenizer", str(DATA / "tokenizer"), *place]
    seconds = {
        name: round(statistics.median(spend(command, is_clean=False).wall for _ in range(rounds)), 2)
        for name, command in commands.items()
    }
    print("first looks", seconds, f"(at most {MOST_LOOK_SECONDS} s)", flush=True)
    return seconds


def warm_up(path: Path) -> None:
    """Read the input once, so that no way pays for the disk."""
    with path.open("rb") as file:
        while file.read(1 << 22):
            pass


def spend(command: list[str], is_clean: bool = True) -> Spent:
    """Run a command, in a clean output folder or in that of the command before; return what it took."""
    process, began = start(command, is_clean)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Spent(usage.ru_utime + usage.ru_stime, finish(command, process, began))


def peak(command: list[str]) -> float:
    """Return the peak memory in MiB of a command and its children; watching slows it, so it is not timed."""
    process, began = start(command)
    most = 0.0
    while process.poll() is None:
        most = max(most, sum(map(pss, tree(process.pid))) / 1024)
        time.sleep(0.05)
    finish(command, process, began)
    return most


def start(command: list[str], is_clean: bool = True) -> tuple[subprocess.Popen[bytes], float]:
    if is_clean:
        shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True, exist_ok=True)
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
