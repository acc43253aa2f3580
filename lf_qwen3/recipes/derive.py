"""Make a method's recipe for a checkpoint: template, rate, batch, LoRA targets, memory, from the tables."""

from __future__ import annotations

from lf_qwen3.qwen3 import checkpoints
from lf_qwen3.qwen3.architecture import Checkpoint
from lf_qwen3.recipes import adapt, needs, shared
from lf_qwen3.recipes.document import YamlDocument
from lf_qwen3.recipes.method import name_method, read_summary
from lf_qwen3.trainer import schema

ATTENTION = "q_proj,k_proj,v_proj,o_proj"
EXPERT_TARGETS = f"{ATTENTION},gate_proj,up_proj,down_proj"
"""Attention and the experts' projections, not the router (`gate`), which `all` would reach as well."""
EXPERT_RANK = 8
ROUTER_LOSS = 0.001
"""router_aux_loss_coef in the config.json of Qwen3-30B-A3B and Qwen3-235B-A22B."""
SMALL = 1e9

_THINKS = {
    "never": "An Instruct-2507 model never thinks: the thinking records of the sample data only show "
    "that it runs.",
    "always": "A Thinking-2507 model always thinks: the plain records of the sample data only show "
    "that it runs.",
    "by choice": "",
}
_EXPERTS = (
    'To train the experts too: pip install "transformers>=4.57.1,<5". Version 5 stores the '
    "experts of a layer",
    "as one tensor, to which LLaMA-Factory 0.9.5 adds no LoRA and which it does not "
    "quantise; see moe-lora-sft.",
)
TARGETS = {
    True: (EXPERT_TARGETS, "attention and experts"),
    False: (ATTENTION, "attention only; transformers 5 gives the experts no LoRA"),
}
"""What the LoRA reaches, by whether the installed transformers holds experts as layers."""
_TIED = (
    "The LoRA trains both embeddings, which this checkpoint ties: after llamafactory-cli export run",
    "`lf-qwen3 recipe untie FOLDER`, or vLLM generates noise. RUN.md of recipe new has the "
    "command in its place.",
)


_STAGES = {
    "ppo": (
        "Train its reward model with lora-rm on the same checkpoint first. LLaMA-Factory "
        "0.9.5 runs this stage",
        "with trl 0.8.6 to 0.9.6 only, but installs a newer one: lora-ppo.yaml says what to install.",
    ),
}


def derive_document(name: str, written: str, checkpoint: Checkpoint) -> YamlDocument:
    """Return the whole YAML of recipe `name`: the method's file `written`, fitted to `checkpoint`."""
    document = YamlDocument(written, name)
    if document.settings["stage"] == "grpo":
        return _derive_grpo(name, document, checkpoint)
    fit_to_checkpoint(document, checkpoint)
    document.set("output_dir", f"saves/{name}")
    if "reward_model" in document.settings:
        document.set("reward_model", f"saves/{name.removesuffix('ppo')}rm")
    document.header = _header(name, document, checkpoint)
    return document


def _derive_grpo(name: str, document: YamlDocument, checkpoint: Checkpoint) -> YamlDocument:
    """Fit model, template and thinking; the rest of a GRPO recipe is the same for every checkpoint."""
    adapt.fit_to_model(document, checkpoint.id)
    document.remove("additional_target")
    document.set("output_dir", f"saves/{name}")
    document.header = [line.replace("qwen3-4b-lora-grpo", name) for line in document.header]
    return document


def fit_to_checkpoint(document: YamlDocument, checkpoint: Checkpoint) -> None:
    """Set what a checkpoint calls for: model, template, thinking, rate, batch, LoRA targets.

    The batch of one step and the rate stay what the method says: LLaMA-Factory's and ms-swift's examples keep
    the rate of a LoRA for every size. A model below a billion parameters takes two records at a time where a
    LoRA leaves the room.
    """
    settings, shape = document.settings, checkpoint.shape
    is_lora = settings["finetuning_type"] == "lora"
    adapt.fit_to_model(document, checkpoint.id)
    if shape.parameters < SMALL and is_lora and settings["per_device_train_batch_size"] == 1:
        document.set("per_device_train_batch_size", 2)
        document.set("gradient_accumulation_steps", settings["gradient_accumulation_steps"] // 2)
    if shape.experts and is_lora:
        alpha = settings["lora_alpha"] * EXPERT_RANK // settings["lora_rank"]
        targets, reached = TARGETS[needs.are_experts_layers()]
        document.set("lora_target", targets, comment=reached)
        document.set("lora_rank", EXPERT_RANK)
        document.set("lora_alpha", alpha)
    elif shape.experts:
        comment = "keeps the experts equally used, at the model's own weight"
        document.set("moe_aux_loss_coef", ROUTER_LOSS, before="finetuning_type", comment=comment)


def _header(name: str, document: YamlDocument, checkpoint: Checkpoint) -> list[str]:
    """Return the opening comment: it is printed, so its commands write it to a file first."""
    kind = checkpoints.kind_of(checkpoint.id)
    experts = _EXPERTS if checkpoint.shape.experts and document.settings["finetuning_type"] == "lora" else ()
    thinks = _THINKS[kind.thinks] if kind and document.settings["stage"] == "sft" else ""
    origin = (
        f"Made for {checkpoint.id} from the recipe {name_method(document.plain()).replace(' ', '-')}.yaml."
    )
    lines = [
        f"yaml-language-server: $schema={schema.path().resolve().as_uri()}",
        "",
        f"{checkpoint.name}. {read_summary(document)}",
        origin,
        *([thinks] if thinks else []),
        *experts,
        *_STAGES.get(document.settings["stage"], ()),
        *(_TIED if shared.splits_tied(document.plain()) else ()),
        "",
        "Run it on the sample data, from the folder that holds dataset_info/:",
        f"  lf-qwen3 recipe show {name} > {name}.yaml",
        f"  llamafactory-cli train {name}.yaml",
        "On your own data (writes train.yaml and all that goes with it):",
        f"  lf-qwen3 recipe new {name} --dataset my_data --dataset-dir data --out runs/my_data",
        "",
        *needs.describe_needs(document.plain(), checkpoint, needs.are_experts_layers()),
    ]
    return [f"# {line}".rstrip() for line in lines]
