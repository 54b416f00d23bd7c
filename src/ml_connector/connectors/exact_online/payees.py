"""Relations of the divisions that stand for workers, as payees of what they are paid back.

    code    Code without the blanks that Exact fills it up with, to 18 from the left
    title   Name, one blank between words, cut to 50
    until   EndDate; null opens the relation again
    open    not Blocked, and EndDate empty or not before today

whole   ⌈relations/1000⌉; those that are none of ours pass by, their codes and names are held
some    ⌈codes/20⌉
put     1 for each change

A relation is ours where its search code is `WORKER`: customers and suppliers have numbers as workers do. A
worker whose number belongs to another relation is not brought over, and that relation is not touched. Only
number, name, last day and whether it is blocked are read or written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
from ml_connector.connectors.exact_online.client import EVERY, ExactClient, fields
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotFound, Refused
from ml_connector.ports.registers import Answer, NotTaken, Stale
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata

AXIS, PATH, BULK = "payee", "crm/Accounts", "bulk/CRM/Accounts"
CODE_MAX, NAME_MAX = 18, 50
MARK = "WORKER"


@dataclass(slots=True, kw_only=True)
class Payees(Axis):
    """An `Axis`. Remembers which codes belong to relations that are none of ours."""

    client: ExactClient
    clock: Clock
    _known: dict[str, wire.Relation] = field(default_factory=dict)
    _others: dict[str, str] = field(default_factory=dict)

    # --- reading --------------------------------------------------------------------------------------------

    def whole(self, division: str) -> Iterator[DimensionValue]:
        """Every payee."""
        for _, row in sorted(self._ours(division, BULK, EVERY).items()):
            yield self._record(division, row)

    def some(self, division: str, codes: Sequence[str]) -> Mapping[str, DimensionValue]:
        """These payees, by twenty."""
        found: dict[str, DimensionValue] = {}
        for start in range(0, len(codes), ASKED):
            asked = codes[start : start + ASKED]
            for code in asked:
                self._known.pop(_key(division, code), None)
                self._others.pop(_key(division, code), None)
            where = odata.any_of("Code", [odata.text(_padded(code)) for code in asked])
            for code, row in self._ours(division, PATH, where).items():
                found[code] = self._record(division, row)
                self._known[found[code].key] = row
        return found

    def _ours(self, division: str, path: str, where: str) -> dict[str, wire.Relation]:
        """By code. Raises `Refused` for two with the same."""
        found: dict[str, wire.Relation] = {}
        try:
            for row in self.client.rows(
                division, path, wire.Relation, select=fields(wire.Relation), where=where
            ):
                code = row.Code.strip()
                if (row.SearchCode or "").strip().upper() != MARK:
                    self._others[_key(division, code)] = row.Name or ""
                elif found.setdefault(code, row).ID != row.ID:
                    text = (
                        f"Division {division} has two relations with the code {code}. Renumber one in Exact."
                    )
                    raise Refused(text, where=axis_of(division, AXIS), code="code.ambiguous")
        except NotFound as error:
            raise not_kept(division, AXIS, error) from error
        return found

    def _record(self, division: str, row: wire.Relation) -> DimensionValue:
        until = day_of(row.EndDate)
        return DimensionValue(
            entity=division,
            axis=AXIS,
            code=row.Code.strip(),
            title=title_of(row.Name or "", NAME_MAX),
            open=not row.Blocked and Days(self.clock).is_open(until),
            until=until,
        )

    # --- what Exact holds -----------------------------------------------------------------------------------

    def normal(self, record: DimensionValue) -> DimensionValue:
        """The name cut, and open until its last day is over."""
        return Days(self.clock).normal(record, NAME_MAX, record.code.strip())

    def problems(self, record: DimensionValue) -> Iterator[Problem]:
        """Of its code, which may belong to another relation, and name."""
        code = record.code.strip()
        yield from code_problems(record, code, CODE_MAX)
        if code and not (code.isascii() and code.isdigit()):
            text = f"The code {code} is no number, and codes of relations are numbers in Exact."
            yield Problem("dimension.code", record.key, f"{text} Give the worker a number at the source.")
        if (name := self._others.get(record.key)) is not None:
            yield _taken(record, name)

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change]) -> Iterator[Answer]:
        """One call for each change."""
        for change in changes:
            yield self._put(change)

    def _put(self, change: Change) -> Answer:
        after = self.normal(change.after)
        send, row = Writing(self.client), self._known.get(change.key)
        if (name := self._others.get(change.key)) is not None:
            return NotTaken(_taken(after, name))
        if (row is None) != (change.before is None):
            return Stale()
        body: dict[str, Any] = {"EndDate": after.until and after.until.isoformat(), "Blocked": not after.open}
        if after.title:
            body["Name"] = after.title
        if row is None:
            made = {"Code": _padded(after.code), "IsSupplier": True, "SearchCode": MARK}
            return send(change, "POST", PATH, {**made, **body})
        return send(change, "PUT", f"{PATH}({odata.guid(row.ID)})", body)


def _taken(record: DimensionValue, name: str) -> Problem:
    text = (
        f"The code {record.code} is the relation {name} in Exact, which is none of the payroll's. It is left"
        f" as it is. If it is this worker, enter {MARK} as its search code, else give one of them another."
    )
    return Problem("dimension.taken", record.key, text)


def _key(division: str, code: str) -> str:
    return f"{axis_of(division, AXIS)}{code}"


def _padded(code: str) -> str:
    """As Exact keeps codes of relations, and has to be asked for them."""
    return code.rjust(CODE_MAX)
