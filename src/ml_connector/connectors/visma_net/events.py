"""Notifications of Visma: a signed hint that master data changed. There is none for batches, so their state
is asked for.

The signature is the HMAC-SHA256 of the body as received, in base64, under one of the application's secrets;
several may be active at a time. What the body holds is not published: what changed is read again, and a
repeat is recognised by the notification's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from ml_connector.connectors.visma_net.settings import Options
from ml_connector.errors import Refused
from ml_connector.ports.storage import Clock, Vault
from ml_connector.ports.systems import Event
from ml_connector.transport.answer import UNREADABLE
from ml_connector.transport.signature import Signature, check_signature, check_size

SIGNATURE, PREFIX = "x-vwd-signature-v1", "x-vwd-"
REMEDY = "Check that the webhook secrets are the application's active ones."
_KINDS = ("entity", "event")
_KEYS = ("code", "key", "number", "id", "entityid", "resourceid")


class VismaEvents:
    """Verifies notifications of the connection's companies."""

    def __init__(self, options: Options, vault: Vault, clock: Clock) -> None:
        self._options, self._vault, self._clock = options, vault, clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event:
        """The event. Raises `Refused` for a body that Visma did not sign, or that is not for one of these
        companies.
        """
        check_size(body)
        received = {name.lower(): content.strip() for name, content in headers.items()}
        now = self._clock.now()
        check_signature(
            Signature(),
            received.get(SIGNATURE, ""),
            body,
            self._vault,
            now,
            where=SIGNATURE,
            remedy=REMEDY,
            several=True,
        )
        tenant = received.get(f"{PREFIX}tenant-id", "")
        companies = {known.lower(): company for company, known in self._options.companies.items()}
        if tenant and tenant.lower() not in companies:
            raise Refused(
                f"The notification is for tenant {tenant}, not for one of this connection's.",
                where="tenant_id",
                code="event.entity",
            )
        repeat = received.get(f"{PREFIX}notification-id", "")
        if not repeat:
            raise Refused(
                "The notification has no id, so a repeat could not be recognised.",
                where=f"{PREFIX}notification-id",
                code="event.shape",
            )
        fields = _first_level(body)
        kind = " ".join(fields[name] for name in _KINDS if fields.get(name)) or received.get(
            f"{PREFIX}event-id", ""
        )
        key = next((fields[name] for name in _KEYS if fields.get(name)), "")
        occurred = _moment(received.get(f"{PREFIX}notification-timestamp", ""))
        self._options.window.check(occurred, now)
        detail = {
            name.removeprefix(PREFIX): text
            for name, text in received.items()
            if name.startswith(PREFIX) and name != SIGNATURE
        }
        company = companies.get(tenant.lower(), "")
        return Event(id=repeat, topic=kind, key=key, occurred_at=occurred, company=company, detail=detail)


def _first_level(body: bytes) -> dict[str, str]:
    """The texts and numbers on the first level of a JSON object, by lower-case name. Any other body has
    none, and is signed all the same.
    """
    try:
        found: Any = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    return (
        {str(name).lower(): str(content) for name, content in found.items() if isinstance(content, str | int)}
        if isinstance(found, dict)
        else {}
    )


def _moment(milliseconds: str) -> datetime | None:
    """The time of a notification, which is not signed; `None` for what is no number of milliseconds of this
    age.
    """
    return (
        datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
        if milliseconds.isdecimal() and len(milliseconds) <= 14
        else None
    )
