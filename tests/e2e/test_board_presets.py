"""Sections Train presets and Sampling presets in the real board: what they set is what it would run."""

import json
import re
from pathlib import Path

import pytest

from lf_qwen3 import recipes
from lf_qwen3.recipes import presets
from tests.e2e.conftest import go_to_tab
from tests.e2e.tab import WORK_SECONDS

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
MEDICAL = "raw/sample_medical_r1.jsonl"
MODEL, RECIPE = "Qwen3-0.6B-Thinking", "qwen3-0.6b-lora-sft"
PREVIEW = {"en": "Preview command", "zh": "预览命令", "ja": "コマンドをプレビュー"}
LABELS = {"learning_rate": "Learning rate", "num_train_epochs": "Epochs", "cutoff_len": "Cutoff length"}
"""What the board calls its own elements (llamafactory/webui/locales.py)."""


def strings(language):
    return json.loads((ROOT / "web" / "strings" / f"{language}.json").read_text("utf-8"))


def generate(name):
    return presets.find_preset(name).generate


def with_presets(tab, language="en"):
    """Choose a model at the top, and unfold both sections."""
    field = tab.page.locator("input[aria-label='Model name']")
    field.click()
    field.fill(MODEL)
    field.press("Enter")
    tab.until(lambda: of_board(tab, "Model path").input_value())
    if language != "en":
        tab.choose_language(language)
        tab.page.get_by_text(strings(language)["data"]["help"]).wait_for()
    tab.unfold("train")
    tab.unfold("sampling")
    return tab


def press(tab, name, view):
    """Press a button and return the text that then appears in a view, not what stood there before."""
    tab.mark(view)
    tab.at(name).click()
    answer = tab.at(view, ":is(.lfq-good, [role=alert]):not([data-before])").first
    answer.wait_for(timeout=1000 * WORK_SECONDS)
    return answer.inner_text()


def options_of(tab, name, awaited):
    """Open a list, wait until it offers a name, and return all that it offers."""
    tab.at(name, "input").click()
    tab.page.get_by_role("option", name=awaited).wait_for()
    texts = tab.page.get_by_role("option").locator("visible=true").all_inner_texts()
    return {text.removeprefix("✓").strip() for text in texts}  # the chosen one is marked


def of_board(tab, label):
    """Return the field of the board's own that carries a label."""
    block = tab.page.locator(".block:visible").filter(has=tab.page.locator(f"span:text-is('{label}')"))
    return block.locator("input, textarea").first


def preview(tab, page, language="en", wanted=lambda command: True):
    """Return the command that one of the board's own tabs previews, as key -> value, once it is `wanted`.

    What it previewed before may stand there for a while.
    """
    tab.page.get_by_role("tab", name=page, exact=True).click()
    tab.page.get_by_role("button", name=PREVIEW[language]).locator("visible=true").click()
    code = tab.page.locator("code:visible").last
    code.wait_for()

    def read():
        command = dict(re.findall(r"--(\w+) (.*?) *\\?\n", code.inner_text() + "\n"))
        return command if "output_dir" in command and wanted(command) else None

    command = tab.until(read)
    tab.page.get_by_role("tab", name="Qwen3").click()
    return command


@pytest.fixture(scope="module")
def kept(shared_tab):
    """Return the shared tab, after a dataset was converted there."""
    tab = with_presets(shared_tab)
    tab.convert("kept", MEDICAL)
    return tab


def test_from_a_recipe_to_the_boards_own_commands(kept):
    tab, told = kept, strings("en")
    tab.choose("train.recipe", RECIPE)
    assert RECIPE in tab.text("train.plan", "h4")
    tab.choose("train.tracking", "swanlab-local")
    assert told["train"]["was_filled"].split("{count}")[0] in press(tab, "train.fill", "train.filled")
    assert told["train"]["fits"].split("{")[0] in tab.text("train.filled", ".lfq-view")
    wanted = recipes.find_recipe(RECIPE).settings
    tab.page.get_by_role("tab", name="Train", exact=True).click()
    for key, label in LABELS.items():
        tab.until(lambda key=key, label=label: float(of_board(tab, label).input_value()) == wanted[key])
    command = preview(tab, "Train", wanted=lambda command: command["dataset"] == "kept_train")
    assert command["eval_dataset"] == "kept_val"
    assert command["enable_thinking"] == "None"
    assert command["lora_rank"] == str(wanted["lora_rank"])
    assert command["model_name_or_path"] == wanted["model_name_or_path"]
    assert command["swanlab_mode"] == "local"
    press(tab, "sampling.to_predict", "sampling.applied")
    predicted = preview(tab, "Evaluate & Predict")
    for key in ("temperature", "top_p", "top_k"):
        assert float(predicted[key]) == generate("thinking")[key]
    assert predicted["enable_thinking"] == "True"
    tab.require_fit()


