"""Distil from the trainer's own API, with a tiny model that knows eight rows by heart; no network.

    python bench/generate_real.py

llamafactory-cli api -> distil in both modes -> convert -> check -> one training step. Prints one JSON object.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
PATHS = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONPATH": PATHS,
}
TRAIN = """\
model_name_or_path: {base}
stage: sft
do_train: true
finetuning_type: lora
template: qwen3
dataset: lamps_train
dataset_dir: data
cutoff_len: 256
max_steps: 1
use_cpu: true
bf16: false
report_to: none
output_dir: trained
"""


def main() -> None:
    from lf_qwen3.qwen3 import tokenizer_build
    from tests.results.gguf import tiny_run

    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / "tokenizer").mkdir()
        tokenizer_build.save_tokenizer(tokenizer_build.ranks_file(), place / "tokenizer")
        tiny_run.save_base(place / "base", place / "tokenizer")
        tiny_run.write_run(place / "run", place / "base")
        rows = "".join(json.dumps(row) + "\n" for row in tiny_run.ROWS)
        (place / "rows.jsonl").write_text(rows)
        begun = time.perf_counter()
        with serve(place) as url:
            served = time.perf_counter() - begun
            options = [
                "--url",
                url,
                "--model",
                "tiny",
                "--modes",
                "both",
                "--keep",
                "all",
                "--to",
                "distilled",
            ]
            distilled = call(place, "distil", "rows.jsonl", *options, "--max-new-tokens", "64")
        converted = call(place, "convert", "distilled", "--name", "lamps", "--dataset-dir", "data")
        checked = call(place, "check", "lamps", "--dataset-dir", "data")
        (place / "train.yaml").write_text(TRAIN.format(base=place / "base"))
        trained = run(place, "-m", "llamafactory.cli", "train", "train.yaml")
        result = {
            "seconds_until_served": round(served),
            "seconds": round(time.perf_counter() - begun),
            "distil": {
                name: distilled[name] for name in ("read", "kept", "thinking", "refused", "unanswered")
            },
            "convert": {
                name: converted[name] for name in ("read", "rejected", "repaired", "thinking", "plain")
            },
            "findings": checked["findings"],
            "trained": trained.returncode == 0 and (place / "trained/adapter_config.json").is_file(),
        }
    print(json.dumps(result, indent=2))


@contextlib.contextmanager
def serve(place: Path) -> Iterator[str]:
    """Serve the tuned model by the trainer's API until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "model_name_or_path": str(place / "base"),
        "adapter_name_or_path": str(place / "run/adapter"),
        "template": "qwen3",
        "infer_backend": "huggingface",
    }
    (place / "api.yaml").write_text(json.dumps(settings))
    environment = os.environ | OFFLINE | {"API_HOST": "127.0.0.1", "API_PORT": str(port)}
    command = [sys.executable, "-m", "llamafactory.cli", "api", "api.yaml"]
    with (place / "api.log").open("w") as log:
        server = subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/v1/models", server, place / "api.log")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait()


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    while server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(1)
    raise SystemExit(log.read_text()[-2000:])


def call(place: Path, *words: str) -> dict[str, object]:
    done = run(place, "-m", "lf_qwen3", *words, "--json")
    return json.loads(done.stdout)


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *words], cwd=place, env=os.environ | OFFLINE, capture_output=True, text=True
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(done.stderr[-2000:])
    return done


if __name__ == "__main__":
    main()
