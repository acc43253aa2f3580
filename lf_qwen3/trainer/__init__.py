"""Facts of the trainer, LLaMA-Factory."""
