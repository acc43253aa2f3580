"""What a trainer makes of a written row is what LLaMA-Factory learns of the record."""

import json
from pathlib import Path

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.recipes.trainers import messages, rows
from lf_qwen3.recipes.trainers.data_file import RowsFile, read_feeds, write_rows
from lf_qwen3.recipes.trainers.records import LeftOut, find_datasets, render_rows
from lf_qwen3.recipes.trainers.rows import UnwritableError

SETTINGS = {"template": "qwen3", "enable_thinking": None, "mask_history": True, "cutoff_len": 2048}
FORMS = {
    "tokens": rows.TOKENS,
    "mask": rows.MASKED_TOKENS,
    "segments": rows.SEGMENTS,
    "messages": messages.MESSAGES,
}
PAIR_FORMS = {"raw": rows.RAW_PAIRS, "text": rows.TEXT_PAIRS, "messages": messages.MESSAGES}


def render(tokenizer, name="chats", stage="sft", **settings):
    dataset = find_datasets([f"{name}_train"], "data", stage)[0]
    return list(render_rows(dataset, SETTINGS | settings, tokenizer))


def read_again(form, row, tokenizer):
    return read_feeds(form, [json.loads(json.dumps(form.write(row, tokenizer)))], tokenizer)[0]


@pytest.mark.parametrize("thinking", [None, True, False])
@pytest.mark.parametrize("masked", [True, False], ids=["last answer", "all answers"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_row_feeds_the_ids_and_labels_of_its_record(data, tokenizer, form, masked, thinking):
    rendered = render(tokenizer, enable_thinking=thinking, mask_history=masked)
    assert len(rendered) == 8
    for row in rendered:
        assert read_again(form, row, tokenizer) == list(row.sides)


@pytest.mark.parametrize(("name", "stage"), [("pairs", "dpo"), ("marks", "kto")])
@pytest.mark.parametrize("form", PAIR_FORMS.values(), ids=PAIR_FORMS)
def test_a_pair_feeds_both_sides_and_keeps_its_label(data, tokenizer, form, name, stage):
    for row in render(tokenizer, name, stage):
        assert read_again(form, row, tokenizer) == [form.fit(side, tokenizer) for side in row.sides]
        assert form.write(row, tokenizer).get("label") == row.label


@pytest.mark.parametrize(
    ("form", "fits"), [(form, name != "messages") for name, form in FORMS.items()], ids=FORMS
)
def test_a_row_that_is_cut_is_cut_as_llama_factory_cuts_it(data, tokenizer, form, fits):
    row = render(tokenizer, cutoff_len=40)[-1]
    assert len(row.sides[0].input_ids) == 40
    if fits:
        assert read_again(form, row, tokenizer) == list(row.sides)
    else:
        with pytest.raises(UnwritableError, match="cutoff_len"):
            form.write(row, tokenizer)


def test_messages_say_what_is_in_the_loss(data, tokenizer):
    written = [messages.MESSAGES.write(row, tokenizer)["messages"] for row in render(tokenizer)]
    answers = [
        [(said["content"], said["loss"], said.get("loss_scale")) for said in row if "loss" in said]
        for row in written
    ]
    assert answers[1] == [("<think>\n\n</think>\n\nApple.", True, None)]
    assert answers[2] == [("<think>\n\n</think>\n\nOak.", True, 1.0)]
    assert [loss for _, loss, _ in answers[3]] == [False, True]
    assert written[5][0]["content"].startswith("Be terse.\n\n# Tools")


def test_text_that_ms_swift_takes_for_a_file_is_left_out(data, tokenizer):
    row = render(tokenizer)[1]
    ids = tokenizer.encode("<|im_start|>user\nsee <image><|im_end|>\n").ids
    taken = row.sides[0]._replace(
        input_ids=ids + row.sides[0].input_ids, labels=[-100] * len(ids) + row.sides[0].labels
    )
    with pytest.raises(UnwritableError, match="<image>"):
        messages.MESSAGES.write(row._replace(sides=(taken,)), tokenizer)


def test_a_row_whose_text_gives_other_tokens_is_counted_and_not_written(data, qwen_tokenizer, tmp_path):
    """A form that loses the newline behind <|im_end|> does not pass for one that keeps it."""
    lossy = rows.RowForm(
        lambda row, tokenizer: {
            "segments": [
                {"label": s["label"], "text": s["text"].rstrip("\n")}
                for s in rows.SEGMENTS.write(row, tokenizer)["segments"]
            ]
        },
        rows.SEGMENTS.read,
    )
    datasets = tuple(find_datasets(["chats_train"], "data", "sft"))
    with pytest.raises(LfQwen3Error) as error:
        write_rows(RowsFile(tmp_path / "x.jsonl", datasets, lossy, SETTINGS, qwen_tokenizer))
    assert error.value.code == "no_records"
    assert "other tokens" in error.value.hint
    assert not list(tmp_path.glob("*x.jsonl*"))


def test_a_file_without_a_record_says_so(data, qwen_tokenizer, tmp_path):
    datasets = tuple(find_datasets(["chats_train"], "data", "sft"))
    path = tmp_path / "validation.jsonl"
    with pytest.raises(LfQwen3Error) as error:
        write_rows(RowsFile(path, datasets, rows.SEGMENTS, SETTINGS, qwen_tokenizer, step=99, is_val=True))
    assert error.value.code == "no_records"
    assert "validation.jsonl" in error.value.message
    assert "--val" in error.value.hint


def test_a_record_that_llama_factory_drops_is_left_out_with_its_reason(data, tokenizer):
    file = Path("data/chats_train.jsonl")
    file.write_text('{"conversations": [{"from": "human", "value": "Hi"}]}\nnot json\n' + file.read_text())
    rendered = render(tokenizer)
    assert [isinstance(row, LeftOut) for row in rendered[:3]] == [True, True, False]
    assert "alternate" in rendered[0]
