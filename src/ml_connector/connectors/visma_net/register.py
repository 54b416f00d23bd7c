"""Records of the companies as one register: each axis is kept in a place of its own.

    those of `segments`   values of the subaccount's segments (`dimensions.py`)
    department            departments (`departments.py`), unless a segment has that axis
    employee              employees (`employees.py`), where a setting gives what a new one needs

The key is `<company>/<axis>/<code>`. How many calls it takes is said in each place, and 1 once for the
company.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from ml_connector.connectors.visma_net import translate
from ml_connector.connectors.visma_net.axis import Axis, Call, Form, Found, There, code_problems, made_as
from ml_connector.connectors.visma_net.departments import DEPARTMENT, Departments
from ml_connector.connectors.visma_net.dimensions import LIMITS, NOT_OF_A_ROW, VismaDimensions
from ml_connector.connectors.visma_net.employees import EMPLOYEE, Employees
from ml_connector.connectors.visma_net.faults import VersionStale
from ml_connector.connectors.visma_net.ledger import Books
from ml_connector.connectors.visma_net.settings import EMPLOYEES_KEPT, Options
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of, places_under
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotFound, NotSent, Refused, VendorChanged
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Stale, Versioned, Written

SINGLY = 200
"""Records that are written in one go, a call each."""
Place = tuple[str, str]
"""A company and an axis."""


@dataclass(slots=True, kw_only=True)
class VismaRegister(Register[DimensionValue]):
    """A `Register`. Remembers each place as it was last read, and what codes look like there."""

    options: Options
    books: Callable[[str], Books]
    segments: VismaDimensions
    axes: Mapping[str, Axis]
    limits: RegisterLimits
    _read_last: dict[Place, There] = field(default_factory=dict)
    _forms: dict[Place, Form] = field(default_factory=dict)

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[DimensionValue]]:
        """Every row in the order of keys; what of one axis of a company is kept is held at a time."""
        for place in sorted(self._places(within), key=lambda one: axis_of(*one)):
            for row in self._whole(place):
                if not within or row.key.startswith(tuple(within)):
                    yield row

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[DimensionValue]]:
        """These rows; each place is read once."""
        wanted: dict[Place, list[str]] = {}
        of_segments: list[str] = []
        for key in sorted(set(keys)):
            company, axis, code = _parts(key)
            place = self._place(company, axis)
            if axis in self.axes:
                wanted.setdefault(place, []).append(code)
            else:
                of_segments.append(key)
        found = dict(self.segments.read(of_segments)) if of_segments else {}
        for place, codes in wanted.items():
            there = self._read(place).found
            found |= {row.key: row for row in (_versioned(there[code]) for code in codes if code in there)}
        return found

    def last_read(self, keys: Collection[str]) -> Mapping[str, Versioned[DimensionValue]] | None:
        """Of segments only: a record is read before it is written."""
        return None if any(_parts(key)[1] in self.axes for key in keys) else self.segments.last_read(keys)

    def _whole(self, place: Place) -> Iterator[Versioned[DimensionValue]]:
        company, axis = place
        if axis not in self.axes:
            yield from self.segments.rows((axis_of(company, axis),))
            return
        self._forms[place] = self.axes[axis].form(self._proven(company))
        for _, found in sorted(self._read(place).found.items()):
            yield _versioned(found)

    def _read(self, place: Place) -> There:
        """What is there now, by code. Raises `VendorChanged` for a record without a version, or twice."""
        company, axis = place
        there: dict[str, Found] = {}
        for found in self.axes[axis].every(self._proven(company)):
            code, path = found.record.code, self.axes[axis].path
            if not found.version:
                text = f"The {axis} {code} has no version, so it is not changed."
                raise VendorChanged(text, where=path)
            if there.setdefault(code, found) is not found:
                raise VendorChanged(f"Visma lists the {axis} {code} twice.", where=path)
        self._read_last[place] = There.of(there)
        return self._read_last[place]

    def _proven(self, company: str) -> Books:
        """The company's side, its token proven to lead there."""
        books = self.books(company)
        books.facts.organization()
        return books

    # --- where a row belongs --------------------------------------------------------------------------------

    def _places(self, within: Collection[str]) -> set[Place]:
        axes = (*self.options.segments, *self.axes)
        every = [(company, axis) for company in self.options.companies for axis in axes]
        wanted: set[Place] = set() if within else set(every)
        for beginning in within:
            wanted.update(places_under(every, beginning) or [self._place(*_parts(beginning)[:2])])
        return wanted

    def _place(self, company: str, axis: str) -> Place:
        """Raises `Refused` for one that the connection does not keep."""
        if problem := self._place_problem(company, axis):
            raise Refused(problem.text, where=problem.where, code=problem.code)
        return company, axis

    def _place_problem(self, company: str, axis: str) -> Problem | None:
        if company not in self.options.companies:
            return translate.not_pinned(company, self.options)
        if axis in self.options.segments or axis in self.axes:
            return None
        kept = ", ".join((*sorted(self.options.segments), *self.axes))
        text = f"Codes on the axis {axis} are not kept in Visma by this connection, only on {kept}."
        text += f" {EMPLOYEES_KEPT}" if axis == EMPLOYEE else " Name its segment in the connection."
        return Problem("dimension.inexpressible", "axes", text)

    # --- what Visma holds -----------------------------------------------------------------------------------

    def normal(self, record: DimensionValue) -> DimensionValue:
        """As its place keeps it."""
        axis = self.axes.get(record.axis)
        return self.segments.normal(record) if axis is None else axis.normal(record)

    def check(self, record: DimensionValue) -> tuple[Problem, ...]:
        """What Visma cannot hold of it. No call where its place was read before."""
        if problem := self._place_problem(record.entity, record.axis):
            return (replace(problem, where=record.key),)
        if record.axis not in self.axes:
            return self.segments.check(record)
        place, axis = (record.entity, record.axis), self.axes[record.axis]
        if place not in self._forms:
            self._forms[place] = axis.form(self._proven(record.entity))
        there = self._there(place)
        problems = list(code_problems(record, self._forms[place], there))
        call = axis.call(axis.normal(record), there.found.get(record.code.strip()))
        return (*problems, call) if isinstance(call, Problem) else tuple(problems)

    # --- writing --------------------------------------------------------------------------------------------

    def at_once(self, changes: Sequence[Change]) -> int:
        """A batch of values of segments, or 200 records, which take a call each."""
        singly = [change.after.axis in self.axes for change in changes[: self.limits.batch]]
        alike = next((place for place, one in enumerate(singly) if one != singly[0]), len(singly))
        return min(alike, SINGLY) if singly[0] else alike

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """In order. What stops the work behind the first answer leaves the others to be read again, unless it
        is not known whether they were written.
        """
        for change in changes:
            self._place(change.after.entity, change.after.axis)
        answers: list[Answer] = []
        try:
            for one_by_one, some in groupby(changes, key=lambda change: change.after.axis in self.axes):
                if one_by_one:
                    for change in some:
                        answers.append(self._put(change, seen))
                else:
                    answers += self.segments.put(list(some), seen)
        except (NotSent, Refused):
            if not answers:
                raise
        return (*answers, *(Stale() for _ in changes[len(answers) :]))

    def _put(self, change: Change, seen: Mapping[str, str]) -> Answer:
        """One record, while it has the version that the change rests on."""
        company, axis = change.after.entity, self.axes[change.after.axis]
        after, books = axis.normal(change.after), self._proven(company)
        found = self._there((company, after.axis)).found.get(after.code)
        if (found is None) != (change.before is None):
            return Stale()
        if found is not None and change.key not in seen and found.record != axis.normal(change.before):
            return Stale()
        call = axis.call(after, found)
        if isinstance(call, Problem):
            return NotTaken(call)
        version = "" if found is None else seen.get(change.key, found.version)
        try:
            with books.client.prepare(call.method, call.path, call.body, version) as send:
                answer = send(lambda: None)
        except VersionStale:
            return Stale()
        except NotFound:
            if found is None:
                raise
            return Stale()
        except NOT_OF_A_ROW:
            raise
        except Refused as error:
            return NotTaken(replace(axis.told(error.problem, after, found), where=change.key))
        if found is None and (other := made_as(answer, after.code)):
            raise _numbered_by_visma(call, after, other)
        return Written()

    def _there(self, place: Place) -> There:
        return self._read_last.get(place) or self._read(place)


