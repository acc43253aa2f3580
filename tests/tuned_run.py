"""A trained run whose adapter was not trained, and changes what a tiny Qwen3 says."""

from pathlib import Path


def save_tuned_run(tiny: Path, folder: Path) -> None:
    """Write what the board leaves of a LoRA training of the tiny model: settings, log and adapter."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    config = LoraConfig(r=4, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), config).save_pretrained(str(folder))
    (folder / "trainer_log.jsonl").write_text('{"current_steps": 1, "total_steps": 1, "loss": 1.0}\n')
    (folder / "training_args.yaml").write_text(
        f"model_name_or_path: {tiny}\noutput_dir: {folder}\nstage: sft\nfinetuning_type: lora\n"
        "template: qwen3\nenable_thinking: null\ndataset: rows\n"
    )
