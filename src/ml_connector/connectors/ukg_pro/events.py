"""Notifications of UKG: a hint that something about a person changed. None is sent for payroll, so pay runs
are asked for on a schedule.

UKG does not publish how it signs, so header, hash, encoding and prefix are settings; a header of our own that
the subscription sends along is checked as well where it is set. Signatures are compared over the bytes as
received, in constant time. Events are lost and repeated at times: the id is for recognising a repeat, and
what matters is read again.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping

import msgspec

from ml_connector.connectors.ukg_pro import wire
from ml_connector.connectors.ukg_pro.client import secret
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.errors import Refused
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import Event
from ml_connector.transport.answer import UNREADABLE

BODY_BYTES_MAX = 256 * 1024
SECRET_CHARACTERS_MIN = 24


class Notification(msgspec.Struct, frozen=True):
    """What UKG sends; `EventId` is its key."""

    EventId: int
    EventType: str
    EventTime: str | None = None
    Operation: str | None = None
    Payload: dict[str, str | int | None] = {}
    Tenant: str | None = None


class UkgEvents:
    """Verifies notifications of one connection."""

    def __init__(self, options: Options, vault: Vault) -> None:
        self._options, self._vault = options, vault

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event:
        """The event. Raises `Refused` for a body that UKG did not sign, or that does not have its shape."""
        if len(body) > BODY_BYTES_MAX:
            raise Refused(
                f"The notification has {len(body)} bytes; UKG's have a few hundred.",
                where="body",
                code="event.size",
            )
        received = {name.lower(): value for name, value in headers.items()}
        self._check_token(received)
        self._check_signature(received, body)
        try:
            sent = msgspec.json.decode(body, type=Notification)
            occurred = wire.moment(sent.EventTime, self._options.zone) if sent.EventTime else None
        except (*UNREADABLE, ValueError) as error:
            raise Refused(
                f"The notification does not have UKG's shape: {error}.", where="body", code="event.shape"
            ) from error
        detail = {
            "operation": sent.Operation or "",
            "company": str(sent.Payload.get("CoId") or ""),
            "tenant": sent.Tenant or "",
        }
        return Event(
            id=str(sent.EventId),
            topic=sent.EventType,
            key=str(sent.Payload.get("EeId") or ""),
            occurred_at=occurred,
            detail=detail,
        )

    def _check_token(self, received: Mapping[str, str]) -> None:
        name, expected = self._options["webhook_token_header"], secret(self._vault, "webhook_token")
        if not name:
            return
        if not expected or not hmac.compare_digest(
            received.get(name.lower(), "").encode(), expected.encode()
        ):
            text = (
                f"The notification's {name} is not the webhook token of this connection. Enter the same value"
                " in UKG's subscription."
            )
            raise Refused(text, where=name, code="event.token")

    def _check_signature(self, received: Mapping[str, str], body: bytes) -> None:
        header, key = self._options["webhook_header"], secret(self._vault, "webhook_secret")
        if len(key) < SECRET_CHARACTERS_MIN:
            text = (
                f"This connection has no webhook secret of {SECRET_CHARACTERS_MIN} characters or more, so no"
                " notification can be trusted."
            )
            raise Refused(text, where="webhook_secret", code="event.secret")
        mac = hmac.new(key.encode(), body, self._options["webhook_algorithm"])
        hexadecimal = self._options["webhook_encoding"] == "hex"
        expected = self._options["webhook_prefix"] + (
            mac.hexdigest() if hexadecimal else b64encode(mac.digest()).decode()
        )
        given = received.get(header.lower(), "").strip()
        if not hmac.compare_digest(
            (given.lower() if hexadecimal else given).encode(),
            (expected.lower() if hexadecimal else expected).encode(),
        ):
            text = (
                f"The notification's {header} does not match. Check the webhook secret, and that hash,"
                " encoding and prefix are UKG's."
            )
            raise Refused(text, where=header, code="event.signature")
