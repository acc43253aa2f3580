"""Sections Evaluation presets and Run as a user walks through them, in the real board."""

import json
import shutil
from pathlib import Path

import pytest

from lf_qwen3.data import registry
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.trainer import yaml_reader
from tests.e2e.tab import WORK_SECONDS
from tests.endless import copy_endless

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]

STRINGS = Path(__file__).parents[2] / "web" / "strings"
SAVES = "saves/Custom/lora"
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
ATTACK = "<img src=x onerror=\"document.title='owned'\">"


def strings(language):
    return json.loads((STRINGS / f"{language}.json").read_text("utf-8"))


def predict(folder, words):
    """Write 30 predictions: `words` of the ten words of the reference; the first row holds HTML."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "generated_predictions.jsonl").open("w", encoding="utf-8") as file:
        for number in range(30):
            question = f"{ATTACK * (not number)} Question {number}?"
            prompt = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
            label = frame("They are counted.", " ".join(WORDS))
            said = frame(f"{ATTACK} {number}", " ".join(WORDS[:words] + [ATTACK] * (not number)))
            file.write(json.dumps({"prompt": prompt, "predict": said, "label": label}) + "\n")


def log(folder, rising):
    """Write a run of 10 logged steps whose validation loss falls, then `rising` times rises."""
    folder.mkdir(parents=True, exist_ok=True)
    held_out = [1.9 - 0.1 * step for step in range(10 - rising)]
    held_out += [held_out[-1] + 0.3 * step for step in range(1, rising + 1)]
    lines = []
    for number, value in enumerate(held_out, 1):
        at = {"current_steps": 10 * number, "total_steps": 100}
        lines += [at | {"loss": 2 - 0.15 * number, "lr": 1e-4}, at | {"eval_loss": value}]
    lines.append({"current_steps": 100, "total_steps": 100, "percentage": 100.0})
    (folder / "trainer_log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")


@pytest.fixture(scope="module")
def saves(board):
    """Return the board's folder of runs, with two runs of predictions and two trainings in it."""
    folder = board.folder / SAVES
    predict(folder / "eval_base", 3)
    predict(folder / "eval_tuned", 9)
    log(folder / "train_overfit", rising=6)
    log(folder / "train_sound", rising=0)
    return folder


def compare(tab):
    tab.unfold("evaluation")
    tab.choose("evaluation.base", f"{SAVES}/eval_base")
    tab.choose("evaluation.tuned", f"{SAVES}/eval_tuned")
    tab.mark("evaluation.comparison")
    tab.click("evaluation.compare")
    return tab.text("evaluation.comparison", ".lfq-good:not([data-before])")


@pytest.fixture(scope="module")
def compared(shared_tab, saves):
    """Return the shared tab, after two runs were compared there."""
    compare(shared_tab)
    return shared_tab


def test_rows_stand_side_by_side_with_thinking_folded_and_html_as_text(compared):
    tab = compared
    row = tab.at("evaluation.comparison", "article").first
    assert row.locator("section").count() == 3
    thought = row.locator("details").last
    assert not thought.locator(".lfq-said").is_visible()
    thought.locator("summary").click()
    assert ATTACK in thought.locator(".lfq-said").inner_text()
    assert tab.page.title() != "owned"
    assert tab.at("evaluation.comparison", "img").count() == 0


# Stands for `llamafactory-cli train PREDICT.yaml`: the tuned model answers as the label does, the base less.
TRAINER = """
import json, sys
from pathlib import Path
from lf_qwen3.trainer import yaml_reader
settings = yaml_reader.read(Path(sys.argv[2])).settings
out = Path(settings["output_dir"])
out.mkdir(parents=True)
rows = Path(settings["dataset_dir"], settings["eval_dataset"] + ".jsonl").read_text("utf-8").splitlines()
with (out / "generated_predictions.jsonl").open("w", encoding="utf-8") as file:
    for row in map(json.loads, rows):
        answer = row["output"][: None if "adapter_name_or_path" in settings else 5]
        prompt = "<|im_start|>user\\n" + row["instruction"] + "<|im_end|>\\n<|im_start|>assistant\\n"
        file.write(json.dumps({"prompt": prompt, "predict": answer, "label": row["output"]}) + "\\n")
(out / "predict_results.json").write_text("{}")
"""


