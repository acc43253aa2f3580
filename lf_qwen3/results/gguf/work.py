"""The six steps in their order, each verified before the next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lf_qwen3 import __version__
from lf_qwen3.base.errors import LfQwen3Error
from lf_qwen3.base.progress import NoProgress, Progress
from lf_qwen3.qwen3 import tokenizer_files
from lf_qwen3.results.gguf import limits, report
from lf_qwen3.results.gguf.convert import convert, quantise
from lf_qwen3.results.gguf.gguf_file import check_gguf
from lf_qwen3.results.gguf.likelihood import Likelihoods, measure_models
from lf_qwen3.results.gguf.merge import merge
from lf_qwen3.results.gguf.plan import GgufPlan, describe_plan, fingerprint, plan_gguf, require_room
from lf_qwen3.results.gguf.probe import probe_file
from lf_qwen3.results.gguf.rows import HeldOutRow, read_rows
from lf_qwen3.results.gguf.serve import MODES, create_in_ollama, serve_command, write_modelfiles
from lf_qwen3.results.gguf.steps import StepRecord, locked, staged
from lf_qwen3.results.gguf.tools import LlamaCpp, check_kind, find_llama_cpp

if TYPE_CHECKING:
    from tokenizers import Tokenizer  # type: ignore[import-untyped]

ROWS, TOKENS, STEPS = 50, 64, 6


@dataclass(frozen=True, slots=True)
class GgufResult:
    """The file that has passed, the reports beside it, and all that gguf.json says.

    `kept` names the steps that an earlier call had finished.
    """

    file: Path
    reports: list[Path]
    report: dict[str, Any]
    kept: list[str]


def make_gguf(
    run_dir: Path | str,
    quant: str = "Q4_K_M",
    *,
    llama_cpp: Path | str | None = None,
    out: Path | str | None = None,
    dataset: str = "",
    rows: int = ROWS,
    limit: float | None = None,
    to_ollama: bool = False,
    progress: Progress = NoProgress(),
) -> GgufResult:
    """Make a GGUF of type `quant` of a trained run and prove that it kept the tuning.

    `rows` held-out rows of `dataset` ("" for the test split) are measured; `limit` takes the place of the
    measured share that the type must keep. Raises `LfQwen3Error` with the code of the first thing that is
    wrong, after the report beside the files says so too; the next call continues from the last good step.
    """
    kind = check_kind(quant)
    share = limits.choose_limit(kind, limit)
    plan = plan_gguf(Path(run_dir), kind, Path(out) if out else None, dataset)
    tools = find_llama_cpp(Path(llama_cpp) if llama_cpp else None, kind)
    require_room(plan, ["F16"] if kind == "F16" else ["F16", kind])
    with locked(plan.out):
        tokenizer = tokenizer_files.load(plan.base)
        held_out = read_rows(plan, tokenizer, rows, TOKENS)
        work = _Work(plan, tools, held_out, tokenizer, share, progress)
        try:
            file = work.run()
            work.finish(file, to_ollama)
        except LfQwen3Error as error:
            work.report["error"] = {"message": error.message, "hint": error.hint, "code": error.code}
            raise
        finally:
            work.record.save()
            reports = report.write_report(work.report, plan.out)
    return GgufResult(file, [work.record.path, *reports], work.report, work.record.kept)


class _Work:
    """A call at work."""

    def __init__(
        self,
        plan: GgufPlan,
        tools: LlamaCpp,
        rows: list[HeldOutRow],
        tokenizer: Tokenizer,
        limit: float,
        progress: Progress,
    ) -> None:
        self.plan, self.tools, self.rows, self.tokenizer = plan, tools, rows, tokenizer
        self.limit, self.progress = limit, progress
        self.record = StepRecord(plan.out)
        self.report = self.record.report
        self.report |= {"version": __version__, "kind": plan.kind, "plan": dict(describe_plan(plan))}
        self.report |= {"llama_cpp": tools.describe(), "notes": list(plan.notes), "figures": {}}
        self.report |= {"rows": len(rows), "tokens": sum(len(row.scored) for row in rows)}

    def run(self) -> Path:
        """Do steps 1 to 5; return the file."""
        plan = self.plan
        self._start("merge the adapter, in float16", 1)
        sources = [fingerprint(folder) for folder in (plan.base, plan.tuned, *plan.adapters)]
        made_from = [__version__, sources, plan.export_settings(Path("merged"))]
        self.record.do("merge", made_from, lambda: merge(plan, self.progress), plan.merged)
        models = self._measure()
        self._start("convert to F16", 3)
        self._write("F16")
        self._start("test the F16 file with the server", 4)
        self._test("F16", models)
        if plan.kind != "F16":
            self._start(f"quantise to {plan.kind}, and test the file", 5)
            self._write(plan.kind)
            self._test(plan.kind, models)
        return plan.file(plan.kind)

    def finish(self, file: Path, to_ollama: bool) -> None:
        """Do step 6: write the commands and Modelfiles that serve the file."""
        self._start("write the commands and Modelfiles that serve it", 6)
        modelfiles = write_modelfiles(self.plan, file)
        mode = self.plan.common.mode
        lines = [serve_command(self.plan, file, asked) for asked in (mode, *(set(MODES) - {mode}))]
        self.report |= {"file": str(file), "modelfiles": modelfiles}
        self.report["commands"] = [
            f"{lines[0]}   # the mode it was trained in",
            f"{lines[1]}   # the other mode",
        ]
        if to_ollama:
            self.report["ollama"] = create_in_ollama(self.plan, modelfiles)

    def _measure(self) -> Likelihoods:
        """Do step 2: the figures of base, tuned and merged model in transformers."""
        self._start("measure base, tuned and merged model in transformers", 2)
        file = self.plan.out / "likelihood.json"

        def work() -> dict[str, Any]:
            measured = measure_models(self.plan, self.rows, self.progress)
            measured.save(file)
            return {"kl": measured.kl}

        self.record.do("hf", [row.ids for row in self.rows], work, file)
        models = Likelihoods.read(file)
        tuned, base = models.sums["tuned"], models.sums["base"]
        gain = limits.estimate_gain(tuned, base, [len(row.scored) for row in self.rows])
        self.report["gain"] = gain._asdict()
        self.report["answers"] = [
            {name: self.tokenizer.decode(ids) for name, ids in zip(models.answers, answers, strict=True)}
            for answers in zip(*models.answers.values(), strict=True)
        ]
        limits.require_effect(gain, models.kl["base"])
        self._judge("hf", "the merged model", "F16", models.sums["merged"], models.kl["merged"], models)
        return models

    def _write(self, kind: str) -> None:
        """Do step 3, or the first half of step 5: a file under a name that says that it is untested."""
        plan, tools, untested = self.plan, self.tools, self.plan.untested(kind)
        quantiser = tools.quantiser if kind != "F16" else None

        def work() -> dict[str, Any]:
            with staged(untested) as part:
                if quantiser:
                    quantise(tools, plan.file("F16"), part, kind, self.progress)
                else:
                    convert(tools, plan.merged, part, kind, plan.name, self.progress)
                return check_gguf(part, plan.base, kind)

        made_from = [str(quantiser or tools.converter), plan.name]
        self.record.do(f"write {kind}", made_from, work, untested, plan.file(kind))

    def _test(self, kind: str, models: Likelihoods) -> None:
        """Do step 4, or the second half of step 5; a file that passes gets its name."""
        file = next(file for file in (self.plan.untested(kind), self.plan.file(kind)) if file.exists())

        def work() -> dict[str, Any]:
            return probe_file(self.plan, self.tools, file, self.rows, models.top, self.progress)

        probed = self.record.do(f"test {kind}", "", work)
        for answers, text in zip(self.report["answers"], probed["answers"], strict=True):
            answers[kind] = text
        if probed["not_nfc"] and kind == "F16":
            self.report["notes"].append(
                f"rows that are not in NFC: {probed['not_nfc']}. Qwen's tokenizer normalises such "
                "text, llama.cpp does not; normalise it before you send it to the server"
            )
        self._judge(kind, f"the {kind} file", kind, probed["sums"], probed["kl"], models)
        file.replace(self.plan.file(kind))

    def _judge(
        self, stage: str, what: str, kind: str, sums: list[float], kl: float, models: Likelihoods
    ) -> None:
        """Note what a stage kept; raise where that is too little."""
        kept = limits.estimate_kept(sums, models.sums["tuned"], models.sums["base"])
        limit = limits.LIMITS["F16"] if kind == "F16" else self.limit
        interval = [kept.low, kept.high]
        self.report["figures"][stage] = {"kept": kept.value, "interval": interval, "limit": limit, "kl": kl}
        self.record.save()
        code = {"hf": "merged_not_tuned", "F16": "f16_not_tuned"}.get(stage, "quantisation_lost_tuning")
        limits.require_kept(what, kind, kept, limit, code)
        if kind == "F16":
            limits.require_same(what, kl, code)
        self.progress.finish(f"{what} kept {kept.value:.1%} of the tuning; the limit is {100 * limit:.3g}%")

    def _start(self, title: str, step: int) -> None:
        self.progress.start(title, step, STEPS)
