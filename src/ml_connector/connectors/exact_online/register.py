"""Records of the divisions as one register: each axis is kept in a place of its own.

    cost_center, cost_unit   codes of cost analysis (`dimensions.py`)
    project                  projects (`projects.py`)
    payee                    relations that stand for workers (`payees.py`)
    employee                 HR records (`employees.py`, `hr_file.py`), where a setting says so

The key is `<division>/<axis>/<code>`. How many calls it takes is said in each place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from ml_connector.connectors.exact_online.axis import ASKED, NOT_OF_A_ROW, Axis
from ml_connector.connectors.exact_online.client import ExactClient
from ml_connector.connectors.exact_online.dimensions import PATHS, CostCodes
from ml_connector.connectors.exact_online.employees import AXIS as EMPLOYEE
from ml_connector.connectors.exact_online.employees import Employees
from ml_connector.connectors.exact_online.hr_file import EmployeeFiles
from ml_connector.connectors.exact_online.payees import AXIS as PAYEE
from ml_connector.connectors.exact_online.payees import Payees
from ml_connector.connectors.exact_online.projects import AXIS as PROJECT
from ml_connector.connectors.exact_online.projects import Projects
from ml_connector.connectors.exact_online.settings import BY_API, BY_FILE, PROJECT_TYPES, Options
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of, places_under
from ml_connector.domain.limits import foreign_entity
from ml_connector.domain.problem import Problem
from ml_connector.errors import Refused
from ml_connector.ports.registers import Answer, Register, RegisterLimits, Stale, Versioned
from ml_connector.ports.storage import Clock


@dataclass(slots=True, kw_only=True)
class ExactRegister(Register[DimensionValue]):
    """A `Register`. Remembers which rows it was asked for."""

    divisions: tuple[str, ...]
    axes: Mapping[str, Axis]
    limits: RegisterLimits
    _asked: set[str] = field(default_factory=set)

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[DimensionValue]]:
        """Every row in the order of keys; what of one axis of a division is kept is held at a time."""
        for container in sorted(self._containers(within), key=lambda one: axis_of(*one)):
            division, axis = container
            for found in self.axes[axis].whole(division):
                if not within or found.key.startswith(tuple(within)):
                    yield Versioned(record=found)

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[DimensionValue]]:
        """These rows, by twenty of a division and axis."""
        wanted: dict[tuple[str, str], list[str]] = {}
        for key in sorted(set(keys)):
            division, axis, code = _parts(key)
            wanted.setdefault(self._container(division, axis), []).append(code)
        found: dict[str, Versioned[DimensionValue]] = {}
        for (division, axis), codes in wanted.items():
            for record in self.axes[axis].some(division, codes).values():
                found[record.key] = Versioned(record=record)
        self._asked.update(keys)
        return found

    def normal(self, record: DimensionValue) -> DimensionValue:
        """As its axis keeps it; one of an axis that is not kept stays as it is."""
        axis = self.axes.get(record.axis)
        return record if axis is None else axis.normal(record)

    def check(self, record: DimensionValue) -> tuple[Problem, ...]:
        """What Exact cannot hold of it. No calls."""
        place = self._place_problem(record.entity, record.axis)
        if record.axis not in self.axes:
            return (replace(place, where=record.key),) if place else ()
        found = tuple(self.axes[record.axis].problems(record))
        return (replace(place, where=record.key), *found) if place else found

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """In order. What stops the work behind the first change leaves the others to be read again, unless it
        is not known whether it was written.
        """
        for change in changes:
            self._container(change.after.entity, change.after.axis)
        if unread := [change.key for change in changes if change.key not in self._asked]:
            self.read(unread)
        answers: list[Answer] = []
        try:
            for axis, some in groupby(changes, key=lambda change: change.after.axis):
                for answer in self.axes[axis].put(list(some)):
                    answers.append(answer)
        except NOT_OF_A_ROW:
            if not answers:
                raise
        return (*answers, *(Stale() for _ in changes[len(answers) :]))

    # --- where a row belongs --------------------------------------------------------------------------------

    def _containers(self, within: Collection[str]) -> set[tuple[str, str]]:
        every = [(division, axis) for division in self.divisions for axis in self.axes]
        if not within:
            return set(every)
        wanted: set[tuple[str, str]] = set()
        for beginning in within:
            wanted.update(places_under(every, beginning) or [self._container(*_parts(beginning)[:2])])
        return wanted

    def _container(self, division: str, axis: str) -> tuple[str, str]:
        """Raises `Refused` for one that the connection does not keep."""
        if problem := self._place_problem(division, axis):
            raise Refused(problem.text, where=problem.where, code=problem.code)
        return division, axis

    def _place_problem(self, division: str, axis: str) -> Problem | None:
        if division not in self.divisions:
            return foreign_entity(division, self.divisions)
        if axis in self.axes:
            return None
        text = f"The axis {axis} is not kept in Exact by this connection, only {', '.join(self.axes)}."
        if axis == EMPLOYEE:
            text += " Its setting employees says whether and how HR records are kept."
        return Problem("dimension.inexpressible", "axes", text)


def open_register(options: Options, client: ExactClient, clock: Clock) -> ExactRegister:
    """The register of a connection. Makes no call."""
    axes: dict[str, Axis] = {
        axis: CostCodes(axis=axis, path=path, client=client, clock=clock) for axis, path in PATHS.items()
    }
    axes[PROJECT] = Projects(client=client, clock=clock, kind=PROJECT_TYPES[options.project_type])
    axes[PAYEE] = Payees(client=client, clock=clock)
    if options.employees == BY_API:
        axes[EMPLOYEE] = Employees(client=client, clock=clock)
    elif options.employees == BY_FILE:
        axes[EMPLOYEE] = EmployeeFiles(client=client, clock=clock, folder=Path(options.hr_folder))
    limits = RegisterLimits(
        batch=ASKED,
        guarded=False,
        settle_seconds=options.settle_seconds,
        axes=frozenset(axes),
        dated=frozenset({EMPLOYEE} & axes.keys()),
        named=frozenset({EMPLOYEE} if options.employees == BY_API else ()),
        by_setting=frozenset({EMPLOYEE} - axes.keys()),
        writes=2 if options.employees == BY_API else 1,
    )
    return ExactRegister(divisions=options.divisions, axes=axes, limits=limits)


def _parts(key: str) -> tuple[str, str, str]:
    division, _, rest = key.partition("/")
    axis, _, code = rest.partition("/")
    return division, axis, code
