"""`preview` as a function: its options, its rows as a frame, and the loss mask in a notebook."""

import json
import re
from html import unescape

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.proof.preview import preview, summarise_preview
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.recipes.trainers import list_trainers

SPAN = re.compile(r'<span style="([^"]*)">([^<]*)</span>')


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """Return the folder of a tokenizer in which every byte and every tag is a token."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({char: number for number, char in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_tokens([AddedToken(token, normalized=False) for token in ADDED_TOKENS])
    folder = tmp_path_factory.mktemp("tokenizer")
    made.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def data(tmp_path):
    """Return a dataset folder: two rows of `chat_train`, the first with markup and a system text."""
    rows = [
        {"instruction": "<b>Q</b> & more", "output": frame("because", "A < B"), "system": "Be brief."},
        {"instruction": "hi", "output": "plain"},
    ]
    (tmp_path / "chat.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    entry = {
        "file_name": "chat.jsonl",
        "columns": {"system": "system", "prompt": "instruction", "response": "output"},
    }
    (tmp_path / "dataset_info.json").write_text(json.dumps({"chat_train": entry}), "utf-8")
    return tmp_path


def test_the_frame_holds_every_text_in_its_order_and_what_of_it_is_learnt(data, tokenizer):
    result = preview("chat", dataset_dir=data, tokenizer=tokenizer)
    frame_of_texts = result.to_frame()
    assert frame_of_texts.columns == ["file", "row", "side", "turn", "part", "text", "learnt", "lost"]
    first = frame_of_texts.filter(frame_of_texts["row"] == 1)
    learnt = "".join(first.filter(first["learnt"])["text"])
    masked = "".join(first.filter(~first["learnt"])["text"])
    assert learnt.startswith(frame("because", "A < B"))
    assert "<b>Q</b> & more" in masked
    assert "Be brief." in masked
    tokens = sum(label != -100 for label in result.rows[0].renderings[0].encoded.labels)
    assert tokens == result.rows[0].renderings[0].encoded.learnt > 0


def test_a_notebook_shows_what_is_learnt_in_another_style_and_escapes_the_data(data, tokenizer):
    page = preview("chat", dataset_dir=str(data), tokenizer=str(tokenizer), row=1)._repr_html_()
    (learnt, _), (masked, _), _ = SPAN.findall(page)[:3]
    assert len({style for style, _ in SPAN.findall(page)[:3]}) == 3, "the legend names three styles"
    texts = [(style, unescape(text)) for style, text in SPAN.findall(page)[3:]]
    assert "".join(text for style, text in texts if style == learnt).startswith(frame("because", "A < B"))
    assert "<b>Q</b> & more" in "".join(text for style, text in texts if style == masked)
    assert "<b>Q" not in page
    assert "color:" not in page.replace("background-color:", ""), "the notebook's own text colour stays"


def test_a_notebook_marks_what_the_cut_removes(data, tokenizer, tmp_path):
    config = tmp_path / "train.yaml"
    config.write_text("template: qwen3\ncutoff_len: 60\nstage: sft\n", "utf-8")
    result = preview("chat", dataset_dir=data, tokenizer=tokenizer, config=config, row=1)
    page = result._repr_html_()
    lost = SPAN.findall(page)[2][0]
    assert "line-through" in lost
    cut = [unescape(text) for style, text in SPAN.findall(page)[3:] if style == lost]
    expected = result.to_frame()
    assert cut == expected.filter(expected["lost"] > 0)["text"].to_list() != []
    assert "cutoff_len 60 truncates" in page


def test_a_row_the_trainer_leaves_out_says_so_and_has_no_text(data, tokenizer):
    (data / "chat.jsonl").write_text('{"instruction": "<i>", "output": []}\n', "utf-8")
    result = preview("chat", dataset_dir=data, tokenizer=tokenizer)
    assert result.rows[0].problem
    assert result.to_frame().is_empty()
    assert result.rows[0].problem in unescape(result._repr_html_())


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"count": 0}, "option_value"),
        ({"row": 0}, "option_value"),
        ({"row": 9}, "row_missing"),
        ({"name": "chta_train"}, "dataset_not_registered"),
        ({"dataset_dir": None}, "option_missing"),
        ({"tokenizer": None}, "option_missing"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_an_option_that_cannot_be_met(data, tokenizer, options, code):
    given = {"name": "chat", "dataset_dir": data, "tokenizer": tokenizer, **options}
    with pytest.raises(UsageError) as error:
        preview(given.pop("name"), **given)
    assert error.value.code == code


@pytest.mark.parametrize("trainer", [trainer.name for trainer in list_trainers()])
def test_another_trainer_learns_the_same(data, tokenizer, trainer):
    result = preview("chat", dataset_dir=data, tokenizer=tokenizer, trainer=trainer)
    assert [row.elsewhere for row in result.rows] == [f"{trainer}: the same ids and labels"] * 2
    assert f"{trainer}: the same" in result._repr_html_()
    assert summarise_preview(result)["rows"][0]["elsewhere"]


def test_what_another_trainer_cannot_be_given_is_said(data, tokenizer):
    config = data / "train.yaml"
    config.write_text("template: qwen3\nenable_thinking: null\ncutoff_len: 40\n")
    result = preview("chat", dataset_dir=data, tokenizer=tokenizer, config=config, trainer="ms-swift")
    assert (
        result.rows[0].elsewhere
        == "ms-swift: no row is written: cutoff_len truncates it, but messages are whole"
    )
    assert preview("chat", dataset_dir=data, tokenizer=tokenizer).rows[0].elsewhere == ""


def test_an_unknown_trainer_is_refused(data, tokenizer):
    with pytest.raises(UsageError) as error:
        preview("chat", dataset_dir=data, tokenizer=tokenizer, trainer="trll")
    assert error.value.code == "unknown_trainer"
