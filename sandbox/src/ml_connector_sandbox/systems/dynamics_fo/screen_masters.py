"""What people change at the vendor's screen alone: accounts, dimension values, formats, journal names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Broken, Json, Row
from ml_connector_sandbox.systems.dynamics_fo import dimensions, masters
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.journals import LENGTHS
from ml_connector_sandbox.systems.dynamics_fo.schema import BLANK_DATE, LAST_MOMENT
from ml_connector_sandbox.systems.dynamics_fo.seed import add_value


class Tenant(Protocol):
    """What these actions work on."""

    book: Book
    switches: Switches


def company_of(tenant: Tenant, arguments: Json) -> str | None:
    """The company that is named, or none; `KeyError` for one that does not exist."""
    code = arguments.get("entity", arguments.get("company"))
    if code is not None and tenant.book["ledgers"].get(code) is None:
        raise KeyError(f"company {code}")
    return code


def account_of(book: Book, code: str) -> Row:
    """The account; `KeyError` for none."""
    for row in book["accounts"]:
        if row["MainAccountId"] == code:
            return row
    raise KeyError(f"account {code}")


def _account_flag(field: str, value: str) -> Callable[[Tenant, Json], Json]:
    def change(tenant: Tenant, arguments: Json) -> Json:
        row = account_of(tenant.book, str(arguments.get("account", arguments.get("code"))))
        tenant.book.change("accounts", row, {field: value})
        return {"account": row["MainAccountId"], field: value}

    return change


def value_of(book: Book, name: str, code: str, company: str | None) -> Row:
    """A dimension value, shared or as a company overrides it, which it begins to do; `KeyError` for none."""
    values = book["dimension_values"]
    shared, own = values.get(name, "", code), values.get(name, company or "", code)
    if own is None and shared is not None and company:
        return masters.override_value(book, shared, company)
    if own is None:
        raise KeyError(f"{name} {code}")
    return own


def _dimension_value(tenant: Tenant, arguments: Json) -> Row:
    name, code = str(arguments["dimension"]), str(arguments["code"])
    return value_of(tenant.book, name, code, company_of(tenant, arguments))


def _add_value(tenant: Tenant, arguments: Json) -> Json:
    dimension = tenant.book["dimensions"].get(str(arguments["dimension"]))
    if dimension is None:
        raise KeyError(f"dimension {arguments['dimension']}")
    code, company = str(arguments["code"]), str(company_of(tenant, arguments) or "")
    if not 0 < len(code) <= LENGTHS["DimensionValue"]:
        raise ValueError(f"code: 1 to {LENGTHS['DimensionValue']} characters")
    if tenant.book["dimension_values"].get(dimension["DimensionName"], company, code):
        raise ValueError(f"code: {code} is there already")
    name = str(arguments.get("name", code))[: LENGTHS["Description"]]
    row = add_value(tenant.book, dimension, {**arguments, "code": code, "company": company, "name": name})
    return {"dimension": row["FinancialDimension"], "code": row["DimensionValue"]}


def _remove_value(tenant: Tenant, arguments: Json) -> Json:
    """A used value cannot be deleted; with `"force": true` it goes all the same, as by a restored backup."""
    name, code = str(arguments["dimension"]), str(arguments["code"])
    row = tenant.book["dimension_values"].get(name, company_of(tenant, arguments) or "", code)
    if row is None:
        raise KeyError(f"{name} {code}")
    if tenant.book.is_used(row) and not row["LegalEntityId"] and not arguments.get("force"):
        raise ValueError(f"code: {code} is used in a combination and cannot be deleted")
    tenant.book["dimension_values"].remove(row)
    return {"dimension": row["FinancialDimension"], "code": row["DimensionValue"]}


def _value_flag(field: str, value: str) -> Callable[[Tenant, Json], Json]:
    def change(tenant: Tenant, arguments: Json) -> Json:
        row = _dimension_value(tenant, arguments)
        tenant.book.change("dimension_values", row, {field: value})
        return {"code": row["DimensionValue"], field: value}

    return change


def _date_value(tenant: Tenant, arguments: Json) -> Json:
    """`{"dimension": "Project", "code": "P0001", "company": "dat", "from": "2026-01-01", "to": null}`"""
    row = _dimension_value(tenant, arguments)
    changes = {
        field: date.fromisoformat(str(arguments[name])) if arguments[name] else BLANK_DATE
        for name, field in (("from", "ActiveFrom"), ("to", "ActiveTo"))
        if name in arguments
    }
    if not changes:
        raise ValueError("date_dimension_value takes from or to")
    tenant.book.change("dimension_values", row, changes)
    return {"code": row["DimensionValue"], "company": row["LegalEntityId"]}


def _rename_value(tenant: Tenant, arguments: Json) -> Json:
    """Another text, at the source where there is one; or, with `to`, another code, which bookings follow."""
    book = tenant.book
    name, code = str(arguments["dimension"]), str(arguments["code"])
    row = value_of(book, name, code, None)
    text = str(arguments.get("name", masters.text_of(book, row)))[: LENGTHS["Description"]]
    changes = {"Description": text, "_next_text": text, "_next_at": book.now()}
    book.change("dimension_values", row, changes)
    for table in ("cost_centers", "business_units", "departments", "operating_units"):
        unit = book[table].get(row["DimensionValue"])
        if unit is not None and not masters.is_custom(book, row):
            book.change(table, unit, {"Name": text, "KnownAs": text})
    if "to" in arguments:
        row = _recode(book, row, str(arguments["to"]))
    return {"dimension": row["FinancialDimension"], "code": row["DimensionValue"], "name": text}


def _recode(book: Book, row: Row, code: str) -> Row:
    name, old = row["FinancialDimension"], row["DimensionValue"]
    if not masters.is_custom(book, row):
        raise ValueError(f"to: values of {name} get their code where they come from")
    if not 0 < len(code) <= LENGTHS["DimensionValue"]:
        raise ValueError(f"to: 1 to {LENGTHS['DimensionValue']} characters")
    if book["dimension_values"].get(name, "", code) not in (None, row):
        raise ValueError(f"to: {code} is there already")
    was_used = book.is_used(row)
    for held in [held for held in book["dimension_values"] if _is_same(held, row)]:
        book["dimension_values"].remove(held)
        book.add("dimension_values", {**held, "DimensionValue": code})
    for line in [line for line in book["lines"] if line["_dimensions"].get(name) == old]:
        book.change("lines", line, {"_dimensions": {**line["_dimensions"], name: code}})
    if was_used:
        book.use({name: code})
    made = book["dimension_values"].get(name, "", code)
    assert made is not None
    return made


def _is_same(held: Row, row: Row) -> bool:
    fields = ("FinancialDimension", "DimensionValue")
    return all(held[field] == row[field] for field in fields)


def _conceal(concealed: bool) -> Callable[[Tenant, Json], Json]:
    """Roles hide a value from the app, or no longer; it is there all the same."""

    def action(tenant: Tenant, arguments: Json) -> Json:
        row = _dimension_value(tenant, arguments)
        tenant.book.change("dimension_values", row, {"_concealed": concealed})
        return {"code": row["DimensionValue"], "concealed": concealed}

    return action


def _mask(tenant: Tenant, arguments: Json) -> Json:
    dimension = tenant.book["dimensions"].get(str(arguments["dimension"]))
    if dimension is None:
        raise KeyError(f"dimension {arguments['dimension']}")
    tenant.book.change("dimensions", dimension, {"DimensionValueMask": str(arguments.get("mask") or "")})
    return {"dimension": dimension["DimensionName"], "mask": dimension["DimensionValueMask"]}


def _put_worker(tenant: Tenant, arguments: Json) -> Json:
    """A hire, a rehire, a change, an end: `{"number", "first_name", "last_name", "email", "company", "start",
    "end", "dimensions"}`, with instants. A `start` nobody had yet in that company is a further employment;
    `"end": null` opens the newest again.
    """
    try:
        return _put(tenant.book, company_of(tenant, arguments), arguments)
    except Broken as broken:
        raise ValueError(str(broken)) from broken


def _put(book: Book, company: str | None, typed: Json) -> Json:
    names = {"FirstName": "first_name", "LastName": "last_name", "PrimaryContactEmail": "email"}
    given = {field: str(typed[name]) for field, name in names.items() if name in typed}
    days: Json = {}
    if "start" in typed:
        days["EmploymentStartDate"] = _instant(typed["start"])
    if "end" in typed:
        days["EmploymentEndDate"] = LAST_MOMENT if typed["end"] is None else _instant(typed["end"])
    if "dimensions" in typed:
        days["DimensionDisplayValue"] = str(typed["dimensions"])
    number, owner = str(typed.get("number") or ""), company or book.default_company
    worker = book["workers"].get(number)
    if worker is None:
        row = masters.hire(
            book, {**given, **days, "PersonnelNumber": number, "EmploymentLegalEntityId": owner}
        )
        return {"number": row["PersonnelNumber"], "employment": row["EmploymentId"]}
    if given:
        masters.change_worker(book, worker, given)
    return {"number": number, "employment": _employ(book, worker, owner, days)}


def _employ(book: Book, worker: Row, owner: str, days: Json) -> str | None:
    number = worker["PersonnelNumber"]
    rows = [
        row for row in book["employments"].all("PersonnelNumber", number) if row["LegalEntityId"] == owner
    ]
    start = days.get("EmploymentStartDate")
    newest = max(rows, key=lambda row: row["EmploymentStartDate"], default=None)
    if start is not None and all(row["EmploymentStartDate"] != start for row in rows):
        row = masters.add_employment(book, {**days, "PersonnelNumber": number, "LegalEntityId": owner})
        return str(row["EmploymentId"])
    if newest is not None and days:
        text = days.get("DimensionDisplayValue")
        if text:
            dimensions.demand_default(book, owner, text)
        masters.change_employment(book, newest, days)
    return None if newest is None else str(newest["EmploymentId"])


def _instant(text: Any) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _set_format(tenant: Tenant, arguments: Json) -> Json:
    """A format under a new name becomes the active one of its kind; only one per kind is."""
    book, kind = tenant.book, dimensions.FORMAT_KINDS[arguments.get("kind", "ledger")]
    for row in book["formats"]:
        if row["DimensionFormatType"] == kind:
            book.change("formats", row, {"IsActive": "No"})
    name = arguments.get("name", "Sandbox")
    row = book["formats"].get(name, kind) or book.add(
        "formats", {"DimensionFormatName": name, "DimensionFormatType": kind}
    )
    book.change("formats", row, {"FinancialDimensionFormat": str(arguments["format"]), "IsActive": "Yes"})
    return {"format": row["FinancialDimensionFormat"]}


def _deactivate_format(tenant: Tenant, arguments: Json) -> Json:
    kind = dimensions.FORMAT_KINDS[arguments.get("kind", "ledger")]
    active = [
        row
        for row in tenant.book["formats"]
        if row["DimensionFormatType"] == kind and row["IsActive"] == "Yes"
    ]
    for row in active:
        tenant.book.change("formats", row, {"IsActive": "No"})
    return {"deactivated": [row["DimensionFormatName"] for row in active]}


def _set_delimiter(tenant: Tenant, arguments: Json) -> Json:
    """Another delimiter; the formats are rewritten with it, as the vendor does."""
    book, before = tenant.book, dimensions.delimiter(tenant.book)
    row = book["dimension_parameters"].get(1)
    assert row is not None
    book.change("dimension_parameters", row, {"DimensionSegmentDelimiter": str(arguments["delimiter"])})
    after = dimensions.delimiter(book)
    for shown in book["formats"]:
        book.change(
            "formats",
            shown,
            {"FinancialDimensionFormat": shown["FinancialDimensionFormat"].replace(before, after)},
        )
    return {"delimiter": after}


def _journal_name(tenant: Tenant, arguments: Json) -> Json:
    """`{"name": "PAYROLL", "set": {"DeleteLinesAfterPosting": "Yes"}}`, in every company or in one."""
    company, name = company_of(tenant, arguments), str(arguments["name"])
    found = [
        row
        for row in tenant.book["journal_names"]
        if row["Name"] == name and company in (None, row["dataAreaId"])
    ]
    if not found:
        raise KeyError(f"journal name {name}")
    unknown = set(arguments["set"]) - set(found[0])
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]}: not a field of a journal name")
    for row in found:
        tenant.book.change("journal_names", row, arguments["set"])
    return {"changed": len(found)}


MASTER_ACTIONS: Mapping[str, Callable[[Tenant, Json], Json]] = {
    "suspend_account": _account_flag("IsSuspended", "Yes"),
    "activate_account": _account_flag("IsSuspended", "No"),
    "add_dimension_value": _add_value,
    "remove_dimension_value": _remove_value,
    "rename_dimension_value": _rename_value,
    "date_dimension_value": _date_value,
    "conceal_dimension_value": _conceal(True),
    "reveal_dimension_value": _conceal(False),
    "set_dimension_mask": _mask,
    "put_worker": _put_worker,
    "suspend_dimension_value": _value_flag("IsSuspended", "Yes"),
    "activate_dimension_value": _value_flag("IsSuspended", "No"),
    "block_dimension_value": _value_flag("IsBlockedForManualEntry", "Yes"),
    "set_dimension_format": _set_format,
    "deactivate_format": _deactivate_format,
    "set_delimiter": _set_delimiter,
    "set_journal_name": _journal_name,
}
