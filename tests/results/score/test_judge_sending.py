"""A judge at a server: asked once about each row, and its verdicts read as those of a batch."""

import json

import pytest

from lf_qwen3.base.errors import UsageError
from lf_qwen3.qwen3.thinking import frame
from lf_qwen3.results.score import score
from tests.data.generate.scripted_server import Scripted, ScriptedServer, http, question_of, stream

pytest.importorskip("numpy", reason="part of the eval extra")
PROMPT = "<|im_start|>user\nWhat helps?<|im_end|>\n<|im_start|>assistant\n"


def write(folder, *answers):
    folder.mkdir()
    rows = [{"prompt": PROMPT, "predict": frame("secret", text), "label": "Sleep."} for text in answers]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "generated_predictions.jsonl").write_text(lines)
    return folder


def test_a_judge_is_asked_once_about_each_row(tmp_path):
    def script(body, tries):
        if "Walk" in question_of(body):
            return Scripted(http(400, "no"))
        return Scripted(stream('{"reason": "fine", "score": 8}'))

    run = write(tmp_path / "run", "Sleep.", "Salt.", "Walk.")
    with ScriptedServer(script) as server:
        for _ in range(2):
            report = score(run, judge_url=server.url, judge_model="j")
            assert report.judgements.grades == [8, 8, None]
            assert report.judgements.missing == 1
        assert len(server.bodies) == 3
        assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": False}
        assert not any("secret" in question_of(body) for body in server.bodies)
    again = score(run, judge_import=run / "judge.jsonl")
    assert again.judgements.grades == [8, 8, None]


def test_pairs_are_judged_in_both_orders(tmp_path):
    with ScriptedServer(lambda body, tries: Scripted(stream('{"better": "1"}'))) as server:
        ours, other = write(tmp_path / "ours", "Sleep."), write(tmp_path / "other", "Salt.")
        report = score(ours, judge_url=server.url, judge_model="j", judge_against=other)
    assert (len(server.bodies), report.judgements.outcomes) == (2, ["tie"])


@pytest.mark.parametrize(
    ("options", "code"),
    [({}, "option_missing"), ({"judge_model": "j", "judge_import": "x"}, "option_conflict")],
)
def test_options_that_do_not_go_together(tmp_path, options, code):
    with pytest.raises(UsageError) as error:
        score(write(tmp_path / "run", "Sleep."), judge_url="http://127.0.0.1:9", **options)
    assert error.value.code == code
