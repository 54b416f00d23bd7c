"""The suppliers in memory keep every claim of the suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ml_connector.contract.reference_suppliers import ReferenceNewSuppliers, ReferenceSuppliers, SupplierBooks
from ml_connector.contract.suppliers import SupplierContract
from ml_connector.domain.supplier import Supplier


class World:
    """The reference in the words of the suite."""

    entity = "10"

    def __init__(self, **more: Any) -> None:
        self.books = SupplierBooks(**more)
        self.register = ReferenceSuppliers(self.books)
        self.sink = ReferenceNewSuppliers(self.register)

    def enter(self, supplier: Supplier) -> str:
        return self.books.enter(supplier)

    def edit(self, key: str, name: str) -> None:
        self.books.rows[key] = replace(self.books.rows[key], name=name)

    def close(self, key: str) -> None:
        self.books.rows[key] = replace(self.books.rows[key], open=False, closed="blocked")

    def remove(self, key: str) -> None:
        del self.books.rows[key]

    def shown(self) -> Sequence[str]:
        return [row.name for row in self.books.rows.values()]

    def untouched(self, key: str) -> Any:
        return self.books.rows[key].code, self.books.rows[key].external

    def fail_next(self, fault: str) -> None:
        self.books.fault = fault

    def writes(self) -> int:
        return self.books.writes

    def advance(self, seconds: float) -> None:
        """Nothing here takes time."""


@pytest.fixture(params=[{"prefix": "10/"}, {"marks": False}], ids=["of an entity", "of a company"])
def world(request: pytest.FixtureRequest) -> World:
    return World(**request.param)


class TestSuppliers(SupplierContract):
    """The suite, on the reference."""
