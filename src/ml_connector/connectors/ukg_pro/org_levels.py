"""The org levels of a tenant as a register of dimension values: a ledger that leads its cost centers has them
made here.

    key     /org_level_<1 to 4>/<code>: codes hold in every company
    title   description, one blank between words, cut to 25; the code where there is none
    open    isActive; UKG keeps no day

rows, read   1 call, whatever is asked for: UKG gives all of them at once
put          1 call for each change

UKG keeps no versions. Nothing is written unless the setting `org_levels` says so; GL segment, budget and
category never are. Source: UKG Pro developer pages, org levels, read 2026-08.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

import msgspec

from ml_connector.connectors.ukg_pro import client, wire
from ml_connector.connectors.ukg_pro.client import UkgClient
from ml_connector.connectors.ukg_pro.dimensions import ORG_LEVELS
from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import DimensionValue, axis_of
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
from ml_connector.transport.answer import Answer as Reply
from ml_connector.transport.redact import redact

TITLE_MAX = 25
LIMITS = RegisterLimits(batch=50, guarded=False, shared=True, axes=frozenset(ORG_LEVELS))
NOT_OF_A_ROW = (NotSent, RightMissing, SignInLost, SignInRenewed, Throttled)
"""What every row would meet."""
WORDS_MAX = 500
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UkgOrgLevels(Register[DimensionValue]):
    """A `Register`. `writes` tells whether anything may be written."""

    ukg: UkgClient
    writes: bool
    limits: RegisterLimits = LIMITS

    # --- reading --------------------------------------------------------------------------------------------

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[DimensionValue]]:
        """Every row in the order of keys; all of them are held."""
        beginnings = tuple(within)
        for beginning in beginnings:
            self._level_of(beginning.removeprefix("/").partition("/")[0])
        for key, row in sorted(self._every().items()):
            if not beginnings or key.startswith(beginnings):
                yield row

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[DimensionValue]]:
        """These rows, in one call."""
        every = self._every() if keys else {}
        return {key: every[key] for key in keys if key in every}

    def _every(self) -> dict[str, Versioned[DimensionValue]]:
        found: dict[str, Versioned[DimensionValue]] = {}
        for row in self.ukg.get(client.ORG_LEVELS).decode_list(wire.OrgLevel):
            value = DimensionValue(
                entity="",
                axis=f"org_level_{int(row.level)}",
                code=row.code.strip(),
                title=_title(row.description or "", row.code.strip()),
                open=wire.is_yes(row.isActive, True),
            )
            found[value.key] = Versioned(record=value)
        return found

    # --- what UKG holds -------------------------------------------------------------------------------------

    def normal(self, record: DimensionValue) -> DimensionValue:
        """The code without blanks around it, the title cut; no days."""
        code = record.written.strip()
        return replace(
            record, code=code, title=_title(record.title, code), until=None, since=None, spelled=None
        )

    def check(self, record: DimensionValue) -> tuple[Problem, ...]:
        """What UKG cannot hold of it. No calls."""
        found: list[Problem] = []
        if record.axis not in ORG_LEVELS:
            text = f"UKG has no org level {record.axis}, only {', '.join(sorted(ORG_LEVELS))}."
            found.append(Problem("dimension.inexpressible", record.key, f"{text} Correct the axes."))
        if not (code := record.code.strip()) or not code.isprintable():
            text = f"The code {record.code!r} is empty or holds a character that cannot be seen."
            found.append(Problem("dimension.code", record.key, f"{text} Correct it at the source."))
        return tuple(found)

    # --- writing --------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """In order. What stops the work behind the first change leaves the others to be read again, unless it
        is not known whether it was written.
        """
        if not self.writes:
            text = (
                "This connection does not write org levels, so nothing was written. Make them in UKG, or set"
                " org_levels of the connection to write."
            )
            raise Refused(text, where="org_levels", code="org_levels.read_only")
        answers: list[Answer] = []
        try:
            for change in changes:
                answers.append(self._put(change))
        except NOT_OF_A_ROW:
            if not answers:
                raise
        return (*answers, *(Stale() for _ in changes[len(answers) :]))

    def _put(self, change: Change) -> Answer:
        after: DimensionValue = change.after
        level, code = self._level_of(after.axis), after.code
        # Level and code name the row in the address already; UKG's page demands them in every body.
        row = {"level": level, "code": code, "description": _title(after.title, code), "isActive": after.open}
        body: object = row
        if change.before is None:
            method, path, body = "POST", client.ORG_LEVELS, [row]
        else:
            method, path = "PATCH", f"{client.ORG_LEVELS}/{level}/{quote(code, safe='')}"
        try:
            with self.ukg.http.prepare(method, path, headers=JSON, content=msgspec.json.encode(body)) as send:
                answer = send(lambda: None)
        except NOT_OF_A_ROW:
            raise
        except NotFound:
            return Stale()
        except Refused as error:
            return NotTaken(replace(error.problem, where=change.key))
        return _created(change, answer) if method == "POST" else Written()

    def _level_of(self, axis: str) -> int:
        """Raises `Refused` for an axis that is no org level."""
        if axis not in ORG_LEVELS:
            text = f"UKG has no org level {axis}, only {', '.join(sorted(ORG_LEVELS))}. Correct the axes."
            raise Refused(text, where=axis_of("", axis), code="dimension.inexpressible")
        return ORG_LEVELS[axis]


def _title(text: str, code: str) -> str:
    """One blank between words, as many characters as UKG keeps; UKG needs one."""
    return " ".join(text.split())[:TITLE_MAX].rstrip() or code[:TITLE_MAX]


def _created(change: Change, answer: Reply) -> Answer:
    """What UKG says of the one row that it was sent. Raises `OutcomeUnknown` where it says neither."""
    try:
        (said,) = (row for part in wire.multi_status(answer) for row in part.multistatus)
    except (VendorChanged, ValueError) as error:
        text = f"UKG does not say whether it made the org level {change.after.code}."
        raise OutcomeUnknown(text, where=change.key, support=answer.support()) from error
    status = str(said.status).lower()
    if status.startswith("2") or status == "success":
        return Written()
    if status.startswith("4") or status == "error":
        words = msgspec.json.encode(said.modelstate).decode() if said.modelstate else "it does not say why"
        words = redact(words, answer.secrets)[:WORDS_MAX]
        text = f"UKG did not make the org level {change.after.code}: {words}."
        return NotTaken(Problem("org_levels.refused", change.key, text))
    text = f"UKG does not say whether it made the org level {change.after.code}."
    raise OutcomeUnknown(text, where=change.key, support=answer.support())
