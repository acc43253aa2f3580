"""The whole way with the real trainer, the real converter and the real server, and faults injected in it."""

import json
from contextlib import contextmanager

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.results.gguf import likelihood, probe, tools, work
from lf_qwen3.results.gguf.gguf_file import read_gguf
from tests.results.gguf import tiny_run

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow, pytest.mark.usefixtures("warm_trainer")]

STEPS = ["merge", "hf", "write F16", "test F16", "write Q8_0", "test Q8_0"]


@pytest.fixture(scope="module")
def short_answers():
    with pytest.MonkeyPatch.context() as patch:
        for module in (likelihood, probe):
            patch.setattr(module, "NEW_TOKENS", 20)
            patch.setattr(module, "SHOWN", 2)
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
    for row, answers in zip(tiny_run.HELD_OUT, made["answers"], strict=False):
        said = {who: text.removesuffix("<|im_end|>") for who, text in answers.items()}
        assert said.pop("base") != row["output"]
        assert said == dict.fromkeys(("tuned", "merged", "F16", "Q8_0"), row["output"])


def test_text_that_is_not_composed_is_told(made):
    assert [note for note in made["notes"] if note.startswith("rows that are not in NFC: 1.")]


def test_the_export_of_a_published_tokenizer_is_what_llama_cpps_own_pins_cannot_read(run):
    config = json.loads((run / "gguf/merged/tokenizer_config.json").read_text("utf-8"))
    assert isinstance(config.get("extra_special_tokens", config.get("additional_special_tokens")), list)


def test_the_report_has_words_and_a_picture(run):
    text = (run / "gguf/gguf-Q8_0.md").read_text("utf-8")
    assert "has passed every test" in text
    assert "| Q8_0, llama.cpp |" in text
    assert "](gguf-Q8_0.svg)" in text
    assert (run / "gguf/gguf-Q8_0.svg").read_text("utf-8").startswith("<?xml")


def test_a_second_call_does_nothing_again(run, copy_run, llama_cpp, monkeypatch):
    monkeypatch.setenv("PATH", "")
    again = call(run, copy_run(run), llama_cpp=llama_cpp)
    assert again.kept == STEPS


def test_an_f16_of_the_base_is_caught_at_step_4(run, base, copy_run, llama_cpp, monkeypatch):
    out = copy_run(run)
    wrong = tiny_run.unmerge(run, base, out / "lamps-F16.gguf")
    (out / "lamps-F16.gguf").unlink()
    monkeypatch.setattr(work, "convert", lambda tools, merged, part, *_: part.write_bytes(wrong))
    with refused("f16_not_tuned") as caught:
        call(run, out, llama_cpp=llama_cpp)
    assert "kept 0.0%" in caught.value.message.replace("-0.0%", "0.0%")
    assert not list(out.glob("lamps-F16.gguf"))


@pytest.mark.skipif(tools.find_part(tools.QUANTISER) is None, reason="no llama-quantize in PATH")
def test_q4_k_m_keeps_the_tuning_and_q2_k_does_not(run, copy_run, llama_cpp):
    out = copy_run(run)
    kept = call(run, out, "Q4_K_M", llama_cpp=llama_cpp)
    assert read_gguf(kept.file).count_types() == {"Q4_K": 12, "Q6_K": 3, "F32": 9}
    with refused("quantisation_lost_tuning") as caught:
        call(run, out, "Q2_K", llama_cpp=llama_cpp, limit=0.9)
    assert "--quant Q4_K_M" in caught.value.hint
