"""Fills the companies from a scenario's ledger: plain data in, tables out."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json, Row
from ml_connector_sandbox.systems.visma_net.book import NON_PROJECT, SUBACCOUNT, Company

KEYS = (
    *(
        "ACCGROUP",
        "ACCOUNT",
        "BIZACCT",
        "CASHACCOUNT",
        "CONTRACT",
        "CONTRACTITEM",
        "CUSTOMER",
        "EMPLOYEE",
        "INLOCATION",
        "INSITE",
    ),
    *(
        "INSUBITEM",
        "INVENTORY",
        "LOCATION",
        "MLISTCD",
        "PROJECT",
        "PROTASK",
        "SALESPER",
        SUBACCOUNT,
        "TMCONTRACT",
        "VENDOR",
    ),
)
"""The segmented keys every company has; only SUBACCOUNT carries values here."""
NUMBER_MAX = 10
"""Longest number of an employee, who shares the form of business accounts; also of keys without segments."""
MONTHS = (
    "Januar",
    "Februar",
    "Mars",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Desember",
)


def build_companies(
    ledger: Json, tenant_ids: Mapping[str, str], clock: Clock, switches: Switches, seed: int
) -> dict[str, Company]:
    """One book per company by its code. Sections under `"by_company"[code]` replace the shared ones for that
    company.
    """
    books = {}
    for facts in ledger["companies"]:
        code = str(facts["code"])
        book = Company(
            code=code,
            title=facts["title"],
            currency=facts.get("currency", "NOK"),
            tenant_id=tenant_ids[code],
            clock=clock,
            switches=switches,
            seed=seed,
        )
        book.facts = {
            "corporateId": facts.get("corporate_id", "999888777"),
            "vatRegistrationId": facts.get("vat_id", "NO999888777MVA"),
        }
        _fill(book, {**ledger, **ledger.get("by_company", {}).get(code, {})})
        books[code] = book
    return books


def _fill(book: Company, ledger: Json) -> None:
    _currencies(book, ledger.get("currencies", ()))
    _ledgers_and_branches(book, ledger)
    _dimensions(book, ledger)
    for row in ledger.get("accounts", ()):
        add_account(book, row)
    for row in ledger.get("vat_codes", ()):
        facts = {
            "vatId": str(row["code"]),
            "description": row["description"],
            "rate": Decimal(str(row.get("percentage", 0))),
        }
        book.vat_codes[facts["vatId"]] = book.touch(facts)
    for row in ledger.get("departments", ()):
        facts = {
            "departmentId": str(row["code"]),
            "description": row["description"],
            "publicId": book.new_uuid(),
        }
        book.departments[facts["departmentId"]] = book.touch(
            {**facts, "expenseAccount": row.get("account"), "expenseSubaccount": None}
        )
    _projects(book, ledger.get("projects", ()))
    for row in ledger.get("employees", ()):
        add_employee(book, row)
    book.business_accounts.update(str(code) for code in ledger.get("business_accounts", ()))
    _periods(book, ledger.get("periods", {}))


def _currencies(book: Company, rows: Any) -> None:
    wanted = [dict(row) for row in rows]
    if book.currency not in [row["code"] for row in wanted]:
        wanted.insert(0, {"code": book.currency, "description": book.currency})
    for row in wanted:
        book.currencies[row["code"]] = {
            "id": row["code"],
            "description": row["description"],
            "symbol": row.get("symbol", ""),
            "isBaseCurrency": row["code"] == book.currency,
            "decimalPrecision": int(row.get("decimals", 2)),
            "isUsedForAccounting": True,
            "rate": Decimal(str(row["rate"])) if "rate" in row else None,
        }


def _ledgers_and_branches(book: Company, ledger: Json) -> None:
    for row in ledger.get("ledgers") or ({"code": "1", "description": "Actual ledger"},):
        book.ledgers[row["code"]] = book.touch(
            {
                "internalId": book.next_id("ledger"),
                "number": row["code"],
                "description": row["description"],
                "balanceType": row.get("balance_type", "Actual"),
                "currencyId": row.get("currency", book.currency),
                "consolidationSource": False,
                "branchAccounting": False,
                "postInterCompany": False,
            }
        )
    for place, row in enumerate(ledger.get("branches") or ({"code": "1", "title": book.title},)):
        book.branches[row["code"]] = book.touch(
            {
                "branchId": book.next_id("branch"),
                "number": row["code"],
                "name": row["title"],
                "organizationId": 1,
                "isMainBranch": row.get("main", place == 0),
                "isActive": row.get("active", True),
                "ledger": row.get("ledger", next(iter(book.ledgers))),
                **book.facts,
            }
        )


def _dimensions(book: Company, ledger: Json) -> None:
    for key in KEYS:
        book.dimensions[key] = {
            "id": key,
            "length": NUMBER_MAX,
            "description": key.capitalize(),
            "segments": {},
        }
    for row in ledger.get("segments", ()):
        segment = book.touch(
            {
                "internalId": book.new_uuid(),
                "segmentId": int(row["id"]),
                "description": row["title"],
                "length": int(row["length"]),
                "publicId": book.new_uuid(),
                "validate": row.get("validate", True),
                "isAutoNumber": False,
                "axis": row["axis"],
                "values": {},
            }
        )
        book.dimensions[SUBACCOUNT]["segments"][segment["segmentId"]] = segment
        for value in row["values"]:
            put_value(book, segment, value["code"], value["description"], active=value.get("active", True))
    book.dimensions[SUBACCOUNT]["length"] = sum(segment["length"] for segment in book.segments())
    for row in ledger.get("subaccounts", ()):
        book.add_subaccount(list(row["values"]), row.get("description", ""), active=row.get("active", True))


def put_value(book: Company, segment: Row, code: str, description: str, *, active: bool = True) -> Row:
    """A value of a segment, new or in place of the old one."""
    old = segment["values"].get(code, {})
    row = {
        "internalId": old.get("internalId") or book.new_uuid(),
        "segmentId": segment["segmentId"],
        "valueId": code,
        "description": description,
        "publicId": old.get("publicId") or book.new_uuid(),
        "active": active,
        "mappedSegValue": None,
    }
    segment["values"][code] = book.touch(row)
    return row


def add_account(book: Company, row: Json) -> Row:
    """An account from a scenario's words."""
    account = {
        "accountID": book.next_id("account", 1001),
        "accountCD": str(row["code"]),
        "accountGroupCD": None,
        "accountClass": row.get("class"),
        "type": row["type"],
        "active": row.get("active", True),
        "description": row["description"],
        "useDefaultSub": row.get("use_default_sub", False),
        "postOption": row.get("post_option", "Detail"),
        "currency": row.get("currency"),
        "taxCategory": None,
        "cashAccount": row.get("cash", False),
        "publicCode1": row.get("public_code"),
        "controlAccountModule": row.get("control_module"),
        "allowManualEntry": row.get("allow_manual_entry", True),
        "is_year_result": row.get("year_result", False),
    }
    book.accounts[account["accountCD"]] = book.touch(account)
    return account