def _numbered_by_visma(call: Call, after: DimensionValue, other: str) -> VendorChanged:
    text = (
        f"Visma made {after.axis} {after.code} under the number {other}. Nothing more was written. Switch its"
        f" own numbering off in Visma and give {other} the number {after.code} there, then run it again."
    )
    return VendorChanged(text, where=call.path, code="dimension.numbered", owner=Owner.ADMINISTRATOR)


def open_register(options: Options, books: Callable[[str], Books]) -> VismaRegister:
    """The register of a connection. Makes no call."""
    axes: dict[str, Axis] = {} if DEPARTMENT in options.segments else {DEPARTMENT: Departments()}
    if options.employee_defaults:
        axes[EMPLOYEE] = Employees(options.employee_defaults)
    limits = replace(
        LIMITS,
        settle_seconds=options.settle_seconds,
        axes=frozenset({*options.segments, *axes}),
        named=frozenset({EMPLOYEE} & axes.keys()),
        never_closed=frozenset({DEPARTMENT} & axes.keys()),
        by_setting=frozenset({EMPLOYEE} - axes.keys() - options.segments.keys()),
    )
    segments = VismaDimensions(options=options, books=books, limits=limits)
    return VismaRegister(options=options, books=books, segments=segments, axes=axes, limits=limits)


def _versioned(found: Found) -> Versioned[DimensionValue]:
    return Versioned(record=found.record, version=found.version)


def _parts(key: str) -> tuple[str, str, str]:
    company, _, rest = key.partition("/")
    axis, _, code = rest.partition("/")
    return company, axis, code
