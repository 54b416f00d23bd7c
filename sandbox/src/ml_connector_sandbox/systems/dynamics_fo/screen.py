"""What a person at the vendor's screen, or an administrator, does: the book for the actions of every ledger,
and the vendor's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from ml_connector_sandbox.core import screen
from ml_connector_sandbox.core.screen import Screen, actions
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.dynamics_fo import dimensions, journals
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.documents import members
from ml_connector_sandbox.systems.dynamics_fo.limits import Limits
from ml_connector_sandbox.systems.dynamics_fo.masters import set_period
from ml_connector_sandbox.systems.dynamics_fo.schema import BLANK_DATE
from ml_connector_sandbox.systems.dynamics_fo.screen_masters import (
    MASTER_ACTIONS,
    account_of,
    company_of,
    value_of,
)
from ml_connector_sandbox.systems.dynamics_fo.signin import SignIn
from ml_connector_sandbox.systems.dynamics_fo.webhooks import Webhooks


class Tenant(Protocol):
    """What the actions need of the vendor."""

    book: Book
    switches: Switches
    sign_in: SignIn
    limits: Limits
    webhooks: Webhooks
    conflicts: int
    job_results: list[Json]

    def run_posting_job(self, *, company: str | None = None, only: str | None = None) -> Json:
        """Post what can be posted."""
        ...


@dataclass(frozen=True, slots=True)
class Ledger(screen.Ledger[str | None]):
    """One book with all companies in it; where none is named, every company is meant."""

    tenant: Tenant

    @property
    def book(self) -> Book:
        """The book."""
        return self.tenant.book

    def company(self, code: str | None) -> str | None:
        return company_of(self.tenant, {} if code is None else {"entity": code})

    def documents(self, company: str | None) -> Iterable[tuple[str | None, Row]]:
        return ((company, row) for row in self.book["headers"] if company in (None, row["dataAreaId"]))

    def named(self, document: Row) -> dict[str, str]:
        return {"id": document["JournalBatchNumber"], "number": document["JournalBatchNumber"]}

    def axes(self, company: str | None) -> Mapping[str, str]:
        """The vendor's names, and the axes they stand for."""
        return {known: name for name, axis in self.book.axes.items() for known in (name, axis)}

    def account(self, company: str | None, code: str) -> Row:
        return account_of(self.book, code)

    def line(self, company: str | None, document: Row, number: int) -> Row | None:
        lines = self.book.journal_lines(document)
        return next((row for row in lines if row["LineNumber"] == number), None)

    def enter(self, company: str | None, typed: Json, day: datetime | None, lines: list[Json]) -> Json:
        """Posted at once with `"post": true`."""
        book, switches = self.book, self.tenant.switches
        owner = company or str(next(iter(book["ledgers"]))["LegalEntityId"])
        name = typed.get("journal") or next(
            row["Name"] for row in book["journal_names"] if row["Type"] == "Daily"
        )
        header = journals.post_header(
            book, switches, {"dataAreaId": owner, "JournalName": name, "Description": typed.get("text", "")}
        )
        for line in lines:
            shown = dimensions.show_account(book, line["account"], _held(line), switches)
            row = {
                "dataAreaId": owner,
                "JournalBatchNumber": header["JournalBatchNumber"],
                "AccountDisplayValue": shown,
                **_sides(line["amount"]),
                "TransDate": day.date() if day else None,
                "Text": line.get("text") or "",
                "Document": line.get("reference") or "",
                "Voucher": line.get("voucher", "BYHAND"),
            }
            journals.post_line(book, switches, row)
        return {**self.named(header), **(self._post(header) if typed.get("post") else {})}

    def change(self, company: str | None, document: Row, line: Row, changes: Json) -> None:
        """Of the journal, and of what it left in the ledger if it was posted."""
        book = self.book
        names = {"text": "Text", "reference": "Document", "account": "_account"}
        row: Json = {names[name]: value or "" for name, value in changes.items() if name in names}
        if "amount" in changes:
            row |= _sides(changes["amount"])
        if "dimensions" in changes:
            row["_dimensions"] = {**line["_dimensions"], **_held(changes)}
        book.change("lines", line, row)
        for entry in [row for row in book["gl_lines"] if row["_line"] == line["RecId"]]:
            signed = (line["DebitAmount"] - line["CreditAmount"]) * entry["_sign"]
            own = journals.in_accounting_currency(book, line) * entry["_sign"]
            shown = dimensions.show_account(book, line["_account"], line["_dimensions"], self.tenant.switches)
            book.change(
                "gl_lines",
                entry,
                {
                    "TransactionCurrencyAmount": signed,
                    "AccountingCurrencyAmount": own,
                    "LedgerAccount": shown,
                },
            )

    def double(self, company: str | None, document: Row, typed: Json) -> Json:
        """Posted if the first is, unless `"post": false` leaves it to the job."""
        made = self.again(document, {})
        if document["IsPosted"] == "Yes" and typed.get("post", True):
            self._post(made)
        return self.named(made)

    def again(self, header: Row, changes: Json) -> Row:
        """A journal with the lines of another, not posted."""
        book, owner = self.book, header["dataAreaId"]
        number = book.next_number(f"journal {owner}", f"{owner.upper()}-######")
        left = ("RecId", "RecVersion", "_posted", "_reverses")
        kept = {name: value for name, value in header.items() if name not in left}
        made = book.add("headers", {**kept, **changes, "JournalBatchNumber": number, "IsPosted": "No"})
        for line in book.journal_lines(header):
            same = {name: value for name, value in line.items() if name not in ("RecId", "RecVersion")}
            book.add("lines", {**same, "JournalBatchNumber": number, "_hidden": False})
        return made

    def remove(self, company: str | None, document: Row) -> None:
        """A journal with its lines, and what it left in the ledger if it was posted."""
        book = self.book
        for line in book.journal_lines(document):
            for entry in [row for row in book["gl_lines"] if row["_line"] == line["RecId"]]:
                book["gl_lines"].remove(entry)
            book["lines"].remove(line)
        book["headers"].remove(document)

    def set_period(self, company: str | None, typed: Json, *, closed: bool) -> Json:
        changed = set_period(self.book, self.tenant.switches, company, str(typed["period"]), closed=closed)
        return {"closed" if closed else "open": changed}

    def block(self, company: str | None, account: Row, *, blocked: bool) -> Json:
        """For manual entry."""
        flag = {"DoNotAllowManualEntry": "Yes" if blocked else "No"}
        self.book.change("accounts", account, flag)
        return {"account": account["MainAccountId"], **flag}

    def end(self, company: str | None, code: str, last: date | None) -> tuple[str, date]:
        row = self._cost_center(company, code)
        day = last or self.book.now().date()
        self.book.change("dimension_values", row, {"ActiveTo": day})
        return row["DimensionValue"], day

    def reopen(self, company: str | None, code: str) -> str:
        row = self._cost_center(company, code)
        changes = {"ActiveTo": BLANK_DATE, "IsSuspended": "No", "IsBlockedForManualEntry": "No"}
        self.book.change("dimension_values", row, changes)
        return str(row["DimensionValue"])

    def _cost_center(self, company: str | None, code: str) -> Row:
        """The value of the dimension that holds cost centers."""
        name = next((name for name, axis in self.book.axes.items() if axis == "cost_center"), None)
        if name is None:
            raise ValueError("no dimension of this ledger holds cost centers")
        return value_of(self.book, name, code, company)

    def _post(self, header: Row) -> Json:
        return self.tenant.run_posting_job(only=header["JournalBatchNumber"])


