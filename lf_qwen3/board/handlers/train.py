"""Section Train presets: what a recipe on given hardware means, in settings and in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3 import recipes
from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.base.nearest import unknown_name
from lf_qwen3.board.handlers import places
from lf_qwen3.board.handlers.train_steps import count_training_steps
from lf_qwen3.board.handlers.train_tab import written_yaml
from lf_qwen3.board.texts import error_shown
from lf_qwen3.qwen3 import model_origin
from lf_qwen3.recipes import presets

HARDWARE = ("hardware", "memory", "optimizer", "sharding")
TRACKING = "tracking"

SHOWN = (
    *("learning_rate", "lora_rank", "cutoff_len", "num_train_epochs"),
    *("per_device_train_batch_size", "gradient_accumulation_steps"),
)
"""Settings that a person looks at first."""

_FIRST = ("-lora-sft", "-qlora-sft", "-sft")
_DEEPSPEED = "deepspeed"


@dataclass(frozen=True, slots=True)
class TrainingForm:
    """The values of the section's elements as the browser sends them; an empty one may be None.

    `dataset` is the one chosen here, `of_train_tab` are those chosen in the Train tab. `changes` are settings
    that were chosen to take less memory.
    """

    recipe: str | None = ""
    hardware: list[str] | None = None
    tracking: str | None = ""
    gpus: float | None = 1
    dataset: str | None = ""
    of_train_tab: list[str] = field(default_factory=list)
    dataset_dir: str = "data"
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def presets(self) -> tuple[str, ...]:
        """The names of all presets that are chosen."""
        return (*(self.hardware or []), *([self.tracking] if self.tracking else []))


def recipe_names(every: bool = True, model: str | None = "") -> list[str]:
    """Return the recipes to choose from: LoRA and sft first, by checkpoint, then the ready-made ones.

    Unless `every` one is wanted, those made for the checkpoint that `model` is, where it is a known one.
    """
    derived = recipes.list_derived()
    checkpoint = None if every else model_origin.find_origin(model or "")
    fitting = [recipe.name for recipe in derived if checkpoint in (None, recipe.checkpoint)]
    ready = [recipe.name for recipe in recipes.list_shipped() if not recipe.is_method and not checkpoint]
    return sorted(fitting, key=lambda name: [not name.endswith(end) for end in _FIRST]) + ready


def hardware_names() -> list[str]:
    """Return the presets for hardware that the board can start: it runs `llamafactory-cli train` by itself.

    Those that need another command or variables of their own (accelerate, Ray, several machines) are not
    among them; DeepSpeed is, for which the board has an element.
    """
    return [
        preset.name
        for preset in presets.list_presets()
        if preset.group in HARDWARE
        and not preset.launch
        and (_DEEPSPEED in preset.train or not preset.environment)
    ]


def tracking_names() -> list[str]:
    """Return the presets for trackers."""
    return [preset.name for preset in presets.list_presets() if preset.group == TRACKING]


def plan_choice(form: TrainingForm) -> dict[str, Any]:
    """Return what a choice means, on the recipe's own sample data; the steps are those of the chosen data.

    They are None where none is chosen, or its rows are not counted cheaply; the memory is that of
    `estimate_settings`, or why it is not known. `recipe`, `summary` and `presets` name the choice. Raises
    `UsageError` for an unknown recipe or preset, and for presets that exclude each other or the recipe.
    """
    from lf_qwen3.recipes import adapt, contradictions, shared
    from lf_qwen3.recipes.document import YamlDocument

    recipe, chosen = recipes.find_recipe(form.recipe or ""), _chosen(form)
    document = YamlDocument(recipe.text, recipe.name)
    adapt.apply_presets(document, [preset.placed(str(_deepspeed_files())) for preset in chosen])
    adapt.apply_settings(document, form.changes)
    settings = document.plain()
    mode = shared.choose_mode(settings, chosen, None)
    contradictions.refuse_contradictions(chosen, shared.share_settings(settings, mode, chosen))
    try:
        memory = estimate_settings(settings, check_gpus(form.gpus))
    except LfQwen3Error as error:
        memory = {**error_shown(error)}
    return _plan(settings, memory, _count_steps(form)) | {
        "changes": form.changes,
        "recipe": recipe.name,
        "summary": recipe.summary,
        "presets": [(preset.name, preset.summary) for preset in chosen],
    }


def plan_train_tab(settings: Mapping[str, Any], gpus: float | None) -> dict[str, Any]:
    """Return what the Train tab's own settings mean, as `plan_choice` does, without a recipe.

    Raises what `estimate_settings` raises.
    """
    count = check_gpus(gpus)
    return _plan(settings, estimate_settings(settings, count), count_training_steps(settings, count))


def fit_recipe(form: TrainingForm) -> tuple[dict[str, Any], list[str]]:
    """Return the training YAML of a recipe fitted to the chosen data, and what there is to say about it.

    Raises `UsageError` where no recipe or no dataset is chosen, and what `new.plan_recipe_set` raises.
    """
    from lf_qwen3.recipes import new
    from lf_qwen3.recipes.choice import RecipeChoice

    if not form.recipe:
        raise UsageError("no recipe is selected", "select one above", code="nothing_chosen")
    _chosen(form)
    places.require_inside(form.dataset_dir)
    recipe_set = new.plan_recipe_set(
        RecipeChoice(
            recipe=form.recipe,
            dataset=_dataset(form),
            dataset_dir=form.dataset_dir,
            out=f"{places.SAVES}/{form.recipe}",
            presets=form.presets,
            settings=form.changes,
        )
    )
    train = dict(recipe_set.train)
    if file := train.get(_DEEPSPEED):
        train[_DEEPSPEED] = str(_deepspeed_files() / Path(file).name)
    return train, list(recipe_set.notes)


def estimate_settings(settings: Mapping[str, Any], gpus: int) -> dict[str, Any]:
    """Return the memory of a training on each GPU in bytes, by `parts`, and what would make it `smaller`.

    `card` is the smallest that is enough, "" where none is, and RAM for a training on the CPU. Raises
    `UsageError` for a training that is not estimated.
    """
    from lf_qwen3.proof import estimate as estimating
    from lf_qwen3.proof.estimate import from_yaml, memory

    file = settings.get(_DEEPSPEED)
    if isinstance(file, str) and file:
        places.require_inside(file, also=(assets.folder("recipes").resolve(),))
    with written_yaml(settings) as path:
        try:
            plan, _, notes = from_yaml.read_plan(path, gpus)
        except (ValueError, TypeError, OSError, RuntimeError) as error:  # whatever was typed into a field
            raise UsageError(
                f"a setting cannot be read: {error}",
                "check the Train tab's fields",
                code="setting_unreadable",
            ) from error
    needed = estimating.estimate_memory(plan)
    card = estimating.smallest_card(needed.total)
    return {
        "model": plan.model,
        "words": plan.words,
        "gpus": gpus,
        "parts": {part: getattr(needed, part) for part in memory.PARTS},
        "total": needed.total,
        "card": "RAM" if plan.on_cpu else card.label if card else "",
        "smaller": [
            {**way.as_json(), "card": way.card.label, "changes": dict(way.changes)}
            for way in estimating.suggest_changes(plan)
        ],
        "notes": [*notes, *estimating.list_caveats(plan)],
    }


def check_gpus(number: float | None) -> int:
    """Return a number of GPUs. Raises `UsageError` for one that no machine has."""
    count = 1 if number is None else int(number)
    if not 1 <= count <= 1024:
        raise UsageError(f"gpus is {count}", "use 1 to 1,024 GPUs", code="option_value")
    return count


def _plan(settings: Mapping[str, Any], memory: dict[str, Any], steps: int | None) -> dict[str, Any]:
    shown = {key: settings[key] for key in SHOWN if key in settings}
    return {"settings": shown, "memory": memory, "steps": steps, "changes": {}}


def _count_steps(form: TrainingForm) -> int | None:
    """Return the steps of a recipe fitted to the chosen data, None where none is chosen or it will not do."""
    try:
        return count_training_steps(fit_recipe(form)[0], check_gpus(form.gpus))
    except LfQwen3Error:
        return None


def _deepspeed_files() -> Path:
    return assets.folder("recipes") / _DEEPSPEED


def _chosen(form: TrainingForm) -> list[presets.Preset]:
    allowed = {*hardware_names(), *tracking_names()}
    for name in form.presets:
        if name not in allowed:
            raise unknown_name("preset for the board", name, allowed, "unknown_preset")
    return presets.choose_presets(form.presets)


def _dataset(form: TrainingForm) -> str:
    if form.dataset:
        return form.dataset
    if len(form.of_train_tab) > 1:
        raise UsageError(
            "several datasets are selected in the Train tab",
            "select one of them here for the recipe",
            code="several_chosen",
        )
    if not form.of_train_tab:
        raise UsageError(
            "no dataset is selected",
            "select one here or in the Train tab; section Data creates one",
            code="nothing_chosen",
        )
    return form.of_train_tab[0]
