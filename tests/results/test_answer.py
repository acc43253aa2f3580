"""`lf-qwen3 answer`: the prompts of the trainer's predictions, answered by a server on this machine."""

import json
from pathlib import Path

import pytest

from lf_qwen3.results import answer
from tests.results.answer_rows import ROWS


def test_the_same_prompts_get_new_answers(lf, server):
    code, out, _ = lf("--url", server.url)
    assert (code, out) == (0, "3 answers in q4/generated_predictions.jsonl\n")
    written = [
        json.loads(line) for line in Path("q4/generated_predictions.jsonl").read_text("utf-8").splitlines()
    ]
    assert [(row["prompt"], row["label"]) for row in written] == [
        (row["prompt"], row["label"]) for row in ROWS
    ]
    assert [row["predict"] for row in written] == [row["prompt"].upper() for row in ROWS]


def test_the_server_is_asked_with_the_sampling_of_the_yaml(lf, server):
    lf("--url", server.url + "/", "--rows", "1", seed=7, repetition_penalty=1.1)
    assert server.asked == [
        (
            "/completion",
            {
                "model": "my.gguf",
                "prompt": ROWS[0]["prompt"],
                "n_predict": 64,
                "temperature": 0.6,
                "top_p": 0.95,
                "top_k": 20,
                "repeat_penalty": 1.1,
                "min_p": 0.0,
                "seed": 7,
                "stream": False,
            },
        )
    ]


def test_greedy_decoding_takes_the_likeliest():
    body = answer.request_body({"do_sample": False, "temperature": 0.6, "top_k": 20})
    assert (body["temperature"], body["top_k"]) == (0.0, 1)


def test_answers_that_were_cut_are_counted(lf, server):
    server.reply = lambda asked: (
        200,
        {"content": "x", "stop_type": "limit" if "q1" in asked["prompt"] else "eos"},
    )
    code, out, err = lf("--url", server.url, "--json")
    assert code == 0
    counts = {"rows": 3, "cut": 1, "kept": 0, "interrupted": False}
    assert json.loads(out) == {"file": "q4/generated_predictions.jsonl", **counts}
    _, _, err = lf("--url", server.url)
    assert "1 of them are truncated" in err
    server.reply = lambda asked: (200, {"content": "x", "stop_type": "eos"})
    _, out, err = lf("--url", server.url, "--fresh", "--json")
    assert json.loads(out)["cut"] == 0


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ((503, {"error": "Loading model"}), "503 "),
        ((200, {"choices": []}), "not a reply of a model"),
        ((200, "<html>"), "not a reply of a model"),
    ],
    ids=["still loading", "another server", "no JSON"],
)
def test_a_server_that_does_not_answer(lf, server, reply, message):
    server.reply = lambda asked: reply
    code, out, err = lf("--url", server.url)
    assert (code, out) == (1, "")
    assert message in err
    assert "Traceback" not in err
    assert not Path("q4/generated_predictions.jsonl").exists()


def test_no_server_at_all(lf):
    code, _, err = lf("--url", "http://127.0.0.1:9")
    assert code == 1
    assert "llama-server -m FILE.gguf" in err


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"do_predict": None}, "p.yaml predicts nothing"), ({"output_dir": "nowhere"}, "nowhere")],
    ids=["no predict YAML", "not run yet"],
)
def test_a_yaml_without_predictions(lf, settings, message):
    code, _, err = lf(**settings)
    assert code == 2
    assert message in err
