"""What judges read: the books of a payroll and of a ledger, as their simulators give them."""

from __future__ import annotations

import importlib
import json
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.companies import company_code
from ml_connector_sandbox.systems.ukg_pro.register import Worker, load_register

Cell = tuple[str, str, str]
"""Entity, GL account and cost center; empty text for no cost center."""
Cells = dict[Cell, int]
"""Signed cents per cell, debit positive; no cell holds 0."""
ANSWER_SECONDS_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A booked line; `cents` debit positive."""

    number: int
    account: str
    cents: int
    dimensions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that counts: neither deleted nor there from the start."""

    name: str
    entity: str
    journal: str
    date: str
    is_draft: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Books:
    """A ledger's books. ValueError for an amount that is no whole number of cents."""

    documents: tuple[Document, ...]
    calls: Json = field(default_factory=dict)

    @classmethod
    def of(cls, held: Json) -> Books:
        """The books as the simulator gives them."""
        counted = [
            row for row in held["documents"] if row.get("status") != "deleted" and not row.get("seeded")
        ]
        return cls(tuple(_document(row) for row in counted), held.get("calls", {}))


class Payroll:
    """A payroll's books, with the scenario and the register that its runs are made from."""

    def __init__(self, held: Json, truth: Any = None) -> None:
        """`truth` is the scenario module; left out, it is the one the books name."""
        self.parameters: Json = held["parameters"]
        self.runs: list[Json] = held.get("runs", [])
        self.hired = tuple(Worker(**row) for row in held.get("hired", []))
        self.calls: Json = held.get("calls", {})
        self.scenario = truth or importlib.import_module(
            f"ml_connector_sandbox.scenarios.{self.parameters['scenario']}"
        )

    def workers(self) -> tuple[Worker, ...]:
        """Everybody in the register, in its order, and everybody hired since."""
        register = Path(self.parameters["register"]) if self.parameters["register"] else None
        made = getattr(self.scenario, "made_workers", None)
        known = load_register(register, self.parameters["seed"], self.parameters["workers"], made)
        return (*known, *self.hired)

    def cell_of(self, account: str, department: str) -> Cell:
        """Where a payroll line of that account and department belongs."""
        company = company_code(self.scenario, department)
        entity, code, cost_center = self.scenario.booking(company, account, department)
        return entity, code, cost_center or ""

    @property
    def ledger_slug(self) -> str:
        """The ledger the scenario belongs to: its `LEDGER_SLUG`, else Exact Online."""
        return str(getattr(self.scenario, "LEDGER_SLUG", "exact_online"))


def read_books(control_url: str) -> Json:
    """A simulator's books over its control API, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{control_url.rstrip('/')}/books", timeout=ANSWER_SECONDS_MAX) as answer:
        books: Json = json.load(answer, parse_float=Decimal)
    return books


def summed(parts: Iterable[Mapping[Cell, int]]) -> Cells:
    """The cells of all parts together."""
    total: Cells = defaultdict(int)
    for part in parts:
        for cell, cents in part.items():
            total[cell] += cents
    return {cell: cents for cell, cents in total.items() if cents}


def cents_of(amount: Any) -> int:
    """A decimal string in cents. ValueError for a fraction of a cent, or for no number."""
    try:
        cents = Decimal(str(amount)) * 100
        if cents == cents.to_integral_value():
            return int(cents)
    except ArithmeticError:
        pass
    raise ValueError(f"amount {amount!r} is not a whole number of cents")


def as_text(cents: int) -> str:
    """Cents as a person writes them."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _document(row: Json) -> Document:
    return Document(
        name=str(row.get("number") or row["id"]),
        entity=str(row["entity"]).strip(),
        journal=str(row.get("journal")),
        date=str(row.get("date")),
        is_draft=row.get("status") == "draft",
        lines=tuple(_line(number, line) for number, line in enumerate(row["lines"], start=1)),
    )


def _line(number: int, row: Json) -> Line:
    dimensions = {axis: str(code).strip() for axis, code in (row.get("dimensions") or {}).items() if code}
    return Line(
        number=number,
        account=str(row["account"]).strip(),
        cents=cents_of(row["amount"]),
        dimensions=dimensions,
    )
