"""Write prediction files by hand, as the trainer of LLaMA-Factory writes them."""

import json
from pathlib import Path

from lf_qwen3.qwen3.thinking import frame

QUESTION = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
WORDS = ["血压", "高", "时", "少", "吃", "盐", "每天", "运动", "半小时", "按时", "服药", "定期", "复查"]


def row(number, predict, label, prompt=None):
    return {"prompt": prompt or QUESTION.format(f"问题{number}"), "predict": predict, "label": label}


def write(folder: Path, rows) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
    (folder / "generated_predictions.jsonl").write_text(lines, "utf-8")
    return folder


def sentence(number, words):
    """Return the first `words` words, beginning at another one for every row."""
    at = number % len(WORDS)
    return "".join((WORDS[at:] + WORDS[:at])[:words]) + "。"


def label(number):
    return frame(f"想一想{number}", sentence(number, 12)) if number % 3 else sentence(number, 12)


def answered(number, words):
    """Return an answer that says `words` of the twelve words of the reference."""
    text = sentence(number, words)
    return frame(f"想一想{number}", text) if number % 3 else text


def pair(folder: Path, base=4, tuned=9, rows=30):
    """Write a base and a tuned run; the tuned one says more of the reference."""
    numbers = range(rows)
    return (
        write(folder / "predict_base", [row(n, answered(n, base), label(n)) for n in numbers]),
        write(folder / "predict_tuned", [row(n, answered(n, tuned), label(n)) for n in numbers]),
    )
