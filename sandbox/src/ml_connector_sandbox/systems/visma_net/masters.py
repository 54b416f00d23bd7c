"""Writing master data: segment values in batches, subaccounts, accounts, departments, employees, projects and
tasks.

A segment has one version for all its values, so two callers who change different values still meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ml_connector_sandbox.core.vendor import Broken, Row
from ml_connector_sandbox.systems.visma_net import schema
from ml_connector_sandbox.systems.visma_net.book import SEPARATOR, Company, Missing, fitting, too_long
from ml_connector_sandbox.systems.visma_net.dimensions import unknown
from ml_connector_sandbox.systems.visma_net.seed import add_account, add_employee, put_value

TEXT_MAX = 60
TYPES = ("Asset", "Liability", "Income", "Expense")
EMPLOYEE_STATUS = {
    "Active": "Active",
    "Hold": "OnHold",
    "HoldPayments": "HoldPayments",
    "Inactive": "Inactive",
    "OneTime": "OneTime",
}
"""Written to read."""
PROJECT_STATUS = ("Planned", "Active", "Completed", "Cancelled", "OnHold", "PendingApproval")
TASK_STATUS = ("Planned", "Active", "Cancelled", "Completed")


def update_segment(book: Company, segment: Row, given: Mapping[str, Any]) -> None:
    """Insert, change and delete values, all of them or none."""
    problems: list[str] = []
    wished: dict[str, Row | None] = {}
    for item in given.get("segmentValues") or ():
        _plan_value(book, segment, item, wished, problems)
    if problems:
        raise Broken(*dict.fromkeys(problems))
    for code, facts in wished.items():
        if facts is None:
            del segment["values"][code]
        else:
            put_value(book, segment, code, facts["description"], active=facts["active"])
    if given.get("description"):
        segment["description"] = given["description"]
    book.touch(segment)


def _plan_value(
    book: Company, segment: Row, item: Mapping[str, Any], wished: dict[str, Row | None], problems: list[str]
) -> None:
    code, operation = (item.get("value") or "").strip(), (item.get("operation") or "").capitalize()
    held = wished[code] if code in wished else segment["values"].get(code)
    if operation not in ("Insert", "Update", "Delete"):
        problems.append(f"Operation '{item.get('operation')}' is not one of Insert, Update, Delete.")
        return
    if not code or len(code) > segment["length"]:
        problems.append(f"The value '{code}' does not fit the segment: its length is {segment['length']}.")
        return
    if operation == "Insert" and held is not None and book.switches["insert_existing_value"] == "refuse":
        problems.append(f"Segment value '{code}' already exists.")
    elif operation != "Insert" and held is None:
        problems.append(unknown("Segment Value", code))
    elif operation == "Delete":
        if any(
            code == row["values"][segment["segmentId"] - 1]
            for row in book.subaccounts.values()
            if len(row["values"]) >= segment["segmentId"]
        ):
            problems.append(f"Segment value '{code}' is in use and cannot be deleted.")
        wished[code] = None
    else:
        old = held or {"description": "", "active": True}
        description = item["description"] if item.get("description") is not None else old["description"]
        description = _text(book, description, "Description", problems)
        active = item["active"] if item.get("active") is not None else old["active"]
        wished[code] = {"description": description, "active": active}


def create_subaccount(book: Company, given: Mapping[str, Any]) -> Row:
    """A combination of listed values, given with separators or without."""
    number = (given.get("subaccountNumber") or "").strip()
    values = split_number(book, number)
    if book.subaccount_number(values) in book.subaccounts:
        raise Broken(f"Subaccount '{number}' already exists.")
    return book.add_subaccount(
        values, given.get("description") or "", active=given.get("active") is not False
    )


def split_number(book: Company, number: str) -> list[str]:
    """The segment values of a subaccount's number; `Broken` for one that names a value nobody listed."""
    segments = book.segments()
    values = number.split(SEPARATOR)
    if len(values) != len(segments):
        plain, values = number.replace(SEPARATOR, ""), []
        for segment in segments:
            values.append(plain[: segment["length"]].strip())
            plain = plain[segment["length"] :]
        if plain:
            raise Broken(unknown("Subaccount", number))
    for segment, value in zip(segments, values, strict=True):
        listed = segment["values"].get(value)
        if not value or (segment["validate"] and (listed is None or not listed["active"])):
            raise Broken(
                "An error occurred during processing of the field Subaccount : Error:"
                f" {segment['description']} of Subaccount do not exist."
            )
    return values


def change_subaccount(book: Company, row: Row, given: Mapping[str, Any]) -> None:
    """Description and activity."""
    _take(row, given, ("description", "active"))
    book.touch(row)


