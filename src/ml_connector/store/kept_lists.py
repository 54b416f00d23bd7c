"""Lists of a ledger in a table of ours, as a register: what programs of a client choose from is read here,
and nobody edits it but the flow that keeps it.

A row and its version are written in one transaction, so that there is no unknown outcome, and what a process
wrote before it died is found. Its times are those of the database, as of runs, by which a list has its age.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

from django.db import transaction
from django.db.models import QuerySet

from ml_connector.domain import codec
from ml_connector.domain.changes import Change
from ml_connector.domain.list_value import JOURNAL, SUPPLIER, TAX, TERM, ListValue
from ml_connector.domain.problem import Problem
from ml_connector.ports.registers import Answer, NotTaken, Register, RegisterLimits, Stale, Versioned, Written
from ml_connector.store.database import database_now, in_order
from ml_connector.store.models import Connection, KeptValue

AXES = frozenset({TAX, TERM, JOURNAL, SUPPLIER, "account", "cost_center", "cost_unit", "project"})
IDENTITY_MAX = 200
ROWS_A_PAGE = 2_000
ASKED = 500
"""Rows that one statement asks for, or makes."""
LIMITS = RegisterLimits(batch=ASKED, settle_seconds=0, shared=True, axes=AXES)


class KeptLists(Register[ListValue]):
    """The lists that one connection keeps."""

    limits = LIMITS

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[ListValue]]:
        """Every row in the order of keys, a page at a time."""
        axes = {beginning.partition("/")[0] for beginning in within} or AXES
        for axis in sorted(axes, key=lambda axis: f"{axis}/"):
            after = ""
            mine = self._rows(axis).annotate(place=in_order("identity")).order_by("place")
            while page := list(mine.filter(place__gt=after)[:ROWS_A_PAGE]):
                yield from map(_versioned, page)
                after = page[-1].identity

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[ListValue]]:
        """These rows."""
        found: dict[str, Versioned[ListValue]] = {}
        for axis, same in groupby(sorted(keys), key=lambda key: key.partition("/")[0]):
            identities = [key.partition("/")[2] for key in same]
            for start in range(0, len(identities), ASKED):
                for row in self._rows(axis).filter(identity__in=identities[start : start + ASKED]):
                    found[f"{axis}/{row.identity}"] = _versioned(row)
        return found

    def normal(self, record: ListValue) -> ListValue:
        """One blank between words. What the ledger leaves to the other system has no value above it."""
        return ListValue(
            axis=record.axis,
            identity=record.identity,
            code=record.code.strip(),
            title=" ".join(record.title.split()),
            open=record.open,
            parent=record.parent or "",
            percentage=None if record.percentage is None else record.percentage.normalize() + 0,
            days=record.days,
            month_ends=record.month_ends,
            kind=record.kind,
        )

    def check(self, record: ListValue) -> tuple[Problem, ...]:
        """Whether it is a value of a list that is kept, and can be told from others."""
        text = ""
        if record.axis not in AXES:
            text = f"There is no list {record.axis}, only {', '.join(sorted(AXES))}."
        elif not 0 < len(record.identity) <= IDENTITY_MAX:
            text = f"{record.written} has no id of 1 to {IDENTITY_MAX} characters in the ledger."
        return (Problem("list.unfit", record.key, text),) if text else ()

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """All of them in one transaction; a row that has another version than was seen is stale."""
        with transaction.atomic():
            Connection.objects.select_for_update().get(pk=self._connection.pk)
            there, made = self.read([change.key for change in changes]), list[KeptValue]()
            answers = [self._put(change, there, seen, made) for change in changes]
            KeptValue.objects.bulk_create(made)
        return tuple(answers)

    def _put(
        self,
        change: Change,
        there: Mapping[str, Versioned[ListValue]],
        seen: Mapping[str, str],
        made: list[KeptValue],
    ) -> Answer:
        after = self.normal(change.after)
        if problems := self.check(after):
            return NotTaken(problems[0])
        known = there.get(after.key)
        if (known.version if known else "") != seen.get(change.key, ""):
            return Stale()
        text, now = codec.encode(after), database_now()
        if known is None:
            made.append(
                KeptValue(
                    connection=self._connection,
                    axis=after.axis,
                    identity=after.identity,
                    content=text,
                    changed_at=now,
                )
            )
        else:
            version = int(known.version) + 1
            self._rows(after.axis).filter(identity=after.identity).update(
                content=text, version=version, changed_at=now
            )
        return Written()

    def _rows(self, axis: str) -> QuerySet[KeptValue]:
        return KeptValue.objects.filter(connection=self._connection, axis=axis)


def _versioned(row: KeptValue) -> Versioned[ListValue]:
    return Versioned(record=codec.decode(row.content), version=str(row.version))