def test_a_preset_reaches_the_chat_tab(kept):
    tab = kept
    press(tab, "sampling.to_chat", "sampling.applied")
    tab.page.get_by_role("tab", name="Chat", exact=True).click()
    extra = of_board(tab, "Extra arguments")
    tab.until(lambda: "top_k" in extra.input_value())
    assert json.loads(extra.input_value())["top_k"] == generate("thinking")["top_k"]
    tab.page.get_by_role("tab", name="Qwen3").click()


def test_settings_and_presets_are_kept_by_name_and_nowhere_else(kept, board):
    tab = kept
    tab.fill("train.name", "../escaped")
    assert "is not a valid name" in press(tab, "train.save", "train.saved")
    tab.fill("train.name", "kept_settings")
    tab.at("train.save").click()
    tab.at("train.saved", ".lfq-good").wait_for()
    assert "dataset: kept_train" in (board.folder / "saves" / "kept_settings.yaml").read_text("utf-8")
    assert not (board.folder / "escaped.yaml").exists()
    tab.fill("sampling.name", "my_own")
    assert "my_own" in press(tab, "sampling.keep", "sampling.kept")
    file = board.folder / "llamaboard_config" / "lf-qwen3-sampling.json"
    assert "my_own" in json.loads(file.read_text("utf-8"))


def test_another_window_offers_what_was_kept_and_has_predictions_of_its_own(kept, open_tab):
    one = kept
    one.choose("sampling.preset", "non-thinking")
    temperature = str(generate("non-thinking")["temperature"])
    one.until(lambda: one.field("sampling.temperature").input_value() == temperature)
    one.fill("sampling.max_new_tokens", "16384")
    press(one, "sampling.to_predict", "sampling.applied")
    sent = {"max_new_tokens": "16384", "enable_thinking": "False"}
    preview(one, "Evaluate & Predict", wanted=lambda command: command.items() >= sent.items())
    other = with_presets(open_tab())
    assert options_of(other, "sampling.preset", "my_own") == {"thinking", "non-thinking", "greedy", "my_own"}
    other.at("sampling.preset", "input").press("Escape")
    other.convert("window_other", MEDICAL)
    assert not {"top_k", "enable_thinking"} & preview(other, "Evaluate & Predict").keys()
    other.page.close()
    one.choose("sampling.preset", "my_own")
    one.at("sampling.remove").click()
    one.page.get_by_text("my_own was removed").wait_for()
    one.at("sampling.beyond", "input").uncheck()
    one.at("sampling.to_predict").click()
    one.page.get_by_text(strings("en")["sampling"]["predict_sliders"]).wait_for()
    preview(one, "Evaluate & Predict", wanted=lambda command: "top_k" not in command)


def test_a_rehearsal_is_seen_and_cancelled_in_a_second_window(kept, board):
    tab = kept
    tab.choose("train.recipe", "qwen3-0.6b-full-sft")
    press(tab, "train.fill", "train.filled")
    tab.at("train.rehearse").click()
    tab.at("tab.jobs", "progress").wait_for()
    second = go_to_tab(tab.page.context.new_page(), board)
    second.unfold("train")
    assert strings("en")["train"]["rehearse"] in second.text("tab.jobs", ".lfq-progress")
    second.page.locator("button#lf-qwen3-train-rehearse:disabled").wait_for()
    second.at("train.rehearse").evaluate("button => button.scrollIntoView({block: 'end'})")
    second.page.wait_for_function("scrollY > 0")
    second.until(lambda: second.at("tab.strip").bounding_box()["y"] >= 0)
    second.at("tab.cancel").click()
    for window in (tab, second):
        assert "cancelled" in window.text("train.verdict", "[role=alert]")
        window.at("tab.strip").wait_for(state="hidden")
    second.at("train.next").click()
    second.page.get_by_role("button", name="Preview command").wait_for()
    second.page.close()


def test_a_changed_stage_keeps_the_dataset(kept):
    tab = kept
    tab.choose("train.recipe", "qwen3-0.6b-lora-dpo")
    press(tab, "train.fill", "train.filled")
    preview(
        tab, "Train", wanted=lambda command: (command["stage"], command["dataset"]) == ("dpo", "kept_train")
    )


def test_a_way_to_take_less_goes_into_the_train_tab_that_was_measured(kept):
    tab = kept
    tab.choose("train.recipe", "qwen3-0.6b-full-sft")
    press(tab, "train.fill", "train.filled")
    tab.click("train.measure")
    tab.at("train.plan", "h4").get_by_text(strings("en")["train"]["of_train_tab"]).wait_for()
    ways = tab.at("train.plan", "[data-lfq]")
    before = ways.all_inner_texts()
    tab.at("train.plan").get_by_role("button", name="pure_bf16: true").click()
    tab.until(lambda: ways.all_inner_texts() != before)  # it is measured again
    preview(tab, "Train", wanted=lambda command: command.get("pure_bf16") == "True")