def create_account(book: Company, given: Mapping[str, Any]) -> Row:
    """A new account."""
    code = (given.get("accountCD") or "").strip()
    problems = []
    if not code or len(code) > 10:
        problems.append(
            "'Account' cannot be empty."
            if not code
            else "An error occurred during processing of the field AccountCD : Error: too long."
        )
    if code in book.accounts:
        problems.append(f"Account '{code}' already exists.")
    problems += _account_problems(book, given)
    if problems:
        raise Broken(*problems)
    row = add_account(
        book,
        {"code": code, "type": given.get("type") or "Expense", "description": given.get("description") or ""},
    )
    change_account(book, row, given)
    return row


def change_account(book: Company, row: Row, given: Mapping[str, Any]) -> None:
    """Everything but the code."""
    problems = _account_problems(book, given)
    if problems:
        raise Broken(*problems)
    _take(row, given, tuple(name for name in schema.ACCOUNT if name != "accountCD"))
    book.touch(row)


def _account_problems(book: Company, given: Mapping[str, Any]) -> list[str]:
    problems = []
    if given.get("type") and given["type"] not in TYPES:
        problems.append(unknown("Type", given["type"]))
    if given.get("currency") and given["currency"] not in book.currencies:
        problems.append(unknown("Currency", given["currency"]))
    return problems


def create_department(book: Company, given: Mapping[str, Any]) -> Row:
    """A new department."""
    code = (given.get("departmentId") or "").strip()
    if not code or len(code) > 10 or code in book.departments:
        raise Broken(
            f"Department '{code}' already exists."
            if code in book.departments
            else "'Department ID' cannot be empty or longer than 10."
        )
    row = {
        "departmentId": code,
        "description": "",
        "publicId": book.new_uuid(),
        "expenseAccount": None,
        "expenseSubaccount": None,
    }
    change_department(book, row, given)
    book.departments[code] = row
    return row


def change_department(book: Company, row: Row, given: Mapping[str, Any]) -> None:
    """Description and expense account."""
    account = given.get("expenseAccount")
    if account and account not in book.accounts:
        raise Broken(unknown("Account", account))
    sub = {
        part.get("segmentId"): part.get("segmentValue") or "" for part in given.get("expenseSubaccount") or ()
    }
    if sub:
        row["expenseSubaccount"] = book.subaccount_number(
            split_number(book, SEPARATOR.join(sub.get(s["segmentId"], "") for s in book.segments()))
        )
    problems: list[str] = []
    texts = {"description": _text(book, given.get("description"), "Description", problems)}
    if problems:
        raise Broken(*problems)
    _take(row, {**given, **(texts if "description" in given else {})}, ("description", "expenseAccount"))
    book.touch(row)


def create_employee(book: Company, given: Mapping[str, Any]) -> Row:
    """A new employee; class, branch, calendar, department, last name and e-mail must be there."""
    code, contact = (given.get("employeeCd") or "").strip(), given.get("contact") or {}
    needed = {
        **{name: given.get(name) for name in ("department", "employeeClass", "branch", "calendar")},
        "employeeCd": code,
    }
    needed |= {"contact.lastName": contact.get("lastName"), "contact.email": contact.get("email")}
    problems = [f"'{name}' cannot be empty." for name, value in needed.items() if not value]
    problems += number_problems(book, code)
    problems += _employee_problems(book, given)
    if problems:
        raise Broken(*problems)
    row = add_employee(book, {"code": code, "last_name": ""})
    change_employee(book, row, given)
    return row


def change_employee(book: Company, row: Row, given: Mapping[str, Any]) -> None:
    """Whatever is named: department, status, class, branch, calendar, address; a contact has to be."""
    problems = ["'contact' cannot be empty."] if given.get("contact") is None else []
    problems += _employee_problems(book, given)
    if problems:
        raise Broken(*problems)
    _take(row, given, ("department", "employeeClass", "branch"))
    if given.get("status"):
        row["status"] = EMPLOYEE_STATUS[given["status"]]
    if given.get("calendar"):
        row["calendarID"] = given["calendar"]
    _take(row, given.get("contact") or {}, tuple(schema.CONTACT))
    row["address"] = {**row["address"], **(given.get("address") or {})}
    book.touch(row)


def renumber_employee(book: Company, internal_id: str, given: Mapping[str, Any]) -> Row:
    """Give an employee another number."""
    row = next((row for row in book.employees.values() if str(row["employeeId"]) == internal_id), None)
    number = (given.get("employeeNr") or "").strip()
    if row is None:
        raise Missing(internal_id)
    problems = number_problems(book, number) if number else ["'employeeNr' cannot be empty."]
    if problems:
        raise Broken(*problems)
    del book.employees[row["employeeNumber"]]
    row["employeeNumber"] = number
    book.employees[number] = book.touch(row)
    return row


def number_problems(book: Company, number: str) -> list[str]:
    """What stands against a number for an employee: it has the form of business accounts, and customers and
    suppliers have theirs among the same ones.
    """
    most = book.dimensions["BIZACCT"]["length"]
    problems = [too_long("EmployeeID", most)] if len(number) > most else []
    if number in book.employees or number in book.business_accounts:
        problems.append(f"Employee '{number}' already exists.")
    return problems


