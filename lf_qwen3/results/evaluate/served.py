"""Predict by a server that has the model loaded already: the same files as the trainer's own predict.

The prompts are rendered as the trainer renders them (UnsupervisedDatasetProcessor, `encode_oneturn`) and sent
as text to `/v1/completions`, with the sampling of the predict YAML.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.files import write_text
from lf_qwen3.base.progress import Progress
from lf_qwen3.data.generate.client import ClientOptions, ModelClient
from lf_qwen3.data.generate.dialects import ServerDialect
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.model_request import ModelRequest
from lf_qwen3.data.generate.model_server import ModelServer
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.recipes.trainers.records import find_datasets, read_records
from lf_qwen3.recipes.trainers.trainer import split_names
from lf_qwen3.results.evaluate.predict_run import PredictRun
from lf_qwen3.trainer.records import Record
from lf_qwen3.trainer.render import Template

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

_KEYS = {"max_new_tokens": "max_tokens", "temperature": "temperature", "top_p": "top_p", "top_k": "top_k"}
"""The trainer's generation keys and what the servers call them."""
_DEFAULTS = {"max_new_tokens": 1024, "temperature": 0.95, "top_p": 0.7, "top_k": 50}
"""What the trainer takes without the key (hparams/generating_args.py)."""


class ServedPrompt(NamedTuple):
    """A prompt and its reference, as the trainer writes them into its predictions."""

    prompt: str
    label: str


class ServedModel(NamedTuple):
    """A server, what it calls the model, and how it is asked."""

    server: ModelServer
    name: str
    options: ClientOptions


def predict_by_server(run: PredictRun, model: ServedModel, progress: Progress) -> int:
    """Write the predictions of one YAML; return how many answers ended at the limit of new tokens.

    Replies are kept beside them until weights, rows or settings change. Raises `LfQwen3Error` where a prompt
    has no answer ("server_error") or the run was stopped ("interrupted"), `UsageError` for rows that are not
    here.
    """
    prompts = list(render_prompts(run.settings))
    body = build_completion(run.settings, model.name, model.server.dialect)
    requests = [
        ModelRequest({**body, "prompt": prompt.prompt}, number, "/completions")
        for number, prompt in enumerate(prompts)
    ]
    path = run.output / f"served-{run.fingerprint()[:16]}.journal.jsonl"
    with Journal(path) as journal:
        stopped = ModelClient(model.server, journal, model.options).send(requests, progress, len(requests))
        replies = [journal.read_reply(request.key) for request in requests]
        missing = [request for request, reply in zip(requests, replies, strict=True) if reply is None]
        if missing:
            problem = journal.find_problem(missing[0].key)
            raise LfQwen3Error(
                f"{len(missing)} of {len(requests)} rows have no answer: {problem.text if problem else ''}",
                f"the other answers are kept in {path}; run the same command again to ask for the rest",
                code="interrupted" if stopped.stopped else "server_error",
            )
    answered = [(prompt, reply) for prompt, reply in zip(prompts, replies, strict=True) if reply]
    rows = (
        {"prompt": prompt.prompt, "predict": reply.content, "label": prompt.label}
        for prompt, reply in answered
    )
    write_text(run.file, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    write_text(run.results, json.dumps({"predict_samples": len(prompts)}) + "\n")
    return sum(reply.is_cut for _, reply in answered)


def render_prompts(settings: Mapping[str, Any]) -> Iterator[ServedPrompt]:
    """Yield the prompts of a predict YAML's rows, in their order; rows that the trainer drops are left out.

    Raises `UsageError` for a dataset that is not here, or a tokenizer that is not.
    """
    tokenizer = tokenizer_files.load(tokenizer_files.find(str(settings.get("model_name_or_path"))))
    template = Template.from_settings(settings)
    names = split_names(settings.get("eval_dataset") or "")
    for dataset in find_datasets(names, str(settings.get("dataset_dir") or "data"), "sft"):
        records = (record for record in read_records(dataset) if isinstance(record, Record))
        for record in islice(records, settings.get("max_samples")):
            yield _render(record, template, tokenizer)


def build_completion(settings: Mapping[str, Any], model: str, dialect: ServerDialect) -> dict[str, Any]:
    """Return the body of a request but for its prompt."""
    sampling = _DEFAULTS | {key: settings[key] for key in _KEYS if key in settings}
    body: dict[str, Any] = {"model": model} | {_KEYS[key]: value for key, value in sampling.items()}
    if settings.get("do_sample", True) is False:
        body |= {"temperature": 0.0, "top_p": 1.0, "top_k": 1}
    if settings.get("repetition_penalty", 1.0) != 1.0:
        body["repetition_penalty"] = settings["repetition_penalty"]
    if not dialect.takes_top_k:
        del body["top_k"]
    return body | {"seed": settings.get("seed", 42)}


def _render(record: Record, template: Template, tokenizer: Tokenizer) -> ServedPrompt:
    encoded, _ = template.encode_pair(tokenizer, replace(record, rejected=record.messages[-1]))
    at = next((place for place, label in enumerate(encoded.labels) if label >= 0), len(encoded.labels))
    prompt = tokenizer.decode(encoded.input_ids[:at], skip_special_tokens=False)
    return ServedPrompt(prompt, tokenizer.decode(encoded.labels[at:], skip_special_tokens=True))
