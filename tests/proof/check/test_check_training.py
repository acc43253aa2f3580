"""What is wrong with a training YAML, by itself and over its data."""

import json

import pytest

from lf_qwen3 import recipes
from lf_qwen3.base import assets
from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.proof.check import check
from lf_qwen3.proof.check.training_yaml import read_config
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.trainer.render.text import write_kept_call

SOUND = {
    "model_name_or_path": "Qwen/Qwen3-4B",
    "stage": "sft",
    "do_train": "true",
    "finetuning_type": "lora",
    "lora_rank": 16,
    "lora_alpha": 32,
    "dataset": "a_train",
    "eval_dataset": "a_val",
    "template": "qwen3",
    "enable_thinking": "null",
    "mask_history": "true",
    "num_train_epochs": 3.0,
    "learning_rate": "1.0e-4",
    "eval_strategy": "steps",
    "eval_steps": 0.1,
    "save_steps": 0.1,
    "load_best_model_at_end": "true",
    "metric_for_best_model": "eval_loss",
    "early_stopping_steps": 3,
    "output_dir": "saves/a",
}
FULL = {"finetuning_type": "full", "learning_rate": "1.0e-5"}
INSTRUCT = {"model_name_or_path": "Qwen/Qwen3-4B-Instruct-2507"}
THINKER = {"model_name_or_path": "Qwen/Qwen3-4B-Thinking-2507"}
PREDICT = {"do_train": "false", "do_predict": "true", "predict_with_generate": "true"}
BASE = {"model_name_or_path": "Qwen/Qwen3-4B-Base"}


@pytest.fixture
def folder(tmp_path):
    rows = [("What?", frame("So.", "A stone it is.")), ("Who?", "It is me."), ("Why?", "Because of it.")]
    write_data(tmp_path, "a_train", rows[:2])
    write_data(tmp_path, "a_val", rows[2:])
    return tmp_path


def write_data(folder, name, rows):
    lines = [
        json.dumps({"instruction": question, "input": "", "output": answer}) for question, answer in rows
    ]
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    info = folder / "dataset_info.json"
    entries = json.loads(info.read_text("utf-8")) if info.exists() else {}
    info.write_text(json.dumps({**entries, name: {"file_name": f"{name}.jsonl"}}), "utf-8")


def findings(folder, *without, **changes):
    settings = {key: value for key, value in {**SOUND, **changes}.items() if key not in without}
    path = folder / "train.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()), "utf-8")
    return check(folder, config=path, ask_trainer=False)


