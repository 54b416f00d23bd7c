"""What a person at the vendor's screen, or an administrator, does: the actions of the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.dynamics_fo import dimensions, journals
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.books import amount_text
from ml_connector_sandbox.systems.dynamics_fo.events import Events
from ml_connector_sandbox.systems.dynamics_fo.render import Row
from ml_connector_sandbox.systems.dynamics_fo.seed import add_value, set_period
from ml_connector_sandbox.systems.dynamics_fo.signin import SignIn
from ml_connector_sandbox.systems.dynamics_fo.throttle import Throttle

_TEXTS = {"text": "Text", "reference": "Document"}


class Tenant(Protocol):
    """What the actions need of the vendor."""

    book: Book
    switches: Switches
    sign_in: SignIn
    throttle: Throttle
    events: Events
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
    """By `id` or `number`, or, with neither, the last one there is."""
    wanted = arguments.get("id", arguments.get("number"))
    found = [row for row in tenant.book["headers"] if wanted in (None, row["JournalBatchNumber"])]
    if not found:
        raise KeyError(f"journal {wanted}")
    return found[-1]


def _delete(tenant: Tenant, arguments: Json) -> Json:
    """A journal with its lines, and what it left in the ledger if it was posted."""
    header = _journal(tenant, arguments)
    book = tenant.book
    for line in book.journal_lines(header):
        for entry in [row for row in book["gl_lines"] if row["_line"] == line["RecId"]]:
            book["gl_lines"].remove(entry)
        book["lines"].remove(line)
    book["headers"].remove(header)
    return {"id": header["JournalBatchNumber"]}


def _double(tenant: Tenant, arguments: Json) -> Json:
    """The same journal again, under the next number; posted if the first is."""
    header, book = _journal(tenant, arguments), tenant.book
    number = book.next_number(f"journal {header['dataAreaId']}", f"{header['dataAreaId'].upper()}-######")
    kept = {name: value for name, value in header.items() if name not in ("RecId", "RecVersion", "_posted")}
    book.add("headers", {**kept, "JournalBatchNumber": number, "IsPosted": "No"})
    for line in book.journal_lines(header):
        book.add(
            "lines",
            {
                **{n: v for n, v in line.items() if n not in ("RecId", "RecVersion")},
                "JournalBatchNumber": number,
                "_hidden": False,
            },
        )
    if header["IsPosted"] == "Yes":
        tenant.run_posting_job(only=number)
    return {"id": number}


def _edit(tenant: Tenant, arguments: Json) -> Json:
    """`{"id", "line": 1, "amount", "text", "reference", "account", "dimensions": {"CostCenter": "…"}}`,
    posted or not.
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
        changes["_account"] = _account(tenant, arguments)["MainAccountId"]
    if "dimensions" in arguments:
        changes["_dimensions"] = {**line["_dimensions"], **_names(book, arguments["dimensions"])}
    if not changes:
        raise ValueError("edit takes one of amount, text, reference, account, dimensions")
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
        "id": header["JournalBatchNumber"],
        "line": number,
        "amount": amount_text(line["DebitAmount"] - line["CreditAmount"]),
    }


def _book_by_hand(tenant: Tenant, arguments: Json) -> Json:
    """A journal entered at the screen, without any marker; posted at once with `"post": true`."""
    book, switches = tenant.book, tenant.switches
    company = _company(tenant, arguments) or str(next(iter(book["ledgers"]))["LegalEntityId"])
    name = arguments.get("journal") or next(
        row["Name"] for row in book["journal_names"] if row["Type"] == "Daily"
    )
    header = journals.post_header(
        book, switches, {"dataAreaId": company, "JournalName": name, "Description": arguments.get("text", "")}
    )
    for line in arguments["lines"]:
        amount = Decimal(str(line["amount"]))
        held = _names(book, line.get("dimensions", {}))
        journals.post_line(
            book,
            switches,
            {
                "dataAreaId": company,
                "JournalBatchNumber": header["JournalBatchNumber"],
                "AccountDisplayValue": dimensions.show_account(book, str(line["account"]), held, switches),
                "DebitAmount": max(amount, Decimal(0)),
                "CreditAmount": max(-amount, Decimal(0)),
                "TransDate": date.fromisoformat(arguments["date"]) if "date" in arguments else None,
                "Text": line.get("text", ""),
                "Document": line.get("reference", ""),
                "Voucher": line.get("voucher", "BYHAND"),
            },
        )
    result = tenant.run_posting_job(only=header["JournalBatchNumber"]) if arguments.get("post") else {}
    return {"id": header["JournalBatchNumber"], **result}


