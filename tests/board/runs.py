"""Runs of a training as files, for tests of what reads them."""

import json
from pathlib import Path


def write_run(folder, losses, validation, settings=None, is_over=True):
    """Write a run that logs and validates every 100 steps, with its settings as the board keeps them."""
    path = Path(folder)
    path.mkdir(parents=True)
    lines = []
    for number, (loss, valued) in enumerate(zip(losses, validation, strict=True), 1):
        at = {"current_steps": 100 * number, "total_steps": 1000}
        lines += [at | {"loss": loss, "lr": 1e-4}, at | {"eval_loss": valued}]
    if is_over:
        lines.append({"current_steps": 1000, "total_steps": 1000, "percentage": 100.0})
    (path / "trainer_log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (path / "adapter_model.safetensors").write_bytes(b"")
    if settings:
        yaml = "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())
        (path / "training_args.yaml").write_text(yaml, "utf-8")
    return folder
