"""The connector at the simulated company: its whole books, its limits, its rights and its notifications."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.precoro.events import PrecoroEvents
from ml_connector.connectors.precoro.tests.simulated_world import FIELDS, SimulatedCompany
from ml_connector.contract.invoice_world import approve, content_of
from ml_connector.domain.invoice import SupplierInvoice, check_totals, vat_of_lines
from ml_connector.errors import ConnectorError, Refused, SignInLost, Throttled

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def refused_calls(world: SimulatedCompany) -> Any:
    """Calls that came too soon or too often, by kind."""
    return world.call("GET", "/__sandbox__/books")["calls"]


OTHER_WAY = {"exchange_rate_as": "number", "exchange_rate_direction": "document_per_company", "money": "text"}
WITH_ROUNDING = "PD20260625"
"""A document whose total has a cent of rounding, which Precoro has no field for: a question."""
NOT_TAKEN = {"invoice.withholding", "invoice.option"}


@pytest.mark.parametrize("field_value_as", ["id", "name", "object"])
@pytest.mark.parametrize("more", [{}, OTHER_WAY], ids=["as it is", "the other way"])
def test_every_invoice_is_what_the_books_have(field_value_as: str, more: dict[str, Any]) -> None:
    """To the cent, by tax, with its codes, its rate and its files."""
    world = SimulatedCompany(switches={"field_value_as": field_value_as, **more}, profile="fast")
    source, compared, refused, questions = world.source, 0, set(), []
    for ref in source.changed("", LONG_AGO).found:
        book = world.held(ref.invoice)
        try:
            found = source.invoice(ref.reference)
        except Refused as error:
            refused.add(error.problem.code)
            continue
        compared += 1
        assert (book["net"], book["gross"]) == (str(found.net.amount), str(found.gross.amount))
        assert [line["net"] for line in book["lines"]] == [str(line.net.amount) for line in found.lines]
        assert (book["number"] or "", book["entity"] or "") == (found.number, found.company)
        assert str(book["supplier"]) == found.supplier
        assert book["codes"] == {each.axis: each.code for each in found.codes}
        assert [line["codes"] for line in book["lines"]] == [
            {each.axis: each.code for each in line.codes} for line in found.lines
        ]
        assert {str(file["id"]) for file in book["attachments"]} <= {file.key for file in found.files}
        if list(check_totals(found)):
            questions.append(found.number)
        else:
            taxed(book, found)
    assert (True, set()) == (compared > 35, refused - NOT_TAKEN)
    assert [WITH_ROUNDING] == questions


def taxed(book: dict[str, Any], found: SupplierInvoice) -> None:
    """Each tax has the amount of the books."""
    of_lines = sum((each.amount.amount for line in vat_of_lines(found) for each in line), Decimal(0))
    assert Decimal(book["vat"]) == of_lines
    assert sorted(Decimal(tax["amount"]) for tax in book["taxes"]) == sorted(
        each.amount.amount for each in found.vat
    )
    if book["currency"] != "EUR":
        assert found.rate is not None
        assert abs(found.rate.rate - Decimal(book["rate"])) < Decimal("0.0001")


@pytest.mark.parametrize("answered", ["binary", "base64", "url"])
def test_files_are_those_of_the_books(answered: str) -> None:
    """In each form that Precoro may answer in."""
    world = SimulatedCompany(switches={"attachment_download": answered})
    invoice = approve(world, "F-1")
    world.attach(invoice, "a.pdf", b"%PDF one \xff\x00")
    world.control("attach", id=int(invoice), name="scan.pdf", scan=True, bytes=3000)
    source = world.source
    (ref,) = source.changed("", world.now() - timedelta(hours=1)).found

    files = source.invoice(ref.reference).files

    assert [True, False] == [file.original for file in files]
    book = world.held(invoice)
    kept = {str(file["id"]): file["sha256"] for file in book["attachments"]}
    assert kept == {file.key: hashlib.sha256(content_of(source, file)).hexdigest() for file in files}


def test_no_call_comes_too_soon_or_twice() -> None:
    """A day's work, and the vendor refused nothing."""
    world = SimulatedCompany()
    since = world.now()
    for number in range(5):
        world.attach(approve(world, f"F-{number}"), "a.pdf", b"%PDF")
    cursor = ""
    for _ in range(3):
        source = world.source
        looked = source.changed(cursor, since)
        cursor = looked.cursor
        for ref in looked.found:
            if ref.external:
                continue
            for file in source.invoice(ref.reference).files:
                content_of(source, file)
            source.marks.assign(ref.invoice, f"guid-{ref.invoice}", "Booked")
        world.advance(600)
    assert [] == list(world.source.unmarked(since))

    calls = refused_calls(world)
    assert not any(calls["refused"].values()), calls
    assert 3 + 1 + 5 * 4 == len(world.calls())


