"""The product's own tables in the memory of one process, for the tests of flows and runs.

Django knows one database in a process. `Tables` gives every test an empty one of its own: a copy of a
template that is made once, put under Django's connection whenever the test's world is at work.
"""

from __future__ import annotations

import sqlite3
import tempfile
import weakref
from functools import cache
from pathlib import Path
from typing import Any

from ml_connector.app.settings import Settings, start_django


@cache
def settings() -> Settings:
    """Settings of an installation whose database is in memory; Django is started with them, once."""
    home = Path(tempfile.mkdtemp(prefix="ml-connector-tables-"))
    found = Settings(home=home, database_url="sqlite:///:memory:")
    start_django(found)
    return found


@cache
def _template() -> sqlite3.Connection:
    settings()
    return _wrapper().connection


def _wrapper() -> Any:
    from django.db import connections

    return connections["default"]


class Tables:
    """One database; `use` makes it the one that Django works on."""

    def __init__(self, of: Tables | None = None) -> None:
        source = of.raw if of is not None else _template()
        self.raw = _wrapper().get_new_connection(_wrapper().get_connection_params())
        self.raw.isolation_level = None
        source.backup(self.raw)
        weakref.finalize(self, self.raw.close)

    def use(self) -> None:
        """From now on every query goes to this database."""
        _wrapper().connection = self.raw
