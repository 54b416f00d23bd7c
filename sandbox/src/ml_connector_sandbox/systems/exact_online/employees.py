"""Employees, their employments and where they work: what HR staff keeps, and what the unpublished write
variant of the API would take.

    employee ◄─ employment (from, to) ◄─ organization (from, to): department, cost center, cost unit

Nobody writes when a day has come: whether somebody is active is worked out when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ml_connector_sandbox.core.vendor import Broken, Json, Row
from ml_connector_sandbox.systems.exact_online.book import DivisionBook

EMPLOYEES, EMPLOYMENTS = "payroll/Employees", "payroll/Employments"
EXISTS = "Data already exists"
_NAMES = ("FirstName", "MiddleName", "LastName")


def create(book: DivisionBook, path: str, values: Mapping[str, Any]) -> Row:
    """A new row of one of the two sets, or `Broken`."""
    given = {name: value for name, value in values.items() if value is not None}
    return add_employee(book, given) if path == EMPLOYEES else add_employment(book, given)


def change(book: DivisionBook, path: str, row: Row, values: Mapping[str, Any]) -> None:
    """Change the fields that were sent and no others, or `Broken`."""
    if path == EMPLOYEES:
        changes = {name: value for name, value in values.items() if name != "ID"}
        wished = {**row, **changes}
        _refuse(problems_of(book, wished, row))
        book.change("employees", row, {**changes, "FullName": _full_name(wished)})
        for table in ("employments", "organizations"):
            for held in book[table].all("Employee", row["ID"]):
                book.change(table, held, {"EmployeeFullName": row["FullName"]})
        return
    changes = {name: value for name, value in values.items() if name not in ("ID", "Employee")}
    _refuse(_employment_problems(book, {**row, **changes}, row))
    book.change("employments", row, changes)
    _follow(book, row["Employee"])


def add_employee(book: DivisionBook, values: Mapping[str, Any]) -> Row:
    """An employee without an employment; the code is the number where none is given."""
    number = book.next_hid("employee")
    row = {"Code": str(number), **values}
    _refuse(problems_of(book, row, None))
    return book.add(
        "employees",
        {**row, "HID": number, "EmployeeHID": number, "FullName": _full_name(row), "IsAnonymised": 0},
    )


def add_employment(book: DivisionBook, values: Mapping[str, Any]) -> Row:
    """A further employment of an employee who exists, not at the same time as another."""
    _refuse(_employment_problems(book, values, None))
    employee = _employee(book, values["Employee"])
    before = book["employments"].all("Employee", employee["ID"])
    made = book.add(
        "employments",
        {
            "StartDateOrganization": values["StartDate"],
            **values,
            "HID": book.next_hid("employment"),
            "EmploymentNumber": len(before) + 1,
            "EmployeeHID": employee["HID"],
            "EmployeeFullName": employee["FullName"],
        },
    )
    _follow(book, employee["ID"])
    return made


def place(book: DivisionBook, employment: Row, codes: Mapping[str, str | None], day: datetime) -> Row:
    """Where somebody works from that day on: codes of `department`, `cost_center` and `cost_unit`; what is
    not named stays as it was.
    """
    rows = sorted(book["organizations"].all("Employment", employment["ID"]), key=lambda row: row["StartDate"])
    department = book["departments"].first("Code", str(codes.get("department") or "")) or {}
    values = {
        **_coded(
            book, "cost_centers", "CostCenter", codes.get("cost_center") or department.get("Costcenter")
        ),
        **_coded(book, "cost_units", "CostUnit", codes.get("cost_unit")),
    }
    if department:
        values |= {"Department": department["ID"], "DepartmentCode": department["Code"]}
        values["DepartmentDescription"] = department["Description"]
    same = next((row for row in rows if row["StartDate"] == day), None)
    if same is not None:
        book.change("organizations", same, values)
        return same
    last = rows[-1] if rows else {}
    if last and last["StartDate"] < day:
        book.change("organizations", last, {"EndDate": day - timedelta(days=1)})
    kept = {name: last.get(name) for name in _PLACE if name in last}
    return book.add(
        "organizations",
        {
            **kept,
            **values,
            "Employee": employment["Employee"],
            "EmployeeHID": employment["EmployeeHID"],
            "EmployeeFullName": employment["EmployeeFullName"],
            "Employment": employment["ID"],
            "EmploymentHID": employment["HID"],
            "EmploymentNumber": employment["EmploymentNumber"],
            "StartDate": day,
            "EndDate": employment.get("EndDate"),
        },
    )


def shown(book: DivisionBook, row: Row) -> Row:
    """An employee as of now."""
    active = any(_runs(book, held) for held in book["employments"].all("Employee", row["ID"]))
    return {**row, "IsActive": active, "ActiveEmployment": int(active)}


def active_employments(book: DivisionBook) -> Iterable[Row]:
    """The employments that run today, each with where it is worked today."""
    for row in book["employments"]:
        if _runs(book, row):
            places = book["organizations"].all("Employment", row["ID"])
            at: Row = next((held for held in reversed(places) if _runs(book, held)), {})
            shown_of = {name: at.get(name) for name in _PLACE if name.startswith("Department")}
            yield {**row, **shown_of, "EmploymentOrganization": at.get("ID")}


def remove_employee(book: DivisionBook, employee: Row) -> None:
    """Take an employee out with everything that hangs on it."""
    for table in ("organizations", "employments"):
        for row in book[table].all("Employee", employee["ID"]):
            book.remove(table, row)
    book.remove("employees", employee)


def seed(book: DivisionBook, facts: Json) -> None:
    """A worker of a scenario, employed in this division."""
    employee = add_employee(
        book,
        {
            "Code": str(facts["code"]),
            "FirstName": facts["first_name"],
            "LastName": facts["last_name"],
            "BusinessEmail": facts.get("email"),
        },
    )
    start = datetime.fromisoformat(facts["start"])
    end = datetime.fromisoformat(facts["end"]) if facts.get("end") else None
    employment = add_employment(book, {"Employee": employee["ID"], "StartDate": start, "EndDate": end})
    codes = {name: facts.get(name) for name in ("department", "cost_center", "cost_unit")}
    place(book, employment, codes, start)


_PLACE = (
    *("Department", "DepartmentCode", "DepartmentDescription", "CostCenter", "CostCenterDescription"),
    *("CostUnit", "CostUnitDescription"),
)


def _coded(book: DivisionBook, table: str, name: str, code: str | None) -> Row:
    row = book[table].first("Code", code or "")
    return {name: row["Code"], f"{name}Description": row["Description"]} if row is not None else {}


def _employee(book: DivisionBook, key: Any) -> Row:
    row = book["employees"].get(key)
    if row is None:
        raise Broken("Invalid reference: Employee")
    return row


def problems_of(book: DivisionBook, row: Mapping[str, Any], old: Row | None) -> list[str]:
    """What stands against an employee as wished for, in place of `old` or as a new one."""
    problems = [] if str(row.get("LastName") or "").strip() else ["Mandatory: Last name"]
    code = str(row.get("Code") or "").strip()
    if not code:
        problems.append("Mandatory: Code")
    known = book["employees"].first("Code", code)
    return [*problems, EXISTS] if known is not None and known is not old else problems


def _employment_problems(book: DivisionBook, row: Mapping[str, Any], old: Row | None) -> list[str]:
    start, end = row.get("StartDate"), row.get("EndDate")
    problems = [
        f"Mandatory: {label}"
        for name, label in (("Employee", "Employee"), ("StartDate", "Start date"))
        if row.get(name) is None
    ]
    if problems or start is None:
        return problems
    if end is not None and end < start:
        problems.append("Invalid: End date")
    others = (held for held in book["employments"].all("Employee", row["Employee"]) if held is not old)
    for other in others:
        if start <= (other.get("EndDate") or datetime.max) and other["StartDate"] <= (end or datetime.max):
            problems.append("Not allowed: Start date - Overlaps another employment")
            break
    return problems


def _refuse(problems: list[str]) -> None:
    if problems:
        raise Broken(*problems)


def _full_name(row: Mapping[str, Any]) -> str:
    return " ".join(str(row[name]) for name in _NAMES if row.get(name))


def _follow(book: DivisionBook, employee_id: str) -> None:
    """First day and last one of an employee are those of the employments."""
    rows = book["employments"].all("Employee", employee_id)
    ends = [row.get("EndDate") for row in rows]
    last = None if None in ends else max((end for end in ends if end is not None), default=None)
    employee = _employee(book, employee_id)
    first = min(row["StartDate"] for row in rows)
    book.change("employees", employee, {"StartDate": first, "EndDate": last})


def _runs(book: DivisionBook, row: Mapping[str, Any]) -> bool:
    today = book.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return bool(row["StartDate"] <= today <= (row.get("EndDate") or datetime.max))
