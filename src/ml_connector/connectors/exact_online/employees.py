"""Employees of the division's HR and their employments: written where Exact opens that to a partner.

    code    Code of the employee
    title   FullName, one blank between words
    since   StartDate of the employment that began last
    until   EndDate of it; null opens it again
    open    it has no last day, or one not before today

whole   ⌈employees/60⌉ + ⌈employments/60⌉
some    2 for each twenty codes
put     4 once, for the rights; 1 or 2 for each change

An employee without an employment is none here: what a process that died has left is gone on with. The last
name is payroll's, else the last word of the name; compared is the whole. Neither birth date,
address, mail, sex nor any number of a person but the worker's is asked for or sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ml_connector.connectors.exact_online import wire
from ml_connector.connectors.exact_online.axis import (
    ASKED,
    Axis,
    Days,
    Writing,
    code_problems,
    day_of,
    not_kept,
    title_of,
)
from ml_connector.connectors.exact_online.client import ExactClient, fields
from ml_connector.connectors.exact_online.settings import GRANTED_BY
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of, first_and_last
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotFound, Refused, RightMissing
from ml_connector.ports.registers import Answer, NotTaken, Stale, Written
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata

AXIS, EMPLOYEES, EMPLOYMENTS = "employee", "payroll/Employees", "payroll/Employments"
NAME_MAX = 255
WRITES = tuple((path, method) for path in (EMPLOYEES, EMPLOYMENTS) for method in ("POST", "PUT"))


@dataclass(frozen=True, slots=True)
class Held:
    """An employee as Exact has it; `employment` is the one that began last."""

    employee: wire.Employee
    employment: wire.Employment | None

    @property
    def name(self) -> str:
        return title_of(self.employee.FullName or "", NAME_MAX)

    @property
    def since(self) -> date | None:
        return None if self.employment is None else day_of(self.employment.StartDate)

    @property
    def until(self) -> date | None:
        return None if self.employment is None else day_of(self.employment.EndDate)


@dataclass(slots=True, kw_only=True)
class Employees(Axis):
    """An `Axis`. Remembers in which divisions it may write."""

    client: ExactClient
    clock: Clock
    _known: dict[str, Held] = field(default_factory=dict)
    _granted: set[str] = field(default_factory=set)

    # --- reading --------------------------------------------------------------------------------------------

    def whole(self, division: str) -> Iterator[DimensionValue]:
        """Every employee who has or had an employment."""
        employments = self._rows(division, EMPLOYMENTS, wire.Employment)
        for _, held in sorted(self._held(division, "", employments).items()):
            if held.employment is not None:
                yield self._record(division, held)

    def some(self, division: str, codes: Sequence[str]) -> Mapping[str, DimensionValue]:
        """These employees, by twenty."""
        found: dict[str, DimensionValue] = {}
        for start in range(0, len(codes), ASKED):
            asked = codes[start : start + ASKED]
            for code in asked:
                self._known.pop(_key(division, code), None)
            where = odata.any_of("Code", [odata.text(code) for code in asked])
            for code, held in self._held(division, where).items():
                self._known[_key(division, code)] = held
                if held.employment is not None:
                    found[code] = self._record(division, held)
        return found

    def _held(
        self, division: str, where: str, employments: Iterable[wire.Employment] | None = None
    ) -> dict[str, Held]:
        """By code. Raises `Refused` for two with the same."""
        people = list(self._rows(division, EMPLOYEES, wire.Employee, where))
        if employments is None:
            of_these = odata.any_of("Employee", [odata.guid(row.ID) for row in people]) if people else ""
            employments = self._rows(division, EMPLOYMENTS, wire.Employment, of_these) if people else ()
        newest: dict[str, wire.Employment] = {}
        for row in sorted(employments, key=lambda row: day_of(row.StartDate) or date.min):
            newest[row.Employee] = row
        found: dict[str, Held] = {}
        for person in people:
            code = (person.Code or "").strip()
            first = found.setdefault(code, Held(person, newest.get(person.ID)))
            if first.employee.ID != person.ID:
                text = (
                    f"Division {division} has two employees with the code {code}. Give one another in Exact."
                )
                raise Refused(text, where=axis_of(division, AXIS), code="code.ambiguous")
        return found

    def _rows(self, division: str, path: str, row: type[Any], where: str = "") -> Iterator[Any]:
        try:
            yield from self.client.rows(division, path, row, select=fields(row), where=where)
        except NotFound as error:
            raise not_kept(division, AXIS, error) from error

    def _record(self, division: str, held: Held) -> DimensionValue:
        return DimensionValue(
            entity=division,
            axis=AXIS,
            code=(held.employee.Code or "").strip(),
            title=held.name,
            open=Days(self.clock).is_open(held.until),
            until=held.until,
            since=held.since,
        )

    # --- what Exact holds -----------------------------------------------------------------------------------

    def normal(self, record: DimensionValue) -> DimensionValue:
        """One blank between the words of the name, and open until the last day is over."""
        return Days(self.clock).normal(record, NAME_MAX, record.code.strip())

    def problems(self, record: DimensionValue) -> Iterator[Problem]:
        """Of code, name and first day."""
        yield from code_problems(record, record.code.strip())
        if record.since is None:
            text = f"{record.code} has no first day, and Exact needs one. Give it one at the source."
            yield Problem("dimension.day", record.key, text)

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change]) -> Iterator[Answer]:
        """Raises `RightMissing` before anything is sent where Exact's register of rights says no."""
        for division in sorted({change.after.entity for change in changes} - self._granted):
            for path, method in WRITES:
                if not self.client.has_right(division, path, method):
                    text = f"Exact takes no {method} of {path} from this app in division {division}."
                    raise RightMissing(f"{text} {GRANTED_BY}", where=path)
            self._granted.add(division)
        for change in changes:
            yield self._put(change)

    def _put(self, change: Change) -> Answer:
        after, held = self.normal(change.after), self._known.get(change.key)
        if (held is None or held.employment is None) != (change.before is None):
            return Stale()
        if problem := _impossible(after, held):
            return NotTaken(problem)
        send, key = Writing(self.client), "" if held is None else held.employee.ID
        if held is None:
            made = send.make(change, EMPLOYEES, {"Code": after.code, **_names(after)})
            if not isinstance(made, str):
                return made
            key = made
        elif after.title and after.title != held.name:
            path = f"{EMPLOYEES}({odata.guid(key)})"
            if (answer := send(change, "PUT", path, _names(after))) != Written():
                return answer
        return self._employ(change, after, held, key)

    def _employ(self, change: Change, after: DimensionValue, held: Held | None, key: str) -> Answer:
        """The employment that is meant: a new one, or the newest with other days."""
        send = Writing(self.client)
        days = {"StartDate": _text(after.since), "EndDate": _text(after.until)}
        if held is None or held.employment is None or _is_rehire(after, held):
            return send(change, "POST", EMPLOYMENTS, {"Employee": key, **days})
        if (after.since, after.until) == (held.since, held.until):
            return Written()
        return send(change, "PUT", f"{EMPLOYMENTS}({odata.guid(held.employment.ID)})", days)


