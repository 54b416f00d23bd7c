"""Signed notifications, as the dispatcher in front of the vendor's publishers sends them.

Subscriptions are made in the vendor's portal, so here by a control action. The payloads of these publishers
are not published: ours name the event, the entity and its code, and a receiver should read the rest.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from ml_connector_sandbox.core.outbound import is_loopback, post
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json
from ml_connector_sandbox.systems.visma_net.render import dumps

EVENTS = {
    "Account": ("Created", "Updated"),
    "Segment": ("Changed", "ValueChanged"),
    "Employee": ("Changed",),
    "Project": ("Changed",),
    "BackgroundApiOperation": ("ResponseReady",),
}
"""What is told, by entity. There is no event for a journal batch."""
SENT_KEPT_MAX = 1_000
RETRIES = 3
RETRY_SECONDS = 1.0

Sender = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass(slots=True, kw_only=True)
class Webhooks:
    """Subscriptions of one application. With `background`, notifications leave from a thread, so no request
    waits for a receiver.
    """

    switches: Switches
    clock: Clock
    secret: str
    client_id: str
    send: Sender = post
    wait: Callable[[float], None] = time.sleep
    background: bool = True
    subscriptions: list[Json] = field(default_factory=list)
    sent: list[Json] = field(default_factory=list)
    _made: int = 0
    _waiting: queue.Queue[tuple[Json, bytes, Mapping[str, str]]] = field(default_factory=queue.Queue)
    _thread: threading.Thread | None = None

    def reset(self) -> None:
        """Forget subscriptions and what was sent."""
        self.subscriptions.clear()
        self.sent.clear()
        self._made = 0

    def subscribe(self, url: str, entities: list[str]) -> Json:
        """Notify that address of these entities, or of all; `ValueError` for an address or entity that cannot
        be.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url: {url!r} is not a web address")
        if self.switches["webhooks_only_loopback"] and self.send is post and not is_loopback(url):
            raise ValueError(
                "the sandbox calls only addresses on this machine; see the switch webhooks_only_loopback"
            )
        unknown = sorted(set(entities) - set(EVENTS))
        if unknown:
            raise ValueError(f"entities: {unknown[0]}; there are {', '.join(EVENTS)}")
        made = {"id": self._id("subscription"), "url": url, "entities": entities or sorted(EVENTS)}
        self.subscriptions.append(made)
        return made

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
        headers = self._headers(row, tenant_id, now, body)
        record: Json = {
            "url": row["url"],
            "body": body.decode(),
            "headers": headers,
            "status": None,
            "attempts": 0,
        }
        self.sent = [*self.sent[-SENT_KEPT_MAX + 1 :], record]
        if not self.background:
            self._attempt(record, body, headers)
            return
        self._waiting.put((record, body, headers))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="visma_net webhooks")
            self._thread.start()

    def _headers(self, row: Json, tenant_id: str, now: datetime, body: bytes) -> dict[str, str]:
        stamp = str(int(now.timestamp() * 1000))
        signature = base64.b64encode(hmac.new(self.secret.encode(), body, hashlib.sha256).digest()).decode()
        values = {
            "signature-v1": signature,
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
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"visma {kind} {self.secret} {self._made}"))

    def _work(self) -> None:
        while True:
            self._attempt(*self._waiting.get())

    def _attempt(self, record: Json, body: bytes, headers: Mapping[str, str]) -> None:
        """Send until it is taken; a repetition carries the same notification id."""
        for attempt in range(1 + RETRIES):
            if attempt:
                self.wait(RETRY_SECONDS)
            record["attempts"] += 1
            record["status"] = self.send(str(record["url"]), body, headers)
            if 200 <= record["status"] < 300:
                return
