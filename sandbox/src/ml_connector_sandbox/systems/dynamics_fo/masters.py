"""Master data that can be written: periods, dimension values, vendors, workers and their employments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.dynamics_fo import dimensions
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.journals import LENGTHS, duplicate, fitted, not_found
from ml_connector_sandbox.systems.dynamics_fo.schema import BLANK_DATE, BLANK_MOMENT, LAST_MOMENT

Create = Callable[[Book, Mapping[str, Any]], Row]
CUSTOM, WORKERS = "Custom list", "Workers"
"""Where values of a dimension come from: its own list, or the workers there are."""
PEOPLE = (
    *("Workers", "Employees", "EmployeesV2", "Employments", "EmploymentsV2", "EmploymentDetails"),
    *("PositionWorkerAssignmentsV2", "PositionDefaultDimensions"),
)


def create(book: Book, switches: Switches, set_name: str, values: Mapping[str, Any]) -> Row:
    """Create a row of a set; `Broken` when a rule refuses it."""
    _demand_people(switches, set_name)
    return _CREATE[set_name](book, fitted(_spaced(values, switches), switches))


def delete(book: Book, row: Row) -> None:
    """Delete a dimension value that nobody ever used; `Broken` for any other."""
    if not is_custom(book, row):
        raise Broken(_at_source(book, row))
    if book.is_used(row) and not row["LegalEntityId"]:
        raise Broken(
            f"The value {row['DimensionValue']} of the dimension {row['FinancialDimension']} is used in a"
            " dimension combination and cannot be deleted. Suspend it"
        )
    book["dimension_values"].remove(row)


def change(
    book: Book, switches: Switches, set_name: str, table: str, row: Row, values: Mapping[str, Any]
) -> None:
    """Change a row of a set."""
    _demand_people(switches, set_name)
    changes = fitted(_spaced(values, switches), switches)
    if changes.get("DimensionDisplayValue"):
        company = row.get("LegalEntityId") or row.get("dataAreaId") or book.default_company
        dimensions.demand_default(book, str(company), changes["DimensionDisplayValue"])
    if table == "dimension_values":
        change_value(book, row, changes)
    elif table == "employments":
        change_employment(book, row, changes)
    elif table == "workers":
        change_worker(book, row, changes)
    else:
        book.change(table, row, changes)


def _spaced(values: Mapping[str, Any], switches: Switches) -> Mapping[str, Any]:
    """The same values with the blanks of a text as the switch says."""
    text, spaces = values.get("Description"), switches["text_spaces"]
    if not isinstance(text, str) or spaces == "keep":
        return values
    return {**values, "Description": " ".join(text.split()) if spaces == "fold" else text.strip()}


def change_value(book: Book, row: Row, changes: Mapping[str, Any]) -> None:
    """Change a dimension value. The text of one with a record behind it changes only there; a new text shows
    when the job has gone over all combinations.
    """
    _demand_days({**row, **changes})
    latest = row.get("_next_text", row["Description"])
    text = changes.get("Description", latest)
    if text == latest:
        book.change("dimension_values", row, {**changes, "Description": row["Description"]})
        return
    if not is_custom(book, row):
        raise Broken(_at_source(book, row))
    seconds = int(book.switches["rename_seconds"])
    shown = text_of(book, row) if seconds > 0 else text
    due = book.now() + timedelta(seconds=seconds)
    rest = {**changes, "Description": shown, "_next_text": text, "_next_at": due}
    book.change("dimension_values", row, rest)


def text_of(book: Book, row: Row) -> str:
    """The text of a dimension value as it is read now."""
    is_due = "_next_text" in row and row["_next_at"] <= book.now()
    return str(row["_next_text"] if is_due else row["Description"])


def is_custom(book: Book, row: Row) -> bool:
    """Whether a value is kept in the list of its dimension, and has no record of its own elsewhere."""
    return _source_of(book, row) == CUSTOM


def change_employment(book: Book, row: Row, changes: Mapping[str, Any]) -> None:
    """Change an employment, whose days do not meet those of another one in the same company."""
    start = _moment(changes.get("EmploymentStartDate"), row["EmploymentStartDate"])
    end = _moment(changes.get("EmploymentEndDate"), row["EmploymentEndDate"])
    _demand_free(book, row["PersonnelNumber"], row["LegalEntityId"], start, end, row)
    days = {"EmploymentStartDate": start, "EmploymentEndDate": end}
    if days.items() <= row.items():
        book.change("employments", row, changes)
    else:
        book.change("employments", row, {**changes, **days, "ValidFrom": start, "ValidTo": end})


def change_worker(book: Book, row: Row, changes: Mapping[str, Any]) -> None:
    """Change a worker; employments show the name, and so does the value of a dimension of workers."""
    wished = {**row, **changes}
    name = f"{wished['FirstName']} {wished['LastName']}"
    book.change("workers", row, {**changes, "Name": name})
    shown = {"Name": name, "FirstName": wished["FirstName"], "LastName": wished["LastName"]}
    for employment in book["employments"].all("PersonnelNumber", row["PersonnelNumber"]):
        book.change("employments", employment, shown)
    for value in book["dimension_values"].all("DimensionValue", row["PersonnelNumber"]):
        if _source_of(book, value) == WORKERS:
            book.change("dimension_values", value, {"Description": name[: LENGTHS["Description"]]})


def _source_of(book: Book, value: Row) -> str:
    dimension = book["dimensions"].get(value["FinancialDimension"]) or {}
    return str(dimension.get("UseValuesFrom"))


def _at_source(book: Book, row: Row) -> str:
    return (
        f"Values of the dimension {row['FinancialDimension']} come from {_source_of(book, row)} and are"
        " renamed and deleted there"
    )


def _demand_days(row: Mapping[str, Any]) -> None:
    first, last = row.get("ActiveFrom", BLANK_DATE), row.get("ActiveTo", BLANK_DATE)
    if BLANK_DATE not in (first, last) and last < first:
        raise Broken("The date in the Active to field is before the one in the Active from field")


def _demand_free(
    book: Book, number: str, company: str, start: datetime, end: datetime, row: Row | None
) -> None:
    """`Broken` for an employment that ends before it begins, or at the same time as another."""
    if end < start:
        raise Broken("The employment end date is before the employment start date")
    for other in book["employments"].all("PersonnelNumber", number):
        if (
            other is not row
            and other["LegalEntityId"] == company
            and start <= other["EmploymentEndDate"]
            and other["EmploymentStartDate"] <= end
        ):
            raise Broken("The employment overlaps another employment of the worker in the same legal entity")


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
        dimensions.demand_default(book, company, values["DimensionDisplayValue"])
    start = _moment(values.get("EmploymentStartDate"), book.now())
    end = _moment(values.get("EmploymentEndDate"), LAST_MOMENT)
    _demand_free(book, number, company, start, end, None)
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
    for dimension in [row for row in book["dimensions"] if row["UseValuesFrom"] == WORKERS]:
        _new_value(book, dimension, {"DimensionValue": number, "Description": f"{first} {last}"})
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
    if dimension["UseValuesFrom"] != CUSTOM:
        raise Broken(
            f"Values of the dimension {name} come from {dimension['UseValuesFrom']} and cannot be created"
            " here"
        )
    if not value:
        raise Broken("Field 'Dimension value' must be filled in")
    mask = str(dimension.get("DimensionValueMask") or "")
    if mask and not fits_mask(value, mask):
        raise Broken(f"The value {value} does not match the mask {mask} of the dimension {name}")
    company = str(values.get("LegalEntityId") or "")
    if company:
        company = str(book.company(company)["LegalEntityId"])
    if book["dimension_values"].get(name, company, value):
        raise Broken(
            duplicate("Financial dimension values", "DimensionFinancialTag", f"Dimension value: {value}")
        )
    _demand_days(values)
    return _new_value(book, dimension, {**values, "LegalEntityId": company})


def fits_mask(value: str, mask: str) -> bool:
    """Whether a value has the form of a mask: `#` is a digit, `&` a letter, anything else itself."""
    kinds = {"#": str.isdigit, "&": str.isalpha}
    return len(value) == len(mask) and all(
        kinds[place](sign) if place in kinds else sign == place
        for sign, place in zip(value, mask, strict=True)
    )


def override_value(book: Book, shared: Row, company: str) -> Row:
    """The row with what a company overrides of a shared value; made when it overrides nothing yet."""
    code = str(book.company(company)["LegalEntityId"])
    name, value = shared["FinancialDimension"], shared["DimensionValue"]
    dimension = book["dimensions"].get(name)
    assert dimension is not None
    return book["dimension_values"].get(name, code, value) or _new_value(
        book,
        dimension,
        {"LegalEntityId": code, "DimensionValue": value, "Description": shared["Description"]},
    )


def _new_value(book: Book, dimension: Row, values: Mapping[str, Any]) -> Row:
    blanks = {
        "LegalEntityId": "",
        "Description": "",
        "ActiveFrom": BLANK_DATE,
        "ActiveTo": BLANK_DATE,
        "IsSuspended": "No",
        "IsBlockedForManualEntry": "No",
        "IsTotal": "No",
        "Owner": "",
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
