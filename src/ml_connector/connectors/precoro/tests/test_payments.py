"""Payments at Precoro, where it says things otherwise or contradicts itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest

from ml_connector.connectors.precoro import CONNECTOR
from ml_connector.connectors.precoro.tests.test_payments_contract import OURS, Payments
from ml_connector.contract.payments import of
from ml_connector.contract.sinks import found, send
from ml_connector.domain.document import Marker
from ml_connector.domain.payment import Payment
from ml_connector.errors import NotFound, OutcomeUnknown, Refused, Throttled, VendorChanged


@pytest.fixture
def world() -> Payments:
    """A company in which nothing is paid."""
    return Payments()


def otherwise(world: Payments, method: str, path: str, change: Callable[[Any], Any]) -> None:
    """Answers to these calls are changed before the connection reads them."""

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method != method or not request.url.path.endswith(path):
            return response
        return httpx2.Response(response.status_code, json=change(json.loads(response.read())))

    world.wire.after = after


def test_what_is_sent_is_a_form_with_our_token(world: Payments) -> None:
    """Invoice by id, the amount as decimals, noon of the day, and the token from the first call on."""
    document = of(world.document(), "40.10")
    send(world, document)

    (sent,) = [request for request in world.wire.requests if request.method == "POST"]

    assert "application/x-www-form-urlencoded" == sent.headers["content-type"]
    assert [
        ("invoice[id]", world.ours),
        ("sumPaid", "40.10"),
        ("payDate", "2026-07-01T12:00:00Z"),
        ("logicType", "0"),
        ("externalId", Marker.of(document.key).token),
    ] == parse_qsl(sent.content.decode())


def test_the_same_is_asked_twice_within_a_minute_without_waiting(world: Payments) -> None:
    """Precoro refuses the same question; each of ours is another one."""
    document = world.document()
    send(world, document)
    began = world.now()

    for _ in range(3):
        found(world, document)

    assert (world.now() - began).total_seconds() < 10


def test_a_canceled_payment_with_another_status_stops_the_work(world: Payments) -> None:
    """The number is not published; with the setting it is known."""
    receipt = send(world, world.document())
    otherwise(world, "POST", "/cancel", lambda body: {**body, "status": 7})
    with pytest.raises(VendorChanged, match="status 7, which the setting payment_canceled does not name"):
        world.sink.end(receipt)

    world.wire.after = lambda request, response: response
    assert world.sink.is_ended(receipt)


def test_a_status_that_means_canceled_here_and_stands_there_pays_nothing_twice(world: Payments) -> None:
    """A payment that is taken for canceled by mistake is found, and is not made again."""
    settings = {**world.settings, "payment_canceled": "1, 2"}
    sink: Any = CONNECTOR.open(settings, world.wiring).sink(Payment)
    document = world.document()
    receipt = send(world, document, sink=sink)

    assert [receipt] == found(world, document, sink)
    with pytest.raises(NotFound, match="status 1"):
        sink.read_back(receipt)


def test_a_day_without_calls_left_pays_nothing_and_goes_on(world: Payments) -> None:
    """It says how long to wait; the day after it is paid, once."""
    world.invoices.now([OURS])
    world.control("use_up", what="day")
    with pytest.raises(Throttled) as caught:
        send(world, world.document())
    assert [] == world.references()

    world.advance((caught.value.retry_after_seconds or 0) + 1)

    assert [send(world, world.document()).reference] == world.references()


@pytest.mark.parametrize("status", [409, 422])
def test_another_refusal_is_shown_in_the_words_of_precoro(world: Payments, status: int) -> None:
    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        body = {"errors": {"errors": {"invoice": "The Invoice is on_revise."}}}
        return httpx2.Response(status, json=body) if request.method == "POST" else response

    world.wire.after = after
    with pytest.raises(Refused, match="The Invoice is on_revise") as caught:
        send(world, world.document())

    assert "request.refused" == caught.value.problem.code


def test_an_answer_that_cannot_be_read_is_searched_for(world: Payments) -> None:
    """The payment may be there, so it is not called refused."""
    document = world.document()
    otherwise(world, "POST", "/payments", lambda body: [body])
    with pytest.raises(OutcomeUnknown):
        send(world, document)

    world.wire.after = lambda request, response: response
    assert world.references() == [receipt.reference for receipt in found(world, document)]


@pytest.mark.parametrize("change", [{"sumPaid": "ten"}, {"payDate": None}, {"invoice": []}])
def test_a_payment_that_cannot_be_read_is_named(world: Payments, change: dict[str, Any]) -> None:
    receipt = send(world, world.document())

    def edit(body: Any) -> Any:
        return {**body, "data": [{**row, **change} for row in body["data"]]}

    otherwise(world, "GET", "/payments", edit)
    with pytest.raises(VendorChanged, match=f"Payment {receipt.number} of Precoro cannot be read"):
        world.sink.read_back(receipt)


def test_a_list_that_does_not_say_what_was_paid_is_not_used(world: Payments) -> None:
    """Nothing paid would be taken from it."""

    def edit(body: Any) -> Any:
        return {**body, "data": [{k: v for k, v in row.items() if k != "sumPaid"} for row in body["data"]]}

    otherwise(world, "GET", "/invoices", edit)
    with pytest.raises(VendorChanged, match="what was paid"):
        world.invoices.now([OURS])


def test_withheld_tax_is_not_payable(world: Payments) -> None:
    """The supplier is owed less by it."""

    def edit(body: Any) -> Any:
        return {**body, "data": [{**row, "withholdingTaxSum": "100.00"} for row in body["data"]]}

    otherwise(world, "GET", "/invoices", edit)

    assert ["900.00"] == [str(one.left.amount) for one in world.invoices.now([OURS]).values()]
