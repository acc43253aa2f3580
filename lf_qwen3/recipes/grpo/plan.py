"""`recipe new` for GRPO: prompts with gold answers that were checked, the trainer's config, and RUN.md."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lf_qwen3.base import math_answers
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.recipes import adapt, run_book
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.document import YamlDocument, format_setting
from lf_qwen3.recipes.grpo import choose_grpo_trainer, settings
from lf_qwen3.recipes.grpo.prompts import PromptLength, Prompts, gather_prompts, key_of
from lf_qwen3.recipes.grpo.trainer import GrpoRun, GrpoTrainer
from lf_qwen3.recipes.recipe import Recipe
from lf_qwen3.recipes.run_book import RunSteps
from lf_qwen3.recipes.splits import Splits, find_splits
from lf_qwen3.recipes.trainers.records import find_datasets, read_records
from lf_qwen3.recipes.trainers.trainer import CONFIG, MARK, nest

LEAST_SHARE = 0.5
"""Share of records with a gold answer below which data are of another kind."""
_NAMED = 5


@dataclass(frozen=True)
class GrpoPlan:
    """All files of a run by path, the trainer's settings, the commands and notes; nothing is written."""

    splits: Splits
    settings: dict[str, Any]
    texts: dict[Path, str]
    steps: RunSteps
    notes: list[str]


def plan_grpo(choice: RecipeChoice, recipe: Recipe) -> GrpoPlan:
    """Return all files of a GRPO run.

    Raises `UsageError` for a trainer that does no GRPO, a setting or reward that there is not, an option that
    has no place here, and for data most of whose answers no function can judge.
    """
    trainer = choose_grpo_trainer(choice.trainer)
    _refuse_options(choice)
    splits = find_splits(choice.dataset, choice.dataset_dir)
    fitted, notes = _fit(choice, recipe, splits)
    settings.check_settings(fitted)
    _refuse_rewards(trainer, fitted)
    room, about_room = _find_room(choice, fitted)
    train = _gather(splits.train, choice, fitted, room, trainer)
    val = _gather(splits.val, choice, fitted, room, trainer, train) if splits.val else Prompts()
    names = [os.path.join(choice.out, "data", f"{name}.jsonl") for name in ("train", "validation")]
    run = GrpoRun(fitted, choice.out, names[0], names[1] if val.rows else "")
    own, left = trainer.translate(run)
    steps = RunSteps(trainer.list_install(run.list_packages()), trainer.command(run), [], [], [], [])
    notes += [
        *about_room,
        *_describe(splits.train, train),
        *(_describe(splits.val, val) if splits.val else ()),
    ]
    notes += _describe_settings(trainer, run, left)
    texts = {**_render(trainer, run, own, choice), Path(names[0]): _rows(trainer, run, train)}
    if val.rows:
        texts[Path(names[1])] = _rows(trainer, run, val)
    return GrpoPlan(splits, nest(own), texts, steps, notes)


def _refuse_options(choice: RecipeChoice) -> None:
    given = {"--gguf": choice.gguf, "--test": choice.test, "--preset": choice.presets}
    if wrong := [name for name, is_given in given.items() if is_given]:
        raise UsageError(
            f"a GRPO recipe does not support {' and '.join(wrong)}",
            "remove it; --set changes any key of `lf-qwen3 recipe show lora-grpo`, such as report_to=swanlab",
            code="trainer_option",
        )


def _fit(choice: RecipeChoice, recipe: Recipe, splits: Splits) -> tuple[dict[str, Any], list[str]]:
    document = YamlDocument(recipe.text, str(recipe.path))
    given = dict(choice.settings)
    if given.get("finetuning_type") == "full":
        document.set("finetuning_type", "full")
        for key in ("lora_target", "lora_rank", "lora_alpha", "lora_dropout"):
            document.remove(key)
        document.set("learning_rate", document.settings["learning_rate"] / 10)
    notes = adapt.fit_to_model(document, choice.model or given.get("model_name_or_path"))
    document.remove("additional_target")
    document.set("dataset", splits.train)
    document.set("eval_dataset", splits.val or "")
    document.set("dataset_dir", choice.dataset_dir)
    lora = document.settings["finetuning_type"] == "lora"
    document.set("output_dir", os.path.join(choice.out, "adapter" if lora else "model"))
    return {**document.plain(), **given}, notes


def _refuse_rewards(trainer: GrpoTrainer, fitted: Mapping[str, Any]) -> None:
    names = [name.strip() for name in fitted["rewards"].split(",")]
    if not set(names) & set(trainer.rewards):
        raise UsageError(
            f"{trainer.name} has none of the rewards {', '.join(names)}",
            f"--set rewards={','.join(trainer.rewards)}",
            code="unknown_reward",
        )


