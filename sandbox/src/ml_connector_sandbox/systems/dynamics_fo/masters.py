"""Master data that can be written: periods, dimension values, vendors, workers and their employments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.dynamics_fo import dimensions
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.journals import duplicate, fitted, not_found
from ml_connector_sandbox.systems.dynamics_fo.schema import BLANK_DATE, BLANK_MOMENT, LAST_MOMENT

Create = Callable[[Book, Mapping[str, Any]], Row]
PEOPLE = (
    *("Workers", "Employees", "EmployeesV2", "Employments", "EmploymentsV2", "EmploymentDetails"),
    *("PositionWorkerAssignmentsV2", "PositionDefaultDimensions"),
)


def create(book: Book, switches: Switches, set_name: str, values: Mapping[str, Any]) -> Row:
    """Create a row of a set; `Broken` when a rule refuses it."""
    _demand_people(switches, set_name)
    return _CREATE[set_name](book, fitted(values, switches))


def change(
    book: Book, switches: Switches, set_name: str, table: str, row: Row, values: Mapping[str, Any]
) -> None:
    """Change a row of a set."""
    _demand_people(switches, set_name)
    if values.get("DimensionDisplayValue"):
        company = row.get("LegalEntityId") or row.get("dataAreaId") or book.default_company
        dimensions.parse_default(book, str(company), values["DimensionDisplayValue"])
    book.change(table, row, fitted(values, switches))


def worker_status(book: Book, number: str) -> str:
    """Whether a worker is employed at this moment; nobody has to write for it to change.

    Employed while one employment runs, terminated once one has ended, pending before the first, and `None`
    without any.
    """
    now, rows = book.now(), book["employments"].all("PersonnelNumber", number)
    if any(row["EmploymentStartDate"] <= now <= row["EmploymentEndDate"] for row in rows):
        return "Employed"
    if any(row["EmploymentEndDate"] < now for row in rows):
        return "Terminated"
    return "Pending" if rows else "None"


def add_employment(book: Book, values: Mapping[str, Any]) -> Row:
    """A further employment of a worker who exists."""
    number = str(values.get("PersonnelNumber") or "")
    company = str(book.company(str(values.get("LegalEntityId") or book.default_company))["LegalEntityId"])
    worker = book["workers"].get(number)
    if worker is None:
        raise Broken(not_found(number, "Personnel number", "Worker"))
    if values.get("DimensionDisplayValue"):
        dimensions.parse_default(book, company, values["DimensionDisplayValue"])
    start = _moment(values.get("EmploymentStartDate"), book.now())
    end = _moment(values.get("EmploymentEndDate"), LAST_MOMENT)
    for other in book["employments"].all("PersonnelNumber", number):
        if (
            other["LegalEntityId"] == company
            and start <= other["EmploymentEndDate"]
            and other["EmploymentStartDate"] <= end
        ):
            raise Broken("The employment overlaps another employment of the worker in the same legal entity")
    return book.add(
        "employments",
        {
            "PersonnelNumber": worker["PersonnelNumber"],
            "LegalEntityId": company,
            "EmploymentLegalEntityId": company,
            "EmploymentId": book.next_number("employment", "EMP######"),
            "EmploymentStartDate": start,
            "EmploymentEndDate": end,
            "ValidFrom": start,
            "ValidTo": end,
            "WorkerStartDate": start,
            "WorkerType": values.get("WorkerType") or worker["WorkerType"],
            "CalendarId": values.get("CalendarId", ""),
            "DimensionDisplayValue": values.get("DimensionDisplayValue", ""),
            **{name: worker[name] for name in ("Name", "FirstName", "LastName", "OriginalHireDateTime")},
        },
    )


def hire(book: Book, values: Mapping[str, Any]) -> Row:
    """Person, worker and employment in one go."""
    number = str(values.get("PersonnelNumber") or "") or book.next_number("worker", "######")
    if book["workers"].get(number):
        raise Broken(duplicate("Worker", "HcmWorker", f"Personnel number: {number}"))
    start = _moment(values.get("EmploymentStartDate"), book.now())
    first, last = str(values.get("FirstName", "")), str(values.get("LastName", ""))
    if not first or not last:
        raise Broken("Field 'First name' and field 'Last name' must be filled in")
    book.add(
        "workers",
        {
            "PersonnelNumber": number,
            "PartyNumber": book.next_number("party", "#########"),
            "Name": f"{first} {last}",
            "NameAlias": first,
            "FirstName": first,
            "LastName": last,
            "WorkerType": values.get("WorkerType") or "Employee",
            "OriginalHireDateTime": start,
            "SeniorityDate": start,
            "PrimaryContactEmail": values.get("PrimaryContactEmail", ""),
            "LanguageId": "en-US",
        },
    )
    company = values.get("EmploymentLegalEntityId") or book.default_company
    return add_employment(book, {**values, "PersonnelNumber": number, "LegalEntityId": company})


def fill_position(book: Book, employment: Row) -> None:
    """A position for an employment, with the worker's own dimensions as its default."""
    number = book.next_number("position", "######")
    row = {
        "PositionId": number,
        "PersonnelNumber": employment["PersonnelNumber"],
        "IsPrimaryPosition": "Yes",
        "ReasonCodeId": "",
    }
    row |= {"ValidFrom": employment["EmploymentStartDate"], "ValidTo": employment["EmploymentEndDate"]}
    book.add("position_assignments", row)
    company = employment["LegalEntityId"]
    place = {"dataAreaId": company, "PositionId": number, "LegalEntityDataArea": company}
    book.add("position_dimensions", {**place, "DimensionDisplayValue": employment["DimensionDisplayValue"]})


