"""What a serving process does now and then: one connection that is broken stops no other."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from tests.stand import Installation

EXACT = {
    "base_url": "http://127.0.0.1:1",
    "division": "1204",
    "client_id": "the-app",
    "client_secret": "the-secret",
}


def test_a_sign_in_that_cannot_be_read_stops_no_other(product: Installation) -> None:
    """Its row was damaged, or its key is gone: upkeep names the connection and goes on."""
    values = {**EXACT, "redirect_uri": "http://127.0.0.1:2/back"}
    given = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    added = product.command(
        "connections", "add", "books", "--connector", "exact_online", "--sandbox", *given, "--json"
    )
    assert 0 == added.code, added
    with closing(sqlite3.connect(product.home / "product.sqlite3")) as database, database:
        (connection,) = database.execute("SELECT id FROM store_connection").fetchone()
        row = (connection, "", "damaged")
        database.execute("INSERT INTO store_token (connection_id, name, ciphertext) VALUES (?, ?, ?)", row)

    done = product.command("serve", "--once", "--json")

    assert (0, 0) == (done.code, done.json["upkeep"]["renewed"]), done
    warning = json.loads(done.stderr)
    assert ("sign_in.not_renewed", "books") == (warning["event"], warning["connection"])
