"""The commands of RUN.md and of docs/generate.md, one after the other, asked of a server."""

import json
import re
import shlex
from pathlib import Path

import pytest

from lf_qwen3.data.generate.rating import CRITERIA
from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.new import plan_recipe_set
from tests.data.generate.distilled import obey, read, write
from tests.data.generate.scripted_server import Scripted, question_of, stream

DOCS = Path(__file__).parents[3] / "docs/generate.md"
ROWS = [{"question": f"What is {n} plus {n}, please?", "answer": str(2 * n)} for n in range(40)]
FEW = {"URL": "", "MODEL": "m", "1500": "4", "4": "2"}
"""What stands in place of a word of a command."""


def model(body, tries):
    """Rate by whether the sum is right, write questions that are new, and add up."""
    system, asked = body["messages"][0]["content"], question_of(body)
    if system.startswith("You rate"):
        number, answer = map(int, re.search(r"is (\d+) plus.*?\n(\d+)\n", asked, re.DOTALL).groups())
        score = 5 if answer == 2 * number else 1
        return Scripted(stream(json.dumps({name: {"reason": "so", "score": score} for name in CRITERIA})))
    if system.startswith("You write"):
        number = body["seed"]
        text = f"How many wheels have {number * 7919} carts of the {number**5} towns beside river {number}?"
        return Scripted(stream(json.dumps({"question": text})))
    if system.startswith("You compare"):
        return Scripted(stream('{"new": true}'))
    addend = re.search(r"is (\d+) plus", asked)
    return obey(body, answer=f"It is {2 * int(addend[1])}." if addend else "There are four on each of them.")


@pytest.fixture
def run_lines(server, tmp_path, monkeypatch, lf):
    """Return a function that runs lines of lf-qwen3 in a folder with rows, and returns their commands."""
    server.script = model
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "mine.jsonl", ROWS)
    labels = "".join(f"{n + 1},{5 if n % 2 else 3}\n" for n in range(40))
    (tmp_path / "labels.csv").write_text(f"row,label\n{labels}")

    def run(lines):
        ran = []
        for line in lines:
            words = [FEW.get(word, word) for word in shlex.split(line)[1:]]
            for place, word in enumerate(words):
                if word == "--url":
                    words[place + 1 : place + 2] = [server.url, "--dialect", "vllm"]
            code, out, err = lf(*words)
            assert code == 0, (line, out, err)
            ran.append(words[0])
        return ran

    return run


def test_the_five_commands_of_a_book(run_lines, tmp_path):
    run_lines(["lf-qwen3 convert mine.jsonl --name mine --dataset-dir data --test 0.1"])
    book = plan_recipe_set(RecipeChoice("qwen3-4b-lora-sft", "mine", "data", "runs/mine")).texts[
        Path("runs/mine/RUN.md")
    ]
    block = book.partition("## More data from a model")[2].split("```bash\n")[1].partition("```")[0]
    ran = run_lines([line for line in block.splitlines() if line.startswith("lf-qwen3")])
    assert ran == ["rate", "augment", "distil", "convert", "check"]
    rows = read(tmp_path / "data/mine_more_train.jsonl")
    assert len(rows) > 40
    assert {
        row["meta"]["method"]
        for name in ("augmented", "distilled")
        for row in read(tmp_path / name / "rows.jsonl")
    } == {"evol", "distil"}


def test_the_commands_of_the_page(run_lines, tmp_path):
    text = DOCS.read_text("utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    asked = [line for line in lines if re.match(r"lf-qwen3 (convert|distil|recipe|rate|augment)\b", line)]
    assert run_lines(asked) == [
        *("convert", "distil", "convert", "recipe", "rate", "convert", "augment", "convert"),
    ]
    assert (tmp_path / "runs/mixed/train.yaml").is_file()
