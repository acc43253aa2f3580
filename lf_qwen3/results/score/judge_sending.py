"""Ask a judge at a server, and keep the verdicts in the form of a batch's output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.data.generate.client import ModelClient
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.options import ServerOptions
from lf_qwen3.results.score.judge import build_body, judge_requests
from lf_qwen3.results.score.predictions import Prediction

JOURNAL, VERDICTS = "judge.journal.jsonl", "judge.jsonl"
"""Beside the predictions: the replies as they came, and what `--judge-import` reads."""


def ask_judge(
    predictions: Sequence[Prediction],
    against: Sequence[Prediction] | None,
    judge: ServerOptions,
    folder: Path,
    progress: Progress = NoProgress(),
) -> Path:
    """Ask about all rows, without thinking where the server has a switch; return the file of verdicts.

    A verdict in the journal is never asked for again. Raises `LfQwen3Error` for a server that does not answer
    or a run that was stopped ("interrupted").
    """
    server = judge.find()
    switch = server.dialect.switch.get("plain", {})
    requests = {
        request.custom_id: ModelRequest(build_body(request, judge.model) | dict(switch))
        for request in judge_requests(predictions, against)
    }
    with Journal(folder / JOURNAL) as journal:
        report = ModelClient(server, journal, judge.client).send(requests.values(), progress, len(requests))
        if report.stopped:
            raise LfQwen3Error(
                f"stopped ({report.stopped}) before the judge was asked about every row",
                "the verdicts so far are kept; run the same command again to ask for the rest",
                code="interrupted",
            )
        lines = [_line(custom_id, journal, request.key) for custom_id, request in requests.items()]
    path = folder / VERDICTS
    path.write_bytes(b"".join(lines))
    return path


def _line(custom_id: str, journal: Journal, key: str) -> bytes:
    """Return one line of a batch's output: a reply, or why there is none."""
    reply, problem = journal.read_reply(key), journal.find_problem(key)
    line: dict[str, object] = {"custom_id": custom_id}
    if reply:
        message = {"role": "assistant", "content": reply.content}
        line["response"] = {"status_code": 200, "body": {"choices": [{"message": message}]}}
    else:
        line["error"] = {"code": problem.code, "message": problem.text} if problem else {"code": "not_sent"}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