@pytest.fixture
def trained(board):
    """Make a trained run and its test split, and let the board's jobs start the stand-in for the trainer.

    `python -m llamafactory.cli` takes the package of the folder that it is started in first.
    """
    run = board.folder / SAVES / "train_tiny"
    log(run, rising=0)
    (run / "adapter_model.safetensors").write_bytes(b"weights")
    settings = {
        "stage": "sft", "do_train": True, "model_name_or_path": "Qwen/Qwen3-0.6B", "finetuning_type": "lora",
        "template": "qwen3", "enable_thinking": None, "dataset": "sums_train", "dataset_dir": "data",
        "cutoff_len": 64, "use_cpu": True, "output_dir": f"{SAVES}/train_tiny",
    }  # fmt: skip
    lines = [f"{key}: {json.dumps(value)}\n" for key, value in settings.items()]
    (run / "training_args.yaml").write_text("".join(lines), "utf-8")
    rows = [{"instruction": f"{n} + {n}?", "input": "", "output": f"It is {n + n}."} for n in range(4)]
    for split in ("train", "test"):
        file = board.folder / "data" / f"sums_{split}.jsonl"
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        registry.register(f"sums_{split}", file, board.folder / "data")
    package = board.folder / "llamafactory"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(TRAINER, "utf-8")
    yield run
    shutil.rmtree(package)


def test_the_trainer_is_asked_for_the_answers_of_both_models(compared, board, trained, monkeypatch):
    tab = compared
    tab.choose("evaluation.run", f"{SAVES}/train_tiny")
    tab.fill("evaluation.new_tokens", "4")
    tab.click("evaluation.predict")
    notes = tab.at("evaluation.comparison", ":is(p.lfq-note:has-text('sums_test'), [role=alert])").first
    notes.wait_for(timeout=1000 * WORK_SECONDS)
    assert "sums_test" in notes.inner_text()
    assert tab.at("evaluation.comparison", "article").count() == 4
    monkeypatch.chdir(board.folder)
    out = Path("saves/evaluations/Custom/lora/train_tiny/sums_test-quick")
    for name in ("base", "tuned"):
        lines = (out / f"predict_{name}" / "generated_predictions.jsonl").read_text("utf-8").splitlines()
        assert len(lines) == 4
        assert yaml_reader.read(out / f"predict_{name}.yaml").settings["max_new_tokens"] == 4


def test_only_trainings_are_offered_and_a_path_that_leads_out_is_refused_in_words(compared):
    tab = compared
    tab.unfold("run")
    tab.at("run.folder", "input").click()
    tab.page.get_by_role("option", name=f"{SAVES}/train_sound").wait_for()
    assert tab.page.get_by_role("option", name=f"{SAVES}/eval_base").count() == 0
    tab.choose("run.folder", "../../etc")
    tab.click("run.diagnose")
    assert "is outside of the folder" in tab.text("run.diagnosis", "[role=alert]")
    tab.unfold("evaluation")
    tab.choose("evaluation.run", "../../etc")
    tab.click("evaluation.predict")
    assert "is outside of the folder" in tab.text("evaluation.comparison", "[role=alert]")


