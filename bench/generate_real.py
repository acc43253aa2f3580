"""Distil from the trainer's own API, with a tiny model that knows eight rows by heart; no network.

    python bench/generate_real.py

llamafactory-cli api -> distil in both modes -> convert -> check -> one training step. Prints one JSON object,
with the seconds of each.
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
OPTIONS = (
    *("--model", "tiny", "--modes", "both", "--keep", "all"),
    *("--to", "distilled", "--max-new-tokens", "64"),
)
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
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        seconds: dict[str, float] = {}
        with timed(seconds, "prepare"):
            prepare(place)
        with contextlib.ExitStack() as served:
            with timed(seconds, "serve"):
                url = served.enter_context(serve(place))
            with timed(seconds, "distil"):
                distilled = call(place, "distil", "rows.jsonl", "--url", url, *OPTIONS)
        with timed(seconds, "convert"):
            converted = call(place, "convert", "distilled", "--name", "lamps", "--dataset-dir", "data")
        with timed(seconds, "check"):
            checked = call(place, "check", "lamps", "--dataset-dir", "data")
        with timed(seconds, "train"):
            trained = run(place, "-m", "llamafactory.cli", "train", "train.yaml")
        result = {
            "seconds": seconds | {"all": round(sum(seconds.values()), 1)},
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


def prepare(place: Path) -> None:
    """Write a tokenizer, the tiny model with its adapter, its rows, and the YAML of the training step."""
    from lf_qwen3.qwen3 import tokenizer_build
    from tests.results.gguf import tiny_run

    (place / "tokenizer").mkdir()
    tokenizer_build.save_tokenizer(tokenizer_build.ranks_file(), place / "tokenizer")
    tiny_run.save_base(place / "base", place / "tokenizer")
    widen(place / "base")
    tiny_run.write_run(place / "run", place / "base")
    (place / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in tiny_run.ROWS))
    (place / "train.yaml").write_text(TRAIN.format(base=place / "base"))


def widen(base: Path) -> None:
    """Rewrite a model of bfloat16 in float32, which most CPUs train ten times as fast."""
    from safetensors.torch import load_file, save_file

    weights = {name: weight.float() for name, weight in load_file(base / "model.safetensors").items()}
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"dtype": "float32"}))


@contextlib.contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - begun, 1)


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
