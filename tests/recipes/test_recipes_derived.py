"""Method times checkpoint: each made recipe is complete, fits its checkpoint, guards against overfitting."""

from functools import cache

import pytest

from lf_qwen3.qwen3.architecture import CHECKPOINTS
from lf_qwen3.qwen3.checkpoints import kind_of
from lf_qwen3.recipes import find_recipe, list_derived, list_shipped, needs
from lf_qwen3.recipes.derive import TARGETS, derive_document
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.needs import estimate_recipe_memory
from lf_qwen3.trainer import schema, yaml_reader

DERIVED = list_derived()
BY_NAME = {one.name: one for one in DERIVED}
BATCH = ("per_device_train_batch_size", "gradient_accumulation_steps")
SIZES = ("0.6b", "1.7b", "4b", "8b", "14b", "32b", "30b-a3b", "235b-a22b")
IN_2507 = [
    f"{size}-{kind}-2507" for size in ("4b", "30b-a3b", "235b-a22b") for kind in ("instruct", "thinking")
]


@cache
def document_of(path):
    return YamlDocument(path.read_text("utf-8"))


@cache
def of_file(path):
    """Return the settings of the method's file that a recipe was made from."""
    return document_of(path).plain()


def require_of_each(recipes, check):
    """Run a check on every recipe and its settings; fail once, naming each failure and its reason."""
    failures = {}
    for recipe in recipes:
        try:
            check(recipe, settings_of(recipe))
        except Exception as error:
            failures[recipe.name] = f"{type(error).__name__}: {error}"
    assert failures == {}


@cache
def settings_of(recipe):
    return recipe.settings


def test_a_failing_recipe_is_named():
    def check(recipe, settings):
        assert recipe.name != "qwen3-8b-lora-sft"

    with pytest.raises(AssertionError, match="qwen3-8b-lora-sft"):
        require_of_each(DERIVED, check)


def test_lora_qlora_and_full_are_made_for_every_size_and_every_2507_checkpoint():
    wanted = {f"qwen3-{one}-{how}-sft" for one in (*SIZES, *IN_2507) for how in ("lora", "qlora", "full")}
    assert wanted <= BY_NAME.keys()


def test_the_text_holds_the_settings():
    def check(recipe, settings):
        assert yaml_reader.parse(recipe.text) == settings

    require_of_each(DERIVED[::3], check)


def test_the_names_that_the_readme_and_the_demo_use_are_made():
    assert {"qwen3-4b-lora-sft", "qwen3-1.7b-full-sft", "qwen3-0.6b-lora-sft"} <= BY_NAME.keys()


def test_no_name_stands_for_two_recipes():
    names = [recipe.name for recipe in (*list_shipped(), *DERIVED)]
    assert len(names) == len(set(names))


def test_it_guards_against_overfitting():
    def check(recipe, settings):
        assert settings["warmup_ratio"] > 0
        assert settings["plot_loss"] is True
        if settings["stage"] == "ppo":  # its trainer takes no rows for validation
            return
        assert settings["eval_dataset"]
        assert settings["eval_strategy"] == settings["save_strategy"] == "steps"
        assert settings["eval_steps"] == settings["save_steps"]
        assert 1 <= settings["num_train_epochs"] <= 3
        assert settings["lr_scheduler_type"] == "cosine"
        if settings["stage"] == "rm":  # the trainer refuses load_best_model_at_end there
            return
        assert (settings["metric_for_best_model"], settings["greater_is_better"]) == ("eval_loss", False)
        assert settings["load_best_model_at_end"] is True
        assert settings["early_stopping_steps"] > 0

    require_of_each([*list_shipped(), *DERIVED], check)


def test_the_trainer_takes_its_keys_and_values():
    def check(recipe, settings):
        schema.check_settings(settings, recipe.name)

    require_of_each(DERIVED, check)


def test_it_names_its_checkpoint_template_and_folder():
    def check(recipe, settings):
        kind = kind_of(recipe.checkpoint.id)
        assert settings["model_name_or_path"] == recipe.checkpoint.id
        assert settings["template"] == kind.template
        assert settings["output_dir"] == f"saves/{recipe.name}"
        assert ("enable_thinking" in settings) == (kind.thinks != "never" and settings["stage"] != "pt")
        trains_embeddings = settings["finetuning_type"] == "lora" and kind.name == "base"
        assert ("additional_target" in settings) == trains_embeddings

    require_of_each(DERIVED, check)


def test_a_step_holds_as_many_records_as_the_method_says():
    def check(recipe, settings):
        base = of_file(recipe.path)
        assert settings[BATCH[0]] * settings[BATCH[1]] == base[BATCH[0]] * base[BATCH[1]]

    require_of_each(DERIVED, check)


def test_the_rate_is_the_method_s_for_every_size():
    def check(recipe, settings):
        assert settings["learning_rate"] == of_file(recipe.path)["learning_rate"]

    require_of_each(DERIVED, check)