def _find_room(choice: RecipeChoice, fitted: Mapping[str, Any]) -> tuple[PromptLength | None, list[str]]:
    model = str(fitted["model_name_or_path"])
    try:
        tokenizer = tokenizer_files.load(tokenizer_files.find(choice.tokenizer or model))
    except LfQwen3Error as error:
        if choice.tokenizer:
            raise
        return None, [f"the questions were not checked against max_prompt_length: {error.message}"]
    thinks = bool(fitted.get("enable_thinking")) and fitted["template"] == "qwen3"
    return PromptLength(tokenizer, fitted["template"], thinks, int(fitted["max_prompt_length"])), []


def _gather(
    name: str,
    choice: RecipeChoice,
    fitted: Mapping[str, Any],
    room: PromptLength | None,
    trainer: GrpoTrainer,
    before: Prompts | None = None,
) -> Prompts:
    """Return the prompts of a dataset; for validation without those of the training rows `before`."""
    dataset = find_datasets([name], choice.dataset_dir, "grpo")[0]
    others = {key_of(row.messages) for row in before.rows} if before else set()
    prompts = gather_prompts(read_records(dataset), fitted["answer_instruction"], room, others)
    prompts.left.update(why for row in prompts.rows if (why := trainer.refuse(row)))
    prompts.rows = [row for row in prompts.rows if not trainer.refuse(row)]
    if before is None and prompts.share < LEAST_SHARE:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in prompts.left.most_common(3))
        raise UsageError(
            f"{name}: only {prompts.judged} of {len(prompts.rows) + prompts.left.total()} "
            f"records have a question and a short answer that a function can verify: {reasons}",
            "GRPO needs such data, such as mathematics with \\boxed{} answers; for other data use lora-sft",
            code="no_verifiable_answer",
        )
    return prompts


def _describe(name: str, prompts: Prompts) -> Iterator[str]:
    """Yield what became of the records of a dataset."""
    yield f"{name}: {len(prompts.rows)} prompts" + (
        f", of {prompts.left.total()} records none: "
        + "; ".join(f"{reason} ({count})" for reason, count in prompts.left.most_common())
        if prompts.left
        else ""
    )
    if prompts.instructed:
        yield (
            f"{name}: {prompts.instructed} questions did not ask for \\boxed{{}} and got answer_instruction"
        )
    if prompts.doubts:
        named = "; ".join(
            f"record {row.number}: {row.gold.text} ({row.gold.doubt})" for row in prompts.doubts[:_NAMED]
        )
        yield f"{name}: {len(prompts.doubts)} gold answers to check by hand: {named}"


def _describe_settings(trainer: GrpoTrainer, run: GrpoRun, left: list[str]) -> Iterator[str]:
    if not math_answers.is_available():
        yield f"the gold answers were not verified with math-verify: {math_answers.INSTALL}"
    if lacking := [name for name in run.rewards if name not in trainer.rewards]:
        yield f"{trainer.name} has no reward {', '.join(lacking)}: left out"
    if left:
        yield f"{trainer.name} has no counterpart of {', '.join(left)}: left out"
    room = int(run.settings["max_completion_length"])
    thinks = run.settings.get("enable_thinking", run.settings["template"] == "qwen3")
    if room < settings.LEAST_ROOM and thinks:
        least = settings.LEAST_ROOM
        yield (
            f"max_completion_length {room} truncates a thinking model before it answers: set {least} or more"
        )


def _rows(trainer: GrpoTrainer, run: GrpoRun, prompts: Prompts) -> str:
    rows = (trainer.write_row(row, at, run) for at, row in enumerate(prompts.rows))
    return b"".join(orjson.dumps(row) + b"\n" for row in rows).decode()


def _render(
    trainer: GrpoTrainer, run: GrpoRun, own: Mapping[str, Any], choice: RecipeChoice
) -> dict[Path, str]:
    head = [
        f"{MARK}{trainer.name} {trainer.version}",
        f"# {run.model}, GRPO, on {run.settings['dataset']}. Made from the recipe {choice.recipe}.",
        f"#   {trainer.command(run)}",
        "",
    ]
    config = [format_setting(key, value) for key, value in nest(own).items()]
    texts = {CONFIG: "\n".join([*head, *config]) + "\n", **trainer.write_files(run)}
    texts["RUN.md"] = run_book.render_page(
        "RUN_GRPO.md",
        choice,
        trainer=trainer,
        run=run,
        rewards={name: settings.REWARDS[name] for name in run.rewards},
    )
    return {Path(choice.out) / name: text for name, text in texts.items()}
