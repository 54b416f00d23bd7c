"""Money in is money out: for each report, for each VAT code, and for whoever paid."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.domain.expenses import drive, line, report

from ml_connector.domain.dimension import dimensions
from ml_connector.domain.expense import ExpenseLine, PaidWith
from ml_connector.domain.expense_build import expense_entry
from ml_connector.domain.expense_checks import check_report
from ml_connector.domain.expense_policy import ExpenseForm, ExpensePolicy, NamedReport
from ml_connector.domain.invoice import StatedVat
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.mapping import Mapping, MappingRule, Resolver, Target
from ml_connector.domain.mileage import stated_amount
from ml_connector.domain.money import Money
from ml_connector.domain.purchase import PurchaseEntry

TAXES = ("high", "low", "zero")
POLICY = ExpensePolicy(
    entities={"NL01": "1204"},
    countries={"1204": "NL"},
    purchase_journals={"1204": "70"},
    general_journals={"1204": "90"},
    accounts={"mileage_above": "above"},
    vat_codes={tax: tax for tax in TAXES},
    vat_accounts={tax: f"VAT {tax}" for tax in TAXES},
    no_vat="none",
    employee_account="employee",
    clearing={each.value: each.value for each in PaidWith},
    private_account="private",
    may_owe=True,
)
NAMED = NamedReport(key="k:0:1", day=date(2026, 3, 20), text="", currency="EUR", supplier="E", number="1")
PERCENTS = [("100",), ("50", "50"), ("33.34", "33.33", "33.33"), ("99.99", "0.01")]


def eur(minor: int) -> Money:
    return Money.from_minor(minor, "EUR")


@st.composite
def receipts(draw: st.DrawFn) -> ExpenseLine:
    """A receipt or what came back of one, with several taxes, by whomever it was paid."""
    sign = draw(st.sampled_from([1, 1, -1]))
    amounts = st.tuples(st.integers(0, 10**6), st.integers(0, 10**5))
    stated = draw(
        st.lists(st.tuples(st.sampled_from(TAXES), amounts), max_size=3, unique_by=lambda one: one[0])
    )
    taxes = tuple(
        StatedVat(tax=tax, base=eur(sign * net), amount=eur(sign * vat)) for tax, (net, vat) in stated
    )
    size = sum(net + vat for _, (net, vat) in stated) if stated else draw(st.integers(0, 10**6))
    private = draw(st.none() | st.integers(0, size))
    return line(
        str(eur(sign * size).amount),
        *taxes,
        paid_with=draw(st.sampled_from(PaidWith)),
        private=None if private is None else eur(sign * private),
        deductible=draw(st.sampled_from([None, Decimal(50), Decimal("33.3"), Decimal(0)])),
    )


@st.composite
def drives(draw: st.DrawFn) -> ExpenseLine:
    """A drive at any rate, in the employee's own car."""
    distance = draw(st.decimals(0, 40, places=2))
    rate = draw(st.decimals(0, 2, places=4))
    found = drive("0.00", str(distance), str(rate))
    assert found.mileage is not None
    return replace(found, gross=stated_amount(found.mileage, "EUR"))


def numbered(lines: list[ExpenseLine]) -> tuple[ExpenseLine, ...]:
    return tuple(
        replace(each, number=f"x{number}", codes=dimensions({"account": str(number)}))
        for number, each in enumerate(lines)
    )


def resolver(count: int, shares: list[tuple[str, ...]]) -> Resolver:
    rules = [
        MappingRule(name="above", account="above", targets=(Target(account="above", percent=Decimal(100)),))
    ]
    for number in range(count):
        targets = tuple(
            Target(account=f"{number}-{at}", percent=Decimal(percent))
            for at, percent in enumerate(shares[number % len(shares)])
        )
        rules.append(MappingRule(name=str(number), account=str(number), targets=targets))
    return Resolver(mapping=Mapping(name="m", version=1, rules=tuple(rules)), day=date(2026, 3, 14))


