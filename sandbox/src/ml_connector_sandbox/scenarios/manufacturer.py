"""A manufacturer with two plants and a head office: 600 workers, a biweekly payroll in USD, and its ledger in
Dynamics 365.

The payroll's org level 1 is the department and org level 2 the plant. The ledger knows each department as a
cost center; department and business unit are further dimensions of an account string, blank where nobody
fills them.

    payroll 5100 AKRASM  ──booking──►  company usmf, main account 601100, cost center AKRASM
                                       account string 601100--AKRASM
                                       (MainAccount-Department-CostCenter-BusinessUnit-Project)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.scenario import Booking
from ml_connector_sandbox.systems.ukg_pro.register import Worker, load_register, made_register

TITLE = "Lakeside Pump Works"
CURRENCY = "USD"

COMPANY_CODE = "LPW01"
COMPANY_ID = "7C3QM"
PAY_GROUP = "BIWEEK"
PERIOD_END = date(2026, 7, 10)
PERIOD_DAYS = 14
PAY_DATE_DAYS_AFTER = 5
WORKERS = 600

LEDGER_SLUG = "dynamics_fo"
"""The slug of the ledger this scenario is judged by."""
COMPANY = "usmf"
DEFAULT_COMPANY = "dat"
"""Company of the integration's user: whoever forgets `cross-company` sees an empty one."""
ENTITY_OF = {COMPANY_CODE: COMPANY}
ACCOUNT_OF = {
    "5100": "601100",
    "5110": "601200",
    "5200": "602100",
    "2210": "231100",
    "2220": "231200",
    "2230": "231300",
    "2290": "230100",
}
"""Payroll account to main account."""
booking = Booking(ENTITY_OF, ACCOUNT_OF)

CHART = "Shared"
CALENDAR = "Fiscal"
PAYROLL_JOURNAL = "PAYROLL"
LEDGER_FORMAT = "MainAccount-Department-CostCenter-BusinessUnit-Project"
DEFAULT_FORMAT = "Department-CostCenter-BusinessUnit-Project"
FAULTS: tuple[dict[str, Any], ...] = ()
SWITCHES: dict[str, dict[str, Any]] = {}
EXTRA_ORG_LEVELS: tuple[tuple[str, str], ...] = ()

PLANTS = ("Akron plant", "Dayton plant", "Head office")
# code, name, plant, share of the head count, yearly salary in whole dollars, and whether overtime is paid
DEPARTMENTS = (
    ("AKRASM", "Assembly Akron", 0, 40, 47_000, True),
    ("AKRCAS", "Casting Akron", 0, 28, 51_000, True),
    ("AKRMNT", "Maintenance Akron", 0, 12, 58_000, True),
    ("AKRQUA", "Quality Akron", 0, 10, 61_000, True),
    ("AKRSHP", "Shipping Akron", 0, 14, 44_000, True),
    ("AKRMGT", "Plant management Akron", 0, 4, 96_000, False),
    ("DAYASM", "Assembly Dayton", 1, 36, 46_500, True),
    ("DAYMAC", "Machining Dayton", 1, 30, 54_000, True),
    ("DAYMNT", "Maintenance Dayton", 1, 10, 57_500, True),
    ("DAYQUA", "Quality Dayton", 1, 9, 60_500, True),
    ("DAYSHP", "Shipping Dayton", 1, 12, 43_500, True),
    ("DAYMGT", "Plant management Dayton", 1, 4, 95_000, False),
    ("HOENG", "Engineering", 2, 16, 98_000, False),
    ("HOFIN", "Finance", 2, 9, 84_000, False),
    ("HOHR", "People", 2, 6, 77_000, False),
    ("HOIT", "Information Technology", 2, 8, 93_000, True),
    ("HOLEG", "Legal", 2, 0, 152_000, False),
    ("HOSAL", "Sales", 2, 17, 81_000, False),
)
FUNCTIONS = (
    ("010", "Production"),
    ("020", "Production support"),
    ("030", "Engineering"),
    ("040", "Sales"),
    ("050", "Administration"),
)
"""The ledger's own departments, which are not the payroll's."""
BUSINESS_UNITS = (("001", "Akron plant"), ("002", "Dayton plant"), ("003", "Head office"))

