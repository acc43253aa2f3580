"""Write run folders by hand, as the trainer of LLaMA-Factory leaves them."""

import json
from pathlib import Path


def log_lines(losses, validation=None, every=10, total=None, rate=1e-4, is_finished=True):
    """Return the lines of trainer_log.jsonl; `validation` maps a step to its loss."""
    last = every * len(losses)
    total = total or last
    lines = []
    for number, loss in enumerate(losses, 1):
        step = every * number
        lines.append({"current_steps": step, "total_steps": total, "loss": loss, "lr": rate, "epoch": 0.1})
        if step in (validation or {}):
            lines.append({"current_steps": step, "total_steps": total, "eval_loss": validation[step]})
    if is_finished:
        lines.append({"current_steps": last, "total_steps": total, "epoch": 1.0, "percentage": 100.0})
    return lines


def run(folder: Path, losses, validation=None, state=None, weights=True, **known) -> Path:
    """Write a run: its log, its state (with `state` added; False for none), its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = log_lines(losses, validation, **known)
    (folder / "trainer_log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    if state is not False:
        (folder / "trainer_state.json").write_text(json.dumps(state_of(lines) | (state or {})))
    if weights:
        (folder / "adapter_model.safetensors").write_bytes(b"")
    return folder


def state_of(lines):
    """Return the trainer_state.json that belongs to the lines of a log."""
    names = {"loss": "loss", "eval_loss": "eval_loss", "lr": "learning_rate"}
    history = [
        {"step": one["current_steps"]} | {names[key]: one[key] for key in names if key in one}
        for one in lines
    ]
    history[-1] |= {"train_runtime": 1.0}
    last = lines[-1]
    return {"global_step": last["current_steps"], "max_steps": last["total_steps"], "log_history": history}
