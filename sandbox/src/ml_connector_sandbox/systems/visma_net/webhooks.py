"""Signed notifications, as the dispatcher in front of the vendor's publishers sends them.

Subscriptions are made in the vendor's portal, so here by a control action. The payloads of these publishers
are not published: ours name the event, the entity and its code, and a receiver should read the rest.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from ml_connector_sandbox.core.outbound import Outbox
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json
from ml_connector_sandbox.systems.visma_net.render import dumps

EVENTS = {
    "Account": ("Created", "Updated"),
    "Dimension": ("Changed",),
    "Segment": ("Changed", "ValueChanged"),
    "Employee": ("Changed",),
    "EPEmployee": ("Created", "Updated"),
    "Project": ("Changed",),
    "BackgroundApiOperation": ("ResponseReady",),
}
"""What is told, by entity. There is no event for a journal batch, a department or a subaccount; an employee's
change is told by two publishers.
"""
RETRIES = 3


def sign(secret: str, content: bytes) -> tuple[bytes, Mapping[str, str]]:
    """The signature stands in a header, over the body as it is."""
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return content, {"x-vwd-signature-v1": base64.b64encode(digest).decode()}


@dataclass(slots=True, kw_only=True)
class Webhooks:
    """Subscriptions of one application."""

    switches: Switches
    clock: Clock
    secret: str
    client_id: str
    outbox: Outbox = field(init=False)
    subscriptions: list[Json] = field(default_factory=list)
    _made: int = 0
    _first_secret: str = field(init=False)

    def __post_init__(self) -> None:
        self._first_secret = self.secret
        self.outbox = Outbox(name="visma_net", sign=sign, retries=RETRIES, switches=self.switches)

    def reset(self) -> None:
        """Forget subscriptions, what was sent, and any secret but the first."""
        self.secret = self._first_secret
        self.subscriptions.clear()
        self.outbox.forget()
        self._made = 0

    def subscribe(self, url: str, entities: list[str]) -> Json:
        """Notify that address of these entities, or of all; `ValueError` for an address or entity that cannot
        be.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url: {url!r} is not a web address")
        guarded = self.outbox.refusal(url, self.switches, "webhooks_only_loopback")
        if guarded:
            raise ValueError(guarded)
        unknown = sorted(set(entities) - set(EVENTS))
        if unknown:
            raise ValueError(f"entities: {unknown[0]}; there are {', '.join(EVENTS)}")
        made = {"id": self._id("subscription"), "url": url, "entities": entities or sorted(EVENTS)}
        self.subscriptions.append(made)
        return made

    def unsubscribe(self, key: str) -> Json:
        """Take a subscription away; `KeyError` for none."""
        found = next((row for row in self.subscriptions if row["id"] == key), None)
        if found is None:
            raise KeyError(f"subscription {key}")
        self.subscriptions.remove(found)
        return {"removed": key}

    def tell(self, tenant_id: str, entity: str, event: str, code: str) -> None:
        """Notify whoever asked for that entity."""
        for row in self.subscriptions:
            if entity in row["entities"]:
                self._deliver(
                    row, tenant_id, {"entity": entity, "event": event, "code": code, "tenantId": tenant_id}
                )

    def _deliver(self, row: Json, tenant_id: str, content: Json) -> None:
        now = self.clock.now()
        body = dumps({**content, "occurredAt": now.replace(tzinfo=None)}).encode()
        self.outbox.put(row["url"], body, self._headers(row, tenant_id, now), secret=self.secret)

    def _headers(self, row: Json, tenant_id: str, now: datetime) -> dict[str, str]:
        stamp = str(int(now.timestamp() * 1000))
        values = {
            "event-id": self._id("event"),
            "notification-id": self._id("notification"),
            "notification-timestamp": stamp,
            "webhook-timestamp": stamp,
            "subscription-id": row["id"],
            "tenant-id": tenant_id,
            "application-id": self.client_id,
            "application-version": "1",
            "group-id": tenant_id,
        }
        return {f"x-vwd-{name}": value for name, value in values.items()}

    def _id(self, kind: str) -> str:
        self._made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"visma {kind} {self._first_secret} {self._made}"))
