"""A reward for ms-swift: 1 for an answer behind one closed think block; its `format` wants <answer> tags."""

import re
from typing import Any

from swift.rewards import ORM, orms


class ThinkFormat(ORM):
    """Judge the form alone, whatever the answer is."""

    def __call__(self, completions: list[str], **kwargs: Any) -> list[float]:
        """Return 1.0 or 0.0 for each completion."""
        pattern = re.compile(r"<think>(?!.*<think>).*?</think>\s*\S", re.DOTALL)
        return [float(bool(pattern.match(text))) for text in completions]


orms["lf_think_format"] = ThinkFormat
