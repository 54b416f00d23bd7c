"""Whether a run is for the flow, its dates, and its posting date: one day for all of its entries, open in the
books of every legal entity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from ml_connector.domain.payroll import PayRun
from ml_connector.domain.period import (
    YEARS,
    FiscalPeriod,
    PayPeriod,
    PostingDate,
    PostingDatePolicy,
    choose_posting_date,
    period_of,
)
from ml_connector.domain.problem import Owner, Problem
from ml_connector.flows.payroll.policy import PayrollPolicy


def misdated(pay_run: PayRun) -> Iterator[Problem]:
    """Dates that no pay has."""
    period = pay_run.pay_period
    for day in dict.fromkeys((period.start, period.end, period.pay_date)):
        if day.year not in YEARS:
            text = f"The run has the date {day}, which is not a likely year. Correct it in payroll."
            yield Problem("run.dates", str(day), text, Owner.PAYROLL)
    if period.start > period.end:
        text = f"The period begins on {period.start}, after its end on {period.end}. Correct it in payroll."
        yield Problem("run.dates", str(period.start), text, Owner.PAYROLL)


def not_of_flow(pay_run: PayRun, policy: PayrollPolicy) -> Iterator[Problem]:
    """A run from before the start date of the flow, or one that pays a group which the flow does not take."""
    if policy.pay_groups and (others := sorted(set(pay_run.groups or ("(none)",)) - policy.pay_groups)):
        taken = ", ".join(sorted(policy.pay_groups))
        text = (
            f"This pay run pays {', '.join(others)}, and the flow takes {taken} only. Nothing of it is"
            " booked. Add the group to pay_groups of the flow, or cancel this run."
        )
        yield Problem("run.pay_group", "pay_groups", text, Owner.CONTROLLER)
    if pay_run.pay_period.end < policy.starts_on:
        text = (
            f"This pay run (period ending {pay_run.pay_period.end}) is older than the start date of the"
            f" flow, {policy.starts_on}. If nobody has booked it, set an earlier start date;"
            " otherwise cancel this run."
        )
        yield Problem("run.before_start", "starts_on", text, Owner.CONTROLLER)


def posting_date(
    pay_period: PayPeriod, policy: PostingDatePolicy, calendars: Mapping[str, Sequence[FiscalPeriod]]
) -> PostingDate | tuple[Problem, ...]:
    """The latest of the dates that the policy chooses for the entities, or every problem."""
    chosen = {entity: choose_posting_date(pay_period, policy, days) for entity, days in calendars.items()}
    if closed := {entity: problem for entity, problem in chosen.items() if isinstance(problem, Problem)}:
        return _by_entity(closed, calendars)
    dates = (found for found in chosen.values() if isinstance(found, PostingDate))
    latest = max(dates, key=lambda one: one.day)
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
