"""Section Train presets: what a recipe on given hardware means, in settings and in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lf_qwen3 import recipes
from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.board.handlers import places
from lf_qwen3.board.handlers.train_tab import told_of, yaml_of
from lf_qwen3.recipes import presets

HARDWARE = ("hardware", "memory", "optimizer", "sharding")
TRACKING = "tracking"

SHOWN = (
    *("learning_rate", "lora_rank", "cutoff_len", "num_train_epochs"),
    *("per_device_train_batch_size", "gradient_accumulation_steps"),
)
"""Settings that a person looks at first."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the section's elements hold, as they come from the browser.

    `dataset` is the one chosen here, `of_train_tab` are those chosen in the Train tab.
    """

    recipe: str = ""
    hardware: list[str] = field(default_factory=list)
    tracking: str = ""
    gpus: float | None = 1
    dataset: str = ""
    of_train_tab: list[str] = field(default_factory=list)
    dataset_dir: str = "data"

    @property
    def presets(self) -> tuple[str, ...]:
        """The names of all presets that are chosen."""
        return (*self.hardware, *([self.tracking] if self.tracking else []))


def recipe_names() -> list[str]:
    """Return the recipes to choose from: LoRA and sft first, by checkpoint, then the ready-made ones."""
    ready = [one.name for one in recipes.list_shipped() if not one.is_method]
    made = [one.name for one in recipes.list_derived()]
    return sorted(made, key=lambda name: (not name.endswith("-sft"), "-full-" in name)) + ready


def hardware_names() -> list[str]:
    """Return the presets for hardware that the board can start: it runs `llamafactory-cli train` by itself.

    Those that need another command or variables of their own (accelerate, Ray, several machines) are not
    among them; DeepSpeed is, for which the board has an element.
    """
    return [
        one.name
        for one in presets.list_presets()
        if one.group in HARDWARE and not one.launch and ("deepspeed" in one.train or not one.environment)
    ]


def tracking_names() -> list[str]:
    """Return the presets for trackers."""
    return [one.name for one in presets.list_presets() if one.group == TRACKING]


def look(form: Form) -> dict[str, Any]:
    """Return what a choice means: {"recipe", "summary", "presets", "settings", "memory"}.

    `memory` is that of `estimate`, or {"error", "hint"} where it cannot be told. Raises `UsageError` for an
    unknown recipe or preset, and for presets that exclude each other.
    """
    recipe, chosen = recipes.find_recipe(form.recipe), _chosen(form)
    settings = outline(form)
    try:
        memory = estimate(settings, gpus_of(form.gpus))
    except LfQwen3Error as error:
        memory = {"error": error.message, "hint": error.hint}
    return {
        "recipe": recipe.name,
        "summary": recipe.summary,
        "presets": [(one.name, one.summary) for one in chosen],
        "settings": {key: settings[key] for key in SHOWN if key in settings},
        "memory": memory,
    }


def outline(form: Form) -> dict[str, Any]:
    """Return the settings of a recipe with its presets, on its own sample data."""
    from lf_qwen3.recipes import adapt
    from lf_qwen3.recipes.document import YamlDocument

    recipe = recipes.find_recipe(form.recipe)
    document = YamlDocument(recipe.text, recipe.name)
    adapt.apply_presets(document, [one.placed(str(_deepspeed_files())) for one in _chosen(form)])
    return document.plain()


def settings(form: Form) -> tuple[dict[str, Any], list[str]]:
    """Return the training YAML of a recipe fitted to the chosen data, and what there is to say about it.

    Raises `UsageError` where no recipe or no dataset is chosen, and what `new.plan_recipe_set` raises.
    """
    from lf_qwen3.recipes import new
    from lf_qwen3.recipes.choice import RecipeChoice

    if not form.recipe:
        raise UsageError("no recipe is chosen", "choose one above")
    _chosen(form)
    places.require_inside(form.dataset_dir)
    choice = RecipeChoice(
        recipe=form.recipe,
        dataset=_dataset(form),
        dataset_dir=form.dataset_dir,
        out=f"saves/{form.recipe}",
        presets=form.presets,
    )
    made = new.plan_recipe_set(choice)
    train = dict(made.train)
    if named := train.get("deepspeed"):
        train["deepspeed"] = str(_deepspeed_files() / Path(named).name)
    return train, list(made.notes)


def estimate(settings: Mapping[str, Any], gpus: int) -> dict[str, Any]:
    """Return the memory of a training on each GPU, parts in bytes, and what would make it smaller.

    {"model", "words", "gpus", "parts": {name: bytes}, "total", "card": text or "", "smaller": [{"settings",
    "total", "card"}], "notes"}. Raises `UsageError` for a training that is not estimated.
    """
    from lf_qwen3.proof import estimate as estimating
    from lf_qwen3.proof.estimate import from_yaml, memory

    named = settings.get("deepspeed")
    if isinstance(named, str) and named:
        places.require_inside(named, also=(assets.folder("recipes").resolve(),))
    with yaml_of(settings) as path:
        try:
            plan, _, notes = from_yaml.read_plan(path, gpus)
        except LfQwen3Error as error:
            raise told_of(error, path) from error
        except (ValueError, TypeError, OSError, RuntimeError) as error:  # whatever was typed into a field
            raise UsageError(
                f"a setting cannot be read: {error}", "look at the Train tab's fields"
            ) from error
    found = estimating.estimate_memory(plan)
    card = estimating.smallest_card(found.total)
    return {
        "model": plan.model,
        "words": plan.words,
        "gpus": gpus,
        "parts": {part: getattr(found, part) for part in memory.PARTS},
        "total": found.total,
        "card": card.label if card else "",
        "smaller": [
            {"settings": one.settings, "total": one.total, "card": one.card.label}
            for one in estimating.suggest_changes(plan)
        ],
        "notes": [*notes, *estimating.list_caveats(plan)],
    }


def gpus_of(number: float | None) -> int:
    """Return a number of GPUs. Raises `UsageError` for one that no machine has."""
    count = int(number or 1)
    if not 1 <= count <= 1024:
        raise UsageError(f"{count} is no number of GPUs", "1 to 1,024")
    return count


def _deepspeed_files() -> Path:
    return assets.folder("recipes") / "deepspeed"


def _chosen(form: Form) -> list[presets.Preset]:
    allowed = {*hardware_names(), *tracking_names()}
    if strange := [name for name in form.presets if name not in allowed]:
        raise UsageError(
            f"no preset for the board is called '{strange[0]}'", f"there are: {', '.join(sorted(allowed))}"
        )
    return presets.choose_presets(form.presets)


def _dataset(form: Form) -> str:
    if form.dataset:
        return form.dataset
    if len(form.of_train_tab) > 1:
        raise UsageError(
            "several datasets are chosen in the Train tab", "choose the one to fit the recipe to here"
        )
    if not form.of_train_tab:
        raise UsageError(
            "no dataset is chosen", "choose one here or in the Train tab; section Data makes one"
        )
    return form.of_train_tab[0]
