"""What LLaMA-Factory's parsers refuse under every command, and under chat, api and export alone.

Sources, in the order of the rules: model_args.py, data_args.py, finetuning_args.py and parser.py in hparams/
of LLaMA-Factory 0.9.5, export_model in train/tuner.py, data/template.py. A test runs every rule there.
"""

from __future__ import annotations

from lf_qwen3.trainer import schema
from lf_qwen3.trainer.settings.exclusions import Exclusion, SettingsView


def _is_lora(s: SettingsView) -> bool:
    return bool(s["finetuning_type"] == "lora")


def _only_lora(key: str) -> Exclusion:
    cure = "remove it, or set finetuning_type: lora"
    broken = f"`{key}` is only valid for LoRA training."
    return Exclusion(broken, key, cure, lambda s: not _is_lora(s) and s[key] not in (None, False))


def _lengths_differ(s: SettingsView, key: str) -> bool:
    given = s["interleave_probs"] is not None and s["mix_strategy"] != "concat" and s[key] is not None
    return given and len(s.names(key)) != len(s.names("interleave_probs"))


def _is_dpo_with_reference(s: SettingsView) -> bool:
    return bool(s["stage"] == "dpo" and s["pref_loss"] not in ("orpo", "simpo"))


# fmt: off
SHARED: tuple[Exclusion, ...] = (
    Exclusion("Please provide `model_name_or_path`.", "model_name_or_path",
        "name a hub id such as Qwen/Qwen3-4B, or the model's folder",
        lambda s: s["model_name_or_path"] is None),
    Exclusion("Current template does not support `train_on_prompt`.", "train_on_prompt", "remove it",
        lambda s: s["train_on_prompt"] and s["template"] in schema.load().get("x-no-train-on-prompt", ())),
    Exclusion("`image_max_pixels` cannot be smaller than `image_min_pixels`.",
        "image_max_pixels image_min_pixels", "raise image_max_pixels, or lower image_min_pixels",
        lambda s: s["image_max_pixels"] < s["image_min_pixels"]),
    Exclusion("`video_max_pixels` cannot be smaller than `video_min_pixels`.",
        "video_max_pixels video_min_pixels", "raise video_max_pixels, or lower video_min_pixels",
        lambda s: s["video_max_pixels"] < s["video_min_pixels"]),
    Exclusion("Quantization dataset is necessary for exporting.", "export_quantization_bit",
        "set export_quantization_dataset to a file of texts to calibrate on",
        lambda s: s["export_quantization_bit"] is not None and s["export_quantization_dataset"] is None),
    Exclusion("Cannot specify `val_size` if `dataset` is None.", "val_size",
        "name a dataset, or remove val_size", lambda s: s["dataset"] is None and s["val_size"] > 1e-6),
    Exclusion("Cannot specify `val_size` if `eval_dataset` is not None.", "val_size",
        "keep eval_dataset: val_size splits the training rows at random",
        lambda s: s["eval_dataset"] is not None and s["val_size"] > 1e-6, check="val_size_twice"),
    Exclusion("`interleave_probs` is only valid for interleaved mixing.", "interleave_probs",
        "set mix_strategy: interleave_over, or remove interleave_probs",
        lambda s: s["interleave_probs"] is not None and s["mix_strategy"] == "concat"),
    Exclusion("The length of dataset and interleave probs should be identical.", "interleave_probs",
        "write one share for each dataset", lambda s: _lengths_differ(s, "dataset")),
    Exclusion("The length of eval dataset and interleave probs should be identical.",
        "interleave_probs eval_dataset",
        "the shares apply to eval_dataset too: name as many datasets there, or use val_size",
        lambda s: _lengths_differ(s, "eval_dataset")),
    Exclusion("Streaming mode should have an integer val size.", "val_size",
        "write a number of rows, for example val_size: 200",
        lambda s: s["streaming"] and 1e-6 < s["val_size"] < 1),
    Exclusion("`max_samples` is incompatible with `streaming`.", "max_samples",
        "remove max_samples; max_steps ends the run",
        lambda s: s["streaming"] and s["max_samples"] is not None),
    Exclusion("`mask_history` is incompatible with `train_on_prompt`.", "mask_history",
        "remove one of them: mask_history trains on the last answer only, train_on_prompt on "
"the prompts too",
        lambda s: s["mask_history"] and s["train_on_prompt"]),
    Exclusion("We only accept 4-bit or 8-bit quantization.",
        "ref_model_quantization_bit reward_model_quantization_bit", "write 4 or 8",
        lambda s: not {s["ref_model_quantization_bit"], s["reward_model_quantization_bit"]} <= {None, 4, 8}),
    Exclusion("`reward_model` is necessary for PPO training.", "reward_model stage",
        "set reward_model to a model trained with stage: rm",
        lambda s: s["stage"] == "ppo" and s["reward_model"] is None),
    Exclusion("`reward_model_type` cannot be {reward_model_type} for Freeze/Full PPO training.",
        "reward_model_type finetuning_type",
        "set reward_model_type: full, or the finetuning_type that it names",
        lambda s: s["stage"] == "ppo" and s["reward_model_type"] not in ("full",
        "api", s["finetuning_type"])),
    Exclusion("`dpo_label_smoothing` is only valid for sigmoid loss function.", "dpo_label_smoothing",
        "remove it, or set pref_loss: sigmoid (label smoothing exists for sigmoid only)",
        lambda s: s["stage"] == "dpo" and s["pref_loss"] != "sigmoid" and s["dpo_label_smoothing"] > 1e-6),
    Exclusion("`use_llama_pro` is only valid for Freeze or LoRA training.", "use_llama_pro",
        "remove it, or set finetuning_type: freeze",
        lambda s: s["use_llama_pro"] and s["finetuning_type"] == "full"),
    Exclusion("Cannot use LoRA with GaLore, APOLLO or BAdam together.", "use_galore use_apollo use_badam",
        "set finetuning_type: full, or remove it",
        lambda s: _is_lora(s) and (s["use_galore"] or s["use_apollo"] or s["use_badam"])),
    Exclusion("Cannot use GaLore, APOLLO or BAdam together.", "use_galore use_apollo use_badam",
        "keep one of them", lambda s: sum(map(bool, (s["use_galore"], s["use_apollo"], s["use_badam"]))) > 1),
    Exclusion("Cannot use PiSSA for current training stage.", "pissa_init",
        "remove it: PiSSA works with pt, sft and rm",
        lambda s: s["pissa_init"] and (s["stage"] in ("ppo", "kto") or _is_dpo_with_reference(s))),
    *map(_only_lora, ("loraplus_lr_ratio", "use_rslora", "use_dora", "pissa_init")),
    Exclusion("Adapter is only valid for the LoRA method.", "adapter_name_or_path",
        "merge it first and name the merged model, or set finetuning_type: lora",
        lambda s: s["adapter_name_or_path"] is not None and not _is_lora(s)),
    Exclusion("Quantization is only compatible with the LoRA or OFT method.", "quantization_bit",
        "remove it, or set finetuning_type: lora",
        lambda s: s["quantization_bit"] is not None and s["finetuning_type"] not in ("lora", "oft")),
    Exclusion("Please use scripts/pissa_init.py to initialize PiSSA for a quantized model.", "pissa_init",
        "remove pissa_init or quantization_bit",
        lambda s: s["quantization_bit"] is not None and s["pissa_init"]),
    Exclusion("Cannot resize embedding layers of a quantized model.", "resize_vocab",
        "remove resize_vocab or quantization_bit",
        lambda s: s["quantization_bit"] is not None and s["resize_vocab"]),
    Exclusion("Cannot create new adapter upon a quantized model.", "create_new_adapter",
        "merge the adapter first: llamafactory-cli export EXPORT.yaml",
        lambda s: s["quantization_bit"] is not None and s["adapter_name_or_path"]
            and s["create_new_adapter"]),
    Exclusion("Quantized model only accepts a single adapter. Merge them first.", "adapter_name_or_path",
        "merge all but the last into the model: llamafactory-cli export EXPORT.yaml",
        lambda s: s["quantization_bit"] is not None and len(s.names("adapter_name_or_path")) > 1),
)

