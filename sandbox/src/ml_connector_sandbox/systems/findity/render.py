"""Organizations, exports and vouchers as they stand on the wire, by their usual names."""

from __future__ import annotations

from datetime import date, datetime

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.findity.answers import money
from ml_connector_sandbox.systems.findity.book import Book
from ml_connector_sandbox.systems.findity.expenses import TYPES
from ml_connector_sandbox.systems.findity.switches import value_of
from ml_connector_sandbox.systems.findity.vouchers import CREDIT


def organization(row: Row) -> Json:
    """An organization."""
    return {
        "id": row["id"],
        "name": row["name"],
        "externalOrganizationId": row["external_id"],
        "currency": row["currency"],
        "country": row["country"],
    }


def recipient(row: Row) -> Json:
    """Where the exports of an organization go, as a person set it."""
    return {"id": row["recipient"], "verificationListsType": row["grouping"], "journalCode": row["journal"]}


def notice(book: Book, row: Row, client_id: str) -> Json:
    """What a webhook says of an export; these names are the vendor's own."""
    held = book.tables["organizations"][row["organization"]]
    return {
        "exportId": row["id"],
        "numberOfVouchers": len(row["vouchers"]),
        "numberOfReports": len(row["reports"]),
        "organizationId": held["id"],
        "externalOrganizationId": held["external_id"],
        "clientApplicationId": client_id,
    }


def export(book: Book, switches: Switches, row: Row, client_id: str) -> Json:
    """An export of a list."""
    return {
        **notice(book, row, client_id),
        "createdDate": row["made_at"],
        "status": value_of(switches, row["status"]),
        "verificationListsType": row["grouping"],
    }


def voucher(book: Book, switches: Switches, row: Row) -> Json:
    """A voucher, whole."""
    held = book.tables["organizations"][row["organization"]]
    told: Json = {
        "voucherId": row["id"],
        "voucherNumber": row["number"],
        "exportId": row["export"],
        "organizationId": held["id"],
        "verificationListsType": row["grouping"],
        "voucherDate": _dated(book, switches, row).isoformat(),
        "journalCode": held["journal"],
        "currency": held["currency"],
        "status": value_of(switches, row["status"]),
        "message": row["message"],
        "externalReference": row["reference"],
        "user": _user(book.tables["users"][row["user"]]),
        "reports": [_report(report) for report in row["reports"]],
        "rows": [_row(book, switches, held) for held in row["rows"]],
        "attachments": [
            _attachment(book.tables["receipts"][key], expense)
            for expense in row["expenses"]
            for key in expense["receipts"]
        ],
    }
    if switches["expenses_in_voucher"]:
        told["expenses"] = [_expense(expense) for expense in row["expenses"]]
    return told


def _dated(book: Book, switches: Switches, row: Row) -> date:
    if switches["voucher_date"] == "last_expense":
        return max((expense["date"] for expense in row["expenses"]), default=book.now().date())
    if switches["voucher_date"] == "export":
        made_at: datetime = book.tables["exports"][row["export"]]["made_at"]
        return made_at.date()
    approved: list[datetime] = [report["approved_at"] for report in row["reports"]]
    return max(approved).date()


def _user(row: Row) -> Json:
    return {
        "userId": row["id"],
        "name": row["name"],
        "email": row["email"],
        "employeeNumber": row["employee_number"],
        "supplierNumber": row["supplier_number"],
    }


def _report(row: Row) -> Json:
    return {
        "reportId": row["id"],
        "reportNumber": row["number"],
        "title": row["title"],
        "approvedDate": row["approved_at"],
        "approvedBy": row["approved_by"],
    }


def _row(book: Book, switches: Switches, row: Row) -> Json:
    is_negative = row["type"] == CREDIT and switches["row_amounts"] == "signed"
    told: Json = {
        "rowId": row["id"],
        "rowType": value_of(switches, row["type"]),
        "accountNumber": row["account"],
        "amount": money(-row["amount"] if is_negative else row["amount"]),
        "taxCode": row["vat_code"],
        "taxPercentage": row["percent"],
        "dimensions": [_dimension(book, name, value) for name, value in row["codes"].items()],
        "salaryCode": row["salary_code"],
        "description": row["text"],
        "reportId": row["report"],
        "expenseId": row["expenses"][0] if row["report"] and len(row["expenses"]) == 1 else None,
    }
    if switches["row_names_expenses"]:
        told["expenseIds"] = list(row["expenses"])
    return told


def _dimension(book: Book, name: str, value: str) -> Json:
    held = book.get("dimension_values", value) or {}
    return {
        "dimension": (book.get("dimensions", name) or {}).get("name"),
        "code": held.get("code"),
        "name": held.get("name"),
    }


def _expense(row: Row) -> Json:
    told: Json = {
        "expenseId": row["id"],
        "expenseType": TYPES[row["type"]],
        "expenseDate": row["date"].isoformat(),
        "description": row["text"],
        "merchant": row["merchant"],
        "category": row["lines"][0]["category_name"],
        "paymentMethod": row["method"],
        "reimbursable": row["reimbursable"],
        "grossAmount": money(row["gross"]),
        "originalAmount": money(row["original"]),
        "originalCurrency": row["currency"],
        "exchangeRate": row["rate"],
        "country": row["country"],
        "missingReceiptReason": row["missing"],
    }
    if row["mileage"] is not None:
        told["mileage"] = dict(row["mileage"])
    if row["per_diem"] is not None:
        told["allowance"] = dict(row["per_diem"])
    return told


def _attachment(row: Row, expense: Row) -> Json:
    return {
        "attachmentId": row["id"],
        "fileName": row["name"],
        "contentType": row["kind"],
        "size": len(row["content"]),
        "expenseId": expense["id"],
    }
