"""Notifications of Dynamics: business events, and data events as Dataverse passes them on. Both are hints.

Neither is signed. What proves them is the address, whose path nobody guesses, and a header of ours where one
is set up. A business event is recognised by its id. A data event holds the row; nothing of it is used but
which row it is and the company.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ml_connector.connectors.dynamics_fo.settings import Options
from ml_connector.domain.dimension import DimensionValue
from ml_connector.ports.storage import Clock, Vault
from ml_connector.ports.systems import Challenge, Event
from ml_connector.transport.answer import UNREADABLE
from ml_connector.transport.signature import check_size, check_token, misshapen

TEST = "BusinessEventsTestEndpointContract"
TOPICS: Mapping[type[Any], tuple[str, ...]] = {DimensionValue: ("mserp_*dimension*",)}
BY_HAND = (
    "In Dynamics, System administration > Setup > Business events, add an HTTPS endpoint.",
    "As its address enter {address}",
    "Activate the events that are to be told of, for the companies of this connection. For rows such as"
    " FinancialDimensionValueEntity activate data events, which need the Power Platform integration.",
    "Where the delivery can send a header along, set webhook_token_header and enter its value:"
    " ml-connector connections webhooks rotate {name} --secret-file FILE",
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"/Date\((-?[0-9]{1,17})\)/")
_COMPANY = ("mserp_dataareaid", "dataareaid")


class Envelope(msgspec.Struct):
    """A business event; its own fields are not read."""

    BusinessEventId: str
    EventId: str = ""
    BusinessEventLegalEntity: str = ""
    EventTimeIso8601: str = ""
    EventTime: str = ""


class Context(msgspec.Struct):
    """A data event, as far as it is read."""

    MessageName: str
    PrimaryEntityName: str
    PrimaryEntityId: str
    CorrelationId: str = ""
    OperationCreatedOn: str = ""
    InputParameters: list[dict[str, Any]] = []


class DynamicsEvents:
    """Verifies notifications for the companies of one connection."""

    def __init__(self, options: Options, vault: Vault, clock: Clock) -> None:
        self._options, self._vault, self._clock = options, vault, clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event | Challenge:
        """The event, or the challenge of a new endpoint's test message. Raises `Refused` for a body that has
        neither shape, or comes without the token that is set up.
        """
        check_size(body)
        now = self._clock.now()
        if name := self._options.token_header:
            received = {key.lower(): value for key, value in headers.items()}
            remedy = "Enter the same value where the endpoint is set up."
            check_token(received.get(name.lower(), ""), self._vault, now, where=name, remedy=remedy)
        try:
            found = _read(body)
        except (*UNREADABLE, ValueError, OverflowError) as error:
            raise misshapen("Dynamics", error) from error
        if found is None:
            return Challenge()
        self._options.window.check(found.occurred_at, now)
        company = found.company.lower()
        return replace(found, ours=not company or company in self._options.companies)


def _read(body: bytes) -> Event | None:
    """What the body tells of; `None` for a test message. Raises `ValueError`."""
    if b'"PrimaryEntityName"' in body:
        return _data_event(msgspec.json.decode(body, type=Context))
    sent = msgspec.json.decode(body, type=Envelope)
    if sent.BusinessEventId == TEST:
        return None
    if not sent.EventId:
        raise ValueError("it has no EventId, so a repeat could not be recognised")
    return Event(
        id=sent.EventId,
        topic=sent.BusinessEventId,
        key="",
        occurred_at=_moment(sent.EventTimeIso8601 or sent.EventTime),
        company=sent.BusinessEventLegalEntity,
    )


def _data_event(sent: Context) -> Event:
    """The same change sent again has the same correlation, row and time."""
    parts = (sent.CorrelationId, sent.PrimaryEntityId, sent.MessageName, sent.OperationCreatedOn)
    target = next((each.get("value") for each in sent.InputParameters if each.get("key") == "Target"), None)
    pairs = target.get("Attributes") if isinstance(target, dict) else None
    company = ""
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, dict) and pair.get("key") in _COMPANY:
            company = str(pair.get("value") or "")
    return Event(
        id=hashlib.sha256("\n".join(parts).encode()).hexdigest(),
        topic=sent.PrimaryEntityName,
        key=sent.PrimaryEntityId,
        occurred_at=_moment(sent.OperationCreatedOn),
        company=company,
        detail={"operation": sent.MessageName},
    )


def _moment(text: str) -> datetime | None:
    """A time of Dynamics', UTC; `None` for none. Raises `ValueError`, `OverflowError`."""
    if not text:
        return None
    if match := _DATE.fullmatch(text):
        return EPOCH + timedelta(milliseconds=int(match[1]))
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
