"""Notifications of UKG: a hint that something about a person changed. None is published for payroll, so pay
runs are asked for on a schedule; one that came all the same would be a reason to look.

UKG does not publish how it signs, so header, hash, encoding and prefix are settings; a header of our own that
the subscription sends along is checked as well where it is set. Signatures are compared over the bytes as
received, in constant time. Events are lost and repeated at times: the id is for recognising a repeat, and
what matters is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ml_connector.connectors.ukg_pro import wire
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.worker import Worker
from ml_connector.errors import Refused
from ml_connector.ports.storage import Clock, Vault
from ml_connector.ports.systems import Event
from ml_connector.transport.answer import UNREADABLE
from ml_connector.transport.signature import Signature, check_signature, check_size, check_token, misshapen

SECRET_CHARACTERS_MIN = 24
PEOPLE = ("Employee*",)
TOPICS: Mapping[type[Any], tuple[str, ...]] = {
    Worker: PEOPLE,
    PayRun: ("*Payroll*", "*PayRun*", "*Document*"),
}
"""Which notifications tell of which records. Names of payroll are guesses: UKG publishes none today."""


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

    def __init__(self, options: Options, vault: Vault, clock: Clock) -> None:
        self._options, self._vault, self._clock = options, vault, clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event:
        """The event. Raises `Refused` for a body that UKG did not sign, or that does not have its shape."""
        check_size(body)
        received = {name.lower(): value for name, value in headers.items()}
        self._check_sender(received, body)
        try:
            sent = msgspec.json.decode(body, type=Notification)
            occurred = wire.moment(sent.EventTime, self._options.zone) if sent.EventTime else None
        except (*UNREADABLE, ValueError) as error:
            raise misshapen("UKG", error) from error
        ours = self._options["webhook_tenant"]
        if ours and (sent.Tenant or "").lower() != ours.lower():
            text = f"The notification is for tenant {sent.Tenant}, not for {ours}. It was not used."
            raise Refused(text, where="Tenant", code="event.entity")
        self._options.window.check(occurred, self._clock.now())
        company = str(sent.Payload.get("CoId") or "")
        detail = {"operation": sent.Operation or "", "company": company, "tenant": sent.Tenant or ""}
        return Event(
            id=str(sent.EventId),
            topic=sent.EventType,
            key=str(sent.Payload.get("EeId") or ""),
            occurred_at=occurred,
            company=company,
            detail=detail,
        )

    def _check_sender(self, received: Mapping[str, str], body: bytes) -> None:
        options = self._options
        if name := options["webhook_token_header"]:
            remedy = "Enter the same value in UKG's subscription."
            given, now = received.get(name.lower(), ""), self._clock.now()
            check_token(given, self._vault, now, where=name, remedy=remedy)
        signature = Signature(
            algorithm=options["webhook_algorithm"],
            encoding="hex" if options["webhook_encoding"] == "hex" else "base64",
            prefix=options["webhook_prefix"],
        )
        header = options["webhook_header"]
        check_signature(
            signature,
            received.get(header.lower(), ""),
            body,
            self._vault,
            self._clock.now(),
            where=header,
            remedy="Check the webhook secret, and that hash, encoding and prefix are UKG's.",
            characters_min=SECRET_CHARACTERS_MIN,
        )
