"""What people change at the vendor's screens besides entries: cost centers and units, relations, people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any, Protocol, TypeVar

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Json, Row
from ml_connector_sandbox.systems.exact_online import employees, masters, suppliers
from ml_connector_sandbox.systems.exact_online.body import BadBody, read_body
from ml_connector_sandbox.systems.exact_online.book import DivisionBook
from ml_connector_sandbox.systems.exact_online.masters import MASTERS, cost_code, folded
from ml_connector_sandbox.systems.exact_online.schema import entities
from ml_connector_sandbox.systems.exact_online.users import MANAGES_EMPLOYEES, Rights
from ml_connector_sandbox.systems.exact_online.webhooks import Webhooks

T = TypeVar("T")
RELATIONS = "crm/Accounts"
_KINDS = {"cost_center": ("hrm/Costcenters", "CostCenter"), "cost_unit": ("hrm/Costunits", "CostUnit")}
_EMPLOYEE = {
    "first_name": "FirstName",
    "middle_name": "MiddleName",
    "last_name": "LastName",
    "email": "BusinessEmail",
}


class Tenant(Protocol):
    """What these actions work on."""

    books_by_division: dict[int, DivisionBook]
    switches: Switches
    rights: Rights
    webhooks: Webhooks


Action = Callable[[Tenant, Json], Json]


def book_of(tenant: Tenant, code: Any) -> DivisionBook:
    """The division of that number, the first one for none; `KeyError` for one that does not exist."""
    books = tenant.books_by_division
    if code is None:
        return next(iter(books.values()))
    text = str(code)
    if not (text.isascii() and text.isdigit()) or int(text) not in books:
        raise KeyError(f"division {text}")
    return books[int(text)]


def book_at(tenant: Tenant, typed: Json) -> DivisionBook:
    """The division that was typed, the first one for none; `KeyError` for one that does not exist."""
    return book_of(tenant, typed.get("entity", typed.get("company", typed.get("division"))))


def member_of(tenant: Tenant, book: DivisionBook, kind: str, code: str) -> Row:
    """The cost center or cost unit; `KeyError` for none."""
    row = cost_code(book, tenant.switches, f"{kind}s", code)
    if row is None:
        raise KeyError(f"{kind.replace('_', ' ')} {code}")
    return row


def _member(tenant: Tenant, typed: Json, kind: str) -> tuple[DivisionBook, Row]:
    book = book_at(tenant, typed)
    return book, member_of(tenant, book, kind, str(typed.get(kind, typed.get("code", ""))))


def _shown(row: Row) -> Json:
    ends = row.get("EndDate")
    return {
        "id": row["ID"],
        "code": row["Code"],
        "description": row["Description"],
        "ends": None if ends is None else ends.date().isoformat(),
    }


def _add(kind: str) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        code = str(typed.get(kind, typed.get("code", "")))
        values = {
            "Code": code,
            "Description": str(typed.get("description", code)),
            "EndDate": day_of(typed, "date"),
        }
        return _shown(
            entered(lambda: masters.create(book_at(tenant, typed), tenant.switches, _master(kind), values))
        )

    return action


def _rename(kind: str) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        book, row = _member(tenant, typed, kind)
        wished = {"Description": str(typed["description"])}
        entered(lambda: masters.update(book, tenant.switches, _master(kind), row, wished))
        return _shown(row)

    return action


def _recode(kind: str) -> Action:
    """Another code for the same record; bookings and workplaces follow."""

    def action(tenant: Tenant, typed: Json) -> Json:
        book, row = _member(tenant, typed, kind)
        code, old, field = str(typed["to"]).strip(), row["Code"], _KINDS[kind][1]
        if not code or len(code) > _master(kind).code_max:
            raise ValueError(f"to: 1 to {_master(kind).code_max} characters")
        if cost_code(book, tenant.switches, f"{kind}s", code) not in (None, row):
            raise ValueError(f"to: {code} is there already")
        book.change(f"{kind}s", row, {"Code": code, "_folded": folded(code)})
        for table in ("lines", "organizations"):
            for held in [held for held in book[table] if held.get(field) == old]:
                book.change(table, held, {field: code})
        return _shown(row)

    return action


def _end_unit(tenant: Tenant, typed: Json) -> Json:
    book, row = _member(tenant, typed, "cost_unit")
    day = day_of(typed, "date") or datetime.combine(book.now().date(), time())
    book.change("cost_units", row, {"EndDate": day})
    return _shown(row)


def _reopen_unit(tenant: Tenant, typed: Json) -> Json:
    book, row = _member(tenant, typed, "cost_unit")
    book.change("cost_units", row, {"EndDate": None})
    return _shown(row)


def _remove(kind: str) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        book, row = _member(tenant, typed, kind)
        book.remove(f"{kind}s", row)
        return {"removed": row["Code"]}

    return action


def _put_relation(tenant: Tenant, typed: Json) -> Json:
    """`{"code": "20001", "set": {"Name": "…", "Blocked": true}}`: added, or changed where it exists."""
    book, code = book_at(tenant, typed), str(typed.get("code", "")).strip()
    values = fields_of(RELATIONS, dict(typed.get("set") or {}))
    row = book["relations"].first("Code", code.rjust(18)) if code else None
    if row is None:
        wished = {**values, **({"Code": code} if code else {})}
        row = entered(lambda: masters.create(book, tenant.switches, MASTERS[RELATIONS], wished))
        tenant.webhooks.tell_of(book, RELATIONS, "Create", row)
    else:
        held = row
        entered(lambda: masters.update(book, tenant.switches, MASTERS[RELATIONS], held, values))
        tenant.webhooks.tell_of(book, RELATIONS, "Update", row)
    return {"id": row["ID"], "code": row["Code"].strip(), "name": row["Name"]}


def _remove_relation(tenant: Tenant, typed: Json) -> Json:
    book = book_at(tenant, typed)
    row = book["relations"].first("Code", str(typed.get("code", "")).strip().rjust(18))
    if row is None:
        raise KeyError(f"relation {typed.get('code')}")
    book.remove("relations", row)
    suppliers.remove_all_of(book, row)
    tenant.webhooks.tell_of(book, RELATIONS, "Delete", row)
    return {"removed": row["Code"].strip()}


def _employee(book: DivisionBook, typed: Json) -> Row | None:
    return book["employees"].first("Code", str(typed.get("code", "")))


def _put_employee(tenant: Tenant, typed: Json) -> Json:
    """What HR staff enters, by hand or from an import file: a hire, a rehire, a change, a place, an end."""
    book = book_at(tenant, typed)
    values = {field: str(typed[name]) for name, field in _EMPLOYEE.items() if name in typed}
    row, days = _employee(book, typed), {name: day_of(typed, name) for name in ("start", "end", "date")}
    codes = _place(tenant, book, typed)
    if row is None:
        if days["start"] and days["end"] and days["end"] < days["start"]:
            raise ValueError("end: before start")
        wished = {"Code": str(typed["code"]) if "code" in typed else None, **values}
        row = entered(lambda: employees.create(book, employees.EMPLOYEES, wished))
    elif problems := employees.problems_of(book, {**row, **values}, row):
        raise ValueError("; ".join(problems))
    held = row
    newest = entered(lambda: _employ(book, held, days, ends="end" in typed))
    if newest is not None and codes:
        employees.place(book, newest, codes, days["date"] or newest["StartDate"])
    if values:
        employees.change(book, employees.EMPLOYEES, row, values)
    active = employees.shown(book, row)["IsActive"]
    return {"id": row["ID"], "code": row["Code"], "name": row["FullName"], "active": active}


def _place(tenant: Tenant, book: DivisionBook, typed: Json) -> dict[str, str | None]:
    """The codes that say where somebody works; `KeyError` for one that does not exist."""
    codes: dict[str, str | None] = {
        kind: member_of(tenant, book, kind, str(typed[kind]))["Code"]
        for kind in _KINDS
        if typed.get(kind) is not None
    }
    if typed.get("department") is not None:
        codes["department"] = str(typed["department"])
        if book["departments"].first("Code", codes["department"]) is None:
            raise KeyError(f"department {codes['department']}")
    return codes


def _employ(
    book: DivisionBook, employee: Row, days: Mapping[str, datetime | None], *, ends: bool
) -> Row | None:
    """The employment that is meant: the newest, which ends or opens again, or one that begins on `start`."""
    rows = sorted(book["employments"].all("Employee", employee["ID"]), key=lambda row: row["StartDate"])
    start = days["start"]
    if start is not None and all(row["StartDate"] != start for row in rows):
        wished = {"Employee": employee["ID"], "StartDate": start, "EndDate": days["end"]}
        return employees.add_employment(book, wished)
    newest = next((row for row in reversed(rows) if start in (None, row["StartDate"])), None)
    if newest is not None and ends:
        employees.change(book, employees.EMPLOYMENTS, newest, {"EndDate": days["end"]})
    return newest


def _remove_employee(tenant: Tenant, typed: Json) -> Json:
    book = book_at(tenant, typed)
    row = _employee(book, typed)
    if row is None:
        raise KeyError(f"employee {typed.get('code')}")
    employees.remove_employee(book, row)
    return {"removed": row["Code"]}


def _role(tenant: Tenant, typed: Json) -> Json:
    """`{"role": "Manage employees", "granted": false}`"""
    role = typed.get("role", MANAGES_EMPLOYEES)
    if role != MANAGES_EMPLOYEES:
        raise KeyError(f"role {role}; there is {MANAGES_EMPLOYEES}")
    (tenant.rights.roles.add if typed.get("granted", True) else tenant.rights.roles.discard)(role)
    return {"roles": sorted(tenant.rights.roles)}


def _scope(tenant: Tenant, typed: Json) -> Json:
    """`{"scope": "Financial accounting", "level": "manage"|"read"|"none"}`."""
    scopes = tenant.rights.scopes
    if typed.get("scope") not in scopes:
        raise KeyError(f"scope {typed.get('scope')}; there are {', '.join(sorted(scopes))}")
    if typed.get("level") not in ("manage", "read", "none"):
        raise ValueError("level: manage, read or none")
    scopes[typed["scope"]] = typed["level"]
    return {"scopes": dict(scopes)}


def _master(kind: str) -> masters.Master:
    return MASTERS[_KINDS[kind][0]]


def fields_of(path: str, given: Json) -> Json:
    """Fields of a set in their types, as a form would take them; `ValueError` for one that is none."""
    try:
        return read_body(entities()[path], json.dumps(given).encode(), update=True)
    except BadBody as wrong:
        raise ValueError(str(wrong)) from wrong


def entered(step: Callable[[], T]) -> T:
    """A step whose broken rules are shown to the person who typed."""
    try:
        return step()
    except Broken as broken:
        raise ValueError(str(broken)) from broken


def day_of(typed: Json, name: str) -> datetime | None:
    """The day that was typed, if one was; `ValueError` for what is none."""
    text = typed.get(name)
    return None if text is None else datetime.combine(datetime.fromisoformat(str(text)).date(), time())


MASTER_ACTIONS: Mapping[str, Action] = {
    "add_cost_center": _add("cost_center"),
    "rename_cost_center": _rename("cost_center"),
    "recode_cost_center": _recode("cost_center"),
    "remove_cost_center": _remove("cost_center"),
    "add_cost_unit": _add("cost_unit"),
    "rename_cost_unit": _rename("cost_unit"),
    "recode_cost_unit": _recode("cost_unit"),
    "end_cost_unit": _end_unit,
    "reopen_cost_unit": _reopen_unit,
    "remove_cost_unit": _remove("cost_unit"),
    "put_relation": _put_relation,
    "remove_relation": _remove_relation,
    "put_employee": _put_employee,
    "remove_employee": _remove_employee,
    "role": _role,
    "scope": _scope,
}
