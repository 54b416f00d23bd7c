"""What a person can do at the screen of any ledger: the actions that mean the same in each of them.

    control call ─► Screen, which reads what was typed ─► Ledger, which does it to the vendor's books

The README beside this file describes the actions; a vendor's own stand in its page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from ml_connector_sandbox.core.vendor import Json, Row

C = TypeVar("C")
T = TypeVar("T")
Action = Callable[[T, Json], Json]
NAMES = (
    *("book", "edit", "double", "delete", "close_period", "open_period", "block_account", "unblock_account"),
    *("end_cost_center", "reopen_cost_center"),
)
_FIELDS = ("amount", "text", "account", "reference", "cost_center", "dimensions")
_AXES = ("cost_center", "cost_unit")


class Ledger(Protocol[C]):
    """A ledger's books as its screen sees them; `C` is what it keeps of one company.

    A line is `{"account", "amount", "text", "reference", "dimensions"}` as far as it was typed: a Decimal,
    debit positive; codes by the ledger's own names of its dimensions; texts, or None. What only one ledger
    has is as it was typed.
    """

    fields: ClassVar[tuple[str, ...]] = ()
    """What else of a line a person can change."""

    def company(self, code: str | None) -> C:
        """The company of that code, or the one that is meant when none is named; `KeyError` for none."""

    def documents(self, company: C | None) -> Iterable[tuple[C, Row]]:
        """Every document of a company, or of all, with its company; the last one last."""

    def named(self, document: Row) -> dict[str, str]:
        """The document's `id` and `number`."""

    def shown(self, document: Row) -> Json:
        """What answers say of a document: how it is named, and more where there is more to say."""
        return self.named(document)

    def axes(self, company: C) -> Mapping[str, str]:
        """The ledger's own names of its dimensions, by each name that a person may type."""

    def account(self, company: C, code: str) -> Row:
        """The account; `KeyError` for none."""

    def line(self, company: C, document: Row, number: int) -> Row | None:
        """A line of a document, the first one being 1."""

    def enter(self, company: C, typed: Json, day: datetime | None, lines: list[Json]) -> Json:
        """Book an entry by hand, on that day or on the one the ledger takes; the answer."""

    def change(self, company: C, document: Row, line: Row, changes: Json) -> None:
        """Change a line, whatever the rules say."""

    def double(self, company: C, document: Row, typed: Json) -> Json:
        """Book the same again under a number of its own; the answer."""

    def remove(self, company: C, document: Row) -> None:
        """Take the document out of the books."""

    def set_period(self, company: C, typed: Json, *, closed: bool) -> Json:
        """Close or open a period; the answer."""

    def block(self, company: C, account: Row, *, blocked: bool) -> Json:
        """Block an account, or lift it; the answer."""

    def end(self, company: C, code: str, last: date | None) -> tuple[str, date]:
        """End a cost center on that day, or today: its code and the day. `KeyError` for none."""

    def reopen(self, company: C, code: str) -> str:
        """Open a cost center again, however it was closed: its code. `KeyError` for none."""


