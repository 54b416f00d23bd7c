"""An installation of release 0.1.0, which the upgrade tests keep: its database and its key.

A world that begins with it has the runs of that release beside its own. They are of a flow between two
systems of which the world has neither, so all that is known of them is that they are there; the world works
on what was upgraded around them.
"""

from __future__ import annotations

import gzip
from pathlib import Path

KEPT = Path(__file__).parent.parent.parent / "tests" / "upgrade" / "kept" / "sqlite"
SOURCE, TARGET = "payroll", "ledger"
"""The connections of its only flow. No system of a world is called so."""


def database() -> bytes:
    """The database, before anything is upgraded."""
    return gzip.decompress((KEPT / "product.sqlite3.gz").read_bytes())


def add_its_key(key_file: Path) -> None:
    """Put the key of that installation last into a key file: it opens what is sealed in the database."""
    key, known = (KEPT / "keys").read_text().strip(), key_file.read_text().split()
    if key not in known:
        key_file.write_text("\n".join([*known, key]) + "\n")