def _is_rehire(after: DimensionValue, held: Held) -> bool:
    return after.since is not None and held.until is not None and after.since > held.until


def without_a_day(after: DimensionValue) -> Problem | None:
    """An employment ends on a day."""
    if after.open or after.until is not None:
        return None
    text = f"{after.code} is to be closed without a last day, and Exact ends an employment by a day."
    return Problem("dimension.day", after.key, text)


def _impossible(after: DimensionValue, held: Held | None) -> Problem | None:
    """What cannot be said in Exact, or not without guessing."""
    if problem := without_a_day(after):
        return problem
    if held is None or held.since is None or after.since is None or _is_rehire(after, held):
        return None
    if after.since > held.since:
        text = (
            f"{after.code} begins on {after.since} in payroll and on {held.since} in Exact, where that"
            " employment has not ended before. Whether it is another one, or a day to be corrected, only HR"
            " knows: end or correct it in Exact."
        )
        return Problem("dimension.day", after.key, text)
    return None


def _names(person: DimensionValue) -> dict[str, str | None]:
    """In two parts; Exact puts them together with a blank again."""
    first, last = first_and_last(person)
    return {"FirstName": first or None, "MiddleName": None, "LastName": last}


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _key(division: str, code: str) -> str:
    return f"{axis_of(division, AXIS)}{code}"
