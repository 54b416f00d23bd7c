"""Notifications as they are kept: the paths that they come to, each of them once, and how many there were."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Q, QuerySet

from ml_connector.ports.systems import Event
from ml_connector.store.models import Connection, Flow, Hook, HookCount, HookEvent, HookPath
from ml_connector.store.prepared import Prepared
from ml_connector.store.secrets import Keys, Sealed

TOKEN_BYTES = 32
EVENT, REPEAT, CHALLENGE, REFUSED = "event", "repeat", "challenge", "refused"
"""What is counted."""
_COLUMNS = "connection_id, event, topic, key, company, ours, occurred_at, received_at"
_INSERT = (
    f"INSERT INTO store_hookevent ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (connection_id, event) DO NOTHING"
)
_COUNT = (
    "INSERT INTO store_hookcount (connection_id, what, name, count, last_at) VALUES (%s, %s, %s, 1, %s)"
    " ON CONFLICT (connection_id, what, name) DO UPDATE"
    " SET count = store_hookcount.count + 1, last_at = excluded.last_at"
)


_HEARD = "UPDATE store_hook SET heard_at = %s WHERE connection_id = %s"
_WAKE = "UPDATE store_flow SET woken_at = %s WHERE id = %s AND woken_at IS NULL"


def matches(topic: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern covers the topic: letters of any case, `*` for any text, `?` for one letter."""
    return any(fnmatchcase(topic.casefold(), pattern.casefold()) for pattern in patterns)


def digest(token: str) -> str:
    """What stands in the table for the token of a path."""
    return hashlib.sha256(token.encode()).hexdigest()


@Prepared
def _paths(of: str) -> QuerySet[HookPath]:
    return HookPath.objects.filter(digest=of).select_related("hook__connection__organisation")


def connection_at(token: str, now: datetime) -> Connection | None:
    """Whose path it is; `None` for nobody's, and for one that has ended."""
    found = _paths.first(digest(token))
    if found is None or (found.ends_at is not None and found.ends_at <= now):
        return None
    connection: Connection = found.hook.connection
    return connection


def keep(connection: Connection, event: Event, now: datetime) -> bool:
    """Store the event unless it is stored already; whether it was new. Part of the caller's transaction."""
    name = event.id if len(event.id) <= 64 else digest(event.id)
    ops = database.ops
    values: list[Any] = [
        connection.pk,
        name,
        event.topic[:200],
        event.key[:200],
        event.company[:100],
        event.ours,
        ops.adapt_datetimefield_value(event.occurred_at),
        ops.adapt_datetimefield_value(now),
    ]
    with database.cursor() as cursor:
        cursor.execute(_INSERT, values)
        return bool(cursor.rowcount == 1)


def count(connection: Connection, what: str, name: str, now: datetime) -> None:
    """One more of it."""
    values: list[Any] = [connection.pk, what, name[:200], database.ops.adapt_datetimefield_value(now)]
    with database.cursor() as cursor:
        cursor.execute(_COUNT, values)


def heard(connection: Connection, now: datetime) -> None:
    """The newest notification of the connection came now."""
    with database.cursor() as cursor:
        cursor.execute(_HEARD, [database.ops.adapt_datetimefield_value(now), connection.pk])


def wake(flow: int, now: datetime) -> None:
    """Let the flow look at once, unless it is to already."""
    with database.cursor() as cursor:
        cursor.execute(_WAKE, [database.ops.adapt_datetimefield_value(now), flow])


@Prepared
def flows_of(connection: int) -> QuerySet[Flow]:
    """The flows between this connection and others, in the order in which they were made."""
    mine = Flow.objects.filter(Q(source_id=connection) | Q(target_id=connection))
    return mine.select_related("source", "target").order_by("id")


def counted(connection: Connection) -> Iterator[HookCount]:
    """Every count of the connection, the newest first."""
    yield from HookCount.objects.filter(connection=connection).order_by("-last_at", "what", "name")


def keys_heard(connection: Connection, topics: Sequence[str], since: datetime) -> tuple[str, ...]:
    """What events with these topics since a time were about, sorted."""
    rows = HookEvent.objects.filter(connection=connection, ours=True, received_at__gte=since)
    found = rows.exclude(key="").values_list("topic", "key").distinct()
    return tuple(sorted({key for topic, key in found if matches(topic, topics)}))


class HookPaths:
    """The paths of one connection, and the addresses that end in them. An address is encrypted, so that the
    database alone does not give it away.
    """

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection, self._sealed = connection, Sealed(keys)

    @property
    def hook(self) -> Hook | None:
        """The row of the connection; `None` where it takes no notifications."""
        return Hook.objects.filter(connection=self._connection).first()

    def address(self) -> str:
        """Where the vendor is to notify; empty where there is none."""
        row = self._rows().filter(ends_at=None).first()
        if row is None:
            return ""
        return self._sealed.read(self._context(row.digest), lambda: None, row.ciphertext) or ""

    def make(self, base: str, now: datetime, until: datetime | None = None) -> str:
        """An address with a new path below `base`; the path of before is good `until` a time, or no more."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with transaction.atomic():
            hook, _ = Hook.objects.get_or_create(connection=self._connection, defaults={"made_at": now})
            old = self._rows().filter(ends_at=None)
            _ = old.update(ends_at=until) if until else old.delete()
            return self._store(hook, token, base, now)

    def move(self, base: str, now: datetime) -> str:
        """The same path below another `base`."""
        token = self.address().rpartition("/")[2]
        with transaction.atomic():
            row = self._rows().get(ends_at=None)
            row.delete()
            return self._store(row.hook, token, base, now)

    def is_ours(self, address: str) -> bool:
        """Whether the address ends in a path of this connection, the ended ones among them."""
        return self._rows().filter(digest=digest(address.rpartition("/")[2])).exists()

    def remove(self) -> None:
        """Take no notifications any more."""
        Hook.objects.filter(connection=self._connection).delete()

    def ended(self, now: datetime) -> QuerySet[HookPath]:
        """Paths that were replaced, and are good no more."""
        return self._rows().filter(ends_at__lte=now)

    def _rows(self) -> QuerySet[HookPath]:
        return HookPath.objects.filter(hook__connection=self._connection).order_by("-made_at", "-id")

    def _store(self, hook: Hook, token: str, base: str, now: datetime) -> str:
        address, key = f"{base.rstrip('/')}/hooks/{token}", digest(token)

        def store(sealed: str) -> None:
            HookPath.objects.update_or_create(
                digest=key, defaults={"hook": hook, "ciphertext": sealed, "made_at": now, "ends_at": None}
            )

        self._sealed.write(self._context(key), address, store)
        return address

    def _context(self, key: str) -> str:
        return f"hook:{self._connection.pk}:{key}"
