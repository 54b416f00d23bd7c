"""Workers: the people of a payroll, and where and when each is employed. Nothing else about a person is here:
no national id, bank account, pay, birth date or home address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.problem import Owner

NOBODY = "?"
"""The key of rows of which nobody knows whose they are: no source has such a key."""


class EmploymentState(StrEnum):
    """What the source says of an employment; by which of its letters, the connection's settings say. One
    whose letter nobody has explained is `UNKNOWN`, and stays as it was.
    """

    ACTIVE = "active"
    LEAVE = "leave"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a worker is placed, and in which state, from a day on until the next row."""

    since: date
    codes: Dimensions = ()
    state: EmploymentState = EmploymentState.ACTIVE
    letter: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Employment:
    """A time for which a worker is employed by a company. A rehire is another employment.

    `start` and `end` are the first and the last day, in the calendar of the company: the worker is employed
    on both. `end` may lie ahead. `letter` is the state as the source writes it, `kind` the source's word for
    regular, contract, test and other workers. `moved` tells an end by a transfer to another company from a
    leaver's. `codes` are where the worker is placed now, on the axes of the source; `home` marks the company
    that counts a person who works in several. `placements` are the rows that are known, by their days, one a
    day: some of before, and all that is entered for later. The source may know none.
    """

    company: str
    start: date
    end: date | None = None
    state: EmploymentState = EmploymentState.ACTIVE
    letter: str = ""
    kind: str = ""
    moved: bool = False
    home: bool = True
    codes: Dimensions = ()
    placements: tuple[Placement, ...] = ()

    def on(self, day: date) -> bool:
        """Whether the worker is employed on the day."""
        return self.start <= day and (self.end is None or day <= self.end)

    def codes_on(self, day: date) -> Dimensions:
        """Where the worker is placed on the day: by the row in force, whatever was entered for later. Before
        the first row that is known, `codes`.
        """
        return row.codes if (row := _in_force(self.placements, day)) else self.codes

    def as_of(self, last: date, day: date) -> Employment:
        """What was known on the day `last`, as it is on `day`: a row that took effect between them holds."""
        row = _in_force(self.placements, day)
        if row is None or row.since <= last:
            return self
        return replace(self, codes=row.codes, state=row.state, letter=row.letter, kind=row.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A person by the source's own id, `key`, which never changes; `number` is what people know them by.
    `family` is the last name, with which `name` ends, where the source tells it apart. `employments` are
    sorted by company and start.
    """

    key: str
    number: str
    name: str
    email: str = ""
    employments: tuple[Employment, ...] = ()
    family: str | None = None

    @property
    def open(self) -> bool:
        """A worker is never closed; employments end."""
        return True

    def in_company(self, company: str) -> tuple[Employment, ...]:
        """The worker's employments there, oldest first."""
        return tuple(found for found in self.employments if found.company == company)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadWorker:
    """A person whose rows the source gave and nobody can understand. `text` says why and what to do, as the
    problem `code`, and `owner` who can. The key
    `NOBODY` stands for rows of which nobody knows whose they are.
    """

    key: str
    code: str
    text: str
    owner: Owner


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBy:
    """How many workers were found to be otherwise than they were kept: because the source's list of changes
    named them, by a read of everybody alone, and because a day came. `unnamed` are the keys of those of the
    second whom the list might have named.
    """

    changes: int = 0
    full_read: int = 0
    date: int = 0
    unnamed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A worker whose change a read of everybody found on that day, and the source's list of changes had not
    named. It is `sure` once the list did not name them the next time either.
    """

    key: str
    found_on: date
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The code on one axis that an employment gives by default to what is booked for its worker, as a system
    keeps it; empty for none.

    `worker` is the number by which people know the worker, in one spelling where the system takes several for
    one. `employment` is the system's own id of the employment that holds today; a rehire has another. It is
    empty in what is wished.
    """

    entity: str
    worker: str
    axis: str
    code: str = ""
    employment: str = ""

    @property
    def key(self) -> str:
        """Legal entity, worker and axis. There is one employment that holds today."""
        return f"{self.entity}/{self.worker}/{self.axis}"

    @property
    def open(self) -> bool:
        """It is never closed: the employment ends, which is not ours."""
        return True


NO_EMPLOYMENT = "assignment.employment"
"""Of a problem with one worker: no employment holds there today whose codes can be kept."""


def employed(employments: Iterable[Employment], day: date) -> Employment | None:
    """The employment that holds on the day; the one that began last where several do, and `None` where none
    does.
    """
    holding = [found for found in employments if found.on(day)]
    return max(holding, key=lambda found: found.start, default=None)


def _in_force(rows: Iterable[Placement], day: date) -> Placement | None:
    return max((row for row in rows if row.since <= day), key=lambda row: row.since, default=None)
