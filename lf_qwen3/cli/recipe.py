"""`lf-qwen3 recipe`: list recipes, show one, make a set, validate a YAML, untie an exported model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lf_qwen3.cli import _output, _recipe_list
from lf_qwen3.cli._progress import shown_progress

if TYPE_CHECKING:
    from lf_qwen3.proof.validate import YamlFinding, YamlValidation
    from lf_qwen3.recipes.new import RecipeSet

GROUP = "train"


@click.group()
def command() -> None:
    """Training YAML for LLaMA-Factory: list, show, make, validate."""


command.add_command(_recipe_list.list_recipes)
command.add_command(_recipe_list.show)


@command.command()
@click.argument("name")
@click.option("--dataset", required=True, help="The name given to `convert --name`, or any registered name.")
@_output.dataset_dir_option()
@click.option("--out", required=True, type=click.Path(), help="Folder for the files of the run.")
@click.option("--model", metavar="PATH_OR_ID", help="Another checkpoint; its template is set too.")
@click.option(
    "--preset", "presets", multiple=True, metavar="NAME", help="A preset of `recipe list`; repeatable."
)
@click.option(
    "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Any key of the trainer; repeatable."
)
@click.option("--test", metavar="NAME", default="", help="Dataset to answer instead of the test split.")
@click.option("--gguf", is_flag=True, help="Add the steps to a quantised GGUF to RUN.md.")
@click.option(
    "--trainer",
    default="llamafactory",
    show_default=True,
    metavar="NAME",
    help="Or ms-swift, trl, unsloth, axolotl, verl: their config, and rows as LLaMA-Factory learns them.",
)
@click.option(
    "--tokenizer",
    default="",
    metavar="FOLDER_OR_ID",
    help="For the rows of another trainer; default: the model's, from a folder or a local hub cache.",
)
@click.option("--replace", is_flag=True, help="Overwrite files in --out that have other content.")
@_output.json_option
def new(
    name: str,
    dataset: str,
    dataset_dir: str,
    out: str,
    model: str | None,
    presets: tuple[str, ...],
    pairs: tuple[str, ...],
    test: str,
    gguf: bool,
    trainer: str,
    tokenizer: str,
    replace: bool,
    as_json: bool,
) -> None:
    """Write all files of a run, with consistent settings.

    The files are train, predict before and after, chat, api, export, the arguments of LLaMA Board, and RUN.md
    with all commands in order.

    \b
    lf-qwen3 recipe new qwen3-4b-lora-sft --dataset my_data --dataset-dir data --out runs/4b
    lf-qwen3 recipe new qwen3-4b-lora-sft --dataset my_data --dataset-dir data --out runs/8b
             --model Qwen/Qwen3-8B --preset quick --set learning_rate=5e-5 --set lora_rank=32
    lf-qwen3 recipe new qwen3-4b-lora-sft --dataset my_data --dataset-dir data --out runs/swift
             --trainer ms-swift
    """  # noqa: D301
    from lf_qwen3.recipes.grpo.settings import parse_settings
    from lf_qwen3.recipes.new import recipe

    plan = recipe(
        name,
        dataset=dataset,
        dataset_dir=dataset_dir,
        out=out,
        model=model,
        preset=presets,
        set=parse_settings(name, pairs),
        test=test,
        gguf=gguf,
        trainer=trainer,
        tokenizer=tokenizer,
    )
    with shown_progress() as progress:
        plan = plan.write(replace=replace, progress=progress)
    _show_set(plan, as_json)


def _show_set(plan: RecipeSet, as_json: bool) -> None:
    for note in plan.notes:
        _output.say(f"note: {note}")
    if as_json:
        _output.print_json(_report(plan))
        return
    for path in _paths(plan):
        click.echo(f"wrote {path}")
    click.echo("\nnext:\n" + "\n".join(f"  {line}" for line in plan.commands))
    click.echo(f"all commands in their order: {Path(plan.choice.out) / 'RUN.md'}")


def _paths(plan: RecipeSet) -> list[Path]:
    return [*plan.texts, *(rows.path for rows in plan.data)]


def _report(plan: RecipeSet) -> dict[str, object]:
    return {
        "recipe": plan.choice.recipe,
        "presets": plan.choice.presets,
        "trainer": plan.choice.trainer,
        "files": {path.relative_to(plan.choice.out).as_posix(): path for path in _paths(plan)},
        "datasets": {"train": plan.splits.train, "val": plan.splits.val, "test": plan.splits.test},
        "settings": plan.settings,
        "notes": plan.notes,
        "commands": plan.commands,
    }


@command.command()
@click.argument("file", type=click.Path())
@click.option("--strict", is_flag=True, help="Run the installed trainer's own parsers too; takes seconds.")
@_output.json_option
def validate(file: str, strict: bool, as_json: bool) -> int:
    """Check the keys, values and combinations of a YAML.

    FILE is any YAML for llamafactory-cli train, chat, api or export. Exit code 1 says that the trainer
    would stop, or read a value in another way. With --strict, the parsers of the installed LLaMA-Factory read
    the unchanged file, its templates and its dataset_info.json; what this machine lacks is simulated, and
    named.

    \b
    lf-qwen3 recipe validate runs/my_data/train.yaml
    lf-qwen3 recipe validate runs/my_data/train.yaml --strict
    """  # noqa: D301
    from lf_qwen3.proof.validate import validate as validate_yaml

    validation = validate_yaml(Path(file), strict=strict)
    if as_json:
        _output.print_json(validation.as_json())
    else:
        _show(validation)
    return 0 if validation.is_valid else 1


@command.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; exit code 1 if config.json is wrong.")
def untie(folder: Path, check: bool) -> int:
    """Correct tie_word_embeddings in the config.json of an exported model.

    Qwen3-0.6B, 1.7B and 4B use one matrix as embed_tokens and as lm_head. A LoRA that trains both
    (additional_target) leaves two in the exported folder, with a config.json that still ties them, and vLLM
    then generates noise. This writes "tie_word_embeddings": false; a correct folder is not changed.

    \b
    lf-qwen3 recipe untie runs/my_data/merged
    """  # noqa: D301
    from lf_qwen3.qwen3 import embeddings

    wrong = embeddings.is_wrongly_tied(folder) if check else embeddings.untie_embeddings(folder)
    if not wrong:
        click.echo(f"{folder}: config.json matches the weights")
        return 0
    what = "two different embeddings, but tie_word_embeddings: true"
    click.echo(f"{folder}: {what}" + ("" if check else ', now "tie_word_embeddings": false'))
    if check:
        _output.say(f"  hint: lf-qwen3 recipe untie {folder}")
    return int(check)


def _show(validation: YamlValidation) -> None:
    for finding in validation.findings:
        _show_finding(finding)
    for note in validation.notes:
        _output.say(f"note: {note}")
    errors = sum(finding.severity == "error" for finding in validation.findings)
    wrong = f"{errors} {'error' if errors == 1 else 'errors'} in "
    good = click.style("valid", fg="green", bold=True) + ": "
    click.echo(f"{wrong if errors else good}{validation.file}, {validation.settings} settings")


def _show_finding(finding: YamlFinding) -> None:
    place = finding.file if finding.row is None else f"{finding.file}:{finding.row}"
    code = click.style(finding.code, fg="red" if finding.severity == "error" else "cyan", bold=True)
    click.echo(f"{place}: {code} {finding.message}")
    click.echo(f"  hint: {finding.hint}")
