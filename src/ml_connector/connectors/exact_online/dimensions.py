"""Cost centers and cost units of the divisions, as a register of dimension values.

    key     <division>/<axis>/<code in capitals>   Exact compares codes without case
    title   Description, one blank between words, cut to 60
    until   EndDate; null opens the code again
    open    EndDate empty or not before today (UTC), and on cost centers Active not false

rows   ⌈n/60⌉ for each division and axis that is asked for; its codes are held, because Exact's order is not
       that of keys
read   ⌈keys/20⌉ for each; the axis is read once, ⌈n/60⌉, where a code is not there in capitals, because a
       filter may mind case
put    1 for each change; ⌈keys/20⌉ before, for those that were not read

A change never names the code of a row: Exact answers that with success and does nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from ml_connector.connectors.exact_online import translate, wire
from ml_connector.connectors.exact_online.client import WRITE, ExactClient, address, fields
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.domain.limits import foreign_entity
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotFound, NotSent, Refused, RightMissing, SignInLost, SignInRenewed, Throttled
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Stale, Versioned, Written
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata
from ml_connector.transport.exchange import encode

CODE_MAX, TITLE_MAX = 8, 60
CODES_ASKED = 20
"""Codes that one question looks for, and changes of one batch: their calls fit into a minute's limit."""
PATHS = {"cost_center": "hrm/Costcenters", "cost_unit": "hrm/Costunits"}
LIMITS = RegisterLimits(batch=CODES_ASKED, guarded=False, axes=frozenset(PATHS))
NOT_OF_A_ROW = (NotSent, RightMissing, SignInLost, SignInRenewed, Throttled)
"""What the next row would meet too."""
Container = tuple[str, str]
"""A division and an axis."""


