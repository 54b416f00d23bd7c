"""What Findity calls its paths, fields and values: the one place where they are spelled.

The vendor's public material names the token call, the groupings, the types of expenses and the body of a
webhook; those are in capitals below. It shows no path behind `/api/v1`, no field of an export, a voucher or
master data, and no value of a status. These are defaults, and a connection may name others: `names` is
`voucher_id=id, path_exports=/organizations/{organization}/bookings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from ml_connector.domain.lists import pairs
from ml_connector.domain.problem import Problem

API, TOKEN_PATH = "/api/v1", "/api/oauth/token/"
EXPORT_ID, ORGANIZATION_ID = "exportId", "organizationId"
"""Fields of a webhook. Source: Findity developer pages, integration webhook, read 2026-11-30."""
GROUPING = "verificationListsType"
PER_EXPENSE = ("REPORT_PER_EXPENSE", "USER_PER_EXPENSE", "EXPENSE")
PER_ACCOUNT = ("REPORT_PER_ACCOUNT", "USER_PER_ACCOUNT")
PAYMENT_ONLY = ("REPORT_PER_REPORT_PAID", "USER_PER_REPORT_PAID", "REPORT_PER_EXPENSE_PAID")
"""Groupings of vouchers. Source: Findity developer pages, export grouping, read 2026-11-30."""
RECEIPT, DRIVE, ALLOWANCE = "ReceiptVerification", "CarSpecification", "SubsistenceAllowance"
BENEFIT = "FoodBenefitsSpecification"
"""Types of expenses. Source: Findity developer pages, expenses, read 2026-11-30."""

_OF = "/organizations/{organization}"
DEFAULTS: Mapping[str, str] = {
    "path_organizations": "/organizations",
    "path_recipients": f"{_OF}/recipients",
    "path_exports": f"{_OF}/exports",
    "path_vouchers": f"{_OF}/exports/{{export}}/vouchers",
    "path_voucher_status": f"{_OF}/exports/{{export}}/vouchers/{{voucher}}/status",
    "path_attachment": f"{_OF}/attachments/{{attachment}}",
    "path_accounts": f"{_OF}/accounts",
    "path_vat_codes": f"{_OF}/vatCodes",
    "path_journals": f"{_OF}/journals",
    "path_suppliers": f"{_OF}/suppliers",
    "path_dimensions": f"{_OF}/dimensions",
    "path_dimension_values": f"{_OF}/dimensions/{{dimension}}/values",
    "method_status": "PUT",
    "method_update": "PUT",
    "page": "page",
    "offset": "offset",
    "page_size": "pageSize",
    "items": "items",
    "total_count": "totalCount",
    "id": "id",
    "name": "name",
    "message": "message",
    "status": "status",
    "external_reference": "externalReference",
    "created_date": "createdDate",
    "voucher_id": "voucherId",
    "voucher_date": "voucherDate",
    "journal_code": "journalCode",
    "currency": "currency",
    "user": "user",
    "user_id": "userId",
    "employee_number": "employeeNumber",
    "supplier_number": "supplierNumber",
    "reports": "reports",
    "report_id": "reportId",
    "report_number": "reportNumber",
    "title": "title",
    "approved_date": "approvedDate",
    "rows": "rows",
    "row_type": "rowType",
    "account_number": "accountNumber",
    "amount": "amount",
    "tax_code": "taxCode",
    "tax_percentage": "taxPercentage",
    "dimensions": "dimensions",
    "dimension": "dimension",
    "code": "code",
    "salary_code": "salaryCode",
    "expenses": "expenses",
    "expense_id": "expenseId",
    "expense_ids": "expenseIds",
    "expense_type": "expenseType",
    "expense_date": "expenseDate",
    "description": "description",
    "merchant": "merchant",
    "category": "category",
    "payment_method": "paymentMethod",
    "reimbursable": "reimbursable",
    "gross_amount": "grossAmount",
    "original_amount": "originalAmount",
    "original_currency": "originalCurrency",
    "exchange_rate": "exchangeRate",
    "country": "country",
    "missing_receipt_reason": "missingReceiptReason",
    "mileage": "mileage",
    "allowance": "allowance",
    "distance": "distance",
    "unit": "unit",
    "rate": "rate",
    "car_type": "carType",
    "places": "places",
    "passengers": "passengers",
    "commuting": "commuting",
    "days": "days",
    "deducted": "deducted",
    "attachments": "attachments",
    "attachment_id": "attachmentId",
    "file_name": "fileName",
    "content": "content",
    "url": "url",
    "number": "number",
    "account_type": "accountType",
    "account_class": "accountClass",
    "active": "active",
    "percentage": "percentage",
    "vat_number": "vatNumber",
    "value_unprocessed": "UNPROCESSED",
    "value_processed": "PROCESSED",
    "value_returned": "RETURNED",
    "value_pending": "PENDING",
    "value_booked": "BOOKED",
    "value_failed": "FAILED",
    "value_debit": "DEBIT",
    "value_credit": "CREDIT",
    "value_vat": "VAT",
    "value_profit_and_loss": "PROFIT_AND_LOSS",
    "value_balance_sheet": "BALANCE_SHEET",
    "value_creditor": "CREDITOR",
}
_PLACE = re.compile(r"\{[a-z]+\}")
_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+|/\{[a-z]+\})+/?")
METHODS = ("PUT", "PATCH", "POST")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one connection, by what they are."""

    found: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.found[name]

    def path(self, name: str, **keys: str) -> str:
        """The path of this name, with the keys in their places."""
        template = self.found[f"path_{name}"]
        for key, value in keys.items():
            template = template.replace(f"{{{key}}}", quote(value, safe=""))
        return API + template


def read(text: str) -> tuple[Names, list[Problem]]:
    """The defaults with the names that are given, and every problem of these."""
    given = pairs(text)
    wrong = [f"{part!r} is no pair, or is named twice" for part in (*given.broken, *given.repeated)]
    wrong += [f"{name!r} is no name" for name in given.found if name not in DEFAULTS]
    for name, value in given.found.items():
        if name.startswith("path_") and name in DEFAULTS:
            places = sorted(_PLACE.findall(DEFAULTS[name]))
            if not _PATH.fullmatch(value) or sorted(_PLACE.findall(value)) != places:
                wrong.append(f"{value!r} is no path with the places {', '.join(places) or '(none)'}")
        elif name.startswith("method_") and value not in METHODS:
            wrong.append(f"{value!r} is none of {', '.join(METHODS)}")
    problems = [
        Problem("setting.names", "names", f"{why}. Write pairs such as voucher_id=id.") for why in wrong
    ]
    return Names({**DEFAULTS, **given.found}), problems