@pytest.mark.parametrize(
    ("without", "changes", "expected"),
    [
        pytest.param((), {}, set(), id="sound"),
        pytest.param((), FULL, set(), id="sound full training"),
        pytest.param((), {"learning_rat": 1}, {"yaml_key"}, id="unknown key"),
        pytest.param((), {"lora_rank": "[1]"}, {"yaml_key"}, id="wrong type"),
        pytest.param((), {"swanlab_api_key": "abcdefgh"}, {"yaml_secret"}, id="api key"),
        pytest.param((), {"run_name": "hf_" + "a" * 30}, {"yaml_secret"}, id="token in another key"),
        pytest.param((), {"dataset": "a_tran"}, {"dataset_unregistered"}, id="unknown dataset"),
        pytest.param(("template",), {}, {"template_unfit", "thinking_as_text"}, id="no template"),
        pytest.param((), INSTRUCT, {"template_unfit"}, id="qwen3 for instruct"),
        pytest.param(
            (), {**INSTRUCT, "template": "qwen3_nothink"}, {"thinking_as_text"}, id="instruct learns to think"
        ),
        pytest.param((), {"model_name_or_path": "my/model"}, set(), id="model of unknown kind"),
        pytest.param((), THINKER, {"plain_for_thinker"}, id="plain records for thinking-2507"),
        pytest.param((), BASE, {"base_lora"}, id="lora on base"),
        pytest.param(
            (), {**BASE, "additional_target": "embed_tokens,lm_head"}, set(), id="base with embeddings"
        ),
        pytest.param((), {**BASE, **FULL}, set(), id="base in full"),
        pytest.param((), {"enable_thinking": "false"}, {"thinking_removed"}, id="thinking off"),
        pytest.param(("enable_thinking",), {}, {"empty_thinking_learnt"}, id="the trainer's default"),
        pytest.param((), {"val_size": 0.1}, {"val_size_twice"}, id="val_size too"),
        pytest.param(
            ("load_best_model_at_end", "metric_for_best_model"),
            {},
            {"early_stopping_alone"},
            id="early stopping alone",
        ),
        pytest.param((), {"save_strategy": "epoch"}, {"best_not_saved"}, id="other save strategy"),
        pytest.param((), {"save_steps": 0.15}, {"best_not_saved"}, id="save_steps between"),
        pytest.param((), {"save_steps": 0.2}, set(), id="save_steps a multiple"),
        pytest.param(("eval_dataset",), {}, {"nothing_to_evaluate"}, id="no rows to evaluate"),
        pytest.param(
            ("eval_strategy", "load_best_model_at_end", "early_stopping_steps"),
            {},
            {"no_evaluation"},
            id="no evaluation",
        ),
        pytest.param((), {"num_train_epochs": 5}, {"many_epochs"}, id="five epochs"),
        pytest.param((), {"num_train_epochs": 5, "max_steps": 10}, set(), id="max_steps decides"),
        pytest.param((), {"lora_alpha": 512}, {"lora_scale"}, id="a scale of 32"),
        pytest.param((), {"lora_alpha": 64, "lora_rank": 64, "use_rslora": "true"}, set(), id="rslora"),
        pytest.param((), {"learning_rate": "1.0e-5"}, {"learning_rate"}, id="full rate for lora"),
        pytest.param((), {**FULL, "learning_rate": "1.0e-4"}, {"learning_rate"}, id="lora rate in full"),
        pytest.param(
            (), {"stage": "dpo"}, {"stage_unfit", "trainer_refuses"}, id="dpo over questions and answers"
        ),
        pytest.param((), {"packing": "true"}, {"packing_mixes"}, id="packing"),
        pytest.param((), {**PREDICT, "num_train_epochs": 9}, set(), id="predict"),
        pytest.param((), {"do_predict": "true"}, {"trainer_refuses"}, id="predict without generating"),
        pytest.param((), {"quantization_bit": 4, **FULL}, {"trainer_refuses"}, id="quantised in full"),
        pytest.param((), {"bf16": 1}, {"yaml_spelling"}, id="1 for true"),
    ],
)
def test_settings(folder, without, changes, expected):
    assert set(findings(folder, *without, **changes).counts) == expected


def test_place_and_nearest_key(folder):
    (found,) = findings(folder, learning_rat=1).findings
    assert found.file == str(folder / "train.yaml")
    assert found.row == len(SOUND) + 1
    assert found.cure == "did you mean learning_rate?"


def test_a_secret_is_never_told(folder):
    report = findings(folder, swanlab_api_key="abcdefgh")
    assert "abcdefgh" not in json.dumps(report.as_json())


def test_no_thinking_at_all(folder):
    write_data(folder, "a_train", [("Who?", "It is me.")])
    assert set(findings(folder).counts) == {"reasoning_lost"}
    assert set(findings(folder, enable_thinking="false").counts) == set()


def test_empty_blocks_are_learnt_only_under_null(folder):
    write_data(folder, "a_train", [("What?", frame("So.", "A stone.")), ("Who?", frame("", "It is me."))])
    assert "think_empty" in findings(folder).counts
    assert "think_empty" not in findings(folder, enable_thinking="true").counts


