"""What is wrong with a call is said by an error with a code, never by a traceback from within."""

import inspect
import json

import pytest

import lf_qwen3 as lq


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a folder with a converted dataset called `mine` in `data`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text(json.dumps({"question": "q", "reasoning": "r", "answer": "a"}))
    lq.convert("rows.jsonl", name="mine", dataset_dir="data")


def recipe(**options):
    return lq.recipe(**{"name": "qwen3-4b-lora-sft", "dataset": "mine", "dataset_dir": "data"} | options)


CALLS = {
    "read: no file": (lambda: lq.read("none.jsonl"), "file_missing"),
    "read: no such converter": (lambda: lq.read("nope:rows.jsonl"), "unknown_converter"),
    "read: no path": (lambda: lq.read(3), "option_type"),  # type: ignore[arg-type]
    "convert: no file": (lambda: lq.convert("none", name="n", dataset_dir="data"), "file_missing"),
    "convert: no name": (lambda: lq.convert("rows.jsonl", name="../n", dataset_dir="data"), "dataset_name"),
    "check: nothing named": (lambda: lq.check(), "option_missing"),
    "check: no folder": (lambda: lq.check("none"), "folder_missing"),
    "check: no dataset": (lambda: lq.check("data", "none"), "dataset_not_registered"),
    "check: no YAML": (lambda: lq.check(config="none.yaml"), "file_missing"),
    "check: no tokenizer": (lambda: lq.check("data", tokenizer="none"), "tokenizer_missing"),
    "check: no length": (lambda: lq.check("data", cutoff_len=0), "option_value"),
    "preview: nothing named": (lambda: lq.preview("mine"), "option_missing"),
    "preview: no dataset": (lambda: lq.preview("none", dataset_dir="data"), "dataset_not_registered"),
    "preview: no row": (lambda: lq.preview("mine", dataset_dir="data", row=0), "option_value"),
    "recipe: no recipe": (lambda: recipe(name="none"), "unknown_recipe"),
    "recipe: no dataset": (lambda: recipe(dataset="none"), "dataset_not_registered"),
    "recipe: no preset": (lambda: recipe(preset="nope"), "unknown_preset"),
    "recipe: no setting": (lambda: recipe(set={"none": 1}), "setting_value"),
    "estimate: nothing named": (lambda: lq.estimate(), "option_missing"),
    "estimate: no model": (lambda: lq.estimate("gpt", method="lora"), "unknown_model"),
    "estimate: no method": (lambda: lq.estimate("Qwen3-8B", method="dora"), "option_value"),  # type: ignore[arg-type]
    "estimate: no rows": (lambda: lq.estimate("Qwen3-8B", method="lora", batch=0), "option_value"),
    "score: no file": (lambda: lq.score("none.jsonl"), "file_missing"),
    "score: no predictions": (lambda: lq.score("rows.jsonl"), "not_predictions"),
    "compare: one run": (lambda: lq.compare("rows.jsonl"), "too_few_runs"),
    "compare: no file": (lambda: lq.compare("none", "rows.jsonl"), "file_missing"),
    "diagnose: no folder": (lambda: lq.diagnose("none"), "file_missing"),
    "diagnose: no run": (lambda: lq.diagnose("data"), "no_training_run"),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("call", "code"), CALLS.values(), ids=CALLS)
def test_a_call_that_cannot_be_met_has_its_code(call, code):
    with pytest.raises(lq.LfQwen3Error) as error:
        call()
    assert error.value.code == code
    assert error.value.message


FUNCTIONS = [name for name in lq.__all__ if inspect.isfunction(getattr(lq, name))]
REQUIRED = {
    "convert": {"sources": "rows.jsonl", "name": "new", "dataset_dir": "data"},
    "frame_thinking": {"thinking": None, "answer": "a"},
    "preview": {"name": "mine", "dataset_dir": "data"},
    "recipe": {"name": "qwen3-4b-lora-sft", "dataset": "mine", "dataset_dir": "data"},
    "read": {"sources": "rows.jsonl"},
    "score": {"predictions": "rows.jsonl"},
    "split_thinking": {"text": "a"},
    "diagnose": {"run_dir": "data"},
}
BEHAVIOUR = {"progress", "on_reject"}
"""Parameters that are called, not read: what they lack shows when they are."""


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_argument_of_a_wrong_type_has_the_code_of_its_kind(name):
    function = getattr(lq, name)
    parameters = inspect.signature(function).parameters
    assert parameters.keys() - BEHAVIOUR
    for parameter in parameters.keys() - BEHAVIOUR:
        for value in (object(), 3.5j, [object()]):
            is_several = parameters[parameter].kind is inspect.Parameter.VAR_POSITIONAL
            arguments = (value,) if is_several else ()
            keywords = {} if is_several else {**REQUIRED.get(name, {}), parameter: value}
            with pytest.raises(lq.UsageError) as error:
                function(*arguments, **keywords)
            assert error.value.code == "option_type"
            assert parameter in error.value.message.replace("-", "_")


@pytest.mark.parametrize(
    "call",
    [
        lambda: lq.score(3),  # type: ignore[arg-type]
        lambda: recipe(set="K=V"),
        lambda: lq.check("data", {"mine": 1}),  # a mapping is no list of names
        lambda: lq.preview("mine", dataset_dir="data", row=True),
        lambda: lq.estimate("Qwen3-8B", method=3),  # type: ignore[arg-type]
    ],
)
@pytest.mark.usefixtures("here")
def test_a_value_that_python_would_take_is_refused(call):
    with pytest.raises(lq.UsageError) as error:
        call()
    assert error.value.code == "option_type"


def test_another_path_like_is_a_path(tmp_path):
    class Named:
        def __fspath__(self):
            return str(tmp_path / "none.jsonl")

    with pytest.raises(lq.UsageError) as error:
        lq.score(Named())  # type: ignore[arg-type]
    assert error.value.code == "file_missing"
