"""Default dimensions of employments: what is booked for a worker begins with them. Read, and written segment
by segment; no employment is made, dated or ended.

    DimensionDisplayValue   one text in the active format for default dimensions; a write replaces all of it
    ours                    the segments of the axes that are written, each a row of its own
    theirs                  every other segment, sent back to the letter as it was read

The employment that counts has begun and not ended at this moment; of several, the one that began last. Start
and end are instants, so no zone is needed to know. A row is `legal entity/worker/axis`, its code empty for a
blank segment.

rows    DimensionParameters 1, DimensionIntegrationFormats 1; of each company EmploymentsV2 ⌈n/10,000⌉
read    the same two, and of each company EmploymentsV2 for the workers asked for, some forty a call, or for
        everybody where that would take more than five
check   of each company and axis on which something changes FinancialDimensionValues ⌈n/10,000⌉ and, where its
        values are behind records, ⌈records/10,000⌉, once in a pass; DimensionAttributes and
        DimensionParameters 1
put     $batch 1 for at most `changeset_lines` changes, each employment a changeset of its own; and what check
        asks, where nothing was checked before
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ml_connector.connectors.dynamics_fo import batch, faults, segments, wire
from ml_connector.connectors.dynamics_fo.changesets import answer_of, carry_out
from ml_connector.connectors.dynamics_fo.client import EMPLOYMENTS, DynamicsClient, address, employed
from ml_connector.connectors.dynamics_fo.dimensions import (
    LOOK_AGAIN_SECONDS,
    PAGE,
    UNKNOWN_PAGES,
    DynamicsDimensions,
)
from ml_connector.connectors.dynamics_fo.facts import DynamicsFacts
from ml_connector.connectors.dynamics_fo.segments import DimensionFormat
from ml_connector.connectors.dynamics_fo.settings import Options
from ml_connector.connectors.dynamics_fo.values import folded, in_parts
from ml_connector.domain.changes import Change
from ml_connector.domain.limits import foreign_entity
from ml_connector.domain.problem import Problem
from ml_connector.domain.worker import Assignment
from ml_connector.errors import ConnectorError, NotFound, Refused, VendorChanged
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Stale, Versioned, Written
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata
from ml_connector.transport.answer import Answer as Said
from ml_connector.transport.exchange import encode

Place = tuple[str, str]
"""Company and worker, as they are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """The active format, and the dimension of each axis that it has."""

    dimensions: DimensionFormat
    names: Mapping[str, str]