def _names(book: Book, given: Mapping[str, Any]) -> dict[str, str]:
    """Dimensions by the vendor's names, from those or from the axes."""
    by_axis = {axis: name for name, axis in book.axes.items()}
    return {by_axis.get(name, name): str(value) for name, value in given.items()}


def _run_job(tenant: Tenant, arguments: Json) -> Json:
    return tenant.run_posting_job(company=_company(tenant, arguments), only=arguments.get("id"))


def _approve(tenant: Tenant, arguments: Json) -> Json:
    header = _journal(tenant, arguments)
    tenant.book.change("headers", header, {"_approved": True})
    return {"id": header["JournalBatchNumber"]}


def _job_log(tenant: Tenant, _: Json) -> Json:
    return {"runs": tenant.job_results}


def _company(tenant: Tenant, arguments: Json) -> str | None:
    code = arguments.get("entity", arguments.get("company"))
    if code is not None and tenant.book["ledgers"].get(code) is None:
        raise KeyError(f"company {code}")
    return code


def _close_period(tenant: Tenant, arguments: Json) -> Json:
    return {
        "closed": set_period(
            tenant.book, tenant.switches, _company(tenant, arguments), str(arguments["period"]), closed=True
        )
    }


def _open_period(tenant: Tenant, arguments: Json) -> Json:
    return {
        "open": set_period(
            tenant.book, tenant.switches, _company(tenant, arguments), str(arguments["period"]), closed=False
        )
    }


def _account(tenant: Tenant, arguments: Json) -> Row:
    code = str(arguments.get("account", arguments.get("code")))
    for row in tenant.book["accounts"]:
        if row["MainAccountId"] == code:
            return row
    raise KeyError(f"account {code}")


def _account_flag(field: str, value: str) -> Callable[[Tenant, Json], Json]:
    def change(tenant: Tenant, arguments: Json) -> Json:
        row = _account(tenant, arguments)
        tenant.book.change("accounts", row, {field: value})
        return {"account": row["MainAccountId"], field: value}

    return change


def _dimension_value(tenant: Tenant, arguments: Json) -> Row:
    name, code = str(arguments["dimension"]), str(arguments["code"])
    row = tenant.book["dimension_values"].get(name, arguments.get("company", ""), code)
    if row is None:
        raise KeyError(f"{name} {code}")
    return row


def _add_value(tenant: Tenant, arguments: Json) -> Json:
    dimension = tenant.book["dimensions"].get(str(arguments["dimension"]))
    if dimension is None:
        raise KeyError(f"dimension {arguments['dimension']}")
    if len(str(arguments["code"])) > journals.LENGTHS["DimensionValue"]:
        raise ValueError(f"code: at most {journals.LENGTHS['DimensionValue']} characters")
    row = add_value(tenant.book, dimension, {"name": arguments.get("name", arguments["code"]), **arguments})
    return {"dimension": row["FinancialDimension"], "code": row["DimensionValue"]}


def _remove_value(tenant: Tenant, arguments: Json) -> Json:
    row = _dimension_value(tenant, arguments)
    tenant.book["dimension_values"].remove(row)
    return {"dimension": row["FinancialDimension"], "code": row["DimensionValue"]}


def _value_flag(field: str, value: str) -> Callable[[Tenant, Json], Json]:
    def change(tenant: Tenant, arguments: Json) -> Json:
        row = _dimension_value(tenant, arguments)
        tenant.book.change("dimension_values", row, {field: value})
        return {"code": row["DimensionValue"], field: value}

    return change


