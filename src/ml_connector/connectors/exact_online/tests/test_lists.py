"""The lists of a division as a source of others."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.purchase_world import Filed
from ml_connector.domain.list_value import TAX, TERM, ListValue
from ml_connector.errors import Refused


@pytest.fixture
def exact(make_world: Callable[..., Any], tmp_path: Path) -> Filed:
    return Filed(make_world(), tmp_path)


def values(exact: Filed, axis: str) -> dict[str, ListValue]:
    """By code, as they are now."""
    source = exact.exact.system.source(ListValue)
    return {value.code: value for value in source.values(exact.division, axis)}


def test_taxes_are_offered_for_purchases_in_force_and_not_blocked(exact: Filed) -> None:
    """With the percentage of today, and nothing where the supplier is owed no VAT."""
    for code, more in (
        ("S", {"VATTransactionType": "S"}),
        ("B", {"IsBlocked": True}),
        ("OLD", {}),
        ("P", {"VATTransactionType": "P"}),
    ):
        row = {"Code": code, "Description": "21 %", "Type": "E", "VATTransactionType": "B", **more}
        exact.call("POST", "vat/VATCodes", row)
        exact.control("set_vat_percentage", code=code, percentage="0.19", date="2010-01-01")
    exact.control("set_vat_percentage", code="P", percentage="0.21", date="2012-10-01")

    found = values(exact, TAX)

    is_open = {code: found[code].open for code in ("21", "22", "RC", "N", "S", "B", "P")}
    assert {"21": True, "22": True, "RC": True, "N": True, "S": False, "B": False, "P": True} == is_open
    owed = {code: found[code].percentage for code in ("21", "22", "RC", "N", "P")}
    assert {"21": 21, "22": 21, "RC": 0, "N": 0, "P": 21} == owed
    assert all(isinstance(each, Decimal) for each in owed.values())
    names = [found[code].title for code in ("21", "22", "RC", "N", "P")]
    assert ["excluding", "including", "reverse charge", "no VAT", "excluding"] == [
        name.partition("(")[2].rstrip(")") for name in names
    ]
    assert len(set(names)) == len(names), "codes of one name are told apart"


def test_terms_say_how_they_count(exact: Filed) -> None:
    row = {"Code": "ME9", "Description": "Month end", "PaymentDays": 15, "PaymentEndOfMonths": 2}
    exact.call("POST", "cashflow/PaymentConditions", row)

    found = values(exact, TERM)["ME9"]

    assert (15, 2, "ME9 Month end") == (found.days, found.month_ends, found.title)


def test_values_that_are_blocked_or_over_are_closed(exact: Filed) -> None:
    """By the ledger's id, which a new code does not change."""
    blocked = next(code for code, value in values(exact, "account").items() if value.open)
    exact.control("block_account", account=blocked)
    exact.control("add_cost_unit", code="U1", description="Over", date="2020-12-31")
    exact.control("add_cost_unit", code="U2", description="Ends today")
    before = values(exact, "cost_unit")["U2"]
    exact.control("recode_cost_unit", code="U2", to="U3")

    assert not values(exact, "account")[blocked].open
    units = values(exact, "cost_unit")
    assert (False, True) == (units["U1"].open, units["U3"].open)
    assert (before.identity, before.key) == (units["U3"].identity, units["U3"].key)


@pytest.mark.parametrize(("entity", "axis"), [("9999", TAX), ("", "nothing")])
def test_what_the_connection_does_not_have_is_refused(exact: Filed, entity: str, axis: str) -> None:
    with pytest.raises(Refused):
        list(exact.exact.system.source(ListValue).values(entity or exact.division, axis))
