"""What people do with suppliers and master data at the vendor's screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.body import as_text
from ml_connector_sandbox.systems.precoro.custom_field_endpoints import FAMILIES
from ml_connector_sandbox.systems.precoro.entering import amount, one, text
from ml_connector_sandbox.systems.precoro.masters import SUPPLIER, add_supplier, check_parent, fresh
from ml_connector_sandbox.systems.precoro.screen_documents import Tenant, clerk
from ml_connector_sandbox.systems.precoro.webhooks import CREATED, UPDATED

Action = Callable[[Any, Json], Json]


def supplier_of(tenant: Tenant, typed: Json) -> Row:
    """By `code`, by `id` or by `name`; `KeyError` for none."""
    for name, field in (("code", "uniqueCode"), ("id", "id"), ("name", "name")):
        if name in typed:
            return one(tenant.book, "suppliers", field, typed[name])
    raise KeyError("supplier: its code, id or name")


def _told(tenant: Tenant, row: Row, action: int = UPDATED) -> Json:
    tenant.webhooks.tell(tenant.book, "suppliers", row, action)
    return {"id": row["id"], "code": row["uniqueCode"], "name": row["name"], "approval": row["approval"]}


def _typed(tenant: Tenant, typed: Json) -> Row:
    """The vendor's own fields of a supplier; lists of currencies, terms and entities by their names."""
    values: Row = {}
    for name, given in (typed.get("set") or {}).items():
        if name not in SUPPLIER and name not in ("currencies", "terms", "entities"):
            raise ValueError(f"{name}: a supplier has no such field")
        if name == "currencies":
            values[name] = [str(value) for value in given]
        elif name == "terms":
            values["terms"] = [one(tenant.book, "paymentterms", "name", value)["id"] for value in given]
        elif name == "entities":
            values["legalEntities"] = [
                one(tenant.book, "legalentities", "name", value)["id"] for value in given
            ]
        elif SUPPLIER[name] == "bool":
            values[name] = bool(given)
        elif SUPPLIER[name] == "amount":
            values[name] = amount(given)
        else:
            values[name] = text(given) if SUPPLIER[name] != "whole" else int(given)
    if "name" in values and not values["name"]:
        raise ValueError("name: a supplier has one")
    return values


def _add_supplier(tenant: Tenant, typed: Json) -> Json:
    values = _typed(tenant, typed)
    if "name" not in values:
        raise ValueError("set: at least a name")
    state = str(typed.get("approval", "approved"))
    if state not in ("approved", "pending", "rejected"):
        raise ValueError("approval: approved, pending or rejected")
    now = tenant.book.now() if state == "approved" else None
    row = add_supplier(
        tenant.book, {**values, "approval": state, "approvalDate": now, "creator": clerk(tenant)}
    )
    return _told(tenant, row, CREATED)


def _edit_supplier(tenant: Tenant, typed: Json) -> Json:
    row = supplier_of(tenant, typed)
    row.update(_typed(tenant, typed), updateDate=tenant.book.now())
    return _told(tenant, row)


def _rename_supplier(tenant: Tenant, typed: Json) -> Json:
    row = supplier_of(tenant, typed)
    name = text(typed.get("to"))
    if not name:
        raise ValueError("to: the new name")
    row.update(name=name, updateDate=tenant.book.now())
    return _told(tenant, row)


def _judged(state: str) -> Action:
    def action(tenant: Tenant, typed: Json) -> Json:
        row = supplier_of(tenant, typed)
        now = tenant.book.now()
        row.update(approval=state, updateDate=now, approvalDate=now if state == "approved" else None)
        return _told(tenant, row)

    return action


def _merge_suppliers(tenant: Tenant, typed: Json) -> Json:
    """The first goes into the second: its invoices follow, and it is disabled, or gone."""
    book = tenant.book
    gone, stays = supplier_of(tenant, typed), one(tenant.book, "suppliers", "uniqueCode", typed.get("into"))
    if gone is stays:
        raise ValueError("into: another supplier")
    moved = [row for row in book.rows("invoices") if row["supplier"] == gone["id"]]
    for row in moved:
        row.update(supplier=stays["id"], updateDate=book.now())
        tenant.webhooks.tell(book, "invoices", row, UPDATED)
    gone.update(enable=False, updateDate=book.now(), merged_into=stays["id"])
    if typed.get("remove"):
        book.tables["suppliers"].pop(gone["id"])
    else:
        _told(tenant, gone)
    return {**_told(tenant, stays), "moved": [row["idn"] for row in moved]}