def test_a_base_checkpoint_that_ties_its_embeddings_is_untied_after_the_export():
    def check(recipe, settings):
        ties = recipe.checkpoint.shape.tied and "additional_target" in settings
        assert ("lf-qwen3 recipe untie" in recipe.text) == ties

    require_of_each(DERIVED, check)


def test_the_header_tells_the_card_for_the_transformers_that_is_installed(monkeypatch):
    recipe = BY_NAME["qwen3-30b-a3b-qlora-sft"]
    monkeypatch.setattr(needs, "are_experts_layers", needs.are_experts_layers.__wrapped__)
    for version, size, card in (
        ("5.6.0", "about 67 GB in use", "80 GB"),
        ("4.57.1", "about 29 GB in use", "32 GB"),
    ):
        monkeypatch.setattr("importlib.metadata.version", lambda name, version=version: version)
        text = " ".join(
            derive_document(recipe.name, recipe.path.read_text(), recipe.checkpoint).text().split()
        )
        assert size in text.replace(" # ", " ")
        assert f"Needs a GPU with {card}" in text
        comment = next(line for line in text.split("lora_target")[1:])
        assert ("attention and experts" in comment) == ("gate_proj" in comment) == version.startswith("4")
    monkeypatch.undo()
    assert "save 2% of the 69 GB of plain LoRA" in " ".join(recipe.text.replace("\n# ", " ").split())


def test_a_mixture_of_experts_is_reached_by_a_lora_and_balanced_in_full_training():
    targets, _ = TARGETS[needs.are_experts_layers()]

    def check(recipe, settings):
        is_lora = settings["finetuning_type"] == "lora"
        experts = bool(recipe.checkpoint.shape.experts)
        assert (settings.get("lora_target") == targets) == (experts and is_lora)
        assert ("moe_aux_loss_coef" in settings) == (experts and not is_lora)
        assert ("transformers>=4.57.1,<5" in recipe.text) == (experts and is_lora)
        if is_lora:
            base = of_file(recipe.path)
            assert settings["lora_alpha"] / settings["lora_rank"] == base["lora_alpha"] / base["lora_rank"]

    require_of_each(DERIVED, check)


def test_its_comment_says_what_it_is_and_how_it_is_run():
    def check(recipe, settings):
        header = recipe.document.header
        assert recipe.summary.startswith(f"{recipe.checkpoint.name}. ")
        assert f"#   lf-qwen3 recipe show {recipe.name} > {recipe.name}.yaml" in header
        assert f"#   llamafactory-cli train {recipe.name}.yaml" in header
        assert any(line.startswith("# Needs") for line in header)
        words = " ".join(line.lstrip("# ") for line in header)
        assert f"lf-qwen3 estimate --model {recipe.checkpoint.name} --method" in words

    require_of_each(DERIVED, check)


def test_no_comment_of_the_method_is_lost():
    def check(recipe, settings):
        base = document_of(recipe.path).settings
        written = recipe.text.splitlines()
        for key in settings.keys() & base.keys():
            line = next(line for line in written if line.startswith(f"{key}:"))
            assert ("#" in line) == bool(
                base.ca.items.get(key) and "#" in base.ca.items[key][2].value.split("\n")[0]
            )

    require_of_each(DERIVED, check)


def test_the_recipe_for_experts_is_the_one_that_is_made():
    made, file = find_recipe("qwen3-30b-a3b-lora-sft").settings, find_recipe("moe-lora-sft").settings
    assert made == file


@pytest.mark.parametrize("method", ["lora-sft", "qlora-sft", "full-sft"])
def test_memory_grows_with_the_model(method):
    dense = [one for one in CHECKPOINTS if not one.shape.experts and one.name == f"Qwen3-{one.size}"]
    totals = [estimate_recipe_memory(find_recipe(method).settings, one).total for one in dense]
    assert len(totals) == 6
    assert totals == sorted(totals)


@pytest.mark.parametrize("checkpoint", CHECKPOINTS[:8], ids=lambda one: one.name)
def test_packed_weights_take_less_than_plain_ones_and_those_less_than_trained_ones(checkpoint):
    name = checkpoint.name.lower()
    packed, plain, full = (
        estimate_recipe_memory(BY_NAME[f"{name}-{method}-sft"].settings, checkpoint).total
        for method in ("qlora", "lora", "full")
    )
    assert packed < plain < full


# About as much as people publish for 2,048 tokens: 1.7B full 32 GB (the medical tutorial), 8B LoRA 22 GB.
@pytest.mark.parametrize(
    ("name", "published"),
    [("qwen3-1.7b-full-sft", 32), ("qwen3-8b-lora-sft", 22)],
    ids=["1.7B full", "8B LoRA"],
)
def test_memory_is_about_what_people_publish(name, published):
    recipe = BY_NAME[name]
    assert estimate_recipe_memory(recipe.settings, recipe.checkpoint).total / 1e9 == pytest.approx(
        published, rel=0.15
    )
