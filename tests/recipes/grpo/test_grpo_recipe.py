"""`recipe new` for GRPO: the prompts, the config of each trainer, what is refused and what is said."""

import json
from pathlib import Path

import pytest
import yaml

import lf_qwen3
from lf_qwen3.base import assets, math_answers
from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.validate import validate
from lf_qwen3.recipes import find_recipe, list_grpo, list_shipped
from lf_qwen3.recipes.grpo.settings import REWARDS, parse_settings
from lf_qwen3.recipes.new import recipe
from tests.trainer.render.conftest import save_byte_tokenizer

RECIPE = "qwen3-4b-lora-grpo"
TRAINERS = ("ms-swift", "trl", "verl", "easyr1")
ASKED = "What is 1+1? Put it in \\boxed{}."
SUMS = [
    {"question": "What is 17*24?", "thinking": "17*24 = 408", "answer": "It is \\boxed{408}."},
    {"question": ASKED, "answer": "2"},
    {"question": "Three apples and four?", "answer": "3+4=7\n#### 7"},
    {"question": "Why is the sky blue?", "answer": "Short waves scatter more than long ones."},
]
OPEN_KEYS = (
    *("defaults", "hydra.searchpath", "data.apply_chat_template_kwargs.", "chat_template_kwargs."),
    *("reward.reward_kwargs.", "worker.reward.reward_function_kwargs."),
    *(f"actor_rollout_ref.{part}.fsdp_config.mixed_precision." for part in ("actor", "ref")),
)
"""Keys of verl's config files themselves, and sections that take any key."""


