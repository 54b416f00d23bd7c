"""From Exact's ledger lines to what is booked: the money both ways, and the facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.connectors.exact_online import purchase_translate, purchase_wire
from ml_connector.connectors.exact_online.tests.purchase_lines import (
    MARKER,
    booked,
    entry,
    line,
    row,
    rows_of,
)
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import PurchaseLine
from ml_connector.domain.purchase_checks import compare
from ml_connector.domain.vat import VatKind
from ml_connector.errors import VendorChanged

CENTS = st.integers(-(10**12), 10**12)
TAXED = st.sampled_from(["5", "6", "7"])


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(CENTS, CENTS, TAXED), st.tuples(CENTS, st.just(0), st.sampled_from(["0", "B", "RC"]))
        ),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.sampled_from(["4100", "4200"]), min_size=12, max_size=12),
)
def test_money_in_is_money_out_per_vat_code(lines: list[tuple[int, int, str]], accounts: list[str]) -> None:
    """Whatever is stated is owed, net and VAT of every code, through translation, booking and back."""
    document = entry(
        *(
            PurchaseLine(
                account=account,
                net=Money.from_minor(net, "EUR"),
                vat=Money.from_minor(vat, "EUR"),
                vat_code=code,
            )
            for (net, vat, code), account in zip(lines, accounts, strict=False)
        )
    )

    found = booked(document, rows_of(document))

    vat: dict[str, int] = {}
    for one in found.lines:
        vat[one.vat_code] = vat.get(one.vat_code, 0) + one.vat.minor
    stated = {code: amount.minor for code, amount in document.vat_by_code().items()}
    assert stated == vat
    assert document.payable == found.payable
    assert sum(net + tax for net, tax, _ in lines) == found.payable.minor
    assert list(compare(document, found)) == []


def test_charged_vat_is_shown_apart() -> None:
    """Both lines of reverse charge cancel out in what is owed, and the VAT to claim is named."""
    document = entry(line("1000.00", code="RC"), line("50.00", "10.50"))

    found = booked(document, rows_of(document))

    assert Money.parse("1060.50", "EUR") == found.payable
    assert (("RC", Money.parse("210.00", "EUR")),) == found.charged
    assert list(compare(document, found)) == []


def test_charged_vat_that_is_not_claimed_is_a_difference() -> None:
    """VAT to pay without VAT to claim is owed by somebody: it is not hidden."""
    document = entry(line("1000.00", code="RC"))
    rows = [one for one in rows_of(document) if one.GLAccountCode != "1500"]

    assert ["read_back.vat"] == [problem.code for problem in compare(document, booked(document, rows))]


def test_vat_of_another_code_than_any_cost_has_is_kept() -> None:
    """A person booked it by hand: it is a line of its own, and a difference."""
    document = entry(line("100.00", "21.00"))
    rows = [*rows_of(document), row("1500", Decimal("3.00"), "7", 9), row("1500", Decimal(-3), "5", 10)]

    found = booked(document, rows)

    assert ("1500", Money.parse("3.00", "EUR"), "7") == (
        found.lines[-1].account,
        found.lines[-1].vat,
        found.lines[-1].vat_code,
    )
    assert {"read_back.vat", "read_back.line"} == {problem.code for problem in compare(document, found)}


def test_cost_on_an_account_of_vat_is_a_cost() -> None:
    """A line is VAT where its account is that of its own code, and nowhere else."""
    document = entry(line("100.00", "21.00"))
    rows = [*rows_of(document), row("1500", Decimal("3.00"), "0", 9)]

    found = booked(document, rows)

    assert ("1500", Money.parse("3.00", "EUR"), Money.parse("0.00", "EUR")) == (
        found.lines[-1].account,
        found.lines[-1].net,
        found.lines[-1].vat,
    )


def test_code_without_accounts_is_booked_on_one_of_vat() -> None:
    """Exact takes an account of VAT for it, and it is VAT all the same; on another account it is a cost."""
    document = entry(line("100.00", "6.25", "8"))
    rows = [one for one in rows_of(document) if one.GLAccountCode != "1500"]

    found = booked(document, [*rows, row("1509", Decimal("6.25"), "8", 9)])
    wrong = booked(document, [*rows, row("4300", Decimal("6.25"), "8", 9)])

    assert list(compare(document, found)) == []
    assert {"read_back.vat", "read_back.line"} == {problem.code for problem in compare(document, wrong)}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("parts", "rest"),
    [
        ([(20, "121.00")], "121.00"),
        ([(50, "121.00")], "0.00"),
        ([(50, "100.00"), (20, "21.00")], "21.00"),
        ([(40, "121.00")], "121.00"),
        ([(50, "100.00")], None),
        ([], None),
    ],
)
def test_what_is_still_owed_by_the_parts(sign: int, parts: list[tuple[int, str]], rest: str | None) -> None:
    """Matched parts are paid, those in a bank file are not; parts that do not add up say nothing. Their sign
    is not documented, so either is understood.
    """
    document = entry(line("100.00", "21.00"))
    payments = [
        purchase_wire.Payment(TransactionEntryID="e", Status=status, AmountFC=sign * Decimal(amount))
        for status, amount in parts
    ]

    found = booked(document, rows_of(document), payments)

    assert found.open == (None if rest is None else Money.parse(rest, "EUR"))


@pytest.mark.parametrize(
    ("rate", "dc", "shown"),
    [
        ("1.0825", "130.98", "1.0825"),
        ("1.0825", "131.01", "1.0825"),
        ("1.0825", "131.02", "1.08281"),
        ("0.9238", "130.98", "1.082479"),
        ("1.0825", None, "1.0825"),
    ],
)
def test_rate_is_what_the_amounts_say(rate: str, dc: str | None, shown: str) -> None:
    """A rate in the other direction than ours does not pass for ours: the division's amounts tell."""
    document = entry(line("100.00", "21.00"))
    usd = replace(document, currency="USD", lines=tuple(in_dollars(one) for one in document.lines))
    whole = {"AmountFC": Decimal("121.00"), "AmountDC": Decimal(dc) if dc else None}

    found = booked(usd, rows_of(usd), Rate=Decimal(rate), **whole)

    assert found.rate is not None
    assert (Decimal(shown), "EUR") == (found.rate.rate, found.rate.currency)


