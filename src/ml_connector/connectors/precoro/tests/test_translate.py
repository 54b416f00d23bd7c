"""An invoice as Precoro writes it, in our words: exactly, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.precoro.tests.company import line, refused
from ml_connector.domain.invoice import InvoiceKind, check_totals


def test_an_invoice_has_its_identities(it: Any) -> None:
    """The supplier by Precoro's id, and what Precoro keeps of it in a ledger."""
    found = it.read(it.company.add(legalEntity={"id": 12}, customName="INV-2026-7"))

    assert ("12", "77", "guid-of-77", "3") == (
        found.company,
        found.supplier,
        found.supplier_external,
        found.term,
    )
    assert ("F-1", "INV-2026-7", "") == (found.number, found.title, found.external)
    assert [] == list(check_totals(found))


@pytest.mark.parametrize("unset", [[], None])
def test_an_unset_reference_is_none(it: Any, unset: Any) -> None:
    """Precoro writes an empty list for it."""
    names = ("legalEntity", "paymentTerm", "relatedOcrAttachment", "supplier", "attachments")
    found = it.read(it.company.add(**dict.fromkeys(names, unset)))

    assert ("", "", "", ()) == (found.company, found.supplier, found.term, found.files)


@pytest.mark.parametrize("written", [1234567890123.47, "1234567890123.47"])
def test_money_is_exact_as_number_and_as_text(it: Any, written: Any) -> None:
    """It never passes through a float, which would have other digits from here on."""
    found = it.read(it.company.add(sum=written, netSum="1.10", sumPaid=0.3, items=[], taxes=[]))

    assert (Decimal("1234567890123.47"), Decimal("1.10")) == (found.gross.amount, found.net.amount)
    assert Decimal("0.30") == found.paid.amount


def test_more_digits_than_a_float_has_are_kept(it: Any) -> None:
    """As text and as a number of JSON."""
    from ml_connector.connectors.precoro import wire

    for written in (b'"98765432109876543.21"', b"98765432109876543.21"):
        assert Decimal("98765432109876543.21") == wire.number(wire.Raw(written))


@pytest.mark.parametrize(
    "written", ["12,50", "1.000,00", "EUR 5", "0x10", "1e999", "NaN", True, [1], {"a": 1}, "-"]
)
def test_what_is_no_amount_is_refused_by_its_name(it: Any, written: Any) -> None:
    error = refused(it, netSum=written)

    assert "invoice.figures" == error.problem.code
    assert "netSum" in error.problem.text


def test_more_decimals_than_the_currency_has_are_refused(it: Any) -> None:
    """Rounding would invent or lose money."""
    assert "60.505" in refused(it, sum="60.505").problem.text


@pytest.mark.parametrize("name", ["sum", "netSum", "currency", "issueDate"])
def test_what_is_missing_is_named(it: Any, name: str) -> None:
    """Nothing is put in its place."""
    error = refused(it, **{name: None})

    assert ("invoice.figures", True) == (error.problem.code, f"it has no {name}" in error.problem.text)


def test_a_line_without_its_amount_is_named_by_number(it: Any) -> None:
    assert "line 2: netSum" in refused(it, items=[line(1, 1, 0), line(2, None, 0)]).problem.text


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        (0, InvoiceKind.INVOICE),
        (2, InvoiceKind.INVOICE),
        ("2", InvoiceKind.INVOICE),
        (1, InvoiceKind.CREDIT_NOTE),
        (5, InvoiceKind.CREDIT_NOTE),
    ],
)
def test_credit_notes_are_known_by_their_type(it: Any, kind: Any, meant: InvoiceKind) -> None:
    assert meant == it.read(it.company.add(logicType=kind)).kind


@pytest.mark.parametrize("kind", [3, 99])
def test_a_type_that_nobody_knows_is_a_question(connect: Callable[..., Any], kind: int) -> None:
    """A credit note that was taken for an invoice would be a cost."""
    assert "invoice.kind" == refused(connect(logic_types="0, 3, 99"), logicType=kind).problem.code


def test_tax_that_is_withheld_is_refused(it: Any) -> None:
    """What is owed is not the total then."""
    assert "invoice.withholding" == refused(it, withholdingTaxSum="5.00").problem.code
    assert it.read(it.company.add(withholdingTaxSum="0.00")).gross


