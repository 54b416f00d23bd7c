"""Calls of the API: quota, sign-in, and answers that differ from the usual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from ml_connector.contract.acts import locate, send
from ml_connector.domain.checks import compare
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.document import Marker
from ml_connector.domain.money import Money
from ml_connector.errors import (
    ConnectorError,
    OutcomeUnknown,
    Refused,
    SignInRenewed,
    Throttled,
    VendorChanged,
)
from ml_connector.ports.storage import Priority, RateLimit


def test_quota_of_the_vendor_is_ours(make_world: Callable[..., Any]) -> None:
    """What Visma says of its hour replaces what we assumed."""
    world = make_world(switches={"calls_per_hour": 50}, calls_per_hour="500")
    world.ledger.journals("FJORD")

    hour = RateLimit(name="hour", limit=500, seconds=3600)
    taken = 0
    while world.wiring.budget.take("test/FJORD", (hour,), Priority.WRITE) == 0:
        taken += 1
    assert taken == 49


def test_limit_of_calls_says_when(make_world: Callable[..., Any]) -> None:
    """Used up: the run goes on by itself when the hour is over."""
    world = make_world(switches={"calls_per_hour": 3}, calls_per_hour="500")

    for _ in range(3):
        world.ledger.journals("FJORD")
    with pytest.raises(Throttled) as caught:
        world.ledger.journals("FJORD")

    assert caught.value.retry_after_seconds is not None
    assert 0 < caught.value.retry_after_seconds <= 3600


def test_token_is_renewed_as_it_nears_its_end(world: Any) -> None:
    """Three minutes early, once; before that it is kept."""
    world.ledger.journals("FJORD")
    world.advance(3400)
    world.ledger.journals("FJORD")
    assert world.renewals() == 1
    world.advance(60)
    world.ledger.journals("FJORD")
    assert world.renewals() == 2


def test_token_refused_before_its_time_is_renewed(world: Any) -> None:
    """A read goes on with a new one."""
    world.ledger.journals("FJORD")
    world.control("revoke")

    assert dict(world.ledger.journals("FJORD"))
    assert world.renewals() == 2


def test_token_revoked_between_preparing_and_sending(world: Any) -> None:
    """A 401 proves that nothing was booked; with a new token at hand the refusal says so."""
    entry = world.entry()
    with world.ledger.prepare(entry, Marker.of(entry.key)) as post:
        world.control("revoke")
        with pytest.raises(SignInRenewed):
            post(lambda: None)

    assert world.journal_references() == []
    assert [send(world.ledger, entry).reference] == world.journal_references()


# --- answers ------------------------------------------------------------------------------------------------


def test_page_of_html_stops_the_work(world: Any) -> None:
    """It is not taken for an empty list; the text says what to do."""
    world.post("faults", {"kind": "garbage", "match": {"method": "GET"}, "times": 1})

    with pytest.raises(VendorChanged, match="Expected JSON"):
        world.ledger.journals("FJORD")


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(201),
        httpx2.Response(201, headers={"location": "https://api.finance.visma.net/v2/journaltransaction/"}),
        httpx2.Response(200, headers={"content-type": "text/html"}, content=b"<html>Sign in</html>"),
        httpx2.Response(202, headers={"location": "https://api.finance.visma.net/v1/background/17"}),
    ],
    ids=["no location", "no number", "a page", "another place"],
)
def test_answer_without_a_number_is_unknown(world: Any, answer: httpx2.Response) -> None:
    """The batch is booked, and nobody knows which it is: it is looked up, not sent again."""
    entry = world.entry()
    world.wire.after = lambda request, response: (
        answer if request.method == "POST" and "/v2/" in request.url.path else response
    )

    with pytest.raises(OutcomeUnknown):
        send(world.ledger, entry)

    world.wire.after = lambda request, response: response
    assert locate(world.ledger, entry) == world.journal_references()
    assert len(world.journal_references()) == 1


@pytest.mark.parametrize("host", ["http://integration.visma.net/API/controller/api", "https://evil.example"])
def test_number_is_taken_from_any_location_and_its_host_is_not_followed(
    make_world: Callable[..., Any], host: str
) -> None:
    """The vendor is known to name an old host."""
    world = make_world(switches={"location_host": host, "release_seconds": 0})
    receipt = send(world.ledger, world.entry())

    assert [receipt.reference] == world.journal_references()
    assert world.ledger.release(receipt).posted
    assert {request.url.host for request in world.wire.requests} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "switches",
    [
        {"hold_on_entry": False},
        {"subaccounts_on_the_fly": True, "company_header": "filter"},
        {"text_overflow": "refuse", "header_text_max": 60},
        {"unauthorized_body": "ipp"},
        {"journal_condition": True},
        {"date_outside_period": "refuse"},
        {"missing_task": "first"},
        {"release_scope": "create"},
    ],
    ids=str,
)
def test_habits_of_the_vendor_that_are_not_known(
    make_world: Callable[..., Any], switches: dict[str, Any]
) -> None:
    """An entry comes back, and a refused one leaves nothing, either way."""
    world = make_world(switches={"release_seconds": 0, **switches})
    entry = world.entry(lines=20, text="x" * 48)
    receipt = send(world.ledger, entry)
    assert compare(entry, world.ledger.read_back(receipt)) == []
    released = world.ledger.release(receipt)
    assert released.posted
    assert compare(entry, world.ledger.read_back(released)) == []

    wrong = world.entry(key="payroll:acme:run-2:10:1:1", lines=20)
    wrong = replace(wrong, lines=(*wrong.lines[:-1], replace(wrong.lines[-1], account="987654")))
    with pytest.raises(ConnectorError):
        send(world.ledger, wrong)
    assert world.journal_references() == [receipt.reference]


def test_subaccount_that_must_exist_first(make_world: Callable[..., Any]) -> None:
    """Where postings make no combinations, Visma refuses one that is not there, and it is said as a code."""
    world = make_world(switches={"subaccounts_on_the_fly": False})
    entry = world.entry()
    lines = (
        replace(entry.lines[0], dimensions=dimensions({"cost_center": "OSLFIN", "plant": "BER"})),
        *entry.lines[1:],
    )

    with pytest.raises(Refused, match="Visma refused"):
        send(world.ledger, replace(entry, lines=lines))

    assert world.journal_references() == []


def test_foreign_amounts_are_kept_in_their_currency(world: Any) -> None:
    """Read back in the batch's currency, never in the company's."""
    entry = world.entry(currency="EUR")
    booked = world.ledger.read_back(send(world.ledger, entry))

    assert Money(Decimal("1000.01"), "EUR") == booked.lines[0].amount
    assert booked.rate is not None
    assert (booked.rate.currency, booked.rate.rate, booked.rate.source) == (
        "NOK",
        Decimal("11.635"),
        "as Visma booked it",
    )
