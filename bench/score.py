"""Compare scoring with what the trainer's metric libraries take for the same metrics on the same rows.

    python bench/score.py [--rows 32] [--rounds 5] [--all 10000] [--workers 2]

A row is 1,000 characters of prediction and of label, thinking and answer, in Chinese or English, made from a
seed. `libraries` is the inner loop of LLaMA-Factory's ComputeSimilarity (jieba, rouge-chinese, nltk) over
both parts together; `parts` the same over answer, thinking and both, as score does; `without rouge` leaves
out rouge-chinese, whose longest common subsequence takes most of the time. All run in as many processes. Ours
also looks for the defects. The few rows of a round are enough for the libraries (about an hour for 10,000);
`--all` rows are then scored once by ours alone, intervals included.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import time
from functools import partial

from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.results import score as scoring
from lf_qwen3.results.score import Prediction
from lf_qwen3.results.score.rows import score_rows, split_prediction
from lf_qwen3.results.score.similarity import load_cutter

CHINESE = (
    *("患者", "血压", "升高", "建议", "每天", "监测", "控制", "饮食", "减少", "食盐", "摄入", "药物", "治疗"),
    *("医生", "检查", "结果", "可能", "因为", "所以", "如果", "需要", "注意", "症状", "，", "。", "的", "了"),
)
ENGLISH = ("the", "a", "model", "data", "of", "and", "to", "row", "answer", "because", "loss", ".", ",")
LENGTH = 1000
CHUNK = 4


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rows", type=int, default=32)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--all", type=int, default=10_000)
    arguments.add_argument("--workers", type=int, default=2)
    options = arguments.parse_args()
    load_cutter()
    rows = [made(number) for number in range(options.rows)]
    require_same(rows[:4])
    rivals = {"libraries": whole, "parts": by_part, "without rouge": partial(whole, rouge=False)}
    ratios = {name: [] for name in rivals}
    for _ in range(options.rounds):
        ours = timed(score_rows, rows, options.workers)
        for name, work in rivals.items():
            ratios[name].append(ours / timed(in_processes, work, rows, options.workers))
    result = {
        "rows": options.rows,
        "rounds": options.rounds,
        "workers": options.workers,
        "ours_ms_a_row": round(1000 * ours / options.rows, 2),
        "ratio": {name: round(statistics.median(found), 3) for name, found in ratios.items()},
        "bar": 1.3,
    }
    many = [made(number) for number in range(options.all)]
    seconds = timed(partial(scoring.score_predictions, workers=options.workers), many)
    print(json.dumps(result | {"all_rows": options.all, "all_seconds": round(seconds, 1)}))


def made(number: int) -> Prediction:
    """Return one row; the prediction shares two thirds of its words with the label."""
    random_of = random.Random(number)
    words, glue = (CHINESE, "") if number % 4 else (ENGLISH, " ")
    label = random_of.choices(words, k=LENGTH)
    predict = [word if random_of.random() < 0.66 else random_of.choice(words) for word in label]
    texts = [framed(glue.join(one)) for one in (predict, label)]
    return Prediction(
        "<|im_start|>user\n高血压怎么办？<|im_end|>\n<|im_start|>assistant\n", *texts, number + 1
    )


def framed(text: str) -> str:
    whole = frame(text[: LENGTH // 2], text[LENGTH // 2 : LENGTH])
    return whole[:LENGTH]


def whole(row: Prediction, rouge: bool = True) -> dict[str, float]:
    return trainer(row.predict, row.label, rouge)


def by_part(row: Prediction) -> None:
    predict, label = split_prediction(row)
    trainer(predict.answer, label.answer)
    trainer(predict.thinking, label.thinking)
    trainer(row.predict, row.label)


def trainer(predict: str, label: str, rouge: bool = True) -> dict[str, float]:
    """Compute what llamafactory/train/sft/metric.py computes for one row, with its libraries."""
    import jieba
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
    from rouge_chinese import Rouge

    words = [" ".join(jieba.cut(text)) for text in (predict, label)]
    found = {}
    if rouge:
        found = {name: value["f"] for name, value in Rouge().get_scores(*words)[0].items()}
    found["bleu-4"] = sentence_bleu(
        [list(label)], list(predict), smoothing_function=SmoothingFunction().method3
    )
    return {name: round(value * 100, 4) for name, value in found.items()}


def require_same(rows: list[Prediction]) -> None:
    """Compare only what is equal."""
    for row, ours in zip(rows, score_rows(rows, 1), strict=True):
        assert ours.metrics["both"] == whole(row), row.row


def in_processes(work, rows: list[Prediction], workers: int) -> None:
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for _ in pool.imap(work, rows, CHUNK):
            pass


def timed(work, *arguments) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
