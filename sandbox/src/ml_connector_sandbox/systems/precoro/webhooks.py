"""What the vendor sends by itself: what kind of record changed and which one, nothing else, unsigned."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from ml_connector_sandbox.core.outbound import Outbox
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.book import Book
from ml_connector_sandbox.systems.precoro.signin import sees

CREATED, UPDATED = 0, 1
TYPES = {
    "purchaseorders": 2,
    "invoices": 3,
    "receipts": 5,
    "expenses": 6,
    "suppliers": 7,
    "documentcustomfields_options": 10,
    "itemcustomfields_options": 11,
}
"""The tables that are told of. Payments have no type: the invoice is told of instead."""
ENDPOINTS_MAX = 5


@dataclass(slots=True, kw_only=True)
class Webhooks:
    """The addresses that somebody entered at the screen, and the way there."""

    switches: Switches
    outbox: Outbox = field(init=False)
    endpoints: list[Json] = field(default_factory=list)
    """`{"url", "types", "actions", "user"}`; empty lists mean every type and action."""

    def __post_init__(self) -> None:
        self.outbox = Outbox(name="precoro", switches=self.switches)

    def reset(self) -> None:
        """Nobody is told, and nothing was sent."""
        self.endpoints.clear()
        self.outbox.forget()

    def add(self, url: str, types: list[int], actions: list[int], user: Row) -> Json:
        """Another address; `ValueError` for one too many or one that may not be called."""
        guarded = self.outbox.refusal(url, self.switches, "webhooks_only_loopback")
        if len(self.endpoints) >= ENDPOINTS_MAX or not url.startswith(("http://", "https://")):
            raise ValueError(f"url: an http address, and at most {ENDPOINTS_MAX} of them")
        if guarded:
            raise ValueError(guarded)
        self.endpoints.append({"url": url, "types": types, "actions": actions, "user": user["id"]})
        return {"endpoints": [dict(endpoint) for endpoint in self.endpoints]}

    def tell(self, book: Book, table: str, row: Row, action: int) -> None:
        """Tell of a record, to whoever asked for its kind and may see it."""
        kind = TYPES.get(table)
        if kind is None or (kind >= 10 and not self.switches["custom_field_webhooks"]):
            return
        content: Json = {"id": row["id"], "type": kind, "action": action}
        if "idn" in row:
            content["idn"] = int(row["idn"])
        self.outbox.retries = max(0, int(self.switches["webhook_retries"]))
        for endpoint in self.endpoints:
            user = book.get("users", endpoint["user"])
            asked = kind in (endpoint["types"] or [kind]) and action in (endpoint["actions"] or [action])
            if asked and user is not None and sees(book, user, table, row):
                self.outbox.put(endpoint["url"], json.dumps(content).encode())