_PAYROLL_ACCOUNTS = (
    ("230100", "Net wages payable", "Liability", ()),
    ("231100", "Payroll tax withheld", "Liability", ()),
    ("231200", "Pension contributions withheld", "Liability", ()),
    ("231300", "Employer payroll tax payable", "Liability", ()),
    ("601100", "Wages and salaries", "Expense", ("CostCenter",)),
    ("601200", "Overtime", "Expense", ("CostCenter",)),
    ("602100", "Employer payroll taxes", "Expense", ("CostCenter",)),
)
_ODD_ACCOUNTS = (
    {"code": "601900", "name": "Wages, allocated", "type": "Expense", "blocked": True},
    {"code": "601999", "name": "Wages before 2020", "type": "Expense", "suspended": True},
    {"code": "699999", "name": "Personnel costs in total", "type": "Total"},
    {"code": "600000", "name": "Personnel costs", "type": "Reporting"},
    {"code": "100000", "name": "Assets", "type": "Asset"},
    {"code": "300000", "name": "Equity", "type": "Equity"},
    {"code": "400000", "name": "Result", "type": "ProfitAndLoss"},
    {"code": "200000", "name": "Balance", "type": "BalanceSheet"},
)
_ORDINARY_ACCOUNTS = (
    # first code, how many, what, type
    (110100, 10, "Bank", "Asset"),
    (130100, 8, "Receivables", "Asset"),
    (140100, 12, "Inventory", "Asset"),
    (180100, 12, "Plant and machinery", "Asset"),
    (200100, 8, "Payables", "Liability"),
    (401100, 14, "Revenue", "Revenue"),
    (510100, 24, "Cost of goods sold", "Expense"),
    (605100, 20, "Travel and freight", "Expense"),
)


def made_workers(seed: int) -> tuple[Worker, ...]:
    """The register of the two plants and the head office; Legal is a department of one."""
    return made_register(WORKERS, seed, DEPARTMENTS, PLANTS)


def payroll_scale(position: int) -> int:
    """What the workers of the run `position` places before the newest were paid, in ten-thousandths of the
    newest run.

    The newest is 10,000; the next thousand are all different.
    """
    return 10_000 - position * 41 % 1_013


def ledger_dynamics_fo(register: Path | str | None = None, seed: int = 1) -> dict[str, Any]:
    """What Dynamics 365 holds before anything is booked, as plain data; its shape is described where it is
    read.
    """
    workers = load_register(Path(register) if register else None, seed, 0, made_workers)
    return ledger_of({worker.department_code: worker.department_name for worker in workers}, workers[:5])


def ledger_of(departments: dict[str, str], workers: Iterable[Worker]) -> dict[str, Any]:
    """The ledger of this company with these departments as cost centers, and these workers known to it."""
    return {
        "default_company": DEFAULT_COMPANY,
        "chart": CHART,
        "companies": [
            {"code": COMPANY, "title": TITLE, "currency": CURRENCY},
            {"code": DEFAULT_COMPANY, "title": "Company accounts data", "currency": CURRENCY},
        ],
        "currencies": [
            {"code": "USD", "name": "US Dollar"},
            {"code": "EUR", "name": "Euro"},
            {"code": "JPY", "name": "Japanese Yen", "rounding": "1"},
            {"code": "KWD", "name": "Kuwaiti Dinar", "rounding": "0.001"},
        ],
        "exchange_rates": [
            {"from": "EUR", "to": "USD", "rate": "112.5", "start": "2025-01-01"},
            {"from": "JPY", "to": "USD", "rate": "0.67", "start": "2025-01-01"},
            {"from": "KWD", "to": "USD", "rate": "325", "start": "2025-01-01"},
        ],
        "calendar": {"id": CALENDAR, "first_year": 2020, "years": 12, "first_month": 7},
        "closed": [[COMPANY, "2026-05"], [DEFAULT_COMPANY, "2026-05"]],
        "accounts": accounts(),
        "account_overrides": [{"code": "605119", "company": COMPANY, "suspended": True}],
        "dimensions": dimensions(departments),
        "delimiter": "Hyphen",
        "formats": [
            {"name": "Integration", "kind": "ledger", "format": LEDGER_FORMAT},
            {"name": "Budget tool", "kind": "ledger", "format": "MainAccount-CostCenter", "active": False},
            {"name": "Integration default", "kind": "default", "format": DEFAULT_FORMAT},
        ],
        "journal_names": journal_names(),
        "vendors": [
            {"company": COMPANY, "code": "US-0001", "name": "Great Lakes Steel"},
            {"company": COMPANY, "code": "US-0002", "name": "Buckeye Bearings"},
            {"company": COMPANY, "code": "1003", "name": "Miami Valley Freight"},
        ],
        "vendor_payments": _vendor_payments(),
        "customer_payments": _customer_payments(),
        "workers": _ledger_workers(workers),
    }


