"""What is entered of a worker for a later day: a first day, a last one, another place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.worker import Employment, Worker


class Step(StrEnum):
    """What takes effect: a first employment or a later one begins, an employment ends, a place is another."""

    HIRE = "hire"
    REHIRE = "rehire"
    LEAVING = "leaving"
    TRANSFER_OUT = "transfer out"
    MOVE = "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A step of a worker in a company. `day` is the first day of a beginning and of a place, and the last one
    of an end; `placed` are the codes that hold from then on, those alone that change.
    """

    day: date
    company: str
    step: Step
    placed: Dimensions = ()


def coming(worker: Worker, day: date) -> tuple[Coming, ...]:
    """What is still to come for the worker on the day, by company and day. An end that is the day itself has
    not come yet: the worker is employed on it.
    """
    found = [step for one in worker.employments for step in _of(worker, one, day)]
    return tuple(sorted(found, key=lambda step: (step.company, step.day, step.step)))


def _of(worker: Worker, one: Employment, day: date) -> Iterator[Coming]:
    if one.start > day:
        before = any(other.start < one.start for other in worker.in_company(one.company))
        step = Step.REHIRE if before else Step.HIRE
        yield Coming(day=one.start, company=one.company, step=step, placed=one.codes_on(one.start))
    if one.end is not None and one.end >= day:
        step = Step.TRANSFER_OUT if one.moved else Step.LEAVING
        yield Coming(day=one.end, company=one.company, step=step)
    held = one.codes_on(max(day, one.start))
    for row in one.placements:
        if row.since > max(day, one.start) and (one.end is None or row.since <= one.end):
            if row.codes != held:
                placed = tuple(code for code in row.codes if code not in held)
                yield Coming(day=row.since, company=one.company, step=Step.MOVE, placed=placed)
            held = row.codes
