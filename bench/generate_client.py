"""The client of distil against a scripted server: CPU, memory, kills.

    python bench/generate_client.py [--requests 10000] [--kills 50] [--journal 100000]

Prints one JSON object: CPU of client and server a request, wall time against the server's own delay, peak
memory (client and server take a core each, so that the wall time says nothing on a machine that has a load
already); the time to load a journal of 8 kB replies; and after kills at random moments whether the rows are
those of an unbroken run, how many journalled requests were sent again, and the most that one kill lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DELAY_MS, AT_ONCE = 20, 64
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
SERVER = [sys.executable, "-m", "tests.data.generate.scripted_server", str(DELAY_MS)]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--requests", type=int, default=10_000)
    arguments.add_argument("--kills", type=int, default=50)
    arguments.add_argument("--journal", type=int, default=100_000)
    arguments.add_argument("--send", nargs=2, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.send:
        print(json.dumps(send(*options.send, options.requests)))
        return
    with tempfile.TemporaryDirectory() as folder:
        result = {
            "client": speed(Path(folder, "speed"), options.requests),
            "journal": journal(Path(folder, "journal"), options.journal),
            "kills": kills(Path(folder, "kills"), options.kills),
        }
    print(json.dumps(result, indent=2))


def start_server() -> tuple[subprocess.Popen[str], str]:
    server = subprocess.Popen(SERVER, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return server, server.stdout.readline().strip()


def speed(folder: Path, requests: int) -> dict[str, float]:
    server, url = start_server()
    command = [sys.executable, __file__, "--requests", str(requests), "--send", url, str(folder)]
    load = os.getloadavg()[0]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    server.kill()
    _, _, usage = os.wait4(server.pid, 0)
    of_server = (usage.ru_utime + usage.ru_stime) / requests * 1000
    return json.loads(done.stdout) | {"server_cpu_ms_a_request": round(of_server, 3), "load_before": load}


def send(url: str, folder: str, requests: int) -> dict[str, float]:
    """Send the requests from this process, and measure it."""
    from lf_qwen3.data.generate.client import ClientOptions, ModelClient
    from lf_qwen3.data.generate.journal import Journal
    from lf_qwen3.data.generate.model_request import ModelRequest
    from lf_qwen3.data.generate.model_server import describe_server

    with Journal(Path(folder, "rows.journal.jsonl")) as opened:
        client = ModelClient(describe_server(url, "vllm"), opened, ClientOptions(AT_ONCE))
        wall, cpu = time.perf_counter(), time.process_time()
        report = client.send(
            ModelRequest({"model": "m", "messages": [{"role": "user", "content": f"{n} " * 50}]})
            for n in range(requests)
        )
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "requests": report.answered,
        "cpu_ms_a_request": round(cpu / requests * 1000, 3),
        "wall_seconds": round(wall, 2),
        "times_the_delay": round(wall / (requests * DELAY_MS / 1000 / AT_ONCE), 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def journal(folder: Path, replies: int) -> dict[str, float]:
    from lf_qwen3.data.generate.journal import Journal
    from lf_qwen3.data.generate.model_reply import ModelReply

    path = folder / "rows.journal.jsonl"
    with Journal(path) as opened:
        for number in range(replies):
            opened.note_reply(f"{number:032x}", ModelReply("x" * 8000))
    wall, cpu = time.perf_counter(), time.process_time()
    with Journal(path) as opened:
        count = len(opened)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"replies": count, "seconds_to_load": round(wall, 2), "cpu_seconds": round(cpu, 2)}


def kills(folder: Path, count: int) -> dict[str, object]:
    server, url = start_server()
    source = folder / "source.jsonl"
    folder.mkdir()
    source.write_text("".join(json.dumps({"question": f"What is number {n}?"}) + "\n" for n in range(4000)))
    sent_again = most_lost = 0
    for _ in range(count):
        run = subprocess.Popen(distil(source, url, folder / "broken"), cwd=ROOT, **QUIET)
        wait_for_replies(folder / "broken" / "rows.journal.jsonl", run)
        time.sleep(random.uniform(0, 0.05))
        run.kill()
        run.wait()
        lost, again = audit(folder / "broken" / "rows.journal.jsonl")
        most_lost, sent_again = max(most_lost, lost), again
    for name in ("broken", "whole"):
        subprocess.run(distil(source, url, folder / name), cwd=ROOT, check=True, **QUIET)
    server.kill()
    texts = [(folder / name / "rows.jsonl").read_bytes() for name in ("broken", "whole")]
    return {
        "kills": count,
        "equal_to_an_unbroken_run": texts[0] == texts[1],
        "rows": texts[0].count(b"\n"),
        "journalled_and_sent_again": sent_again,
        "most_lost_by_a_kill": most_lost,
    }


def wait_for_replies(path: Path, run: subprocess.Popen[bytes]) -> None:
    """Wait until a run has written some more into its journal, or has ended."""
    size = path.stat().st_size if path.exists() else 0
    while run.poll() is None and (not path.exists() or path.stat().st_size < size + 5_000):
        time.sleep(0.001)


def distil(source: Path, url: str, folder: Path) -> list[str]:
    options = ["--url", url, "--model", "m", "--dialect", "vllm", "--concurrency", "32", "--json"]
    return [sys.executable, "-m", "lf_qwen3", "distil", str(source), "--to", str(folder), *options]


def audit(path: Path) -> tuple[int, int]:
    """Return how many requests the last run left without a reply, and how many were sent after one."""
    answered, under_way, again = set(), set(), 0
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for line in lines:
        kind, key = line[2:6], line[8:40] if line.startswith(b'{"got') else line[9:41]
        if kind == b"open":
            under_way.clear()
        elif kind == b"sent":
            again += key in answered
            under_way.add(key)
        elif line.endswith(b"\n"):
            answered.add(key)
            under_way.discard(key)
    return len(under_way), again


if __name__ == "__main__":
    main()
