"""The whole way with the real trainer, the real converter and the real server, and faults injected in it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf import likelihood, probe, tools, work
from lf_qwen3.results.gguf.gguf_file import read_gguf
from lf_qwen3.trainer import process
from tests.results.gguf import tiny_run

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow, pytest.mark.usefixtures("warm_trainer")]

STEPS = ["merge", "hf", "write F16", "test F16", "write Q8_0", "test Q8_0"]


@pytest.fixture(scope="module")
def short_answers():
    with pytest.MonkeyPatch.context() as patch:
        for module in (likelihood, probe):
            patch.setattr(module, "NEW_TOKENS", 24)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory, base, llama_cpp, warm_trainer, short_answers):
    """Return the folder of a run whose GGUF of type Q8_0 is made."""
    folder = tmp_path_factory.mktemp("runs") / "lamps"
    tiny_run.write_run(folder, base)
    work.make_gguf(folder, "Q8_0", llama_cpp=llama_cpp)
    return folder


@pytest.fixture
def made(run):
    return json.loads((run / "gguf/gguf.json").read_text("utf-8"))


def call(run, out, kind="Q8_0", **options):
    return work.make_gguf(run, kind, out=out, **options)


@contextmanager
def refused(code):
    with pytest.raises(LfQwen3Error) as caught:
        yield caught
    assert caught.value.code == code, caught.value.message


def test_every_stage_kept_the_tuning(made):
    figures = made["figures"]
    assert figures.keys() == {"hf", "F16", "Q8_0"}
    assert all(figures[stage]["kept"] == pytest.approx(1, abs=0.01) for stage in figures)
    assert max(figures["hf"]["kl"], figures["F16"]["kl"]) < 1e-4 < made["steps"]["hf"]["result"]["kl"]["base"]
    assert made["gain"]["low"] > 5


def test_the_files_are_of_their_types_and_only_whole_ones_are_there(run, made):
    types = {kind: read_gguf(run / f"gguf/lamps-{kind}.gguf").count_types() for kind in ("F16", "Q8_0")}
    assert types == {"F16": {"F16": 15, "F32": 9}, "Q8_0": {"Q8_0": 15, "F32": 9}}
    assert not [path for path in (run / "gguf").iterdir() if "untested" in path.name or ".part" in path.name]
    assert made["file"] == str(run / "gguf/lamps-Q8_0.gguf")


def test_memorised_answers_come_back_word_for_word_and_the_base_has_none(made):
    assert len(made["answers"]) == likelihood.SHOWN
    for row, answers in zip(tiny_run.ROWS, made["answers"], strict=False):
        said = {who: text.removesuffix("<|im_end|>") for who, text in answers.items()}
        assert said.pop("base") != row["output"]
        assert said == dict.fromkeys(("tuned", "merged", "F16", "Q8_0"), row["output"])


def test_text_that_is_not_composed_is_told(made):
    assert [note for note in made["notes"] if note.startswith("1 rows are not in NFC")]


def test_the_export_of_a_published_tokenizer_is_what_llama_cpps_own_pins_cannot_read(run):
    config = json.loads((run / "gguf/merged/tokenizer_config.json").read_text("utf-8"))
    assert isinstance(config.get("extra_special_tokens", config.get("additional_special_tokens")), list)


def test_the_report_has_words_and_a_picture(run):
    text = (run / "gguf/gguf.md").read_text("utf-8")
    assert "has passed every test" in text
    assert "| Q8_0, llama.cpp |" in text
    assert "](gguf.svg)" in text
    assert (run / "gguf/gguf.svg").read_text("utf-8").startswith("<?xml")


def test_a_second_call_does_nothing_again(run, copy_run, llama_cpp, monkeypatch):
    monkeypatch.setenv("PATH", "")
    again = call(run, copy_run(run), llama_cpp=llama_cpp)
    assert again.kept == STEPS


def test_more_is_asked_of_the_same_figures(run, copy_run, llama_cpp):
    out = copy_run(run)
    with refused("quantisation_lost_tuning") as caught:
        call(run, out, llama_cpp=llama_cpp, limit=1.0)
    assert "F16" in caught.value.hint
    assert "Stopped: " in (out / "gguf.md").read_text("utf-8")
    assert json.loads((out / "gguf.json").read_text())["error"]["code"] == "quantisation_lost_tuning"


@pytest.mark.parametrize(
    ("what", "code"),
    [("unmerged", "not_merged"), ("another adapter", "other_adapter"), ("inf", "weights_not_finite")],
)
def test_a_false_merge_is_caught_at_step_1(run, base, tmp_path, llama_cpp, monkeypatch, what, code):
    from safetensors.torch import load_file, save_file

    def export(yaml, *_):
        folder = Path(json.loads(yaml.read_text())["export_dir"])
        shutil.copytree(base if what == "unmerged" else run / "gguf/merged", folder)
        weights = load_file(folder / "model.safetensors")
        if what == "another adapter":
            name = "model.layers.1.mlp.down_proj.weight"
            weights[name] = 2 * load_file(base / "model.safetensors")[name].float() - weights[name].float()
        elif what == "inf":
            weights["model.layers.0.mlp.up_proj.weight"][3, 3] = float("inf")
        save_file({name: tensor.half() for name, tensor in weights.items()}, folder / "model.safetensors")

    monkeypatch.setattr(process, "export", export)
    with refused(code):
        call(run, tmp_path / "out", llama_cpp=llama_cpp)
    assert not (tmp_path / "out/merged").exists()


def test_a_tampered_chat_template_is_caught_at_step_3(run, copy_run, fake):
    out = copy_run(run)
    good = out / "good"
    os.link(out / "lamps-F16.gguf", good)
    change = b"enable_thinking is false", b"enable_thinking is  true"
    what = f"target.write_bytes(Path({str(good)!r}).read_bytes().replace({change[0]!r}, {change[1]!r}))"
    with refused("gguf_chat_template"):
        call(run, out, llama_cpp=fake(what))
    assert not list(out.glob("lamps-F16.gguf"))


def test_an_f16_of_the_base_is_caught_at_step_4(run, base, copy_run, fake, tmp_path):
    out = copy_run(run)
    wrong = tmp_path / "base.gguf"
    wrong.write_bytes(tiny_run.unmerge(run, base, out / "lamps-F16.gguf"))
    with refused("f16_not_tuned") as caught:
        call(run, out, llama_cpp=fake(f"shutil.copy({str(wrong)!r}, target)"))
    assert "kept 0.0%" in caught.value.message.replace("-0.0%", "0.0%")
    assert not list(out.glob("lamps-F16.gguf"))


def test_a_quantisation_of_another_type_is_caught_at_step_5(run, copy_run, quantiser, llama_cpp):
    out = copy_run(run)
    quantiser("shutil.copy(source, target)")
    with refused("gguf_types"):
        call(run, out, "Q4_K_M", llama_cpp=llama_cpp)
    assert not list(out.glob("lamps-Q4_K_M.gguf"))
    assert json.loads((out / "gguf.json").read_text())["steps"].keys() >= {"write F16", "test F16"}


def test_a_quantisation_that_lost_the_tuning_is_caught_at_step_5(run, copy_run, quantiser, llama_cpp):
    out = copy_run(run)
    good = out / "good"
    os.link(out / "lamps-Q8_0.gguf", good)
    quantiser(
        f"content = bytearray(Path({str(good)!r}).read_bytes())\n"
        "content[-400_000:] = bytes(400_000)\n"
        "Path(target).write_bytes(content)"
    )
    with refused("quantisation_lost_tuning"):
        call(run, out, llama_cpp=llama_cpp)
    assert not list(out.glob("lamps-Q8_0.gguf"))


def test_a_quantiser_that_fails_is_said_in_its_own_words(run, copy_run, quantiser, llama_cpp):
    quantiser("sys.exit('RuntimeError: no such type')")
    with refused("quantise_failed") as caught:
        call(run, copy_run(run), "Q4_K_M", llama_cpp=llama_cpp)
    assert "no such type" in caught.value.message


@pytest.mark.skipif(tools.find_part(tools.QUANTISER) is None, reason="no llama-quantize in PATH")
def test_q4_k_m_keeps_the_tuning_and_q2_k_does_not(run, copy_run, llama_cpp):
    out = copy_run(run)
    kept = call(run, out, "Q4_K_M", llama_cpp=llama_cpp)
    assert read_gguf(kept.file).count_types() == {"Q4_K": 12, "Q6_K": 3, "F32": 9}
    with refused("quantisation_lost_tuning") as caught:
        call(run, out, "Q2_K", llama_cpp=llama_cpp, limit=0.9)
    assert "--quant Q4_K_M" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "finished"),
    [("measure_models", 1), ("convert", 2), ("probe_file", 3)],
)
def test_an_interrupted_call_goes_on_where_it_was(run, copy_run, llama_cpp, monkeypatch, name, finished):
    out = copy_run(run)
    record = json.loads((out / "gguf.json").read_text())
    record["steps"] = {step: record["steps"][step] for step in STEPS[:finished]}
    (out / "gguf.json").write_text(json.dumps(record))

    def interrupt(*given):
        if name == "convert":
            given[2].write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(work, name, interrupt)
    with pytest.raises(KeyboardInterrupt):
        call(run, out, "F16", llama_cpp=llama_cpp)
    assert not list(out.glob(".*.part"))
    monkeypatch.setattr(work, name, Mock(side_effect=LfQwen3Error("far enough", code="far_enough")))
    with refused("far_enough"):
        call(run, out, "F16", llama_cpp=llama_cpp)
    assert json.loads((out / "gguf.json").read_text())["steps"].keys() == set(STEPS[:finished])


def test_a_killed_call_leaves_no_half_file_and_the_next_one_ends_it(run, copy_run, fake, monkeypatch):
    monkeypatch.delenv("WARM_TRAINER", raising=False)
    out = copy_run(run)
    good = out / "good"
    os.link(out / "lamps-F16.gguf", good)
    folder = fake("target.write_bytes(b'GGUF half')\nos.kill(os.getppid(), signal.SIGKILL)")
    command = [sys.executable, "-m", "lf_qwen3", "gguf", str(run), "--quant", "F16", "--out", str(out)]
    killed = subprocess.run([*command, "--llama-cpp", str(folder)], capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert not list(out.glob("lamps-F16.gguf"))
    assert list(out.glob(".*.part"))
    fake(f"shutil.copy({str(good)!r}, target)")
    ended = subprocess.run([*command, "--llama-cpp", str(folder)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "merge the adapter" in ended.stderr
    assert f"written: {out / 'lamps-F16.gguf'}" in ended.stdout
    assert "'{\"enable_thinking\": true}'" in ended.stdout
    assert not list(out.glob(".*.part"))


def test_a_full_disk_is_said_before_anything_is_written(run, tmp_path, llama_cpp, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**8))
    with refused("disk_full"):
        call(run, tmp_path / "out", llama_cpp=llama_cpp)
    assert not list((tmp_path / "out").iterdir())


def test_a_run_without_weights_is_refused(run, tmp_path, llama_cpp):
    bare = tmp_path / "run"
    shutil.copytree(run / "adapter", bare / "adapter")
    (bare / "adapter/adapter_model.safetensors").unlink()
    text = (run / "train.yaml").read_text().replace(str(run / "adapter"), str(bare / "adapter"))
    (bare / "train.yaml").write_text(text)
    with refused("weights_missing"):
        call(bare, tmp_path / "out", llama_cpp=llama_cpp)