def test_a_day_that_is_used_up_ends_cleanly() -> None:
    """With the time from the body: nobody asks again before, and the next day goes on."""
    world = SimulatedCompany()
    world.control("use_up", what="day")
    with pytest.raises(Throttled) as caught:
        world.source.changed("", world.now())
    wait = caught.value.retry_after_seconds
    assert wait is not None
    assert 14 * 3600 < wait <= 15 * 3600
    asked = len(world.calls())
    with pytest.raises(Throttled):
        world.source.marks.note("1", "x")
    assert asked == len(world.calls())

    world.advance(wait + 1)
    assert world.source.changed("", world.now()).found == ()


def test_a_user_who_does_not_see_everything_is_found_by_the_ping() -> None:
    """The administrator's passes; one of a single location does not, and one who left is told."""
    world = SimulatedCompany()
    assert [] == [right for right in world.system.check() if not right.granted]
    for user, lost in ((1, "all locations"), (2, "read")):
        world.wiring.vault.write("token", world.users[user]["token"])
        world.settings["email"] = world.users[user]["email"]
        world.advance(120)
        missing = [right for right in world.system.check() if not right.granted]
        assert any(right.name.startswith(lost) for right in missing), missing
        assert all(right.text for right in missing)


def test_a_key_that_was_replaced_is_told() -> None:
    world = SimulatedCompany()
    world.control("new_key", email=world.credentials["email"])

    with pytest.raises(SignInLost):
        world.source.changed("", world.now())


def test_an_invoice_that_is_revised_between_list_and_record_has_moved() -> None:
    """It is not booked as it was."""
    world = SimulatedCompany()
    since = world.now()
    approve(world, "F-1")
    source = world.source
    (ref,) = source.changed("", since).found
    idn = ref.reference.split("/")[1]
    world.control("before_detail", idn=idn, do="revise", arguments={})

    with pytest.raises(Refused) as refused:
        source.invoice(ref.reference)
    assert "invoice.moved" == refused.value.problem.code


def test_what_precoro_sends_wakes_who_reads_invoices() -> None:
    """As it leaves, to the byte."""
    world = SimulatedCompany()
    sent: list[bytes] = []
    outbox = world.host.vendor.webhooks.outbox
    outbox.send, outbox.background = lambda url, body, headers: sent.append(body) or 200, False
    world.control("add_webhook", url="http://127.0.0.1:1/hooks/x", types=[3])
    invoice = approve(world, "F-1")

    events = [PrecoroEvents(world.wiring.clock).verify({}, body) for body in sent]

    assert {invoice} == {event.key for event in events}
    assert {"invoice create", "invoice update"} >= {event.topic for event in events}
    assert {"id", "type", "action", "idn"} == set(json.loads(sent[-1]))


def test_a_page_that_came_without_a_row_is_not_seen_by_anybody() -> None:
    """A list that skips a row though nothing changed cannot be told from a whole one; the look once a day
    asks for what has no mark, whatever the cursor.
    """
    world = SimulatedCompany()
    since = world.now()
    every = {approve(world, f"F-{number}") for number in range(world.many())}
    world.advance(3600)
    world.call("POST", "/__sandbox__/switches", json={"page_drift": "skip"})
    found = {ref.invoice for ref in world.source.changed("", since).found}
    world.call("POST", "/__sandbox__/switches", json={"page_drift": "none"})
    world.advance(3600)

    assert every == found | {ref.invoice for ref in world.source.unmarked(since)}


@pytest.mark.parametrize("right", ["invoices"])
def test_a_right_that_is_withdrawn_is_an_empty_list(right: str) -> None:
    """Nothing is an error at the vendor: what is missing is seen by people alone, and a mark is refused."""
    world = SimulatedCompany()
    since = world.now()
    invoice = approve(world, "F-1")
    world.control("withdraw_right", email=world.credentials["email"], right=right)

    assert () == world.source.changed("", since).found
    with pytest.raises(ConnectorError):
        world.source.marks.assign(invoice, "guid")


def test_the_settings_of_the_demo_company_are_accepted() -> None:
    """Its fields are those that the ping finds."""
    world = SimulatedCompany()
    names = {right.name: right for right in world.system.check()}

    assert names["custom fields of the lines"].granted
    assert names["custom fields of the document"].granted
    assert "item:21=account" in FIELDS
