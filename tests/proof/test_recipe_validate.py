"""`recipe validate`: no false alarm over what LLaMA-Factory's own examples hold, a line for each fault."""

import json

import pytest

from lf_qwen3.base import packages
from lf_qwen3.proof.validate import validate
from lf_qwen3.recipes import list_shipped
from lf_qwen3.trainer.settings import kinds
from lf_qwen3.trainer.settings.judge import REFUSED
from tests.proof.yaml_examples import ELSEWHERE, EXAMPLE_LINES, SPELLINGS


@pytest.fixture
def found(tmp_path):
    """Return a function that validates a text."""

    def look(text: str):
        path = tmp_path / "some.yaml"
        path.write_text(text, "utf-8")
        return validate(path)

    return look


@pytest.mark.parametrize("line", EXAMPLE_LINES)
def test_no_line_of_the_trainers_examples_raises_an_alarm(found, line):
    model = "" if line.startswith("model_name_or_path") else "model_name_or_path: a/b\n"
    assert [one.message for one in found(model + line + "\n").findings if one.code != REFUSED] == []


def test_the_trainers_examples_raise_no_alarm_together(found):
    report = found("\n".join(EXAMPLE_LINES))
    assert {one.code for one in report.findings} == {REFUSED, "quantised_refused"}
    assert (report.notes, report.dialect, report.command) == ([], "train", "train")
    assert report.settings == sum(not line.startswith("#") for line in EXAMPLE_LINES)


@pytest.mark.parametrize("line", SPELLINGS)
def test_a_spelling_that_the_trainer_takes_raises_no_alarm(found, line):
    assert [one for one in found(f"model_name_or_path: a/b\n{line}\n").findings if one.code != REFUSED] == []


@pytest.mark.parametrize("dialect", ELSEWHERE)
def test_another_kind_of_yaml_is_told_apart(found, dialect):
    report = found(ELSEWHERE[dialect])
    assert (report.dialect, report.findings) == (dialect, [])
    assert report.notes == [kinds.NOTES[dialect]]


@pytest.mark.parametrize("recipe", list_shipped(), ids=lambda recipe: recipe.name)
def test_a_shipped_recipe_is_valid(recipe):
    report = validate(recipe.path)
    assert (report.findings, report.settings) == ([], len(recipe.settings))


@pytest.mark.parametrize(
    ("line", "code", "message", "hint"),
    [
        ("learning_rat: 1e-4", "unknown_key", "has no such key", "did you mean learning_rate?"),
        ("lr: 1e-4", "unknown_key", "has no such key", "did you mean learning_rate?"),
        ("max_seq_length: 1024", "unknown_key", "has no such key", "did you mean cutoff_len?"),
        ("min_p: 0", "unknown_key", "has no such key", "repetition_penalty"),
        ("lora_rank: '16'", "wrong_value", '"16" is not integer', "remove the quotes: lora_rank: 16"),
        ("learning_rate: '1e-4'", "wrong_value", '"1e-4" is not number', "remove the quotes"),
        ("eval_strategy: no", "wrong_value", "false is not one of", 'write eval_strategy: "no"'),
        ("save_strategy: off", "wrong_value", "false is not one of", 'write save_strategy: "no"'),
        ("save_strategy: stepss", "wrong_value", "is not one of", "did you mean steps?"),
        ("lora_rank: '1.5'", "wrong_value", '"1.5" is not integer', "intrinsic dimension"),
        ("finetuning_type: yes", "wrong_value", "true is not one of", "fine-tuning method"),
        ("finetuning_type: qlora", "wrong_value", '"qlora" is not one of', "quantization_bit: 4"),
        ("stage: pretrain", "wrong_value", '"pretrain" is not one of', "did you mean pt?"),
        ("flash_attn: flash_attention_2", "wrong_value", "is not one of", "did you mean fa2?"),
        ("cutoff_len: ???", "wrong_value", "that is still missing", "cutoff length"),
        ("bf16: 'true'", "wrong_value", '"true" is not boolean', ""),
        ("ray_run_name: x", "gone_key", "refuses it", "remove it"),
        ("tensor_model_parallel_sizes: 2", "unknown_key", "has no such key", "training.schema.json"),
        ("model_name_or_path: c/d", "repeated_key", "duplicate key", "remove one of the lines"),
    ],
    ids=lambda value: value if ":" in value else "",
)
def test_a_fault_has_its_line_and_its_cure(found, line, code, message, hint):
    report = found(f"# a comment\nmodel_name_or_path: a/b\n\n{line}\n")
    assert [(one.code, one.severity, one.row) for one in report.findings] == [(code, "error", 4)]
    assert report.findings[0].message.startswith(line.partition(":")[0])
    assert message in report.findings[0].message
    assert hint in report.findings[0].hint
    assert not report.is_valid