def _field(tenant: Tenant, typed: Json) -> tuple[str, Row]:
    """The custom field of an axis: `account`, `cost_center`, …"""
    for family in FAMILIES:
        row = tenant.book.first(family, lambda held: held["axis"] == typed.get("axis"))
        if row is not None:
            return family, row
    raise KeyError(f"axis {typed.get('axis')}")


def _option(tenant: Tenant, typed: Json) -> tuple[str, Row]:
    family, field = _field(tenant, typed)
    for row in tenant.book.options(family, field["id"]):
        if row["code"] == typed.get("code") or row["id"] == typed.get("id"):
            return family, row
    raise KeyError(f"option {typed.get('code')} of {field['axis']}")


def _shown(row: Row) -> Json:
    return {"id": row["id"], "code": row["code"], "name": row["name"], "enable": row["enable"]}


def _parent(tenant: Tenant, typed: Json, family: str, field: int, row: Row | None) -> int | None:
    """The option above, by its code."""
    if typed.get("parent") is None:
        return None
    above = _option(tenant, {"axis": typed.get("axis"), "code": typed["parent"]})[1]
    check_parent(tenant.book, family, field, above["id"], row)
    key: int = above["id"]
    return key


def _add_option(tenant: Tenant, typed: Json) -> Json:
    family, field = _field(tenant, typed)
    values = {"code": as_text(typed.get("code")), "name": text(typed.get("name")) or ""}
    parent = _parent(tenant, typed, family, field["id"], None)
    row = tenant.book.add(
        f"{family}_options",
        {
            **fresh("options"),
            **values,
            "parent": parent,
            "field": field["id"],
            "family": family,
            "entities": [],
        },
    )
    tenant.webhooks.tell(tenant.book, f"{family}_options", row, CREATED)
    return _shown(row)


def _edit_option(tenant: Tenant, typed: Json) -> Json:
    """Renamed, recoded, closed, opened again, or moved under another."""
    family, row = _option(tenant, typed)
    values: Row = {}
    if "name" in typed:
        values["name"] = text(typed["name"])
    if "to" in typed:
        values["code"] = as_text(typed["to"])
    if "enable" in typed:
        values["enable"] = bool(typed["enable"])
    if "parent" in typed:
        values["parent"] = _parent(tenant, typed, family, row["field"], row)
    row.update(values, updateDate=tenant.book.now())
    tenant.webhooks.tell(tenant.book, f"{family}_options", row, UPDATED)
    return _shown(row)


def _add_tax(tenant: Tenant, typed: Json) -> Json:
    percent = amount(typed.get("percent", "0"))
    if not 0 <= percent <= 100:
        raise ValueError("percent: 0 to 100")
    values = {"name": text(typed.get("name")) or "", "percent": percent, "value": percent}
    row = tenant.book.add("taxes", {**fresh("taxes"), **values})
    return {"id": row["id"], "name": row["name"]}


def _add_term(tenant: Tenant, typed: Json) -> Json:
    days = int(typed.get("days", 0))
    if not 0 <= days <= 9_999:
        raise ValueError("days: 0 to 9999")
    values = {"name": text(typed.get("name")) or "", "creditPeriodDays": days}
    row = tenant.book.add("paymentterms", {**fresh("paymentterms"), **values})
    return {"id": row["id"], "name": row["name"]}


def _rename(table: str) -> Action:
    """Another name for a tax or a payment term; it stays the same record."""

    def action(tenant: Tenant, typed: Json) -> Json:
        row = one(tenant.book, table, "name", typed.get("name"))
        name = text(typed.get("to"))
        if not name:
            raise ValueError("to: the new name")
        row.update(name=name, updateDate=tenant.book.now())
        return {"id": row["id"], "name": name}

    return action


def _forget_mark(tenant: Tenant, _typed: Json) -> Json:
    """The id of the counterpart is taken out of every record, as by a copy of the company for tests."""
    count = 0
    for table in tenant.book.tables.values():
        for row in table.values():
            count += row.get("externalId") is not None
            row["externalId"] = None
    return {"forgotten": count}


ACTIONS: dict[str, Action] = {
    "add_supplier": _add_supplier,
    "edit_supplier": _edit_supplier,
    "rename_supplier": _rename_supplier,
    "approve_supplier": _judged("approved"),
    "reject_supplier": _judged("rejected"),
    "merge_suppliers": _merge_suppliers,
    "add_option": _add_option,
    "edit_option": _edit_option,
    "add_tax": _add_tax,
    "rename_tax": _rename("taxes"),
    "add_term": _add_term,
    "rename_term": _rename("paymentterms"),
    "forget_external_ids": _forget_mark,
}
