"""What Exact's public material leaves open of purchases: each reading of it, by a switch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import Purchases
from ml_connector.contract.sinks import differences, found, send
from ml_connector.domain.money import Money

Make = Callable[..., Any]


@pytest.fixture
def world(make_world: Make, tmp_path: Path) -> Purchases:
    """A division with a purchase journal."""
    return Purchases(make_world(), tmp_path)


def body_of(world: Any, method: str = "POST", path: str = "PurchaseEntries") -> dict[str, Any]:
    """The last body that was sent."""
    sent = [one for one in world.exact.wire.requests if one.method == method and one.url.path.endswith(path)]
    found: dict[str, Any] = json.loads(sent[-1].read())
    return found


def test_credit_notes_by_type_are_caught_where_exact_turns_no_sign(make_world: Make, tmp_path: Path) -> None:
    """Positive amounts with the type are sent where the setting says so. This division drops the type and
    books a cost: the reading back says both.
    """
    world = Purchases(make_world(credit_notes="type"), tmp_path)
    document = world.document()
    lines = tuple(replace(line, net=-line.net, vat=-line.vat) for line in document.lines)
    credit = replace(document, lines=lines)

    receipt = send(world, credit)

    assert (31, 100.0, 21.01) == (
        body_of(world)["Type"],
        body_of(world)["PurchaseEntryLines"][0]["AmountFC"],
        body_of(world)["PurchaseEntryLines"][0]["VATAmountFC"],
    )
    texts = " ".join(problem.text for problem in differences(world, credit, receipt))
    assert "The amount owed is 181.51 USD in the ledger and was written as -181.51 USD." in texts
    assert "The kind is an invoice in the ledger and was written as a credit note." in texts


@pytest.mark.parametrize("setting", ["type", "negative"])
def test_credit_notes_where_exact_turns_the_sign(make_world: Make, tmp_path: Path, setting: str) -> None:
    """In the other reading either setting books what is meant: negative amounts are a credit note too."""
    world = Purchases(make_world(credit_notes=setting), tmp_path)
    world.exact.post("switches", {"credit_notes": "type_31"})
    document = world.document()
    lines = tuple(replace(line, net=-line.net, vat=-line.vat) for line in document.lines)
    credit = replace(document, lines=lines)

    assert differences(world, credit, send(world, credit)) == ()
    assert differences(world, document, send(world, replace(document, key="other:0:1"))) == ()


@pytest.mark.parametrize(
    "switches",
    [
        {"header_vat": "total"},
        {"vat_rounding": "code"},
        {"vat_line_type": 9, "payable_line_type": 0},
        {"payables_sign": "negative"},
        {"split_row_keeps": "paid"},
        {"bulk_filter_fields": "any"},
        {"visibility_lag_seconds": 30},
        {"auto_document": False},
    ],
)
def test_what_is_not_documented_makes_no_difference(world: Purchases, switches: dict[str, Any]) -> None:
    """Whatever Exact does there, the entry is found and read to the cent, and what is owed for it is right
    after a part of it was paid.
    """
    world.exact.post("switches", switches)
    document = world.document()
    receipt = send(world, document)
    world.advance(30)
    world.pay(receipt.reference, 5000)
    world.advance(30)

    booked = world.sink.read_back(receipt)

    assert [receipt] == found(world, document)
    assert world.sink.compare(document, booked) == ()
    assert booked.open == document.payable - Money.parse("50.00", "USD")


def test_rate_in_the_other_direction_is_a_difference(world: Purchases) -> None:
    """Should Exact divide by the rate, its own amounts tell what was booked."""
    world.exact.post("switches", {"purchase_rate": "fc_per_dc"})
    currency = world.foreign_currency()
    document = replace(world.document(), currency=currency, rate=world.foreign())
    lines = tuple(
        replace(line, net=Money(line.net.amount, currency), vat=Money(line.vat.amount, currency))
        for line in document.lines
    )
    document = replace(document, lines=lines)

    (problem,) = differences(world, document, send(world, document))

    assert "The exchange rate is 0.9238" in problem.text