class Screen(Generic[C]):
    """The actions, each from what was typed to its answer; `KeyError` for what does not exist, `ValueError`
    for what cannot be.
    """

    def __init__(self, ledger: Ledger[C]) -> None:
        self._ledger = ledger

    def document(self, typed: Json) -> tuple[C, Row]:
        """By `id`, by `number`, or, with neither, the last one; in one company where one is named."""
        company = None if _company_code(typed) is None else self.company(typed)
        wanted = next(((name, str(typed[name])) for name in ("id", "number") if name in typed), None)
        found = [
            (held, row)
            for held, row in self._ledger.documents(company)
            if wanted is None or self._ledger.named(row)[wanted[0]] == wanted[1]
        ]
        if not found:
            raise KeyError(f"document {wanted[1] if wanted else '(none is booked)'}")
        return found[-1]

    def company(self, typed: Json) -> C:
        """The company that is named, or meant."""
        code = _company_code(typed)
        return self._ledger.company(None if code is None else str(code))

    def book(self, typed: Json) -> Json:
        """An entry by hand, without any marker."""
        company = self.company(typed)
        day = datetime.fromisoformat(typed["date"]) if "date" in typed else None
        lines = [{**line, **self._line(company, line)} for line in typed["lines"]]
        return self._ledger.enter(company, typed, day, lines)

    def edit(self, typed: Json) -> Json:
        """Change one line (`line`, from 1), whatever state the document is in. No rule is checked."""
        company, document = self.document(typed)
        changes = self._line(company, typed)
        if not changes:
            raise ValueError(f"edit takes one of {', '.join((*_FIELDS, *self._ledger.fields))}")
        number = int(typed.get("line", 1))
        line = self._ledger.line(company, document, number)
        if line is None:
            raise KeyError(f"line {number} of {self._ledger.named(document)['number']}")
        self._ledger.change(company, document, line, changes)
        return {**self._ledger.shown(document), "line": number, "changed": sorted(changes)}

    def double(self, typed: Json) -> Json:
        """The same document again."""
        company, document = self.document(typed)
        return self._ledger.double(company, document, typed)

    def delete(self, typed: Json) -> Json:
        """The document with its lines, whatever state it is in."""
        company, document = self.document(typed)
        named = self._ledger.named(document)
        self._ledger.remove(company, document)
        return {"deleted": named["id"], **named}

    def close_period(self, typed: Json) -> Json:
        """`{"period": "2026-07"}`"""
        return self._ledger.set_period(self.company(typed), typed, closed=True)

    def open_period(self, typed: Json) -> Json:
        """`{"period": "2026-07"}`"""
        return self._ledger.set_period(self.company(typed), typed, closed=False)

    def block_account(self, typed: Json) -> Json:
        """`{"account": "4000"}`"""
        return self._block(typed, blocked=True)

    def unblock_account(self, typed: Json) -> Json:
        """`{"account": "4000"}`"""
        return self._block(typed, blocked=False)

    def end_cost_center(self, typed: Json) -> Json:
        """`{"cost_center": "SALES", "date": "2026-07-31"}`: its last day, today unless given."""
        last = datetime.fromisoformat(typed["date"]).date() if "date" in typed else None
        code, day = self._ledger.end(self.company(typed), _code(typed, "cost_center"), last)
        return {"cost_center": code, "ends": day.isoformat()}

    def reopen_cost_center(self, typed: Json) -> Json:
        """`{"cost_center": "SALES"}`"""
        code = self._ledger.reopen(self.company(typed), _code(typed, "cost_center"))
        return {"cost_center": code, "ends": None}

    def _block(self, typed: Json, *, blocked: bool) -> Json:
        company = self.company(typed)
        return self._ledger.block(
            company, self._ledger.account(company, _code(typed, "account")), blocked=blocked
        )

    def _line(self, company: C, typed: Json) -> Json:
        """What was typed of a line, each in its type; an account there must be."""
        line: Json = {name: typed[name] for name in self._ledger.fields if name in typed}
        line |= {name: _text(typed[name]) for name in ("text", "reference") if name in typed}
        if "amount" in typed:
            line["amount"] = Decimal(str(typed["amount"]))
        if "account" in typed:
            line["account"] = str(typed["account"])
            self._ledger.account(company, line["account"])
        dimensions = self._dimensions(company, typed)
        return {**line, "dimensions": dimensions} if dimensions else line

    def _dimensions(self, company: C, typed: Json) -> dict[str, str | None]:
        """Codes by the ledger's own names, from `dimensions` and from the fields that some axes have;
        `KeyError` for a dimension that the ledger does not have.
        """
        axes, named = self._ledger.axes(company), dict(typed.get("dimensions") or {})
        named |= {
            name: typed[name] for name in _AXES if name in typed and (name in axes or typed[name] is not None)
        }
        unknown = sorted(set(named) - set(axes))
        if unknown:
            raise KeyError(f"dimension {unknown[0]}; there are {', '.join(sorted(axes))}")
        return {axes[name]: _text(value) for name, value in named.items()}


def actions(ledger_of: Callable[[T], Ledger[C]]) -> dict[str, Action[T]]:
    """The actions of every ledger by name, for a vendor that gives its books by `ledger_of`."""

    def action(name: str) -> Action[T]:
        def carry_out(tenant: T, typed: Json) -> Json:
            answer: Json = getattr(Screen(ledger_of(tenant)), name)(typed)
            return answer

        return carry_out

    return {name: action(name) for name in NAMES}


def act(table: Mapping[str, Action[T]], tenant: T, action: str, typed: Json) -> Json:
    """Carry out an action of a table; `KeyError` for an action, company, document or code that does not
    exist, `ValueError` for what cannot be.
    """
    if action not in table:
        raise KeyError(f"action {action}; there are {', '.join(sorted(table))}")
    return table[action](tenant, typed)


def _company_code(typed: Json) -> Any:
    return next((typed[name] for name in ("entity", "company", "division") if name in typed), None)


def _code(typed: Json, name: str) -> str:
    return str(typed.get(name, typed.get("code", "")))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
