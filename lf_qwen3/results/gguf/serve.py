"""Step 6: what serves the file: the llama-server line, and a Modelfile for Ollama in both modes."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.files import write_text
from lf_qwen3.qwen3.thinking import CLOSE, OPEN
from lf_qwen3.recipes.presets import find_preset
from lf_qwen3.recipes.shared import Mode
from lf_qwen3.results.gguf.plan import GgufPlan

MODES: tuple[Mode, ...] = ("thinking", "non-thinking")

_TEMPLATE = """{{- if .System }}<|im_start|>system
{{ .System }}<|im_end|>
{{ end }}
{{- range .Messages }}
{{- if eq .Role "user" }}<|im_start|>user
{{ .Content }}<|im_end|>
{{ else if eq .Role "assistant" }}<|im_start|>assistant
{{ .Content }}<|im_end|>
{{ end }}
{{- end }}<|im_start|>assistant
"""
"""Qwen3's conversation as a template of Go, without tools (docs/template.md of Ollama)."""


def serve_command(plan: GgufPlan, file: Path, mode: Mode) -> str:
    """Return the line that serves a file: without the argument of the template Qwen3 thinks."""
    arguments = json.dumps({"enable_thinking": mode == "thinking"})
    sampling = find_preset(mode).generate
    return shlex.join(
        [
            *("llama-server", "-m", str(file), "-c", str(_context(plan)), "--jinja"),
            *("--chat-template-kwargs", arguments, "--temp", str(sampling["temperature"])),
            *("--top-p", str(sampling["top_p"]), "--top-k", str(sampling["top_k"]), "--min-p", "0"),
        ]
    )


def write_modelfiles(plan: GgufPlan, file: Path) -> dict[str, str]:
    """Write Modelfile.thinking and Modelfile.non-thinking beside the file; return the paths by mode."""
    paths = {}
    for mode in MODES:
        path = file.with_name(f"Modelfile.{mode}")
        write_text(path, render_modelfile(plan, file, mode))
        paths[str(mode)] = str(path)
    return paths


def render_modelfile(plan: GgufPlan, file: Path, mode: Mode) -> str:
    """Return a Modelfile: Qwen3's conversation, how the mode opens an answer, and Qwen's sampling for it."""
    opening = "" if mode == "thinking" else f"{OPEN}\n\n{CLOSE}\n\n"
    sampling = find_preset(mode).generate
    system = str(plan.common.template.get("default_system") or "")
    lines = [
        f"# {plan.name}, {mode}: ollama create {_ollama_name(plan, mode)} -f Modelfile.{mode}",
        f"FROM ./{file.name}",
        f'TEMPLATE """{_TEMPLATE}{opening}"""',
        *([f'SYSTEM """{system}"""'] if system else []),
        *(f"PARAMETER {key} {sampling[key]}" for key in ("temperature", "top_p", "top_k")),
        "PARAMETER min_p 0",
        f"PARAMETER num_ctx {_context(plan)}",
        'PARAMETER stop "<|im_end|>"',
        'PARAMETER stop "<|endoftext|>"',
    ]
    return "\n".join(lines) + "\n"


def create_in_ollama(plan: GgufPlan, modelfiles: dict[str, str]) -> list[str]:
    """Create a model in Ollama for each mode; return their names. Raises `LfQwen3Error`."""
    program = shutil.which("ollama")
    if program is None:
        raise LfQwen3Error(
            "there is no ollama in PATH",
            "install it (https://ollama.com/download), then run the command again: the file is kept",
            code="ollama_missing",
        )
    names = []
    for mode, modelfile in modelfiles.items():
        name = _ollama_name(plan, mode)
        ran = subprocess.run([program, "create", name, "-f", modelfile], capture_output=True, text=True)
        if ran.returncode:
            words = (ran.stderr or ran.stdout).strip().splitlines()[-1:] or ["it printed nothing"]
            raise LfQwen3Error(
                f"ollama create {name} failed: {words[0]}",
                "start the Ollama server: ollama serve",
                code="ollama_failed",
            )
        names.append(name)
    return names


def _ollama_name(plan: GgufPlan, mode: str) -> str:
    return f"{plan.name.lower()}-{plan.kind.lower()}:{mode}"


def _context(plan: GgufPlan) -> int:
    """Return the tokens of question and answer that the recipe has room for."""
    return int(plan.common.template.get("cutoff_len", 2048)) + int(plan.common.answering["max_new_tokens"])
