"""A database that may forget what it has acknowledged is never worked on: an entry could be booked twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Product
from tests.postgres import postgresql

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of this module's own."""
    with postgresql() as address:
        yield address


@pytest.mark.parametrize("name", ["synchronous_commit", "fsync"])
def test_nothing_runs_on_a_database_that_may_forget_what_it_acknowledged(
    server: str, name: str, tmp_path: Path
) -> None:
    """The worker says what to set, and starts when it is set."""
    import psycopg

    product = Product(tmp_path, {"ML_CONNECTOR_DATABASE_URL": server})
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")
        try:
            process = product.start("serve", "--once", "--json")
            said = "".join(process.communicate())
        finally:
            connection.execute(f"ALTER SYSTEM RESET {name}")
            connection.execute("SELECT pg_reload_conf()")

    assert 0 != process.returncode, said
    assert f"This PostgreSQL runs with {name}=off" in said
    assert "upkeep" in product.run("serve", "--once", "--json")
