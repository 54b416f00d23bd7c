"""Notifications of Visma: a signed hint that master data changed. There is none for batches, so their state
is asked for.

The signature is the HMAC-SHA256 of the body as received, in base64, under one of the application's secrets;
several may be active at a time. What the body holds is not published: what changed is read again, and a
repeat is recognised by the notification's id.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from ml_connector.errors import Refused
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import Event
from ml_connector.transport.answer import UNREADABLE

BODY_BYTES_MAX = 256 * 1024
SIGNATURE, PREFIX = "x-vwd-signature-v1", "x-vwd-"
_KINDS = ("entity", "event")
_KEYS = ("code", "key", "number", "id", "entityid", "resourceid")


class VismaEvents:
    """Verifies notifications of the connection's companies."""

    def __init__(self, tenants: Iterable[str], vault: Vault) -> None:
        self._tenants, self._vault = frozenset(tenant.lower() for tenant in tenants), vault

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event:
        """The event. Raises `Refused` for a body that Visma did not sign, or that is not for one of these
        companies.
        """
        if len(body) > BODY_BYTES_MAX:
            raise Refused(
                f"The notification has {len(body)} bytes; Visma's have a few hundred.",
                where="body",
                code="event.size",
            )
        received = {name.lower(): content.strip() for name, content in headers.items()}
        self._check_signature(received.get(SIGNATURE, ""), body)
        tenant = received.get(f"{PREFIX}tenant-id", "")
        if tenant and tenant.lower() not in self._tenants:
            raise Refused(
                f"The notification is for tenant {tenant}, not for one of this connection's.",
                where="tenant_id",
                code="event.entity",
            )
        repeat = received.get(f"{PREFIX}notification-id", "")
        if not repeat:
            raise Refused(
                "The notification lacks its id, so a repeat could not be told.",
                where=f"{PREFIX}notification-id",
                code="event.shape",
            )
        told = _told(body)
        kind = " ".join(told[name] for name in _KINDS if told.get(name)) or received.get(
            f"{PREFIX}event-id", ""
        )
        key = next((told[name] for name in _KEYS if told.get(name)), "")
        stamp = received.get(f"{PREFIX}notification-timestamp", "")
        detail = {
            name.removeprefix(PREFIX): text
            for name, text in received.items()
            if name.startswith(PREFIX) and name != SIGNATURE
        }
        return Event(id=repeat, topic=kind, key=key, occurred_at=_moment(stamp), detail=detail)

    def _check_signature(self, given: str, body: bytes) -> None:
        try:
            secrets = self._vault.read("webhook_secret").split()
        except KeyError:
            secrets = []
        if not secrets:
            text = (
                "This connection has no webhook secret, so no notification can be trusted. Enter it in the"
                " connection."
            )
            raise Refused(text, where="webhook_secret", code="event.secret")
        signatures = [b64encode(hmac.new(secret.encode(), body, "sha256").digest()) for secret in secrets]
        if not any(hmac.compare_digest(given.encode(), expected) for expected in signatures):
            text = (
                f"The notification's {SIGNATURE} does not match. Check that the webhook secrets are the"
                " application's active ones."
            )
            raise Refused(text, where=SIGNATURE, code="event.signature")


def _told(body: bytes) -> dict[str, str]:
    """What a JSON object says on its first level, by lower-case name; nothing for any other body, which is
    signed all the same.
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
    """The time of a notification, which is only for show; `None` for what is no number of milliseconds of
    this age.
    """
    return (
        datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
        if milliseconds.isdecimal() and len(milliseconds) <= 14
        else None
    )
