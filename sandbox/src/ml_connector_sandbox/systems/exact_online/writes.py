"""What a POST, PUT or DELETE of a set does to the books, and who is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Json, Row
from ml_connector_sandbox.systems.exact_online import (
    archive,
    banking,
    employees,
    masters,
    purchases,
    suppliers,
    vat,
)
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.journals import delete_entry, post_entry, post_line
from ml_connector_sandbox.systems.exact_online.schema import HR_WRITES, Entity
from ml_connector_sandbox.systems.exact_online.webhooks import Webhooks

RELATIONS = "crm/Accounts"
_REFERENCES: Mapping[str, Callable[[DivisionBook, Row], list[str]]] = {
    RELATIONS: suppliers.references,
    "vat/VATCodes": vat.references,
    "cashflow/PaymentConditions": suppliers.terms,
}
"""What a row of masters refers to, checked before it is written."""


class Tenant(Protocol):
    """What writing needs of the vendor."""

    switches: Switches
    webhooks: Webhooks


def create(tenant: Tenant, book: DivisionBook, entity: Entity, values: Json, base_url: str) -> Row:
    """Add a row to a set and tell of it, or raise `Broken`."""
    row = _created(tenant, book, entity, values, base_url)
    tenant.webhooks.tell_of(book, entity.path, "Create", row)
    if entity.path == purchases.PATH:
        tell_of_document(tenant.webhooks, book, row)
    return row


def change(tenant: Tenant, book: DivisionBook, entity: Entity, row: Row, values: Json) -> None:
    """Change a row of a set and tell of it, or raise `Broken`."""
    switches = tenant.switches
    match entity.path:
        case "purchaseentry/PurchaseEntries":
            purchases.put(book, switches, row, values)
        case "purchaseentry/PurchaseEntryLines":
            purchases.put_line(book, switches, row, values)
        case "documents/Documents":
            archive.change(book, row, values)
        case "crm/BankAccounts":
            suppliers.change_bank_account(book, switches, row, values)
        case "crm/Contacts":
            suppliers.change_contact(book, switches, row, values)
        case "cashflow/Payments":
            suppliers.change_payment(book, row, values)
        case "financial/ExchangeRates":
            suppliers.change_rate(book, row, values)
        case path if path in HR_WRITES:
            held = book["employees" if path == employees.EMPLOYEES else "employments"].get(row["ID"])
            employees.change(book, path, held or row, values)
        case path:
            _refuse(_REFERENCES[path](book, values) if path in _REFERENCES else [])
            masters.update(book, switches, masters.MASTERS[path], row, values)
    tenant.webhooks.tell_of(book, entity.path, "Update", row)


def delete(tenant: Tenant, book: DivisionBook, entity: Entity, row: Row) -> None:
    """Take a row out of a set and tell of it, or raise `Broken`."""
    match entity.path:
        case (
            "generaljournalentry/GeneralJournalEntries" | purchases.PATH | "financialtransaction/BankEntries"
        ):
            delete_entry(book, book["entries"].get(row["EntryID"]) or row)
        case "purchaseentry/PurchaseEntryLines":
            purchases.delete_line(book, tenant.switches, row)
        case "webhooks/WebhookSubscriptions":
            book.remove("subscriptions", row)
        case "documents/Documents":
            archive.delete(book, row)
        case "documents/DocumentAttachments":
            book.remove("attachments", row)
        case "crm/BankAccounts":
            suppliers.remove_bank_account(book, row)
        case "crm/Contacts":
            book.remove("contacts", row)
        case "financial/ExchangeRates":
            book.remove("rates", row)
        case path:
            masters.delete(book, tenant.switches, masters.MASTERS[path], row)
            if path == RELATIONS:
                suppliers.remove_all_of(book, row)
    tenant.webhooks.tell_of(book, entity.path, "Delete", row)


def tell_of_document(webhooks: Webhooks, book: DivisionBook, purchase: Row) -> None:
    """Tell of the document that came with a purchase entry, if it is one that did."""
    document = book["documents"].get(purchase.get("Document"))
    if document is not None and document.get("_of_entry") == purchase["EntryID"]:
        webhooks.tell_of(book, "documents/Documents", "Create", document)


def _created(tenant: Tenant, book: DivisionBook, entity: Entity, values: Json, base_url: str) -> Row:
    switches = tenant.switches
    match entity.path:
        case "generaljournalentry/GeneralJournalEntries":
            return post_entry(book, switches, values, values.pop("GeneralJournalEntryLines", None) or [])
        case "generaljournalentry/GeneralJournalEntryLines":
            return post_line(book, switches, values)
        case purchases.PATH:
            return purchases.post(book, switches, values, values.pop("PurchaseEntryLines", None) or [])
        case "purchaseentry/PurchaseEntryLines":
            return purchases.post_line(book, switches, values)
        case "financialtransaction/BankEntries":
            return banking.post(book, switches, values, values.pop("BankEntryLines", None) or [])
        case "financialtransaction/BankEntryLines":
            return banking.post_line(book, switches, values)
        case "documents/Documents":
            return archive.create(book, switches, values)
        case "documents/DocumentAttachments":
            return archive.attach(book, switches, values)
        case "crm/BankAccounts":
            return suppliers.add_bank_account(book, switches, values)
        case "crm/Contacts":
            return suppliers.add_contact(book, switches, values)
        case "financial/ExchangeRates":
            return suppliers.add_rate(book, values)
        case "webhooks/WebhookSubscriptions":
            return tenant.webhooks.subscribe(book, values, base_url)
        case path if path in HR_WRITES:
            return employees.create(book, path, values)
        case path:
            _refuse(_REFERENCES[path](book, values) if path in _REFERENCES else [])
            return masters.create(book, switches, masters.MASTERS[path], values)


def _refuse(problems: list[str]) -> None:
    if problems:
        raise Broken(*problems)


def child_rows(book: DivisionBook, name: str) -> Callable[[Row], Any]:
    """The rows of a child collection, by the row they belong to."""
    match name:
        case "VATPercentages":
            return lambda row: book["vat_percentages"].all("VATCodeID", row["ID"])
        case "BankAccounts":
            return lambda row: book["bank_accounts"].all("Account", row["ID"])
        case "PurchaseEntryLines":
            return lambda row: purchases.lines_of(book, row)
        case "BankEntryLines":
            return lambda row: book["bank_lines"].all("EntryID", row["EntryID"])
    return book.entry_lines
