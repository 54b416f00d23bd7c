"""`alerts`: channels are set, tried and seen from the command line, by real processes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.conftest import Installation
from tests.cli.test_worklist import filled  # noqa: F401
from tests.flows.test_alert_webhooks import Receiver


def test_nothing_is_open_at_first(tmp_path: Path) -> None:
    product = Installation(tmp_path / "home")

    assert "No alert is open.\n" == product.command("alerts", "list").stdout
    assert "There is no endpoint.\n" == product.command("alerts", "endpoints", "list").stdout
    assert "Nobody has looked for alerts yet" in product.command("status").stdout
    assert "Time zone data: " in product.command("status").stdout


def later(product: Installation) -> None:
    """Half an hour passes for what waits to be told."""
    with closing(sqlite3.connect(product.home / "product.sqlite3")) as database, database:
        database.execute("UPDATE store_alertround SET at = datetime(at, '-30 minutes')")
        database.execute("UPDATE store_alert SET seen_at = datetime(seen_at, '-30 minutes')")


def test_serve_tells_an_alert_and_sends_it_signed(filled: Installation) -> None:  # noqa: F811
    receiver = Receiver()
    try:
        added = filled.command(
            "alerts", "endpoints", "add", "ops", "--url", receiver.url, "--allow-internal", "--json"
        ).json
        assert added["secret"].startswith("whsec_")
        assert 0 == filled.command("serve", "--once", "--json").code
        later(filled)
        done = filled.command("serve", "--once", "--json")
    finally:
        receiver.close()

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (alert,) = [line["alert"] for line in lines if "alert" in line]
    assert ("opened", "plan.theirs", "flow 1", "administrator", 2) == tuple(
        alert[name] for name in ("event", "code", "place", "owner", "count")
    )
    assert ["alert.opened"] == [body["type"] for body in receiver.bodies()]
    (listed,) = filled.command("alerts", "list", "--json").json["alerts"]
    assert alert["id"] == listed["id"]
    status = filled.command("status")
    assert "1 open alert: ml-connector alerts list" in status.stdout
    assert "Nobody has looked" not in status.stdout
    assert added["secret"] not in filled.command("alerts", "endpoints", "list", "--json").stdout
    assert 0 == filled.command("audit", "verify").code


def test_a_test_says_of_every_channel_what_came_of_it(tmp_path: Path) -> None:
    product, receiver = Installation(tmp_path / "home"), Receiver()
    try:
        for name, url in (("ops", receiver.url), ("dead", "http://127.0.0.1:1/")):
            product.command("alerts", "endpoints", "add", name, "--url", url, "--allow-internal")
        done = product.command("alerts", "test", "--json")
    finally:
        receiver.close()

    found = {one["channel"]: one["error"] for one in done.json["channels"]}
    assert (1, False) == (done.code, done.json["ok"])
    assert ("", "", True) == (found["log"], found["webhook ops"], "was not reached" in found["webhook dead"])
    assert ["alert.test"] == [body["type"] for body in receiver.bodies()]


def test_an_endpoint_is_rotated_enabled_replayed_and_removed(tmp_path: Path) -> None:
    product = Installation(tmp_path / "home")
    first = product.command("alerts", "endpoints", "add", "ops", "--url", "https://x.example", "--json").json
    second = product.command("alerts", "endpoints", "rotate", "ops", "--json").json

    assert first["secret"] != second["secret"]
    assert "ops is enabled.\n" == product.command("alerts", "endpoints", "enable", "ops").stdout
    assert 0 == product.command("alerts", "replay", "--since", "2026-01-01", "--json").json["messages"]
    assert "ops is removed.\n" == product.command("alerts", "endpoints", "remove", "ops").stdout
    assert [] == product.command("alerts", "endpoints", "list", "--json").json["endpoints"]
    actions = product.command("audit", "export").stdout
    for action in ("added", "secret_renewed", "enabled", "removed"):
        assert f"endpoint.{action}" in actions
    assert second["secret"] not in actions


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("add", "ops", "--url", "https://10.0.0.1/"), 2, "is inside our own network"),
        (("add", "ops", "--url", "http://x.example/"), 2, "is no https address"),
        (("remove", "ops"), 2, "There is no endpoint 'ops'"),
    ],
)
def test_wrong_use_of_endpoints(tmp_path: Path, arguments: tuple[str, ...], code: int, text: str) -> None:
    done = Installation(tmp_path / "home").command("alerts", "endpoints", *arguments)

    assert (code, True) == (done.code, text in done.stderr), done
