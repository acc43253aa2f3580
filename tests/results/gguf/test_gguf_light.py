"""Every step is verified before the next, kept when it has passed, and survives kill -9 anywhere."""

import json
import os
import shutil
import signal
import sys
from contextlib import contextmanager

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf import report, work
from lf_qwen3.trainer import process
from tests.needs import require
from tests.results.gguf.light_run import KINDS, METADATA, LightRun, Q, render_gguf

require("torch", "safetensors", "numpy", "filelock")

STEPS = ["merge", "hf", "write F16", "test F16", "write Q4_K_M", "test Q4_K_M"]


@pytest.fixture
def light(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "_draw", lambda *_: None)
    return LightRun(tmp_path, monkeypatch)


@contextmanager
def refused(code):
    with pytest.raises(LfQwen3Error) as caught:
        yield caught
    assert caught.value.code == code, caught.value.message


def finals(light):
    return {path.name.removeprefix("lamps-").removesuffix(".gguf") for path in light.out.glob("lamps-*.gguf")}


def test_each_step_is_done_once(light):
    assert light.call().kept == []
    assert light.done == STEPS
    assert finals(light) == {"F16", "Q4_K_M"}
    assert light.call().kept == STEPS
    assert light.done == []
    light.call("Q8_0")
    assert light.done == ["write Q8_0", "test Q8_0"]
    assert {path.stem for path in light.out.glob("*.md")} == {"gguf-Q4_K_M", "gguf-Q8_0"}


def change_adapter(light):
    light.lora = light.draw_adapter(50)
    folder = light.write_adapter("second", light.lora)
    shutil.copy(folder / "adapter_model.safetensors", light.run / "adapter")
    light.tensors = light.merge()


def replace_template(light):
    (light.folder / "base/chat_template.jinja").write_text(METADATA["tokenizer.chat_template"] + " ")
    metadata = METADATA | {"tokenizer.chat_template": METADATA["tokenizer.chat_template"] + " "}
    light.files = {kind: render_gguf(kinds, metadata) for kind, kinds in KINDS.items()}


def rewrite(name):
    def change(light):
        file = light.out / name
        file.write_bytes(file.read_bytes())
        os.utime(file, (1, 1))

    return change


@pytest.mark.parametrize(
    ("change", "first"),
    [
        (change_adapter, 0),
        (replace_template, 0),
        (lambda light: (light.folder / "base/tokenizer.json").write_text("{} "), 0),
        (lambda light: (light.folder / "base/generation_config.json").write_text('{"eos_token_id": 1}'), 0),
        (rewrite("merged/model.safetensors"), 0),
        (rewrite("likelihood.json"), 1),
        (rewrite("lamps-F16.gguf"), 2),
        (rewrite("lamps-Q4_K_M.gguf"), 4),
        (lambda light: (light.out / "lamps-Q4_K_M.gguf").unlink(), 4),
        (lambda light: os.replace(light.out / "lamps-F16.gguf", light.out / "lamps-Q4_K_M.gguf"), 2),
        (lambda light: (light.out / "gguf.json").write_text('{"steps": {"merge": 3}}'), 0),
        (lambda light: (light.out / "gguf.json").write_text('{"steps": {"merge": {"key": ""}}}'), 0),
    ],
)
def test_what_was_replaced_since_is_made_anew_with_all_that_follows(light, change, first):
    light.call()
    change(light)
    light.call()
    assert light.done == STEPS[first:]
    assert finals(light) == {"F16", "Q4_K_M"}
    light.call()
    assert light.done == []


def test_what_the_trainer_writes_beside_the_weights_changes_nothing(light):
    light.call()
    for name in ("trainer_state.json", "all_results.json", "training_loss.png"):
        (light.run / "adapter" / name).write_text("{}")
    light.call()
    assert light.done == []


def give_head(**changes):
    def change(light):
        light.files["F16"] = render_gguf(["F32", "F16"], METADATA | changes)

    return change


def merge_another(light):
    light.tensors = light.merge(light.draw_adapter(30))


def break_weights(light):
    light.tensors[Q][0, 0] = float("inf")


def keep(stage, share):
    return lambda light: light.shares.update({stage: share})


@pytest.mark.parametrize(
    ("change", "code", "finished"),
    [
        (lambda light: light.tensors.update(light.merge({})), "not_merged", 0),
        (merge_another, "other_adapter", 0),
        (break_weights, "weights_not_finite", 0),
        (lambda light: setattr(light, "gain", 0.0), "tuning_without_effect", 2),
        (lambda light: setattr(light, "kl", 1e-5), "tuning_without_effect", 2),
        (keep("merged", 0.0), "merged_not_tuned", 2),
        (give_head(**{"tokenizer.chat_template": "another"}), "gguf_chat_template", 2),
        (give_head(**{"qwen3.rope.freq_base": 10_000.0}), "gguf_rope", 2),
        (give_head(**{"tokenizer.ggml.eos_token_id": 151643}), "gguf_eos", 2),
        (lambda light: light.files.update(F16=light.files["Q8_0"]), "gguf_types", 2),
        (lambda light: light.files.update(F16=light.files["F16"][:-9]), "not_gguf", 2),
        (keep("F16", 0.0), "f16_not_tuned", 4),
        (keep("F16", float("nan")), "f16_not_tuned", 4),
        (lambda light: light.files.update(Q4_K_M=light.files["Q8_0"]), "gguf_types", 4),
        (keep("Q4_K_M", 0.5), "quantisation_lost_tuning", 6),
    ],
)
def test_a_fault_is_caught_at_its_step_by_its_name(light, change, code, finished):
    change(light)
    with refused(code):
        light.call()
    said = json.loads((light.out / "gguf.json").read_text())
    assert said["error"]["code"] == code
    assert list(said["steps"]) == STEPS[:finished]
    assert "Stopped: " in (light.out / "gguf-Q4_K_M.md").read_text()
    assert finals(light) == ({"F16"} if finished >= 4 and code != "f16_not_tuned" else set())
    assert not list(light.out.glob(".*.part"))


