"""A tokenizer with the two templates over it: the trainer's, and the model's own."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3.base.coded import CodedText, blame_error
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.proof.check.dataset_records import DatasetFiles, PlacedSample
from lf_qwen3.proof.check.rules.tokens.template_difference import TemplateDifference
from lf_qwen3.proof.check.rules.tokens.vocabulary import Vocabulary
from lf_qwen3.proof.check.runner import CheckRunner
from lf_qwen3.qwen3 import checkpoints, tokenizer_files
from lf_qwen3.qwen3.special_tokens import ADDED_TOKENS
from lf_qwen3.trainer import chat_template
from lf_qwen3.trainer.render import Template

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

COMPARED = 200
"""Records of each dataset that are also rendered with the model's own chat template."""


@dataclass(slots=True)
class ModelTemplates:
    """A tokenizer, the trainer's template over it, and the model's own (None where it has none).

    Another process that gets it loads it again, once, from `origin`: the arguments of `load`.
    """

    origin: tuple[str, dict[str, Any] | None, int | None]
    folder: Path
    tokenizer: Tokenizer
    template: Template
    chat_template: chat_template.ChatTemplate | None

    @classmethod
    def load(
        cls, path_or_id: str, settings: Mapping[str, Any] | None, cutoff_len: int | None, notes: list[str]
    ) -> ModelTemplates | None:
        """Load a tokenizer; None, with a note, where the YAML asks for a template that is not followed here.

        Without a YAML the template is the one of the checkpoint, with the settings of our own recipes. Raises
        `UsageError` for a tokenizer that does not exist.
        """
        folder = tokenizer_files.find(path_or_id)
        wanted = dict(settings) if settings is not None else _usual_settings(path_or_id)
        if cutoff_len is not None:
            wanted["cutoff_len"] = cutoff_len
        try:
            template = Template.from_settings(wanted)
        except LfQwen3Error as error:
            notes.append(blame_error("tokens were not counted", "tokens_not_counted", error))
            return None
        if settings is None:
            note = f"tokens are counted with template: {template.name}, because no --config is given"
            notes.append(CodedText(note, "template_taken", {"template": template.name}))
        try:
            own = chat_template.ChatTemplate.load(folder)
        except LfQwen3Error as error:
            what = "the model's own chat template was not compared"
            notes.append(blame_error(what, "template_not_compared", error))
            own = None
        origin = path_or_id, None if settings is None else dict(settings), cutoff_len
        return cls(origin, folder, tokenizer_files.load(folder), template, own)

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_again, (pickle.dumps(self.origin),)

    def vocabulary(self) -> Vocabulary:
        """Return what the checks want to know of the tokenizer."""
        known = frozenset(token for token in ADDED_TOKENS if self.tokenizer.token_to_id(token) is not None)
        return Vocabulary(known, _eos(self.folder))

    def compare(self, placed: list[PlacedSample], files: DatasetFiles, runner: CheckRunner) -> None:
        """Report where the trainer's rendering of some records differs from the model's own."""
        if self.chat_template is None:
            return
        records = [sample.record for _, sample in placed]
        comparisons = chat_template.compare(self.tokenizer, self.template, self.chat_template, records)
        for (place, _), comparison in zip(placed, comparisons, strict=True):
            if (other := comparison.difference) is not None:
                difference = TemplateDifference(other.part, other.ours, other.official, other.refused)
                runner.run(difference, files.shown(place.file), place.row)


@lru_cache(1)
def _load_again(origin: bytes) -> ModelTemplates | None:
    path_or_id, settings, cutoff_len = pickle.loads(origin)
    return ModelTemplates.load(path_or_id, settings, cutoff_len, [])


def _usual_settings(path_or_id: str) -> dict[str, Any]:
    kind = checkpoints.kind_of(path_or_id)
    template = kind.template if kind else "qwen3"
    return {"template": template, "enable_thinking": None, "mask_history": True}


def _eos(folder: Path) -> str:
    try:
        value = json.loads((folder / "tokenizer_config.json").read_text("utf-8")).get("eos_token")
    except (OSError, ValueError, AttributeError):
        return ""
    text = value.get("content") if isinstance(value, dict) else value
    return text if isinstance(text, str) else ""
