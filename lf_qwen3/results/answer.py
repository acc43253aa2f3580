"""Have a llama.cpp server answer the prompts that the trainer's predictions hold.

The prompts go to `/completion` (tools/server/README.md of llama.cpp) as the trainer rendered them, template
and all, with the sampling of the predict YAML, so that the answers differ by the weights alone.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.progress import NoProgress, Progress, Status
from lf_qwen3.results.answer_file import AnswerFile, open_answers
from lf_qwen3.results.score import predictions
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.trainer import yaml_reader

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
class AnswerReport:
    """The file of answers, how many it holds, how many of them ended at the limit of new tokens.

    `kept` counts the answers that an earlier run had written already.
    """

    file: str
    rows: int
    cut: int
    kept: int


def answer(
    yaml: Path | str,
    url: str,
    out: Path | str,
    rows: int | None = None,
    *,
    fresh: bool = False,
    progress: Progress = NoProgress(),
) -> AnswerReport:
    """Answer the first `rows` prompts of the predictions that a predict YAML wrote, into the folder `out`.

    The file is of the trainer's own form, generated_predictions.jsonl: prompt, predict, label. Each answer is
    written as it comes; answers that are there already are kept and not asked for again, unless `fresh` says
    so. Raises `UsageError` for a YAML that predicts nothing, whose predictions are not there yet, and where
    `out` holds answers made with other settings; `LfQwen3Error` for a server that does not answer.
    """
    settings = yaml_reader.read(Path(yaml)).settings
    if not settings.get("do_predict"):
        raise UsageError(
            f"{yaml} predicts nothing: do_predict is not true", "name a predict YAML", code="no_predict_yaml"
        )
    source = predictions.locate(Path(str(settings["output_dir"])))
    if source.resolve() == (Path(out) / predictions.FILE).resolve():
        raise UsageError(
            f"{out} holds the predictions whose prompts are asked",
            "name another --out",
            code="output_is_input",
        )
    prompts = predictions.read(source)[:rows]
    request = request_body(settings)
    answers = open_answers(Path(out), {"model": _read_model(url), **request}, prompts, fresh)
    kept = answers.count
    try:
        _ask_for_missing(url, request, prompts, answers, progress)
    except LfQwen3Error as error:
        if answers.count:
            again = f"{answers.count} answers are in {answers.path}: the same command asks for the rest"
            error.hint = "; ".join(filter(None, (error.hint, again)))
        raise
    return AnswerReport(str(answers.path), answers.count, len(answers.cut), kept)


def _ask_for_missing(
    url: str,
    request: Mapping[str, Any],
    prompts: Sequence[Prediction],
    answers: AnswerFile,
    progress: Progress,
) -> None:
    started = time.monotonic()
    progress.start("answers")
    for prompt in prompts[answers.count :]:
        reply = _complete(url, {**request, "prompt": prompt.prompt})
        answers.append(prompt, str(reply["content"]), reply.get("stop_type") == "limit")
        seconds = time.monotonic() - started
        progress.update(Status("answers", answers.count, len(prompts), "requests", seconds))
    progress.finish("")


def request_body(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request but for its prompt; min_p is off, as with the trainer."""
    body: dict[str, Any] = {to: settings[key] for key, to in _KEYS.items() if key in settings}
    body |= {"min_p": 0.0, "seed": settings.get("seed", 42), "stream": False}
    if settings.get("do_sample", True) is False:
        body |= {"temperature": 0.0, "top_k": 1}
    return body


def _read_model(url: str) -> str:
    """Return the file name of the server's model (`/props`), "" where the server does not say."""
    try:
        properties = _exchange(url, "/props")
    except LfQwen3Error as error:
        if error.code == "server_error":
            return ""
        raise
    return Path(str(properties.get("model_path") or "")).name if isinstance(properties, dict) else ""


def _complete(url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    reply = _exchange(url, "/completion", body)
    if not isinstance(reply, dict) or "content" not in reply:
        raise LfQwen3Error(
            f"{url} is no llama.cpp server: its /completion gives no content", code="not_llama_cpp"
        )
    return reply


def _exchange(url: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Return the parsed reply to a GET, or to a POST of `body`."""
    request = urllib.request.Request(
        url.rstrip("/") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        text = " ".join(error.read(500).decode("utf-8", "replace").split())
        raise LfQwen3Error(
            f"{url} answers {error.code}: {text}", "the server's own output says more", code="server_error"
        ) from error
    except (OSError, ValueError) as error:
        raise LfQwen3Error(
            f"no llama.cpp server answers at {url}: {error}",
            "start it (llama-server -m FILE.gguf --port 8080) and wait until it listens",
            code="server_unreachable",
        ) from error
