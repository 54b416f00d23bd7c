"""Alerts: what is the case becomes one open alert for each cause, is told, told again, and closed.

    found ── lasts ── opened, told ── a day ── told again ── not found ── stays so ── over, told
                 └ gone before: never told        └ found again meanwhile: the same alert

What is to be told is a row for each channel, stored together with the alert; it is sent afterwards, outside
of every transaction (`app/alert_delivery.py`). A process that dies between the two sends it later.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from ml_connector.app.access import Access
from ml_connector.app.alert_conditions import Condition, channel_place, conditions
from ml_connector.app.assemble import Assembly
from ml_connector.app.failures import expected, read_failure
from ml_connector.domain.problem import Owner
from ml_connector.store.database import database_now
from ml_connector.store.models import Alert, AlertEndpoint, AlertMessage, AlertRound, Organisation
from ml_connector.store.models.alerts import ALERTS, LOG, MAIL, WEBHOOK

ROUND = timedelta(seconds=50)
"""Conditions are looked at once in so long, by one process."""
LASTS = timedelta(minutes=2)
"""How long something must be the case before it is told."""
QUIET = timedelta(minutes=10)
"""How long it must not be the case before its alert is over."""
AGAIN = timedelta(days=1)
"""What is open is told again so often."""
SILENT = timedelta(minutes=10)
"""After so long without a round nobody looks."""
OPENED, REPEATED, CLOSED = "opened", "repeated", "closed"

log = structlog.get_logger("alerts")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """An alert as a face shows it."""

    id: int
    code: str
    place: str
    owner: str
    text: str
    count: int
    opened_at: datetime
    over_at: datetime | None

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "code": self.code,
            "place": self.place,
            "owner": self.owner,
            "text": self.text,
            "count": self.count,
            "opened_at": self.opened_at.isoformat(),
            "over_at": self.over_at.isoformat() if self.over_at else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told of an alert."""

    event: str
    alert: AlertLine

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"event": self.event, **self.alert.shown()}

    def __str__(self) -> str:
        one = self.alert
        return f"Alert {one.id} {self.event}, for {one.owner}: {one.text} [{one.code}]"


def lines(access: Access, *, ended: bool = False) -> list[AlertLine]:
    """Alerts that are open, oldest first; with `ended` every alert, newest first."""
    rows = Alert.objects.filter(organisation=access.organisation, opened_at__isnull=False)
    rows = rows.order_by("-id") if ended else rows.filter(over_at=None).order_by("opened_at", "id")
    return [_line(row) for row in rows]


def _line(row: Alert) -> AlertLine:
    return AlertLine(
        id=row.pk,
        code=row.code,
        place=row.place,
        owner=row.owner,
        text=row.text,
        count=row.count,
        opened_at=row.opened_at or row.seen_at,
        over_at=row.over_at,
    )


def watch(assembly: Assembly) -> list[Told]:
    """One round for every organisation whose turn it is; what was told. Sends nothing."""
    now, told = assembly.clock.now(), list[Told]()
    for organisation in Organisation.objects.order_by("id"):
        if not _turn(organisation, now):
            continue
        try:
            told.extend(_round(assembly, organisation, now))
        except expected():
            raise
        except Exception as error:
            # A defect, of this one only: runs are carried out meanwhile.
            log.error("alerts.failed", organisation=organisation.slug, exc_info=error)
    return told


def try_watch(assembly: Assembly) -> list[Told]:
    """As `watch`, but nothing where the database failed: that ends, and it is looked again."""
    try:
        return watch(assembly)
    except expected() as error:
        log.warning("alerts.failed", why=read_failure(error).text)
        return []


def last_round(access: Access) -> datetime | None:
    """When the conditions were last looked at."""
    row = AlertRound.objects.filter(organisation=access.organisation).first()
    return row.at if row else None


def silent(last: datetime | None) -> bool:
    """Whether nobody looks for alerts any more, or did yet: then what `status` shows may be old."""
    return last is None or database_now() - last > SILENT


def _turn(organisation: Organisation, now: datetime) -> bool:
    """Whether the round is this process's."""
    _, made = AlertRound.objects.get_or_create(organisation=organisation, defaults={"at": now})
    due = AlertRound.objects.filter(organisation=organisation, at__lte=now - ROUND)
    return made or bool(due.update(at=now))


