"""The rules for purchase entries: the header with its defaults, suppliers, terms, duplicates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Row
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.dimensions import CENT, document_of, fit, midnight
from ml_connector_sandbox.systems.exact_online.entries import (
    NO_PERIOD,
    RATE_RANGE,
    currency_of,
    period_of,
    unbalanced,
)
from ml_connector_sandbox.systems.exact_online.masters import TEXT_MAX
from ml_connector_sandbox.systems.exact_online.payables import due_date

KINDS = {22: "purchase"}
"""The journals of purchase entries, by type."""
YOUR_REF_MAX = 30
_KEPT = (
    *("EntryID", "EntryNumber", "InvoiceNumber", "Description", "YourRef", "PaymentReference", "Document"),
    *("BatchNumber", "OrderNumber", "ExternalLinkReference", "GAccountAmountFC"),
)
_NOT_A_COST = {20, 22}
_STRICT_ABOUT_TERMS = ("DE", "ES")


def header(
    book: DivisionBook,
    switches: Switches,
    values: Mapping[str, Any],
    journal: Row | None,
    creditor: Row | None,
    problems: list[str],
) -> Row:
    """The header as it is kept, with every default; `_factor` times FC is DC."""
    day = midnight(values.get("EntryDate") or book.now())
    head: Row = {name: values.get(name) for name in _KEPT}
    head |= {"EntryDate": day, "Reversal": bool(values.get("Reversal"))}
    head["ProcessNumber"] = values.get("ProcessNumber") or 0
    fit(switches, head, "Description", TEXT_MAX, problems)
    fit(switches, head, "YourRef", YOUR_REF_MAX, problems)
    supplier = _supplier(book, switches, values.get("Supplier"), day, creditor, problems)
    head |= {
        "Supplier": values.get("Supplier"),
        "SupplierName": supplier.get("Name"),
        "_supplier_code": supplier.get("Code"),
    }
    if journal is not None:
        head |= {"Journal": journal["Code"], "JournalDescription": journal["Description"]}
        if creditor is None and journal["Type"] in KINDS:
            problems.append("Mandatory: G/L account - Accounts payable")
    year, period = period_of(book, values.get("ReportingYear"), values.get("ReportingPeriod"), day, problems)
    head |= {"ReportingYear": year, "ReportingPeriod": period}
    _money(book, switches, values, journal, head, problems)
    _terms(book, values, supplier, head, problems)
    document_of(book, head, problems)
    return head


def line(book: DivisionBook, account: Row | None, row: Row, problems: list[str]) -> None:
    """The rules for a line that only purchases have: no receivables or payables, both dates of a deferral
    or none, and periods for both.
    """
    if account is not None and account["Type"] in _NOT_A_COST:
        problems.append("Invalid: G/L account type")
    first, last = row.get("From"), row.get("To")
    if (first is None) is not (last is None):
        problems.append("Mandatory: From and To")
    elif first is not None and last is not None:
        if last < first:
            problems.append("Invalid: To")
        if book.period_of(first) is None or book.period_of(last) is None:
            problems.append(NO_PERIOD)


def duplicates(book: DivisionBook, switches: Switches, head: Row, old: Row | None) -> list[str]:
    """What is said of an invoice that looks like one that was booked: by supplier, reference, date and
    amount, or by switch on the supplier's reference alone.
    """
    rule, ref = switches["duplicate_check"], str(head.get("YourRef") or "").rstrip()
    if rule == "off" or (rule == "your_ref" and not ref):
        return []
    same = [
        row
        for row in book["purchases"].all("Supplier", head["Supplier"])
        if row is not old and str(row.get("YourRef") or "").rstrip() == ref
    ]
    if rule == "matrix":
        alike = (head["EntryDate"], head["AmountFC"])
        same = [row for row in same if (row["EntryDate"], row["AmountFC"]) == alike]
    return ["Already exists: Your ref."] if same else []


def foreign_vat(book: DivisionBook, switches: Switches, head: Row) -> list[str]:
    """By switch, VAT on an invoice in another currency leaves a cent."""
    if not switches["foreign_vat_unbalances"] or head["Currency"] == book.currency or not head["_tax"]:
        return []
    period = (head["ReportingYear"], head["ReportingPeriod"])
    return [unbalanced(*period, "Purchase entry", head["Currency"], -CENT)]


def rate_on(book: DivisionBook, switches: Switches, currency: str, day: datetime) -> Decimal | None:
    """What one of that currency is worth in the division's, by the table of rates."""
    rows = [row for row in book["rates"].all("SourceCurrency", currency) if row["StartDate"] <= day]
    newest = max(rows, key=lambda row: row["StartDate"], default=None)
    if newest is None:
        return None
    rate = Decimal(newest["Rate"])
    return rate if switches["exchange_rates_are"] == "dc_per_fc" else _turned(rate)