def test_findings_stand_in_the_order_of_their_lines_and_an_info_makes_no_file_valid(found):
    report = found("bf16: 1\nlr: 1\nmodel_name_or_path: a/b\nlora_rank: x\nlr: 2\n")
    assert [(one.row, one.severity) for one in report.findings][:2] == [(1, "info"), (2, "error")]
    assert [one.row for one in report.findings] == [1, 2, 4, 5]
    assert not report.is_valid


@pytest.mark.parametrize(
    ("installed", "severity"), [("", "info"), ("4.57.1", "info"), ("5.0.0", "error"), ("5.6.0", "error")]
)
def test_a_key_of_transformers_4_is_an_error_where_5_is_installed(found, monkeypatch, installed, severity):
    monkeypatch.setattr(packages, "version", lambda name: installed or None)
    report = found("model_name_or_path: a/b\nfsdp_transformer_layer_cls_to_wrap: LlamaDecoderLayer\n")
    assert [(one.code, one.severity) for one in report.findings] == [("version_key", severity)]
    assert "remove it" in report.findings[0].hint
    assert report.is_valid == (severity == "info")


@pytest.mark.parametrize(
    "text", ["stage: sft\n", "tensor_model_parallel_size: 1\n"], ids=["train", "megatron"]
)
def test_a_training_needs_a_model(found, text):
    assert [finding.code for finding in found(text).findings] == ["no_model"]


@pytest.mark.parametrize("dialect", ["v1", "eval"])
def test_the_values_of_another_engine_are_not_checked(found, dialect):
    changed = ELSEWHERE[dialect].replace("template: ", "seed: x\ntemplate: ")
    assert found(changed).findings == []


def test_a_megatron_file_is_still_read_closely(found):
    report = found(ELSEWHERE["megatron"] + "expert_model_paralel_size: 2\nlora_rank: x\n")
    assert [(one.code, one.row) for one in report.findings] == [("unknown_key", 8), ("wrong_value", 9)]
    assert report.findings[0].hint == "did you mean expert_model_parallel_size?"


def test_a_v1_file_is_held_against_the_keys_of_v1(found):
    report = found(ELSEWHERE["v1"] + "learning_rat: 1\n")
    assert [one.hint for one in report.findings] == ["did you mean learning_rate?"]


@pytest.mark.parametrize(
    ("text", "row", "message"),
    [
        ("a: [1\nb: 2\n", 2, "expected"),
        ("a: b: c\n", 1, "mapping values are not allowed"),
        ("\tstage: sft\n", 1, "cannot start any token"),
        ("", None, "settings"),
        ("# only a comment\n", None, "settings"),
        ("sft\n", 1, "settings"),
    ],
    ids=["open bracket", "two colons", "tab", "empty", "comments only", "one word"],
)
def test_what_is_no_yaml_is_a_finding(found, text, row, message):
    report = found(text)
    assert [(one.code, one.row) for one in report.findings] == [("not_yaml", row)]
    assert message in report.findings[0].message


@pytest.mark.parametrize(
    ("settings", "takes_4_bits"),
    [
        ({"adapter_name_or_path": "saves/x", "export_dir": "merged"}, False),
        ({"stage": "sft", "do_train": True, "deepspeed": "ds_z3_config.json"}, True),
        ({"stage": "sft", "do_train": True, "use_dora": True}, False),
    ],
)
def test_what_cannot_be_done_over_quantised_weights(tmp_path, settings, takes_4_bits):
    path = tmp_path / "a.yaml"
    for ending, bits, is_refused in (
        ("-AWQ", None, True),
        ("", None, False),
        ("", 4, not takes_4_bits),
        ("", 8, True),
    ):
        asked = {
            "model_name_or_path": f"Qwen/Qwen3-32B{ending}",
            "quantization_bit": bits,
            "template": "qwen3",
        }
        path.write_text(json.dumps({**asked, **settings}), "utf-8")
        assert ("quantised_refused" in {finding.code for finding in validate(path).findings}) is is_refused