def write_turns(folder, *dialogues):
    lines = []
    for texts in dialogues:
        roles = ["human", "gpt"] * (len(texts) // 2)
        turns = [{"from": role, "value": text} for role, text in zip(roles, texts, strict=True)]
        lines.append(json.dumps({"conversations": turns}))
    (folder / "t.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    entry = {"file_name": "t.jsonl", "formatting": "sharegpt"}
    info = json.loads((folder / "dataset_info.json").read_text("utf-8"))
    (folder / "dataset_info.json").write_text(json.dumps({**info, "t": entry}), "utf-8")


FIRST, SECOND = ["What?", frame("So.", "A stone.")], ["Who?", frame("Well.", "It is me.")]
BARE_FIRST = ["What?", "A stone."]


@pytest.mark.parametrize(
    ("dialogues", "mask_history", "expected"),
    [
        pytest.param([FIRST, BARE_FIRST + SECOND], "true", set(), id="unrolled and masked"),
        pytest.param([FIRST, BARE_FIRST + SECOND], "false", {"history_unmasked"}, id="unrolled, not masked"),
        pytest.param([BARE_FIRST + SECOND], "true", {"history_not_learnt"}, id="masked, not unrolled"),
        pytest.param([FIRST, SECOND], "false", set(), id="one turn each"),
    ],
)
def test_several_turns(folder, dialogues, mask_history, expected):
    write_turns(folder, *dialogues)
    assert set(findings(folder, dataset="t", mask_history=mask_history).counts) == expected


CALL = '{"name": "f", "arguments": {}}'
LOOP = ["q", frame("r", CALL), "7", frame("s", CALL), "8", frame("t", "It is eight.")]


def write_loop(folder, *values):
    roles = ["human", "function_call", "observation", "function_call", "observation", "gpt"]
    write_turns(folder)
    dialogues = [values[:size] for size in (2, 4, 6)]
    lines = [
        {"conversations": [{"from": role, "value": value} for role, value in zip(roles, turns, strict=False)]}
        for turns in dialogues
    ]
    (folder / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


KEPT = [write_kept_call(thought, "", f"[{CALL}]") for thought in ("r", "s")]


@pytest.mark.parametrize(
    ("values", "preserve_thinking", "expected"),
    [
        pytest.param(LOOP, "false", {"loop_thinking_removed"}, id="taken out"),
        pytest.param(LOOP, "true", set(), id="preserved"),
        pytest.param(["q", KEPT[0], "7", KEPT[1], *LOOP[4:]], "false", set(), id="as convert writes it"),
        pytest.param(["q", CALL, "7", *LOOP[3:]], "true", {"history_framed"}, id="a plain call"),
        pytest.param(["q", CALL, "7", CALL, *LOOP[4:]], "false", set(), id="plain calls"),
    ],
)
def test_the_thinking_of_a_tool_loop(folder, values, preserve_thinking, expected):
    write_loop(folder, *values)
    report = findings(folder, dataset="t", preserve_thinking=preserve_thinking)
    assert set(report.counts) == expected


def test_the_thinking_of_a_loop_before_a_pair(folder):
    chosen, rejected = ({"from": "gpt", "value": text} for text in ("It is eight.", "No idea."))
    turns = [
        {"from": role, "value": text}
        for role, text in zip(("human", "function_call", "observation"), LOOP, strict=False)
    ]
    row = {"conversations": turns, "chosen": chosen, "rejected": rejected}
    (folder / "t.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    columns = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
    entry = {"file_name": "t.jsonl", "formatting": "sharegpt", "ranking": True, "columns": columns}
    (folder / "dataset_info.json").write_text(json.dumps({"t": entry}), "utf-8")
    without = ("eval_dataset", "eval_strategy", "load_best_model_at_end", "early_stopping_steps")
    changes = {"dataset": "t", "stage": "dpo", "mask_history": "false"}
    assert "loop_thinking_removed" in findings(folder, *without, **changes).counts
    changes["preserve_thinking"] = "true"
    assert "loop_thinking_removed" not in findings(folder, *without, **changes).counts


def test_the_datasets_of_the_yaml_are_checked(folder):
    write_data(folder, "other", [("What?", "")])
    assert list(findings(folder).datasets) == ["a_train", "a_val"]


def test_lora_scale_is_in_the_summary(folder):
    assert findings(folder).summary()["training"]["lora"] == "rank 16, alpha 32: scale 2 (alpha/rank)"


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        pytest.param("a: [", LfQwen3Error, "not_yaml", id="no YAML"),
        pytest.param("- a", LfQwen3Error, "no_settings", id="a list"),
        pytest.param("a: 1\nb: 2\na: 3", LfQwen3Error, "repeated_key", id="a key twice"),
        pytest.param(None, UsageError, "file_missing", id="no file"),
    ],
)
def test_broken_yaml(folder, text, error, code):
    path = folder / "broken.yaml"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(error) as caught:
        check(folder, config=path, ask_trainer=False)
    assert caught.value.code == code


def test_words_of_yaml_1_1_mean_what_they_mean_to_the_trainer(folder):
    path = folder / "train.yaml"
    path.write_text("enable_thinking: no\npacking: on\nlearning_rate: 1e-4\n", "utf-8")
    assert read_config(path).settings == {"enable_thinking": False, "packing": True, "learning_rate": 1e-4}
    assert [read_config(path).line_of(key) for key in ("packing", "gone", "")] == [2, None, None]


@pytest.mark.parametrize("recipe", recipes.list_shipped(), ids=lambda one: one.name)
def test_shipped_recipe_has_no_finding_on_the_shipped_data(recipe):
    report = check(assets.folder("dataset_info"), config=recipe.path, ask_trainer=False)
    true_of_versions = {"experts_untouched", "known_broken"}  # of transformers 5, and of PPO with its trl
    assert {*report.counts} <= true_of_versions
