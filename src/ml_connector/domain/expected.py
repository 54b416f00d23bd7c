"""What a source plans to have, before it has it, such as a pay by its calendar, and what people say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Something that a run of a flow is expected for. `subject` is what the source will call it, whole, as
    the record of the run does; `group` is what of the source plans it, `due` the day on which it has to be
    there, in the calendar of the source. `closed` tells that it may come from now on.
    """

    subject: str
    group: str
    due: date
    closed: bool


class Said(StrEnum):
    """What a person says of a plan."""

    MOVED = "on another day"
    NONE = "not expected"
    MORE = "one more"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """One thing that a person said. `beside` are the subjects of the group and day that the source planned
    when one more was expected: another one that it plans there later is that one.
    """

    subject: str
    group: str
    said: Said
    due: date
    planned: date | None = None
    beside: frozenset[str] = frozenset()


def as_said(planned: Iterable[Expected], changes: Iterable[PlanChange]) -> Mapping[str, Expected]:
    """The plan as people say it is, by subject. What the source plans no more is not moved."""
    plan = {one.subject: one for one in planned}
    given = list(changes)
    for change in given:
        if change.said is Said.NONE:
            plan.pop(change.subject, None)
        elif change.said is Said.MOVED and change.subject in plan:
            plan[change.subject] = replace(plan[change.subject], due=change.due)
    for change in given:
        if change.said is Said.MORE and not any(
            (one.group, one.due) == (change.group, change.due) and one.subject not in change.beside
            for one in plan.values()
        ):
            plan[change.subject] = Expected(
                subject=change.subject, group=change.group, due=change.due, closed=True
            )
    return plan