def _text(book: Company, text: str | None, field: str, problems: list[str]) -> str:
    """A text as it is kept: blanks as the switch says, and no longer than its field."""
    text, spaces = text or "", book.switches["text_spaces"]
    if spaces != "keep":
        text = " ".join(text.split()) if spaces == "fold" else text.strip()
    return fitting(book, text, field, TEXT_MAX, problems)


def _employee_problems(book: Company, given: Mapping[str, Any]) -> list[str]:
    problems = []
    for name, table in (("department", book.departments), ("branch", book.branches)):
        if given.get(name) and given[name] not in table:
            problems.append(unknown(name.capitalize(), given[name]))
    if given.get("status") and given["status"] not in EMPLOYEE_STATUS:
        problems.append(unknown("Status", given["status"]))
    return problems


def create_project(book: Company, given: Mapping[str, Any]) -> Row:
    """A new project, planned unless it says otherwise."""
    code = (given.get("projectID") or "").strip()
    missing = [name for name in ("projectID", "description", "startDate") if not given.get(name)]
    if missing or code in book.projects:
        raise Broken(
            f"Project '{code}' already exists." if not missing else f"'{missing[0]}' cannot be empty."
        )
    row: Row = {
        "internalID": book.next_id("project"),
        "projectID": code,
        "status": "Planned",
        "publicId": book.new_uuid(),
    }
    row |= {"description": "", "startDate": None, "endDate": None, "visibleInGl": True, "branch": None}
    change_project(book, row, given)
    book.projects[code] = row
    return row


def change_project(book: Company, row: Row, given: Mapping[str, Any]) -> None:
    """Whatever is named; `hold` is the status On hold."""
    if given.get("status") and given["status"] not in PROJECT_STATUS:
        raise Broken(unknown("Status", given["status"]))
    _take(row, given, ("description", "status", "startDate", "endDate", "branch"))
    _take(row, given.get("visibility") or {}, ("visibleInGl",))
    if given.get("hold") is not None:
        row["status"] = (
            "OnHold" if given["hold"] else ("Active" if row["status"] == "OnHold" else row["status"])
        )
    book.touch(row)


def renumber_project(book: Company, row: Row, given: Mapping[str, Any]) -> None:
    """Give a project another number."""
    number = (given.get("projectId") or "").strip()
    if not number or number in book.projects:
        raise Broken(f"Project '{number}' already exists." if number else "'projectId' cannot be empty.")
    for batch in book.batches.values():
        for line in batch["lines"]:
            line["project"] = number if line["project"] == row["projectID"] else line["project"]
    held = {
        (number if code == row["projectID"] else code): project for code, project in book.projects.items()
    }
    book.projects.clear()
    book.projects.update(held)
    row["projectID"] = number
    book.touch(row)


def create_task(book: Company, project_id: str, given: Mapping[str, Any]) -> Row:
    """A new task of a project, by the project's internal id."""
    project = next((row for row in book.projects.values() if str(row["internalID"]) == project_id), None)
    if project is None:
        raise Missing(project_id)
    code = (given.get("taskId") or "").strip()
    if not code or book.task_of(project, code) is not None:
        raise Broken(f"Task '{code}' already exists." if code else "'taskId' cannot be empty.")
    number = book.next_id("task")
    row: Row = {
        "internalId": number,
        "projectInternalId": project["internalID"],
        "taskId": code,
        "description": "",
        "status": "Planned",
    }
    row |= {"startDate": project["startDate"] or datetime(2025, 1, 1), "endDate": None, "visibleInGl": True}
    change_task(book, row, given)
    book.tasks[number] = row
    return row


def change_task(book: Company, row: Row, given: Mapping[str, Any]) -> None:
    """Whatever is named."""
    if given.get("status") and given["status"] not in TASK_STATUS:
        raise Broken(unknown("Status", given["status"]))
    _take(row, given, ("description", "status", "startDate", "endDate"))
    _take(row, given.get("visibility") or {}, ("visibleInGl",))
    book.touch(row)


def find_segment(book: Company, dimension: str, segment: str) -> Row:
    """A segment of a key; `Missing` when there is none."""
    key = book.dimensions.get(dimension.upper())
    found = (
        key["segments"].get(int(segment))
        if key is not None and segment.isascii() and segment.isdigit()
        else None
    )
    if found is None:
        raise Missing(f"{dimension} {segment}")
    row: Row = found
    return row


def _take(row: Row, given: Mapping[str, Any], names: Sequence[str]) -> None:
    """Copy what is named; a null blanks a text."""
    for name in names:
        if name in given:
            row[name] = (
                given[name]
                if given[name] is not None or not isinstance(row.get(name), (str, bool))
                else type(row[name])()
            )
