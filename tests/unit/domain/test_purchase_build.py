"""An invoice becomes the entry of just what is owed, or it is said why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.domain.invoices import eur, invoice, line, stated

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.invoice import InvoiceKind, InvoiceLine, StatedVat, SupplierInvoice
from ml_connector.domain.mapping import Mapping, MappingRule, Resolver, Target
from ml_connector.domain.purchase import PurchaseEntry
from ml_connector.domain.purchase_build import Named, PurchasePolicy, purchase_entry

POLICY = PurchasePolicy(
    entities={"NL01": "1204"},
    journals={"1204": "70"},
    vat_codes={"high": "5", "low": "6", "none": "0"},
    no_vat="N",
    terms={"30": "30D"},
)
NAMED = Named(key="k:0:1", supplier="S1", number="F-1", text="Invoice F-1")


def coded(of: InvoiceLine, account: str = "4500", **codes: str) -> InvoiceLine:
    return replace(of, codes=dimensions({"account": account, **codes}))


def made(of: SupplierInvoice, resolver: Resolver | None = None, **policy: Any) -> PurchaseEntry:
    entry, problems, _ = purchase_entry(of, replace(POLICY, **policy), NAMED, resolver)
    assert () == problems
    assert entry is not None
    return entry


def refused(of: SupplierInvoice, **policy: Any) -> list[str]:
    entry, problems, _ = purchase_entry(of, replace(POLICY, **policy), NAMED)
    assert entry is None
    return [problem.code for problem in problems]


def shown(entry: PurchaseEntry) -> list[tuple[str, str, str, str]]:
    return [(line.account, str(line.net.amount), str(line.vat.amount), line.vat_code) for line in entry.lines]


TWO = invoice(
    coded(line("100.00", "high", "21.01"), cost_center="100", project="P1"),
    coded(line("50.00", "low", "4.50"), "4600"),
    net="150.00",
    gross="175.51",
    term="30",
    codes=dimensions({"cost_center": "900"}),
)


def test_each_line_is_a_cost_with_the_vat_it_states() -> None:
    entry = made(TWO)
    assert [("4500", "100.00", "21.01", "5"), ("4600", "50.00", "4.50", "6")] == shown(entry)
    assert (eur("175.51"), "30D", "1204", "70") == (entry.payable, entry.term, entry.entity, entry.journal)


def test_a_code_of_the_line_goes_before_that_of_the_head_and_other_axes_are_left_out() -> None:
    first, second = made(TWO).lines
    assert dimensions({"cost_center": "100"}) == first.dimensions
    assert dimensions({"cost_center": "900"}) == second.dimensions


def test_a_credit_note_is_the_same_with_every_amount_turned() -> None:
    entry = made(replace(TWO, kind=InvoiceKind.CREDIT_NOTE))
    assert [("4500", "-100.00", "-21.01", "5"), ("4600", "-50.00", "-4.50", "6")] == shown(entry)
    assert eur("-175.51") == entry.payable


def test_net_and_vat_are_split_by_themselves() -> None:
    """A hundred and 21.01 in thirds: no cent goes and none is computed."""
    thirds = tuple(
        Target(account=account, percent=percent)
        for account, percent in (("4501", "33.34"), ("4502", "33.33"), ("4503", "33.33"))
        for percent in (Decimal(percent),)
    )
    rules = (MappingRule(name="thirds", account="4500", targets=thirds),)
    resolver = Resolver(mapping=Mapping(name="m", version=1, rules=rules), day=date(2026, 3, 14))
    of = invoice(coded(line("100.00", "high", "21.01")), net="100.00", gross="121.01")
    assert [
        ("4501", "33.34", "7.01", "5"),
        ("4502", "33.33", "7.00", "5"),
        ("4503", "33.33", "7.00", "5"),
    ] == shown(made(of, resolver))


def test_a_line_without_tax_has_the_code_for_no_vat() -> None:
    of = invoice(coded(replace(line("12.00"), taxes=())), net="12.00", gross="12.00")
    assert [("4500", "12.00", "0.00", "N")] == shown(made(of))
    assert ["invoice.vat_code"] == refused(of, no_vat="")


def test_a_rounding_goes_to_its_account_under_a_cap() -> None:
    of = invoice(coded(line("21.23", "high", "4.25")), net="21.23", gross="25.48", rounding=eur("-0.01"))
    entry = made(of, rounding_account="4999")
    assert ("4999", "-0.01", "0.00", "N") == shown(entry)[-1]
    assert eur("25.47") == entry.payable
    assert ["invoice.rounding"] == refused(of)
    assert ["invoice.rounding"] == refused(replace(of, rounding=eur("0.06")), rounding_account="4999")


def test_a_line_of_nought_is_no_cost() -> None:
    of = invoice(coded(line("100.00", "high", "21.00")), coded(line("0.00")), net="100.00", gross="121.00")
    assert 1 == len(made(of).lines)


@pytest.mark.parametrize(
    ("of", "codes"),
    [
        (replace(TWO, company="NL99"), ["invoice.company"]),
        (replace(TWO, prepaid=eur("10.00")), ["invoice.prepaid"]),
        (replace(TWO, gross=eur("175.50")), ["invoice.gross"]),
        (invoice(net="0.00", gross="0.00"), ["invoice.lines"]),
        (invoice(line("100.00", "high", "21.00"), net="100.00", gross="121.00"), ["invoice.account"]),
        (
            invoice(
                coded(replace(line("100.00"), taxes=(stated("high", "21.00"), stated("low", "9.00")))),
                net="100.00",
                gross="130.00",
            ),
            ["invoice.taxes"],
        ),
        (
            invoice(
                coded(replace(line("100.00"), taxes=(StatedVat(tax="odd", amount=eur("5.00")),))),
                net="100.00",
                gross="105.00",
            ),
            ["invoice.vat_code"],
        ),
    ],
)
def test_what_cannot_be_booked_whole_is_not_booked_short(of: SupplierInvoice, codes: list[str]) -> None:
    assert codes == refused(of)


def test_all_that_stands_against_it_is_said_at_once() -> None:
    of = invoice(line("60.00", "high", "12.60"), line("40.00", "low", "3.60"), net="100.00", gross="116.20")
    assert ["invoice.vat_code", "invoice.account", "invoice.account"] == refused(of, vat_codes={"low": "6"})


def test_an_entry_that_is_short_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in between: an entry that is not for the whole amount is never made."""
    monkeypatch.setattr(
        "ml_connector.domain.purchase_build.vat_of_lines", lambda of: tuple(() for _ in of.lines)
    )
    assert ["invoice.dropped"] == refused(TWO)
