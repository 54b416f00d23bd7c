"""The lists of a division as a source of others."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.payees import MARK
from ml_connector.connectors.exact_online.tests.purchase_world import Filed
from ml_connector.domain.list_value import JOURNAL, SUPPLIER, TAX, TERM, ListValue
from ml_connector.errors import Refused

MARKED = {"SearchCode": MARK}


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
    assert ["excluding", "including", "reverse charge", "no VAT", "excluding"] == [
        found[code].kind for code in ("21", "22", "RC", "N", "P")
    ]


def test_terms_say_how_they_count(exact: Filed) -> None:
    row = {"Code": "ME9", "Description": "Month end", "PaymentDays": 15, "PaymentEndOfMonths": 2}
    exact.call("POST", "cashflow/PaymentConditions", row)

    found = values(exact, TERM)["ME9"]

    assert (15, 2, "Month end") == (found.days, found.month_ends, found.title)


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


def test_accounts_and_journals_say_of_what_kind_they_are(exact: Filed) -> None:
    """Whoever is owed on an account is a creditor; the rest is of the balance sheet or of profit and loss."""
    for code, kind, balance in (("A22", 22, "B"), ("A25", 25, "B"), ("A20", 20, "B"), ("A32", 32, "B")):
        row = {"Code": code, "Description": code, "Type": kind, "BalanceType": balance, "BalanceSide": "C"}
        exact.call("POST", "financial/GLAccounts", row)
    row = {"Code": "A121", "Description": "Costs", "Type": 121, "BalanceType": "W", "BalanceSide": "D"}
    exact.call("POST", "financial/GLAccounts", row)
    for journal, kind in (("J22", 22), ("J90", 90)):
        exact.call("POST", "financial/Journals", {"Code": journal, "Description": journal, "Type": kind})

    accounts, journals = values(exact, "account"), values(exact, JOURNAL)

    assert ["creditor", "creditor", "debtor", "balance_sheet", "profit_and_loss"] == [
        accounts[code].kind for code in ("A22", "A25", "A20", "A32", "A121")
    ]
    assert ["purchase", "general"] == [journals[code].kind for code in ("J22", "J90")]
    assert len({value.identity for value in journals.values()}) == len(journals)


def test_suppliers_are_codes_and_names_without_people(exact: Filed) -> None:
    """No bank account, no address; one that is blocked is closed."""
    before = values(exact, SUPPLIER)
    row = {"Code": "99001", "Name": "O'Brien & Söhne", "IsSupplier": True}
    exact.call("POST", "crm/Accounts", row)
    exact.call("POST", "crm/Accounts", {"Code": "99002", "Name": "Shut", "IsSupplier": True, "Blocked": True})
    exact.call("POST", "crm/Accounts", {"Code": "99003", "Name": "Worker", "IsSupplier": True, **MARKED})
    exact.call("POST", "crm/Accounts", {"Code": "99004", "Name": "Customer only"})

    found = {code: one for code, one in values(exact, SUPPLIER).items() if code not in before}

    assert {"99001": ("O'Brien & Söhne", True), "99002": ("Shut", False)} == {
        code: (one.title, one.open) for code, one in found.items()
    }


@pytest.mark.parametrize(("entity", "axis"), [("9999", TAX), ("", "nothing")])
def test_what_the_connection_does_not_have_is_refused(exact: Filed, entity: str, axis: str) -> None:
    with pytest.raises(Refused):
        list(exact.exact.system.source(ListValue).values(entity or exact.division, axis))
