"""Departments of the companies.

    code    departmentId, at most 10 characters
    title   description, one blank between words, cut to 60
    open    always: Visma has neither a state of a department nor a way to delete one

rows, read   1
put          1 for each change
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ml_connector.connectors.visma_net import wire
from ml_connector.connectors.visma_net.axis import Axis, Call, Form, Found, in_path, title_of
from ml_connector.connectors.visma_net.ledger import Books
from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.problem import Problem

DEPARTMENT, PATH = "department", "/v1/department"
CODE_MAX, TITLE_MAX = 10, 60


@dataclass(frozen=True, slots=True)
class Departments(Axis):
    """An `Axis`."""

    path = PATH

    def every(self, books: Books) -> Iterator[Found]:
        """Every department; the list has no pages."""
        for row in books.client.every(PATH, wire.Department):
            record = DimensionValue(
                entity=books.client.company,
                axis=DEPARTMENT,
                code=row.departmentId.strip(),
                title=title_of(row.description or "", TITLE_MAX),
            )
            yield Found(record=record, version=row.timeStamp, row=row)

    def form(self, books: Books) -> Form:
        """No call: the length is nowhere to be read."""
        return Form(name="a department of Visma", length=CODE_MAX)

    def normal(self, record: DimensionValue) -> DimensionValue:
        """Without days, the title cut."""
        title = title_of(record.title, TITLE_MAX)
        return replace(record, code=record.code.strip(), title=title, until=None, since=None)

    def call(self, after: DimensionValue, found: Found | None) -> Call | Problem:
        """Only the description is written; the account of a department is its controller's."""
        if not after.open:
            text = f"Visma has no way to close a department, so {after.code} stays as it is."
            return Problem("dimension.stays", after.key, text)
        body: dict[str, Any] = {"description": wire.value(after.title)}
        if found is None:
            return Call("POST", PATH, {"departmentId": after.code, **body})
        return Call("PUT", f"{PATH}/{in_path(after.code)}", body)

    def told(self, problem: Problem, after: DimensionValue, found: Found | None) -> Problem:
        """As it is."""
        return problem
