"""Have a llama.cpp server answer the prompts that the trainer's predictions hold.

The prompts go to `/completion` (tools/server/README.md of llama.cpp) as the trainer rendered them, template
and all, with the sampling of the predict YAML, so that the answers differ by the weights alone.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.files import write_text
from lf_qwen3.results.score import predictions
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.trainer import yaml_reader

Progress = Callable[[int, int], None]
_TIMEOUT = 3600.0
_KEYS = {
    "max_new_tokens": "n_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "repetition_penalty": "repeat_penalty",
}
"""The trainer's generation keys and what llama.cpp calls them."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was written: the file, how many answers, and how many ended at the limit of new tokens."""

    file: str
    rows: int
    cut: int


def answer(
    yaml: Path, url: str, out: Path, rows: int | None = None, progress: Progress | None = None
) -> Answered:
    """Answer the first `rows` prompts of the predictions that a predict YAML wrote, into `out`.

    The file is of the trainer's own form, generated_predictions.jsonl: prompt, predict, label. Raises
    `UsageError` for a YAML that predicts nothing, or whose predictions are not there yet, `LfQwen3Error` for
    a server that does not answer; nothing is written then.
    """
    settings = yaml_reader.read(yaml).settings
    if not settings.get("do_predict"):
        raise UsageError(f"{yaml} predicts nothing: do_predict is not true", "name a predict YAML")
    asked = predictions.read(Path(str(settings["output_dir"])))[:rows]
    body = request(settings)
    lines: list[str] = []
    cut = 0
    for number, one in enumerate(asked, start=1):
        found = _complete(url, body | {"prompt": one.prompt})
        lines.append(_line(one, str(found["content"])))
        cut += found.get("stop_type") == "limit"
        if progress:
            progress(number, len(asked))
    file = out / predictions.FILE
    write_text(file, "".join(lines))
    return Answered(str(file), len(lines), cut)


def request(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request but for its prompt; min_p is off, as with the trainer."""
    body: dict[str, Any] = {to: settings[key] for key, to in _KEYS.items() if key in settings}
    body |= {"min_p": 0.0, "seed": settings.get("seed", 42), "stream": False}
    if settings.get("do_sample", True) is False:
        body |= {"temperature": 0.0, "top_k": 1}
    return body


def _complete(url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    sent = urllib.request.Request(
        f"{url.rstrip('/')}/completion",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(sent, timeout=_TIMEOUT) as response:
            found = json.load(response)
    except urllib.error.HTTPError as error:
        told = " ".join(error.read(500).decode("utf-8", "replace").split())
        raise LfQwen3Error(
            f"{url} answers {error.code}: {told}", "the server's own output says more"
        ) from error
    except (OSError, ValueError) as error:
        raise LfQwen3Error(
            f"no llama.cpp server answers at {url}: {error}",
            "start it (llama-server -m FILE.gguf --port 8080) and wait until it listens",
        ) from error
    if not isinstance(found, dict) or "content" not in found:
        raise LfQwen3Error(f"{url} is no llama.cpp server: its /completion gives no content")
    return found


def _line(one: Prediction, content: str) -> str:
    row = {"prompt": one.prompt, "predict": content, "label": one.label}
    return json.dumps(row, ensure_ascii=False) + "\n"