@given(
    st.lists(st.one_of(receipts(), drives()), min_size=1, max_size=8),
    st.lists(st.sampled_from(PERCENTS), min_size=1, max_size=4),
    st.sampled_from(ExpenseForm),
)
@example(
    [line("200.00", private=eur(1800), paid_with=PaidWith.COMPANY_CARD)], [("50", "50")], ExpenseForm.JOURNAL
)
def test_what_was_spent_is_booked_and_what_is_owed_is_the_employees(
    drawn: list[ExpenseLine], shares: list[tuple[str, ...]], form: ExpenseForm
) -> None:
    lines = numbered(drawn)
    of = report(*lines)
    assert [] == [*check_report(of)]
    found = expense_entry(of, replace(POLICY, form=form), NAMED, resolver(len(lines), shares))
    assert () == found.problems
    sums = _sums(found.entry)
    own = [each for each in lines if each.paid_with is PaidWith.OWN_MONEY]
    owed = sum(each.gross.minor - (each.private.minor if each.private else 0) for each in own)
    private = sum(
        each.private.minor for each in lines if each.private and each.paid_with is not PaidWith.OWN_MONEY
    )
    assert owed == -sums.pop("employee", 0)
    assert private == sums.pop("private", 0)
    for paid in PaidWith:
        if paid is not PaidWith.OWN_MONEY:
            gross = sum(each.gross.minor for each in lines if each.paid_with is paid)
            assert gross == -sums.pop(paid.value, 0)
    spent = sum(each.gross.minor - (each.private.minor if each.private else 0) for each in lines)
    assert spent == sum(sums.values())


@given(
    st.lists(receipts(), min_size=1, max_size=8),
    st.lists(st.sampled_from(PERCENTS), min_size=1, max_size=4),
    st.sampled_from(ExpenseForm),
)
def test_the_vat_of_each_code_is_what_the_receipts_state(
    drawn: list[ExpenseLine], shares: list[tuple[str, ...]], form: ExpenseForm
) -> None:
    """To the cent where nothing is private and all of it may be claimed, however a line is divided."""
    lines = numbered([replace(each, private=None, deductible=None) for each in drawn])
    found = expense_entry(report(*lines), replace(POLICY, form=form), NAMED, resolver(len(lines), shares))
    wanted: Counter[str] = Counter()
    for each in lines:
        for tax in each.taxes:
            wanted[tax.tax] += tax.amount.minor
    assert _plain(wanted) == _plain(_vat(found.entry))


@given(receipts(), st.sampled_from(ExpenseForm))
def test_no_more_vat_is_claimed_than_a_receipt_states(of: ExpenseLine, form: ExpenseForm) -> None:
    """Of its sign, whatever is private and whatever may be claimed."""
    (only,) = numbered([of])
    found = expense_entry(report(only), replace(POLICY, form=form), NAMED, resolver(1, [("100",)]))
    sign = -1 if only.gross.minor < 0 else 1
    stated = {tax.tax: tax.amount.minor * sign for tax in only.taxes}
    for tax, minor in _vat(found.entry).items():
        assert 0 <= minor * sign <= stated.get(tax, 0)


def _sums(entry: Any) -> Counter[str]:
    """Account → what is on it, VAT by itself; the employee's as a credit."""
    found: Counter[str] = Counter()
    if isinstance(entry, PurchaseEntry):
        for cost in entry.lines:
            found[cost.account] += cost.net.minor
            found[f"VAT {cost.vat_code}"] += cost.vat.minor
        found["employee"] -= entry.payable.minor
    else:
        assert isinstance(entry, JournalEntry)
        for each in entry.lines:
            found[each.account] += each.amount.minor
    return found


def _vat(entry: Any) -> Counter[str]:
    found = _sums(entry)
    return Counter({tax: found[f"VAT {tax}"] for tax in TAXES})


def _plain(sums: Counter[str]) -> dict[str, int]:
    return {tax: minor for tax, minor in sums.items() if minor}
