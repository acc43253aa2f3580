"""What the tests of the site share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the checkout or of the unpacked sdist."""
    return Path(__file__).parents[2]
