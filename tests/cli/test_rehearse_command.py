"""`lf-qwen3 rehearse` as it is typed: the verdict on stdout, the progress on stderr, the exit codes."""

import json

import pytest

from lf_qwen3.cli import _output, cli
from lf_qwen3.proof import rehearse
from lf_qwen3.proof.rehearse import RehearsalAnswer, RehearsalChange, RehearsalFault, RehearsalVerdict

PASSED = RehearsalVerdict(
    "train.yaml",
    method="lora sft",
    model="a tiny dense Qwen3 (by the name, Qwen/Qwen3-4B)",
    tokenizer="models/Qwen3-4B",
    datasets=["mine_train"],
    records=62,
    steps=10,
    losses=[13.1254, 12.5],
    eval_loss=12.75,
    answers=[RehearsalAnswer("<|im_start|>user\n问\n", "noise\x1b[31m"), RehearsalAnswer("second", "more")],
    changes=[
        RehearsalChange("off", "bf16", True, None, "needs a GPU"),
        RehearsalChange("off", "optim", "paged_adamw_8bit", "adamw_torch", "its kernels run on a GPU only"),
        RehearsalChange("short", "cutoff_len", 8192, 2048, "2048 at most"),
    ],
    notes=["mine_train: the trainer drops 2 of 64 rows, the first at data/a.jsonl:4: no answer"],
    seconds=51.2,
)
FAILED = RehearsalVerdict(
    "train.yaml",
    changes=PASSED.changes[:1],
    fault=RehearsalFault("a.jsonl:5 stops the trainer: null", "look", "dataset", 7, "mine", "a.jsonl", 5),
    folder="/tmp/kept",
    log="/tmp/kept/train.log",
)


@pytest.fixture
def lf(capsys, monkeypatch):
    """Return a function that runs `rehearse` to a given verdict: exit code, stdout, stderr, the request."""

    def run(verdict, *args):
        asked = []
        monkeypatch.setattr(rehearse, "rehearse", lambda request, voice: asked.append(request) or verdict)
        code = _output.run(lambda: cli(["rehearse", "train.yaml", *args], standalone_mode=False))
        captured = capsys.readouterr()
        return code, captured.out, captured.err, asked[0]

    return run


def test_a_pass_is_told_in_a_few_lines(lf):
    code, out, err, _ = lf(PASSED)
    assert code == 0
    assert out.splitlines() == [
        "passed: train.yaml in 51 seconds",
        "  method        lora sft",
        "  model         a tiny dense Qwen3 (by the name, Qwen/Qwen3-4B)",
        "  tokenizer     models/Qwen3-4B",
        "  trained       10 steps, 62 records of mine_train",
        "  loss          13.125 at the first step, 12.500 at the last; validation 12.750",
        "  switched off  bf16: True (needs a GPU)",
        "                optim: paged_adamw_8bit -> adamw_torch (its kernels run on a GPU only)",
        "  shortened     cutoff_len: 8192 -> 2048 (2048 at most)",
        "  asked         <|im_start|>user 问",
        "  wrote         noise [31m",
        "                (noise, because the weights are random; that the model generates is the proof)",
    ]
    assert err == f"note: {PASSED.notes[0]}\n"


def test_a_failure_names_key_dataset_row_and_cure(lf):
    code, out, err, _ = lf(FAILED)
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "failed: train.yaml:7: a.jsonl:5 stops the trainer: null",
        "  key           dataset",
        "  dataset       mine",
        "  row           a.jsonl:5",
        "  cure          look",
        "  switched off  bf16: True (needs a GPU)",
        "  whole log     /tmp/kept/train.log",
    ]


@pytest.mark.parametrize(("verdict", "code"), [(PASSED, 0), (FAILED, 1)], ids=["passed", "failed"])
def test_the_verdict_as_json(lf, verdict, code):
    found, out, _, _ = lf(verdict, "--json")
    report = json.loads(out)
    assert (found, report["passed"], report["yaml"]) == (code, code == 0, "train.yaml")
    assert report["changes"][0] == {
        "kind": "off",
        "key": "bf16",
        "was": True,
        "now": None,
        "why": "needs a GPU",
    }


def test_the_options_are_handed_on(lf):
    request = lf(PASSED, "--tokenizer", "models/x", "--steps", "3", "--rows", "9")[3]
    assert (str(request.yaml), request.tokenizer, request.steps, request.rows) == (
        "train.yaml",
        "models/x",
        3,
        9,
    )


def test_a_missing_file_is_a_usage_error(capsys, tmp_path):
    command = ["rehearse", str(tmp_path / "none.yaml")]
    assert _output.run(lambda: cli(command, standalone_mode=False)) == 2
    assert "there is no file" in capsys.readouterr().err
