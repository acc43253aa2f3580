"""What LLaMA-Factory 0.9.5 feeds the model, computed without importing it (nor torch, nor transformers).

    template = Template.named("qwen3", enable_thinking=None, mask_history=True)
    encoded = template.encode(tokenizer, messages, system, tools)       # tokenizers.Tokenizer
    encoded.input_ids, encoded.labels

Contract tests compare ids and labels with those of the installed trainer's own processors.
"""

from lf_qwen3.trainer.render.cut import MASKED, Encoded, PartName, TokenPiece
from lf_qwen3.trainer.render.template import NAMES, Template

__all__ = ["MASKED", "NAMES", "Encoded", "PartName", "Template", "TokenPiece"]
