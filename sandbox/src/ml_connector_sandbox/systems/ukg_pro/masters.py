"""Org levels: those the tenant began with, and how they are made, changed and deleted.

They are the tenant's, whatever company uses them; people keep a code that is deleted.
"""

from __future__ import annotations

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.companies import Company
from ml_connector_sandbox.systems.ukg_pro.employments import GONE
from ml_connector_sandbox.systems.ukg_pro.endpoint import Tenant
from ml_connector_sandbox.systems.ukg_pro.render import Cents

LEVELS = {1: "Department", 2: "Division", 3: "Level 3", 4: "Level 4"}
DEPARTMENT, DIVISION = 1, 2
"""The two levels that the tenant has given a name of its own."""
DESCRIPTION_MAX = 25
SEGMENT_MAX = 15
Key = tuple[int, str]
"""Level and code."""


def org_levels(book: Book) -> dict[Key, Json]:
    """Every org level by its key: those of the beginning, then what was changed in them, and added."""
    rows = {(row["level"], row["code"]): row for row in _seeded_levels(book)}
    for key, said in book.org_levels.items():
        if said is None:
            rows.pop(key, None)
        else:
            rows[key] = {**rows.get(key, blank_level()), **said}
            rows[key]["description"] = str(rows[key]["description"])[:DESCRIPTION_MAX]
    return rows


def find_org_level(tenant: Tenant, level: str, code: str) -> Json | None:
    """The org level that a path names, if there is one."""
    for key, row in org_levels(tenant.book).items():
        if (level, folded(tenant, code)) == (str(key[0]), folded(tenant, key[1])):
            return row
    return None


def folded(tenant: Tenant, code: str) -> str:
    """A code as it is compared."""
    return code.upper() if tenant.switches["org_level_code_case"] == "upper" else code


def blank_level() -> Json:
    """An org level of which nothing is said."""
    return {
        "level": None,
        "code": None,
        "levelDescription": None,
        "description": None,
        "glSegment": None,
        "budgetGroup": None,
        "reportingCategory": None,
        "isActive": True,
        "currentYearBudgetFTE": Cents(0),
        "currentYearBudgetSalary": Cents(0),
        "lastYearBudgetFTE": Cents(0),
        "lastYearBudgetSalary": Cents(0),
    }


def _seeded_levels(book: Book) -> list[Json]:
    levels = [(DEPARTMENT, code, name) for code, name in book.department_names.items()]
    levels += [(DIVISION, code, name) for name, code in book.divisions.items()]
    return [
        {
            **blank_level(),
            "level": level,
            "code": code,
            "levelDescription": LEVELS[level],
            "description": name[:DESCRIPTION_MAX],
            "glSegment": code[:SEGMENT_MAX],
        }
        for level, code, name in levels
    ]


def add_org_level(tenant: Tenant, row: Json, company: Company) -> None:
    """A new org level; a department is of the company."""
    book, level, code = tenant.book, row["level"], row["code"]
    if level == DEPARTMENT:
        book.departments.setdefault(code, len(book.departments))
        book.company_of.setdefault(code, company)
        book.department_names[code] = str(row["description"])
    book.org_levels[level, code] = row
    tenant.audit_setup("OrgLevel", f"{level}", code, "code", None, code, "I")


def change_org_level(tenant: Tenant, held: Json, said: Json) -> Json:
    """Give fields of an org level other values; how it is then."""
    book, level, code = tenant.book, held["level"], held["code"]
    for name, value in said.items():
        if value != held[name]:
            tenant.audit_setup("OrgLevel", f"{level}", code, name, held[name], value)
    book.org_levels[level, code] = {**(book.org_levels.get((level, code)) or {}), **said}
    return {**held, **said}


def delete_org_level(tenant: Tenant, level: int, code: str) -> None:
    """The code is gone from the list; whoever has it keeps it."""
    tenant.book.org_levels[level, code] = None
    if level == DEPARTMENT:
        tenant.book.department_names.pop(code)
    tenant.audit_setup("OrgLevel", f"{level}", code, "code", code, None, "D")


def is_used(book: Book, level: int, code: str) -> bool:
    """Whether somebody who has not left is in it."""
    for person in book.people:
        held = {DEPARTMENT: person.department, DIVISION: person.division}
        if held.get(level) == code and person.status != GONE:
            return True
    return False
