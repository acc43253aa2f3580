"""Reading predictions: what the trainer writes is read, everything else is named with file and line."""

import json

import pytest

from lf_qwen3.base.errors import LfQwen3Error, UsageError
from lf_qwen3.results.score import Prediction, read

ROW = {"prompt": "p", "predict": "a\u2028b", "label": "l"}
LINE = json.dumps(ROW, ensure_ascii=False)


def written(folder, text, name="generated_predictions.jsonl"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_line_separator_inside_a_text_ends_no_row(tmp_path):
    assert read(written(tmp_path, f"{LINE}\n\n{LINE}\n")) == [
        Prediction("p", "a\u2028b", "l", 1),
        Prediction("p", "a\u2028b", "l", 3),
    ]


def test_a_folder_stands_for_the_file_in_it(tmp_path):
    written(tmp_path, f"{LINE}\n")
    assert read(tmp_path)[0].label == "l"


def test_a_byte_order_mark_and_windows_line_ends_are_passed_over(tmp_path):
    assert len(read(written(tmp_path, b"\xef\xbb\xbf" + f"{LINE}\r\n{LINE}\r\n".encode()))) == 2


def without(key):
    return json.dumps({name: value for name, value in ROW.items() if name != key})


BROKEN = {
    "empty": ("", "file_empty", ""),
    "blank lines only": ("\n \n", "file_empty", ""),
    "cut short": (f"{LINE}\n{LINE[:-9]}", "file_cut_short", ":2: "),
    "no JSON in the middle": (f"{LINE}\nStep 3 of 4\n{LINE}\n", "not_predictions", ":2: "),
    "bytes that are no UTF-8": (b'{"prompt": "\xff"}\n', "not_predictions", ":1: "),
    "a JSON array": (f"[{LINE}]\n", "not_predictions", ":1: "),
    "training data": (
        '{"instruction": "q", "output": "a"}\n',
        "not_predictions",
        "keys: instruction,",
    ),
    "no label": (without("label") + "\n", "not_predictions", "keys: prompt, predict)"),
    "null": (json.dumps({**ROW, "predict": None}) + "\n", "not_predictions", ":1: 'predict' is null"),
    "a list": (json.dumps({**ROW, "label": ["l"]}) + "\n", "not_predictions", ":1: 'label' is a list"),
}


@pytest.mark.parametrize(("text", "code", "fact"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_wrong_is_said(tmp_path, text, code, fact):
    with pytest.raises(LfQwen3Error) as caught:
        read(written(tmp_path, text))
    assert caught.value.code == code
    assert fact in caught.value.message
    assert "generated_predictions.jsonl" in caught.value.message
    assert "predict YAML" in caught.value.hint


def test_a_folder_without_predictions_names_those_below_it(tmp_path):
    (tmp_path / "predict_base").mkdir()
    written(tmp_path / "predict_base", f"{LINE}\n")
    with pytest.raises(UsageError) as caught:
        read(tmp_path)
    assert caught.value.code == "no_predictions"
    assert str(tmp_path / "predict_base") in caught.value.hint


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError) as caught:
        read(tmp_path / "nothing")
    assert caught.value.code == "file_missing"