def _sides(amount: Decimal) -> Json:
    return {"DebitAmount": max(amount, Decimal(0)), "CreditAmount": max(-amount, Decimal(0))}


def _held(line: Json) -> dict[str, str]:
    return {name: code for name, code in (line.get("dimensions") or {}).items() if code is not None}


def _journal(tenant: Tenant, arguments: Json) -> Row:
    return Screen(Ledger(tenant)).document(arguments)[1]


def _reverse(tenant: Tenant, arguments: Json) -> Json:
    """A posted journal taken back: a mirrored one on the same days and dimensions, posted at once, with a
    text of its own. `"failed"` says why it was not posted.
    """
    ledger, book, header = Ledger(tenant), tenant.book, _journal(tenant, arguments)
    number = header["JournalBatchNumber"]
    if header["IsPosted"] != "Yes":
        raise ValueError(f"journal {number} is not posted; it can be deleted")
    text = str(arguments.get("text", f"Reversal of {number}"))
    made = ledger.again(header, {"Description": text, "IntegrationKey": "", "_reverses": number})
    for line in book.journal_lines(made):
        sides = {"DebitAmount": line["CreditAmount"], "CreditAmount": line["DebitAmount"]}
        book.change("lines", line, {**sides, "Text": text, "Document": ""})
    return {**ledger.named(made), **tenant.run_posting_job(only=made["JournalBatchNumber"])}


