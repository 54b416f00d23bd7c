"""What tests of Findity have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads that fail are not repeated, and nobody pauses."""
    with stamina.set_testing(True):
        yield
