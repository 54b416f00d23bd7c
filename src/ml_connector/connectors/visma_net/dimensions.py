"""The segments of the subaccount, company by company, as a register of dimension values.

    key     <company>/<axis>/<value>; the axis is that of the segment in the connection
    title   description, one blank between words, cut to 60
    open    active; a value has no last day

rows   1 for each company and segment that is asked for
read   1 for each
put    1 for each company and segment, with the changes of a batch in it; of n of which Visma refuses b, about
       2b·log₂(n/b) more, and a read behind each that was written. Visma states no number of values; ten
       thousand leave 24 ms for each of the four minutes after which its gateway cuts a call off

and 1 once for the company, 1 once where a segment is given by its name. The segment has the version: a change
is written only while nobody else changed any of its values. Visma takes all of a request or nothing. Where
it refuses one, its halves are tried, so that a bad row does not stop the others; nothing is sent again that
may have been written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ml_connector.connectors.visma_net import client as calls
from ml_connector.connectors.visma_net import translate, wire
from ml_connector.connectors.visma_net.facts import SUBACCOUNT
from ml_connector.connectors.visma_net.faults import VersionStale
from ml_connector.connectors.visma_net.ledger import Books
from ml_connector.connectors.visma_net.settings import Options
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of, places_under
from ml_connector.domain.problem import Problem
from ml_connector.errors import (
    NotFound,
    NotSent,
    OutcomeUnknown,
    Refused,
    RightMissing,
    SignInLost,
    SignInRenewed,
    Throttled,
    VendorChanged,
)
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Stale, Versioned, Written

TITLE_MAX = 60
PATH = f"/v1/dimension/{SUBACCOUNT}"
LIMITS = RegisterLimits(batch=10_000)
"""Values of a segment that are written at once."""
NOT_OF_A_ROW = (NotSent, NotFound, RightMissing, SignInLost, SignInRenewed, Throttled)
"""What every row would meet."""
Container = tuple[str, str]
"""A company and an axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A segment as it was read, and its values by code. `told`: it was written to since, and its version is
    what that write answered.
    """

    segment: wire.Segment
    version: str
    values: Mapping[str, DimensionValue]
    told: bool = False


@dataclass(slots=True, kw_only=True)
class VismaDimensions(Register[DimensionValue]):
    """A `Register`. Remembers the number of each segment, and each segment as it was last read."""

    options: Options
    books: Callable[[str], Books]
    limits: RegisterLimits
    _numbers: dict[Container, int] = field(default_factory=dict)
    _read: dict[Container, Read] = field(default_factory=dict)

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[DimensionValue]]:
        """Every row in the order of keys; Visma gives a segment at once."""
        for container in sorted(self._containers(within), key=lambda one: axis_of(*one)):
            found = self._segment(container)
            for _, value in sorted(found.values.items()):
                if not within or value.key.startswith(tuple(within)):
                    yield Versioned(record=value, version=found.version)

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[DimensionValue]]:
        """These rows; each segment is read once."""
        wanted: dict[Container, list[str]] = {}
        for key in sorted(set(keys)):
            company, axis, code = _parts(key)
            wanted.setdefault(self._container(company, axis), []).append(code)
        rows = [
            Versioned(record=found.values[code], version=found.version)
            for container, codes in wanted.items()
            for found in (self._segment(container),)
            for code in codes
            if code in found.values
        ]
        return {row.key: row for row in rows}

    def last_read(self, keys: Collection[str]) -> Mapping[str, Versioned[DimensionValue]] | None:
        """As a segment was read, and new rows beside what was written to it since: where the version that a
        write answered is wrong, Visma refuses a new row that is there, and a change would overwrite an edit.
        """
        found: dict[str, Versioned[DimensionValue]] = {}
        for key in keys:
            company, axis, code = _parts(key)
            read = self._read.get((company, axis))
            if read is None or (read.told and code in read.values):
                return None
            if code in read.values:
                found[key] = Versioned(record=read.values[code], version=read.version)
        return found

    def _containers(self, within: Collection[str]) -> set[Container]:
        every = [(company, axis) for company in self.options.companies for axis in self.options.segments]
        wanted: set[Container] = set() if within else set(every)
        for beginning in within:
            wanted.update(places_under(every, beginning) or [self._container(*_parts(beginning)[:2])])
        return wanted

    def _container(self, company: str, axis: str) -> Container:
        """Raises `Refused` for one that the connection does not keep."""
        if problem := self._place_problem(company, axis):
            raise Refused(problem.text, where=problem.where, code=problem.code)
        return company, axis

    def _place_problem(self, company: str, axis: str) -> Problem | None:
        if company not in self.options.companies:
            return translate.not_pinned(company, self.options)
        if axis not in self.options.segments:
            text = (
                f"Codes on the axis {axis} are not kept in Visma, only those of segments of the subaccount:"
                f" {', '.join(sorted(self.options.segments))}. Name its segment in the connection."
            )
            return Problem("dimension.inexpressible", "axes", text)
        return None

    def _segment(self, container: Container) -> Read:
        """The segment as it is now. Raises `Refused` where the company is another, or has no such segment."""
        company, axis = container
        books = self._proven(container)
        answer = books.client.get(f"{PATH}/{self._number(container)}")
        segment = answer.decode(wire.Segment)
        if self.options.axis_of(segment.segmentId, segment.description) != axis:
            del self._numbers[container]
            answer = books.client.get(f"{PATH}/{self._number(container)}")
            segment = answer.decode(wire.Segment)
        version = calls.version(answer) or segment.timeStamp
        if not version:
            text = f"Segment {segment.segmentId} of the subaccount has no version, so it is not changed."
            raise VendorChanged(text, where=answer.path)
        values: dict[str, DimensionValue] = {}
        for row in segment.segmentValues or []:
            value = DimensionValue(
                entity=company,
                axis=axis,
                code=row.valueId.strip(),
                title=_title(row.description or ""),
                open=row.active,
            )
            if value.code in values:
                text = f"Segment {segment.segmentId} of the subaccount lists the value {value.code} twice."
                raise VendorChanged(text, where=answer.path)
            values[value.code] = value
        self._read[container] = Read(segment=segment, version=version, values=values)
        return self._read[container]

    def _number(self, container: Container) -> int:
        """The number of the segment, asked for by its name where the connection gives one."""
        if container not in self._numbers:
            company, axis = container
            wanted = self.options.segments[axis]
            if wanted.isdecimal():
                self._numbers[container] = int(wanted)
                return int(wanted)
            rows = self.books(company).client.get(PATH, expandSegmentsValues="false").decode(wire.Dimension)
            segments = rows.segments or []
            found = [
                row.segmentId
                for row in segments
                if self.options.axis_of(row.segmentId, row.description) == axis
            ]
            if len(found) != 1:
                there = ", ".join(f"{row.segmentId} ({row.description})" for row in segments)
                text = f"No one segment of the subaccount has the axis {axis}. The segments are {there}."
                raise Refused(text, where="segments", code="segments.unnamed")
            self._numbers[container] = found[0]
        return self._numbers[container]

    # --- what Visma holds -----------------------------------------------------------------------------------

    def normal(self, record: DimensionValue) -> DimensionValue:
        """As Visma keeps it: without a last day, the title cut."""
        return replace(record, code=record.code.strip(), title=_title(record.title), until=None)

    def check(self, record: DimensionValue) -> tuple[Problem, ...]:
        """What the segment cannot hold of it. No call where it was read before."""
        if problem := self._place_problem(record.entity, record.axis):
            return (replace(problem, where=record.key),)
        container = record.entity, record.axis
        found = self._read.get(container) or self._segment(container)
        texts = list(_code_problems(record.code.strip(), found))
        return tuple(Problem("dimension.code", record.key, text) for text in texts)

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """One request for each segment. What stops the work behind a request that was answered leaves the
        others to be read again, unless it is not known whether they were written.
        """
        by_segment: dict[Container, list[Change]] = {}
        for change in changes:
            container = self._container(change.after.entity, change.after.axis)
            by_segment.setdefault(container, []).append(change)
        for container in by_segment:
            self._proven(container)
            self._number(container)
        answers: dict[str, Answer] = {}
        for container, some in by_segment.items():
            for found in self._halves(container, some, seen, bool(answers)):
                answers.update(found)
        return tuple(answers.get(change.key, Stale()) for change in changes)

    def _halves(
        self, container: Container, changes: list[Change], seen: Mapping[str, str], begun: bool
    ) -> Iterator[dict[str, Answer]]:
        """Send the changes, then the halves of what is refused; what became of some of them at a time. The
        version is that of the read they rest on. `begun` says that the batch has answers already.
        """
        versions = {seen[change.key] for change in changes if change.key in seen}
        if len(versions) > 1:
            return
        version, left = versions.pop() if versions else "", [changes]
        read = None if version else self._read.get(container)
        while left:
            some = left.pop()
            try:
                if not version:
                    read = read or self._segment(container)
                    version, some = read.version, [each for each in some if _as_planned(each, read)]
            except (NotSent, Refused, OutcomeUnknown, VendorChanged):
                if not begun:
                    raise
                return
            if not some:
                continue
            try:
                self._send(container, some, version)
            except VersionStale:
                return
            except NOT_OF_A_ROW:
                if not begun:
                    raise
                return
            except Refused as error:
                if len(some) > 1:
                    left += [some[len(some) // 2 :], some[: len(some) // 2]]
                    continue
                begun = True
                yield {some[0].key: NotTaken(replace(error.problem, where=some[0].key))}
            else:
                begun, version, read = True, "", None
                yield {change.key: Written() for change in some}

    def _send(self, container: Container, changes: Sequence[Change], version: str) -> None:
        read = self._read.pop(container, None)
        number, rows = self._number(container), []
        for change in changes:
            after: DimensionValue = change.after
            row = {"operation": "Insert" if change.before is None else "Update", "value": after.code}
            rows.append(row | {"description": wire.value(after.title), "active": wire.value(after.open)})
        body = {"dimensionId": SUBACCOUNT, "segementId": number, "segmentValues": rows}
        answer = self.books(container[0]).client.write("PUT", f"{PATH}/{number}", body, version)
        if read is not None and read.version == version and (now := calls.version(answer)):
            written = {change.after.code: self.normal(change.after) for change in changes}
            self._read[container] = replace(read, version=now, values={**read.values, **written}, told=True)

    def _proven(self, container: Container) -> Books:
        """The company's side, its token proven to lead there."""
        books = self.books(container[0])
        books.facts.organization()
        return books


