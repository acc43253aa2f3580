"""RUN_GGUF.md: from the trained weights to a quantised GGUF, with a test after each step.

The commands are llama.cpp's own: docs/build.md, tools/quantize/README.md and tools/server/README.md there.
"""

from __future__ import annotations

import os

from lf_qwen3.recipes.choice import RecipeChoice
from lf_qwen3.recipes.commented import format_command
from lf_qwen3.recipes.run_book import export_commands, render_page
from lf_qwen3.recipes.shared import SharedSettings

ROWS = 100
"""Rows of the test split that each gate answers."""

TYPES = {"Q8_0": "8.5", "Q5_K_M": "5.7", "Q4_K_M": "4.9"}
"""Quantisations and their bits a weight, for an 8B model (tools/quantize/README.md of llama.cpp)."""


def render_gguf_book(choice: RecipeChoice, common: SharedSettings, predicts: bool) -> str:
    """Return RUN_GGUF.md; without predict files the gates are left to the reader's own questions."""
    longest = int(common.template.get("cutoff_len", 2048)) + int(common.answering["max_new_tokens"])
    return render_page(
        "RUN_GGUF.md",
        choice,
        predicts=predicts,
        tools="llama.cpp",
        types=TYPES,
        gate_rows=common.answering.get("max_samples") or ROWS,
        context=longest,
        export="\n".join(export_commands(choice, common.train)),
        predict_merged=format_command("train", os.path.join(choice.out, "predict_merged.yaml")),
        file=lambda kind: os.path.join(choice.out, "gguf", f"{choice.recipe}-{kind}.gguf"),
    )