@dataclass(slots=True, kw_only=True)
class ExactDimensions(Register[DimensionValue]):
    """A `Register`. Remembers the rows that it was asked for, and of each axis the codes that are not written
    in capitals.
    """

    divisions: tuple[str, ...]
    client: ExactClient
    clock: Clock
    limits: RegisterLimits
    _known: dict[str, wire.CostValue] = field(default_factory=dict)
    _spellings: dict[Container, dict[str, str]] = field(default_factory=dict)

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[DimensionValue]]:
        """Every row in the order of keys; the codes of one axis of a division are held at a time."""
        for container in sorted(self._containers(within), key=lambda one: axis_of(*one)):
            for row in sorted(self._whole(container).items()):
                found = self._record(container, *row)
                if not within or found.key.startswith(tuple(within)):
                    yield Versioned(record=found)

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[DimensionValue]]:
        """These rows, by twenty codes of a division and axis."""
        wanted: dict[Container, list[str]] = {}
        for key in sorted(set(keys)):
            division, axis, code = _parts(key)
            wanted.setdefault(self._container(division, axis), []).append(code)
        found: dict[str, Versioned[DimensionValue]] = {}
        for container, codes in wanted.items():
            for code, row in self._asked(container, codes).items():
                record = self._record(container, code, row)
                self._known[record.key] = row
                found[record.key] = Versioned(record=record)
        return found

    def _containers(self, within: Collection[str]) -> set[Container]:
        every = [(division, axis) for division in self.divisions for axis in PATHS]
        if not within:
            return set(every)
        wanted: set[Container] = set()
        for beginning in within:
            under = [
                one for one in every if axis_of(*one).startswith(beginning) or _is_under(beginning, *one)
            ]
            if not under:
                division, axis, _ = _parts(beginning)
                under = [self._container(division, axis)]
            wanted.update(under)
        return wanted

    def _container(self, division: str, axis: str) -> Container:
        """Raises `Refused` for one that the connection does not keep."""
        if problem := self._place_problem(division, axis):
            raise Refused(problem.text, where=problem.where, code=problem.code)
        return division, axis

    def _place_problem(self, division: str, axis: str) -> Problem | None:
        if division not in self.divisions:
            return foreign_entity(division, self.divisions)
        if axis not in PATHS:
            text = f"Codes on the axis {axis} are not kept in Exact, only those on {' and '.join(PATHS)}."
            return Problem("dimension.inexpressible", "axes", text)
        return None

    def _whole(self, container: Container) -> dict[str, wire.CostValue]:
        """Every row of the axis by its code in capitals."""
        found = _by_folded(container, self._question(container, ""))
        self._spellings[container] = {
            code: row.Code.strip() for code, row in found.items() if code != row.Code.strip()
        }
        return found

    def _asked(self, container: Container, codes: Sequence[str]) -> dict[str, wire.CostValue]:
        known = container in self._spellings
        found = self._by_code(container, codes)
        if not known and len(found) < len(codes):
            whole = self._whole(container)
            found = {code: whole[code] for code in codes if code in whole}
        return found

    def _by_code(self, container: Container, codes: Sequence[str]) -> dict[str, wire.CostValue]:
        spelled = self._spellings.get(container, {})
        found: dict[str, wire.CostValue] = {}
        for start in range(0, len(codes), CODES_ASKED):
            some = [spelled.get(code, code) for code in codes[start : start + CODES_ASKED]]
            where = odata.any_of("Code", [odata.text(code) for code in some])
            found.update(_by_folded(container, self._question(container, where)))
        return {code: found[code] for code in codes if code in found}

    def _question(self, container: Container, where: str) -> list[wire.CostValue]:
        division, axis = container
        select = fields(wire.CostValue, () if axis == "cost_center" else ("Active",))
        try:
            return list(self.client.rows(division, PATHS[axis], wire.CostValue, select=select, where=where))
        except NotFound as error:
            raise _not_kept(container, error) from error

    def _record(self, container: Container, code: str, row: wire.CostValue) -> DimensionValue:
        until = None if row.EndDate is None else translate.day_of(row.EndDate)
        spelled = row.Code.strip()
        return DimensionValue(
            entity=container[0],
            axis=container[1],
            code=code,
            title=_title(row.Description or ""),
            open=row.Active is not False and self._is_open(until),
            until=until,
            spelled=spelled if spelled != code else None,
        )

    def _is_open(self, until: date | None) -> bool:
        return until is None or until >= self.clock.now().date()

    # --- what Exact holds -----------------------------------------------------------------------------------

    def normal(self, record: DimensionValue) -> DimensionValue:
        """As Exact keeps it: the code in capitals, the title cut, and a code with a last day open until it is
        over. One that is closed without a day stays so: Exact has no such state, and `put` refuses it.
        """
        spelled = record.written.strip()
        code = _folded(spelled)
        return replace(
            record,
            code=code,
            spelled=spelled if spelled != code else None,
            title=_title(record.title),
            open=record.open if record.until is None else self._is_open(record.until),
        )

    def check(self, record: DimensionValue) -> tuple[Problem, ...]:
        """What Exact cannot hold of it. No calls."""
        return tuple(self._problems(record))

    def _problems(self, record: DimensionValue) -> Iterator[Problem]:
        code, key = record.written.strip(), record.key
        if problem := self._place_problem(record.entity, record.axis):
            yield replace(problem, where=key)
        if not code:
            yield Problem("dimension.code", key, "The code is empty, and Exact needs one.")
        if len(code) > CODE_MAX:
            text = f"The code {code} has {len(code)} characters, and Exact keeps {CODE_MAX}. It is never cut."
            yield Problem("dimension.code", key, f"{text} Give a shorter one at the source.")
        if not code.isprintable():
            text = f"The code {code!r} holds a character that cannot be seen. Remove it at the source."
            yield Problem("dimension.code", key, text)
        if not record.title.strip():
            text = f"The code {code} has no title, and Exact needs one. Give it one at the source."
            yield Problem("dimension.title", key, text)

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """One call for each change, in order. What stops the work behind the first of them leaves the others
        to be read again, unless it is not known whether it was written.
        """
        for change in changes:
            self._container(change.after.entity, change.after.axis)
        unread = [change.key for change in changes if change.before and change.key not in self._known]
        if unread:
            self.read(unread)
        answers: list[Answer] = []
        for change in changes:
            try:
                answers.append(self._put(change))
            except NOT_OF_A_ROW:
                if not answers:
                    raise
                return (*answers, *(Stale() for _ in changes[len(answers) :]))
        return tuple(answers)

    def _put(self, change: Change) -> Answer:
        after: DimensionValue = change.after
        if not after.open and after.until is None:
            text = f"{after.written} is to be closed without a last day, and Exact closes by a day."
            return NotTaken(Problem("dimension.day", change.key, text))
        division, axis = after.entity, after.axis
        body: dict[str, Any] = {"EndDate": after.until and after.until.isoformat()}
        if after.title:
            body["Description"] = after.title
        if change.before is None:
            return self._send(change, "POST", division, PATHS[axis], {"Code": after.written, **body})
        row = self._known.get(change.key)
        if row is None:
            return Stale()
        if after.open and row.Active is False:
            body["Active"] = True
        return self._send(change, "PUT", division, f"{PATHS[axis]}({odata.guid(row.ID)})", body)

    def _send(self, change: Change, method: str, division: str, path: str, body: dict[str, Any]) -> Answer:
        """Send it once. A refusal of the row is its answer, in Exact's words."""
        try:
            with self.client.http.prepare(
                method, address(division, path, {}), scope=division, headers=WRITE, content=encode(body)
            ) as send:
                send(lambda: None)
        except NOT_OF_A_ROW:
            raise
        except NotFound as error:
            if change.before is None:
                raise _not_kept((division, change.after.axis), error) from error
            return Stale()
        except Refused as error:
            return NotTaken(replace(error.problem, where=change.key))
        written: DimensionValue = change.after
        if (known := self._spellings.get((division, written.axis))) is not None and change.before is None:
            known[written.code] = written.written
        return Written()


def _by_folded(container: Container, rows: Iterable[wire.CostValue]) -> dict[str, wire.CostValue]:
    """The rows by their code in capitals. Raises `Refused` for two with the same."""
    found: dict[str, wire.CostValue] = {}
    for row in rows:
        first = found.setdefault(_folded(row.Code), row)
        if first.ID != row.ID:
            text = (
                f"Division {container[0]} has {first.Code.strip()} and {row.Code.strip()}, which differ only"
                " in case or blanks and are taken for one code. Give one of them another code in Exact."
            )
            raise Refused(text, where=axis_of(*container), code="code.ambiguous")
    return found


def _not_kept(container: Container, error: NotFound) -> RightMissing:
    text = (
        f"Division {container[0]} keeps no codes on the axis {container[1]}. Switch cost analysis on in"
        " Exact, or leave the axis out."
    )
    return RightMissing(text, where=axis_of(*container), support=error.support, code="dimension.unknown_axis")


def _parts(key: str) -> tuple[str, str, str]:
    division, _, rest = key.partition("/")
    axis, _, code = rest.partition("/")
    return division, axis, code


def _is_under(beginning: str, division: str, axis: str) -> bool:
    return beginning.startswith(axis_of(division, axis))


def _folded(code: str) -> str:
    """The one spelling of codes that Exact takes for the same."""
    return code.strip().upper()


def _title(text: str) -> str:
    return " ".join(text.split())[:TITLE_MAX].rstrip()
