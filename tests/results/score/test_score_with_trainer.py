"""The figures for both parts are those of the trainer's metric on made tokens; tests/evaluate has a run."""

import pytest

from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.results.score import Prediction, score_predictions
from tests.needs import require

pytestmark = pytest.mark.llamafactory
require("llamafactory", "dashscope", "jieba", "rouge_chinese", "nltk")

MADE = {
    "well formed": (frame("看血压。", "少吃盐。") + "<|im_end|>", frame("看血压。", "少吃盐，多运动。")),
    "unclosed": ("<think>\n看血压", frame("看血压。", "少吃盐。")),
    "nothing": ("<|im_end|>", "少吃盐。"),
    "a new turn": ("Eat less salt.<|im_start|>", "Eat less salt."),
    "a tool call": ('<tool_call>\n{"name": "f"}\n</tool_call><|im_end|>', "Done."),
}


@pytest.mark.parametrize(("predict", "label"), MADE.values(), ids=MADE.keys())
def test_the_metric_on_tokens_is_ours_on_the_text_of_those_tokens(trainer_tokenizer, predict, label):
    """With `skip_special_tokens: false` the file holds what the metric never sees."""
    tokenizer, np = trainer_tokenizer, pytest.importorskip("numpy")
    transformers = pytest.importorskip("transformers")
    metric = pytest.importorskip("llamafactory.train.sft.metric")
    ids = [tokenizer.encode(text, add_special_tokens=False) for text in (predict, f"{label}<|im_end|>\n")]
    padded = [np.array([one + [tokenizer.pad_token_id] * 3]) for one in ids]
    theirs = metric.ComputeSimilarity(tokenizer)(
        transformers.EvalPrediction(predictions=padded[0], label_ids=padded[1])
    )
    for skip in (True, False):
        texts = [tokenizer.decode(row[0], skip_special_tokens=skip) for row in padded]
        ours = score_predictions([Prediction("p", texts[0], texts[1], 1)], workers=1).metrics["both"]
        assert {name: values[0] for name, values in ours.items()} == theirs
