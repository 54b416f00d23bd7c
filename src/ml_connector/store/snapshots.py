"""What was read of a source last, row by row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet

from ml_connector.domain import codec
from ml_connector.ports.snapshots import Followed
from ml_connector.store.database import database_now, in_order
from ml_connector.store.models import Connection, SnapshotCursor, SnapshotRow

ROWS_A_STATEMENT = 500
ROWS_A_PAGE = 2_000
DAYS = re.compile(r"\d{4}-\d\d-\d\d")


class StoredSnapshots:
    """As `ports.snapshots.Snapshots`, of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def followed(self, kind: str) -> Followed | None:
        row = SnapshotCursor.objects.filter(connection=self._connection, kind=kind).first()
        return Followed(cursor=row.cursor, at=row.at, whole_at=row.whole_at) if row else None

    def rows(self, kind: str) -> Iterator[Any]:
        yield from map(codec.decode, self._contents(kind))

    def _contents(self, kind: str) -> Iterator[str]:
        """Page by page: others are written meanwhile."""
        found = self._rows(kind).annotate(place=in_order("key")).order_by("place")
        last = ""
        while page := list(found.filter(place__gt=last).values_list("key", "content")[:ROWS_A_PAGE]):
            yield from (content for _, content in page)
            last = page[-1][0]

    def dated(self, kind: str, since: date) -> Iterator[Any]:
        """Those alone that name a day from this one on, sorted by key. Only they are decoded: most workers of
        a large payroll have none.
        """
        for content in self._contents(kind):
            if any(found >= since.isoformat() for found in DAYS.findall(content)):
                yield codec.decode(content)

    def some(self, kind: str, keys: Collection[str]) -> dict[str, Any]:
        found, asked = {}, list(keys)
        for start in range(0, len(asked), ROWS_A_STATEMENT):
            rows = self._rows(kind).filter(key__in=asked[start : start + ROWS_A_STATEMENT])
            found.update({key: codec.decode(content) for key, content in rows.values_list("key", "content")})
        return found

    def replace(self, kind: str, rows: Iterable[Any], cursor: str) -> int:
        """The rows come from reads of the vendor, so no transaction is open while they are made. A row that
        is stored before the last one came is as it is now, and stays.
        """
        reading, stream = str(uuid4()), iter(rows)
        while some := list(islice(stream, ROWS_A_STATEMENT)):
            self._write(kind, some, reading)
        with transaction.atomic():
            gone = self._rows(kind).exclude(reading=reading)
            count = gone.count()
            gone.delete()
            now = database_now()
            self._move(kind, {"cursor": cursor, "at": now, "whole_at": now})
        return count

    def update(self, kind: str, rows: Mapping[str, Any], gone: Collection[str], cursor: str) -> None:
        with transaction.atomic():
            self._write(kind, list(rows.values()), "")
            for start in range(0, len(gone), ROWS_A_STATEMENT):
                self._rows(kind).filter(key__in=list(gone)[start : start + ROWS_A_STATEMENT]).delete()
            self._move(kind, {"cursor": cursor, "at": database_now()})

    def _write(self, kind: str, rows: list[Any], reading: str) -> None:
        made = [
            SnapshotRow(
                connection=self._connection,
                kind=kind,
                key=row.key,
                content=codec.encode(row),
                reading=reading,
            )
            for row in rows
        ]
        SnapshotRow.objects.bulk_create(
            made,
            batch_size=ROWS_A_STATEMENT,
            update_conflicts=True,
            unique_fields=["connection", "kind", "key"],
            update_fields=["content", "reading"],
        )

    def _move(self, kind: str, values: Mapping[str, Any]) -> None:
        SnapshotCursor.objects.update_or_create(connection=self._connection, kind=kind, defaults=dict(values))

    def _rows(self, kind: str) -> QuerySet[SnapshotRow]:
        return SnapshotRow.objects.filter(connection=self._connection, kind=kind)
