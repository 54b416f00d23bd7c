"""Plans of alignments, row by row, and what both sides of a connection agreed on last."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, QuerySet

from ml_connector.domain import codec
from ml_connector.domain.changes import Act, Change
from ml_connector.errors import KeyConflict
from ml_connector.ports.storage import PlannedRow, PlanState
from ml_connector.store.database import database_now
from ml_connector.store.models import Connection, Counterpart, Plan, PlannedChange

ROWS_A_STATEMENT = 500


class StoredPlans:
    """As `ports.storage.Plans`."""

    def store(self, run: str, changes: Iterable[Change]) -> str:
        running, rows = hashlib.sha256(), enumerate(changes, 1)
        with transaction.atomic():
            _planned(run).delete()
            while some := list(islice(rows, ROWS_A_STATEMENT)):
                texts = [codec.encode(change) for _, change in some]
                for text in texts:
                    running.update(text.encode() + b"\n")
                PlannedChange.objects.bulk_create(_made(run, some, texts))
            fingerprint = running.hexdigest()
            Plan.objects.update_or_create(run_id=run, defaults={"fingerprint": fingerprint})
        return fingerprint

    def fingerprint(self, run: str) -> str:
        found = Plan.objects.filter(run_id=run).values_list("fingerprint", flat=True).first()
        return found or ""

    def counts(self, run: str) -> Mapping[PlanState, int]:
        found = _planned(run).values_list("state").annotate(Count("id"))
        return {PlanState(state): count for state, count in found}

    def next(
        self, run: str, states: Collection[PlanState], most: int, after: int = 0
    ) -> tuple[PlannedRow, ...]:
        found = _planned(run).filter(state__in=list(states), number__gt=after).order_by("number")[:most]
        return tuple(
            PlannedRow(
                number=row.number,
                change=cast(Change, codec.decode(row.change)),
                state=PlanState(row.state),
                detail=row.detail,
            )
            for row in found
        )

    def mark(
        self,
        run: str,
        numbers: Collection[int],
        state: PlanState,
        detail: str = "",
        at: datetime | None = None,
    ) -> None:
        if not numbers:
            return
        values: dict[str, Any] = {"state": state, "detail": detail}
        if at is not None:
            values["sent_at"] = at
        _planned(run).filter(number__in=list(numbers)).update(**values)

    def last_sent(self, run: str) -> datetime | None:
        found = _planned(run).filter(state=PlanState.SENT).aggregate(last=Max("sent_at"))["last"]
        return cast(datetime | None, found)


class StoredLinks:
    """As `ports.storage.Links`, of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def bases(self, kind: str) -> Iterator[tuple[str, Any]]:
        rows = self._links(kind).exclude(base="").order_by("ours").values_list("ours", "base")
        for ours, base in rows.iterator(ROWS_A_STATEMENT):
            yield ours, codec.decode(base)

    def agree(self, kind: str, records: Mapping[str, Any]) -> None:
        now = database_now()
        rows = [
            Counterpart(
                connection=self._connection, kind=kind, ours=key, base=codec.encode(record), agreed_at=now
            )
            for key, record in records.items()
        ]
        Counterpart.objects.bulk_create(
            rows,
            batch_size=ROWS_A_STATEMENT,
            update_conflicts=True,
            unique_fields=["connection", "kind", "ours"],
            update_fields=["base", "agreed_at"],
        )

    def know(self, kind: str, key: str, theirs: str) -> None:
        try:
            with transaction.atomic():
                Counterpart.objects.update_or_create(
                    connection=self._connection, kind=kind, ours=key, defaults={"theirs": theirs}
                )
        except IntegrityError:
            text = f"{theirs} at {self._connection.name} belongs to another {kind} than {key}."
            raise KeyConflict(text, where=theirs) from None

    def theirs(self, kind: str, key: str) -> str:
        found = self._links(kind).filter(ours=key).values_list("theirs", flat=True).first()
        return found or ""

    def _links(self, kind: str) -> QuerySet[Counterpart]:
        return Counterpart.objects.filter(connection=self._connection, kind=kind)


def _planned(run: str) -> QuerySet[PlannedChange]:
    return PlannedChange.objects.filter(run_id=run)


def _made(run: str, some: list[tuple[int, Change]], texts: list[str]) -> Iterator[PlannedChange]:
    for (number, change), text in zip(some, texts, strict=True):
        state = PlanState.CONFLICT if change.act is Act.CONFLICT else PlanState.PLANNED
        detail = f"{change.key} was edited in the other system." if state is PlanState.CONFLICT else ""
        yield PlannedChange(
            run_id=run, number=number, key=change.key, change=text, state=state, detail=detail
        )
