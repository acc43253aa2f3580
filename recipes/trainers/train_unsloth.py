"""Train with Unsloth what train.yaml beside this file says."""

from pathlib import Path

import yaml
from unsloth import FastLanguageModel  # before trl and transformers, which it changes

# isort: split
from datasets import load_dataset
from transformers import EarlyStoppingCallback
from trl import SFTConfig, SFTTrainer


def main() -> None:
    """Train on rows of ids and labels; they are masked already, so train_on_responses_only is not called."""
    config = yaml.safe_load(Path(__file__).with_name("train.yaml").read_text("utf-8"))
    model, tokenizer = FastLanguageModel.from_pretrained(**config["model"])
    if "lora" in config:
        model = FastLanguageModel.get_peft_model(model, **config["lora"])
    rows = load_dataset("json", data_files=config["data"])
    patience = config.get("early_stopping_patience")
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(**config["training"]),
        train_dataset=rows["train"],
        eval_dataset=rows.get("validation"),
        processing_class=tokenizer,
        callbacks=[EarlyStoppingCallback(patience)] if patience else [],
    )
    trainer.train(resume_from_checkpoint=config["training"].get("resume_from_checkpoint"))
    trainer.save_model()


if __name__ == "__main__":
    main()
