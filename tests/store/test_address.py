"""The address of a database: handed whole to the driver, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.store.database import AddressError, database_settings


def test_every_part_reaches_the_driver() -> None:
    """Encryption above all: without sslmode a server that pretends to be ours would be believed."""
    found = database_settings(
        "postgresql://us%65r%40acme:p%40ss%2Fword@db.example:5433/na%6De"
        "?sslmode=verify-full&sslrootcert=/etc/ca.pem&application_name=x&connect_timeout=3"
    )

    assert {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "name",
        "USER": "user@acme",
        "PASSWORD": "p@ss/word",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {
            "sslmode": "verify-full",
            "sslrootcert": "/etc/ca.pem",
            "application_name": "x",
            "connect_timeout": "3",
        },
    } == found


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://db.example/name", {"HOST": "db.example", "NAME": "name", "USER": "", "PORT": ""}),
        ("postgresql://postgres:@/postgres?host=/tmp/x", {"HOST": "/tmp/x", "USER": "postgres"}),
        ("postgresql://a:5432,b:5433/name", {"HOST": "a,b", "PORT": "5432,5433"}),
        ("postgresql://[::1]:5432/name", {"HOST": "::1"}),
        ("sqlite:////var/lib/product.sqlite3", {"NAME": "/var/lib/product.sqlite3"}),
        ("sqlite:///product.sqlite3", {"NAME": "product.sqlite3"}),
        ("sqlite:////var/a folder/#1/100%.sqlite3", {"NAME": "/var/a folder/#1/100%.sqlite3"}),
    ],
)
def test_addresses_that_are_read(url: str, expected: dict[str, Any]) -> None:
    """Sockets, several hosts, any path of a file; a server is not waited for longer than 10 s."""
    found = database_settings(url)

    assert expected == {name: found[name] for name in expected}
    if url.startswith("postgres"):
        assert {"connect_timeout": "10"} == found["OPTIONS"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://anna:s3cret@db/name", "begins with 'mysql'; expected sqlite:/// or postgresql://"),
        ("anna:s3cret@db/name", "has no ://"),
        ("", "has no ://"),
        ("postgresql://anna:s3cret@db/name?sslmod=require", "the driver knows no 'sslmod'"),
        ("postgresql://anna:s3cret@db/name?pool=1", "the driver knows no 'pool'"),
        ("postgresql://anna:s3cret%zz@db/name", "the driver cannot read it"),
        ("postgresql://anna:s3cret@[::1/name", "the driver cannot read it"),
        ("postgresql://anna:s3cret@db", "names no database"),
        ("postgresql://anna:s3cret@db:54a/name", "The port of the PostgreSQL address is no number"),
        ("sqlite://product.sqlite3", "no address of a SQLite database"),
        ("sqlite:///", "no address of a SQLite database"),
        ("sqlite:///product.sqlite3?mode=ro", "without options"),
    ],
)
def test_what_is_not_known_is_refused(url: str, words: str) -> None:
    """Nothing is dropped silently, and no password is repeated."""
    with pytest.raises(AddressError) as caught:
        database_settings(url)

    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert None is caught.value.__cause__
