"""Findity's webhooks, which must be answered by 200 only when the export is stored, and the scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any

import httpx2
import pytest
from tests.sandbox.findity_world import World

from ml_connector_sandbox.core.registry import load_scenario, open_system, systems_of
from ml_connector_sandbox.core.serve import Sandbox
from ml_connector_sandbox.systems.exact_online import build as build_ledger


def test_a_webhook_says_which_export_was_made_and_how_much_it_holds() -> None:
    """Ids and counts by the vendor's own names, unsigned; nothing else."""
    world = World(name_status="state", money_as="text")
    heard = world.hear()
    made = world.control("make_export")
    assert [
        {
            "exportId": made["id"],
            "numberOfVouchers": 4,
            "numberOfReports": 4,
            "organizationId": world.holland,
            "externalOrganizationId": "NK-NL",
            "clientApplicationId": world.told["credentials"]["client_id"],
        }
    ] == heard
    assert [{}] == [row["headers"] for row in world.control("notifications")["sent"]]
    assert "taken" == world.books()["exports"][-1]["webhook"]


def test_a_webhook_may_hold_the_vouchers_as_they_are_read() -> None:
    world = World(webhook_content="vouchers", name_rows="voucherRows")
    heard = world.hear()
    made = world.control("make_export", grouping="EXPENSE")
    read = world.get(f"/exports/{made['id']}/vouchers").json()["items"]
    assert read == heard[0]["vouchers"]
    assert 8 == len([voucher["voucherRows"] for voucher in read])


@pytest.mark.parametrize("status", [204, 202, 302, 409, 500, None])
def test_an_export_whose_webhook_was_not_answered_by_200_comes_back(status: int | None) -> None:
    """It may have been stored all the same: the same expenses come again in another export."""
    world = World()
    heard = world.hear(status)
    first = world.control("make_export", reports=["New keyboard"])
    report = world.report("New keyboard")
    assert ("READY_TO_SEND", 1) == (report["status"], report["returns"])
    held = world.books()["exports"][-1]
    assert ("RETURNED", "refused") == (held["status"], held["webhook"])
    (voucher,) = world.vouchers(first["id"])
    assert 409 == world.answer(voucher)
    assert first["id"] not in [row["exportId"] for row in world.rows("/exports", status="UNPROCESSED")]
    world.hear()
    second = world.control("make_export", reports=["New keyboard"])
    (again,) = world.vouchers(second["id"])
    assert [row["expenseId"] for row in voucher["expenses"]] == [
        row["expenseId"] for row in again["expenses"]
    ]
    assert heard[0]["exportId"] != second["id"]
    assert 200 == world.answer(again)
    assert "SENT" == world.report("New keyboard")["status"]


def test_any_2xx_may_do_and_what_came_back_may_be_hidden() -> None:
    world = World(webhook_taken_by="2xx", returned_export="hidden")
    world.hear(202)
    made = world.control("make_export", reports=["New keyboard"])
    assert "TRANSFER" == world.report("New keyboard")["status"]
    world.hear(500)
    gone = world.control("make_export", reports=["Antwerp by car"])
    assert (200, 404) == tuple(world.get(f"/exports/{row['id']}").status_code for row in (made, gone))
    assert gone["id"] not in [row["exportId"] for row in world.rows("/exports")]


def test_nothing_comes_back_once_a_voucher_has_a_status() -> None:
    """A webhook that is sent again and refused changes nothing."""
    world = World()
    world.hear()
    made = world.control("make_export", reports=["New keyboard"])
    world.hear(500)
    world.control("send_webhook", export=made["number"])
    assert "TRANSFER" == world.report("New keyboard")["status"]
    assert 200 == world.answer(world.vouchers(made["id"])[0])


