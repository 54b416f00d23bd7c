"""Rows that are made on the spot: the user, and the divisions that user sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online.book import USER_ID, USER_NAME, DivisionBook
from ml_connector_sandbox.systems.exact_online.schema import (
    HR_WRITES,
    VERBS,
    Entity,
    entities,
    find,
    with_type,
    writable,
)

MANAGES_EMPLOYEES = "Manage employees"
LICENSED = frozenset({"purchase/PurchaseInvoices", "purchaseorder/PurchaseOrders"})
"""Sets of a licence for trade, which these divisions do not have."""
PURCHASE_SETS = frozenset({"purchaseentry/PurchaseEntries", "purchaseentry/PurchaseEntryLines"})

_CUSTOMER_ID = "7d0ef6f1-0c4d-4f27-9a43-3a5b1c1e0002"


@dataclass(slots=True, kw_only=True)
class Rights:
    """What the app was granted (`manage`, `read` or `none` by scope) and which roles its user has."""

    switches: Switches
    scopes: dict[str, str] = field(default_factory=dict)
    roles: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """Everything is granted again."""
        self.scopes = {entity.scope: "manage" for entity in entities().values() if entity.scope}
        self.scopes[str(self.switches["purchase_entries_scope"])] = "manage"
        self.roles = {MANAGES_EMPLOYEES}

    def seen(self, entity: Entity | None) -> Entity | None:
        """The set with the verbs and fields that are open: those of HR can be written by switch."""
        if entity is None:
            return None
        if entity.path in HR_WRITES and self.switches["hr_writes"]:
            return writable(entity.path)
        if entity.path == "purchaseentry/PurchaseEntries" and self.switches["credit_notes"] == "type_31":
            return with_type(entity.path)
        return entity

    def in_scope(self, entity: Entity, method: str) -> bool:
        """Whether the app was granted this."""
        scope = self.switches["purchase_entries_scope"] if entity.path in PURCHASE_SETS else entity.scope
        level = self.scopes.get(str(scope), "none") if scope else "manage"
        return level == "manage" or (level == "read" and method == "GET")

    def by_role(self, entity: Entity, method: str) -> bool:
        """Whether the user may: writing employees takes a role."""
        return method == "GET" or entity.path not in HR_WRITES or MANAGES_EMPLOYEES in self.roles

    def has(self, path: str, method: str) -> bool:
        """Whether the app and its user may use an endpoint with a method."""
        entity = self.seen(find(path))
        is_portal = self.switches["portal_user"] and path.startswith("documents/") and method != "GET"
        return (
            entity is not None
            and path not in LICENSED
            and not is_portal
            and VERBS.get(method, "?") in entity.verbs
            and self.in_scope(entity, method)
            and self.by_role(entity, method)
        )


def me(now: datetime, current_division: int | None) -> Row:
    """The signed-in user; the current division is the one last opened on screen, so it says little."""
    return {
        "UserID": USER_ID,
        "FullName": USER_NAME,
        "UserName": "sandbox",
        "FirstName": "Sandbox",
        "LastName": "User",
        "Email": "sandbox@connector.example",
        "Language": "EN",
        "LanguageCode": "EN-US",
        "CurrentDivision": current_division,
        "AccountingDivision": current_division,
        "DivisionCustomer": _CUSTOMER_ID,
        "Legislation": 1,
        "ServerTime": now.replace(tzinfo=None).isoformat(timespec="seconds"),
        "ServerUtcOffset": 0,
        "IsClientUser": False,
        "IsStarterUser": False,
        "IsMyFirmLiteUser": False,
        "IsMyFirmPortalUser": False,
        "IsEmployeeSelfServiceUser": False,
    }


def division(book: DivisionBook, *, current: bool) -> Row:
    """One division as the division lists show it."""
    start = datetime(2015, 1, 1)
    return {
        "Code": book.code,
        "Description": book.title,
        "Hid": book.code,
        "HID": book.code,
        "Country": book.country.ljust(3),
        "Currency": book.currency,
        "Status": 1,
        "BlockingStatus": 0,
        "Current": current,
        "Main": True,
        "IsMainDivision": True,
        "IsHRDivision": len(book["employees"]) > 0,
        "Customer": _CUSTOMER_ID,
        "CustomerCode": "1".rjust(18),
        "CustomerName": book.title,
        "StartDate": start,
        "Created": start,
        "Modified": start,
    }
