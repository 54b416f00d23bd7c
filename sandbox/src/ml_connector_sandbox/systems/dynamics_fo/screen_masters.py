"""What people change at the vendor's screen alone: accounts, dimension values, formats, journal names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.dynamics_fo import dimensions
from ml_connector_sandbox.systems.dynamics_fo.book import Book
from ml_connector_sandbox.systems.dynamics_fo.journals import LENGTHS
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


def _dimension_value(tenant: Tenant, arguments: Json) -> Row:
    name, code = str(arguments["dimension"]), str(arguments["code"])
    row = tenant.book["dimension_values"].get(name, arguments.get("company", ""), code)
    if row is None:
        raise KeyError(f"{name} {code}")
    return row


def _add_value(tenant: Tenant, arguments: Json) -> Json:
    dimension = tenant.book["dimensions"].get(str(arguments["dimension"]))
    if dimension is None:
        raise KeyError(f"dimension {arguments['dimension']}")
    if len(str(arguments["code"])) > LENGTHS["DimensionValue"]:
        raise ValueError(f"code: at most {LENGTHS['DimensionValue']} characters")
    row = add_value(tenant.book, dimension, {"name": arguments.get("name", arguments["code"]), **arguments})
    return {"dimension": row["FinancialDimension"], "code": row["DimensionValue"]}


def _remove_value(tenant: Tenant, arguments: Json) -> Json:
    row = _dimension_value(tenant, arguments)
    tenant.book["dimension_values"].remove(row)
    return {"dimension": row["FinancialDimension"], "code": row["DimensionValue"]}


def _value_flag(field: str, value: str) -> Callable[[Tenant, Json], Json]:
    def change(tenant: Tenant, arguments: Json) -> Json:
        row = _dimension_value(tenant, arguments)
        tenant.book.change("dimension_values", row, {field: value})
        return {"code": row["DimensionValue"], field: value}

    return change


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
    "suspend_dimension_value": _value_flag("IsSuspended", "Yes"),
    "activate_dimension_value": _value_flag("IsSuspended", "No"),
    "block_dimension_value": _value_flag("IsBlockedForManualEntry", "Yes"),
    "set_dimension_format": _set_format,
    "deactivate_format": _deactivate_format,
    "set_delimiter": _set_delimiter,
    "set_journal_name": _journal_name,
}