def test_a_limit_of_ones_own_judges_the_same_figures(light):
    light.shares["Q4_K_M"] = 0.7
    with refused("quantisation_lost_tuning") as caught:
        light.call()
    assert "--quant Q5_K_M" in caught.value.hint
    light.call(limit=0.6)
    assert light.done == []
    assert "Q4_K_M" in finals(light)
    with refused("quantisation_lost_tuning"):
        light.call(limit=0.8)


def test_an_adapter_that_names_another_base_is_noted(light):
    config = light.config | {"base_model_name_or_path": "Qwen/Qwen3-4B-Base"}
    (light.run / "adapter/adapter_config.json").write_text(json.dumps(config))
    assert "Qwen/Qwen3-4B-Base" in light.call().report["notes"][-1]
    config["base_model_name_or_path"] = "/elsewhere/base"
    (light.run / "adapter/adapter_config.json").write_text(json.dumps(config))
    assert not [note for note in light.call().report["notes"] if "trained on" in note]


@contextmanager
def before_each_file_operation(act):
    """Call `act` before any file is opened for writing, renamed or deleted; it may write files itself."""
    state = {"is_on": True}

    def hook(event, given):  # Python cannot take it away
        is_write = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
        if state["is_on"] and (is_write or event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir")):
            state["is_on"] = False
            act()
            state["is_on"] = True

    sys.addaudithook(hook)
    try:
        yield
    finally:
        state["is_on"] = False


def require_whole_files(light):
    for kind in finals(light):
        assert (light.out / f"lamps-{kind}.gguf").read_bytes() == light.files[kind]
        assert f"test {kind}" in json.loads((light.out / "gguf.json").read_text())["steps"]


def require_that_it_goes_on(light):
    """Make the GGUF; return the number of the first step that was not finished."""
    light.call()
    first = STEPS.index(light.done[0]) if light.done else len(STEPS)
    assert light.done == STEPS[first:]
    assert finals(light) == {"F16", "Q4_K_M"}
    assert not [path for path in light.out.iterdir() if ".part" in path.name or "untested" in path.name]
    return first


def test_killed_before_any_file_operation_it_leaves_no_half_file_and_goes_on(light, tmp_path, monkeypatch):
    """What lies on the disk before an operation is what a kill there would leave: nothing cleans up."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    left = []

    def keep_state():
        if light.out.exists():
            left.append(shutil.copytree(light.out, tmp_path / f"left-{len(left)}"))

    with before_each_file_operation(keep_state):
        light.call()
    begun = []
    for folder in left:
        shutil.rmtree(light.out)
        folder.rename(light.out)
        require_whole_files(light)
        begun.append(require_that_it_goes_on(light))
    assert begun == sorted(begun)
    assert set(begun) == set(range(len(STEPS) + 1))


def test_kill_9_in_the_midst_of_a_file_leaves_a_part_and_the_next_call_goes_on(light):
    child = os.fork()
    if child == 0:
        light.write = lambda part, kind: [part.write_bytes(b"half"), os.kill(os.getpid(), signal.SIGKILL)]
        try:
            light.call()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert [path.read_bytes() for path in light.out.glob(".*.part")] == [b"half"]
    assert finals(light) == set()
    assert require_that_it_goes_on(light) == STEPS.index("write F16")


@pytest.mark.parametrize("stops", ["export", "measure_models", "convert", "probe_file", "quantise"])
def test_an_interrupted_call_goes_on_where_it_was(light, monkeypatch, stops):
    owner = process if stops == "export" else work

    def interrupt(*given):
        if stops in ("convert", "quantise"):
            given[2].write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, stops, interrupt)
        with pytest.raises(KeyboardInterrupt):
            light.call()
    before = list(light.done)
    assert not list(light.out.glob(".*.part"))
    light.call()
    assert before + light.done == STEPS


def test_a_full_disk_is_said_before_anything_is_written(light, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 100))
    with refused("disk_full"):
        light.call()
    assert not list(light.out.iterdir())


def test_what_is_there_needs_no_room(light, monkeypatch):
    light.call()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 100))
    assert light.call().kept == STEPS


def test_a_run_without_weights_is_refused(light):
    (light.run / "adapter/adapter_model.safetensors").unlink()
    with refused("weights_missing"):
        light.call()