def test_four_answers_come_side_by_side_and_are_voted_on_blind(shared_tab, board, tiny, make_model, tmp_path):
    from playwright.sync_api import expect

    make_model("tune", copy_endless(tiny, tmp_path / "endless"), board.folder / SAVES / "train_arena")
    tab = shared_tab
    tab.unfold("arena")
    tab.choose("arena.run", f"{SAVES}/train_arena")
    assert "GiB" in tab.text("arena.model", ".lfq-note")
    tab.click("arena.load")
    assert "answers in 4 ways" in tab.text("arena.model", ".lfq-good")
    tab.fill("arena.question", f"{ATTACK} Why?")
    tab.fill("arena.new_tokens", "30000")
    tab.click("arena.ask")
    first = tab.at("arena.answer_A", ".lfq-side-head")
    expect(first).to_contain_text("tokens")
    board.forget_language()
    tab.reload()  # it goes on, and is shown again
    tab.unfold("arena")
    expect(first).to_contain_text("tokens")
    expect(tab.field("arena.question")).to_have_value(f"{ATTACK} Why?")
    expect(first).not_to_have_text(first.inner_text())  # it grows
    tab.click("arena.stop")
    expect(tab.at("arena.answer_A", ".lfq-badge")).to_have_text("stopped")
    tab.fill("arena.new_tokens", "9")
    tab.click("arena.ask")
    expect(tab.at("arena.answer_D", ".lfq-badge")).to_have_text("truncated")
    answers = [tab.at(f"arena.answer_{label}", ".lfq-side-head") for label in "ABCD"]
    assert not any("base" in answer.inner_text() for answer in answers)
    tab.at("arena.best").get_by_label("B", exact=True).check()
    tab.click("arena.vote")
    for _ in range(2):
        assert "Votes on this model: 1" in tab.text("arena.counts", ".lfq-note")
        for answer in answers:
            expect(answer).to_contain_text("·")
        ways = sorted(answer.inner_text().split("·")[1].splitlines()[0].strip() for answer in answers)
        assert ways == ["base, not thinking", "base, thinking", "tuned, not thinking", "tuned, thinking"]
        tab.reload()
        tab.unfold("arena")
    assert tab.page.title() != "owned"
    assert (board.folder / "saves/arena/Custom/lora/train_arena/votes.jsonl").is_file()
    tab.page.get_by_role("tab", name="Chat", exact=True).click()
    tab.page.get_by_role("button", name="Unload model").click()
    unloaded = "all => all.some(field => field.value.startsWith('Model unloaded'))"
    tab.until(lambda: tab.page.locator("textarea").evaluate_all(unloaded))
    tab.page.get_by_role("tab", name="Qwen3").click()
    tab.click("arena.ask")
    assert "no loaded model can answer" in tab.text("arena.asked", "[role=alert]")


def test_two_runs_are_compared_and_a_training_is_diagnosed(compared, tmp_path):
    tab, told = compared, strings("zh")
    tab.choose_language("zh")
    tab.page.get_by_text(told["data"]["help"]).wait_for()
    tab.unfold("evaluation")
    begins = told["evaluation"]["better"].format(tuned="eval_tuned", base="eval_base", before="", after="")
    assert compare(tab).startswith(begins[:20])
    assert told["evaluation"]["flag_well_formed"] in tab.text("evaluation.comparison", "table")
    tab.reload()
    tab.unfold("evaluation")
    with tab.page.expect_download() as download:
        tab.at("evaluation.download").click()
    download.value.save_as(tmp_path / "report.html")
    assert "eval_tuned" in (tmp_path / "report.html").read_text("utf-8")
    tab.unfold("run")
    tab.click("run.list")
    row = tab.at("run.table", "tr").filter(has_text=f"{SAVES}/train_overfit")
    row.get_by_role("button", name=told["run"]["do_diagnose"]).click()
    tab.wait_for_value("evaluation.run", f"{SAVES}/train_overfit")
    assert told["run"]["advice"] in tab.text("run.diagnosis", "table")
    assert "overfit" in tab.text("run.diagnosis", "table")
    pictures = tab.at("run.diagnosis", "img")
    drawn = "all => all.map(picture => picture.complete && picture.naturalWidth > 0)"
    tab.until(lambda: pictures.evaluate_all(drawn) == [True, True])
    assert pictures.first.get_attribute("alt") == told["run"]["picture_loss"]
    tab.require_fit()