def set_period(book: Book, switches: Switches, company: str | None, month: str, *, closed: bool) -> list[str]:
    """Close or open the period that a month begins in, for one company or all; returns the periods.
    `KeyError` for none.
    """
    day = date.fromisoformat(f"{month}-01")
    changed = []
    for ledger in book["ledgers"]:
        if company not in (None, "*") and str(company).casefold() != ledger["LegalEntityId"].casefold():
            continue
        status = book.period_of(ledger["LegalEntityId"], day)
        if status is not None:
            text = str(switches["closed_period_status"]) if closed else "Open"
            book.change("period_statuses", status, {"_closed": closed, "PeriodStatus": text})
            changed.append(f"{ledger['LegalEntityId']} {status['YearName']} {status['PeriodName']}")
    if not changed:
        raise KeyError(f"company {company}, period {month}")
    return changed


def _value(book: Book, values: Mapping[str, Any]) -> Row:
    name, value = str(values.get("FinancialDimension") or ""), str(values.get("DimensionValue") or "")
    dimension = book["dimensions"].get(name)
    if dimension is None:
        raise Broken(not_found(name, "Dimension name", "Financial dimensions"))
    if dimension["UseValuesFrom"] != "Custom list":
        raise Broken(
            f"Values of the dimension {name} come from {dimension['UseValuesFrom']} and cannot be created"
            " here"
        )
    if not value:
        raise Broken("Field 'Dimension value' must be filled in")
    company = str(values.get("LegalEntityId") or "")
    if book["dimension_values"].get(name, company, value):
        raise Broken(
            duplicate("Financial dimension values", "DimensionFinancialTag", f"Dimension value: {value}")
        )
    blanks = {
        "LegalEntityId": company,
        "ActiveFrom": BLANK_DATE,
        "ActiveTo": BLANK_DATE,
        "IsSuspended": "No",
        "IsBlockedForManualEntry": "No",
    }
    return book.add(
        "dimension_values", {**blanks, **values, "FinancialDimension": dimension["DimensionName"]}
    )


def _vendor(book: Book, values: Mapping[str, Any]) -> Row:
    company = book.company(str(values.get("dataAreaId") or book.default_company))
    missing = [name for name in ("VendorOrganizationName", "VendorGroupId") if not values.get(name)]
    if missing:
        raise Broken(*(f"Field '{name}' must be filled in" for name in missing))
    number = book.next_number(
        f"vendor {company['LegalEntityId']}", f"{company['LegalEntityId'].upper()}-##########"
    )
    row = {
        "CurrencyCode": company["AccountingCurrency"],
        "OnHoldStatus": "No",
        "VendorPartyNumber": book.next_number("party", "#########"),
        **values,
        "dataAreaId": company["LegalEntityId"],
        "VendorAccountNumber": number,
    }
    return book.add("vendors", row)


_CREATE: Mapping[str, Create] = {
    "FinancialDimensionValues": _value,
    "VendorsV2": _vendor,
    "VendorsV3": _vendor,
    "Employees": hire,
    "EmployeesV2": hire,
    "Employments": add_employment,
    "EmploymentsV2": add_employment,
}


def _moment(value: Any, otherwise: datetime) -> datetime:
    return value if isinstance(value, datetime) and value != BLANK_MOMENT else otherwise


def _demand_people(switches: Switches, set_name: str) -> None:
    if set_name in PEOPLE and not switches["hr_writable"]:
        raise Broken(f"Entity {set_name} is read-only")
