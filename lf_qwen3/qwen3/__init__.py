"""Facts of the model Qwen3."""
