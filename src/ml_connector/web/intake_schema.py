"""An expense report as it is written on the wire: our own schema, of which the OpenAPI document is made. An
amount is text, never a number, so that no program on the way makes a float of it.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

EXPENSES_MAX = 500
FILES_MAX = 100

Amount = Annotated[
    str,
    Field(
        pattern=r"^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?$",
        description="A decimal number as text, never a JSON number.",
        examples=["121.00"],
    ),
]
Rate = Annotated[
    str,
    Field(
        pattern=r"^(0|[1-9][0-9]{0,6})(\.[0-9]{1,10})?$",
        description="A decimal number as text, not below nought.",
        examples=["0.23"],
    ),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="An ISO 4217 code.", examples=["EUR"])]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166, two letters.")]
PLAIN = r"^[^\x00-\x1f\x7f]*$"
_ID = r"^[!-~]+( [!-~]+)*$"
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=_ID)]
Code = Annotated[str, Field(max_length=60, pattern=PLAIN)]
Text = Annotated[str, Field(max_length=255, pattern=PLAIN)]


class Wire(BaseModel):
    """Names in camel case; what is not known is refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, strict=True)


class Employee(Wire):
    external_id: Id = Field(description="Your id of the employee; it never changes.")
    employee_number: Code = ""
    name: Text = Field(min_length=1)
    creditor_code: Code = Field("", description="The ledger's code of the employee as a supplier, if known.")


class Codes(Wire):
    cost_center: Code = ""
    cost_unit: Code = ""
    project: Code = ""


class Receipt(Wire):
    part: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")] = Field(
        description="Name of the part of this request that has the bytes."
    )
    file_name: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="A name without a folder. It ends as its kind is written: .pdf, .jpg, .png, .tif, .heic."
    )
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = Field(
        "", description="Of the bytes, in hex; checked where it is given."
    )


class Tax(Wire):
    tax_code: Annotated[str, Field(min_length=1, max_length=40, pattern=PLAIN)] = Field(
        description="Your code of the tax; a percentage alone never decides."
    )
    tax_rate: Rate = Field("", pattern=r"^((0|[1-9][0-9]{0,6})(\.[0-9]{1,10})?)?$")
    net_amount: Amount
    tax_amount: Amount


class Supplier(Wire):
    name: Text = ""
    code: Code = Field("", description="The ledger's code of the supplier, if known.")


class Part(Wire):
    gross_amount: Amount
    gl_account: Code = ""
    dimensions: Codes = Codes()
    taxes: list[Tax] = Field([], max_length=10)
    description: Text = ""


class Mileage(Wire):
    distance: Rate = Field(description="A return is counted already.", examples=["400"])
    unit: Literal["KM", "MIL", "MILE"] = Field(description="A mil is 10 km.")
    rate_per_unit: Rate
    vehicle_type: Literal[
        "PRIVATE_CAR",
        "PRIVATE_CAR_ELECTRIC",
        "COMPANY_CAR",
        "COMPANY_CAR_ELECTRIC",
        "MOTORCYCLE",
        "MOPED",
        "BICYCLE",
        "OTHER",
    ]
    commuting: bool = False
    passengers: int = Field(0, ge=0, le=20)
    tax_free_per_unit: Rate = Field(
        "",
        pattern=r"^((0|[1-9][0-9]{0,6})(\.[0-9]{1,10})?)?$",
        description="What of the rate is without tax, where you know it.",
    )
    supplement: Amount = Field("0", description="Added to distance times rate, for passengers for one.")
    route: Text = ""


class PerDiem(Wire):
    days: Rate
    rate_per_day: Rate
    deductions: Amount = Field("0", description="Taken off, for meals that were given.")


class Original(Wire):
    currency: Currency
    gross_amount: Amount
    exchange_rate: Rate = Field(
        "",
        pattern=r"^((0|[1-9][0-9]{0,6})(\.[0-9]{1,10})?)?$",
        description="Units of the report's currency for one of this one.",
    )
    rate_source: Text = ""


class Expense(Wire):
    external_id: Id = Field(description="Your id of the expense; it never changes.")
    type: Literal["RECEIPT", "MILEAGE", "PER_DIEM"]
    date: datetime.date
    description: Text = ""
    category: Text = ""
    gl_account: Code = ""
    payment_method: Literal["OUT_OF_POCKET", "COMPANY_CARD", "COMPANY_ACCOUNT", "CASH_ADVANCE"] = Field(
        description="Only what was paid out of pocket is repaid to the employee."
    )
    payroll_code: Code = Field("", description="There where wages repay it, so that it is not paid twice.")
    supplier: Supplier = Field(default_factory=lambda: Supplier.model_validate({}))
    document_number: Code = ""
    gross_amount: Amount = Field(
        description="What was spent, in the report's currency; negative for a refund."
    )
    private_amount: Amount = Field(
        "0", description="The part of it that is not the company's; divided among parts as their amounts are."
    )
    original: Original | None = None
    country: Country | None = None
    taxes: list[Tax] = Field([], max_length=10, description="VAT that the receipt states; none: all is cost.")
    deductible_percentage: Rate | None = None
    dimensions: Codes = Codes()
    parts: list[Part] = Field([], max_length=100, description="Where its costs are divided; two or more.")
    receipts: list[Receipt] = Field([], max_length=FILES_MAX)
    missing_receipt_reason: Text = ""
    mileage: Mileage | None = None
    per_diem: PerDiem | None = None


