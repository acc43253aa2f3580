"""Files that already exist where the YAML writes, or reads from an earlier run."""

from __future__ import annotations

from typing import NamedTuple

from lf_qwen3.proof.check.rules.registered import PASS, CheckResult, Fault, check


class RunFolders(NamedTuple):
    """What the folders of a YAML hold; "" where there is nothing to tell.

    `tokens` is a tokenized_path that is full, `newer` a file that is newer than those tokens. `finished` is
    the last checkpoint of a finished run in output_dir, `resumed` of one that can continue. `lost` is a
    resume_from_checkpoint that does not exist, `adapter` an adapter that output_dir would overwrite, `gone` a
    folder that holds no adapter.
    """

    tokens: str = ""
    newer: str = ""
    finished: str = ""
    resumed: str = ""
    lost: str = ""
    adapter: str = ""
    gone: str = ""


_EMPTY = RunFolders()
_TOKENS = "the trainer loads these tokens and ignores dataset, template, cutoff_len and enable_thinking"
_ANEW = "use another output_dir, or set overwrite_output_dir: true to train from the beginning"


@check(
    "tokens_reused",
    "warning",
    "tokenized_path already holds tokens",
    f"{_TOKENS}; delete the folder or remove tokenized_path, unless you want these tokens",
    good=_EMPTY,
    bad=RunFolders(tokens="saves/tokens"),
)
def tokens_reused(folders: RunFolders) -> CheckResult:
    """Require an empty tokenized_path, or none (data/loader.py, get_dataset)."""
    return Fault(folders.tokens, "tokenized_path") if folders.tokens and not folders.newer else PASS


@check(
    "tokens_stale",
    "error",
    "the tokens in tokenized_path are older than the data",
    f"{_TOKENS}; delete the folder, or remove tokenized_path",
    good=RunFolders(tokens="saves/tokens"),
    bad=RunFolders(tokens="saves/tokens", newer="data/a.jsonl"),
)
def tokens_stale(folders: RunFolders) -> CheckResult:
    """Require tokens that are not older than the data files and dataset_info.json."""
    detail = f"{folders.tokens} is older than {folders.newer}"
    return Fault(detail, "tokenized_path") if folders.newer else PASS


@check(
    "run_finished",
    "error",
    "output_dir holds a finished run: the trainer would resume at its end and train nothing",
    _ANEW,
    good=_EMPTY,
    bad=RunFolders(finished="saves/a/checkpoint-6, step 6 of 6"),
)
def run_finished(folders: RunFolders) -> CheckResult:
    """Require that there is something left to train (hparams/parser.py, get_train_args)."""
    return Fault(folders.finished, "output_dir") if folders.finished else PASS


@check(
    "run_resumed",
    "info",
    "the trainer resumes from the checkpoint in output_dir",
    f"right for an interrupted run; otherwise {_ANEW}",
    good=_EMPTY,
    bad=RunFolders(resumed="saves/a/checkpoint-4, step 4 of 6"),
)
def run_resumed(folders: RunFolders) -> CheckResult:
    """Report that the run does not begin at its beginning."""
    return Fault(folders.resumed, "output_dir") if folders.resumed else PASS


@check(
    "resume_missing",
    "error",
    "resume_from_checkpoint names a checkpoint that does not exist",
    "name a folder such as saves/NAME/checkpoint-100, or remove the key: the trainer resumes from "
    "the last checkpoint of output_dir by itself",
    good=_EMPTY,
    bad=RunFolders(lost="saves/a/checkpoint-9"),
)
def resume_missing(folders: RunFolders) -> CheckResult:
    """Require the checkpoint to continue from."""
    return Fault(folders.lost, "resume_from_checkpoint") if folders.lost else PASS


@check(
    "adapter_overwritten",
    "warning",
    "the run overwrites the adapter that it starts from: adapter_name_or_path is in output_dir",
    "use another output_dir to keep the first adapter",
    good=_EMPTY,
    bad=RunFolders(adapter="saves/a"),
)
def adapter_overwritten(folders: RunFolders) -> CheckResult:
    """Require an output_dir of its own."""
    return Fault(folders.adapter, "adapter_name_or_path") if folders.adapter else PASS


@check(
    "adapter_missing",
    "warning",
    "adapter_name_or_path names a folder without an adapter",
    "run the training that writes it first, or name the folder that holds adapter_config.json",
    good=_EMPTY,
    bad=RunFolders(gone="saves/a"),
)
def adapter_missing(folders: RunFolders) -> CheckResult:
    """Require the adapter's configuration in a folder of this machine; a hub id is not looked up."""
    return Fault(folders.gone, "adapter_name_or_path") if folders.gone else PASS
