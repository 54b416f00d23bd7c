"""Rows as they stand on the wire: every field of the schema, in its order, whatever the row holds of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro import render_documents, render_masters
from ml_connector_sandbox.systems.precoro.answers import iso
from ml_connector_sandbox.systems.precoro.book import Book
from ml_connector_sandbox.systems.precoro.render_view import View
from ml_connector_sandbox.systems.precoro.schema import Field, fields

Derived = Callable[[View, Row], Mapping[str, Any]]
DERIVED: Mapping[str, Derived] = {**render_documents.DERIVED, **render_masters.DERIVED}
"""What a row of each resource says beyond what it holds under the same name."""


@dataclass(frozen=True, slots=True)
class Records:
    """The view of one call on the company's records."""

    book: Book
    switches: Switches
    company: Json
    base_url: str

    def rows(self, resource: str) -> Callable[[list[Row]], Json]:
        """The writer of a list."""
        return lambda rows: {"data": [self.row(resource, row) for row in rows]}

    def row(self, resource: str, row: Row, *, detail: bool = False) -> Json:
        """One record: a summary, or the whole of it."""
        derived = DERIVED.get(resource)
        values = {**row, **(derived(self, row) if derived else {})}
        shown = {
            field.name: self._written(field, values.get(field.name))
            for field in fields(resource)
            if (detail or not field.only_detail) and values.get(field.name, "") is not ABSENT
        }
        return {**shown, **values.get("+", {})}

    def ref(self, table: str, key: int | None, *names: str) -> Any:
        """A reference to a row: its id and some of its fields; unset, what the vendor sends for that."""
        row = self.book.get(table, key)
        if row is None:
            return self.unset()
        return {"id": row["id"], **{name: row.get(name) for name in names}}

    def unset(self) -> Any:
        """A reference that is not set."""
        return [] if self.switches["unset_reference"] == "array" else None

    def amount(self, value: Decimal | None, *, text: bool = False) -> Any:
        """An amount as number or as text of two decimals, a price of more where it has them."""
        if value is None:
            return None
        mode = self.switches["money"]
        as_text = mode == "text" or (mode == "mixed" and text)
        cents = value.quantize(Decimal("0.01"))
        return format(cents if cents == value else value.normalize(), "f") if as_text else value

    def _written(self, field: Field, value: Any) -> Any:
        if field.kind in ("money", "money_text") and isinstance(value, (Decimal, int)):
            return self.amount(Decimal(value), text=field.kind == "money_text")
        if field.kind == "bool":
            return bool(value)
        if field.kind == "collection":
            return {"data": value or []}
        if field.kind == "list":
            return value or []
        if field.kind == "ref" and (value is None or value == []):
            return self.unset()
        return iso(value) if isinstance(value, datetime) else value


ABSENT = render_documents.ABSENT
