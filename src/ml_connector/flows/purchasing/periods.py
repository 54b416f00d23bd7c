"""The fiscal period that an invoice, or an expense report, is booked in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ml_connector.domain.period import ClosedPeriodRule, FiscalPeriod, period_of
from ml_connector.domain.problem import Owner, Problem


def period_for(
    day: date, what: str, calendar: Sequence[FiscalPeriod], closed: ClosedPeriodRule
) -> tuple[int, int] | Problem | None:
    """The period where it is another than that of the day of `what`, which stays as it is."""
    found = period_of(day, calendar)
    if found is None:
        text = (
            f"{day}, the date of {what}, is in no fiscal period of the ledger."
            " Create the period there, or correct the date at the source."
        )
        return Problem("period.unknown", what, text, Owner.CONTROLLER)
    if found.open:
        return None
    later = min((one for one in calendar if one.open and one.start > found.start), default=None)
    if closed is ClosedPeriodRule.NEXT_OPEN and later is not None:
        return later.year, later.number
    choice = (
        "Reopen it, or let the flow book in the next open one (closed_period=next_open)."
        if later
        else "Reopen it: no later period is open."
    )
    text = f"Period {found.name} of {day}, the date of {what}, is closed. {choice}"
    return Problem("period.closed", what, text, Owner.CONTROLLER)
