"""Step 2: the log-likelihood of the reference answers in transformers, teacher-forced, and greedy answers.

Teacher-forced figures have no noise of sampling. Of each measured token the likeliest `TOP` of the tuned
model are kept, so that other models can be compared with it without 152,000 figures a token.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.files import write_text
from lf_qwen3.base.progress import Progress, Status
from lf_qwen3.results.gguf.plan import GgufPlan, count_weights
from lf_qwen3.results.gguf.rows import END, HeldOutRow

TOP = 64
SHOWN, NEW_TOKENS = 3, 64
"""How many rows are answered greedily, and with how many tokens at most."""


TopTokens = list[list[dict[int, float]]]
"""Per row and measured token: ids and their log-probabilities."""


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """What transformers gives, by model (base, tuned, merged).

    `sums` are the log-likelihoods of each row's answer, `answers` the ids of greedy ones, `kl` how far base
    and merged are from the tuned model, in nats a token; `top` are the tuned model's likeliest tokens.
    """

    sums: dict[str, list[float]]
    answers: dict[str, list[list[int]]]
    kl: dict[str, float]
    top: TopTokens

    def save(self, file: Path) -> None:
        """Write it as JSON."""
        write_text(file, orjson.dumps(self, option=orjson.OPT_NON_STR_KEYS).decode())

    @classmethod
    def read(cls, file: Path) -> Likelihoods:
        """Read what `save` has written."""
        there = orjson.loads(file.read_bytes())
        top = [[{int(key): value for key, value in at.items()} for at in row] for row in there.pop("top")]
        return cls(**there, top=top)


class _Figures(NamedTuple):
    sums: list[float]
    top: TopTokens
    answers: list[list[int]]


def measure_models(plan: GgufPlan, rows: Sequence[HeldOutRow], progress: Progress) -> Likelihoods:
    """Return the figures of base, tuned and merged model, one of them in memory at a time."""
    with _models(plan) as load:
        model = load(plan.base if plan.adapters else plan.tuned, plan.adapters)
        tuned = _measure(model, rows, None, "tuned", progress)
        if plan.adapters:
            with model.disable_adapter():
                base = _measure(model, rows, tuned.top, "base", progress)
        else:
            model = load(plan.base, ())
            base = _measure(model, rows, tuned.top, "base", progress)
        del model
        gc.collect()
        merged = _measure(load(plan.merged, ()), rows, tuned.top, "merged", progress)
    models = {"base": base, "tuned": tuned, "merged": merged}
    return Likelihoods(
        {name: model.sums for name, model in models.items()},
        {name: model.answers for name, model in models.items()},
        {name: mean_kl(tuned.top, models[name].top) for name in ("base", "merged")},
        tuned.top,
    )


def mean_kl(tuned: TopTokens, other: TopTokens) -> float:
    """Return KL(tuned || other) in nats a token, over the likeliest tokens one by one and all others as one.

    Ids that `other` lacks count among the others. The figure is no larger than that of the whole
    vocabulary.
    """
    total, count = 0.0, 0
    for ours, theirs in zip(chain.from_iterable(tuned), chain.from_iterable(other), strict=True):
        pairs = [(p, theirs[token]) for token, p in ours.items() if token in theirs]
        p_rest = max(1e-12, 1 - sum(math.exp(p) for p, _ in pairs))
        q_rest = max(1e-12, 1 - sum(math.exp(q) for _, q in pairs))
        total += sum(math.exp(p) * (p - q) for p, q in pairs) + p_rest * math.log(p_rest / q_rest)
        count += 1
    return total / count


@contextlib.contextmanager
def _models(plan: GgufPlan) -> Iterator[Any]:
    """Yield what loads a model: in float32 where that fits into the card or the memory, else bfloat16."""
    torch: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")
    logging: Any = importlib.import_module("transformers.utils.logging")
    on_card = torch.cuda.is_available()
    room = torch.cuda.mem_get_info()[0] if on_card else _free_memory()
    dtype = torch.float32 if count_weights(plan.base) * 4.5 < room else torch.bfloat16

    def load(folder: Path, adapters: Sequence[Path]) -> Any:
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
        for number, adapter in enumerate(adapters, 1):
            model = importlib.import_module("peft").PeftModel.from_pretrained(model, adapter)
            if number < len(adapters):
                model = model.merge_and_unload()
        return model.to("cuda" if on_card else "cpu").eval()

    was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with torch.inference_mode():
            yield load
    finally:
        if was_on:
            logging.enable_progress_bar()


def _measure(
    model: Any, rows: Sequence[HeldOutRow], top: TopTokens | None, name: str, progress: Progress
) -> _Figures:
    """Return one model's figures; `top` holds the tokens to give figures of, None for its own likeliest."""
    torch: Any = importlib.import_module("torch")
    sums: list[float] = []
    tops: TopTokens = []
    for number, row in enumerate(rows):
        ids = torch.tensor([row.ids], device=model.device)
        logits = model(input_ids=ids, logits_to_keep=len(row.ids) - row.start + 1).logits[0]
        figures = logits[[place - row.start for place in row.scored]].float().log_softmax(-1)
        wanted = torch.tensor([row.ids[place] for place in row.scored], device=model.device)
        sums.append(float(figures.gather(1, wanted[:, None]).sum()))
        likeliest = figures.topk(TOP).indices.tolist() if top is None else [[*at] for at in top[number]]
        logs = figures.gather(1, torch.tensor(likeliest, device=model.device)).tolist()
        tops.append([dict(zip(*pair, strict=True)) for pair in zip(likeliest, logs, strict=True)])
        progress.update(Status(f"measuring: {name}", number + 1, len(rows), "rows"))
    if not all(map(math.isfinite, sums)):
        raise LfQwen3Error(
            f"the {name} model returns inf or nan",
            "a diverged training produces such weights: lf-qwen3 diagnose",
            code="weights_not_finite",
        )
    return _Figures(sums, tops, [_answer(model, row) for row in rows[:SHOWN]])


def _answer(model: Any, row: HeldOutRow) -> list[int]:
    """Return the ids of a greedy answer."""
    torch: Any = importlib.import_module("torch")
    prompt = torch.tensor([row.ids[: row.start]], device=model.device)
    written = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=NEW_TOKENS,
        do_sample=False,
        temperature=None,
        top_p=None,
        top_k=None,
        eos_token_id=END,
        pad_token_id=END,
    )
    answer: list[int] = written[0, prompt.shape[1] :].tolist()
    return answer


def _free_memory() -> int:
    """Return the bytes of memory that are free, half of all where the system does not say."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) << 10
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
