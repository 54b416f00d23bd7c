"""What the writers of records are given: the company's tables, and how references and amounts are written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Json, Row
from ml_connector_sandbox.systems.precoro.book import Book


class View(Protocol):
    """How the company's records are written for one call."""

    @property
    def book(self) -> Book:
        """The company's tables."""

    @property
    def switches(self) -> Switches:
        """The open questions."""

    @property
    def company(self) -> Json:
        """Id, name and currency."""

    def row(self, resource: str, row: Row, *, detail: bool = False) -> Json:
        """One record: a summary, or the whole of it."""

    def ref(self, table: str, key: int | None, *names: str) -> Any:
        """A reference to a row: its id and some of its fields; unset, what the vendor sends for that."""

    def unset(self) -> Any:
        """A reference that is not set."""

    def amount(self, value: Decimal | None, *, text: bool = False) -> Any:
        """An amount as number or as text of two decimals, a price of more where it has them."""
