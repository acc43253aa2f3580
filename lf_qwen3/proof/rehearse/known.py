"""Messages of the trainer that mean one thing, wherever they come from, and what to do about each."""

from __future__ import annotations

from typing import NamedTuple


class KnownError(NamedTuple):
    """A message of the trainer; `{0}` in message, hint and key is the matched group of the pattern.

    `key` names the keys that may be at fault: the first that is set is named.
    """

    pattern: str
    message: str
    hint: str
    key: str = ""


KNOWN_ERRORS = (
    KnownError(
        r"EarlyStoppingCallback requires",
        "early stopping lacks settings that it needs",
        "set eval_strategy, load_best_model_at_end: true and metric_for_best_model: eval_loss beside "
        "early_stopping_steps",
        "early_stopping_steps",
    ),
    KnownError(
        r"not applicable in the current training stage",
        "wrong kind of dataset for this training stage",
        "name another dataset, or another stage: preference pairs (chosen and rejected) are for dpo",
        "stage",
    ),
    KnownError(
        r"One of (min_lr) or min_lr_rate should be set|get_\w+\(\) missing 1 required .*argument: '(\w+)'",
        "the learning rate scheduler needs {0}",
        'set lr_scheduler_kwargs: {"{0}": NUMBER}, or lr_scheduler_type: cosine',
        "lr_scheduler_type",
    ),
    KnownError(
        r"Target modules \{?(.+?)\}? not found in the base model",
        "lora_target names modules that the model does not have: {0}",
        "write lora_target: all, or q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj",
        "lora_target",
    ),
    KnownError(
        r"[`']?([\w.-]+)[`']? distribution was not found|No module named '([\w.-]+)'|"
        r"requires the ([\w.-]+) (?:library|package)",
        "the package {0} is missing",
        "run: pip install {0}",
    ),
    KnownError(
        r"([\w.-]+)(?:[<>=!,.\d]+)? is required for a normal functioning of this module, but found (\S+)",
        "the trainer does not accept the installed version of {0}",
        "lf-qwen3 doctor names the version to install",
    ),
    KnownError(
        r"CUDA out of memory|MemoryError|DefaultCPUAllocator: can't allocate|SIGKILL",
        "this machine has too little memory for the rehearsal",
        "rehearse a copy of the YAML with a lower cutoff_len; lf-qwen3 estimate says what the GPU needs",
    ),
    KnownError(
        r"No space left on device",
        "the disk of the temporary folder is full",
        "make room, or use another disk: TMPDIR=/path lf-qwen3 rehearse ...",
    ),
    KnownError(
        r"OfflineModeIsEnabled|LocalEntryNotFoundError|Couldn't reach|ConnectionError|couldn't connect to",
        "the run needs a download, but a rehearsal works offline",
        "download the data first, then: lf-qwen3 convert FILE --name NAME --dataset-dir DIR",
        "dataset",
    ),
    KnownError(
        r"With n_samples=(\d+).*the resulting train set will be empty",
        "the validation split takes all rows that were read",
        "lower val_size, or rehearse more: --rows 256",
        "val_size",
    ),
)

KEY_OF_PACKAGE = {
    "galore_torch": "use_galore",
    "apollo_torch": "use_apollo",
    "badam": "use_badam",
    "adam-mini": "use_adam_mini",
    "matplotlib": "plot_loss",
    **dict.fromkeys(("jieba", "nltk", "rouge_chinese"), "predict_with_generate"),
}
"""The keys of the YAML that need a package of their own (hparams/parser.py)."""
