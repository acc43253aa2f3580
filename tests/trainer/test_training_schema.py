"""The schema of a training YAML: what it refuses and how it says so; that it is the trainer's own."""

import json
import sys

import jsonschema
import pytest

from lf_qwen3.base import assets
from lf_qwen3.base.errors import UsageError
from lf_qwen3.trainer import schema, versions
from tests.needs import require


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
        ("learning_rate=[1", "is not valid YAML"),
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


def test_every_known_version_has_a_schema_of_its_own():
    comments = set()
    for version, name in versions.KNOWN.items():
        shipped = json.loads((assets.folder("recipes") / name).read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(shipped)
        assert f"llamafactory {version} " in shipped["$comment"]
        assert {"model", "dist_config"} <= set(shipped["x-v1"])
        comments.add(shipped["$comment"])
    assert len(comments) == len(versions.KNOWN)


@pytest.fixture
def installed(monkeypatch):
    """Make another version of the trainer the installed one; None for none."""

    def see(version):
        monkeypatch.setattr(versions, "installed_version", lambda: version)
        schema.load.cache_clear()

    yield see
    schema.load.cache_clear()


@pytest.mark.parametrize(
    ("version", "known", "is_judged_by_another"),
    [
        (None, "0.9.5", False),
        ("0.9.5", "0.9.5", False),
        ("0.9.6.dev0", "0.9.6.dev0", False),
        ("0.9.3", "0.9.5", True),
        ("0.9.6", "0.9.6.dev0", True),
        ("0.10.0", "0.9.6.dev0", True),
    ],
)
def test_the_installed_version_chooses_the_schema(installed, version, known, is_judged_by_another):
    installed(version)
    assert f"llamafactory {known} " in schema.load()["$comment"]
    assert (schema.fault("use_megatron_bridge", True) is None) is (known == "0.9.6.dev0")
    assert ("tensor_model_parallel_size" in schema.keys_of("megatron-bridge")) is (known == "0.9.6.dev0")
    mismatch = versions.describe_mismatch()
    assert bool(mismatch) is is_judged_by_another
    assert not mismatch or (version in mismatch and f"by {known}" in mismatch)


def test_a_checkout_on_the_path_is_the_installed_version(monkeypatch, tmp_path):
    (tmp_path / "llamafactory/extras").mkdir(parents=True)
    (tmp_path / "llamafactory/__init__.py").write_text("raise ImportError('nothing may import this')")
    (tmp_path / "llamafactory/extras/env.py").write_text('import sys\n\nVERSION = "0.9.7.dev0"\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "llamafactory", raising=False)
    versions.find_trainer.cache_clear()
    versions.installed_version.cache_clear()
    try:
        assert versions.installed_version() == "0.9.7.dev0"
    finally:
        versions.find_trainer.cache_clear()
        versions.installed_version.cache_clear()


@pytest.mark.llamafactory
def test_the_shipped_schema_is_that_of_the_installed_trainer(tmp_path, monkeypatch, capsys):
    """With another transformers than the schema was made with, the keys of TrainingArguments differ."""
    require("llamafactory")
    shipped = schema.path().read_text("utf-8")
    monkeypatch.setattr(schema, "path", lambda: tmp_path / "written.json")
    schema.main()
    written = (tmp_path / "written.json").read_text("utf-8")
    fresh, known = json.loads(written), json.loads(shipped)
    assert f"{len(fresh['properties'])} keys" in capsys.readouterr().out
    if fresh["$comment"] == known["$comment"]:
        assert written == shipped
    for document in (fresh, known):
        rules = document.pop("properties").items()
        document["own"] = {key: rule for key, rule in rules if rule["x-arguments"] != "TrainingArguments"}
        document.pop("$comment")
    assert fresh == known
