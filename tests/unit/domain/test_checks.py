"""Checks: every problem, all at once, in words with a remedy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.payday import a_chart, register

from ml_connector.domain.checks import REMEDY, check_blocks, check_entry, check_totals, compare
from ml_connector.domain.dimension import Dimension
from ml_connector.domain.document import Receipt
from ml_connector.domain.journal import Account, BookedEntry, JournalEntry, JournalLine
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner
from ml_connector.domain.proposal import SideTotal, TieTotal
from ml_connector.domain.tie_out import tie_out

SALES = (Dimension("cost_center", "SALES"),)


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def line(account: str, amount: str, *codes: Dimension) -> JournalLine:
    return JournalLine(account=account, amount=eur(amount), dimensions=codes)


def entry(*lines: JournalLine, **values: Any) -> JournalEntry:
    known: dict[str, Any] = {
        "key": "payroll:acme:R1:books:10:1:1",
        "entity": "10",
        "journal": "90",
        "posting_date": date(2026, 6, 30),
        "currency": "EUR",
        "text": "Payroll",
        "lines": lines or (line("4000", "10.00", *SALES), line("1700", "-10.00")),
    }
    return JournalEntry(**{**known, **values})


def codes(*args: Any) -> list[str]:
    return [problem.code for problem in check_entry(*args)]


# --- blocks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "totals", "expected"),
    [
        ([1, 2, 3], [3, 3, 3], []),
        ([3, 1, 2], [3, 3, 3], []),
        ([1, 3], [3, 3], ["blocks.missing"]),
        ([1, 2, 2], [2, 2, 2], ["blocks.twice"]),
        ([1, 2, 3], [2, 2, 2], ["blocks.unknown"]),
        ([0, 1, 1, 5], [3, 3, 3, 3], ["blocks.missing", "blocks.twice", "blocks.unknown"]),
        ([1, 2], [2, 3], ["blocks.total"]),
        ([], [], ["blocks.none"]),
        ([], [2], ["blocks.missing", "blocks.none"]),
    ],
)
def test_blocks_are_complete_or_say_what_is_not(
    numbers: list[int], totals: list[int], expected: list[str]
) -> None:
    """Blocks 1 to n, each once, all agreeing on n; order does not matter."""
    assert expected == [problem.code for problem in check_blocks(numbers, totals)]


def test_a_long_list_of_missing_blocks_is_cut() -> None:
    """Ten numbers and a sign that there are more."""
    (problem,) = check_blocks([1], [100])
    assert "Blocks 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … of 100 did not arrive." in problem.text
    assert Owner.PAYROLL is problem.owner


# --- entries ------------------------------------------------------------------------------------------------


def test_a_good_entry_has_no_problem() -> None:
    assert [] == codes(entry(), a_chart())


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (entry(line("4000", "10.00"), line("1700", "-9.99")), ["entry.unbalanced"]),
        (entry(lines=()), ["entry.empty"]),
        (entry(line("4000", "10.00"), line("1700", "-10.00"), line("1710", "0.00")), ["line.zero"]),
        (entry(journal="91"), ["journal.unusable"]),
        (entry(line("9999", "10.00"), line("1700", "-10.00")), ["account.unknown"]),
        (
            entry(line("4000", "10.00", Dimension("cost_center", "NONE")), line("1700", "-10.00")),
            ["code.unknown"],
        ),
        (
            entry(line("4000", "10.00", Dimension("cost_center", "OLD")), line("1700", "-10.00")),
            ["code.inactive"],
        ),
        (
            entry(line("4000", "10.00", Dimension("project", "P1")), line("1700", "-10.00")),
            ["dimension.unknown_axis"],
        ),
    ],
)
def test_each_problem_of_an_entry_is_found(found: JournalEntry, expected: list[str]) -> None:
    """One at a time."""
    assert expected == codes(found, a_chart())


def test_the_currency_must_be_one_the_journal_takes() -> None:
    """With those it takes in the text."""
    (problem,) = check_entry(entry(), a_chart(currencies=frozenset({"USD", "GBP"})))
    text = "Journal 90 of 10 does not take EUR, only GBP, USD. Allow it there, or choose another journal."
    assert ("currency.refused", text) == (problem.code, problem.text)


def test_what_an_account_demands_of_dimensions_is_checked() -> None:
    """Required ones missing, forbidden ones given, blocked accounts."""
    axis = frozenset({"cost_center"})
    accounts = {
        "4000": Account(code="4000", description="Wages", forbidden=axis),
        "1700": Account(code="1700", description="Taxes", required=axis, blocked=True),
    }
    problems = check_entry(entry(), a_chart(accounts=accounts))

    assert ["dimension.forbidden", "account.blocked", "dimension.missing"] == [
        problem.code for problem in problems
    ]
    assert "GL account 1700 (Taxes) is blocked in 10. Unblock it, or map to another." == problems[1].text


def test_all_problems_are_shown_at_once_and_each_once() -> None:
    """A hundred lines on one unknown account are one problem."""
    lines = (*(line("9999", "1.00") for _ in range(100)), line("9998", "-99.00"), line("1710", "0.00"))

    assert ["entry.unbalanced", "account.unknown", "account.unknown", "line.zero"] == codes(
        entry(*lines), a_chart()
    )


# --- totals and tie-out -------------------------------------------------------------------------------------


def side(company: str, side: str, came: int, goes: int | None = None) -> SideTotal:
    return SideTotal(
        company=company,
        currency="EUR",
        side=side,
        rows=1,
        minor_in=came,
        minor_out=came if goes is None else goes,
    )


def test_totals_that_agree_are_no_problem() -> None:
    assert [] == check_totals([side("US1", "debit", 100), side("US1", "credit", -100)])


def test_a_dropped_unit_is_a_defect_of_ours() -> None:
    """Support is told, not payroll."""
    (problem,) = check_totals([side("US1", "debit", 100, 99), side("US1", "credit", -100)])

    assert ("totals.dropped", Owner.SUPPORT) == (problem.code, problem.owner)
    assert (
        "debit of US1: 1.00 EUR came in and 0.99 EUR goes out. This is a defect; nothing was posted."
        == problem.text
    )


def test_companies_do_not_balance_one_another() -> None:
    """Each on its own, all of them shown."""
    problems = check_totals([side("US1", "debit", 100), side("US2", "credit", -100)])

    assert ["company US1", "company US2"] == [problem.where for problem in problems]
    assert (
        "Debit and credit of US1 differ by 1.00 EUR in the pay run itself. Correct it in payroll and run its"
        " general ledger step again." == problems[0].text
    )


def test_the_tie_out_shows_every_book_and_the_gap() -> None:
    """Register, run, journal, ledger; employer cost has no register figure and that is no difference."""
    amounts = {
        "gross": (150_000, 0),
        "deductions": (0, -6_000),
        "employee_taxes": (0, -27_001),
        "net": (0, -116_998),
        "employer_cost": (11_475, -11_475),
    }
    ties = [
        TieTotal(company="US1", ties_to=what, debit_minor=debit, credit_minor=credit)
        for what, (debit, credit) in amounts.items()
    ]
    rows = tie_out([register("US1")], ties, [], [entry()], None, "EUR")

    gaps = {row.what: str(row.difference) for row in rows}
    assert {
        "gross": "0.00 EUR",
        "deductions": "0.00 EUR",
        "employee_taxes": "0.00 EUR",
        "net": "0.01 EUR",
        "employer_cost": "0.00 EUR",
        "debit": "0.00 EUR",
        "credit": "0.00 EUR",
    } == gaps
    assert None is next(row for row in rows if row.what == "employer_cost").register


# --- read back ----------------------------------------------------------------------------------------------


def booked(found: JournalEntry, **values: Any) -> BookedEntry:
    receipt = Receipt(reference="r", number="7", entity=values.pop("entity", found.entity), posted=True)
    known = {
        "receipt": receipt,
        "journal": found.journal,
        "posting_date": found.posting_date,
        "currency": found.currency,
        "lines": found.lines,
    }
    return BookedEntry(**{**known, **values})


def test_order_and_texts_of_lines_do_not_count() -> None:
    """Ledgers sort lines and shorten texts."""
    found = entry()
    assert [] == compare(
        found, booked(found, lines=tuple(replace(each, text="other") for each in reversed(found.lines)))
    )


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"entity": "20"}, "entity"),
        ({"journal": "91"}, "journal"),
        ({"posting_date": date(2026, 7, 1)}, "posting date"),
        ({"currency": "USD"}, "currency"),
    ],
)
def test_a_header_that_differs_is_told(changed: dict[str, Any], name: str) -> None:
    """What was written, and what stands there."""
    problem = compare(entry(), booked(entry(), **changed))[0]
    assert ("read_back.header", "document 7") == (problem.code, problem.where)
    assert problem.text.startswith(f"The {name} is ")


def test_amounts_are_compared_to_the_cent_and_line_by_line() -> None:
    """Two lines of five are not one of ten, and a line too many is told."""
    found = entry(line("4000", "10.00"), line("1700", "-10.00"))
    halves = (line("4000", "5.00"), line("4000", "5.00"), line("1700", "-10.00"), line("1710", "0.00"))

    texts = [problem.text for problem in compare(found, booked(found, lines=halves))]

    assert [
        f"Account 1710 : written nothing, in the ledger 0.00. {REMEDY}",
        f"Account 4000 : written 10.00, in the ledger 5.00 + 5.00. {REMEDY}",
    ] == texts
