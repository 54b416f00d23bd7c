"""Notifications of Precoro: which record was made or changed, and nothing else.

They are not signed, and no header of ours comes along: what proves them is the address, whose path nobody
guesses. So an event is a hint to read the list, and never a fact. Two changes of one record are told of in
the same words, without an id or a time of their own; an event is known by the second in which it came, so
that a later change is not taken for a repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ml_connector.domain.invoice import SupplierInvoice
from ml_connector.domain.supplier import Supplier
from ml_connector.ports.storage import Clock
from ml_connector.ports.systems import Event
from ml_connector.transport.answer import UNREADABLE
from ml_connector.transport.signature import check_size, misshapen

INVOICE, SUPPLIER = 3, 7
NAMES = {
    0: "warehouse request",
    1: "purchase requisition",
    2: "purchase order",
    INVOICE: "invoice",
    4: "request for proposal",
    5: "receipt",
    6: "expense",
    SUPPLIER: "supplier",
    8: "stock transfer",
    9: "budget",
    10: "document custom field",
    11: "item custom field",
}
ACTIONS = {0: "create", 1: "update"}
TOPICS: Mapping[type[Any], tuple[str, ...]] = {
    SupplierInvoice: (f"{NAMES[INVOICE]} *",),
    Supplier: (f"{NAMES[SUPPLIER]} *",),
}
BY_HAND = (
    "In Precoro, signed in as the unrestricted user of this connection, add a webhook. There are five at"
    " most, and each tells only of what its user may see.",
    "As its address enter {address}",
    "Choose invoices, and suppliers where they are kept, and the actions create and update: an approval is an"
    " update.",
)


class Notification(msgspec.Struct):
    """What Precoro sends."""

    id: int
    type: int
    action: int
    idn: int | str | None = None


class PrecoroEvents:
    """Reads notifications of one connection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event:
        """The event. Raises `Refused` for a body that does not have Precoro's shape."""
        check_size(body)
        try:
            sent = msgspec.json.decode(body, type=Notification)
        except UNREADABLE as error:
            raise misshapen("Precoro", error) from error
        now = self._clock.now()
        kind = NAMES.get(sent.type, f"type {sent.type}")
        action = ACTIONS.get(sent.action, f"action {sent.action}")
        return Event(
            id=f"{sent.type}-{sent.id}-{sent.action}-{now:%Y%m%dT%H%M%S}",
            topic=f"{kind} {action}",
            key=str(sent.id),
            detail={"idn": "" if sent.idn is None else str(sent.idn)},
        )