@pytest.fixture(autouse=True)
def sums(tmp_path, monkeypatch):
    """Register `sums_train` in data/: three records with a gold answer, one without."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(math_answers, "is_available", lambda: False)
    Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SUMS), "utf-8")
    lf_qwen3.convert("sums.jsonl", name="sums", dataset_dir="data")


@pytest.fixture(scope="module")
def letters(tmp_path_factory):
    """Return the folder of a tokenizer for which a byte is a token: it is read in no time."""
    folder = tmp_path_factory.mktemp("letters")
    save_byte_tokenizer(folder)
    return folder


@pytest.fixture
def plan(letters):
    """Return a function that plans a run into runs/x; nothing is written."""

    def make(trainer="ms-swift", name=RECIPE, **options):
        options = {"dataset": "sums", "tokenizer": letters, **options}
        return recipe(name, dataset_dir="data", out="runs/x", trainer=trainer, **options)

    return make


def rows_of(made, split="train"):
    return [json.loads(line) for line in made.files[f"data/{split}.jsonl"].splitlines()]


def flatten(value, before=""):
    """Return the keys of nested settings, `a.b` for b in a."""
    keys = set()
    for key, item in value.items():
        keys |= flatten(item, f"{before}{key}.") if isinstance(item, dict) else {before + key}
    return keys


@pytest.mark.parametrize("trainer", TRAINERS)
def test_each_trainer_gets_its_config_and_a_row_for_each_question_with_a_gold_answer(plan, trainer):
    made = plan(trainer)
    text = made.files["train.yaml"]
    assert text.startswith(f"# trainer: {trainer} ")
    assert yaml.safe_load(text) == made.train
    assert made.steps.train in made.files["RUN.md"]
    file = Path("train.yaml")
    file.write_text(text, "utf-8")
    assert (validate(file).dialect, validate(file).findings) == (trainer, [])
    assert len(rows_of(made)) == 3
    assert any("no short answer" in note and "(1)" in note for note in made.notes)
    assert not Path("runs").exists()


@pytest.mark.parametrize("trainer", TRAINERS)
def test_every_key_is_taken_by_the_trainer_for_grpo(plan, trainer):
    file = assets.folder("recipes") / "trainers" / f"{trainer}.json"
    known = json.loads(file.read_text("utf-8"))["keys"]
    command = {"ms-swift": "rlhf"}.get(trainer, "grpo")
    other = {"rewards": "accuracy,think_format,soft_overlong", "beta": 0.01, "bf16": False}
    made = plan(trainer, set=other)
    keys = {key for key in flatten(made.train) if not key.startswith(OPEN_KEYS)}
    assert not {key for key in keys if key not in known or command not in known[key].get("of", [command])}


def test_rows_hold_question_and_answer_as_each_reward_reads_them(plan):
    swift = rows_of(plan("ms-swift"))
    assert swift[0]["solution"] == "\\boxed{408}"
    assert swift[1]["messages"] == [{"role": "user", "content": ASKED}]
    assert rows_of(plan("trl"))[2]["solution"] == "\\boxed{7}"
    verl = rows_of(plan("verl"))[0]
    assert (verl["data_source"], verl["reward_model"]["ground_truth"]) == ("math_dapo", "408")
    easy = rows_of(plan("easyr1"))[0]
    assert easy["answer"] == "408"
    assert easy["problem"].endswith("final answer within \\boxed{}.")


def test_thinking_is_written_out_and_has_room(plan):
    swift, trl, verl = (plan(name).train for name in ("ms-swift", "trl", "verl"))
    assert (swift["enable_thinking"], swift["template"]) == (True, "qwen3")
    assert trl["chat_template_kwargs"] == {"enable_thinking": True}
    assert verl["data"]["apply_chat_template_kwargs"] == {"enable_thinking": True}
    assert swift["max_completion_length"] == trl["max_completion_length"] == 8192
    short = plan(set={"max_completion_length": 512, "overlong_buffer": 64})
    assert any("truncates a thinking model" in note for note in short.notes)
    instruct = plan(model="Qwen/Qwen3-4B-Instruct-2507").train
    assert (instruct["template"], "enable_thinking" in instruct) == ("qwen3_nothinking", False)


def test_dapo_is_set_where_the_trainer_has_it_and_said_where_not(plan):
    swift = plan("ms-swift").train
    assert (swift["loss_type"], swift["epsilon_high"], swift["dynamic_sample"]) == (["dapo"], 0.28, True)
    assert (swift["reward_funcs"], swift["soft_cache_length"]) == (["accuracy", "soft_overlong"], 1024)
    notes = "\n".join(plan("trl").notes)
    assert "trl has no counterpart of dynamic_sampling" in notes
    assert "trl has no reward soft_overlong" in notes


def test_a_value_without_counterpart_is_said_with_its_key(plan):
    other = {"bf16": False, "enable_thinking": False, "lr_scheduler_type": "linear", "num_train_epochs": 1.5}
    falls, share = 'lr_scheduler_type="linear"', "num_train_epochs=1.5"
    said = {name: list_left(plan(name, set=other)) for name in TRAINERS}
    assert said["easyr1"] == {"enable_thinking=false", "bf16=false", falls, share}
    assert said["verl"] == {falls, share}
    assert said["ms-swift"] == said["trl"] == list_left(plan("easyr1")) == set()


def test_a_tracker_is_installed_beside_the_trainer(plan):
    assert plan("trl", set={"report_to": "swanlab"}).steps.before[-1] == "pip install swanlab"
    assert "swanlab" not in plan("trl").files["RUN.md"]


def list_left(made):
    """Return the values that the note on what has no counterpart names, as key=value."""
    (note,) = [note for note in made.notes if "counterpart" in note] or [""]
    return {
        word
        for word in note.replace(": left out", "").split("counterpart of ")[-1].split(", ")
        if "=" in word
    }


def test_a_card_without_bf16_gets_half_precision_where_the_trainer_has_it(plan):
    swift, trl, verl = (plan(name, set={"bf16": False}).train for name in ("ms-swift", "trl", "verl"))
    assert (swift["torch_dtype"], trl["dtype"]) == ("float16", "float16")
    parts = verl["actor_rollout_ref"]
    assert [parts[name]["fsdp_config"] for name in ("actor", "ref")] == [
        {"mixed_precision": {"param_dtype": "fp16"}}
    ] * 2
    assert parts["rollout"]["dtype"] == "float16"


def test_a_step_holds_as_many_answers_as_the_recipe_says(plan):
    train = plan(set={"prompts_per_step": 8, "num_generations": 4, "gpus": 2}).train
    assert train["gradient_accumulation_steps"] == 8 * 4 // (2 * 2)


def test_rewards_that_a_trainer_lacks_come_as_a_file(plan):
    made = plan(set={"rewards": "accuracy,think_format"})
    assert made.train["external_plugins"] == ["runs/x/think_format.py"]
    assert made.train["reward_funcs"][1] in made.files["think_format.py"]
    assert "rewards.py" in plan("easyr1").files


def test_a_long_question_is_left_out_by_the_tokens_of_the_template(plan):
    made = plan(set={"max_prompt_length": 60})
    assert [row["solution"] for row in rows_of(made)] == ["\\boxed{2}"]
    assert any("longer than 60 tokens (max_prompt_length) (2)" in note for note in made.notes)


def test_without_a_tokenizer_it_says_that_nothing_was_counted(plan, monkeypatch, tmp_path):
    for name in ("HF_HOME", "MODELSCOPE_CACHE", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    made = plan(tokenizer=None, model="nobody/Qwen3-4B")
    assert any("max_prompt_length" in note for note in made.notes)


def test_no_question_stands_in_training_and_validation(plan):
    file = Path("data/dataset_info.json")
    info = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**info, "sums_val": info["sums_train"]}), "utf-8")
    made = plan()
    assert "data/validation.jsonl" not in made.files
    assert any("sums_val: 0 prompts" in note and "duplicate question (3)" in note for note in made.notes)


def test_full_training_takes_a_tenth_of_the_rate_and_no_lora(plan):
    train = plan(set={"finetuning_type": "full"}).train
    assert (train["tuner_type"], train["learning_rate"]) == ("full", pytest.approx(1e-6))
    assert "lora_rank" not in train


@pytest.mark.parametrize(
    ("trainer", "options", "code"),
    [
        ("llamafactory", {}, "trainer_method"),
        ("axolotl", {}, "trainer_method"),
        ("swift", {}, "unknown_trainer"),
        ("trl", {"set": {"num_generation": 4}}, "unknown_setting"),
        ("trl", {"set": {"num_generations": 1}}, "setting_value"),
        ("trl", {"set": {"loss_type": "ppo"}}, "setting_value"),
        ("trl", {"set": {"learning_rate": "fast"}}, "setting_value"),
        ("trl", {"set": {"gpus": 0}}, "setting_value"),
        ("trl", {"set": {"rewards": "accuracy,formats"}}, "unknown_reward"),
        ("trl", {"set": {"rewards": "soft_overlong"}}, "unknown_reward"),
        ("trl", {"set": {"rewards": "think_format", "enable_thinking": False}}, "option_conflict"),
        ("ms-swift", {"set": {"overlong_buffer": 9000}}, "setting_value"),
        ("verl", {"set": {"prompts_per_step": 3, "num_generations": 3}}, "grpo_batch"),
        ("trl", {"gguf": True}, "trainer_option"),
        ("trl", {"dataset": "nothing"}, "dataset_not_registered"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(plan, trainer, options, code):
    with pytest.raises(UsageError) as error:
        plan(trainer, **options)
    assert error.value.code == code
    assert not Path("runs").exists()


def test_llamafactory_is_refused_with_the_way_to_easyr1(plan):
    with pytest.raises(UsageError) as error:
        plan("llamafactory")
    assert "--trainer easyr1" in error.value.hint


def test_data_without_short_answers_are_refused_with_the_reason(plan):
    essays = "".join(json.dumps(SUMS[3] | {"question": f"{SUMS[3]['question']} {at}"}) + "\n" for at in "abc")
    Path("essays.jsonl").write_text(essays)
    lf_qwen3.convert("essays.jsonl", name="essays", dataset_dir="data")
    with pytest.raises(UsageError) as error:
        plan(dataset="essays")
    assert error.value.code == "no_verifiable_answer"
    assert "0 of 3" in error.value.message


def test_the_recipe_is_for_each_checkpoint_and_not_for_llamafactory():
    assert find_recipe("qwen3-8b-lora-grpo").settings["model_name_or_path"] == "Qwen/Qwen3-8B"
    assert [known.name for known in list_grpo()] == ["lora-grpo"]
    assert not [known for known in list_shipped() if known.is_grpo]


def test_settings_are_read_by_the_keys_of_the_recipe():
    own = {"num_generations": 16, "rewards": "accuracy"}
    assert parse_settings(RECIPE, [f"{key}={value}" for key, value in own.items()]) == own
    assert parse_settings("qwen3-4b-lora-sft", ["lora_rank=8"]) == {"lora_rank": 8}
    assert set(find_recipe(RECIPE).settings["rewards"].split(",")) <= REWARDS.keys()
