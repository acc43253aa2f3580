"""lf-qwen3: fine-tune Qwen3 with LLaMA-Factory, right the first time."""

__version__ = "0.1.0"