ANSWERING: tuple[Exclusion, ...] = (
    Exclusion("vLLM engine only supports auto-regressive models.", "stage infer_backend",
        "set infer_backend: huggingface", lambda s: s["infer_backend"] == "vllm" and s["stage"] != "sft"),
    Exclusion("vLLM engine does not support bnb quantization (GPTQ and AWQ are supported).",
        "quantization_bit",
        "remove it, or set infer_backend: huggingface",
        lambda s: s["infer_backend"] == "vllm" and s["quantization_bit"] is not None),
    Exclusion("vLLM engine does not support RoPE scaling.", "rope_scaling",
        "set it in the model's config.json instead of the YAML",
        lambda s: s["infer_backend"] == "vllm" and s["rope_scaling"] is not None),
    Exclusion("vLLM only accepts a single adapter. Merge them first.", "adapter_name_or_path",
        "merge them into the model: llamafactory-cli export EXPORT.yaml",
        lambda s: s["infer_backend"] == "vllm" and len(s.names("adapter_name_or_path")) > 1),
    Exclusion("Please merge adapters before quantizing the model.", "export_quantization_bit",
        "export twice: merge the adapter first, then quantise the merged model",
        lambda s: s.exports and s["adapter_name_or_path"] is not None
            and s["export_quantization_bit"] is not None),
)
