"""The same claims on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.postgres import postgresql

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
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of this module's own."""
    with postgresql() as address:
        yield address


def test_sqlite_keeps_the_claims(tmp_path: Path) -> None:
    """The default."""
    suite(f"sqlite:///{tmp_path / 'product.sqlite3'}", tmp_path)


def test_postgresql_keeps_the_claims(server: str, tmp_path: Path) -> None:
    """The one to grow on."""
    suite(server, tmp_path)