def _projects(book: Company, rows: Any) -> None:
    wanted = [{"code": NON_PROJECT, "description": "Non-Project Code.", "tasks": ()}, *rows]
    for row in wanted:
        project = {
            "internalID": book.next_id("project"),
            "projectID": row["code"],
            "status": row.get("status", "Active"),
            "description": row["description"],
            "startDate": row.get("start", datetime(2025, 1, 1)),
            "endDate": row.get("end"),
            "visibleInGl": row.get("visible_in_gl", True),
            "branch": row.get("branch"),
            "publicId": book.new_uuid(),
        }
        book.projects[row["code"]] = book.touch(project)
        for task in row.get("tasks", ()):
            number = book.next_id("task")
            book.tasks[number] = book.touch(
                {
                    "internalId": number,
                    "projectInternalId": project["internalID"],
                    "taskId": task["code"],
                    "description": task["description"],
                    "status": task.get("status", "Active"),
                    "startDate": project["startDate"],
                    "endDate": project["endDate"],
                    "visibleInGl": task.get("visible_in_gl", True),
                }
            )


def add_employee(book: Company, row: Json) -> Row:
    """An employee from a scenario's words."""
    employee = {
        "employeeUserId": book.new_uuid(),
        "employeeId": book.next_id("employee", 501),
        "employeeNumber": str(row["code"]),
        "firstName": row.get("first_name", ""),
        "lastName": row["last_name"],
        "middleName": None,
        "email": row.get("email"),
        "phone1": None,
        "phone2": None,
        "phone3": None,
        "fax": None,
        "contactId": book.next_id("contact", 9001),
        "status": row.get("status", "Active"),
        "department": row.get("department"),
        "employeeClass": row.get("class", "EMPSTAND"),
        "branch": row.get("branch") or book.main_branch()["number"],
        "calendarID": row.get("calendar", "NO"),
        "address": {},
    }
    book.employees[employee["employeeNumber"]] = book.touch(employee)
    return employee


def _periods(book: Company, facts: Json) -> None:
    first = int(facts.get("first_year", 2024))
    for year in range(first, first + int(facts.get("years", 4))):
        for month in range(1, 13):
            period = f"{year}{month:02d}"
            book.periods[period] = {
                "year": year,
                "period": period,
                "startDate": datetime(year, month, 1),
                "endDate": datetime(year, month, calendar.monthrange(year, month)[1]),
                "description": f"{MONTHS[month - 1]} {year}",
                "active": period not in facts.get("inactive", ()),
                "closed": period in facts.get("closed", ()),
            }
