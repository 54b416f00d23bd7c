"""Signed notifications: who asked for them and what they say.

The signature stands in the body: upper-case hex HMAC-SHA256 over the bytes of the `Content` value exactly as
sent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ml_connector_sandbox.core.outbound import NOBODY, Outbox
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.exact_online.book import USER_ID, DivisionBook
from ml_connector_sandbox.systems.exact_online.signin import REDIRECT_URI

TOPICS = frozenset(
    {
        *(
            "Accounts",
            "Contacts",
            "BankAccounts",
            "GLAccounts",
            "Items",
            "StockPositions",
            "Documents",
            "DocumentAttachments",
        ),
        *(
            "GeneralJournalEntries",
            "PurchaseEntries",
            "SalesEntries",
            "BankEntries",
            "CashEntries",
            "FinancialTransactions",
        ),
        *(
            "SalesInvoices",
            "SalesOrders",
            "PurchaseOrders",
            "GoodsDeliveries",
            "Quotations",
            "Opportunities",
            "Subscriptions",
        ),
        *("CostTransactions", "TimeTransactions", "ProjectPlanning"),
    }
)
ENTRIES, LINES = "generaljournalentry/GeneralJournalEntries", "generaljournalentry/GeneralJournalEntryLines"
OF_SET = {
    "financial/GLAccounts": "GLAccounts",
    "crm/Accounts": "Accounts",
    "crm/BankAccounts": "BankAccounts",
    "crm/Contacts": "Contacts",
    "documents/Documents": "Documents",
    "documents/DocumentAttachments": "DocumentAttachments",
    ENTRIES: "GeneralJournalEntries",
    "purchaseentry/PurchaseEntries": "PurchaseEntries",
    "financialtransaction/BankEntries": "BankEntries",
}
"""The topic of a set."""
_OF_LINES = {
    LINES: ENTRIES,
    "purchaseentry/PurchaseEntryLines": "purchaseentry/PurchaseEntries",
    "financialtransaction/BankEntryLines": "financialtransaction/BankEntries",
}
"""A line is news of its entry."""
_OF_TYPE = {30: "purchaseentry/PurchaseEntries", 31: "purchaseentry/PurchaseEntries"}
BANK_ENTRIES = "financialtransaction/BankEntries"


def sign(secret: str, content: bytes) -> tuple[bytes, Mapping[str, str]]:
    """The signature stands in the body, beside the content it is of."""
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest().upper()
    return b'{"Content":%b,"HashCode":"%b"}' % (content, signature.encode()), {}


@dataclass(slots=True, kw_only=True)
class Webhooks:
    """Subscriptions of one app."""

    switches: Switches
    client_id: str
    secret: str
    outbox: Outbox = field(init=False)
    _first_secret: str = field(init=False)

    def __post_init__(self) -> None:
        self.outbox = Outbox(name="exact_online", sign=sign, switches=self.switches)
        self._first_secret = self.secret

    def reset(self) -> None:
        """Forget what was sent, and any secret but the first."""
        self.outbox.forget()
        self.secret = self._first_secret

    def subscribe(self, book: DivisionBook, values: Mapping[str, Any], base_url: str) -> Row:
        """Check and call the callback, then store the subscription with the address it was made at, for the
        links in its notifications; raises `Broken`.
        """
        topic, url = str(values.get("Topic") or ""), str(values.get("CallbackURL") or "")
        problems = [
            f"Mandatory: {name}" for name, value in (("Topic", topic), ("Callback URL", url)) if not value
        ]
        if topic and topic not in TOPICS:
            problems.append("Invalid reference: Topic")
        if url:
            problems += self._address_problems(url)
        if any(row["Topic"] == topic for row in book["subscriptions"]):
            problems.append("Data already exists")
        if not problems and self.switches["webhook_validation"]:
            status = self.outbox.send(url, b"", {})
            if status != 200:
                problems.append(f"Invalid: Post to callback URL endpoint returns {status or NOBODY}")
        if problems:
            raise Broken(*problems)
        return book.add(
            "subscriptions",
            {
                "Topic": topic,
                "CallbackURL": url,
                "ClientID": self.client_id,
                "UserID": USER_ID,
                "Description": topic,
                "_base_url": base_url,
            },
        )

    def tell_of(self, book: DivisionBook, path: str, action: str, row: Row) -> None:
        """Tell of a row of the set at that path, whoever changed it; a set without a topic is not told of."""
        if path in _OF_LINES:
            path, action = _OF_LINES[path], "Update"
        if path in OF_SET:
            key = row["EntryID" if path in _OF_LINES.values() else "ID"]
            self._tell(book, OF_SET[path], action, key, path)

    def tell_of_entry(self, book: DivisionBook, action: str, entry: Row, journal_type: int) -> None:
        """Tell of an entry of any journal; those of a payment service's are not told of."""
        if entry["Type"] == 40 and journal_type != 12:
            return
        path = BANK_ENTRIES if entry["Type"] == 40 else _OF_TYPE.get(entry["Type"], ENTRIES)
        self.tell_of(book, path, action, entry)

    def _tell(self, book: DivisionBook, topic: str, action: str, key: str, path: str) -> None:
        for row in book["subscriptions"].all("Topic", topic):
            root = f"{row['_base_url']}/api/v1/{book.code}"
            content = {
                "Topic": topic,
                "ClientId": self.client_id,
                "Division": book.code,
                "Action": action,
                "Key": key,
                "ExactOnlineEndpoint": f"{root}/{path}(guid'{key}')",
                "EventCreatedOn": book.now().isoformat(timespec="milliseconds"),
            }
            body = json.dumps(content, separators=(",", ":")).encode()
            self.outbox.put(row["CallbackURL"], body, secret=self.secret)

    def _address_problems(self, url: str) -> list[str]:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return ["Invalid: Callback URL"]
        problems = []
        if self.switches["webhooks_need_https"] and parts.scheme != "https":
            problems.append("Invalid: Callback URL - https is required")
        if self.switches["webhooks_same_domain"] and parts.hostname != urlsplit(REDIRECT_URI).hostname:
            problems.append("Invalid: Callback URL - domain differs from the redirect URI")
        guarded = self.outbox.refusal(url, self.switches, "webhooks_only_loopback")
        return problems or ([guarded] if guarded else [])
