"""People and their employments. An employment is its dated rows: the first is the hire, and each later one
says what changed and from which day. What holds on a day follows from them.

    hire 1 Jan {everything} ─► 1 Mar {department} ─► 31 May {status: T}
                                        today, 20 May ▲       not yet
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

GONE = "T"
"""The status of an employment that ended."""
UNPAID = (GONE, "L", "S", "O", "R")
DATED = (
    *("status", "department", "division", "location", "job", "supervisor", "is_parttime", "employee_type"),
    *("pay_group", "leave_reason", "term_reason", "last_worked", "paid_through"),
)
"""The facts of an employment that hold from a day on."""


class Spell(NamedTuple):
    """An employment that ended before the person came back to the same company."""

    hired: date
    ended: date


@dataclass(slots=True, kw_only=True)
class JobRow:
    """One row of a job history: the employment from a day on, until the next row. `reason` is the
    tenant's code; `sets` what changes that day; `state` everything that holds then. Rows that one act of
    a person made have the same `act`; 0 is what was there from the beginning. `begins_home`: from that
    day on the company is the person's home.
    """

    number: int
    effective: date
    created_at: datetime
    reason: str
    sets: dict[str, Any]
    act: int = 0
    is_org_change: bool = False
    is_job_change: bool = False
    is_transfer: bool = False
    begins_home: bool = False
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Person:
    """One employment of one person. `place` is the person's own number, from 0, which is that in the register
    for whom it names; `ordinal` tells the employments of one person apart; `company_id` where they work.
    `terminated` is when they left for good, `ended` when they left before they came back, `ends_ahead` the
    day of an end that is entered and has not come.
    """

    place: int
    worker: str
    employee_id: str
    number: str
    person_id: str
    first_name: str
    last_name: str
    company_code: str
    company_id: str
    is_home: bool
    status: str
    hired: date
    rehired: date | None
    ended: date | None
    terminated: date | None
    status_since: date | None
    department: str
    division: str
    location: str
    job: str
    supervisor: int | None
    is_parttime: bool
    annual_salary: int
    changed_at: datetime
    pay_group: str
    employee_type: str = "REG"
    leave_reason: str | None = None
    term_reason: str | None = None
    last_worked: date | None = None
    paid_through: date | None = None
    ordinal: int = 0
    preferred_name: str | None = None
    mail: str | None = None
    created_at: datetime | None = None
    ends_ahead: date | None = None
    spells: tuple[Spell, ...] = ()
    history: list[JobRow] = field(default_factory=list)

    @property
    def ssn(self) -> str:
        """A number that no one has."""
        return f"900{self.place % 1_000_000:06d}"

    @property
    def email(self) -> str:
        """An address that no one has."""
        made = f"{self.first_name}.{self.last_name}.{self.number.lstrip('0')}@example.test".lower()
        return self.mail or made

    def shown(self) -> dict[str, Any]:
        """Who it is, where, and every status with its first day, for whoever counts people. On the day of
        status T the employment is over only when the day is.
        """
        return {
            "person": self.employee_id,
            "number": self.number,
            "name": f"{self.first_name} {self.last_name}",
            "entity": self.company_code,
            "department": self.department,
            "statuses": [
                {"status": row.sets["status"], "from": row.effective.isoformat()}
                for row in self.history
                if "status" in row.sets
            ],
        }

    @property
    def dated(self) -> dict[str, Any]:
        """What holds now, as the first row of a history says it."""
        return {name: getattr(self, name) for name in DATED}

    def on(self, day: date) -> dict[str, Any]:
        """What holds on a day; before the first one, what the hire sets."""
        begun = [row for row in self.history if row.effective <= day] or self.history[:1]
        return begun[-1].state


def last_paid_day(person: Person, first: date, last: date, pay_group: str) -> date | None:
    """The last day of a span on which the employment is paid in a pay group; None where it is on none.
    The day of termination is worked; leave, suspension, strike and layoff are not paid.
    """
    paid = None
    for row, following in zip(person.history, [*person.history[1:], None], strict=True):
        if row.state["status"] in UNPAID or row.state["pay_group"] != pay_group:
            continue
        end = date.max
        if following is not None:
            is_end = following.state["status"] == GONE
            end = following.effective if is_end else following.effective - timedelta(days=1)
        if max(row.effective, first) <= min(end, last):
            paid = min(end, last)
    return paid


def refresh(person: Person, today: date) -> None:
    """Work out every row of the history, and what of it holds today. Somebody whose hire is still to come is
    what the hire makes of them.
    """
    person.history.sort(key=lambda row: (row.effective, row.number))
    state: dict[str, Any] = {}
    for row in person.history:
        state = row.state = {**state, **row.sets}
    begun = [row for row in person.history if row.effective <= today] or person.history[:1]
    for name, value in begun[-1].state.items():
        setattr(person, name, value)
    _set_days(person, begun)
    ahead = (row.effective for row in person.history[len(begun) :] if row.sets.get("status") == GONE)
    person.ends_ahead = next(ahead, None)


def _set_days(person: Person, rows: list[JobRow]) -> None:
    """When the person was hired, left and came back, from the rows that hold."""
    person.hired = start = rows[0].effective
    person.rehired = person.terminated = person.status_since = None
    spells: list[Spell] = []
    before = rows[0].state["status"]
    for row in rows[1:]:
        status = row.state["status"]
        if status == GONE and "status" in row.sets:
            person.terminated = row.effective
        elif before == GONE and status != GONE and person.terminated is not None:
            spells.append(Spell(start, person.terminated))
            person.terminated, person.rehired, start = None, row.effective, row.effective
        if status != before:
            person.status_since, before = row.effective, status
    person.spells = tuple(spells)
    person.ended = spells[-1].ended if spells else None
