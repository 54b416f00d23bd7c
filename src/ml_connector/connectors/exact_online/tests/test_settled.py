"""What Exact says is settled, where it says it otherwise or contradicts itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import doctored, refuse
from ml_connector.connectors.exact_online.tests.test_payments_contract import Settling
from ml_connector.contract.payments import amounts, settled
from ml_connector.errors import VendorChanged

UNSUPPORTED = "Filtering on these fields is not supported: TransactionEntryID"


@pytest.fixture
def world(make_world: Callable[..., Any], tmp_path: Path) -> Settling:
    """A division with a bank journal."""
    return Settling(make_world(), tmp_path)


def asked(world: Settling) -> list[str]:
    """What was asked for, without the filters."""
    return [request.url.path.partition(f"/{world.division}/")[2] for request in world.exact.wire.requests]


def test_twenty_entries_take_two_calls(world: Settling) -> None:
    """And none is asked for payments where no entry is there."""
    entries = [world.owe("30.00") for _ in range(20)]
    world.source.settlements(world.entity, entries[:1])
    before = len(asked(world))

    world.source.settlements(world.entity, entries)
    world.source.settlements(world.entity, ["3f2504e0-4f89-11d3-9a0c-0305e82c3301"])

    assert ["PurchaseEntries", "Payments", "PurchaseEntries"] == [
        path.rpartition("/")[2] for path in asked(world)[before:]
    ]


def test_small_pages_are_read_where_bulk_is_refused(world: Settling) -> None:
    """Asked once, because refusals are counted."""
    entries = [world.owe("30.00") for _ in range(25)]
    world.pay(*((entry, "10.00") for entry in entries))
    refuse(world, "bulk/Cashflow", UNSUPPORTED)

    shown = world.source.settlements(world.entity, entries)

    assert [["10.00"]] * 25 == [amounts(shown[entry]) for entry in entries]
    assert 1 == asked(world).count("bulk/Cashflow/Payments")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"AmountFC": 399}, "do not come to its total"),
        ({"AmountFC": 400.001}, "do not come to its total"),
        ({"Currency": "CHF"}, "are in CHF and USD"),
        ({"EntryDate": None, "EndDate": None, "InvoiceDate": None}, "has no date"),
    ],
)
def test_parts_that_contradict_each_other_are_not_used(
    world: Settling, change: dict[str, Any], why: str
) -> None:
    """Nothing is told of an entry that cannot be read whole."""
    entry = world.owe()
    world.pay((entry, "400.00"))
    world.source.settlements(world.entity, [entry])

    def edit(rows: list[dict[str, Any]]) -> None:
        next(row for row in rows if row["Status"] == 50).update(change)

    doctored(world, "/Payments", edit)
    with pytest.raises(VendorChanged, match=why):
        world.source.settlements(world.entity, [entry])


def test_a_part_of_another_entry_is_never_taken(world: Settling) -> None:
    """Also where the filter is not applied."""
    entry, other = world.owe(), world.owe()
    world.pay((other, "400.00"))

    def more(rows: list[dict[str, Any]]) -> None:
        rows.extend({**row, "TransactionEntryID": other, "ID": f"x{row['ID']}"} for row in list(rows))

    doctored(world, "/Payments", more)

    assert {entry} == world.source.settlements(world.entity, [entry]).keys()
    assert [] == amounts(settled(world, entry))


def test_an_entry_that_was_reversed_was_not_paid(world: Settling) -> None:
    """Its rows are matched with those of the reversal, which is no payment."""
    entry = world.owe()
    world.pay((entry, "400.00"))
    doctored(world, "/Payments", lambda rows: [row.update(TransactionIsReversal=True) for row in rows])

    assert settled(world, entry).reversed


def test_a_payment_service_settles_like_a_bank(world: Settling) -> None:
    """Its journal is not among bank entries; what is owed is settled all the same."""
    (account,) = world.rows("financial/GLAccounts", "Type eq 12", "ID")[:1]
    journal = {"Code": "16", "Description": "Payment service", "Type": 16, "GLAccount": account["ID"]}
    world.call("POST", "financial/Journals", journal)
    entry = world.owe()
    world.control("pay", pays=[{"entry": entry, "amount": "400.00"}], journal="16")

    assert [] == world.rows("financialtransaction/BankEntries", "JournalCode eq '16'", "EntryID")
    assert ["400.00"] == amounts(settled(world, entry))
