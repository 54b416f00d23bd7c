"""The parts of an address reach the database: with every connection, those of locks included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from tests.store.suite.conftest import DATABASE

from ml_connector.store.database import database_settings

POSTGRESQL = DATABASE.startswith("postgres")


@pytest.fixture
def connected_as() -> Iterator[Any]:
    """Connects as the address says; the address of the suite afterwards."""
    wrapper = connections["default"]
    before = dict(wrapper.settings_dict)

    def connect(url: str) -> Any:
        wrapper.close()
        wrapper.settings_dict.update(database_settings(url))
        return wrapper

    yield connect
    wrapper.close()
    wrapper.settings_dict.clear()
    wrapper.settings_dict.update(before)


def test_user_and_options_reach_the_server(storage: Any, connected_as: Any) -> None:
    """A percent-encoded user and an option of the server: as they were written, or, on SQLite, not at all."""
    if not POSTGRESQL:
        assert "PRAGMA synchronous=FULL" in database_settings(DATABASE)["OPTIONS"]["init_command"]
        return
    with connections["default"].cursor() as cursor:
        cursor.execute('CREATE ROLE "an na" LOGIN SUPERUSER')
    wrapper = connected_as(
        DATABASE.replace("postgres:@", "an%20na:@") + "&options=-c%20geqo_threshold%3D7&sslmode=prefer"
    )

    with storage.locks.hold("lane:address"), wrapper.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('geqo_threshold')")
        assert ("an na", "7") == cursor.fetchone()
        cursor.execute("SELECT usename FROM pg_stat_activity WHERE application_name LIKE 'process %%'")
        assert [("an na",)] == cursor.fetchall()
    with connections["default"].cursor() as cursor:
        cursor.execute("RESET geqo_threshold")


def test_options_reach_the_connection_of_a_lock(storage: Any, connected_as: Any) -> None:
    """One that cannot be kept stops it: it would be dropped silently otherwise."""
    if not POSTGRESQL:
        assert {"init_command", "transaction_mode", "timeout"} == {*database_settings(DATABASE)["OPTIONS"]}
        return
    connected_as(DATABASE + "&service=nowhere")

    with pytest.raises(Exception, match="nowhere"), storage.locks.hold("lane:service"):
        pass