def accounts() -> list[dict[str, Any]]:
    """The chart: the payroll accounts, one account of every odd kind, and about a hundred ordinary ones."""
    rows: list[dict[str, Any]] = [
        {"code": code, "name": name, "type": kind, "demands": list(demands)}
        for code, name, kind, demands in _PAYROLL_ACCOUNTS
    ]
    rows += [dict(row) for row in _ODD_ACCOUNTS]
    for first, count, name, kind in _ORDINARY_ACCOUNTS:
        rows += [
            {"code": str(first + number), "name": f"{name} {number + 1}", "type": kind}
            for number in range(count)
        ]
    return sorted(rows, key=lambda row: str(row["code"]))


def dimensions(departments: dict[str, str]) -> list[dict[str, Any]]:
    """The four dimensions with their values; one cost center is suspended, one blocked, one has the delimiter
    in its code.
    """
    centers: list[dict[str, Any]] = [
        {"code": code, "name": name} for code, name in sorted(departments.items())
    ]
    centers += [
        {"code": "OLD1", "name": "Closed foundry", "suspended": True},
        {"code": "OLD2", "name": "Allocations", "blocked": True},
    ]
    centers += [{"code": "LINE-7", "name": "Line seven"}]
    projects = [{"code": f"P{number:04d}", "name": f"Project {number}"} for number in range(1, 9)]
    projects += [{"code": "P-2026-01", "name": "New foundry"}]
    return [
        _dimension(
            "Department",
            "department",
            "Departments",
            [{"code": code, "name": name} for code, name in FUNCTIONS],
        ),
        _dimension("CostCenter", "cost_center", "CostCenters", centers),
        _dimension(
            "BusinessUnit",
            "business_unit",
            "BusinessUnits",
            [{"code": code, "name": name} for code, name in BUSINESS_UNITS],
        ),
        _dimension("Project", "project", "Custom list", projects),
    ]


def _dimension(name: str, axis: str, source: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "axis": axis, "values_from": source, "values": values}


def journal_names() -> list[dict[str, Any]]:
    """The journal names; payroll goes to `PAYROLL`. One of every mode an integration has to look out for."""
    return [
        {"name": "GenJrn", "title": "General journal", "new_voucher": "BalanceSheet", "series": "GNJL"},
        {"name": PAYROLL_JOURNAL, "title": "Payroll journal", "new_voucher": "OneVoucher", "series": "PAYR"},
        {"name": "POSITIVE", "title": "Positive amounts only", "only_positive": True, "series": "POSI"},
        {"name": "MANUAL", "title": "Vouchers by hand", "new_voucher": "Manually", "series": "MANV"},
        {"name": "ATPOST", "title": "Vouchers at posting", "allocation_at_posting": True, "series": "ATPO"},
        {"name": "DELLINES", "title": "Lines deleted after posting", "delete_lines": True, "series": "DELL"},
        {"name": "APPROVE", "title": "With approval", "workflow": True, "series": "APPR"},
        {"name": "PERIODIC", "title": "Periodic journal", "type": "Periodic", "series": "PERI"},
        {"name": "VendPay", "title": "Vendor payments", "type": "Payment", "series": "VPAY"},
        {"name": "CustPay", "title": "Customer payments", "type": "CustPayment", "series": "CPAY"},
    ]


def _vendor_payments() -> list[dict[str, Any]]:
    first = {
        "account": "US-0001",
        "name": "Great Lakes Steel",
        "amount": "1250.00",
        "date": "2026-06-30",
        "invoice": "GLS-101",
    }
    second = {
        "account": "1003",
        "name": "Miami Valley Freight",
        "amount": "310.40",
        "date": "2026-07-07",
        "invoice": "MVF-77",
    }
    return [
        {
            "company": COMPANY,
            "journal": "VendPay",
            "text": "Payments end of June",
            "posted": True,
            "lines": [first],
        },
        {
            "company": COMPANY,
            "journal": "VendPay",
            "text": "Payments first week of July",
            "posted": False,
            "lines": [second],
        },
    ]


def _customer_payments() -> list[dict[str, Any]]:
    line = {
        "account": "C-100",
        "name": "Ohio Water District",
        "amount": "9800.00",
        "date": "2026-06-29",
        "invoice": "INV-5001",
    }
    return [
        {
            "company": COMPANY,
            "journal": "CustPay",
            "text": "Received in June",
            "posted": True,
            "lines": [line],
        }
    ]


def _ledger_workers(workers: Iterable[Worker]) -> list[dict[str, Any]]:
    """The few workers the ledger already knows, with their cost center in the default format."""
    return [
        {
            "number": worker.worker,
            "first_name": "Worker",
            "last_name": worker.worker,
            "company": COMPANY,
            "start": f"{worker.hired_month}-01",
            "dimensions": f"-{worker.department_code}",
        }
        for worker in workers
    ]
