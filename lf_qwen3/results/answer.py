"""Let a llama.cpp server answer the prompts of the trainer's predictions.

The prompts go to `/completion` (tools/server/README.md of llama.cpp) as the trainer rendered them, template
and all, with the sampling of the predict YAML, so that the answers differ by the weights alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.files import write_text
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.generate.client import ClientOptions, ModelClient, run_in_loop
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.model_server import describe_server, read_served_file
from lf_qwen3.results.score import predictions
from lf_qwen3.results.score.predictions import Prediction
from lf_qwen3.trainer import yaml_reader

JOURNAL = "answers.journal.jsonl"
"""Beside the answers: every reply as it came, and what they were made with."""

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

    `kept` counts the answers that an earlier run had brought already; `interrupted` tells that Ctrl-C ended
    this one.
    """

    file: str
    rows: int
    cut: int
    kept: int
    interrupted: bool = False


def answer(
    yaml: Path | str,
    url: str,
    out: Path | str,
    rows: int | None = None,
    *,
    fresh: bool = False,
    concurrency: int = 4,
    progress: Progress = NoProgress(),
) -> AnswerReport:
    """Answer the first `rows` prompts of the predictions that a predict YAML wrote, into the folder `out`.

    The file is of the trainer's own form, generated_predictions.jsonl: prompt, predict, label. Each answer is
    kept as it comes; answers that are there already are not asked for again, unless `fresh` says so.
    `concurrency` prompts are asked at once. Raises `UsageError` for a YAML that predicts nothing, whose
    predictions do not exist yet, and where `out` holds answers made with other settings; `LfQwen3Error` for
    a server that does not answer.
    """
    settings = yaml_reader.read(Path(yaml)).settings
    if not settings.get("do_predict"):
        raise UsageError(
            f"{yaml} predicts nothing: do_predict is not true",
            "name a predict YAML (do_predict: true)",
            code="no_predict_yaml",
        )
    file = Path(out) / predictions.FILE
    prompts = _read_prompts(settings, file)
    server = describe_server(url, "llama-server")
    model = run_in_loop(read_served_file(server))
    if fresh:
        _delete(file)
    with Journal(file.with_name(JOURNAL)) as journal:
        before = str(journal.made_with.get("model", model))  # a server that names no model may be any
        body = {"model": model if model and before else before, **request_body(settings)}
        made_with = body | {"prompts": _hash_prompts(prompts)}
        _require_same(file, journal, made_with)
        requests = build_requests(prompts, body)
        kept = sum(journal.is_settled(request.key) for request in requests)
        client = ModelClient(server, journal, ClientOptions(concurrency))
        asked = requests[:rows]
        journal.note_open(made_with)
        try:
            stopped = client.send(asked, progress, len(asked)).stopped
        finally:
            count, cut = _write(file, prompts, requests, journal)
        _require_all(asked, journal, stopped)
    return AnswerReport(str(file), count, cut, kept, stopped == "interrupted")


def _read_prompts(settings: Mapping[str, Any], file: Path) -> list[Prediction]:
    """Return the predictions that a predict YAML wrote; they may not be the file to write."""
    source = predictions.locate(Path(str(settings["output_dir"])))
    if source.resolve() == file.resolve():
        raise UsageError(
            f"{file.parent} holds the predictions whose prompts are used",
            "name another --out",
            code="output_is_input",
        )
    return predictions.read(source)


def _delete(file: Path) -> None:
    for path in (file, file.with_name(JOURNAL)):
        path.unlink(missing_ok=True)


def build_requests(prompts: Sequence[Prediction], body: Mapping[str, Any]) -> list[ModelRequest]:
    """Return a request for each prompt; equal prompts are asked apart."""
    times: Counter[str] = Counter()
    requests = []
    for prompt in prompts:
        request = ModelRequest({**body, "prompt": prompt.prompt}, times[prompt.prompt], "/completion")
        requests.append(request)
        times[prompt.prompt] += 1
    return requests


def request_body(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request but for its prompt; min_p is off, as with the trainer."""
    body: dict[str, Any] = {to: settings[key] for key, to in _KEYS.items() if key in settings}
    body |= {"min_p": 0.0, "seed": settings.get("seed", 42), "stream": False}
    if settings.get("do_sample", True) is False:
        body |= {"temperature": 0.0, "top_k": 1}
    return body


def _hash_prompts(prompts: Sequence[Prediction]) -> str:
    return xxhash.xxh3_64_hexdigest("\0".join(f"{row.prompt}\0{row.label}" for row in prompts).encode())


def _require_same(file: Path, journal: Journal, made_with: Mapping[str, Any]) -> None:
    """Raise `UsageError` ("answers_differ") where a folder holds answers that were made otherwise."""
    before = journal.made_with
    if not before and not file.exists():
        return
    changed = [name for name in {**before, **made_with} if before.get(name) != made_with.get(name)]
    if changed:
        what = ", ".join(
            f"{name} was {before.get(name)} and is now {made_with.get(name)}" for name in changed
        )
        reason = f"it was made with other settings: {what}" if before else f"there is no {JOURNAL} beside it"
        raise UsageError(
            f"{file} exists, and {reason}",
            "name another --out, or delete the answers: --fresh",
            code="answers_differ",
        )


def _write(
    file: Path, prompts: Sequence[Prediction], requests: Sequence[ModelRequest], journal: Journal
) -> tuple[int, int]:
    """Write the answers that are there; return how many they are, and how many were cut."""
    replies = [journal.read_reply(request.key) for request in requests]
    lines = [
        json.dumps(
            {"prompt": prompt.prompt, "predict": reply.content, "label": prompt.label}, ensure_ascii=False
        )
        for prompt, reply in zip(prompts, replies, strict=True)
        if reply
    ]
    if lines:
        write_text(file, "".join(f"{line}\n" for line in lines))
    return len(lines), sum(reply.is_cut for reply in replies if reply)


def _require_all(requests: Sequence[ModelRequest], journal: Journal, stopped: str) -> None:
    missing = [request for request in requests if not journal.read_reply(request.key)]
    if missing and not stopped:
        problem = journal.find_problem(missing[0].key)
        raise LfQwen3Error(
            f"{len(missing)} of {len(requests)} prompts have no answer: {problem.text if problem else ''}",
            f"the other answers are kept in {journal.path}; run the same command again to ask for the rest",
            code="server_error",
        )
