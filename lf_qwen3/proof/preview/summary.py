"""A preview as one JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lf_qwen3.proof.preview import Preview
    from lf_qwen3.proof.preview.rows import PreviewRendering, PreviewRow


def summarise_preview(preview: Preview) -> dict[str, Any]:
    """Return options, rows, texts with their mask, ids and labels; a label of -100 is outside the loss."""
    return {
        "dataset": preview.name,
        "tokenizer": str(preview.tokenizer),
        "options": {key: {"value": value, "from": preview.origin[key]} for key, value in preview.options()},
        "unofficial": preview.unofficial,
        "rows": [_row_summary(row) for row in preview.rows],
    }


def _row_summary(row: PreviewRow) -> dict[str, Any]:
    official = row.official
    difference = official.difference if official else None
    return {
        "file": row.file,
        "row": row.row,
        "problem": row.problem,
        "elsewhere": row.elsewhere,
        "renderings": [_rendering_summary(rendering) for rendering in row.renderings],
        "official": None
        if official is None
        else {
            "same": difference is None,
            "tokens": official.tokens,
            "text": official.text,
            "difference": difference and difference._asdict(),
        },
    }


def _rendering_summary(rendering: PreviewRendering) -> dict[str, Any]:
    encoded = rendering.encoded
    return {
        "side": rendering.side,
        "tokens": {
            "total": encoded.length,
            "fed": len(encoded.input_ids),
            "learnt": encoded.learnt,
            "prompt": encoded.count("prompt"),
            "thinking": encoded.count("thinking"),
            "answer": encoded.count("answer"),
        },
        "lost_close": encoded.lost_close,
        "lost_end": encoded.lost_end,
        "segments": [vars(segment) for segment in rendering.segments],
        "input_ids": encoded.input_ids,
        "labels": encoded.labels,
    }
