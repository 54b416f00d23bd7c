"""What a person at the vendor's screen, or an administrator, does: the actions of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.dynamics_fo import dimensions, journals
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.books import amount_text
from ml_connector_sandbox.systems.dynamics_fo.screen_masters import MASTER_ACTIONS, account_of, company_of
from ml_connector_sandbox.systems.dynamics_fo.signin import SignIn
from ml_connector_sandbox.systems.dynamics_fo.throttle import Throttle
from ml_connector_sandbox.systems.dynamics_fo.webhooks import Webhooks

_TEXTS = {"text": "Text", "reference": "Document"}


class Tenant(Protocol):
    """What the actions need of the vendor."""

    book: Book
    switches: Switches
    sign_in: SignIn
    throttle: Throttle
    webhooks: Webhooks
    conflicts: int
    job_results: list[Json]

    def run_posting_job(self, *, company: str | None = None, only: str | None = None) -> Json:
        """Post what can be posted."""
        ...


def act(tenant: Tenant, action: str, arguments: Json) -> Json:
    """Carry out an action; `KeyError` for an action, journal or code that does not exist."""
    if action not in ACTIONS:
        raise KeyError(f"action {action}; there are {', '.join(sorted(ACTIONS))}")
    with tenant.book.transaction():
        return ACTIONS[action](tenant, arguments)


def _journal(tenant: Tenant, arguments: Json) -> Row:
    """By `id` or `number`, or, with neither, the last one there is; in a company where `entity` is given."""
    wanted, company = arguments.get("id", arguments.get("number")), company_of(tenant, arguments)
    found = [
        row
        for row in tenant.book["headers"]
        if wanted in (None, row["JournalBatchNumber"]) and company in (None, row["dataAreaId"])
    ]
    if not found:
        raise KeyError(f"journal {wanted or '(none is booked)'}")
    return found[-1]


def _named(header: Row) -> Json:
    return {"id": header["JournalBatchNumber"], "number": header["JournalBatchNumber"]}


def _delete(tenant: Tenant, arguments: Json) -> Json:
    """A journal with its lines, and what it left in the ledger if it was posted."""
    header = _journal(tenant, arguments)
    book = tenant.book
    for line in book.journal_lines(header):
        for entry in [row for row in book["gl_lines"] if row["_line"] == line["RecId"]]:
            book["gl_lines"].remove(entry)
        book["lines"].remove(line)
    book["headers"].remove(header)
    return {"deleted": header["JournalBatchNumber"], **_named(header)}


def _double(tenant: Tenant, arguments: Json) -> Json:
    """The same journal again, under the next number; posted if the first is, unless `"post": false` leaves
    it to the job.
    """
    header = _journal(tenant, arguments)
    made = _again(tenant, header, {})
    if header["IsPosted"] == "Yes" and arguments.get("post", True):
        tenant.run_posting_job(only=made["JournalBatchNumber"])
    return _named(made)


def _reverse(tenant: Tenant, arguments: Json) -> Json:
    """A posted journal taken back: a mirrored one on the same days and dimensions, posted at once, with a
    text of its own. `"failed"` says why it was not posted.
    """
    header, book = _journal(tenant, arguments), tenant.book
    number = header["JournalBatchNumber"]
    if header["IsPosted"] != "Yes":
        raise ValueError(f"journal {number} is not posted; it can be deleted")
    text = str(arguments.get("text", f"Reversal of {number}"))
    made = _again(tenant, header, {"Description": text, "IntegrationKey": "", "_reverses": number})
    for line in book.journal_lines(made):
        sides = {"DebitAmount": line["CreditAmount"], "CreditAmount": line["DebitAmount"]}
        book.change("lines", line, {**sides, "Text": text, "Document": ""})
    return {**_named(made), **tenant.run_posting_job(only=made["JournalBatchNumber"])}


def _again(tenant: Tenant, header: Row, changes: Json) -> Row:
    """A journal with the lines of another, not posted."""
    book, company = tenant.book, header["dataAreaId"]
    number = book.next_number(f"journal {company}", f"{company.upper()}-######")
    left = ("RecId", "RecVersion", "_posted", "_reverses")
    kept = {name: value for name, value in header.items() if name not in left}
    made = book.add("headers", {**kept, **changes, "JournalBatchNumber": number, "IsPosted": "No"})
    for line in book.journal_lines(header):
        same = {name: value for name, value in line.items() if name not in ("RecId", "RecVersion")}
        book.add("lines", {**same, "JournalBatchNumber": number, "_hidden": False})
    return made


def _edit(tenant: Tenant, arguments: Json) -> Json:
    """`{"id", "line": 1, "amount", "text", "reference", "account", "cost_center", "dimensions"}`, posted or
    not.
    """
    header, book = _journal(tenant, arguments), tenant.book
    number = int(arguments.get("line", 1))
    line = next((row for row in book.journal_lines(header) if row["LineNumber"] == number), None)
    if line is None:
        raise KeyError(f"line {number} of journal {header['JournalBatchNumber']}")
    changes: dict[str, Any] = {
        field: str(arguments[name]) for name, field in _TEXTS.items() if name in arguments
    }
    if "amount" in arguments:
        amount = Decimal(str(arguments["amount"]))
        changes |= {"DebitAmount": max(amount, Decimal(0)), "CreditAmount": max(-amount, Decimal(0))}
    if "account" in arguments:
        changes["_account"] = account_of(tenant, arguments)["MainAccountId"]
    held = _held(book, arguments)
    if held:
        changes["_dimensions"] = {**line["_dimensions"], **held}
    if not changes:
        raise ValueError("edit takes one of amount, text, reference, account, cost_center, dimensions")
    book.change("lines", line, changes)
    for entry in [row for row in book["gl_lines"] if row["_line"] == line["RecId"]]:
        signed = (line["DebitAmount"] - line["CreditAmount"]) * entry["_sign"]
        shown = dimensions.show_account(book, line["_account"], line["_dimensions"], tenant.switches)
        own = journals.in_accounting_currency(book, line) * entry["_sign"]
        book.change(
            "gl_lines",
            entry,
            {"TransactionCurrencyAmount": signed, "AccountingCurrencyAmount": own, "LedgerAccount": shown},
        )
    return {
        **_named(header),
        "line": number,
        "amount": amount_text(line["DebitAmount"] - line["CreditAmount"]),
    }


def _book_by_hand(tenant: Tenant, arguments: Json) -> Json:
    """A journal entered at the screen, without any marker; posted at once with `"post": true`."""
    book, switches = tenant.book, tenant.switches
    day = date.fromisoformat(arguments["date"]) if "date" in arguments else None
    company = company_of(tenant, arguments) or str(next(iter(book["ledgers"]))["LegalEntityId"])
    name = arguments.get("journal") or next(
        row["Name"] for row in book["journal_names"] if row["Type"] == "Daily"
    )
    header = journals.post_header(
        book, switches, {"dataAreaId": company, "JournalName": name, "Description": arguments.get("text", "")}
    )
    for line in arguments["lines"]:
        amount = Decimal(str(line["amount"]))
        held = _held(book, line)
        journals.post_line(
            book,
            switches,
            {
                "dataAreaId": company,
                "JournalBatchNumber": header["JournalBatchNumber"],
                "AccountDisplayValue": dimensions.show_account(book, str(line["account"]), held, switches),
                "DebitAmount": max(amount, Decimal(0)),
                "CreditAmount": max(-amount, Decimal(0)),
                "TransDate": day,
                "Text": line.get("text", ""),
                "Document": line.get("reference", ""),
                "Voucher": line.get("voucher", "BYHAND"),
            },
        )
    result = tenant.run_posting_job(only=header["JournalBatchNumber"]) if arguments.get("post") else {}
    return {**_named(header), **result}


def _held(book: Book, given: Json) -> dict[str, str]:
    """The dimensions of a line by the vendor's names: from `dimensions`, whose keys are those names or their
    axes, and `cost_center`.
    """
    named: dict[str, Any] = dict(given.get("dimensions") or {})
    if given.get("cost_center") is not None:
        named["cost_center"] = given["cost_center"]
    by_axis = {axis: name for name, axis in book.axes.items()}
    held: dict[str, str] = {by_axis.get(name, name): str(value) for name, value in named.items()}
    unknown = sorted(set(held) - set(book.axes))
    if unknown:
        raise KeyError(f"dimension {unknown[0]}; there are {', '.join(sorted(book.axes))}")
    return held


def _run_job(tenant: Tenant, arguments: Json) -> Json:
    return tenant.run_posting_job(company=company_of(tenant, arguments), only=arguments.get("id"))


def _approve(tenant: Tenant, arguments: Json) -> Json:
    header = _journal(tenant, arguments)
    tenant.book.change("headers", header, {"_approved": True})
    return _named(header)


def _job_log(tenant: Tenant, _: Json) -> Json:
    return {"runs": tenant.job_results}


def _revoke(tenant: Tenant, _: Json) -> Json:
    return {"revoked": tenant.sign_in.revoke()}


def _pressure(tenant: Tenant, arguments: Json) -> Json:
    tenant.throttle.press(
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


def _events(tenant: Tenant, _: Json) -> Json:
    return {"endpoints": tenant.webhooks.endpoints, "sent": tenant.webhooks.outbox.sent}


ACTIONS: Mapping[str, Callable[[Tenant, Json], Json]] = {
    "delete": _delete,
    "double": _double,
    "reverse": _reverse,
    "edit": _edit,
    "book": _book_by_hand,
    "approve": _approve,
    "run_posting_job": _run_job,
    "posting_log": _job_log,
    **MASTER_ACTIONS,
    "revoke_tokens": _revoke,
    "pressure": _pressure,
    "update_conflict": _conflict,
    "post_payment_journal": _post_payment,
    "activate_event": _activate_event,
    "events": _events,
}
