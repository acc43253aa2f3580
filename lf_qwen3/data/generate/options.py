"""What a generation is asked to do, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from lf_qwen3.base import math_answers
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.data.generate.budget import Budget
from lf_qwen3.data.generate.client import ClientOptions, run_in_loop
from lf_qwen3.data.generate.dialects import DIALECTS, ServerDialect, ThinkingMode
from lf_qwen3.data.generate.matching import MatchKind
from lf_qwen3.data.generate.model_server import ModelServer, ask_dialect, describe_server

Keep = Literal["auto", "agree", "all", "best"]
Match = Literal["auto", "judge"] | MatchKind


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where a model is, and how hard it is asked. `dialect` is "" to have it found.

    `api_key_env` names an environment variable. `silence` are seconds without a byte before a time-out.
    """

    url: str
    model: str
    dialect: str = ""
    api_key_env: str = ""
    concurrency: int = 16
    silence: float = 600.0
    budget: Budget = field(default_factory=Budget)

    @property
    def client(self) -> ClientOptions:
        """How the client sends."""
        return ClientOptions(self.concurrency, self.silence, self.budget)

    def describe(self) -> ModelServer:
        """Return the server without asking it anything; see `describe_server`."""
        return describe_server(self.url, self.dialect, self.api_key_env)

    def recall_dialect(self, made_with: Mapping[str, Any]) -> ServerDialect:
        """Return the dialect that is named, that of the last run (see `Journal.made_with`), or a guess."""
        before = None if self.dialect else DIALECTS.get(str(made_with.get("dialect")))
        return before or self.describe().dialect

    def find(self) -> ModelServer:
        """Return the server; it is asked what it is unless the dialect is named. See `ask_dialect`."""
        server = self.describe()
        return server if self.dialect else replace(server, dialect=run_in_loop(ask_dialect(server)))


@dataclass(frozen=True, slots=True)
class DistilOptions:
    """Whose questions are asked again, in which modes, and what is kept.

    `keep` "agree" keeps the samples whose answer is that of the row, "best" the shortest of them for each
    mode, or the first where none can be compared, "auto" does as "agree" where a row's answer can be compared
    and keeps all of the other rows. `held_out` are sources whose questions must not be trained on. `hint`
    shows a model the answer of a row that no sample came to. Raises `LfQwen3Error` ("extra_missing") for
    `match` "math" without math-verify.
    """

    sources: tuple[str, ...]
    to: Path
    modes: tuple[ThinkingMode, ...] = ("thinking",)
    samples: int = 1
    keep: Keep = "auto"
    match: Match = "auto"
    hint: bool = False
    system: str = ""
    max_new_tokens: int | None = None
    seed: int = 42
    limit: int | None = None
    held_out: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.match == "math" and not math_answers.is_available():
            raise LfQwen3Error(
                "math-verify is not installed", f"run: {math_answers.INSTALL}", code="extra_missing"
            )
