"""KTO data reach the trainer's FeedbackDatasetProcessor with their labels the right way round."""

import dataclasses
import json
from types import SimpleNamespace

import pytest

from lf_qwen3.data.convert.convert import convert
from lf_qwen3.data.convert.options import ConvertOptions
from lf_qwen3.proof.preview import preview
from lf_qwen3.qwen3.thinking import frame
from tests.needs import require

pytestmark = pytest.mark.llamafactory

ROWS = [
    {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": frame("A greeting.", "Hello.")},
            {"role": "user", "content": "How tall is it?"},
            {"role": "assistant", "content": frame("Measured.", "Two metres.")},
        ],
        "label": True,
    },
    {
        "messages": [
            {"role": "user", "content": "How old is it?"},
            {"role": "assistant", "content": "Go away."},
        ],
        "label": False,
    },
]


@pytest.fixture
def feed(small_tokenizer, tmp_path):
    """Return what the trainer feeds for KTO data registered in `tmp_path`, row by row."""
    require("llamafactory")
    from llamafactory.data.loader import _load_single_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.data.processor import FeedbackDatasetProcessor
    from llamafactory.data.template import TEMPLATES
    from llamafactory.hparams import DataArguments
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(small_tokenizer)
    data_args = DataArguments(dataset_dir=str(tmp_path), template="qwen3", mask_history=True)
    template = dataclasses.replace(TEMPLATES["qwen3"], enable_thinking=None)

    def fed(name):
        (attributes,) = get_dataset_list([name], str(tmp_path))
        model = SimpleNamespace(cache_dir=str(tmp_path / "cache"), hf_hub_token=None)
        training = SimpleNamespace(local_process_index=0, seed=42)
        rows = _load_single_dataset(attributes, model, data_args, training)
        processor = FeedbackDatasetProcessor(
            template=template, tokenizer=tokenizer, processor=None, data_args=data_args
        )
        made = processor.preprocess_dataset(rows.to_dict())
        learnt = [tokenizer.decode([token for token in labels if token >= 0]) for labels in made["labels"]]
        return made, learnt

    return fed


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_labels_and_answers_reach_the_trainer(tmp_path, feed, small_tokenizer, format):
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    convert(ConvertOptions((str(source),), "set", tmp_path, format=format))
    made, learnt = feed("set_train")
    by_label = dict(zip(made["kto_tags"], learnt, strict=True))
    assert by_label[True].startswith(frame("Measured.", "Two metres."))
    assert by_label[False].startswith("Go away.")
    shown = preview("set", dataset_dir=tmp_path, tokenizer=small_tokenizer)
    assert not any(row.problem for row in shown.rows)
    renderings = [row.renderings[0] for row in shown.rows]
    assert [rendering.side for rendering in renderings] == [
        "good" if label else "bad" for label in made["kto_tags"]
    ]
    assert [rendering.encoded.input_ids for rendering in renderings] == made["input_ids"]
    assert [rendering.encoded.labels for rendering in renderings] == made["labels"]
