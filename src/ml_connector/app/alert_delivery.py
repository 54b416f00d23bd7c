"""The messages of alerts on their way: each target has a queue of its own, in order.

    oldest message due ── claim it, in the database ── send, outside of a transaction ── delivered
                               └ the process dies: due again     └ failed: the queue waits longer each time

A message may arrive twice after a crash, with the same id; it is never lost.
"""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Min

from ml_connector.app.alert_conditions import in_use
from ml_connector.app.alert_mail import send_mail
from ml_connector.app.assemble import Assembly
from ml_connector.app.failures import expected, read_failure
from ml_connector.app.outgoing import TRIES, disable, send_webhook
from ml_connector.store.models import AlertEndpoint, AlertMessage
from ml_connector.store.models.alerts import LOG, MAIL, WEBHOOK
from ml_connector.store.secrets import VaultError

A_ROUND = 10
"""Messages to one target in a round, so that a receiver which is back is not knocked over."""
LEASE = timedelta(minutes=5)
"""For a message that is being sent; longer than any send takes."""
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 240, 420, 600))
"""After each failed try: eight tries in a day."""
MAIL_STEPS = 3
SPREAD = 0.1
"""By how much a wait is shorter, at random: queues that failed together do not return together."""

log = structlog.get_logger("alerts")


def deliver(assembly: Assembly) -> int:
    """Send what is due; how many messages arrived."""
    waiting = AlertMessage.objects.filter(due_at__isnull=False).order_by()
    queues = waiting.values("organisation_id", "channel", "target").annotate(first=Min("id"))
    return sum(
        _queue(assembly, {name: queue[name] for name in ("organisation_id", "channel", "target")})
        for queue in queues.order_by("first")
    )


def try_deliver(assembly: Assembly) -> int:
    """As `deliver`, but nothing where the database failed: that ends, and it is tried again."""
    try:
        return deliver(assembly)
    except expected() as error:
        log.warning("alerts.not_sent", why=read_failure(error).text)
        return 0


def _queue(assembly: Assembly, queue: dict[str, Any]) -> int:
    """Send in order, until one has to wait. What is for nobody any more is taken back."""
    if not in_use(assembly, **queue):
        AlertMessage.objects.filter(due_at__isnull=False, **queue).update(due_at=None, error="")
        return 0
    arrived = 0
    rows = AlertMessage.objects.filter(due_at__isnull=False, **queue).order_by("made_at", "id")
    for row in rows.select_related("alert")[:A_ROUND]:
        now = assembly.clock.now()
        if row.due_at is None or row.due_at > now or not _claim(row, now):
            break
        error, gone = _try_send(assembly, row)
        if error:
            _failed(row, assembly.clock.now(), error, gone=gone)
            break
        row.delivered_at, row.due_at, row.error = assembly.clock.now(), None, ""
        row.save(update_fields=["delivered_at", "due_at", "error"])
        arrived += 1
    return arrived


def _claim(row: AlertMessage, now: datetime) -> bool:
    """Whether the message is this process's to send."""
    row.tries += 1
    mine = AlertMessage.objects.filter(pk=row.pk, due_at=row.due_at)
    return bool(mine.update(due_at=now + LEASE, tries=row.tries))


def _failed(row: AlertMessage, now: datetime, error: str, *, gone: bool) -> None:
    row.due_at, row.error = now + wait_after(row.tries, row.channel), error
    row.save(update_fields=["due_at", "error"])
    log.warning("alerts.not_sent", channel=row.channel, target=row.target, tries=row.tries, why=error)
    endpoint = _endpoint(row) if row.channel == WEBHOOK else None
    if endpoint is not None and (gone or row.tries >= TRIES):
        disable(endpoint, now, error if gone else f"{TRIES} tries failed. {error}")


def wait_after(tries: int, channel: str) -> timedelta:
    """How long to wait after so many tries. A mail server is asked every half hour until it has all mail."""
    steps = MAIL_STEPS if channel == MAIL else len(WAITS)
    return WAITS[min(tries, steps) - 1] * (1 - random.random() * SPREAD)


def _try_send(assembly: Assembly, row: AlertMessage) -> tuple[str, bool]:
    """As `send`; a defect is of this message only, and tried again as everything else."""
    try:
        return send(assembly, row)
    except expected():
        raise
    except Exception as error:
        log.error("alerts.not_sent", channel=row.channel, target=row.target, exc_info=error)
        return "It was not sent because of a defect. Send the log to the maintainers.", False


def send(assembly: Assembly, row: AlertMessage) -> tuple[str, bool]:
    """Why the message did not arrive, empty where it did; and whether the channel wants none any more."""
    payload = json.loads(row.body)
    if row.channel == LOG:
        return _log(payload), False
    if row.channel == MAIL:
        return send_mail(assembly.settings, payload, row.identity, row.target), False
    endpoint = _endpoint(row)
    if endpoint is None:
        return "The endpoint was removed.", False
    try:
        return send_webhook(assembly, endpoint, row.identity, row.body)
    except VaultError as error:
        return str(error), False


def _endpoint(row: AlertMessage) -> AlertEndpoint | None:
    return AlertEndpoint.objects.filter(organisation_id=row.organisation_id, name=row.target).first()


def _log(payload: dict[str, Any]) -> str:
    """A line without the text of the alert, which may name people and amounts."""
    data = payload["data"]
    if "code" not in data:
        log.info(payload["type"], report=data["id"], revision=data["revision"])
        return ""
    named = {name: data[name] for name in ("code", "place", "owner", "count", "organisation")}
    log.warning(payload["type"], alert=data["id"], **named)
    return ""