def _round(assembly: Assembly, organisation: Organisation, now: datetime) -> list[Told]:
    found = conditions(assembly, organisation)
    with transaction.atomic():
        rows = Alert.objects.filter(organisation=organisation, over_at=None)
        known = {(row.code, row.place): row for row in rows.order_by("id")}
        news = [_found(organisation, known.get(key), one, now) for key, one in found.items() if one.known]
        news.extend(_gone(row, now) for key, row in known.items() if key not in found)
        told = [event for event in news if event is not None]
        for event, row in told:
            _tell(assembly, row, event, now)
    return [Told(event=event, alert=_line(row)) for event, row in told]


def _found(
    organisation: Organisation, row: Alert | None, condition: Condition, now: datetime
) -> tuple[str, Alert] | None:
    """What has to be told of a condition that is there."""
    new = row is None
    row = row or Alert(organisation=organisation, code=condition.code, place=condition.place, seen_at=now)
    row.owner, row.text, row.count, row.gone_at = condition.owner, condition.text, condition.count, None
    event = ""
    if row.opened_at is None and not new and now - row.seen_at >= LASTS:
        row.opened_at, event = now, OPENED
    elif row.told_at is not None and now - row.told_at >= AGAIN:
        event = REPEATED
    row.told_at = now if event else row.told_at
    row.save()
    return (event, row) if event else None


def _gone(row: Alert, now: datetime) -> tuple[str, Alert] | None:
    """What has to be told of one that is not there."""
    if row.gone_at is None:
        row.gone_at = now
        row.save(update_fields=["gone_at"])
        return None
    if now - row.gone_at < QUIET:
        return None
    if row.opened_at is None:
        row.delete()
        return None
    row.over_at = now
    row.save(update_fields=["over_at"])
    return CLOSED, row


def _tell(assembly: Assembly, row: Alert, event: str, now: datetime) -> None:
    """A message for each channel but the one that the alert is about. Where it still waits to be told, it is
    not repeated.
    """
    identity, body = f"msg_{uuid.uuid4().hex}", json.dumps(_payload(row, event, now), ensure_ascii=False)
    waiting = set(
        AlertMessage.objects.filter(alert=row, due_at__isnull=False).values_list("channel", "target")
        if event == REPEATED
        else ()
    )
    AlertMessage.objects.bulk_create(
        AlertMessage(
            organisation_id=row.organisation_id,
            alert=row,
            event=event,
            channel=channel,
            target=target,
            identity=identity,
            body=body,
            made_at=now,
            due_at=now,
        )
        for channel, target in channels(assembly, row.organisation_id)
        if channel_place(channel, target) != row.place and (channel, target) not in waiting
    )


def channels(assembly: Assembly, organisation: int) -> list[tuple[str, str]]:
    """Every channel of alerts with its target: the log, each mail address, each endpoint that is enabled."""
    endpoints = AlertEndpoint.objects.filter(organisation_id=organisation, about=ALERTS, disabled_at=None)
    return [
        (LOG, ""),
        *((MAIL, address) for address in assembly.settings.mail_addresses),
        *((WEBHOOK, name) for name in endpoints.order_by("id").values_list("name", flat=True)),
    ]


def try_channels(assembly: Assembly, access: Access) -> list[tuple[str, str]]:
    """Send a message for a test by every channel; by channel why it did not arrive, empty where it did."""
    from ml_connector.app.alert_delivery import send

    now, found = assembly.clock.now(), []
    text = "This is a test of ml-connector alerts test. Nothing is wrong."
    alert = Alert(
        pk=0,
        organisation=access.organisation,
        code="test",
        place="alerts",
        owner=Owner.ADMINISTRATOR,
        text=text,
        seen_at=now,
    )
    body = json.dumps(_payload(alert, "test", now))
    for channel, target in channels(assembly, access.organisation.pk):
        row = AlertMessage(
            organisation=access.organisation,
            channel=channel,
            target=target,
            identity=f"msg_{uuid.uuid4().hex}",
            body=body,
        )
        found.append((f"{channel} {target}".strip(), send(assembly, row)[0]))
    return found


def _payload(row: Alert, event: str, now: datetime) -> dict[str, Any]:
    """What a webhook carries, and a mail is written from."""
    data = {"organisation": row.organisation.slug, **_line(row).shown()}
    return {"type": f"alert.{event}", "timestamp": now.isoformat(), "data": data}
