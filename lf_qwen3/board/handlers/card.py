"""The card on top: files become a dataset, a checked recipe and a plan of the training, in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from math import ceil
from pathlib import Path
from typing import Any

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.base.progress import Progress
from lf_qwen3.base.reasons import REJECTED, is_fault
from lf_qwen3.board.handlers import data, places, proof, train
from lf_qwen3.board.handlers.card_cures import explain_stop
from lf_qwen3.board.handlers.card_hardware import fits, list_ways, propose_model
from lf_qwen3.board.handlers.train_steps import count_training_steps
from lf_qwen3.board.jobs import StepProgress
from lf_qwen3.board.texts import warning_shown
from lf_qwen3.data.convert.manifest import file_names
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.proof import accelerators
from lf_qwen3.proof.accelerators import Gpu
from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.qwen3.architecture import CHECKPOINTS
from lf_qwen3.qwen3.model_origin import is_qwen3
from lf_qwen3.recipes import new
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.new import RecipeSet

AIMS: dict[str, float | None] = {"thinking": None, "chat": 0.0, "both": 0.75}
"""What the model is to learn, and the share of thinking records for it; None takes them as they are."""

RUNS, VAL = "runs", 0.05
MOST_REJECTED = 0.05
"""Share of the rows that may be rejected without a question."""

LEAST_CUTOFF, CUTOFF_STEP = 512, 64

Known = dict[str, Any]
"""What the card knows so far; see `prepare`."""


def model_names() -> list[str]:
    """Return the checkpoints to choose from."""
    return [checkpoint.id for checkpoint in CHECKPOINTS]


def request(
    form: Mapping[str, Any],
    dataset_dir: str,
    of_top: str = "",
    *,
    is_demo: bool = False,
    has_board: bool = True,
) -> dict[str, Any]:
    """Return the request for `prepare`; its name is one that no dataset has.

    `form` holds paths, upload, model and aim; `of_top` is the model at the top of the board. Raises
    `UsageError` for an invalid field, and in demo mode, where nothing is written.
    """
    places.refuse_demo(is_demo)
    folder = places.require_inside(dataset_dir)
    if form["aim"] not in AIMS:
        raise unknown_name("aim", form["aim"], AIMS)
    sources = [file.label for file in places.source_files(form["paths"] or [], form["upload"] or [])]
    return {
        "sources": sources,
        "name": free_name(sources, folder),
        "dataset_dir": dataset_dir,
        "model": (form["model"] or of_top or "").strip(),
        "aim": form["aim"],
        "has_board": has_board,
        "accepted": [],
    }


def free_name(sources: Sequence[str], folder: Path) -> str:
    """Return a name for a dataset made of these files that neither a dataset nor a file nor a run has."""
    stem = data.suggest_name(sources) or "my_data"
    registered = {name.removesuffix("_train") for name in data.registered(str(folder))}

    def is_free(name: str) -> bool:
        files = (*(folder / file for file in file_names(name).values()), Path(RUNS) / name)
        return name not in registered and not any(file.exists() for file in files)

    return next(filter(is_free, (stem, *(f"{stem}_{number}" for number in range(2, 10_000)))))


def prepare(asked: Mapping[str, Any], progress: Progress) -> Known:
    """Go through all stages, or to the first that something is wrong with; in a separate process.

    Returns what is known then: `asked`; `done`, the stages that are over; `stop` (`explain_stop`), what keeps
    the next one, or None; `report` of the conversion; `model`; `gpus`, [] for the CPU, or where the memory is
    not known; `ways`, recipes with presets; `settings` of the training YAML; `check` of `proof.check`;
    `recipe`, `memory`, `steps`; `commands`, which start the training on a page of our own.
    """
    known: Known = {"asked": dict(asked), "done": [], "stop": None}
    for name, stage in STAGES.items():
        steps = StepProgress(progress, f"card_{name}")
        steps.start(name)
        try:
            for facts in stage(known, steps):
                known |= facts
        except LfQwen3Error as error:
            known["stop"] = explain_stop(name, error, known)
            break
        known["done"].append(name)
    return known


def _convert(known: Known, progress: Progress) -> Iterator[Known]:
    from lf_qwen3.base.worker_pool import count_workers
    from lf_qwen3.data.convert import convert as conversion

    asked = known["asked"]
    prefix = f"{asked['converter']}:" if asked.get("converter") else ""
    options = ConvertOptions(
        tuple(f"{prefix}{source}" for source in asked["sources"]),
        asked["name"],
        Path(asked["dataset_dir"]),
        val=VAL,
        mix=AIMS[asked["aim"]],
        columns=tuple(asked.get("columns", ())),
        unescape=asked.get("unescape", False),
        workers=count_workers(),
    )
    try:
        report = conversion.convert(options, progress)
    except LfQwen3Error as error:
        if error.code != "mix_lacks_kind":
            raise
        if asked["aim"] == "chat":
            raise LfQwen3Error(
                "every record has reasoning, and chat leaves such records out",
                "add files without reasoning, or train on the answers only",
                code="no_plain",
            ) from error
        report = conversion.convert(replace(options, mix=None), progress)
    warnings = [warning_shown(text) for text in report.warnings]
    warnings = [warning for warning in warnings if warning["code"] != "no_thinking"]  # see _judge_rows
    yield {"report": asdict(report) | {"warnings": warnings}}
    _judge_rows(known["report"], asked)


def _judge_rows(report: Known, asked: Known) -> None:
    faults = {code: rows for code, rows in report["rejected"].items() if is_fault(code)}
    if sum(faults.values()) > MOST_REJECTED * report["read"] and "many_rejected" not in asked["accepted"]:
        reason = REJECTED[max(faults, key=lambda code: faults[code])]
        count = f"{sum(faults.values()):,} of {report['read']:,} rows are rejected"
        raise LfQwen3Error(f"{count}, most of them: {reason.message}", reason.hint, code="many_rejected")
    if not report["thinking"] and asked["aim"] != "chat" and "no_thinking" not in asked["accepted"]:
        raise LfQwen3Error(
            "no record has reasoning: a hybrid Qwen3 trained on this data will lose its ability to think",
            "add files with reasoning, or train for chat",
            code="no_thinking",
        )


def _choose_recipe(known: Known, progress: Progress) -> Iterator[Known]:
    gpus = accelerators.read_gpus()
    model = known["asked"]["model"] or propose_model(gpus)
    if not is_qwen3(model):
        raise UsageError(
            f"{model} is not a Qwen3", "select one here or at the top of the board", code="not_a_qwen3"
        )
    ways = list_ways(gpus)
    yield {"model": model, "gpus": [asdict(gpu) for gpu in gpus], "ways": ways}
    yield {"settings": _plan(known, *ways[0]).train}


def _check(known: Known, progress: Progress) -> Iterator[Known]:
    asked, settings = known["asked"], known["settings"]
    longest = settings | {"cutoff_len": _context(known)}  # the lengths decide what is cut
    wanted = proof.request(asked["dataset_dir"], known["report"]["datasets"], longest, "", known["model"])
    wanted["settings"]["dataset"] = settings["dataset"]
    check = proof.check(wanted, progress)
    codes = [
        finding
        for finding in check["codes"]
        if not (finding["code"] == "reasoning_lost" and asked["aim"] == "chat")  # it is wanted
    ]
    yield {"check": {**check, "codes": codes}}
    for finding in codes:
        is_curable = finding["code"] == "escaped_text" and "escaped_text" not in asked["accepted"]
        if finding["severity"] == "error" or is_curable:
            raise LfQwen3Error(finding["message"], finding["hint"], code=finding["code"])


def _estimate(known: Known, progress: Progress) -> Iterator[Known]:
    gpus = [Gpu(**gpu) for gpu in known["gpus"]]
    number = max(len(gpus), 1)
    for way in known["ways"]:
        recipe_set = _plan(known, *way, cutoff_len=_choose_cutoff(known))
        memory = train.estimate_settings(recipe_set.train, number)
        if not gpus or fits(memory["total"], gpus):
            break
    else:
        free = min(gpu.free for gpu in gpus) / (1 << 30)
        raise LfQwen3Error(
            f"the training needs {memory['total'] / (1 << 30):.1f} GiB, but {free:.1f} GiB are free",
            "unload the model in Chat, or use a smaller model or a lower cutoff_len",
            code="memory_short",
        )
    yield {
        "recipe": " + ".join((recipe_set.choice.recipe, *recipe_set.choice.presets)),
        "settings": recipe_set.train,
        "memory": memory,
        "steps": count_training_steps(recipe_set.train, number),
        "commands": [] if known["asked"]["has_board"] else recipe_set.write().commands,
    }


STAGES: dict[str, Callable[[Known, Progress], Iterator[Known]]] = {
    "convert": _convert,
    "recipe": _choose_recipe,
    "check": _check,
    "estimate": _estimate,
}
"""Each yields what becomes known, and raises `LfQwen3Error` for what is wrong with it."""


def _plan(known: Known, recipe: str, presets: Sequence[str], **settings: Any) -> RecipeSet:
    asked = known["asked"]
    name, folder = asked["name"], asked["dataset_dir"]
    choice = RecipeChoice(
        recipe,
        name,
        folder,
        f"{RUNS}/{name}",
        known["model"],
        settings,
        tuple(presets),
        comments={"cutoff_len": "tokens per record, by the lengths of the records"},
    )
    return new.plan_recipe_set(choice)


def _choose_cutoff(known: Known) -> int:
    """Return the tokens that keep 99 % of the records whole; the recipe's where none were counted."""
    most = known["asked"].get("cutoff_len") or _context(known)
    tokens = known["check"]["summary"].get("tokens", {}).get(known["report"]["datasets"][0])
    if tokens is None:
        return int(min(known["settings"]["cutoff_len"], most))
    whole = ceil(tokens["cutoff_len_that_keeps"]["99%"] / CUTOFF_STEP) * CUTOFF_STEP
    return int(min(max(whole, LEAST_CUTOFF), most))


def _context(known: Known) -> int:
    return (checkpoints.find_checkpoint(known["model"]) or CHECKPOINTS[0]).context
