"""Steps 4 and 5: measure a GGUF file with the server, and compare its tokens and chat prompts with ours."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.results.gguf.likelihood import NEW_TOKENS, SHOWN, TOP, TopTokens, mean_kl
from lf_qwen3.results.gguf.plan import GgufPlan
from lf_qwen3.results.gguf.rows import HeldOutRow
from lf_qwen3.results.gguf.server import LlamaServer, run_server
from lf_qwen3.results.gguf.tools import LlamaCpp


def probe_file(
    plan: GgufPlan,
    tools: LlamaCpp,
    file: Path,
    rows: Sequence[HeldOutRow],
    tuned: TopTokens,
    progress: Progress,
) -> dict[str, Any]:
    """Return a file's figures: `sums`, the log-likelihood of each row's answer, `kl`, `answers`, `not_nfc`.

    Raises `LfQwen3Error`: "gguf_tokens" where the file's tokenizer cuts a text in another way than Qwen's,
    "gguf_chat" where its chat template renders otherwise, and what the server raises.
    """
    context = max(len(row.ids) for row in rows) + 4 * NEW_TOKENS
    with run_server(tools, file, context, plan.out / "server.log") as server:
        not_nfc = check_tokens(plan.rows, server, rows)
        check_chat(server, rows)
        sums, tops = _measure(server, rows, progress)
        asked = ({"prompt": row.ids[: row.start], "n_predict": NEW_TOKENS} for row in rows[:SHOWN])
        answers = [server.ask("/completion", body | {"temperature": 0})["content"] for body in asked]
    return {"sums": sums, "kl": mean_kl(tuned, tops), "answers": answers, "not_nfc": not_nfc}


def _measure(
    server: LlamaServer, rows: Sequence[HeldOutRow], progress: Progress
) -> tuple[list[float], TopTokens]:
    """Return each row's log-likelihood, and per row and token the likeliest tokens."""
    sums: list[float] = []
    tops: TopTokens = []
    for number, row in enumerate(rows, 1):
        figures = [server.next_token(row.ids[:place], row.ids[place], TOP) for place in row.scored]
        sums.append(sum(label for label, _ in figures))
        tops.append([top for _, top in figures])
        progress.update(Status("measuring the file", number, len(rows), "rows"))
    return sums, tops


def check_tokens(dataset: str, server: LlamaServer, rows: Sequence[HeldOutRow]) -> int:
    """Compare the server's ids of each rendered conversation with Qwen's.

    Returns how many texts are not in NFC: Qwen's tokenizer composes them, llama.cpp does not. Raises
    `LfQwen3Error` ("gguf_tokens") for any other difference.
    """
    not_nfc = 0
    for number, row in enumerate(rows, 1):
        if server.tokenize(row.text) == row.text_ids:
            continue
        not_nfc += 1
        if server.tokenize(unicodedata.normalize("NFC", row.text)) != row.text_ids:
            raise LfQwen3Error(
                f"row {number} of {dataset}: the GGUF and transformers give different tokens",
                "convert with another llama.cpp tag",
                code="gguf_tokens",
            )
    return not_nfc


def check_chat(server: LlamaServer, rows: Sequence[HeldOutRow]) -> None:
    """Compare the prompts of the chat endpoint, with and without thinking, with our own rendering.

    Raises `LfQwen3Error` ("gguf_chat") if a prompt or its continuation differs.
    """
    for thinks in (True, False):
        options = {"chat_template_kwargs": {"enable_thinking": thinks}}
        for row in rows[:SHOWN]:
            asked = {"messages": row.messages} | options
            prompt = server.ask("/apply-template", asked)["prompt"]
            if prompt != (ours := row.prompts[thinks]):
                raise _refusal(thinks, f"{prompt[-80:]!r} instead of {ours[-80:]!r}")
        body = {"max_tokens": 16, "temperature": 0, "reasoning_format": "none"}
        (choice,) = server.ask("/v1/chat/completions", asked | body)["choices"]
        said = server.ask("/completion", {"prompt": ours, "n_predict": 16, "temperature": 0})["content"]
        opening = ours.rpartition("<|im_start|>assistant\n")[2]
        answer = str(choice["message"]["content"] or "").removeprefix(opening)
        if answer.strip() != said.strip():
            raise _refusal(thinks, f"the answer is {answer!r} instead of {said!r}")


def _refusal(thinks: bool, difference: str) -> LfQwen3Error:
    how = "with" if thinks else "without"
    return LfQwen3Error(
        f"the chat endpoint {how} thinking differs from the training prompt: {difference}",
        "the chat template of the model is not Qwen3's: lf-qwen3 check shows where it differs",
        code="gguf_chat",
    )