def test_a_client_that_answers_and_then_fails_keeps_the_export() -> None:
    """It books within the webhook and dies before it says 200."""
    world = World()
    heard = world.hear()

    def book_and_die(_url: str, body: bytes, _headers: Any) -> int | None:
        heard.append(json.loads(body))
        assert 200 == world.answer(world.vouchers(heard[-1]["exportId"])[0])
        return None

    world.vendor.webhooks.send = book_and_die
    made = world.control("make_export", grouping="EXPENSE")
    held = world.books()["exports"][-1]
    assert ("refused", "UNPROCESSED") == (held["webhook"], held["status"])
    for voucher in world.vouchers(made["id"])[1:]:
        assert 200 == world.answer(voucher)
    assert "PROCESSED" == world.books()["exports"][-1]["status"]
    assert {0} == {report["returns"] for report in world.books()["reports"]}


def test_webhooks_are_lost_doubled_and_swapped() -> None:
    """One that is lost leaves its export in the list; one that comes twice means the same export."""
    world = World(webhook_lose_every=2)
    heard = world.hear()
    made = [
        world.control("make_export", reports=[title])["id"] for title in ("New keyboard", "Antwerp by car")
    ]
    assert made[:1] == [row["exportId"] for row in heard]
    assert set(made) <= {row["exportId"] for row in world.rows("/exports", status="UNPROCESSED")}
    doubled = World(webhook_duplicate_every=1)
    heard = doubled.hear()
    made = [doubled.control("make_export", reports=["New keyboard"])["id"]]
    assert made * 2 == [row["exportId"] for row in heard]
    swapped = World(webhook_reorder=True)
    heard = swapped.hear()
    made = [
        swapped.control("make_export", reports=[title])["id"] for title in ("New keyboard", "Antwerp by car")
    ]
    assert made[::-1] == [row["exportId"] for row in heard]


def test_a_webhook_goes_to_this_machine_only() -> None:
    world = World()
    for url in ("ftp://127.0.0.1/x", "http://192.0.2.7/x", "", "http://127.0.0.1/" + "x" * 3_000):
        assert 400 == world.refused("set_webhook", url=url)
    world.control("set_webhook", url="http://127.0.0.1:1/hook")
    world.control("remove_webhook")
    world.control("make_export")
    assert None is world.books()["exports"][-1]["webhook"]


# --- over sockets -------------------------------------------------------------------------------------------


@contextmanager
def receiver(statuses: list[int | None]) -> Iterator[tuple[str, Queue[Any]]]:
    """A receiver on this machine that gives these answers in turn, None for a connection that ends without
    one; and what it was sent.
    """
    heard: Queue[Any] = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status = statuses.pop(0)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", heard
    finally:
        server.shutdown()
        server.server_close()


def test_over_sockets_an_export_comes_back_when_the_receiver_dies_and_is_booked_the_second_time() -> None:
    """A connection that really ends, a token in a form, a 503 after the status was taken."""
    host = open_system("findity", scenario="expenses", profile="fast")
    with (
        receiver([None, 200]) as (url, heard),
        Sandbox({"findity": host}) as sandbox,
        httpx2.Client(base_url=sandbox.base_url("findity")) as client,
    ):

        def control(action: str, **typed: Any) -> Any:
            return client.post(f"/__sandbox__/control/{action}", json=typed).raise_for_status().json()

        def exports() -> list[dict[str, Any]]:
            return client.get("/__sandbox__/books").json()["exports"]  # type: ignore[no-any-return]

        def settled(number: int) -> None:
            for _ in range(1_000):
                if exports()[number]["webhook"] != "waits":
                    return
            raise AssertionError("the webhook was never answered")

        keys = host.describe("")["credentials"]
        form = {"grant_type": "client_credentials", **keys}
        token = client.post("/api/oauth/token/", data=form).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        control("set_webhook", url=url)
        control("make_export", reports=["New keyboard"])
        first = heard.get(timeout=10)
        settled(-1)
        assert "RETURNED" == exports()[-1]["status"]
        control("make_export", reports=["New keyboard"])
        second = heard.get(timeout=10)
        settled(-1)
        assert first["exportId"] != second["exportId"]
        base = f"/api/v1/organizations/{second['organizationId']}/exports/{second['exportId']}/vouchers"
        (voucher,) = client.get(base).json()["items"]
        rule = {"kind": "status", "status": 503, "after_commit": True, "match": {"method": "PUT"}}
        client.post("/__sandbox__/faults", json=rule).raise_for_status()
        path = f"{base}/{voucher['voucherId']}/status"
        assert 503 == client.put(path, json={"status": "BOOKED"}).status_code
        assert 200 == client.put(path, json={"status": "BOOKED"}).status_code
        assert "PROCESSED" == exports()[-1]["status"]
        assert {"failures": [], "count": 0} == client.get("/__sandbox__/failures").json()


