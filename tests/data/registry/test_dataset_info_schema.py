import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from lf_qwen3.data import registry
from lf_qwen3.data.convert.formats import FORMATS
from tests.needs import require

SCHEMA = json.loads((Path(__file__).parents[3] / "dataset_info" / "dataset_info.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
KEYS = {name: SCHEMA["$defs"][name]["properties"] for name in ("dataset", "columns", "tags")}


def problems(entry):
    return [error.message for error in VALIDATOR.iter_errors({"one": entry})]


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_described_for_an_editor(name):
    assert SCHEMA["$defs"][name]["additionalProperties"] is False
    assert all(spec.get("description") for key, spec in KEYS[name].items() if key not in ("columns", "tags"))


@pytest.mark.parametrize("preference", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_what_convert_registers_is_valid(name, preference):
    assert problems(FORMATS[name].entry("a.jsonl", preference)) == []


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "q", "output": "a", "history": [], "system": "", "tools": ""},
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        {"prompt": "q", "completion": "a", "label": True},
        {"text": "t"},
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
    ],
    ids=["alpaca", "ranking", "kto", "pretraining", "messages"],
)
def test_what_register_writes_is_valid(tmp_path, row):
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    assert problems(registry.entry_for("a.jsonl", tmp_path)) == []


@pytest.mark.parametrize(
    "entry",
    [
        {"hf_hub_url": "owner/name", "ms_hub_url": "Owner/name"},
        {"script_url": "folder"},
        {"cloud_file_name": "s3://bucket/file.json", "split": "train", "num_samples": 10},
        {"file_name": "a.json", "columns": {"prompt": "text", "response": None}},
        {
            "hf_hub_url": "owner/name",
            "subset": "en",
            "folder": "data",
            "formatting": "sharegpt",
            "columns": {"messages": "messages", "images": "images", "videos": "videos", "audios": "audios"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
            },
        },
    ],
    ids=["two hubs", "script", "cloud", "pretraining", "sharegpt with tags"],
)
def test_usual_entries_are_valid(entry):
    assert problems(entry) == []


WRONG = {
    "no source": ({"formatting": "alpaca"}, "not valid under any"),
    "format for formatting": ({"file_name": "a", "format": "sharegpt"}, "'format' was unexpected"),
    "formatting misspelled": ({"file_name": "a", "formatting": "ShareGPT"}, "is not one of"),
    "a column misspelled": ({"file_name": "a", "columns": {"prompt": "p", "reponse": "r"}}, "'reponse'"),
    "a tag misspelled": ({"file_name": "a", "tags": {"user": "user"}}, "'user' was unexpected"),
    "ranking as text": ({"file_name": "a", "ranking": "true"}, "is not of type 'boolean'"),
    "ranking without its columns": ({"file_name": "a", "ranking": True}, "'columns' is a required"),
    "ranking without rejected": (
        {"file_name": "a", "ranking": True, "columns": {"prompt": "p", "chosen": "c"}},
        "'rejected' is a required",
    ),
    "sharegpt without messages": (
        {"file_name": "a", "formatting": "sharegpt", "columns": {"system": "system"}},
        "'messages' is a required",
    ),
    "alpaca without prompt": ({"file_name": "a", "columns": {"response": "r"}}, "'prompt' is a required"),
    "tags without role_tag": (
        {"file_name": "a", "tags": {"content_tag": "c", "user_tag": "u", "assistant_tag": "a"}},
        "'role_tag' is a required",
    ),
    "no samples": ({"file_name": "a", "num_samples": 0}, "less than the minimum"),
    "text for an entry": ("a.jsonl", "is not of type 'object'"),
}


@pytest.mark.parametrize(("entry", "message"), WRONG.values(), ids=WRONG)
def test_what_fails_in_training_is_found_beforehand(entry, message):
    assert any(message in problem for problem in problems(entry))


class Reads(dict):
    """An object that remembers which keys were asked for."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.asked = set()

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self.asked.add(key)
        return super().__contains__(key)

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)


@pytest.mark.llamafactory
def test_the_keys_are_exactly_those_the_trainer_reads():
    require("llamafactory")
    from llamafactory.data.parser import get_dataset_list

    read = {"dataset": set(), "columns": set(), "tags": set()}
    sources = {key for key in KEYS["dataset"] if key.endswith(("_url", "_name"))}
    for source in sources:
        entry = Reads({source: "x", "columns": Reads(), "tags": Reads()})
        get_dataset_list(["one"], {"one": entry})
        read["dataset"] |= entry.asked
        read["columns"] |= entry["columns"].asked
        read["tags"] |= entry["tags"].asked
    assert read == {name: set(keys) for name, keys in KEYS.items()}


@pytest.mark.llamafactory
def test_the_defaults_are_those_of_the_trainer():
    require("llamafactory")
    from llamafactory.data.parser import DatasetAttr

    attributes = DatasetAttr("file", "x")
    for name, specs in KEYS.items():
        for key, spec in specs.items():
            if not key.endswith(("_url", "_name")) and not (name == "dataset" and key in ("columns", "tags")):
                usual = False if key == "ranking" else None
                assert getattr(attributes, key) == spec.get("default", usual), key


@pytest.mark.llamafactory
def test_the_formattings_are_those_of_the_trainer():
    require("llamafactory")
    from llamafactory.data.converter import DATASET_CONVERTERS

    assert set(KEYS["dataset"]["formatting"]["enum"]) == set(DATASET_CONVERTERS)
