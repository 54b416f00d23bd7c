"""Lines of documents, their taxes, and custom fields with their values.

No source prints a full line: this shape is inferred, and stands in this module alone.
"""

from __future__ import annotations

from typing import Any

from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.render_view import View


def line(view: View, held: Row, sign: int = 1) -> Json:
    """One line; `price` is net, of one unit."""
    book = view.book
    product = book.get("items", held["product"])
    fields = [
        {
            "value": _value(view, "itemcustomfields", value),
            "itemCustomField": view.ref("itemcustomfields", field, "name"),
            "itemCustomFieldOption": _option(view, "itemcustomfields", value),
        }
        for field, value in held["values"].items()
    ]
    return {
        "id": held["id"],
        "name": held["name"],
        "sku": held["sku"],
        "description": held["description"],
        "quantity": held["quantity"],
        "unit": held["unit"],
        "price": view.amount(held["price"] * sign),
        "discount": view.amount(held["discount"]),
        "netSum": view.amount(held["netSum"] * sign),
        "sum": view.amount(held["sum"] * sign),
        "taxSum": view.amount(held["taxSum"] * sign),
        "taxes": {"data": [_tax(view, key) for key in held["taxes"]]},
        "dataItemCustomFields": {"data": fields},
        "product": (
            {"id": product["id"], "sku": product["sku"], "externalId": product["externalId"]}
            if product
            else view.unset()
        ),
        "purchaseOrderItem": {"id": held["orderLine"]} if held["orderLine"] else view.unset(),
        "splitIndex": held["splitIndex"],
    }


def tax_rows(view: View, taxes: list[Row], sign: int) -> list[Json]:
    """The taxes of a document with their amounts as stated, which need not be the sum of the lines'."""
    return [
        {
            **_tax(view, held["tax"]),
            "taxAmount": view.amount(held["amount"] * sign),
            "isWithholdingTax": held["withheld"],
        }
        for held in taxes
    ]


def document_fields(view: View, row: Row) -> list[Json]:
    """The values of the header's custom fields."""
    return [
        {
            "value": _value(view, "documentcustomfields", value),
            "documentCustomField": view.ref("documentcustomfields", field, "name"),
        }
        for field, value in row["values"].items()
    ]


def _tax(view: View, key: int) -> Json:
    tax = view.book.get("taxes", key)
    assert tax is not None
    return {name: tax[name] for name in ("id", "name", "percent", "value", "externalId")}


def _option(view: View, family: str, value: Any) -> Any:
    row = view.book.get(f"{family}_options", value) if isinstance(value, int) else None
    return {name: row[name] for name in ("id", "name", "code", "externalId")} if row else view.unset()


def _value(view: View, family: str, value: Any) -> Any:
    """The text, or the option in the form that the switch says."""
    if not isinstance(value, int):
        return value
    form = view.switches["field_value_as"]
    option = _option(view, family, value)
    return option if form == "object" or not option else str(option["id"]) if form == "id" else option["name"]
