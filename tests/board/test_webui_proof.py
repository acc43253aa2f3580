"""Section Proof without gradio: check and preview under settings, and what is shown of them."""

import json
from pathlib import Path

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.progress import NoProgress
from lf_qwen3.board.board import without_secrets
from lf_qwen3.board.handlers import proof, train_tab
from lf_qwen3.board.pages import render
from lf_qwen3.board.texts import languages, texts

HERE = Path("data")
SETTINGS = {**proof.RECIPE, "cutoff_len": 2048}
TRAINS = {"stage": "sft", "do_train": True}


@pytest.fixture
def registered(here):
    """Register two records; the second has an empty answer."""
    rows = [{"instruction": "What is <b>1</b> + 1?", "input": "", "output": "It is 2."}]
    rows.append({"instruction": "And 2 + 2?", "input": "", "output": ""})
    HERE.mkdir()
    (HERE / "sums.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    (HERE / "dataset_info.json").write_text(json.dumps({"sums": {"file_name": "sums.jsonl"}}), "utf-8")
    return here


def test_the_named_dataset_wins_over_that_of_the_settings(registered):
    asked = proof.request("data", ["sums"], {**SETTINGS, "dataset": "other"})
    assert asked["names"] == ["sums"]
    assert asked["settings"]["dataset"] == "sums"
    assert proof.request("data", [], {**SETTINGS, "dataset": "a,b"})["names"] == ["a", "b"]


@pytest.mark.parametrize(("folder", "names"), [("/etc", ["sums"]), ("..", ["sums"]), ("data", [])])
def test_what_will_not_do_is_refused(registered, folder, names):
    with pytest.raises(UsageError):
        proof.request(folder, names, SETTINGS)


def test_check_returns_findings_with_hints(registered):
    result = proof.check(proof.request("data", ["sums"], SETTINGS, tokenizer="no/such"), NoProgress())
    found = {one["code"]: one for one in result["codes"]}
    assert found["empty_answer"]["count"] == 1
    assert found["empty_answer"]["places"][0][0].endswith("sums.jsonl:2")
    assert all(one["hint"] for one in found.values())
    assert result["summary"]["errors"] >= 1
    assert any("no/such" in note["text"] for note in result["summary"]["notes"])


def test_sound_data_are_clean_under_the_recipes_settings_before_a_model_is_chosen(registered):
    row = {"instruction": "What is 1 + 1?", "input": "", "output": "It is 2."}
    (HERE / "sums.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    for settings in (proof.RECIPE, {**proof.RECIPE, "model_name_or_path": ""}):
        result = proof.check(proof.request("data", ["sums"], settings, tokenizer="no/such"), NoProgress())
        assert result["codes"] == []


def test_what_is_wrong_with_the_settings_is_said_of_the_train_tab(registered):
    asked = proof.request(
        "data", ["sums"], {**SETTINGS, **TRAINS, "enable_thinking": True}, tokenizer="no/such"
    )
    places = {place for one in proof.check(asked, NoProgress())["codes"] for place, _ in one["places"]}
    assert train_tab.NAME in places
    assert not any("train.yaml" in one for one in places)


@pytest.mark.parametrize("model", ["", "demo/tiny-qwen3", "Qwen/Qwen3-4B"])
def test_the_boards_default_template_is_the_first_error(registered, model):
    settings = {**TRAINS, "template": "default", "model_name_or_path": model}
    result = proof.check(proof.request("data", ["sums"], settings, tokenizer="no/such"), NoProgress())
    first = result["codes"][0]
    assert (first["code"], first["severity"]) == ("template_unfit", "error")
    assert "template is default" in first["places"][0][1]
    page = render("proof/findings", texts("en"), state=result)
    assert page.index("template_unfit") < page.index("empty_answer")


@pytest.mark.parametrize("language", languages())
def test_findings_are_shown_in_every_language(registered, language):
    result = proof.check(proof.request("data", ["sums"], SETTINGS, tokenizer="no/such"), NoProgress())
    shown = render("proof/findings", texts(language), state=json.loads(json.dumps(result)))
    assert "empty_answer" in shown
    assert texts(language)("proof.unclean") in shown


def test_preview_shows_what_is_learnt_as_text(registered):
    asked = proof.preview_request(proof.request("data", ["sums"], SETTINGS), 1)
    state = json.loads(json.dumps(proof.preview(asked, NoProgress())))
    pieces = state["rows"][0]["renderings"][0]["pieces"]
    learnt = "".join(piece["text"] for piece in pieces if piece["mask"] == "learnt")
    assert learnt.endswith("It is 2.<|im_end|>\n")
    shown = render("proof/record", texts("en"), state=state)
    assert "&lt;b&gt;1&lt;/b&gt;" in shown
    assert "<b>" not in shown


def test_where_the_renderings_differ_they_stand_side_by_side(registered):
    settings = {**SETTINGS, "enable_thinking": False}
    asked = proof.preview_request(proof.request("data", ["sums"], settings), 1)
    row = {"instruction": "Hi", "input": "", "output": "Hello.", "system": "<|im_end|>"}
    (HERE / "sums.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    state = proof.preview(asked, NoProgress())
    official = state["rows"][0]["official"]
    shown = render("proof/record", texts("en"), state=state)
    assert (texts("en")("proof.official") in shown) == (not official["same"])


def test_a_cut_is_shown(registered):
    asked = proof.preview_request(proof.request("data", ["sums"], {**SETTINGS, "cutoff_len": 12}), 1)
    state = proof.preview(asked, NoProgress())
    tokens = state["rows"][0]["renderings"][0]["tokens"]
    shown = render("proof/record", texts("en"), state=state)
    assert tokens["fed"] < tokens["total"]
    assert "lfq-lost" in shown
    assert str(tokens["total"] - tokens["fed"]) in shown


@pytest.mark.parametrize(("row", "template"), [(-3, "qwen3"), (0, "qwen3"), (1, "default"), (1, "llama3")])
def test_a_preview_that_cannot_be_is_refused(registered, row, template):
    asked = proof.request("data", ["sums"], {**SETTINGS, "template": template})
    with pytest.raises(UsageError):
        proof.preview_request(asked, row)


def test_a_row_beyond_the_end_is_told(registered):
    asked = proof.preview_request(proof.request("data", ["sums"], SETTINGS), 99)
    with pytest.raises(UsageError, match="beyond the end"):
        proof.preview(asked, NoProgress())


def test_a_text_without_end_is_cut_short():
    text = "a" * 10**6
    shown = proof.shorten(text)
    assert proof.LONGEST <= len(shown) < 2 * proof.LONGEST
    assert f"{10**6 - proof.LONGEST:,}" in shown


def test_no_secret_leaves_the_train_tab():
    settings = {
        "swanlab_api_key": "k",
        "hf_hub_token": "t",
        "include_num_input_tokens_seen": True,
        "cutoff_len": 1,
    }
    assert without_secrets(settings) == {"include_num_input_tokens_seen": True, "cutoff_len": 1}