def _run_job(tenant: Tenant, arguments: Json) -> Json:
    return tenant.run_posting_job(company=company_of(tenant, arguments), only=arguments.get("id"))


def _approve(tenant: Tenant, arguments: Json) -> Json:
    header = _journal(tenant, arguments)
    tenant.book.change("headers", header, {"_approved": True})
    return Ledger(tenant).named(header)


def _job_log(tenant: Tenant, _: Json) -> Json:
    return {"runs": tenant.job_results}


def _revoke(tenant: Tenant, _: Json) -> Json:
    return {"revoked": tenant.sign_in.tokens.revoke()}


def _pressure(tenant: Tenant, arguments: Json) -> Json:
    tenant.limits.press(
        operations=int(arguments.get("operations", 1)),
        skip=int(arguments.get("skip", 0)),
        where=str(arguments.get("where", "any")),
        retry_after=arguments.get("retry_after"),
    )
    return {"operations": int(arguments.get("operations", 1))}


def _conflict(tenant: Tenant, arguments: Json) -> Json:
    tenant.conflicts = int(arguments.get("times", 1))
    return {"times": tenant.conflicts}


def _post_payment(tenant: Tenant, arguments: Json) -> Json:
    """Post a vendor payment journal: the journal and a business event per line."""
    found = [
        row
        for row in tenant.book["vendor_payments"]
        if arguments.get("id") in (None, row["JournalBatchNumber"])
    ]
    if not found:
        raise KeyError(f"vendor payment journal {arguments.get('id')}")
    header = found[-1]
    tenant.book.change("vendor_payments", header, {"IsPosted": "Yes"})
    for line in tenant.book["vendor_payment_lines"].all("JournalBatchNumber", header["JournalBatchNumber"]):
        fields = {
            "VendorAccount": line["AccountDisplayValue"],
            "Voucher": line["Voucher"],
            "JournalBatchNumber": header["JournalBatchNumber"],
        }
        tenant.webhooks.tell("VendorPaymentPostedBusinessEvent", header["dataAreaId"], fields)
    return {"id": header["JournalBatchNumber"]}


def _activate_event(tenant: Tenant, arguments: Json) -> Json:
    return tenant.webhooks.activate(
        str(arguments["event"]), str(arguments["url"]), str(arguments.get("entity", ""))
    )


def _activate_data_event(tenant: Tenant, arguments: Json) -> Json:
    return tenant.webhooks.activate_data(str(arguments["set"]), str(arguments["url"]))


def _events(tenant: Tenant, _: Json) -> Json:
    hooks = tenant.webhooks
    return {"endpoints": hooks.endpoints, "data_endpoints": hooks.data_endpoints, **hooks.outbox.describe()}


ACTIONS: Mapping[str, Callable[[Tenant, Json], Json]] = {
    **actions(Ledger),
    "reverse": _reverse,
    "approve": _approve,
    "run_posting_job": _run_job,
    "posting_log": _job_log,
    **MASTER_ACTIONS,
    "revoke_tokens": _revoke,
    "pressure": _pressure,
    "update_conflict": _conflict,
    "post_payment_journal": _post_payment,
    "activate_event": _activate_event,
    "activate_data_event": _activate_data_event,
    "deactivate_events": lambda tenant, typed: tenant.webhooks.deactivate(str(typed.get("url", ""))),
    "events": _events,
    "members": lambda tenant, _: members(tenant.book),
    "deliver": lambda tenant, _: {"delivered": tenant.webhooks.outbox.deliver()},
}
