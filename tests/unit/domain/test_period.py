"""The posting date: chosen by a rule, in an open period, and never moved silently."""

from __future__ import annotations

from datetime import date

import pytest

from ml_connector.domain.period import (
    ClosedPeriodRule,
    FiscalPeriod,
    PayPeriod,
    PostingDate,
    PostingDatePolicy,
    PostingDateRule,
    choose_posting_date,
    period_of,
)
from ml_connector.domain.problem import Owner, Problem

PAY = PayPeriod(start=date(2026, 6, 17), end=date(2026, 6, 30), pay_date=date(2026, 7, 3))


def calendar(*closed: int) -> tuple[FiscalPeriod, ...]:
    """Four months as periods 1 to 4 of a fiscal year that begins in June; the numbers given are closed."""
    months = [(6, 30), (7, 31), (8, 31), (9, 30)]
    return tuple(
        FiscalPeriod(
            start=date(2026, month, 1),
            end=date(2026, month, last),
            year=2027,
            number=number,
            open=number not in closed,
        )
        for number, (month, last) in enumerate(months, 1)
    )


def chosen(policy: PostingDatePolicy, *closed: int) -> PostingDate:
    found = choose_posting_date(PAY, policy, calendar(*closed))
    assert isinstance(found, PostingDate), found
    return found


def problem(policy: PostingDatePolicy, *closed: int) -> Problem:
    found = choose_posting_date(PAY, policy, calendar(*closed))
    assert isinstance(found, Problem), found
    return found


@pytest.mark.parametrize(
    ("policy", "day", "period"),
    [
        (PostingDatePolicy(), date(2026, 6, 30), "2027-01"),
        (PostingDatePolicy(rule=PostingDateRule.PAY_DATE), date(2026, 7, 3), "2027-02"),
        (
            PostingDatePolicy(rule=PostingDateRule.OVERRIDE, override=date(2026, 8, 15)),
            date(2026, 8, 15),
            "2027-03",
        ),
    ],
)
def test_each_rule_chooses_its_date(policy: PostingDatePolicy, day: date, period: str) -> None:
    """The fiscal period's number is the ledger's own, not the month."""
    found = chosen(policy)

    assert (day, period, None) == (found.day, found.period.name, found.moved_from)
    assert f"{policy.rule} {day}, period {period} is open" == found.reason


@pytest.mark.parametrize(
    ("closed", "code"), [(ClosedPeriodRule.HOLD, "period.closed"), (ClosedPeriodRule.ASK, "period.ask")]
)
def test_a_closed_period_holds_or_asks(closed: ClosedPeriodRule, code: str) -> None:
    """With the first open day in the text, for a person to choose."""
    found = problem(PostingDatePolicy(closed=closed), 1, 2)

    assert (code, "posting_date", Owner.CONTROLLER) == (found.code, found.where, found.owner)
    assert (
        "2027-01 is closed for this journal. Reopen it, or choose a posting date from 2026-08-01."
        == found.text
    )


def test_a_closed_period_moves_to_the_next_open_one() -> None:
    """Its first day, with the day it was moved from and why."""
    found = chosen(PostingDatePolicy(closed=ClosedPeriodRule.NEXT_OPEN), 1, 2)

    assert (date(2026, 8, 1), date(2026, 6, 30), "2027-03") == (
        found.day,
        found.moved_from,
        found.period.name,
    )
    assert (
        "period_end 2026-06-30 lies in 2027-01, which is closed; moved to the first day of the next open"
        " period" == found.reason
    )


@pytest.mark.parametrize("closed", list(ClosedPeriodRule))
def test_no_open_period_left_is_a_problem_under_every_rule(closed: ClosedPeriodRule) -> None:
    """Never an earlier one."""
    assert "Reopen it: no later period is open." in problem(PostingDatePolicy(closed=closed), 1, 2, 3, 4).text


def test_a_day_outside_the_calendar_is_a_problem() -> None:
    """Next year's periods may not exist yet."""
    found = problem(PostingDatePolicy(rule=PostingDateRule.OVERRIDE, override=date(2027, 1, 1)))

    assert (
        "2027-01-01 is in no fiscal period of the ledger. Create the period there, or choose"
        " another posting date." == found.text
    )


def test_an_override_must_be_given() -> None:
    """The rule alone is not a date."""
    assert "posting_date.missing" == problem(PostingDatePolicy(rule=PostingDateRule.OVERRIDE)).code


def test_a_period_holds_its_first_and_last_day() -> None:
    """Both inclusive."""
    found = [
        period_of(day, calendar())
        for day in (date(2026, 6, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 5, 31))
    ]

    assert [1, 1, 2, None] == [period.number if period else None for period in found]
