"""What single messages of the trainer and of its libraries mean."""

import pytest

from lf_qwen3.proof.rehearse import faults
from lf_qwen3.proof.rehearse.failure_context import FailureContext


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        ("importlib.metadata.PackageNotFoundError: The 'jieba' distribution was not found", "jieba", "jieba"),
        ("ModuleNotFoundError: No module named 'flash_attn'", "flash_attn", "pip install flash_attn"),
        (
            "ImportError: peft>=0.18.0,<=0.20.0 is required for a normal functioning of this module, but "
            "found peft==0.13.2.",
            "the installed version of peft",
            "lf-qwen3 doctor",
        ),
        ("the trainer was killed by SIGKILL on train.yaml; this is what ...", "memory", "cutoff_len"),
        (
            "ValueError: One of min_lr or min_lr_rate should be set through the `lr_scheduler_kwargs`",
            "needs min_lr",
            '{"min_lr": NUMBER}',
        ),
        (
            "TypeError: get_wsd_schedule() missing 1 required positional argument: 'num_decay_steps'",
            "needs num_decay_steps",
            '{"num_decay_steps": NUMBER}',
        ),
        ("OSError: [Errno 28] No space left on device", "disk", "TMPDIR"),
        (
            "ConnectionError: Couldn't reach 'a/b' on the Hub (OfflineModeIsEnabled)",
            "offline",
            "lf-qwen3 convert",
        ),
    ],
    ids=lambda text: text.split()[-1][:20],
)
def test_an_error_of_the_machine_is_told(error, message, hint):
    fault = faults.explain_error(error, FailureContext({}))
    assert message in fault.message
    assert hint in fault.hint


UNMEASURED = (
    "KeyError: \"The `metric_for_best_model` training argument is set to 'eval_loss', which is not found in "
    "the evaluation metrics. The available evaluation metrics are: [{}]. Consider changing the "
    '`metric_for_best_model` via the TrainingArguments."'
)


@pytest.mark.parametrize(
    ("measured", "settings", "hint", "key"),
    [
        pytest.param(
            "'eval_a_loss', 'eval_a_runtime', 'eval_b_loss', 'eval_b_steps_per_second', 'epoch'",
            {"eval_on_each_dataset": True},
            "write metric_for_best_model: eval_a_loss (or eval_b_loss)",
            "metric_for_best_model",
            id="on-each",
        ),
        pytest.param(
            "'eval_rouge-1', 'eval_bleu-4', 'eval_runtime', 'epoch'",
            {"predict_with_generate": True},
            "remove predict_with_generate",
            "predict_with_generate",
            id="generated",
        ),
        pytest.param(
            "'eval_runtime', 'eval_accuracy', 'epoch'",
            {},
            "write metric_for_best_model: eval_accuracy",
            "metric_for_best_model",
            id="no-loss",
        ),
        pytest.param("'epoch'", {}, "remove metric_for_best_model", "metric_for_best_model", id="nothing"),
    ],
)
def test_a_metric_that_is_not_measured_gets_one_that_is(measured, settings, hint, key):
    lines = {"metric_for_best_model": 3, "predict_with_generate": 4}
    context = FailureContext({"metric_for_best_model": "eval_loss", **settings}, lines)
    fault = faults.explain_error(UNMEASURED.format(measured), context)
    assert hint in fault.hint
    assert "eval_loss" not in fault.hint
    assert (fault.key, fault.line) == (key, lines[key])


def test_an_unknown_error_is_told_as_it_is():
    fault = faults.explain_error("ZeroDivisionError: division by zero", FailureContext({"stage": "sft"}))
    assert (fault.message, fault.key) == ("ZeroDivisionError: division by zero", "")
