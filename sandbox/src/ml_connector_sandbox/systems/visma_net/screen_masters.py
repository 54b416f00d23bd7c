"""What people change at the vendor's screens besides documents: periods, accounts, values, projects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ml_connector_sandbox.core.vendor import Broken, Json, Row
from ml_connector_sandbox.systems.visma_net import masters
from ml_connector_sandbox.systems.visma_net.book import SUBACCOUNT, Company, etag
from ml_connector_sandbox.systems.visma_net.seed import put_value
from ml_connector_sandbox.systems.visma_net.webhooks import Webhooks

KEY_MAX = 30
"""Longest subaccount, all segments together."""


class Tenant(Protocol):
    """What these actions work on."""

    companies: dict[str, Company]
    webhooks: Webhooks


def book_of(tenant: Tenant, arguments: Json) -> Company:
    """The company that an action names as `entity` or `company`, else the first one."""
    code = arguments.get("company", arguments.get("entity"))
    if code is None:
        return next(iter(tenant.companies.values()))
    if str(code) not in tenant.companies:
        raise KeyError(f"company {code}")
    return tenant.companies[str(code)]


def tell(tenant: Tenant, book: Company, entity: str, event: str, code: str) -> None:
    """Notify of a change at the screen as of one through the API."""
    tenant.webhooks.tell(book.tenant_id, entity, event, code)


def set_period(book: Company, typed: Json, name: str, value: bool) -> Json:
    """Set one of the flags of a period, `closed` or `active`; `KeyError` for no such period."""
    period = str(typed.get("period", "")).replace("-", "")
    if period not in book.periods:
        raise KeyError(f"period {typed.get('period')}")
    book.periods[period][name] = value
    return {"company": book.code, "period": f"{period[:4]}-{period[4:]}", name: value}


def _period(active: bool) -> Callable[[Tenant, Json], Json]:
    return lambda tenant, typed: set_period(book_of(tenant, typed), typed, "active", active)


def coded(table: dict[str, Row], what: str, arguments: Json) -> Row:
    """The row that an action names, as `code` or by the name of its kind. `KeyError` for none."""
    code = str(arguments.get("code", arguments.get(what, "")))
    if code not in table:
        raise KeyError(f"{what} {code}")
    return table[code]


def set_account(tenant: Tenant, book: Company, row: Row, *, active: bool) -> Json:
    """Activate an account or not, and tell of it."""
    row["active"] = active
    shown = etag(book.touch(row))
    tell(tenant, book, "Account", "Updated", row["accountCD"])
    return {"account": row["accountCD"], "active": active, "etag": shown}


def _active(what: str, active: bool) -> Callable[[Tenant, Json], Json]:
    def action(tenant: Tenant, arguments: Json) -> Json:
        book = book_of(tenant, arguments)
        row = coded({"subaccount": book.subaccounts, "branch": book.branches}[what], what, arguments)
        row["isActive" if what == "branch" else "active"] = active
        shown = etag(book.touch(row))
        return {what: str(arguments.get("code", arguments.get(what))), "active": active, "etag": shown}

    return action


def _manual_entry(tenant: Tenant, arguments: Json) -> Json:
    """`{"code": "5000", "allowed": false}`"""
    book = book_of(tenant, arguments)
    row = coded(book.accounts, "account", arguments)
    row["allowManualEntry"] = bool(arguments.get("allowed", False))
    shown = etag(book.touch(row))
    tell(tenant, book, "Account", "Updated", row["accountCD"])
    return {"account": row["accountCD"], "allowManualEntry": row["allowManualEntry"], "etag": shown}


def _add_subaccount(tenant: Tenant, arguments: Json) -> Json:
    book = book_of(tenant, arguments)
    values = list(arguments.get("values") or ()) or str(arguments.get("code", "")).split("-")
    if len(values) != len(book.segments()):
        raise ValueError(f"values: one for each of the {len(book.segments())} segments")
    row = book.add_subaccount(
        [str(value) for value in values],
        str(arguments.get("description", "")),
        active=arguments.get("active") is not False,
    )
    return {"subaccount": row["subaccountNumber"], "id": row["subaccountId"]}


def _remove_subaccount(tenant: Tenant, arguments: Json) -> Json:
    book = book_of(tenant, arguments)
    row = coded(book.subaccounts, "subaccount", arguments)
    del book.subaccounts[row["subaccountNumber"]]
    return {"removed": row["subaccountNumber"]}


def segment_of(book: Company, arguments: Json) -> Row:
    """By `segment`: its id, or its axis."""
    wanted = str(arguments.get("segment", "1"))
    row = next((row for row in book.segments() if wanted in (str(row["segmentId"]), row["axis"])), None)
    if row is None:
        raise KeyError(f"segment {wanted}")
    return row


def _put_value(tenant: Tenant, arguments: Json) -> Json:
    """Add a value, or change the one that is there: description, active."""
    book = book_of(tenant, arguments)
    segment, code = segment_of(book, arguments), str(arguments.get("code", ""))
    if not code or len(code) > segment["length"]:
        raise ValueError(f"code: 1 to {segment['length']} characters")
    old = segment["values"].get(code, {})
    active = arguments.get("active", old.get("active", True))
    put_value(
        book,
        segment,
        code,
        str(arguments.get("description", old.get("description", ""))),
        active=bool(active),
    )
    shown = etag(book.touch(segment))
    _tell_segment(tenant, book, segment)
    return {"segment": segment["segmentId"], "code": code, "active": bool(active), "etag": shown}


def _remove_value(tenant: Tenant, arguments: Json) -> Json:
    book = book_of(tenant, arguments)
    segment = segment_of(book, arguments)
    code = str(coded(segment["values"], "code", arguments)["valueId"])
    del segment["values"][code]
    shown = etag(book.touch(segment))
    _tell_segment(tenant, book, segment)
    return {"segment": segment["segmentId"], "removed": code, "etag": shown}


def _tell_segment(tenant: Tenant, book: Company, segment: Row) -> None:
    tell(tenant, book, "Segment", "ValueChanged", f"{SUBACCOUNT}/{segment['segmentId']}")


def set_cost_center(tenant: Tenant, book: Company, code: str, *, active: bool) -> None:
    """End or open a value of the segment that holds cost centers, and the subaccounts made with it, which an
    inactive value alone does not end. `KeyError` for none.
    """
    segment = segment_of(book, {"segment": "cost_center"})
    if code not in segment["values"]:
        raise KeyError(f"cost center {code}")
    put_value(book, segment, code, segment["values"][code]["description"], active=active)
    book.touch(segment)
    place = segment["segmentId"] - 1
    for row in book.subaccounts.values():
        if row["values"][place : place + 1] == [code] and row["active"] != active:
            row["active"] = active
            book.touch(row)
    _tell_segment(tenant, book, segment)


def _project(tenant: Tenant, arguments: Json) -> Json:
    """`{"code": "P2601", "status": "Completed", "task": "10", "visible_in_gl": true}`: of the task when one
    is named, else of the project.
    """
    book = book_of(tenant, arguments)
    row = coded(book.projects, "project", arguments)
    if "task" in arguments:
        task = book.task_of(row, str(arguments["task"]))
        if task is None:
            raise KeyError(f"task {arguments['task']}")
        row = task
    row["status"] = str(arguments.get("status", row["status"]))
    row["visibleInGl"] = bool(arguments.get("visible_in_gl", row["visibleInGl"]))
    shown = etag(book.touch(row))
    tell(tenant, book, "Project", "Changed", str(arguments.get("code", arguments.get("project", ""))))
    return {"status": row["status"], "visible_in_gl": row["visibleInGl"], "etag": shown}


def _set_segment(tenant: Tenant, arguments: Json) -> Json:
    """An administrator changes a segment: `length`, `validate`, `description`; values stay as they are."""
    book = book_of(tenant, arguments)
    segment = segment_of(book, arguments)
    length = int(str(arguments.get("length", segment["length"])))
    others = sum(row["length"] for row in book.segments() if row is not segment)
    if not max((len(code) for code in segment["values"]), default=1) <= length <= KEY_MAX - others:
        raise ValueError(f"length: no shorter than a value, and {KEY_MAX} for all segments together")
    segment["length"] = length
    segment["validate"] = bool(arguments.get("validate", segment["validate"]))
    segment["description"] = str(arguments.get("description", segment["description"]))
    book.dimensions[SUBACCOUNT]["length"] = others + length
    shown = etag(book.touch(segment))
    tell(tenant, book, "Dimension", "Changed", SUBACCOUNT)
    tell(tenant, book, "Segment", "Changed", f"{SUBACCOUNT}/{segment['segmentId']}")
    return {"segment": segment["segmentId"], "length": length, "validate": segment["validate"], "etag": shown}


def _entered(step: Callable[[], Any]) -> None:
    """A step whose broken rules are shown to the person who typed."""
    try:
        step()
    except Broken as broken:
        raise ValueError(str(broken)) from broken


def _put_department(tenant: Tenant, arguments: Json) -> Json:
    """Added, or renamed where it exists. Nobody is told: there is no event for it."""
    book, code = book_of(tenant, arguments), str(arguments.get("code", ""))
    given = {"departmentId": code, "description": str(arguments.get("description", code))}
    row = book.departments.get(code)
    _entered(
        lambda: (
            masters.create_department(book, given)
            if row is None
            else masters.change_department(book, row, given)
        )
    )
    held = book.departments[code.strip()]
    return {"department": held["departmentId"], "description": held["description"], "etag": etag(held)}


def _remove_department(tenant: Tenant, arguments: Json) -> Json:
    book = book_of(tenant, arguments)
    code = str(coded(book.departments, "department", arguments)["departmentId"])
    if any(row["department"] == code for row in book.employees.values()):
        raise ValueError(f"department {code} has employees and cannot be deleted")
    del book.departments[code]
    return {"removed": code}


def _put_employee(tenant: Tenant, arguments: Json) -> Json:
    """Added, or changed where it exists: names, e-mail, department, status as it is written."""
    book, code = book_of(tenant, arguments), str(arguments.get("code", ""))
    names = {"first_name": "firstName", "last_name": "lastName", "email": "email"}
    contact = {field: str(arguments[name]) for name, field in names.items() if name in arguments}
    given: Json = {name: str(arguments[name]) for name in ("department", "status") if name in arguments}
    row = book.employees.get(code)
    if row is None:
        fixed = {"employeeClass": "EMPSTAND", "branch": book.main_branch()["number"], "calendar": "NO"}
        wished = {"employeeCd": code, **fixed, **given, "contact": contact}
        _entered(lambda: masters.create_employee(book, wished))
    else:
        _entered(lambda: masters.change_employee(book, row, {**given, "contact": contact}))
    held = book.employees[code.strip()]
    _tell_employee(tenant, book, held, "Created" if row is None else "Updated")
    return {"employee": held["employeeNumber"], "status": held["status"], "etag": etag(held)}


def _remove_employee(tenant: Tenant, arguments: Json) -> Json:
    book = book_of(tenant, arguments)
    row = coded(book.employees, "employee", arguments)
    del book.employees[row["employeeNumber"]]
    tell(tenant, book, "Employee", "Changed", row["employeeNumber"])
    return {"removed": row["employeeNumber"]}


def _recode_employee(tenant: Tenant, arguments: Json) -> Json:
    """Another number for the same employee."""
    book = book_of(tenant, arguments)
    row = coded(book.employees, "employee", arguments)
    wish = {"employeeNr": str(arguments.get("to", ""))}
    _entered(lambda: masters.renumber_employee(book, str(row["employeeId"]), wish))
    _tell_employee(tenant, book, row, "Updated")
    return {"employee": row["employeeNumber"], "etag": etag(row)}


def _tell_employee(tenant: Tenant, book: Company, row: Row, event: str) -> None:
    tell(tenant, book, "Employee", "Changed", row["employeeNumber"])
    tell(tenant, book, "EPEmployee", event, row["employeeNumber"])


def _add_business_account(tenant: Tenant, arguments: Json) -> Json:
    """A customer or supplier takes a number."""
    book, code = book_of(tenant, arguments), str(arguments["code"])
    book.business_accounts.add(code)
    return {"business_account": code}


def _conflict(tenant: Tenant, arguments: Json) -> Json:
    book = book_of(tenant, arguments)
    book.conflicts = int(arguments.get("times", 1))
    return {"times": book.conflicts}


MASTER_ACTIONS: dict[str, Callable[[Tenant, Json], Json]] = {
    "deactivate_period": _period(False),
    "activate_period": _period(True),
    "manual_entry": _manual_entry,
    "add_subaccount": _add_subaccount,
    "remove_subaccount": _remove_subaccount,
    "deactivate_subaccount": _active("subaccount", False),
    "activate_subaccount": _active("subaccount", True),
    "put_segment_value": _put_value,
    "remove_segment_value": _remove_value,
    "deactivate_branch": _active("branch", False),
    "activate_branch": _active("branch", True),
    "project": _project,
    "set_segment": _set_segment,
    "put_department": _put_department,
    "remove_department": _remove_department,
    "put_employee": _put_employee,
    "remove_employee": _remove_employee,
    "recode_employee": _recode_employee,
    "add_business_account": _add_business_account,
    "update_conflict": _conflict,
}