def _set_format(tenant: Tenant, arguments: Json) -> Json:
    """A format under a new name becomes the active one of its kind; only one per kind is."""
    book, kind = tenant.book, dimensions.FORMAT_KINDS[arguments.get("kind", "ledger")]
    for row in book["formats"]:
        if row["DimensionFormatType"] == kind:
            book.change("formats", row, {"IsActive": "No"})
    name = arguments.get("name", "Sandbox")
    row = book["formats"].get(name, kind) or book.add(
        "formats", {"DimensionFormatName": name, "DimensionFormatType": kind}
    )
    book.change("formats", row, {"FinancialDimensionFormat": str(arguments["format"]), "IsActive": "Yes"})
    return {"format": row["FinancialDimensionFormat"]}


def _deactivate_format(tenant: Tenant, arguments: Json) -> Json:
    kind = dimensions.FORMAT_KINDS[arguments.get("kind", "ledger")]
    active = [
        row
        for row in tenant.book["formats"]
        if row["DimensionFormatType"] == kind and row["IsActive"] == "Yes"
    ]
    for row in active:
        tenant.book.change("formats", row, {"IsActive": "No"})
    return {"deactivated": [row["DimensionFormatName"] for row in active]}


def _set_delimiter(tenant: Tenant, arguments: Json) -> Json:
    """Another delimiter; the formats are rewritten with it, as the vendor does."""
    book, before = tenant.book, dimensions.delimiter(tenant.book)
    row = book["dimension_parameters"].get(1)
    assert row is not None
    book.change("dimension_parameters", row, {"DimensionSegmentDelimiter": str(arguments["delimiter"])})
    after = dimensions.delimiter(book)
    for shown in book["formats"]:
        book.change(
            "formats",
            shown,
            {"FinancialDimensionFormat": shown["FinancialDimensionFormat"].replace(before, after)},
        )
    return {"delimiter": after}


def _journal_name(tenant: Tenant, arguments: Json) -> Json:
    """`{"name": "PAYROLL", "set": {"DeleteLinesAfterPosting": "Yes"}}`, in every company or in one."""
    company, name = _company(tenant, arguments), str(arguments["name"])
    found = [
        row
        for row in tenant.book["journal_names"]
        if row["Name"] == name and company in (None, row["dataAreaId"])
    ]
    if not found:
        raise KeyError(f"journal name {name}")
    unknown = set(arguments["set"]) - set(found[0])
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]}: not a field of a journal name")
    for row in found:
        tenant.book.change("journal_names", row, arguments["set"])
    return {"changed": len(found)}


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
        tenant.events.tell("VendorPaymentPostedBusinessEvent", header["dataAreaId"], fields)
    return {"id": header["JournalBatchNumber"]}


def _activate_event(tenant: Tenant, arguments: Json) -> Json:
    return tenant.events.activate(
        str(arguments["event"]), str(arguments["url"]), str(arguments.get("entity", ""))
    )


def _events(tenant: Tenant, _: Json) -> Json:
    return {"endpoints": tenant.events.endpoints, "sent": tenant.events.sent}


ACTIONS: Mapping[str, Callable[[Tenant, Json], Json]] = {
    "delete": _delete,
    "double": _double,
    "edit": _edit,
    "book": _book_by_hand,
    "approve": _approve,
    "run_posting_job": _run_job,
    "posting_log": _job_log,
    "close_period": _close_period,
    "open_period": _open_period,
    "block_account": _account_flag("DoNotAllowManualEntry", "Yes"),
    "unblock_account": _account_flag("DoNotAllowManualEntry", "No"),
    "suspend_account": _account_flag("IsSuspended", "Yes"),
    "activate_account": _account_flag("IsSuspended", "No"),
    "add_dimension_value": _add_value,
    "remove_dimension_value": _remove_value,
    "suspend_dimension_value": _value_flag("IsSuspended", "Yes"),
    "activate_dimension_value": _value_flag("IsSuspended", "No"),
    "block_dimension_value": _value_flag("IsBlockedForManualEntry", "Yes"),
    "set_dimension_format": _set_format,
    "deactivate_format": _deactivate_format,
    "set_delimiter": _set_delimiter,
    "set_journal_name": _journal_name,
    "revoke_tokens": _revoke,
    "pressure": _pressure,
    "update_conflict": _conflict,
    "post_payment_journal": _post_payment,
    "activate_event": _activate_event,
    "events": _events,
}
