"""Every path, name and value that the public material does not show, and everything else it leaves open, as a
named switch with the likeliest answer as default.

That material shows no path below `/api/v1`, no JSON name of exports, vouchers, rows and master data, no value
of a status call, no paging and no download: all of them stand here and nowhere else. What it does show has no
switch: the token call, the body of a webhook, the states of a report, the groupings of vouchers, the types of
expenses, `number` and `name` of an account. The README's table is compared with this list by a test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from ml_connector_sandbox.core.outbound import DELIVERY_SWITCHES
from ml_connector_sandbox.core.switches import Switch, Switches

_OF = "/organizations/{organization}"
PATHS: Mapping[str, str] = {
    "organizations": "/organizations",
    "recipients": f"{_OF}/recipients",
    "exports": f"{_OF}/exports",
    "export": f"{_OF}/exports/{{export}}",
    "vouchers": f"{_OF}/exports/{{export}}/vouchers",
    "export_status": f"{_OF}/exports/{{export}}/status",
    "voucher_status": f"{_OF}/exports/{{export}}/vouchers/{{voucher}}/status",
    "attachment": f"{_OF}/attachments/{{attachment}}",
    "accounts": f"{_OF}/accounts",
    "vat_codes": f"{_OF}/vatCodes",
    "journals": f"{_OF}/journals",
    "suppliers": f"{_OF}/suppliers",
    "dimensions": f"{_OF}/dimensions",
    "dimension_values": f"{_OF}/dimensions/{{dimension}}/values",
    "categories": f"{_OF}/categories",
    "payment_methods": f"{_OF}/paymentMethods",
}
"""Paths below `/api/v1`. One record of master data lies at `{path}/{id}`."""
NAMES: Mapping[str, str] = {
    "id": "the id of a record of master data or of an organization",
    "items": "the rows of a page",
    "totalCount": "how many rows a list has",
    "message": "what is wrong, in an error and in a status call",
    "status": "the status of an export or a voucher, and in a status call",
    "externalReference": "the number in the ledger, in a status call and on a voucher",
    "createdDate": "when an export was made",
    "vouchers": "the vouchers in a webhook that holds them",
    "voucherId": "the id of a voucher",
    "voucherNumber": "the number of a voucher",
    "voucherDate": "the date of a voucher",
    "journalCode": "the journal that is set at the recipient",
    "currency": "the currency of an organization or a voucher",
    "user": "whose expenses they are",
    "userId": "the id of a user",
    "employeeNumber": "a user's number",
    "email": "a user's e-mail address",
    "supplierNumber": "the creditor in the ledger that a user is",
    "reports": "the reports of a voucher",
    "reportId": "the id of a report",
    "reportNumber": "the number of a report",
    "title": "the title of a report",
    "approvedDate": "when a report was approved",
    "approvedBy": "who approved it",
    "rows": "the rows of a voucher",
    "rowId": "the id of a row",
    "rowType": "debit, credit or VAT",
    "accountNumber": "the account of a row, a category or a payment method",
    "amount": "the amount of a row",
    "taxCode": "the VAT code of a row",
    "taxPercentage": "the percentage of that code",
    "dimensions": "the dimensions of a row",
    "dimension": "the name of a row's dimension",
    "code": "the code of a dimension's value, a VAT code or a journal",
    "salaryCode": "the pay code of a row that payroll pays",
    "expenses": "the expenses of a voucher",
    "expenseId": "the id of an expense",
    "expenseIds": "the expenses that a row of several adds up",
    "expenseType": "the type of an expense",
    "expenseDate": "the day of an expense",
    "merchant": "where it was bought",
    "category": "the category of an expense",
    "paymentMethod": "how it was paid",
    "reimbursable": "whether the employee gets it back",
    "grossAmount": "an expense in the currency of its voucher",
    "originalAmount": "an expense in its own currency",
    "originalCurrency": "that currency",
    "exchangeRate": "what one unit of it costs",
    "country": "the country of an expense",
    "missingReceiptReason": "why there is no receipt",
    "mileage": "the route of a mileage expense",
    "allowance": "the days of a per diem",
    "distance": "the whole distance of a mileage expense",
    "unit": "its unit",
    "rate": "what one unit of distance, or a day, is paid with",
    "roundTrip": "whether the way was made there and back",
    "carType": "the kind of vehicle",
    "places": "where the way led",
    "passengers": "how many were taken along",
    "commuting": "whether it was the way to work",
    "days": "the days of a per diem",
    "deducted": "what is taken off for meals",
    "attachments": "the receipts of a voucher",
    "attachmentId": "the id of a receipt",
    "fileName": "its name",
    "contentType": "its type",
    "size": "its length in bytes",
    "content": "a receipt in base64",
    "url": "where a receipt lies",
    "accountType": "debit, credit or VAT: what an account is for",
    "accountClass": "profit and loss, balance sheet or creditor",
    "active": "whether a record of master data can be chosen",
    "percentage": "the percentage of a VAT code",
    "description": "the text of a VAT code, a journal, a row or an expense",
    "vatNumber": "a supplier's VAT number",
}
"""JSON names, by the name that is used unless a switch says another; each is one name wherever it stands."""
VALUES: Mapping[str, str] = {
    "UNPROCESSED": "an export that waits for its status",
    "PROCESSED": "an export all of whose vouchers have one",
    "RETURNED": "an export that was taken back, since its webhook was not taken",
    "PENDING": "a voucher that waits for its status",
    "BOOKED": "a voucher that is in the ledger, and what a status call says then",
    "FAILED": "a voucher that is not, and what a status call says then",
    "DEBIT": "a row or an account of the debit side",
    "CREDIT": "a row or an account of the credit side",
    "VAT": "a row or an account of VAT",
    "PROFIT_AND_LOSS": "a class of accounts",
    "BALANCE_SHEET": "a class of accounts",
    "CREDITOR": "a class of accounts",
}
"""Values of enumerations, likewise."""


def _choice(name: str, choices: tuple[str, ...], meaning: str) -> Switch:
    """A text, the first choice unless turned."""
    return Switch(name=name, default=choices[0], choices=choices, meaning=meaning)


@cache
def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower() if not name.isupper() else name.lower()


SIGN_IN = (
    Switch(
        name="access_seconds",
        default=3_600,
        meaning="life of an access token; an hour is what the vendor writes",
    ),
    Switch(name="refresh_seconds", default=2_592_000, meaning="life of a refresh token"),
    Switch(
        name="refresh_reuse_ends_tokens",
        default=False,
        meaning="a refresh token used a second time ends the tokens that came of it; it is refused anyhow",
    ),
    Switch(name="refresh_needs_secret", default=True, meaning="a refresh takes client id and secret too"),
    Switch(name="one_access_token", default=False, meaning="a new access token ends those before it"),
    Switch(name="bad_client_status", default=401, meaning="status for an unknown client or secret"),
    Switch(name="api_off_status", default=403, meaning="status where API connectivity is not enabled"),
    Switch(name="calls_per_minute", default=0, meaning="calls of a client in a minute; 0 = no limit known"),
)
EXPORTS = (
    _choice("status_of", ("voucher", "export"), "the status is told of each `voucher`, or of the `export`"),
    _choice("status_method", ("PUT", "POST", "PATCH"), "the verb of a status call"),
    Switch(name="status_answer", default=200, meaning="status of a status call that is taken"),
    _choice("status_again", ("taken", "refused"), "the same status again is `taken` or `refused` with 409"),
    _choice("returned_export", ("shown", "hidden"), "an export that was taken back is `shown`, or a 404"),
    _choice("voucher_date", ("approval", "export", "last_expense"), "what `voucherDate` is the date of"),
    _choice("row_amounts", ("by_type", "signed"), "a credit is positive and its type says so, or negative"),
    Switch(name="expenses_in_voucher", default=True, meaning="a voucher holds the expenses behind its rows"),
    Switch(
        name="row_names_expenses",
        default=False,
        meaning="a row that adds up several expenses names them in `expenseIds`",
    ),
    Switch(
        name="voucher_off_by_cent",
        default=False,
        meaning="the first debit row of a voucher is a cent too high",
    ),
    _choice(
        "attachment_download",
        ("binary", "base64", "url"),
        "a receipt: the file, JSON with it, or its address",
    ),
)
WIRE = (
    _choice("money_as", ("number", "text", "cents"), "amounts: JSON numbers, text, or whole cents"),
    _choice(
        "list_as", ("object", "array"), "a list: an object with `items` and `totalCount`, or the bare array"
    ),
    _choice(
        "page_by", ("page", "offset", "none"), "paging by page number from 1, by `offset`, or all at once"
    ),
    Switch(name="parameter_page", default="page", meaning="query parameter of the page, from 1"),
    Switch(name="parameter_offset", default="offset", meaning="query parameter of the first row, from 0"),
    Switch(name="parameter_size", default="pageSize", meaning="query parameter of the size of a page"),
    Switch(name="parameter_status", default="status", meaning="query parameter that filters exports"),
    Switch(name="page_size", default=50, meaning="rows of a page unless asked otherwise"),
    Switch(name="page_size_max", default=200, meaning="rows of a page at most; more are cut to these"),
    _choice(
        "page_drift",
        ("none", "skip", "repeat"),
        "from the second page on a row is missing, or comes again, as when a list moves",
    ),
)
MASTERS = (
    _choice("update_method", ("PUT", "PATCH"), "the verb that changes a record of master data"),
    _choice(
        "key_taken",
        ("refused", "updates", "doubled"),
        "POST of a number or code that is there: `refused` with 409, `updates` it, or is `doubled`",
    ),
    Switch(name="created_status", default=201, meaning="status of a POST that made a record"),
    Switch(name="put_clears_missing", default=False, meaning="PUT empties what is left out"),
    Switch(name="master_delete", default=False, meaning="DELETE of master data works; else it is a 405"),
    Switch(name="disabled_hidden", default=False, meaning="lists leave out what is not active"),
)
HOOKS = (
    _choice("webhook_content", ("ids", "vouchers"), "a webhook holds ids and counts, or the vouchers too"),
    _choice("webhook_taken_by", ("200", "2xx"), "which answer means that a webhook was taken"),
    Switch(
        name="webhooks_only_loopback",
        default=True,
        meaning="a guard of ours: nothing is ever sent beyond this machine",
    ),
    *DELIVERY_SWITCHES,
)
MEASURING = (
    Switch(name="more_reports", default=0, meaning="so many ready reports more, from the next reset on"),
)
SWITCHES = (
    *SIGN_IN,
    *EXPORTS,
    *WIRE,
    *MASTERS,
    *HOOKS,
    *MEASURING,
    *(Switch(name=f"path_{name}", default=path, meaning=f"path of `{name}`") for name, path in PATHS.items()),
    *(Switch(name=f"name_{_snake(name)}", default=name, meaning=text) for name, text in NAMES.items()),
    *(Switch(name=f"value_{_snake(name)}", default=name, meaning=text) for name, text in VALUES.items()),
)


@cache
def _places(path: str) -> tuple[str, ...]:
    return tuple(sorted(re.findall(r"\{(\w+)\}", path)))


def path_of(switches: Switches, name: str) -> str:
    """The path of an endpoint; one that has not the places of the usual path is not taken."""
    turned = str(switches[f"path_{name}"])
    return turned if turned.startswith("/") and _places(turned) == _places(PATHS[name]) else PATHS[name]


def value_of(switches: Switches, name: str) -> str:
    """How a value of an enumeration is written."""
    return str(switches[f"value_{_snake(name)}"])


def names_of(switches: Switches) -> dict[str, str]:
    """The names that are written otherwise than usual."""
    turned = {name: str(switches[f"name_{_snake(name)}"]) for name in NAMES}
    return {name: other for name, other in turned.items() if other != name}
