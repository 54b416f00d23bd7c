"""Alerts, and what became of expense reports, as signed webhooks in the format of Standard Webhooks, and the
endpoints that they go to. An endpoint gets one of the two: who sends reports is not told what goes on here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from standardwebhooks.webhooks import Webhook

from ml_connector.app.access import Access, Actor, Unknown
from ml_connector.app.assemble import Assembly
from ml_connector.app.refusals import NotAllowed, SetupError
from ml_connector.domain.problem import Problem
from ml_connector.store.endpoint_secrets import EndpointSecrets
from ml_connector.store.models import AlertEndpoint, AlertMessage
from ml_connector.store.models.alerts import ALERTS, LOG, REPORTS, WEBHOOK
from ml_connector.transport.address import form_problem
from ml_connector.transport.outgoing import InternalAddress, is_internal, post

TRIES = 8
"""After so many tries of one message, spread over a day, the endpoint is disabled."""
GONE = 410
"""The answer of an endpoint that wants no message any more."""


def headers(identity: str, now: datetime, body: str, secrets: Iterable[str]) -> dict[str, str]:
    """What a receiver checks the body with: one signature for each secret."""
    signed = (Webhook(secret).sign(identity, now, body) for secret in secrets)
    return {
        "content-type": "application/json",
        "user-agent": "ml-connector",
        "webhook-id": identity,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def send_webhook(assembly: Assembly, endpoint: AlertEndpoint, identity: str, body: str) -> tuple[str, bool]:
    """Why the message did not arrive, empty where it did; and whether none is wanted any more."""
    now = assembly.clock.now()
    signed = headers(identity, now, body, EndpointSecrets(endpoint, assembly.keys).every(now))
    try:
        status = post(endpoint.url, signed, body.encode(), internal=endpoint.internal)
    except InternalAddress as error:
        return f"{error}. Allow it with --allow-internal if it is meant.", False
    except OSError as error:
        return f"{urlsplit(endpoint.url).hostname} was not reached: {error}.", False
    if 200 <= status < 300:
        return "", False
    return f"It answered with status {status}.", status == GONE


def disable(endpoint: AlertEndpoint, now: datetime, why: str) -> None:
    """Send it nothing more: what waits for it stays undelivered until it is sent again."""
    with transaction.atomic():
        AlertEndpoint.objects.filter(pk=endpoint.pk).update(disabled_at=now, disabled_why=why)
        waiting = AlertMessage.objects.filter(
            organisation_id=endpoint.organisation_id, channel=WEBHOOK, target=endpoint.name
        )
        waiting.filter(due_at__isnull=False).update(due_at=None, error=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointLine:
    """An endpoint as a list shows it."""

    name: str
    url: str
    about: str
    internal: bool
    disabled_at: datetime | None
    why: str
    undelivered: int

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "url": self.url,
            "about": self.about,
            "internal": self.internal,
            "disabled_at": self.disabled_at.isoformat() if self.disabled_at else None,
            "why": self.why,
            "undelivered": self.undelivered,
        }


class Endpoints:
    """The endpoints of one organisation, as one person."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor

    def list(self) -> list[EndpointLine]:
        """Every endpoint by name."""
        rows = AlertEndpoint.objects.filter(organisation=self._access.organisation).order_by("name")
        return [
            EndpointLine(
                name=row.name,
                url=row.url,
                about=row.about,
                internal=row.internal,
                disabled_at=row.disabled_at,
                why=row.disabled_why,
                undelivered=self._messages(row.name).filter(delivered_at=None).count(),
            )
            for row in rows
        ]

    def add(self, name: str, url: str, *, internal: bool, about: str = ALERTS) -> str:
        """Store an endpoint for alerts or for reports; its secret, shown this once. Raises `SetupError`, and
        `NotAllowed` for a name that is taken.
        """
        if problems := [*_problems(name, url, internal), *_about_problems(about)]:
            raise SetupError(problems)
        with transaction.atomic():
            mine = AlertEndpoint.objects.filter(organisation=self._access.organisation, name=name)
            if mine.exists():
                raise NotAllowed(f"There is an endpoint {name} already. Remove it first.")
            row = AlertEndpoint.objects.create(
                organisation=self._access.organisation, name=name, url=url, internal=internal, about=about
            )
            host = urlsplit(url).hostname
            self._note("endpoint.added", name, {"host": host, "internal": internal, "about": about})
            return EndpointSecrets(row, self._assembly.keys).renew(self._assembly.clock.now())

    def remove(self, name: str) -> None:
        """Forget an endpoint, its secrets, and what waits for it."""
        with transaction.atomic():
            self._row(name).delete()
            self._messages(name).filter(delivered_at=None).update(due_at=None, error="")
            self._note("endpoint.removed", name, {})

    def enable(self, name: str) -> int:
        """Send it messages again; how many it has not got."""
        with transaction.atomic():
            AlertEndpoint.objects.filter(pk=self._row(name).pk).update(disabled_at=None, disabled_why="")
            self._note("endpoint.enabled", name, {})
        count: int = self._messages(name).filter(delivered_at=None).count()
        return count

    def renew(self, name: str) -> str:
        """A new secret; the one of before signs for a day more."""
        with transaction.atomic():
            self._note("endpoint.secret_renewed", name, {})
            return EndpointSecrets(self._row(name), self._assembly.keys).renew(self._assembly.clock.now())

    def replay(self, since: datetime, until: datetime) -> int:
        """Let every enabled endpoint have each message of the time that is for it again, under its id; how
        many.
        """
        now, mine = self._assembly.clock.now(), self._access.organisation
        made = AlertMessage.objects.filter(
            organisation=mine, channel=LOG, made_at__gte=since, made_at__lte=until
        )
        count = 0
        for endpoint in AlertEndpoint.objects.filter(organisation=mine, disabled_at=None).order_by("id"):
            mine_of_these = made.filter(alert__isnull=endpoint.about == REPORTS)
            for row in mine_of_these.order_by("id").iterator():
                again = {"due_at": now, "tries": 0, "delivered_at": None, "error": ""}
                same = {"alert": row.alert, "event": row.event, "body": row.body, "made_at": row.made_at}
                AlertMessage.objects.update_or_create(
                    organisation=mine,
                    identity=row.identity,
                    channel=WEBHOOK,
                    target=endpoint.name,
                    defaults=again,
                    create_defaults={**again, **same},
                )
                count += 1
        return count

    def _row(self, name: str) -> AlertEndpoint:
        row = AlertEndpoint.objects.filter(organisation=self._access.organisation, name=name).first()
        if row is None:
            raise Unknown(f"There is no endpoint {name!r}. `ml-connector alerts endpoints list` shows them.")
        return row

    def _messages(self, name: str) -> Any:
        return AlertMessage.objects.filter(
            organisation=self._access.organisation, channel=WEBHOOK, target=name
        )

    def _note(self, action: str, name: str, detail: dict[str, str | int | bool | None]) -> None:
        self._access.audit.append(
            actor=self._actor.audited, action=action, subject=name, detail=self._actor.noted(detail)
        )


def _problems(name: str, url: str, internal: bool) -> list[Problem]:
    """What is wrong with an endpoint, before anything is sent there."""
    found = []
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and len(name) <= 60):
        text = f"{name!r} is no name for an endpoint. Use letters, digits, - and _."
        found.append(Problem("endpoint.name", "name", text))
    if problem := form_problem(url):
        return [*found, Problem("endpoint.url", "url", problem)]
    if not internal and not url.lower().startswith("https://"):
        text = f"{url!r} is no https address. Without encryption only --allow-internal is sent to."
        found.append(Problem("endpoint.url", "url", text))
    if not internal and _is_inside(urlsplit(url).hostname or ""):
        text = f"{url!r} is inside our own network. Add --allow-internal if it is meant."
        found.append(Problem("endpoint.internal", "url", text))
    return found


def _about_problems(about: str) -> list[Problem]:
    if about in (ALERTS, REPORTS):
        return []
    text = f"An endpoint is about {ALERTS} or {REPORTS}, not about {about!r}."
    return [Problem("endpoint.about", "about", text)]


def _is_inside(host: str) -> bool:
    try:
        return is_internal(host)
    except ValueError:
        return host == "localhost"
