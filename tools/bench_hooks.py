"""What a notification costs from its bytes to the answer, beside a plain row in the same table.

Both are durable: each event, and each row, is a commit of its own. What an event costs is its path, the
signature, the flows that it wakes, the count and the commit; the wire is not in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

EVENTS = 300
ROUNDS = 7
SECRET = "a-secret-of-the-subscription"
SETTINGS = {
    "base_url": "https://service5.ultipro.com",
    "username": "bench",
    "currency": "USD",
    "source_tz": "UTC",
}


def intake(folder: Path) -> dict[str, Any]:
    """Durable events a second, rows a second in the same database, and how many rows go for an event: the
    median of pairs.
    """
    from ml_connector.app.settings import Settings, start_django

    settings = Settings(home=folder / "intake")
    start_django(settings)
    from django.db import connection as database

    from ml_connector.app.access import Access
    from ml_connector.app.assemble import Assembly
    from ml_connector.app.hooks import NO_CONTENT, receive
    from ml_connector.store.hooks import HookPaths
    from ml_connector.store.models import Connection, Flow, HookEvent
    from ml_connector.store.secrets import StoredVault, make_keys

    make_keys(settings.key_file)
    organisation, assembly = Access("default").organisation, Assembly(settings)
    made = {"organisation": organisation, "settings": SETTINGS, "connector": "ukg_pro"}
    payroll = Connection.objects.create(name="payroll", **made)
    Flow.objects.create(organisation=organisation, kind="workers", source=payroll, target=payroll)
    StoredVault(payroll, assembly.keys).write("webhook_secret", SECRET)
    token = HookPaths(payroll, assembly.keys).make("https://hooks.example.com", assembly.clock.now())
    token, numbers = token.rpartition("/")[2], count(1)

    def one_event() -> None:
        body = _event(next(numbers))
        mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        status, _ = receive(assembly, token, {"X-UKG-Signature": mac}, body)
        assert status == NO_CONTENT, status

    def one_row() -> None:
        number = next(numbers)
        with database.cursor() as cursor:
            values: list[Any] = [payroll.pk, f"row-{number}", "t", "", "", True, str(datetime.now(UTC))]
            cursor.execute(_ROW, values)

    pairs = [(_rate(one_event), _rate(one_row)) for _ in range(ROUNDS)]
    stored = HookEvent.objects.filter(topic=_TOPIC).count()
    assert stored == EVENTS * ROUNDS, f"{stored} of {EVENTS * ROUNDS} events are stored"
    events, rows = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    ratio = statistics.median(row / event for event, row in pairs)
    return {
        "events_a_second": round(events),
        "rows_a_second": round(rows),
        "rows_for_an_event": round(ratio, 2),
    }


_TOPIC = "EmployeePersonNameChangeEvent"
_ROW = (
    "INSERT INTO store_hookevent (connection_id, event, topic, key, company, ours, received_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
)


def _event(number: int) -> bytes:
    at = datetime.now(UTC).replace(tzinfo=None).isoformat()
    about = {"CoId": "UWLN6", "EeId": f"E{number % 600:05}"}
    return json.dumps(
        {"EventId": number, "EventTime": at, "EventType": _TOPIC, "Operation": "Update", "Payload": about}
    ).encode()


def _rate(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    for _ in range(EVENTS):
        work()
    return EVENTS / (time.perf_counter() - began)
