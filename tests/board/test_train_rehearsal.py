"""Section Train presets: a rehearsal as a job of the tab, with the real trainer."""

import contextlib
import html
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from lf_qwen3.base.progress import NoProgress, Status
from lf_qwen3.board.handlers import train, train_run
from lf_qwen3.board.jobs import CancelledError, Job
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts
from tests.needs import require

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow, pytest.mark.usefixtures("warm_trainer")]
SAMPLES = Path(__file__).parents[2] / "dataset_info"
WORDS = ("starting", "rehearse_model", "rehearse_train", "rehearse_write")


@pytest.fixture
def asked(here, small_tokenizer, cache_home, make_model, monkeypatch):
    """Return the request to rehearse a recipe on a few short rows, with a small tokenizer."""
    require("llamafactory")
    make_model("prepare", small_tokenizer, cache_home / "lf-qwen3")  # else each job would load torch for it
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    temporary = here.parent / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    shutil.copytree(SAMPLES, here / "data")
    form = train.TrainingForm("qwen3-0.6b-lora-sft", dataset="sample_mixed_train", dataset_dir="data")
    settings = train.fit_recipe(form)[0] | {"max_samples": 2, "cutoff_len": 128}
    return train_run.request(settings, str(small_tokenizer))


def left_behind():
    return [one.name for one in Path(tempfile.gettempdir()).glob("lf-qwen3-*")]


def shown(state):
    return [render("train/verdict", texts(language), state=state) for language in languages()]


def test_a_rehearsal_passes_with_its_log_and_leaves_nothing(asked):
    messages = list(Job.start("train_run.rehearse", asked))
    state = messages[-1]
    assert isinstance(state, dict)
    assert state["passed"], state["fault"]
    assert {message.phase for message in messages if isinstance(message, Status)} == set(WORDS)
    assert len(state["losses"]) == state["steps"]
    assert [line for line in state["lines"] if f"{state['steps']}/{state['steps']}" in line]
    assert not left_behind()
    assert all(f"{state['losses'][-1]:.3f}" in one for one in shown(state))


def trainers():
    """Return the processes that work on files of this test."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [one] * (os.fsencode(tempfile.gettempdir()) in one.read_bytes())
    return found


def cancel_while_it_trains(job):
    heard = 0
    for message in job:
        heard += isinstance(message, Status) and message.phase == "rehearse_train"
        if heard == 5:
            assert trainers()
            job.cancel()


def test_a_rehearsal_that_is_cancelled_leaves_nothing(asked):
    job = Job.start("train_run.rehearse", asked)
    with pytest.raises(CancelledError):
        cancel_while_it_trains(job)
    assert not job.is_running
    assert not trainers()
    assert not left_behind()


def test_a_fault_is_told_with_what_to_do_and_never_with_the_file_behind(asked):
    asked = asked | {"settings": asked["settings"] | {"min_p": 0.0}}
    state = train_run.rehearse(asked, NoProgress())
    assert not state["passed"]
    for one in shown(state):
        assert "min_p" in one
        assert state["fault"]["hint"][:20] in html.unescape(one)
        assert "lf-qwen3-" not in one
    assert not left_behind()