class SentAdvance(Wire):
    external_id: Id
    amount: Amount
    description: Text = ""


class BooksRate(Wire):
    currency: Currency = Field(description="Of the books; another one than the report's.")
    exchange_rate: Rate = Field(description="Units of it for one of the report's currency; above nought.")
    rate_source: Text = ""


class Totals(Wire):
    gross: Amount
    tax: Amount
    reimbursable: Amount = Field(description="What the employee is owed, less advances.")
    company_paid: Amount


class Report(Wire):
    """An approved expense report."""

    external_id: Id = Field(description="Your id of the report; it never changes.")
    revision: int = Field(1, ge=1, le=1_000_000, description="One more each time it is approved again.")
    report_number: Annotated[str, Field(min_length=1, max_length=60, pattern=PLAIN)]
    title: Text = ""
    company: Code = Field("", description="Your id of the legal entity, where you have several.")
    employee: Employee
    currency: Currency = Field(description="What the employee is repaid in; every amount is in it.")
    books_rate: BooksRate | None = Field(None, description="Where the books are in another currency.")
    approved_at: AwareDatetime
    posting_date: datetime.date | None = None
    journal_code: Code = ""
    dimensions: Codes = Field(Codes(), description="Count for expenses without one of their own.")
    expenses: list[Expense] = Field(min_length=1, max_length=EXPENSES_MAX)
    advances: list[SentAdvance] = Field([], max_length=100)
    totals: Totals
    receipts: list[Receipt] = Field([], max_length=FILES_MAX, description="Files of the whole report.")


class StoredReceipt(Wire):
    part: str
    file_name: str
    sha256: str
    bytes: int


class StoredReport(Wire):
    """What we keep of a report, as it was when it was stored."""

    id: str = Field(description="Ours.")
    external_id: str
    revision: int
    received_at: AwareDatetime
    receipts: list[StoredReceipt]


class Status(StoredReport):
    """What became of a report."""

    state: Literal["received", "booked", "failed"] = Field(
        description="received: stored, and nothing more yet. failed: not booked as it is; it may be booked"
        " after all. booked: for good."
    )
    message: str = Field(description="Where it is booked, or why it is not.", examples=["Booked as 26700001"])
    standing: Literal["current", "replaced", "canceled"] = Field(
        description="replaced: a later revision was sent. canceled: by you. What was booked is taken back."
    )
    changed_at: AwareDatetime
    cursor: int = Field(description="Reports behind this one: ?after=cursor")


class Page(Wire):
    reports: list[Status]
    cursor: int = Field(description="Where to go on: ?after=cursor")
    more: bool


class Fault(Wire):
    code: str
    path: str = Field(description="JSON pointer into the report, or the name of a part or a header.")
    message: str


class Trouble(Wire):
    """RFC 9457. Nothing was stored."""

    title: str
    status: int
    detail: str
    errors: list[Fault]


EXAMPLE = {
    "externalId": "rep-7f3a",
    "revision": 1,
    "reportNumber": "ER-2026-0042",
    "title": "Customer visits January",
    "employee": {
        "externalId": "emp-19",
        "employeeNumber": "1019",
        "name": "J. de Vries",
        "creditorCode": "E1019",
    },
    "currency": "EUR",
    "approvedAt": "2026-02-03T09:12:00Z",
    "dimensions": {"costCenter": "SALES"},
    "expenses": [
        {
            "externalId": "x1",
            "type": "RECEIPT",
            "date": "2026-01-14",
            "description": "Hotel",
            "glAccount": "4350",
            "paymentMethod": "OUT_OF_POCKET",
            "supplier": {"name": "Hotel Zuid"},
            "grossAmount": "121.00",
            "taxes": [{"taxCode": "high", "taxRate": "21", "netAmount": "100.00", "taxAmount": "21.00"}],
            "receipts": [{"part": "r1", "fileName": "hotel.pdf"}],
        },
        {
            "externalId": "x2",
            "type": "RECEIPT",
            "date": "2026-01-14",
            "description": "Lunch",
            "glAccount": "4360",
            "paymentMethod": "COMPANY_CARD",
            "supplier": {"name": "Café Noord"},
            "grossAmount": "32.70",
            "dimensions": {"costUnit": "NL-N"},
            "missingReceiptReason": "Lost",
        },
        {
            "externalId": "x3",
            "type": "MILEAGE",
            "date": "2026-01-15",
            "paymentMethod": "OUT_OF_POCKET",
            "grossAmount": "92.00",
            "mileage": {
                "distance": "400",
                "unit": "KM",
                "ratePerUnit": "0.23",
                "vehicleType": "PRIVATE_CAR",
                "route": "Utrecht - Groningen and back",
            },
            "dimensions": {"project": "P-100"},
        },
    ],
    "totals": {"gross": "245.70", "tax": "21.00", "reimbursable": "213.00", "companyPaid": "32.70"},
}
"""A report with a receipt, a card payment and a drive."""