def in_dollars(one: PurchaseLine) -> PurchaseLine:
    return replace(one, net=Money(one.net.amount, "USD"), vat=Money(one.vat.amount, "USD"))


def test_amount_that_is_no_money_stops() -> None:
    """More decimals than the currency has: something else was read than an amount."""
    document = entry()
    with pytest.raises(VendorChanged):
        booked(document, [row("4100", Decimal("1.001"), "5", 1)])


def test_marker_is_at_the_end_of_the_description() -> None:
    """Also behind blanks; a person's text has none."""
    document = entry()

    assert MARKER.token == booked(document, rows_of(document)).marker
    assert booked(document, rows_of(document), Description="#SHORT").marker == ""
    assert booked(document, rows_of(document), Description=None).marker == ""


# --- facts --------------------------------------------------------------------------------------------------


def test_vat_code_by_its_rows() -> None:
    """Percentages are fractions with dates; kinds and uses are Exact's letters."""
    source = purchase_wire.VatCode(
        ID="a", Code="19 ", Type="I", Description="High", VATTransactionType="P", Percentage=Decimal("0.21")
    )
    rates = [
        purchase_wire.VatPercentage(
            VATCodeID="a", Percentage=Decimal("0.21"), StartDate="/Date(1349049600000)/"
        ),
        purchase_wire.VatPercentage(
            VATCodeID="a", Percentage=Decimal("0.19"), EndDate="/Date(1348963200000)/"
        ),
    ]

    code = purchase_translate.vat_code(source, rates)

    assert ("19", "High", VatKind.INCLUDING, False, True, False) == (
        code.code,
        code.title,
        code.kind,
        code.charged,
        code.purchases,
        code.blocked,
    )
    assert [Decimal(19), Decimal(21)] == [
        code.percentage(day) for day in (date(2012, 9, 30), date(2012, 10, 1))
    ]
    assert str(
        purchase_translate.vat_code(replaced(source, Percentage=Decimal("0.055")), []).rates[0].percentage
    ) == ("5.5")
    assert not purchase_translate.vat_code(replaced(source, VATTransactionType="S"), []).purchases
    assert purchase_translate.vat_code(replaced(source, IsBlocked=True), []).blocked
    with pytest.raises(VendorChanged):
        purchase_translate.vat_code(replaced(source, Type="Q"), [])


def replaced(source: purchase_wire.VatCode, **fields: Any) -> purchase_wire.VatCode:
    held = {name: getattr(source, name) for name in source.__struct_fields__}
    return purchase_wire.VatCode(**{**held, **fields})


def test_term_is_days_after_ends_of_months() -> None:
    """The vendor's own example: 17 January, two ends of months and 15 days, is 15 April."""
    row_ = purchase_wire.PaymentCondition(Code="EM ", PaymentDays=15, PaymentEndOfMonths=2)

    term = purchase_translate.term(row_)

    assert ("EM", date(2026, 4, 15)) == (term.code, term.due(date(2026, 1, 17)))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "has no journal 60"),
        (purchase_wire.PurchaseJournal(Code="60", Type=90), "is not a purchase journal"),
        (purchase_wire.PurchaseJournal(Code="60", Type=22, IsBlocked=True), "is blocked"),
        (purchase_wire.PurchaseJournal(Code="6O", Type=22), "as 6O"),
    ],
)
def test_journal_that_takes_no_purchases(found: purchase_wire.PurchaseJournal | None, words: str) -> None:
    """Why, in words; one of type 22 that is not blocked is fine."""
    assert words in (purchase_translate.journal_problem("1204", "60", found) or "")
    good = purchase_wire.PurchaseJournal(Code="60 ", Type=22)
    assert purchase_translate.journal_problem("1204", "60", good) is None
