"""The card on top in the real board: three clicks from the page to a training, and the chat after it."""

import json

import pytest
import yaml

from tests.e2e.conftest import WORK_SECONDS
from tests.e2e.test_board_presets import of_board, until

pytestmark = [pytest.mark.llamafactory, pytest.mark.slow]

COUNT = """() => {
  window.clicks = 0;
  document.addEventListener("click", event => { window.clicks += event.isTrusted; }, true);
}"""

LOADED = "all => all.some(field => field.value.startsWith('Model loaded'))"


def write_rows(folder):
    """Write few and short rows of reasoning."""
    rows = [
        {"question": f"What is {n} + 1?", "think": f"Add one to {n}.", "answer": f"{n + 1}"}
        for n in range(16)
    ]
    (folder / "adds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder / "adds.jsonl"


def open_with(open_tab, board, **last):
    """Open the tab in a board that remembers the model that was used last."""
    kept = {"lang": "en", "hub_name": None, "last_model": None, "path_dict": {}, "cache_dir": None} | last
    cache = board.folder / "llamaboard_cache"
    cache.mkdir(exist_ok=True)
    (cache / "user_config.yaml").write_text(yaml.safe_dump(kept), "utf-8")
    tab = open_tab()
    tab.page.evaluate(COUNT)
    return tab


def prepare(tab, file):
    tab.at("card.upload", "input[type=file]").set_input_files(file)
    tab.at("card.upload", "table, .file-preview").first.wait_for()
    tab.click("card.prepare")
    tab.text("card.plan", "[data-lfq]")
    assert tab.at("card.plan", "[data-lfq=start]").count(), tab.at("card.plan").inner_text()


def test_three_clicks_from_files_to_a_training_and_then_a_chat(open_tab, board, tiny, tmp_path):
    tab = open_with(open_tab, board, last_model="Custom", path_dict={"Custom": str(tiny)})
    until(tab, lambda: of_board(tab, "Model path").input_value())
    prepare(tab, write_rows(tmp_path))
    tab.at("card.plan", "[data-lfq=start]").click()
    runs = board.folder / "saves" / "Custom" / "lora"
    until(tab, lambda: list(runs.glob("*/training_args.yaml")))
    assert tab.page.evaluate("window.clicks") == 2  # and that which opens the dialog of the upload
    train = tab.page.get_by_role("tab", name="Train", exact=True)
    until(tab, lambda: train.get_attribute("aria-selected") == "true")
    settings = yaml.safe_load(next(runs.glob("*/training_args.yaml")).read_text("utf-8"))
    assert settings["template"] == "qwen3"
    assert settings["dataset"] == "adds_train"
    assert settings["model_name_or_path"] == str(tiny)
    tab.page.get_by_text("Finished").first.wait_for(timeout=1000 * WORK_SECONDS)
    tab.page.get_by_role("tab", name="Qwen3").click()
    tab.at("card.plan", "[data-lfq=chat]").click()
    until(tab, lambda: tab.page.locator("textarea").evaluate_all(LOADED))
    unload = tab.page.get_by_role("button", name="Unload model")
    assert unload.is_visible()
    unload.click()
    until(tab, lambda: not tab.page.locator("textarea").evaluate_all(LOADED))
