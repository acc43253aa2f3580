"""The Qwen3 checkpoints: what each is built of, in one table.

Source: the config.json of each checkpoint on its model page (Qwen/Qwen3-0.6B ... Qwen/Qwen3-235B-A22B and the
2507 checkpoints), and the parameter totals printed there; a test computes the totals from the shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

VOCABULARY = 151_936
"""Rows of the embedding, which is padded: the tokenizer knows 151,669 tokens."""

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
"""The linear layers of a block. Of a mixture of experts transformers 5 holds FEED_FORWARD as no layers."""


@dataclass(frozen=True)
class ModelShape:
    """The dimensions of one size; `experts` is 0 for a dense model.

    `intermediate` is the width of one feed-forward block: of each expert in a mixture of experts.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    intermediate: int
    tied: bool = False
    experts: int = 0
    experts_per_token: int = 0
    head_dim: int = 128

    @property
    def attention(self) -> int:
        """Parameters of one layer's attention: q, k, v, o and the two norms of q and k."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return self.hidden * (2 * queries + 2 * keys) + 2 * self.head_dim

    @property
    def feed_forward(self) -> int:
        """Parameters of one layer's feed-forward part: every expert, and the router if there is one."""
        return 3 * self.hidden * self.intermediate * (self.experts or 1) + self.hidden * self.experts

    @property
    def embedding(self) -> int:
        """Parameters of one embedding matrix; the output layer is another unless `tied`."""
        return VOCABULARY * self.hidden

    @property
    def parameters(self) -> int:
        """All parameters of the model."""
        layer = self.attention + self.feed_forward + 2 * self.hidden
        return self.layers * layer + self.hidden + self.embedding * (1 if self.tied else 2)


SHAPES = {
    "0.6B": ModelShape(28, 1024, 16, 8, 3072, tied=True),
    "1.7B": ModelShape(28, 2048, 16, 8, 6144, tied=True),
    "4B": ModelShape(36, 2560, 32, 8, 9728, tied=True),
    "8B": ModelShape(36, 4096, 32, 8, 12288),
    "14B": ModelShape(40, 5120, 40, 8, 17408),
    "32B": ModelShape(64, 5120, 64, 8, 25600),
    "30B-A3B": ModelShape(48, 2048, 32, 4, 768, experts=128, experts_per_token=8),
    "235B-A22B": ModelShape(94, 4096, 64, 4, 1536, experts=128, experts_per_token=8),
}


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint by the name it has on both hubs, below `Qwen/`; `context` is in tokens."""

    name: str
    size: str
    context: int = 40_960

    @property
    def id(self) -> str:
        """The id on Hugging Face and ModelScope."""
        return f"Qwen/{self.name}"

    @property
    def shape(self) -> ModelShape:
        """Its dimensions."""
        return SHAPES[self.size]


_LONG, _BASE = 262_144, 32_768
_IN_2507 = ("4B", "30B-A3B", "235B-A22B")
_NO_BASE = ("32B", "235B-A22B")
CHECKPOINTS = (
    *(Checkpoint(f"Qwen3-{size}", size) for size in SHAPES),
    *(Checkpoint(f"Qwen3-{size}-Base", size, _BASE) for size in SHAPES if size not in _NO_BASE),
    *(Checkpoint(f"Qwen3-{size}-Instruct-2507", size, _LONG) for size in _IN_2507),
    *(Checkpoint(f"Qwen3-{size}-Thinking-2507", size, _LONG) for size in _IN_2507),
)
