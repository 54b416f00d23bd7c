"""Suppliers, custom fields, attachments and other master data as they stand on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.answers import iso, php_date
from ml_connector_sandbox.systems.precoro.masters import supplier_status
from ml_connector_sandbox.systems.precoro.render_view import View


def user(view: View, key: int | None) -> Any:
    """A user, in short."""
    return view.ref("users", key, "email", "firstname", "lastname")


def attachment(view: View, key: int) -> Json:
    """A file, without its content."""
    row = view.book.get("attachments", key)
    assert row is not None
    is_php = view.switches["php_dates"] == "attachments"
    author = view.book.get("users", row["user"]) or {}
    return {
        "id": row["id"],
        "name": row["name"],
        "uploadDate": php_date(row["uploadDate"]) if is_php else iso(row["uploadDate"]),
        "user": {"id": author.get("id"), "email": author.get("email"), "company": {"id": view.company["id"]}},
        "type": 0,
        "size": _size(len(row["content"])),
        "formatType": row["name"].rpartition(".")[2].lower()[:10] if "." in row["name"] else None,
        "comment": row["comment"],
    }


def _size(count: int) -> str:
    return f"{count} B" if count < 1_024 else f"{-(-count // 1_024)} KB"


def _supplier(view: View, row: Row) -> Mapping[str, Any]:
    entities = [view.ref("legalentities", key, "name", "externalId") for key in row["legalEntities"]]
    terms = [view.row("paymentterms", held) for key in row["terms"] if (held := _term(view, key))]
    return {
        "status": supplier_status(row, view.switches),
        "approvalDate": row["approvalDate"],
        "creator": user(view, row["creator"]),
        "paymentTerms": terms,
        "contacts": row["contacts"],
        "attachments": [attachment(view, key) for key in row["attachments"]],
        "dataSupplierCustomFields": [
            {"value": value, "supplierCustomField": view.ref("suppliercustomfields", field, "name")}
            for field, value in row["values"].items()
        ],
        "supplierLegalEntities": entities,
        "isAllAccessLegalEntity": not entities,
    }


def _term(view: View, key: int) -> Row | None:
    return view.book.get("paymentterms", key)


def _field(view: View, row: Row) -> Mapping[str, Any]:
    if row["family"] == "suppliercustomfields" or row["type"] != 0:
        return {"options": []}
    options = view.book.options(row["family"], row["id"])
    return {"options": [view.row("customfield_options", option) for option in options]}


def _option(view: View, row: Row) -> Mapping[str, Any]:
    """The label is the whole way from the top; `parent` is a reference or unset."""
    family, names, level = row["family"], [row["name"]], 1
    above = view.book.get(f"{family}_options", row["parent"])
    parent = view.ref(f"{family}_options", row["parent"], "externalId")
    while above is not None and level < 10:
        names.append(above["name"])
        above = view.book.get(f"{family}_options", above["parent"])
        level += 1
    return {"label": " / ".join(reversed(names)), "level": level, "parent": parent}


def _item(view: View, row: Row) -> Mapping[str, Any]:
    return {
        "supplier": view.ref("suppliers", row["supplier"], "name", "uniqueCode"),
        "type": 0,
        "typeString": "product",
        "dataProductCustomFields": [
            {"value": value, "itemCustomField": view.ref("itemcustomfields", field, "name")}
            for field, value in row["values"].items()
        ],
    }


def _user(_view: View, row: Row) -> Mapping[str, Any]:
    return {
        "allLocationsAccess": row["locations"] is None,
        "allUserDocumentCostcentersAccess": row["options"] is None,
        "allProductGroupsAccess": True,
    }


def _contract(view: View, row: Row) -> Mapping[str, Any]:
    return {
        "supplier": view.ref("suppliers", row["supplier"], "name", "uniqueCode"),
        "legalEntity": view.ref("legalentities", row["legalEntity"], "name"),
    }


def _scan(view: View, row: Row) -> Mapping[str, Any]:
    invoice = view.book.get("invoices", row["invoice"])
    return {
        "invoice": {"id": invoice["id"], "idn": invoice["idn"]} if invoice else None,
        "supplier": view.ref("suppliers", row["supplier"], "name"),
        "user": user(view, row["user"]),
    }


DERIVED: Mapping[str, Callable[[View, Row], Mapping[str, Any]]] = {
    "suppliers": _supplier,
    "customfields": _field,
    "customfield_options": _option,
    "items": _item,
    "users": _user,
    "contracts": _contract,
    "ap_documents": _scan,
}
