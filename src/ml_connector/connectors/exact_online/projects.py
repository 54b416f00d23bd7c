"""Projects of the divisions, as far as a code is one: code, title, last day.

    code    as it is written: whether Exact takes `a` and `A` for one project is not published
    title   Description, one blank between words, cut to 60; nor is its length
    until   EndDate; null opens the project again
    open    not BlockEntry, and EndDate empty or not before today

whole   ⌈n/1000⌉, by the list of changes from its beginning
some    ⌈codes/20⌉
put     1 for each change

A new project has the type that the connection names, because Exact needs one, and starts when Exact says.
Nothing else of a project is read or written: customer, manager, budget and type of one that is there are its
people's. How long a code may be is not published: Exact refuses one that is too long, in its own words.
Source: vendor's REST reference, Projects, read 2025-07-14.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotFound, Refused
from ml_connector.ports.registers import Answer, NotTaken, Stale
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata

AXIS, PATH, CHANGES = "project", "project/Projects", "sync/Project/Projects"
TITLE_MAX = 60


@dataclass(slots=True, kw_only=True)
class Projects(Axis):
    """An `Axis`. `kind` is the number of the type that a new project has."""

    client: ExactClient
    clock: Clock
    kind: int
    _known: dict[str, wire.ProjectValue] = field(default_factory=dict)

    # --- reading --------------------------------------------------------------------------------------------

    def whole(self, division: str) -> Iterator[DimensionValue]:
        """Every project."""
        for _, row in sorted(self._by_code(division, self._rows(division, CHANGES, "")).items()):
            yield self._record(division, row)

    def some(self, division: str, codes: Sequence[str]) -> Mapping[str, DimensionValue]:
        """These projects, by twenty."""
        found: dict[str, DimensionValue] = {}
        for start in range(0, len(codes), ASKED):
            asked = codes[start : start + ASKED]
            for code in asked:
                self._known.pop(_key(division, code), None)
            where = odata.any_of("Code", [odata.text(code) for code in asked])
            rows = self._by_code(division, self._rows(division, PATH, where))
            for code, row in rows.items():
                if code in asked:
                    found[code] = self._record(division, row)
                    self._known[found[code].key] = row
        return found

    def _rows(self, division: str, path: str, where: str) -> Iterable[wire.ProjectValue]:
        select = fields(wire.ProjectValue, ("Active", "BlockPurchasing"))
        try:
            yield from self.client.rows(division, path, wire.ProjectValue, select=select, where=where)
        except NotFound as error:
            raise not_kept(division, AXIS, error) from error

    def _by_code(self, division: str, rows: Iterable[wire.ProjectValue]) -> dict[str, wire.ProjectValue]:
        """A row that the list of changes repeats counts as it is last. Raises `Refused` for a code twice."""
        found: dict[str, wire.ProjectValue] = {}
        for row in {row.ID: row for row in rows}.values():
            code = row.Code.strip()
            if found.setdefault(code, row) is not row:
                text = f"Division {division} has two projects with the code {code}. Rename one in Exact."
                raise Refused(text, where=axis_of(division, AXIS), code="code.ambiguous")
        return found

    def _record(self, division: str, row: wire.ProjectValue) -> DimensionValue:
        until = day_of(row.EndDate)
        return DimensionValue(
            entity=division,
            axis=AXIS,
            code=row.Code.strip(),
            title=title_of(row.Description or "", TITLE_MAX),
            open=not row.BlockEntry and Days(self.clock).is_open(until),
            until=until,
        )

    # --- what Exact holds -----------------------------------------------------------------------------------

    def normal(self, record: DimensionValue) -> DimensionValue:
        """The title cut, and open until its last day is over. One that is closed without a day stays so, and
        `put` takes it only where somebody blocked the project in Exact.
        """
        return Days(self.clock).normal(record, TITLE_MAX, record.code.strip())

    def problems(self, record: DimensionValue) -> Iterator[Problem]:
        """Of its code and title."""
        yield from code_problems(record, record.code.strip())

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change]) -> Iterator[Answer]:
        """One call for each change."""
        for change in changes:
            yield self._put(change)

    def _put(self, change: Change) -> Answer:
        after = self.normal(change.after)
        send, row = Writing(self.client), self._known.get(change.key)
        if not after.open and after.until is None and not (row and row.BlockEntry):
            text = f"{after.written} is to be closed without a last day, and Exact closes by a day."
            return NotTaken(Problem("dimension.day", change.key, text))
        if (row is None) != (change.before is None):
            return Stale()
        body: dict[str, Any] = {"EndDate": after.until and after.until.isoformat()}
        if after.title:
            body["Description"] = after.title
        if row is None:
            return send(change, "POST", PATH, {"Code": after.code, "Type": self.kind, **body})
        if after.open and row.BlockEntry:
            body["BlockEntry"] = False
        return send(change, "PUT", f"{PATH}({odata.guid(row.ID)})", body)


def _key(division: str, code: str) -> str:
    return f"{axis_of(division, AXIS)}{code}"
