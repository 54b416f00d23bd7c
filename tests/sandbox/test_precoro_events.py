"""What Precoro sends by itself, faults around its writes, and the demo company as a whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any

import httpx2
import pytest
from tests.sandbox.precoro_world import World, pay

from ml_connector_sandbox.core.registry import load_scenario, open_system, systems_of
from ml_connector_sandbox.core.serve import Sandbox
from ml_connector_sandbox.systems.exact_online import build as build_ledger

HOOK = "http://127.0.0.1:1/hook"


def test_a_webhook_says_what_changed_and_nothing_else() -> None:
    """A type, an action and both ids; no signature, and no type for payments."""
    world = World("fast")
    heard = world.hear()
    world.control("approve", idn="1045")
    world.made("POST", "/payments", pay(1061, "1.00"))
    supplier = world.made("POST", "/suppliers", "name=Pens")["id"]
    option = world.made("POST", "/documentcustomfields/31/options", "name=X")["id"]
    world.made("PUT", "/itemcustomfields/21/options/5001", "name=Machines&code=0210")
    world.made("PATCH", "/purchaseorders/501", "externalId=o")
    world.made("POST", "/taxes", "name=X&percent=1")
    assert [
        {"id": 1061, "type": 3, "action": 1, "idn": 1045},
        {"id": 1061, "type": 3, "action": 1, "idn": 1045},
        {"id": supplier, "type": 7, "action": 0},
        {"id": option, "type": 10, "action": 0},
        {"id": 5001, "type": 11, "action": 1},
        {"id": 7101, "type": 2, "action": 1, "idn": 501},
    ] == heard
    sent = world.control("notifications")["sent"]
    assert [{}] * 6 == [row["headers"] for row in sent]


def test_our_own_mark_comes_back_as_an_event_or_not() -> None:
    for notifies, count in ((True, 2), (False, 0)):
        world = World("fast", patch_notifies=notifies)
        heard = world.hear()
        world.made("PATCH", "/invoices/1001", "externalId=e")
        world.made("PATCH", "/suppliers/20401", "externalId=e")
        assert count == len(heard)


def test_at_most_five_addresses_each_for_some_kinds_on_this_machine() -> None:
    world = World("fast")
    heard = world.hear(types=[7], actions=[0])
    world.control("approve", idn="1045")
    world.control("rename_supplier", code="S0001", to="X")
    assert [] == heard
    world.control("add_supplier", set={"name": "New"})
    assert [(7, 0)] == [(row["type"], row["action"]) for row in heard]
    for number in range(4):
        world.control("add_webhook", url=f"{HOOK}/{number}")
    assert 400 == world.refused("add_webhook", url=f"{HOOK}/5")
    world.control("remove_webhook", url=f"{HOOK}/0")
    assert 404 == world.refused("remove_webhook", url=f"{HOOK}/0")
    assert 400 == World("fast").refused("add_webhook", url="ftp://127.0.0.1/x")
    guarded = World("fast")
    assert 400 == guarded.refused("add_webhook", url="http://192.0.2.7/x")
    guarded.client.post("/__sandbox__/switches", json={"webhooks_only_loopback": False}).raise_for_status()
    assert 1 == len(guarded.control("add_webhook", url="http://192.0.2.7/x")["endpoints"])


def test_a_webhook_tells_of_what_its_user_may_see() -> None:
    world = World("fast")
    heard = world.hear(email="rotterdam@noordkade.example")
    world.control("comment", number="AL260777")
    world.control("comment", idn="1001")
    assert [1001] == [row["idn"] for row in heard]


def test_events_are_lost_doubled_swapped_and_made_up() -> None:
    world = World("fast", webhook_lose_every=3, webhook_duplicate_every=2)
    heard = world.hear()
    for idn in ("1001", "1002", "1003"):
        world.control("comment", idn=idn)
    assert [1001, 1002, 1002] == [row["idn"] for row in heard]
    assert {"made": 3, "lost": 1} == {name: world.books()["webhooks"][name] for name in ("made", "lost")}
    swapped = World("fast", webhook_reorder=True)
    heard = swapped.hear()
    for idn in ("1001", "1002", "1003"):
        swapped.control("comment", idn=idn)
    assert [1002, 1001] == [row["idn"] for row in heard]
    swapped.control("deliver")
    assert 1003 == heard[-1]["idn"]
    without = World("fast", custom_field_webhooks=False)
    heard = without.hear()
    without.control("add_option", axis="account", code="1", name="X")
    before = without.read("/invoices/1001")
    without.control("send_webhook", idn="1001")
    assert [3] == [row["type"] for row in heard]
    assert before == without.read("/invoices/1001")


def test_a_webhook_that_is_not_taken_is_sent_again_as_often_as_the_switch_says() -> None:
    for retries in (0, 2):
        world = World("fast", webhook_retries=retries)
        world.hear()
        tried: list[Any] = []
        outbox = world.vendor.webhooks.outbox
        outbox.send = lambda *what, tried=tried: tried.append(what) or 500
        outbox.wait = lambda _: None
        world.control("comment", idn="1001")
        assert 1 + retries == len(tried)


# --- faults -------------------------------------------------------------------------------------------------


def fault(world: World, **rule: Any) -> None:
    world.client.post("/__sandbox__/faults", json=rule).raise_for_status()


def test_the_answer_of_a_payment_is_lost_and_it_stands_all_the_same() -> None:
    world = World("fast")
    fault(world, kind="lost_after_commit", match={"method": "POST", "path": "/payments"})
    with pytest.raises(httpx2.TransportError):
        world.send("POST", "/payments", pay(1017, "10.00", externalId="b-1"))
    assert ["b-1"] == [row["externalId"] for row in world.rows("/payments?external_id[]=b-1")]


def test_a_503_after_the_write_and_a_mark_that_fails_once() -> None:
    world = World("fast")
    fault(world, kind="status", status=503, after_commit=True, match={"method": "POST"})
    assert 503 == world.send("POST", "/suppliers", "name=Pens").status_code
    assert 34 == len(world.books()["suppliers"])
    fault(world, kind="status", status=500, match={"method": "PATCH", "path": "/invoices/"})
    assert 500 == world.send("PATCH", "/invoices/1001", "externalId=e").status_code
    assert None is world.invoice("KP-26-0417")["external_id"]
    assert "e" == world.made("PATCH", "/invoices/1001", "externalId=e")["externalId"]
    assert 1 == world.invoice("KP-26-0417")["marks"]


def test_a_failed_get_counts_as_asked() -> None:
    """Repeating it within the minute is a duplicate."""
    world = World()
    fault(world, kind="status", status=500, after_commit=True, match={"path": "/taxes"})
    assert 500 == world.hasty("GET", "/taxes").status_code
    world.clock.advance(5)
    assert 429 == world.hasty("GET", "/taxes").status_code


def test_errors_that_are_of_no_field_have_three_shapes() -> None:
    assert "Not found" == World("fast").get("/invoices/9").json()["message"]
    assert "Not found" == World("fast", error_as="error").get("/invoices/9").json()["error"]
    assert "Not found" == World("fast", error_as="text").get("/invoices/9").text


# --- the company --------------------------------------------------------------------------------------------


def test_the_scenario_has_precoro_and_the_ledger_with_the_same_codes() -> None:
    """Every code that can be chosen stands in the ledger, and none of its suppliers does."""
    assert ["exact_online", "precoro", "ukg_pro"] == systems_of("procurement")
    assert "precoro" not in systems_of("trading_company")
    script = load_scenario("procurement")
    world = World("fast")
    held = build_ledger(scenario=script.ledger_exact_online(None, 1), clock=world.clock, switches={})
    options = world.books()["options"]
    tables = {
        "account": "accounts",
        "cost_center": "cost_centers",
        "cost_unit": "cost_units",
        "project": "projects",
    }
    for book in held.books_by_division.values():
        for axis, table in tables.items():
            codes = {row["code"] for row in options if row["axis"] == axis and row["open"]}
            assert codes <= {row["Code"] for row in book[table]}, axis
        assert 0 == len(book["relations"])
        assert set(script.TAX_OF.values()) <= {row["Code"].strip() for row in book["vat_codes"]}
    entities = [row["name"] for row in world.books()["entities"]]
    assert list(script.DIVISIONS) == entities


def test_the_demo_company_holds_what_goes_wrong_in_practice() -> None:
    invoices = World("fast").books()["invoices"]
    numbers = Counter(row["number"] for row in invoices if row["parent"] is None)
    assert (3, 2) == (numbers["1001"], numbers["R-77"])
    assert {"3411", "0034-11", "NA", None} <= set(numbers)
    assert [34, 34] == [len(number) for number in numbers if number and number.startswith("2026/RE")]
    assert {"EUR", "USD", "SEK", "GBP", "NOK"} == {row["currency"] for row in invoices}
    assert {"invoice", "credit_note"} == {row["kind"] for row in invoices}
    rounding = next(row for row in invoices if row["number"] == "PD20260625")
    assert Decimal(rounding["gross"]) == Decimal(rounding["net"]) + Decimal(rounding["vat"]) - Decimal("0.01")
    assert [(0, None)] == [
        (len(row["codes"]), row["entity"]) for row in invoices if row["number"] == "RE 4712"
    ]


def test_more_suppliers_and_invoices_come_from_the_seed() -> None:
    """For whoever measures; the same seed makes the same."""
    world = World("fast", more_suppliers=40, more_invoices=150)
    books = world.books()
    assert (73, 212) == (len(books["suppliers"]), len(books["invoices"]))
    again = World("fast", more_suppliers=40, more_invoices=150).books()
    assert books["invoices"] == again["invoices"]


def test_a_reset_takes_everything_back_but_the_switches() -> None:
    world = World("fast", money="text")
    before = world.books()["invoices"]
    world.control("pay", idn="1001")
    world.control("restrict_user", locations=["RTM"])
    world.control("new_key")
    world.client.post("/__sandbox__/reset").raise_for_status()
    assert before == world.books()["invoices"]
    assert 200 == world.get("/users").status_code
    assert "223.06" == world.read("/invoices/1001")["sum"]


def test_every_record_of_a_copy_forgets_its_mark() -> None:
    world = World("fast")
    world.made("PATCH", "/invoices/1001", "externalId=e")
    world.made("PATCH", "/suppliers/20401", "externalId=e")
    assert {"forgotten": 2} == world.control("forget_external_ids")
    assert [] == world.rows("/invoices?sent_to_external=1")


def test_over_sockets_an_answer_is_lost_and_a_webhook_arrives() -> None:
    """A connection that really ends, and a receiver that really listens."""
    with heard_over_a_socket() as (url, heard):
        host = open_system("precoro", scenario="procurement", profile="fast")
        with (
            Sandbox({"precoro": host}) as sandbox,
            httpx2.Client(base_url=sandbox.base_url("precoro")) as client,
        ):
            keys = host.describe("")["credentials"]
            client.headers.update({"X-AUTH-TOKEN": keys["token"], "email": keys["email"]})
            client.post("/__sandbox__/control/add_webhook", json={"url": url}).raise_for_status()
            client.post("/__sandbox__/faults", json={"kind": "lost_after_commit"}).raise_for_status()
            with pytest.raises(httpx2.TransportError):
                client.post("/payments", data=pay(1017, "10.00"))
            assert "10.00" == client.get("/invoices/1001").json()["sumPaid"]
            assert {"id": 1017, "type": 3, "action": 1, "idn": 1001} == heard.get(timeout=10)


@contextmanager
def heard_over_a_socket() -> Iterator[tuple[str, Queue[Any]]]:
    """A receiver on this machine, and what it was sent."""
    heard: Queue[Any] = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", heard
    finally:
        server.shutdown()
        server.server_close()


def test_it_is_served_like_the_others() -> None:
    host = open_system("precoro", scenario="procurement")
    told = host.describe("http://127.0.0.1:1")
    assert {"email", "token"} == set(told["credentials"])
    assert ["41", "42"] == [row["code"] for row in told["entities"]]
    with pytest.raises(KeyError, match="no data for precoro"):
        open_system("precoro", scenario="trading_company")
