"""`evaluate --url`: a server that has both models loaded writes the files that the trainer would write."""

import json

import pytest

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data.generate import gate
from lf_qwen3.data.generate.dialects import DIALECTS
from lf_qwen3.data.generate.options import ServerOptions
from lf_qwen3.results.evaluate import Served, evaluate
from lf_qwen3.results.evaluate.served import build_completion
from lf_qwen3.results.score import read
from tests.data.generate.scripted_server import Scripted, ScriptedServer, http

pytest.importorskip("numpy", reason="part of the eval extra")


def complete(body, tries, finish="stop"):
    text = "Eat less salt." if body["model"] == "tuned" else "Eat more."
    return Scripted(http(200, {"choices": [{"text": text, "finish_reason": finish}]}))


@pytest.fixture
def served_out(out, small_tokenizer, monkeypatch):
    """Return a recipe's folder whose rows and tokenizer are here."""
    monkeypatch.setattr(gate, "LONGEST_WAIT", 0.02)
    folder = small_tokenizer if small_tokenizer.is_dir() else small_tokenizer.parent
    entry = {"my_test": {"file_name": "test.jsonl", "columns": {"prompt": "q", "response": "a"}}}
    rows = [{"q": f"What helps {number}?", "a": "Eat less salt."} for number in range(3)]
    (out / "data" / "dataset_info.json").write_text(json.dumps(entry))
    (out / "data" / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("base", "tuned"):
        yaml = out / f"predict_{name}.yaml"
        yaml.write_text(yaml.read_text().replace("Qwen/Qwen3-4B", str(folder)) + "template: qwen3\n")
    return out


def test_a_server_predicts_with_both_models(served_out):
    with ScriptedServer(complete) as server:
        served = Served(ServerOptions(server.url, "base"), "tuned")
        evaluation = evaluate(served_out, served=served)
        assert [yaml.name for yaml in evaluation.predicted] == ["predict_base.yaml", "predict_tuned.yaml"]
        assert [body["model"] for body in server.bodies].count("tuned") == 3
        assert server.bodies[0]["max_tokens"] == 32
        assert evaluate(served_out, served=served).predicted == []
        assert len(server.bodies) == 6
    rows = read(served_out / "predict_tuned")
    assert [row.predict for row in rows] == ["Eat less salt."] * 3
    assert all(row.label.strip().endswith("Eat less salt.") for row in rows)
    assert rows[0].prompt == "<|im_start|>user\nWhat helps 0?<|im_end|>\n<|im_start|>assistant\n"


def test_a_row_without_an_answer_stops_and_the_others_are_kept(served_out):
    with ScriptedServer() as server:
        server.script = lambda body, tries: (
            Scripted(http(500, "x")) if "2?" in body["prompt"] else complete(body, tries)
        )
        served = Served(ServerOptions(server.url, "base"), "tuned")
        with pytest.raises(LfQwen3Error) as error:
            evaluate(served_out, served=served)
        assert error.value.code == "server_error"
        assert not (served_out / "predict_base" / "generated_predictions.jsonl").exists()
        server.script = lambda body, tries: complete(body, tries, "length")
        server.sent.clear()
        notes = evaluate(served_out, served=served).notes
    assert [note.partition(": ")[2][:9] for note in notes] == ["1 answers", "3 answers"]


def test_the_sampling_is_that_of_the_yaml():
    vllm, openai = DIALECTS["vllm"], DIALECTS["openai"]
    body = build_completion({"temperature": 0.6, "max_new_tokens": 9, "seed": 7}, "m", vllm)
    assert body == {"model": "m", "max_tokens": 9, "temperature": 0.6, "top_p": 0.7, "top_k": 50, "seed": 7}
    greedy = build_completion({"do_sample": False, "repetition_penalty": 1.1}, "m", openai)
    assert (greedy["temperature"], "top_k" in greedy, greedy["repetition_penalty"]) == (0.0, False, 1.1)
