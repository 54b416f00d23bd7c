"""The figures of an invoice are checked against each other and booked as they are stated."""

from __future__ import annotations

import pytest
from tests.unit.domain.invoices import eur, invoice, line, stated

from ml_connector.domain.invoice import InvoiceKind, SupplierInvoice, check_totals, signed, vat_of_lines

CREDIT = InvoiceKind.CREDIT_NOTE


def codes(of: SupplierInvoice) -> list[str]:
    return [problem.code for problem in check_totals(of)]


def vat(of: SupplierInvoice) -> list[str]:
    return [str(each.amount.amount) for taxes in vat_of_lines(of) for each in taxes]


def test_either_rounding_of_vat_is_booked_as_stated() -> None:
    """By line or by rate: the supplier may choose, and the document says which."""
    lines = (line("37.50"), line("12.50"))
    for amount, gross in (("10.50", "60.50"), ("10.51", "60.51")):
        of = invoice(*lines, net="50.00", gross=gross, vat=(stated("high", amount),))
        assert [] == codes(of)
        assert eur(amount) == sum((each[0].amount for each in vat_of_lines(of)), eur("0"))


def test_vat_of_the_head_is_spread_to_the_cent() -> None:
    lines = (line("10.10"), line("10.10"), line("10.10"))
    of = invoice(*lines, net="30.30", gross="34.85", vat=(stated("high", "4.55"),))
    assert ["1.52", "1.52", "1.51"] == vat(of)


def test_vat_of_the_head_stands_on_the_lines_with_its_tax() -> None:
    lines = (line("100.00", "high"), line("50.00", "low"), line("100.00", "low"))
    of = invoice(*lines, net="250.00", gross="284.51", vat=(stated("high", "21.01"), stated("low", "13.50")))
    assert [] == codes(of)
    assert ["21.01", "4.50", "9.00"] == vat(of)


def test_a_cent_on_the_wrong_rate_is_seen_though_the_sum_fits() -> None:
    lines = (line("100.00", "high", "21.00"), line("100.00", "low", "9.01"))
    of = invoice(*lines, net="200.00", gross="230.01", vat=(stated("high", "21.01"), stated("low", "9.00")))
    assert ["invoice.vat", "invoice.vat"] == codes(of)


@pytest.mark.parametrize(
    ("of", "code"),
    [
        (invoice(line("99.99", vat="21.00"), net="100.00", gross="121.00"), "invoice.net"),
        (invoice(line("100.00", vat="21.00"), net="100.00", gross="121.01"), "invoice.gross"),
        (invoice(line("100.00"), net="100.00", gross="121.00"), "invoice.gross"),
        (
            invoice(line("100.00", "low"), net="100.00", gross="121.00", vat=(stated("high", "21.00"),)),
            "invoice.vat",
        ),
        (invoice(line("100.00"), net="100.00", gross="100.00", currency="USD"), "invoice.currency"),
    ],
)
def test_figures_that_do_not_agree_are_named(of: SupplierInvoice, code: str) -> None:
    assert [code] == codes(of)


def test_what_is_owed_has_its_rounding_and_what_was_paid_before() -> None:
    of = invoice(line("21.23", vat="4.25"), net="21.23", gross="25.48", rounding=eur("-0.01"))
    assert [] == codes(of)
    assert eur("25.47") == of.payable
    assert eur("15.48") == invoice(net="21.23", gross="25.48", prepaid=eur("10.00")).payable


@pytest.mark.parametrize(
    "of",
    [
        invoice(line("100.00", vat="21.00"), net="100.00", gross="121.00", kind=CREDIT),
        invoice(line("-100.00", vat="-21.00"), net="-100.00", gross="-121.00", kind=CREDIT),
        invoice(line("-100.00", vat="-21.00"), net="-100.00", gross="-121.00"),
    ],
)
def test_a_credit_note_is_negative_however_it_is_written(of: SupplierInvoice) -> None:
    found = signed(of)
    assert isinstance(found, SupplierInvoice)
    assert (CREDIT, eur("-121.00"), eur("-100.00")) == (found.kind, found.gross, found.lines[0].net)
    assert eur("-21.00") == found.lines[0].taxes[0].amount
    assert [] == codes(found)


@pytest.mark.parametrize(
    "of",
    [
        invoice(line("-100.00"), net="-100.00", gross="121.00", kind=CREDIT),
        invoice(line("-20.00"), line("120.00"), net="100.00", gross="121.00", kind=CREDIT),
        invoice(line("100.00"), net="100.00", gross="-121.00"),
    ],
)
def test_a_sign_that_contradicts_the_kind_is_a_question(of: SupplierInvoice) -> None:
    found = signed(of)
    assert not isinstance(found, SupplierInvoice)
    assert "invoice.sign" == found.code


def test_a_discount_makes_no_credit_note() -> None:
    of = invoice(line("100.00", vat="21.00"), line("-10.00", vat="-2.10"), net="90.00", gross="108.90")
    assert of == signed(of)
    assert [] == codes(of)
