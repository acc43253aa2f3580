"""The whole path in the real board: from files to a training and the chat after it, in three languages."""

import json

import pytest
import yaml

from tests.e2e.tab import WORK_SECONDS
from tests.e2e.test_board_presets import MEDICAL, RECIPE, of_board, press, preview, strings

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]

COUNT = """() => {
  window.clicks = 0;
  document.addEventListener("click", event => { window.clicks += event.isTrusted; }, true);
}"""

FINISHED = {"en": "Finished.", "zh": "训练完毕。", "ja": "トレーニングが完了しました。"}
"""What the board says of a training (llamafactory/webui/locales.py)."""

LOADED = "all => all.some(field => field.value.startsWith('Model loaded'))"


def write_rows(folder, name):
    """Write few and short rows of reasoning."""
    rows = [
        {"question": f"What is {n} + 1?", "think": f"Add one to {n}.", "answer": f"{n + 1}"}
        for n in range(16)
    ]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder / f"{name}.jsonl"


@pytest.fixture
def open_with_model(open_tab, board, tiny):
    """Return a function that opens the tab in a board that remembers the tiny model as used last."""

    def open_one():
        used = {"last_model": "Custom", "path_dict": {"Custom": str(tiny)}}
        kept = {"lang": "en", "hub_name": None, "cache_dir": None} | used
        cache = board.folder / "llamaboard_cache"
        cache.mkdir(exist_ok=True)
        (cache / "user_config.yaml").write_text(yaml.safe_dump(kept), "utf-8")
        tab = open_tab()
        tab.until(lambda: of_board(tab, "Model path").input_value())
        tab.page.evaluate(COUNT)
        return tab

    return open_one


def prepare(tab, file):
    """Prepare a file on the card and return what it shows."""
    tab.at("card.upload", "input[type=file]").set_input_files(file)
    tab.at("card.upload", "table, .file-preview").first.wait_for()
    tab.click("card.prepare")
    tab.text("card.plan", "[data-lfq]")
    assert tab.at("card.plan", "[data-lfq=start]").count(), tab.at("card.plan").inner_text()
    return tab.at("card.plan").inner_text()


def start(tab, board, dataset):
    """Start the training on a dataset that the card has prepared; return the settings that it starts with."""
    tab.at("card.plan", "[data-lfq=start]").click()
    runs = board.folder / "saves" / "Custom" / "lora"

    def find():
        every = [yaml.safe_load(file.read_text("utf-8")) for file in runs.glob("*/training_args.yaml")]
        return next((settings for settings in every if settings and settings.get("dataset") == dataset), None)

    return tab.until(find)


def wait_for_end(tab, language):
    """Wait until the board says that the training has ended."""
    tab.page.get_by_role("tab", name="Train", exact=True).click()
    tab.page.get_by_text(FINISHED[language], exact=True).first.wait_for(timeout=1000 * WORK_SECONDS)


def test_three_clicks_from_files_to_a_training_and_then_a_chat(open_with_model, board, tiny, tmp_path):
    tab = open_with_model()
    prepare(tab, write_rows(tmp_path, "adds"))
    settings = start(tab, board, "adds_train")
    assert tab.page.evaluate("window.clicks") == 2  # and that which opens the dialog of the upload
    train = tab.page.get_by_role("tab", name="Train", exact=True)
    tab.until(lambda: train.get_attribute("aria-selected") == "true")
    assert settings["template"] == "qwen3"
    assert settings["model_name_or_path"] == str(tiny)
    wait_for_end(tab, "en")
    tab.page.get_by_role("tab", name="Qwen3").click()
    tab.at("card.plan", "[data-lfq=chat]").click()
    tab.until(lambda: tab.page.locator("textarea").evaluate_all(LOADED))
    unload = tab.page.get_by_role("button", name="Unload model")
    unload.click()
    tab.until(lambda: not tab.page.locator("textarea").evaluate_all(LOADED))


@pytest.mark.parametrize("language", ["zh", "ja"])
def test_the_whole_path_speaks_the_language_that_the_board_is_switched_to(
    open_with_model, board, tmp_path, language
):
    tab, words = open_with_model(), strings(language)
    tab.choose_language(language)
    tab.page.get_by_text(words["card"]["help"]).wait_for()
    plan = prepare(tab, write_rows(tmp_path, f"adds_{language}"))
    for text in ("stage_convert", "stage_recipe", "stage_check", "stage_estimate", "ready", "start", "chat"):
        assert words["card"][text] in plan
    assert start(tab, board, f"adds_{language}_train")["template"] == "qwen3"
    tab.page.get_by_role("tab", name="Qwen3").click()
    report = tab.convert(f"hand_{language}", MEDICAL)
    assert words["data"]["registered"].split("{")[0].strip() in report
    tab.click("data.next")
    tab.wait_for_value("proof.dataset", f"hand_{language}_train")
    tab.choose("proof.settings", words["proof"]["settings"]["choices"]["recipe"])
    tab.click("proof.check")
    assert words["proof"]["clean"] in tab.text("proof.findings", ".lfq-good")
    tab.unfold("train")
    tab.choose("train.recipe", RECIPE)
    assert words["train"]["was_filled"].split("{count}")[0] in press(tab, "train.fill", "train.filled")
    wait_for_end(tab, language)  # until then the board previews nothing
    preview(tab, "Train", language, lambda command: command["dataset"] == f"hand_{language}_train")