class DynamicsAssignments(Register[Assignment]):
    """A `Register`. Remembers who is employed as the last `rows` showed it, which values are open since then,
    and the employments of the last `read`, whose other segments go back with a write.
    """

    def __init__(self, options: Options, client: DynamicsClient, facts: DynamicsFacts, clock: Clock) -> None:
        self._options, self._client, self._facts, self._clock = options, client, facts, clock
        self._values = DynamicsDimensions(options, client, facts, clock)
        self._format: Format | None = None
        self._employed: dict[str, dict[str, str]] = {}
        self._states: dict[tuple[str, str], Mapping[str, tuple[str, bool]]] = {}
        self._read: dict[Place, wire.Employment] = {}
        self.limits = RegisterLimits(
            batch=options.changeset_lines,
            read_ahead=PAGE,
            settle_seconds=options.settle_seconds,
            look_again_seconds=LOOK_AGAIN_SECONDS,
            axes=frozenset(options.dimensions),
        )

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[Assignment]]:
        """Every axis of every employment that holds now, a company at a time, which memory holds: the vendor
        sorts in an order of its own. Raises `Refused` while no format is active.
        """
        companies = {beginning.partition("/")[0] for beginning in within} or set(self._options.companies)
        for company in sorted(companies):
            if problem := self._foreign(company):
                raise Refused(problem.text, where=company, code=problem.code)
        self._employed, self._states = {}, {}
        self._values = DynamicsDimensions(self._options, self._client, self._facts, self._clock)
        self._format = self._read_format()
        for company in sorted(companies):
            for row in self._company(company):
                if not within or row.key.startswith(tuple(within)):
                    yield row

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[Assignment]]:
        """These rows now."""
        self._format, self._read = self._read_format(), {}
        wanted: dict[str, set[str]] = {}
        for key in keys:
            company, _, rest = key.partition("/")
            if self._foreign(company) is None:
                wanted.setdefault(company, set()).add(rest.rpartition("/")[0])
        found: dict[str, Versioned[Assignment]] = {}
        for company, numbers in sorted(wanted.items()):
            parts: list[Sequence[str]] = [*in_parts(sorted(numbers))]
            for some in parts if len(parts) <= UNKNOWN_PAGES else [()]:
                held = self._now(company, some)
                self._read |= {(company, number): row for number, row in held.items()}
                for number, row in held.items():
                    found |= {one.key: one for one in self._assignments(company, number, row)[0]}
        return {key: found[key] for key in keys if key in found}

    def _company(self, company: str) -> Iterator[Versioned[Assignment]]:
        """The rows of a company in the order of their keys. Who is employed there is noted first."""
        found: list[Versioned[Assignment]] = []
        noted = self._employed[company] = {}
        for number, row in self._now(company).items():
            rows, noted[number] = self._assignments(company, number, row)
            found += rows
        yield from sorted(found, key=lambda row: row.key)

    def _now(self, company: str, numbers: Sequence[str] = ()) -> dict[str, wire.Employment]:
        """The employment that holds now, by the worker's number: of these workers, or of all."""
        now = self._clock.now()
        where = f"LegalEntityId eq {odata.text(company)} and EmploymentEndDate gt {now:%Y-%m-%dT%H:%M:%SZ}"
        if numbers:
            where += f" and {odata.any_of('PersonnelNumber', [odata.text(number) for number in numbers])}"
        held: dict[str, wire.Employment] = {}
        for row in self._client.rows(EMPLOYMENTS, wire.Employment, where):
            holds = row.EmploymentStartDate <= now < row.EmploymentEndDate
            if holds and row.LegalEntityId.lower() == company:
                known = held.setdefault(folded(row.PersonnelNumber), row)
                if row.EmploymentStartDate > known.EmploymentStartDate:
                    held[folded(row.PersonnelNumber)] = row
        return held

    def _assignments(
        self, company: str, number: str, row: wire.Employment
    ) -> tuple[list[Versioned[Assignment]], str]:
        """Each axis of an employment, and why there is none where its text cannot be read."""
        shape = self._shape()
        try:
            codes = segments.default_codes(row.DimensionDisplayValue or "", shape.dimensions)
        except VendorChanged as error:
            return [], error.problem.text
        rows = [
            Assignment(
                entity=company,
                worker=number,
                axis=axis,
                code=folded(codes[name]),
                employment=row.EmploymentId,
            )
            for axis, name in shape.names.items()
        ]
        return [Versioned(record=one, version=row.etag) for one in rows], ""

    def _shape(self) -> Format:
        self._format = self._format or self._read_format()
        return self._format

    def _read_format(self) -> Format:
        """The format that is active now: it is one for the environment, and anybody with the right changes
        it.
        """
        formats = self._client.rows("DimensionIntegrationFormats", wire.IntegrationFormat)
        found = segments.default_format(formats, self._facts.read_delimiter())
        if found.problem is not None:
            raise Refused(found.problem.text, where=found.problem.where, code=found.problem.code)
        names = segments.spelled(self._options.dimensions, found)
        return Format(
            dimensions=found, names={axis: name for axis, name in names.items() if name in found.names}
        )

    # --- what a row can be ----------------------------------------------------------------------------------

    def normal(self, record: Assignment) -> Assignment:
        """Letters of any case and blanks behind are one number, and one code."""
        return replace(record, worker=folded(record.worker), code=folded(record.code))

    def check(self, record: Assignment) -> tuple[Problem, ...]:
        """What the employment cannot hold: there is none, or the code is not open in the company."""
        return tuple(self._problems(self.normal(record)))

    def _problems(self, record: Assignment) -> Iterator[Problem]:
        if problem := self._elsewhere(record):
            yield problem
            return
        if record.entity not in self._employed:
            list(self._company(record.entity))
        unreadable = self._employed[record.entity].get(record.worker)
        if unreadable is None:
            yield _no_employment(record)
        elif unreadable:
            text = f"{unreadable} Enter the dimensions of {record.worker} in {record.entity} again there."
            yield _not_held(record.key, text)
        elif record.code:
            yield from self._code_problems(record)

    def _code_problems(self, record: Assignment) -> Iterator[Problem]:
        name, code = self._shape().names[record.axis], record.code
        if held := segments.unsure(code, self._shape().dimensions.delimiter):
            text = f"The code {code!r} of {name} holds {held}; it may be read back as another code."
            yield Problem("dimension.delimiter", record.key, f"{text} Give it another code at the source.")
            return
        _, usable = self._state(record) or ("", None)
        if not usable:
            why = "does not have" if usable is None else "has closed, suspended or barred"
            text = f"Dynamics {why} the code {code} of {name} in company {record.entity}."
            remedy = "Bring it there, or open it" if usable is None else "Open it there"
            yield Problem("assignment.code", record.key, f"{text} {remedy}, or move the workers in payroll.")

    def _elsewhere(self, record: Assignment) -> Problem | None:
        """Why nothing is written of the row here, whatever it is."""
        if problem := self._foreign(record.entity):
            return replace(problem, where=record.key)
        if record.axis not in self._options.dimensions:
            text = f"This connection has no financial dimension for {record.axis}."
            text += " Correct the axis, or the setting `dimensions`."
            return Problem("value.dimension", record.key, text)
        if record.axis not in self._shape().names:
            name = self._options.dimensions[record.axis]
            text = f"The active format for default dimensions has no {name}, so it would be dropped."
            return Problem("dimension.format", record.key, f"{text} Add it under {segments.SETUP}.")
        return None

    def _foreign(self, company: str) -> Problem | None:
        known = self._options.companies
        return None if company in known else foreign_entity(company, known)

    def _state(self, record: Assignment) -> tuple[str, bool] | None:
        """The code as it is written, and whether it may be used in the company; `None` where there is none.
        Asked once for an axis and company.
        """
        place = (record.axis, record.entity)
        if place not in self._states:
            self._states[place] = self._values.states(*place)
        return self._states[place].get(record.code)

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """All changes of an employment in one write, each employment in a changeset of its own."""
        answers = {change.key: self._unsent(change, seen) for change in changes}
        writes: dict[Place, list[Change]] = {}
        for change in changes:
            if answers[change.key] is None:
                writes.setdefault((change.after.entity, change.after.worker), []).append(change)
        operations = [self._operation(place, of_one) for place, of_one in writes.items()]
        said = carry_out(self._client, operations, _outcome)
        for of_one, outcome in zip(writes.values(), said, strict=True):
            for change in of_one:
                answers[change.key] = answer_of(change.key, outcome)
        return tuple(answer for answer in answers.values() if answer is not None)

    def _unsent(self, change: Change, seen: Mapping[str, str]) -> Answer | None:
        """What is answered without a write; `None` for what is to be written."""
        wished: Assignment = change.after
        if problem := self._elsewhere(wished):
            return NotTaken(problem)
        if change.before is None:
            return NotTaken(_no_employment(wished))
        version, row = seen.get(change.key, ""), self._read.get((wished.entity, wished.worker))
        if not version:
            text = f"Dynamics gave no version of the employment of {wished.worker}, so it is not written."
            return NotTaken(_not_held(change.key, text))
        if row is None or (row.etag, row.EmploymentId) != (version, change.before.employment):
            return Stale()
        return None

    def _operation(self, place: Place, changes: Iterable[Change]) -> batch.Operation:
        shape, row = self._shape(), self._read[place]
        codes = {}
        for change in changes:
            spelled, _ = self._state(change.after) or (change.after.code, False)
            codes[shape.names[change.after.axis]] = spelled if change.after.code else ""
        text = segments.exchanged(row.DimensionDisplayValue or "", shape.dimensions, codes)
        path = employed(row.PersonnelNumber, row.LegalEntityId, row.EmploymentId)
        return batch.Operation(
            method="PATCH",
            url=self._options.base_url + address(path),
            content=encode({"DimensionDisplayValue": text}),
            headers={"If-Match": row.etag},
        )


def _no_employment(record: Assignment) -> Problem:
    """That no employment of the worker holds in the company today."""
    text = (
        f"Payroll employs {record.worker} in {record.entity}, and Dynamics has no employment there that holds"
        " today. Enter it there, or correct its dates; it is taken up by the next pass."
    )
    return _not_held(record.key, text)


def _not_held(key: str, text: str) -> Problem:
    return Problem("assignment.employment", key, text)


def _outcome(_: int, part: Said) -> Answer | ConnectorError:
    """What one part says of its employment."""
    if part.status == 412 or faults.conflict(part):
        return Stale()
    error = faults.classify(part)
    if error is None:
        return Written()
    return Stale() if isinstance(error, NotFound) else error