# --- rates, days, files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "there"), [({"rate": 0.92}, 920), ("0.92", "920.00"), (0.92, 920), ("1.0870", "919.96")]
)
def test_a_rate_is_turned_the_way_that_precoros_totals_say(
    connect: Callable[..., Any], rate: Any, there: Any
) -> None:
    """Euro for a dollar, whichever way it is written."""
    it = connect(currency="EUR")
    found = it.read(
        it.company.add(currency="USD", sum="1000.00", exchangeRate=rate, sumInCompanyCurrency=there)
    )

    assert "EUR" == found.rate.currency
    assert Decimal("919.9") < found.rate.rate * 1000 < Decimal("920.1")


def test_a_rate_that_does_not_lead_to_the_total_is_refused(connect: Callable[..., Any]) -> None:
    it = connect(currency="EUR")
    fields = {"currency": "USD", "sum": "1000.00", "exchangeRate": "0.92", "sumInCompanyCurrency": "700.00"}

    assert "invoice.rate" == refused(it, **fields).problem.code


@pytest.mark.parametrize(
    ("books", "currency", "there"), [("", "USD", 1), ("EUR", "EUR", 1), ("EUR", "USD", None)]
)
def test_without_a_rate_the_ledger_takes_its_own(
    connect: Callable[..., Any], books: str, currency: str, there: Any
) -> None:
    """The books are in the same currency, in one that is not given, or Precoro has no total in it."""
    fields = {"currency": currency, "exchangeRate": "0.92", "sumInCompanyCurrency": there}

    assert (it := connect(currency=books)).read(it.company.add(**fields)).rate is None


@pytest.mark.parametrize("rate", [[], None, {"a": 1}])
def test_a_rate_of_a_form_that_is_not_published_is_that_of_the_totals(
    connect: Callable[..., Any], rate: Any
) -> None:
    it = connect(currency="EUR")
    fields = {"currency": "USD", "sum": "1000.00", "exchangeRate": rate, "sumInCompanyCurrency": "921.53"}

    assert Decimal("0.92153") == it.read(it.company.add(**fields)).rate.rate


@pytest.mark.parametrize(
    ("zone", "written", "meant"),
    [
        ("", "2026-06-20T00:00:00+00:00", date(2026, 6, 20)),
        ("", "2026-06-20T22:00:00+00:00", date(2026, 6, 20)),
        ("Europe/Amsterdam", "2026-06-19T22:00:00+00:00", date(2026, 6, 20)),
        ("America/New_York", "2026-06-20T00:00:00+00:00", date(2026, 6, 20)),
        ("", "2026-06-20", date(2026, 6, 20)),
        (
            "",
            {"date": "2026-06-20 00:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
            date(2026, 6, 20),
        ),
    ],
)
def test_a_day_is_that_of_the_company(
    connect: Callable[..., Any], zone: str, written: Any, meant: date
) -> None:
    """Midnight is a day that was made a time, and is not moved to the day before."""
    it = connect(time_zone=zone)

    assert meant == it.read(it.company.add(issueDate=written)).issued


@pytest.mark.parametrize(
    "written", ["soon", {"date": "x"}, {"day": 1}, 7, {"date": "2026-01-01", "timezone": "Utrecht"}]
)
def test_a_day_of_another_form_is_refused(it: Any, written: Any) -> None:
    assert "issueDate" in refused(it, issueDate=written).problem.text


@pytest.mark.parametrize(
    "scan",
    [
        {"id": 3, "name": "scan.pdf"},
        [{"id": 3, "name": "scan.pdf"}],
        {"data": [{"id": 3, "name": "scan.pdf"}]},
    ],
)
def test_the_scanned_original_comes_first_and_every_file_once(it: Any, scan: Any) -> None:
    """Two of one name are two; one that is named twice is one."""
    uploaded = {"date": "2026-06-20 21:51:10.000000", "timezone_type": 3, "timezone": "UTC"}
    files = [
        {"id": 1, "name": "invoice.pdf", "uploadDate": uploaded, "size": "321 KB"},
        {"id": "2", "name": "invoice.pdf"},
        {"id": 3, "name": "scan.pdf"},
        {"id": 4, "formatType": "png"},
    ]
    found = it.read(it.company.add(relatedOcrAttachment=scan, attachments={"data": files})).files

    assert [
        ("3", "scan.pdf", True),
        ("1", "invoice.pdf", False),
        ("2", "invoice.pdf", False),
        ("4", "4.png", False),
    ] == [(file.key, file.name, file.original) for file in found]


def test_a_file_without_an_id_is_refused(it: Any) -> None:
    """It could not be had, and nothing is booked without a file."""
    assert "attachments.id" in refused(it, attachments=[{"name": "x.pdf", "id": None}]).problem.text
