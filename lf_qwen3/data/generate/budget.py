"""What a run may cost: requests, tokens, money."""

from __future__ import annotations

from dataclasses import dataclass

from lf_qwen3.base.errors import UsageError
from lf_qwen3.data.generate.model_reply import ModelReply

_MILLION = 1_000_000


@dataclass(slots=True)
class Budget:
    """The limits of one run, None for none, and what it has used.

    `price` is the money for a million tokens in and a million tokens out; `max_cost` is in the same money.
    Requests under way when a limit of tokens or money is reached are waited for. Raises `UsageError` for
    `max_cost` without a price.
    """

    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    price: tuple[float, float] | None = None
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __post_init__(self) -> None:
        if self.max_cost is not None and self.price is None:
            raise UsageError(
                "--max-cost needs the price of the tokens",
                "add --price IN,OUT: the price of a million tokens in and out at your endpoint",
                code="option_missing",
            )

    @property
    def cost(self) -> float | None:
        """What the replies cost so far, None without a price."""
        return self.compute_cost(self.tokens_in, self.tokens_out)

    def compute_cost(self, tokens_in: int, tokens_out: int) -> float | None:
        """Return what so many tokens cost, None without a price."""
        if self.price is None:
            return None
        return (tokens_in * self.price[0] + tokens_out * self.price[1]) / _MILLION

    @property
    def exhausted(self) -> str:
        """The option whose limit is reached, "" while there is room."""
        if self.max_requests is not None and self.requests >= self.max_requests:
            return "--max-requests"
        if self.max_tokens is not None and self.tokens_in + self.tokens_out >= self.max_tokens:
            return "--max-tokens"
        if self.max_cost is not None and (self.cost or 0) >= self.max_cost:
            return "--max-cost"
        return ""

    def take(self) -> bool:
        """Count a request that is about to be sent; False, and nothing counted, where none is left."""
        if self.exhausted:
            return False
        self.requests += 1
        return True

    def add(self, reply: ModelReply) -> None:
        """Count the tokens of a reply."""
        self.tokens_in += reply.tokens_in
        self.tokens_out += reply.tokens_out


def parse_price(text: str) -> tuple[float, float]:
    """Return the two numbers of "IN,OUT". Raises `UsageError` ("option_value")."""
    try:
        price_in, price_out = (float(part) for part in text.split(","))
        if min(price_in, price_out) >= 0:
            return price_in, price_out
    except ValueError:
        pass
    raise UsageError(
        f"Invalid value for '--price': '{text}' is not IN,OUT",
        "the price of a million tokens in and out, such as 0.5,2",
        code="option_value",
    )