# --- the scenario -------------------------------------------------------------------------------------------


def test_the_scenario_has_findity_and_the_ledger_with_the_same_codes() -> None:
    """Accounts, VAT codes, dimensions and creditors stand in both divisions; what is missing at Findity, or
    otherwise there, is for a sync of master data.
    """
    assert {"exact_online", "findity"} <= set(systems_of("expenses"))
    assert "findity" not in systems_of("trading_company")
    script = load_scenario("expenses")
    world = World()
    held = build_ledger(scenario=script.ledger_exact_online(None, 1), clock=world.clock, switches={})
    books = world.books()
    assert list(script.ENTITY_OF) == [row["name"] for row in books["organizations"]]
    axes = {row["id"]: row["axis"] for row in books["dimensions"]}
    tables = {"cost_center": "cost_centers", "cost_unit": "cost_units", "project": "projects"}
    for book in held.books_by_division.values():
        numbers = {row["Code"] for row in book["accounts"]}
        assert {row["number"] for row in books["accounts"]} < numbers
        assert {row["code"] for row in books["vat_codes"]} < {
            row["Code"].strip() for row in book["vat_codes"]
        }
        for row in books["dimension_values"]:
            assert row["code"] in {held["Code"] for held in book[tables[axes[row["dimension"]]]]}
        creditors = {row["supplier_number"] for row in books["users"] if row["supplier_number"]}
        assert creditors == {row["Code"].strip() for row in book["relations"]}
    names = {row["Code"]: row["Description"] for row in book["accounts"]}
    assert {"4120": "Telephone"} == {
        row["number"]: row["name"]
        for row in books["accounts"]
        if row["organization"] == world.holland and names[row["number"]] != row["name"]
    }
    assert ([], []) == (books["journals"], books["suppliers"])


def test_the_demo_company_holds_what_people_spend() -> None:
    """Every grouping with accounts waits from the start, and every report comes to another sum."""
    books = World().books()
    expenses = [expense for report in books["reports"] for expense in report["expenses"]]
    assert {"EUR", "USD", "GBP"} == {row["currency"] for row in expenses}
    types = {"ReceiptVerification", "CarSpecification", "SubsistenceAllowance", "FoodBenefitsSpecification"}
    assert types == {row["type"] for row in expenses}
    assert 5 == len({row["grouping"] for row in books["exports"]})
    sums = [
        sum(int(expense["gross"].replace(".", "")) for expense in report["expenses"])
        for report in books["reports"]
    ]
    assert len(sums) == len(set(sums))
    assert ["Lost on the train"] == [row["missing_receipt"] for row in expenses if row["missing_receipt"]]
    assert {None} == {row["salary_code"] for row in expenses}
    assert [] == [row for row in expenses if row["currency"] != "EUR" and row["vat"] != "0.00"]


def test_it_is_served_like_the_others() -> None:
    host = open_system("findity", scenario="expenses")
    told = host.describe("http://127.0.0.1:1")
    assert {"client_id", "client_secret"} == set(told["credentials"])
    assert ["Noordkade Handel B.V.", "Noordkade Belgium BV"] == [row["title"] for row in told["entities"]]
    with pytest.raises(KeyError, match="no data for findity"):
        open_system("findity", scenario="trading_company")
