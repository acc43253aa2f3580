"""What is trained, how, and on how many GPUs: everything the memory depends on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from lf_qwen3.base.errors import UsageError
from lf_qwen3.base.nearest import did_you_mean
from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.qwen3.architecture import ATTENTION, CHECKPOINTS, FEED_FORWARD, SHAPES, VOCABULARY, ModelShape

TrainingMethod = Literal["lora", "qlora", "full"]
Precision = Literal["autocast", "half", "single"]
TrainingStage = Literal["sft", "dpo", "kto"]
METHODS: tuple[TrainingMethod, ...] = ("lora", "qlora", "full")
_CONFIG = {
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "heads": "num_attention_heads",
    "kv_heads": "num_key_value_heads",
}


@dataclass(frozen=True)
class TrainingPlan:
    """One training for the memory formula; `cutoff_len` (tokens) and `batch` (rows) are per GPU.

    `precision` is "autocast" for `bf16` or `fp16`, "half" if everything is kept in 16 bits (`pure_bf16` and
    DeepSpeed), "single" without any of these. `targets` are the linear layers with a LoRA (in a mixture of
    experts the attention only), `also_trained` the embeddings that it trains fully. `dora` means that a
    LoRA also trains the norms of the weights. `base` is the quantisation of the checkpoint's own weights
    ("" if none); `method` is then "qlora" and `bits` those of the checkpoint. `on_cpu` means training in
    main memory. `stage` is "sft" for continued pre-training too; in "dpo" a chosen and a rejected answer
    are two rows of `batch`. `reference` means that the reference model computes the answers too.
    `accumulates` means that gradients are kept between micro-batches, `masks` that rows are padded, as
    nearly all are. Raises `UsageError` for a plan that is not supported.
    """

    model: str
    shape: ModelShape
    method: TrainingMethod = "lora"
    cutoff_len: int = 2048
    batch: int = 1
    gpus: int = 1
    zero: int = 0
    rank: int = 8
    targets: tuple[str, ...] = (*ATTENTION, *FEED_FORWARD)
    also_trained: tuple[str, ...] = ()
    dropout: bool = False
    checkpointing: bool = True
    accumulates: bool = True
    precision: Precision = "autocast"
    deepspeed: bool = False
    optim: str = "adamw_torch_fused"
    fused_loss: bool = False
    bits: int = 4
    double_quantization: bool = True
    offload_optimizer: bool = False
    offload_weights: bool = False
    masks: bool = True
    stage: TrainingStage = "sft"
    reference: bool = False
    dora: bool = False
    base: str = ""
    on_cpu: bool = False

    def __post_init__(self) -> None:
        for key in ("cutoff_len", "batch", "gpus", "rank"):
            if getattr(self, key) < 1:
                raise UsageError(
                    f"{key} is {getattr(self, key)}", "it has to be 1 or more", code="option_value"
                )
        if self.method not in METHODS:
            raise UsageError(
                f"method is {self.method}", f"it has to be one of {', '.join(METHODS)}", code="option_value"
            )
        if self.zero not in (0, 2, 3):
            raise UsageError(
                f"estimate does not support ZeRO stage {self.zero}",
                "--zero takes 0, 2 or 3",
                code="not_estimated",
            )
        if self.zero and self.precision == "single":
            raise UsageError(
                "estimate supports DeepSpeed with bf16 only", "set bf16: true", code="not_estimated"
            )

        if self.base and self.trains_all:
            raise UsageError(
                f"{self.model} is a quantised checkpoint ({self.base}): only LoRA can be trained on it",
                f"--method lora, or take {checkpoints.name_unquantised(self.model)}",
                code="model_quantised",
            )
        if self.base and self.zero == 3:
            raise UsageError(
                f"ZeRO-3 cannot shard a quantised checkpoint ({self.base}): the trainer refuses it",
                f"use ZeRO stage 2, or {checkpoints.name_unquantised(self.model)}",
                code="model_quantised",
            )

    @classmethod
    def named(cls, model: str, **options: Any) -> TrainingPlan:
        """Return the plan for a checkpoint by its name, id or folder; ZeRO has DeepSpeed's 16 bits along.

        Raises `UsageError` for a model that is no Qwen3, naming the nearest.
        """
        shape = find_shape(model)
        if options.get("zero"):
            options |= {"deepspeed": True, "precision": "half"}
        return cls(model, shape, **{**options, **_of_base(model, options.get("method", "lora"))})

    def changed(self, **options: Any) -> TrainingPlan:
        """Return the plan with other options; those that are None stay as they are."""
        given = {key: value for key, value in options.items() if value is not None}
        if "model" in given:
            given["shape"] = find_shape(given["model"])
            given.setdefault("method", "lora" if self.base else self.method)
            given["base"] = ""
        if "model" in given or "method" in given:
            given |= _of_base(given.get("model", self.model), given["method"])
        if given.get("zero"):
            given |= {"deepspeed": True, "precision": "half"}
        elif "zero" in given and self.deepspeed:
            given |= {"deepspeed": False, "precision": "autocast"}
        return replace(self, **given)

    @property
    def words(self) -> str:
        """The training in one line, without the model."""
        rank = "" if self.trains_all else f" rank {self.rank}"
        method: str = "qlora (8 bits)" if self.method == "qlora" and self.bits == 8 else self.method
        method = f"lora on {self.bits}-bit weights ({self.base})" if self.base else method
        method += " with DoRA" if self.dora else ""
        where = f", {self.gpus} GPUs" if self.gpus > 1 else ""
        where = ", on the CPU" if self.on_cpu else where
        zero = f", ZeRO-{self.zero}" if self.zero else ""
        return f"{method}{rank}, cutoff_len {self.cutoff_len:,}, batch {self.batch}{where}{zero}"

    @property
    def tokens(self) -> int:
        """Tokens in one micro-batch of one GPU, padding included."""
        return self.batch * self.cutoff_len

    @property
    def trains_all(self) -> bool:
        """Whether every weight is trained."""
        return self.method == "full"


def _of_base(model: str, method: str) -> dict[str, Any]:
    """Return what a checkpoint whose weights are quantised already makes of a method: nothing for others."""
    base = checkpoints.find_quantisation(model)
    if not base:
        return {}
    trained_beside = {} if method == "full" else {"method": "qlora"}
    return {"base": base, "bits": checkpoints.find_bits(model), **trained_beside}


def find_shape(model: str) -> ModelShape:
    """Return the dimensions of a Qwen3 checkpoint by its name, hub id, cache folder or config.json.

    Raises `UsageError` for any other model.
    """
    config = Path(model).expanduser() / "config.json"
    if config.is_file():
        return _shape_in(config)
    if (size := _size_in(model)) is not None:
        return SHAPES[size]
    names = [checkpoint.name for checkpoint in CHECKPOINTS]
    guess = did_you_mean(Path(model).name, names)
    raise UsageError(
        f"'{model}' is neither a Qwen3 checkpoint nor a folder with a config.json",
        f"{guess} there are: {', '.join(names)}".strip(),
        code="unknown_model",
    )


def _size_in(model: str) -> str | None:
    """Return the size a name tells, as `30B-A3B` in Qwen/Qwen3-30B-A3B-Base."""
    for part in reversed(Path(model).parts):
        name = part.split("--")[-1].replace("___", ".")
        if checkpoints.kind_of(name) is None:
            continue
        words = name.split("-")[1:]
        pair = "-".join(words[:2]).upper()
        return pair if pair in SHAPES else next((size for size in SHAPES if size == words[0].upper()), None)
    return None


def _shape_in(path: Path) -> ModelShape:
    try:
        config = json.loads(path.read_text("utf-8"))
        kind = config.get("model_type")
        experts = kind == "qwen3_moe"
        wide = config["moe_intermediate_size" if experts else "intermediate_size"]
        shape = ModelShape(
            **{ours: int(config[theirs]) for ours, theirs in _CONFIG.items()},
            intermediate=int(wide),
            tied=bool(config.get("tie_word_embeddings", False)),
            experts=int(config["num_experts"]) if experts else 0,
            experts_per_token=int(config["num_experts_per_tok"]) if experts else 0,
            head_dim=int(config.get("head_dim") or 128),
        )
        vocabulary = int(config["vocab_size"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path} does not hold the dimensions of a Qwen3: {error}",
            "name the folder of a Qwen3 checkpoint, or --model Qwen3-8B",
            code="unknown_model",
        ) from error
    if kind not in ("qwen3", "qwen3_moe") or vocabulary != VOCABULARY:
        raise UsageError(
            f"{path} is a {kind} over {vocabulary:,} tokens",
            f"estimate supports qwen3 and qwen3_moe with {VOCABULARY:,} tokens",
            code="unknown_model",
        )
    return shape