def _as_planned(change: Change, read: Read) -> bool:
    before: DimensionValue | None = change.before
    return read.values.get(change.after.code) == before


def _code_problems(code: str, found: Read) -> Iterator[str]:
    segment = found.segment
    name = f"Segment {segment.segmentId} ({(segment.description or '').strip()})"
    if not code:
        yield f"The code is empty, and {name} needs one."
        return
    if segment.length is not None and len(code) > segment.length:
        yield (
            f"The code {code} has {len(code)} characters, and {name} has {segment.length}. It is never cut."
            " Give a shorter one at the source."
        )
    if any(sign.isspace() for sign in code) or not code.isprintable():
        yield (
            f"The code {code!r} holds a blank, which reports read as any character, or a sign that cannot be"
            " seen. Write another one in its place, such as _, at the source."
        )
    if segment.isAutoNumber:
        yield f"{name} is numbered by Visma, so {code} cannot be given. Switch the numbering off there."
    if code in found.values:
        return
    length = segment.length or 0
    if twins := sorted(other for other in found.values if _are_twins(code, other, length)):
        yield (
            f"{name} has {', '.join(twins)}, and {code} differs only in leading zeros or case. Write the code"
            " that is meant at the source, or translate it in the mapping."
        )


def _are_twins(one: str, other: str, length: int) -> bool:
    """Whether they differ only in case, or one is the other filled up with zeros to the segment's length."""
    first, second = one.casefold(), other.casefold()
    return first == second or first.rjust(length, "0") == second or second.rjust(length, "0") == first


def _parts(key: str) -> tuple[str, str, str]:
    company, _, rest = key.partition("/")
    axis, _, code = rest.partition("/")
    return company, axis, code


def _title(text: str) -> str:
    return " ".join(text.split())[:TITLE_MAX].rstrip()
