"""distil as a command, as batch files, and without a socket."""

import json
from pathlib import Path

import pytest

from lf_qwen3.data.generate.batch import export_batch
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.distil import estimate_requests, export_requests
from lf_qwen3.data.generate.journal import Journal
from lf_qwen3.data.generate.options import DistilOptions, ServerOptions
from tests.data.generate.conftest import ask
from tests.data.generate.distilled import ROWS, obey, read, write


def test_a_batch_goes_out_and_comes_back(run, server, tmp_path):
    source = write(tmp_path / "source.jsonl", ROWS)
    options = DistilOptions((source,), tmp_path / "out")
    place = ServerOptions("http://127.0.0.1:1/v1", "m", dialect="vllm")
    batch = export_requests(options, place, tmp_path / "batch.jsonl")
    lines = read(batch.files[0])
    assert (len(batch.files), batch.requests, len(lines)) == (1, 3, 3)
    assert (lines[0]["method"], lines[0]["url"], "stream" in lines[0]["body"]) == (
        "POST",
        "/v1/chat/completions",
        False,
    )
    message = {"role": "assistant", "reasoning_content": "Let me see.", "content": "So we get 42."}
    body = {"choices": [{"message": message, "finish_reason": "stop"}]}
    done = [
        {"custom_id": lines[0]["custom_id"], "response": {"status_code": 200, "body": body}},
        {"custom_id": lines[1]["custom_id"], "error": {"code": "x"}},
    ]
    report = run(dialect="vllm", batch_import=(Path(write(tmp_path / "done.jsonl", done)),))
    assert (report.kept, report.unanswered, report.sent, len(server.bodies)) == (1, 2, 0, 0)
    assert len(report.warnings) == 1
    assert export_requests(options, place, tmp_path / "rest.jsonl").requests == 2


def test_a_batch_is_split_where_it_is_too_long(tmp_path):
    with Journal(tmp_path / "j.journal.jsonl") as journal:
        files, count = export_batch(map(ask, "abcde"), journal, tmp_path / "batch.jsonl", most_lines=2)
    assert ([file.name for file in files], count) == (["batch.jsonl", "batch-2.jsonl", "batch-3.jsonl"], 5)


def test_a_dry_run_opens_no_socket_and_counts_what_would_be_sent(tmp_path):
    source = write(tmp_path / "source.jsonl", ROWS)
    options = DistilOptions((source,), tmp_path / "out", samples=2, max_new_tokens=100)
    place = ServerOptions("http://127.0.0.1:1/v1", "m", budget=Budget(price=(1_000_000, 10_000)))
    estimate = estimate_requests(options, place)
    assert (estimate.requests, estimate.most_out, estimate.first["messages"][0]["content"]) == (
        6,
        600,
        ROWS[0]["question"],
    )
    assert estimate.most_cost == pytest.approx(estimate.tokens_in + 6)
    assert not (tmp_path / "out").exists()


def test_the_command(server, tmp_path, lf):
    server.script = obey
    source = write(tmp_path / "source.jsonl", ROWS)
    command = ["distil", source, "--url", server.url, "--model", "m", "--to", str(tmp_path / "out")]
    code, _, err = lf(*command, "--modes", "both", "--max-requests", "5")
    assert code == 1
    assert "stopped at --max-requests" in err
    assert "no --held-out" in err
    code, out, _ = lf(*command, "--modes", "both", "--json")
    assert (code, json.loads(out)["kept"]) == (0, 6)
    assert "0 requests" in lf(*command, "--dry-run")[1]
    assert "2 of 3 rows can be compared" in lf(*command)[1]
    assert lf(*command, "--again", "nonsense")[0] == 2
