"""Cost centers and cost units of the divisions.

    code    in capitals: Exact compares codes without case
    title   Description, one blank between words, cut to 60
    until   EndDate; null opens the code again
    open    EndDate empty or not before today, and on cost centers Active not false

whole   ⌈n/60⌉; the codes are held, because Exact's order is not that of keys
some    ⌈codes/20⌉, or ⌈n/60⌉ where that is fewer; the axis is read once, ⌈n/60⌉, where a code is not there in
        capitals, because a filter may mind case
put     1 for each change

A change never names the code of a row: Exact answers that with success and does nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from ml_connector.ports.registers import Answer, NotTaken, Stale, Written
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata

CODE_MAX, TITLE_MAX = 8, 60
PAGE = 60
"""Rows of one answer."""
PATHS = {"cost_center": "hrm/Costcenters", "cost_unit": "hrm/Costunits"}


@dataclass(slots=True, kw_only=True)
class CostCodes(Axis):
    """An `Axis`. Remembers of each division the codes that are not written in capitals, too."""

    axis: str
    path: str
    client: ExactClient
    clock: Clock
    _known: dict[str, wire.CostValue] = field(default_factory=dict)
    _spellings: dict[str, dict[str, str]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    # --- reading --------------------------------------------------------------------------------------------

    def whole(self, division: str) -> Iterator[DimensionValue]:
        """Every code."""
        for code, row in sorted(self._whole(division).items()):
            yield self._record(division, code, row)

    def some(self, division: str, codes: Sequence[str]) -> Mapping[str, DimensionValue]:
        """These codes, by twenty or all of the axis, as that is fewer calls."""
        found: dict[str, DimensionValue] = {}
        for code, row in self._asked(division, codes).items():
            found[code] = self._record(division, code, row)
            self._known[found[code].key] = row
        return found

    def _whole(self, division: str) -> dict[str, wire.CostValue]:
        """Every row of the axis by its code in capitals."""
        found = self._by_folded(division, self._question(division, ""))
        self._spellings[division] = {
            code: row.Code.strip() for code, row in found.items() if code != row.Code.strip()
        }
        self._counts[division] = len(found)
        return found

    def _asked(self, division: str, codes: Sequence[str]) -> dict[str, wire.CostValue]:
        known = division in self._spellings
        pages = math.ceil((self._counts.get(division, 0) + len(codes)) / PAGE)
        if not known or math.ceil(len(codes) / ASKED) <= pages:
            found = self._by_code(division, codes)
            if known or len(found) == len(codes):
                return found
        whole = self._whole(division)
        return {code: whole[code] for code in codes if code in whole}

    def _by_code(self, division: str, codes: Sequence[str]) -> dict[str, wire.CostValue]:
        spelled = self._spellings.get(division, {})
        found: dict[str, wire.CostValue] = {}
        for start in range(0, len(codes), ASKED):
            some = [spelled.get(code, code) for code in codes[start : start + ASKED]]
            where = odata.any_of("Code", [odata.text(code) for code in some])
            found.update(self._by_folded(division, self._question(division, where)))
        return {code: found[code] for code in codes if code in found}

    def _question(self, division: str, where: str) -> list[wire.CostValue]:
        select = fields(wire.CostValue, () if self.axis == "cost_center" else ("Active",))
        try:
            return list(self.client.rows(division, self.path, wire.CostValue, select=select, where=where))
        except NotFound as error:
            raise not_kept(division, self.axis, error) from error

    def _by_folded(self, division: str, rows: Iterable[wire.CostValue]) -> dict[str, wire.CostValue]:
        """The rows by their code in capitals. Raises `Refused` for two with the same."""
        found: dict[str, wire.CostValue] = {}
        for row in rows:
            first = found.setdefault(_folded(row.Code), row)
            if first.ID != row.ID:
                text = (
                    f"Division {division} has {first.Code.strip()} and {row.Code.strip()}, which differ only"
                    " in case or blanks and are taken for one code. Give one of them another code in Exact."
                )
                raise Refused(text, where=axis_of(division, self.axis), code="code.ambiguous")
        return found

    def _record(self, division: str, code: str, row: wire.CostValue) -> DimensionValue:
        until = day_of(row.EndDate)
        spelled = row.Code.strip()
        return DimensionValue(
            entity=division,
            axis=self.axis,
            code=code,
            title=title_of(row.Description or "", TITLE_MAX),
            open=row.Active is not False and Days(self.clock).is_open(until),
            until=until,
            spelled=spelled if spelled != code else None,
        )

    # --- what Exact holds -----------------------------------------------------------------------------------

    def normal(self, record: DimensionValue) -> DimensionValue:
        """The code in capitals, the title cut, and a code with a last day open until it is over. One that is
        closed without a day stays so: Exact has no such state, and `put` refuses it.
        """
        spelled = record.written.strip()
        code = _folded(spelled)
        found = Days(self.clock).normal(record, TITLE_MAX, code)
        return replace(found, spelled=spelled if spelled != code else None)

    def problems(self, record: DimensionValue) -> Iterator[Problem]:
        """Of its code and title."""
        yield from code_problems(record, record.written.strip(), CODE_MAX)

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change]) -> Iterator[Answer]:
        """One call for each change."""
        for change in changes:
            answer = self._put(change)
            written: DimensionValue = change.after
            known = self._spellings.get(written.entity)
            if answer == Written() and change.before is None and known is not None:
                known[written.code] = written.written
            yield answer

    def _put(self, change: Change) -> Answer:
        after: DimensionValue = change.after
        send = Writing(self.client)
        if not after.open and after.until is None:
            text = f"{after.written} is to be closed without a last day, and Exact closes by a day."
            return NotTaken(Problem("dimension.day", change.key, text))
        body: dict[str, Any] = {"EndDate": after.until and after.until.isoformat()}
        if after.title:
            body["Description"] = after.title
        if change.before is None:
            return send(change, "POST", self.path, {"Code": after.written, **body})
        row = self._known.get(change.key)
        if row is None:
            return Stale()
        if after.open and row.Active is False:
            body["Active"] = True
        return send(change, "PUT", f"{self.path}({odata.guid(row.ID)})", body)


def _folded(code: str) -> str:
    """The one spelling of codes that Exact takes for the same."""
    return code.strip().upper()
