"""The sizes that GPUs are sold in, with names by which people know them."""

from __future__ import annotations

from dataclasses import dataclass

GB = 10**9


@dataclass(frozen=True)
class Card:
    """A size in GB as printed on the box (which are GiB, or nearly), and cards that have it."""

    size: int
    names: str

    @property
    def usable(self) -> int:
        """Bytes that a program can take."""
        return int(self.size * _SEEN)

    @property
    def label(self) -> str:
        """The size and the names."""
        return f"{self.size} GB ({self.names})"


_SEEN = 0.985 * (1 << 30)
"""Bytes a program finds for each GB of a card: GiB, less 1.5 % for what the driver keeps (assumed)."""

CARDS = (
    Card(8, "RTX 4060"),
    Card(12, "RTX 3060, RTX 4070"),
    Card(16, "RTX 4080, RTX 5060 Ti"),
    Card(24, "RTX 3090, RTX 4090"),
    Card(32, "RTX 5090, V100 32GB"),
    Card(40, "A100 40GB"),
    Card(48, "RTX A6000, RTX 6000 Ada"),
    Card(80, "A100 80GB, H100"),
    Card(96, "H20, RTX PRO 6000"),
    Card(141, "H200"),
    Card(192, "MI300X"),
)


SPARE = 0.08
"""Share of a card that stays free: the estimate may be 5 % too low, and the overhead is assumed."""


def smallest_card(size: int) -> Card | None:
    """Return the smallest card that holds so many bytes with `SPARE` left over, None when none does."""
    return next((card for card in CARDS if size <= card.usable * (1 - SPARE)), None)
