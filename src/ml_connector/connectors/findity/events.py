"""Notifications of Findity: an export was made.

They are not signed, and no header of ours comes along: what proves them is the address, whose path nobody
guesses. So an event is a hint to read the list, and never a fact. Findity takes the export back where the
answer is not 200, so that is what is answered once the event is stored, and never before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ml_connector.connectors.findity.settings import Options
from ml_connector.domain.expense import ExpenseReport
from ml_connector.ports.systems import Event
from ml_connector.transport.answer import UNREADABLE
from ml_connector.transport.signature import check_size, misshapen

TOPIC = "export made"
TOPICS: Mapping[type[Any], tuple[str, ...]] = {ExpenseReport: ("export *",)}
BY_HAND = (
    "In Findity's Admin Portal open the recipient of the organization, and choose a webhook as its trigger.",
    "As its address enter {address}",
    "Let it send the ids of an export, not the vouchers: what is booked is read from Findity in any case.",
)


class Notification(msgspec.Struct):
    """What Findity sends. Source: Findity developer pages, integration webhook, read 2026-11-30."""

    exportId: str
    organizationId: str
    numberOfVouchers: int | None = None
    numberOfReports: int | None = None


class FindityEvents:
    """Reads notifications of one connection."""

    def __init__(self, options: Options) -> None:
        self._organizations = options.organizations

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event:
        """The event. Raises `Refused` for a body that does not have Findity's shape."""
        check_size(body)
        try:
            sent = msgspec.json.decode(body, type=Notification)
            if not (sent.exportId and sent.organizationId):
                raise msgspec.ValidationError("exportId or organizationId is empty")
        except UNREADABLE as error:
            raise misshapen("Findity", error) from error
        counts = {"vouchers": sent.numberOfVouchers, "reports": sent.numberOfReports}
        return Event(
            id=f"export-{sent.exportId}",
            topic=TOPIC,
            key=f"{sent.organizationId}/{sent.exportId}",
            company=sent.organizationId,
            ours=not self._organizations or sent.organizationId in self._organizations,
            detail={name: str(count) for name, count in counts.items() if count is not None},
        )
