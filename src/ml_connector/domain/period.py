"""Fiscal periods, pay periods, and the date a journal is posted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ml_connector.domain.problem import Owner, Problem

YEARS = range(1990, 2100)
"""Years that a date of a pay can have; another one is a slip, or stands for "no end"."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class FiscalPeriod:
    """A period of one legal entity's calendar, first to last day inclusive, open or closed for one journal.

    The number is the ledger's own and is never derived from the month.
    """

    start: date
    end: date
    year: int
    number: int
    open: bool

    @property
    def name(self) -> str:
        """`2026-06`: fiscal year and period number."""
        return f"{self.year}-{self.number:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayPeriod:
    """The days a pay run pays for, first to last inclusive, and the day money moves."""

    start: date
    end: date
    pay_date: date


class PostingDateRule(StrEnum):
    """Which date decides the fiscal period."""

    PERIOD_END = "period_end"
    PAY_DATE = "pay_date"
    OVERRIDE = "override"


class ClosedPeriodRule(StrEnum):
    """What happens when the fiscal period of the posting date is closed.

    `hold` stops until the period is reopened, `ask` stops until a person chooses a date, `next_open` takes
    the first day of the next open period and says so in the proposal.
    """

    HOLD = "hold"
    ASK = "ask"
    NEXT_OPEN = "next_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingDatePolicy:
    """How the posting date of a journal is chosen; `override` is required with the rule of that name."""

    rule: PostingDateRule = PostingDateRule.PERIOD_END
    override: date | None = None
    closed: ClosedPeriodRule = ClosedPeriodRule.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingDate:
    """The posting date chosen, its fiscal period, and in words why: shown in every proposal."""

    day: date
    period: FiscalPeriod
    reason: str
    moved_from: date | None = None


def period_of(day: date, calendar: Sequence[FiscalPeriod]) -> FiscalPeriod | None:
    """The fiscal period that holds the day, or `None` where the calendar has none."""
    return next((period for period in calendar if period.start <= day <= period.end), None)


def choose_posting_date(
    pay_period: PayPeriod, policy: PostingDatePolicy, calendar: Sequence[FiscalPeriod]
) -> PostingDate | Problem:
    """The posting date under the policy, in an open period of the calendar; a `Problem` when there is none.
    Never moved silently.
    """
    wanted = _wanted(pay_period, policy)
    if isinstance(wanted, Problem):
        return wanted
    period = period_of(wanted, calendar)
    if period is None:
        text = (
            f"{wanted} is in no fiscal period of the ledger. Create the period there, or choose"
            " another posting date."
        )
        return Problem("period.unknown", "posting_date", text, Owner.CONTROLLER)
    if period.open:
        return PostingDate(
            day=wanted, period=period, reason=f"{policy.rule} {wanted}, period {period.name} is open"
        )
    return _from_closed(wanted, period, policy, calendar)


def _wanted(pay_period: PayPeriod, policy: PostingDatePolicy) -> date | Problem:
    match policy.rule:
        case PostingDateRule.PERIOD_END:
            return pay_period.end
        case PostingDateRule.PAY_DATE:
            return pay_period.pay_date
        case PostingDateRule.OVERRIDE:
            if policy.override is None:
                text = "No posting date is given. Set the option posting_date to a date."
                return Problem("posting_date.missing", "posting_date", text, Owner.CONTROLLER)
            return policy.override


def _from_closed(
    wanted: date, period: FiscalPeriod, policy: PostingDatePolicy, calendar: Sequence[FiscalPeriod]
) -> PostingDate | Problem:
    following = min((later for later in calendar if later.open and later.start > wanted), default=None)
    choice = (
        f"Reopen it, or choose a posting date from {following.start}."
        if following
        else "Reopen it: no later period is open."
    )
    if policy.closed is ClosedPeriodRule.NEXT_OPEN and following is not None:
        reason = (
            f"{policy.rule} {wanted} lies in {period.name}, which is closed; moved to the first day of the"
            " next open period"
        )
        return PostingDate(day=following.start, period=following, reason=reason, moved_from=wanted)
    code = "period.ask" if policy.closed is ClosedPeriodRule.ASK else "period.closed"
    return Problem(
        code, "posting_date", f"{period.name} is closed for this journal. {choice}", Owner.CONTROLLER
    )
