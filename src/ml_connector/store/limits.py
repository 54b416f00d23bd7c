"""Call budgets shared by all workers, one-at-a-time serial_locks, and the record of exchanges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db import transaction

from ml_connector.ports.storage import RESERVE_SHARE, Exchange, Priority, RateLimit
from ml_connector.store.database import Locks, database_now
from ml_connector.store.models import BudgetWindow, Connection, ExchangeRow
from ml_connector.store.prepared import insert


class StoredBudget:
    """Calls left in a vendor's fixed windows, as `ports.storage.Budget`."""

    def take(self, scope: str, windows: Sequence[RateLimit], priority: Priority) -> float:
        with transaction.atomic():
            now = database_now()
            rows = [self._row(scope, window, now) for window in windows]
            if wait := self._wait(rows, now, priority):
                return wait
            for row in rows:
                row.used += 1
                row.save(update_fields=["used", "resets_at", "limit", "seconds"])
            return 0.0

    def wait(self, scope: str, windows: Sequence[RateLimit], priority: Priority) -> float:
        now = database_now()
        rows = BudgetWindow.objects.filter(
            scope=scope, name__in=[window.name for window in windows], resets_at__gt=now
        )
        return self._wait(rows, now, priority)

    def _wait(self, rows: Iterable[BudgetWindow], now: datetime, priority: Priority) -> float:
        waits = [
            (row.resets_at - now).total_seconds()
            for row in rows
            if row.used >= self._usable(row.limit, priority)
        ]
        return max(0.05, *waits) if waits else 0.0

    def learn(self, scope: str, windows: Sequence[RateLimit]) -> None:
        with transaction.atomic():
            now = database_now()
            for window in windows:
                row = self._row(scope, window, now)
                row.limit = window.limit
                if window.remaining is not None:
                    row.used = (
                        max(row.used, window.limit - window.remaining)
                        if row.resets_at == window.resets_at
                        else window.limit - window.remaining
                    )
                if window.resets_at is not None:
                    row.resets_at = window.resets_at
                row.save(update_fields=["used", "resets_at", "limit", "seconds"])

    def _row(self, scope: str, window: RateLimit, now: datetime) -> BudgetWindow:
        ends = now + timedelta(seconds=window.seconds) if window.rolling else next_reset(now, window.seconds)
        fresh = {"resets_at": ends, "limit": window.limit, "seconds": window.seconds, "used": 0}
        row, made = BudgetWindow.objects.select_for_update().get_or_create(
            scope=scope, name=window.name, defaults=fresh
        )
        if made and window.rolling:
            # Such windows may be of one address each: one that is over says nothing and would stay for ever.
            BudgetWindow.objects.filter(name=window.name, resets_at__lte=now).delete()
        if row.resets_at <= now:
            # What is declared counts in each new window: it may have been changed. Then what the vendor says.
            row.used, row.limit, row.resets_at = 0, window.limit, ends
        row.seconds = window.seconds
        return row

    @staticmethod
    def _usable(limit: int, priority: Priority) -> int:
        return limit if priority is Priority.WRITE else limit - limit // RESERVE_SHARE


def next_reset(now: datetime, seconds: int) -> datetime:
    """The end of the fixed window that holds the moment: the next whole minute, the next midnight UTC."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(seconds=((now - epoch) // timedelta(seconds=seconds) + 1) * seconds)


class StoredSerialLocks:
    """One request at a time under a name, as `ports.storage.SerialLocks`."""

    def __init__(self, locks: Locks) -> None:
        self._locks = locks

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        with self._locks.hold(f"lane:{name}"):
            yield


class StoredExchanges:
    """The record of what was said to one connection's vendor, as `ports.storage.Exchanges`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, exchange: Exchange) -> None:
        insert(
            ExchangeRow,
            connection_id=self._connection.pk,
            method=exchange.method,
            url=exchange.url,
            status=exchange.status,
            milliseconds=round(exchange.seconds * 1000),
            request_id=exchange.request_id,
            request_body=exchange.request_body,
            answer_body=exchange.answer_body,
            answer_bytes=exchange.answer_bytes,
            answer_sha256=exchange.answer_sha256,
            error=exchange.error,
            write=exchange.write,
        )
