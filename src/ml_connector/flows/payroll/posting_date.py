"""The posting date of a run: one day for all of its entries, open in the books of every legal entity."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ml_connector.domain.period import (
    FiscalPeriod,
    PayPeriod,
    PostingDate,
    PostingDatePolicy,
    choose_posting_date,
    period_of,
)
from ml_connector.domain.problem import Owner, Problem


def posting_date(
    pay_period: PayPeriod, policy: PostingDatePolicy, calendars: Mapping[str, Sequence[FiscalPeriod]]
) -> PostingDate | tuple[Problem, ...]:
    """The latest of the dates that the policy chooses for the entities, or every problem."""
    chosen = {entity: choose_posting_date(pay_period, policy, days) for entity, days in calendars.items()}
    if closed := {entity: problem for entity, problem in chosen.items() if isinstance(problem, Problem)}:
        return _by_entity(closed, calendars)
    dates = (date for date in chosen.values() if isinstance(date, PostingDate))
    latest = max(dates, key=lambda date: date.day)
    for entity, calendar in calendars.items():
        period = period_of(latest.day, calendar)
        if period is None or not period.open:
            text = (
                f"{latest.day} is not open in {entity}, and the entries of a run have one posting date. Open"
                " it there, or choose another."
            )
            return (Problem("period.closed", "posting_date", text, Owner.CONTROLLER),)
    return latest


def _by_entity(problems: Mapping[str, Problem], entities: Collection[str]) -> tuple[Problem, ...]:
    """Each problem once; one that not all entities have names those that have it."""
    having = {
        problem: [entity for entity, other in problems.items() if other == problem]
        for problem in problems.values()
    }
    return tuple(
        problem
        if len(named) == len(entities)
        else replace(problem, text=f"{', '.join(named)}: {problem.text}")
        for problem, named in having.items()
    )