def _turned(rate: Decimal) -> Decimal:
    return (1 / rate).quantize(Decimal("0.000000000001"))


def _supplier(
    book: DivisionBook, switches: Switches, key: Any, day: datetime, creditor: Row | None, problems: list[str]
) -> Row:
    if not key:
        problems.append("Mandatory: Supplier")
        return {}
    supplier = book["relations"].get(key)
    if supplier is None:
        problems.append("Invalid reference: Supplier")
        return {}
    if not supplier.get("IsSupplier"):
        problems.append("Invalid: Supplier (Type)")
    if supplier.get("Blocked") and switches["blocked_supplier"] == "refuse":
        problems.append(f"Blocked: Account: {supplier['Code'].strip()}")
    judged = day if switches["ended_supplier_judged_by"] == "entry" else midnight(book.now())
    ends = supplier.get("EndDate")
    if ends is not None and judged > ends and switches["ended_supplier"] == "refuse":
        problems.append(f"Inactive: Account: {supplier['Code'].strip()}")
    own = supplier.get("GLAP")
    if own and creditor is not None and own != creditor["ID"]:
        held = book["accounts"].get(own) or {}
        problems.append(
            f"Invalid: G/L account - Accounts payable of the supplier ({held.get('Code')}) and of the journal"
            f" ({creditor['Code']}) differ"
        )
    return supplier


def _money(
    book: DivisionBook,
    switches: Switches,
    values: Mapping[str, Any],
    journal: Row | None,
    head: Row,
    problems: list[str],
) -> None:
    own = (journal or {}).get("Currency") or book.currency
    wanted = str(values.get("Currency") or own).strip()
    sent, found = values.get("Rate"), None
    if sent is None and wanted != book.currency:
        found = rate_on(book, switches, wanted, head["EntryDate"])
    currency, rate = currency_of(book, journal, wanted, sent, problems)
    factor = rate
    if found is not None:
        factor = found
        rate = found if switches["purchase_rate"] == "fc_times_rate" else _turned(found)
    elif RATE_RANGE[0] <= rate < RATE_RANGE[1] and switches["purchase_rate"] != "fc_times_rate":
        factor = _turned(rate)
    head |= {"Currency": currency, "Rate": rate, "_factor": factor}


def _terms(
    book: DivisionBook, values: Mapping[str, Any], supplier: Row, head: Row, problems: list[str]
) -> None:
    code = (
        values.get("PaymentCondition") or supplier.get("PaymentConditionPurchase") or book.default_condition
    )
    condition = book["conditions"].first("Code", str(code)) if code else None
    if code and condition is None:
        problems.append("Invalid reference: Payment condition")
    if not code and book.country in _STRICT_ABOUT_TERMS:
        problems.append("Mandatory: Payment condition")
    known = condition or {}
    given = values.get("DueDate") if values.get("_due_given", True) else None
    head |= {
        "PaymentCondition": known.get("Code"),
        "PaymentConditionDescription": known.get("Description"),
        "PaymentConditionPaymentMethod": known.get("PaymentMethod"),
        "_due_given": given is not None,
        "DueDate": midnight(given) if given is not None else due_date(known, head["EntryDate"]),
    }
