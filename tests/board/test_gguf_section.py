"""Section GGUF without gradio: what is asked for, and what is shown of the result."""

import base64
import json
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board.handlers import gguf
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from lf_qwen3.results.gguf import work
from lf_qwen3.results.gguf.work import STEPS, GgufResult
from tests.board.runs import write_run

RUN = "saves/Qwen3-4B/lora/train_1"
FIGURES = {"Q8_0": {"kept": 0.9987, "interval": [0.99, 1.01], "limit": 0.98, "kl": 5e-4}}


@pytest.fixture
def run(here):
    folder = write_run(RUN, [2.0, 1.0], [2.0, 1.0])
    (Path(folder) / "adapter_model.safetensors").touch()
    (Path(folder) / "training_args.yaml").write_text(f"output_dir: {RUN}\ndataset: my\n")
    return str(folder)


def refused(*given):
    with pytest.raises(UsageError) as caught:
        gguf.request(*given)
    return caught.value.code


def test_a_run_and_a_known_type_are_asked_for(run):
    assert gguf.request(run, "q8_0") == {"run": RUN, "quant": "Q8_0"}
    assert refused("", "Q8_0") == "nothing_chosen"
    assert refused("/etc", "Q8_0") == "path_outside"
    assert refused(run, "rm") == "option_value"
    assert refused(run, "Q8_0", True) == "demo_mode"


@pytest.mark.parametrize("has_checkout", [True, False])
def test_the_file_lies_below_saves_and_programs_are_those_beside_the_board(run, monkeypatch, has_checkout):
    given = {}

    def make(folder, quant, **options):
        given.update(options, folder=folder)
        picture = options["out"] / "gguf.svg"
        picture.parent.mkdir(parents=True)
        picture.write_text("<svg/>")
        report = {"figures": FIGURES, "notes": ["a note"], "commands": ["llama-server -m 'a b.gguf'"]}
        return GgufResult(Path("a.gguf"), [picture], report, ["merge"])

    monkeypatch.setattr(work, "make_gguf", make)
    if has_checkout:
        Path("llama.cpp").mkdir()
    state = json.loads(json.dumps(gguf.make(gguf.request(run, "Q8_0"), NoProgress())))
    assert given["out"] == Path("saves/gguf/Qwen3-4B/lora/train_1")
    assert given["llama_cpp"] == (Path("llama.cpp") if has_checkout else None)
    assert base64.b64decode(state["picture"].partition(",")[2]) == b"<svg/>"
    for language in languages():
        shown = render("gguf/result", texts(language), state=state)
        assert "99.9 %" in shown
        assert "a.gguf" in shown
        assert "llama-server -m" in shown
        assert texts(language)("gguf.kept_steps", count=1) in shown


def test_every_step_has_a_name_in_every_language():
    assert len(gguf.STEPS) == STEPS
    assert all(texts(language).phase(step) != step for language in languages() for step in gguf.STEPS)
