"""The whole path in the real board: from files to a training and the chat after it, in three languages."""

import json

import pytest
import yaml

from tests.e2e.conftest import opening
from tests.e2e.tab import WORK_SECONDS
from tests.e2e.test_board_presets import RECIPE, of_board, press, preview, strings

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
        {"question": f"What is {n} + 1?", "think": f"Add one to {n}.", "answer": f"It is {n + 1}."}
        for n in range(16)
    ]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder / f"{name}.jsonl"


@pytest.fixture(scope="module")
def model(cache_home, small_tokenizer, make_model):
    """Return the folder of a tiny Qwen3 with the small tokenizer.

    A recipe tokenises in 8 processes: to load all of Qwen's tokens in each takes longer than the training.
    """
    return make_model("prepare", small_tokenizer, cache_home / "lf-qwen3")


@pytest.fixture(scope="module")
def tab(board, window, model):
    """Return the tab on one page for all tests, in a board that remembers a tiny model as used last."""
    with opening(board, window) as open_one:
        used = {"last_model": "Custom", "path_dict": {"Custom": str(model)}}
        kept = {"lang": "en", "hub_name": None, "cache_dir": None} | used
        cache = board.folder / "llamaboard_cache"
        cache.mkdir(exist_ok=True)
        (cache / "user_config.yaml").write_text(yaml.safe_dump(kept), "utf-8")
        tab = open_one()
        tab.until(lambda: of_board(tab, "Model path").input_value())
        yield tab


def switch(tab, language):
    """Switch the board's language, wait for the tab's, and return the tab's texts."""
    words = strings(language)
    tab.choose_language(language)
    tab.page.get_by_text(words["card"]["help"]).wait_for()
    return words


def prepare(tab, file):
    """Prepare a file on the card and return what it then shows, not what stood there before."""
    clear = tab.at("card.upload", "[aria-label='Clear']")
    if clear.count():  # files of before
        clear.click()
    tab.at("card.upload", "input[type=file]").set_input_files(file)
    tab.at("card.upload", "table, .file-preview").first.wait_for()
    tab.mark("card.plan")
    tab.click("card.prepare")
    tab.text("card.plan", "[data-lfq]:not([data-before])")
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


def test_three_clicks_from_files_to_a_training_and_then_a_chat(tab, board, model, tmp_path):
    tab.page.evaluate(COUNT)
    prepare(tab, write_rows(tmp_path, "adds"))
    settings = start(tab, board, "adds_train")
    assert tab.page.evaluate("window.clicks") == 2  # and that which opens the dialog of the upload
    train = tab.page.get_by_role("tab", name="Train", exact=True)
    tab.until(lambda: train.get_attribute("aria-selected") == "true")
    assert settings["template"] == "qwen3"
    assert settings["model_name_or_path"] == str(model)
    wait_for_end(tab, "en")
    tab.page.get_by_role("tab", name="Qwen3").click()
    tab.at("card.plan", "[data-lfq=chat]").click()
    tab.until(lambda: tab.page.locator("textarea").evaluate_all(LOADED))
    unload = tab.page.get_by_role("button", name="Unload model")
    unload.click()
    tab.until(lambda: not tab.page.locator("textarea").evaluate_all(LOADED))
    tab.page.get_by_role("tab", name="Qwen3").click()


def test_the_card_speaks_each_language_that_the_board_is_switched_to(tab, board, tmp_path):
    switch(tab, "zh")
    prepare(tab, write_rows(tmp_path, "adds_zh"))
    for language in ("ja", "zh"):
        words = switch(tab, language)["card"]
        names = ("stage_convert", "stage_recipe", "stage_check", "stage_estimate", "ready", "start", "chat")
        tab.at("card.plan").get_by_text(words["ready"]).first.wait_for()
        plan = tab.at("card.plan").inner_text()
        assert [name for name in names if words[name] not in plan] == []
    assert start(tab, board, "adds_zh_train")["template"] == "qwen3"
    wait_for_end(tab, "zh")
    tab.page.get_by_role("tab", name="Qwen3").click()


def test_the_steps_by_hand_speak_each_language_too(tab, board):
    words = switch(tab, "zh")
    registered = words["data"]["registered"].split("{")[0].strip()
    write_rows(board.folder / "raw", "adds_by_hand")
    assert registered in tab.convert("hand", "raw/adds_by_hand.jsonl")
    words = switch(tab, "ja")
    tab.unfold("data")
    tab.at("data.report").get_by_text(words["data"]["registered"].split("{")[0].strip()).first.wait_for()
    tab.click("data.next")
    tab.wait_for_value("proof.dataset", "hand_train")
    tab.choose("proof.settings", words["proof"]["settings"]["choices"]["recipe"])
    tab.click("proof.check")
    assert words["proof"]["clean"] in tab.text("proof.findings", ".lfq-good")
    tab.unfold("train")
    tab.choose("train.recipe", RECIPE)
    assert words["train"]["was_filled"].split("{count}")[0] in press(tab, "train.fill", "train.filled")
    preview(tab, "Train", "ja", lambda command: command["dataset"] == "hand_train")
    words = switch(tab, "zh")
    for section, name, text in (("proof", "findings", "clean"), ("train", "filled", "was_filled")):
        tab.unfold(section)
        shown = words[section][text].split("{count}")[0]
        tab.at(f"{section}.{name}").get_by_text(shown).first.wait_for()
    preview(tab, "Train", "zh", lambda command: command["dataset"] == "hand_train")
