"""The schema of a training YAML: what it refuses and how it says so; that it is the trainer's own."""

import jsonschema
import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.trainer import schema


def test_it_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(schema.load())


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("learning_rate=2e-4", 2e-4),
        ("cutoff_len = 512", 512),
        ("eval_strategy=no", "no"),
        ("overwrite_output_dir=no", False),
        ("enable_thinking=off", False),
        ("learning_rate=1e-4", 0.0001),
        ("run_name=2024-01-01", "2024-01-01"),
        ("enable_thinking=null", None),
        ("enable_thinking=", None),
        ("use_cpu=true", True),
        ("lora_target=q_proj,v_proj", "q_proj,v_proj"),
        ("lora_target=[q_proj, v_proj]", ["q_proj", "v_proj"]),
        ("dataset=2024", "2024"),
        ("run_name=a=b", "a=b"),
        ("default_system=You are: kind", "You are: kind"),
        ("num_train_epochs=2", 2),
    ],
    ids=lambda value: str(value),
)
def test_a_setting_is_read(pair, value):
    assert list(schema.parse([pair]).values()) == [value]


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("cutoff_len", "takes key=value"),
        ("lora_rnk=8", "did you mean lora_rank"),
        ("min_p=0", "the trainer has no such key"),
        ("cutoff_len=long", '"long" is not integer'),
        ("packing=maybe", '"maybe" is not boolean or null'),
        ("stage=stf", 'is not one of "pt", "sft"'),
        ("learning_rate=[1", "is not YAML"),
        ("cutoff_len=0x", "is not integer"),
    ],
    ids=lambda value: str(value),
)
def test_a_setting_is_refused(pair, message):
    with pytest.raises(UsageError) as caught:
        schema.parse([pair])
    assert message in caught.value.message
    assert caught.value.hint


def test_every_fault_of_a_file_is_listed():
    with pytest.raises(UsageError) as caught:
        schema.check_settings({"stage": "x", "cutoff_length": 1, "bf16": True}, "my.yaml")
    assert caught.value.message.startswith("my.yaml:\n  stage:")
    assert "did you mean cutoff_len?" in caught.value.message
    assert "bf16" not in caught.value.message


def test_a_key_knows_the_arguments_it_belongs_to():
    keys = ("top_p", "bf16", "nothing")
    assert [schema.group(key) for key in keys] == ["GeneratingArguments", "TrainingArguments", ""]


@pytest.mark.llamafactory
def test_the_shipped_schema_is_that_of_the_installed_trainer():
    pytest.importorskip("llamafactory")
    fresh = schema.generate()
    assert {key: schema.load()["properties"].get(key) for key in fresh["properties"]} == fresh["properties"]
    assert schema.load() == fresh


@pytest.mark.llamafactory
def test_writing_it_gives_the_shipped_bytes(tmp_path, monkeypatch, capsys):
    pytest.importorskip("llamafactory")
    shipped = schema.path().read_bytes()
    monkeypatch.setattr(schema, "path", lambda: tmp_path / schema.FILE)
    schema.main()
    assert (tmp_path / schema.FILE).read_bytes() == shipped
    assert "346 keys" in capsys.readouterr().out
