"""Suppliers in memory: a register, a place where they are made, and a vendor who draws their ids, with a
person who edits, and faults.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE, UNREACHABLE
from ml_connector.domain.changes import Change
from ml_connector.domain.document import TOKEN, Marker, Receipt
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.supplier import BookedSupplier, NewSupplier, Supplier, written
from ml_connector.errors import Inexpressible, NotFound, NotSent, OutcomeUnknown
from ml_connector.ports.registers import Answer, Register, RegisterLimits, Stale, Versioned, Written
from ml_connector.ports.sinks import NONE_KNOWN, Gate, Send, Sink, SinkLimits

FIELDS = ("name", "country", "vat_number", "chamber_number")


@dataclass(slots=True)
class SupplierBooks:
    """The vendor's half. `marks` says that what is made carries the marker's token as its id in the other
    system, else that id itself. `on_make` is called when one was made, and may die.
    """

    prefix: str = ""
    marks: bool = True
    rows: dict[str, Supplier] = field(default_factory=dict)
    fault: str = ""
    writes: int = 0
    drawn: int = 0
    on_make: Callable[[], None] = lambda: None

    def enter(self, supplier: Supplier) -> str:
        """A person enters one, or our send does."""
        self.drawn += 1
        key = f"{self.prefix}{self.drawn:06}"
        self.rows[key] = replace(supplier, key=key, code=supplier.code or f"C{self.drawn}")
        return key

    def write(self, act: Callable[[], Any]) -> Any:
        """One write, with the fault that was asked for."""
        fault, self.fault = self.fault, ""
        if fault == UNREACHABLE:
            raise NotSent("The vendor was not reached.")
        self.writes += 1
        if fault == LOST_BEFORE:
            raise OutcomeUnknown("No answer came back.", where="network")
        done = act()
        if fault == LOST_AFTER:
            raise OutcomeUnknown("No answer came back.", where="network")
        return done


class ReferenceSuppliers(Register[Supplier]):
    """The connector's half, for what is kept."""

    def __init__(self, books: SupplierBooks) -> None:
        self.books = books
        self.limits = RegisterLimits(
            batch=20, settle_seconds=5, guarded=False, shared=not books.prefix, adds_accounts=True
        )

    def rows(self, within: Collection[str] = ()) -> Iterator[Versioned[Supplier]]:
        """Every supplier, in order."""
        for key in sorted(self.books.rows):
            if not within or key.startswith(tuple(within)):
                yield Versioned(record=self._read(key))

    def _read(self, key: str) -> Supplier:
        found = self.books.rows[key]
        texts: dict[str, Any] = {name: written(getattr(found, name)) for name in FIELDS}
        return replace(found, **texts)

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[Supplier]]:
        """These now."""
        return {key: Versioned(record=self._read(key)) for key in keys if key in self.books.rows}

    def normal(self, record: Supplier) -> Supplier:
        """Composed letters, one blank between words, bank accounts in order."""
        accounts = tuple(sorted(record.accounts, key=lambda one: one.number))
        texts: dict[str, Any] = {name: written(getattr(record, name)) for name in FIELDS}
        return replace(record, accounts=accounts, **texts)

    def check(self, record: Supplier) -> tuple[Problem, ...]:
        """A name has 1 to 50 characters."""
        if 0 < len(written(record.name)) <= 50:
            return ()
        text = f"The name {record.name!r} does not fit. Enter another at the source."
        return (Problem("supplier.name", record.key, text, Owner.PROCUREMENT),)

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        """Write each once."""
        return tuple(self._put(change) for change in changes)

    def _put(self, change: Change) -> Answer:
        if change.key not in self.books.rows:
            return Stale()

        def act() -> Answer:
            held, after = self.books.rows[change.key], self.normal(change.after)
            new = tuple(one for one in after.accounts if one not in held.accounts)
            texts: dict[str, Any] = {name: getattr(after, name) for name in FIELDS}
            self.books.rows[change.key] = replace(held, accounts=(*held.accounts, *new), **texts)
            return Written()

        answer: Answer = self.books.write(act)
        return answer


class MarkedSuppliers(ReferenceSuppliers):
    """Those of a system that keeps the ids of another: an `Assignable` too."""

    def assigned(self, reference: str) -> str:
        """What is kept."""
        return self.books.rows[self.books.prefix + reference].external

    def assign(self, reference: str, value: str) -> None:
        """Keep it."""
        key = self.books.prefix + reference

        def act() -> None:
            self.books.rows[key] = replace(self.books.rows[key], external=value)

        self.books.write(act)


class ReferenceNewSuppliers(Sink[NewSupplier, BookedSupplier]):
    """The connector's half, for what is made."""

    def __init__(self, register: ReferenceSuppliers) -> None:
        self.books, self.register = register.books, register
        self.limits = SinkLimits(deadline_seconds=100, settle_seconds=5, visible_seconds=0)

    def check(self, document: NewSupplier) -> tuple[Problem, ...]:
        """As the register."""
        return self.register.check(document.supplier)

    def locate(
        self, wanted: Sequence[tuple[NewSupplier, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By the mark."""
        return {
            marker.key: tuple(
                self._receipt(document.entity, row)
                for row in self.books.rows.values()
                if row.external == self._mark(document, marker)
            )
            for document, marker in wanted
        }

    def _mark(self, document: NewSupplier, marker: Marker) -> str:
        return marker.token if self.books.marks else document.supplier.external

    @contextmanager
    def prepare(
        self,
        document: NewSupplier,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send."""
        if problems := self.check(document):
            raise Inexpressible.of(problems)

        def act() -> Receipt:
            made = replace(document.supplier, external=self._mark(document, marker))
            receipt = self._receipt(document.entity, self.books.rows[self.books.enter(made)])
            self.books.on_make()
            return receipt

        def send(gate: Gate) -> Receipt:
            gate()
            receipt: Receipt = self.books.write(act)
            return receipt

        yield send

    def release(self, receipt: Receipt) -> Receipt:
        """Posted at once."""
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        """Made completely or not at all."""

    def read_back(self, receipt: Receipt) -> BookedSupplier:
        """As it is now."""
        row = self.books.rows.get(self.books.prefix + receipt.reference)
        if row is None:
            raise NotFound(f"Supplier {receipt.number} is gone.")
        return self._booked(receipt.entity, row)

    def near(self, document: NewSupplier, last: date | None = None) -> tuple[BookedSupplier, ...]:
        """Everybody."""
        return tuple(self._booked(document.entity, row) for row in self.books.rows.values())

    def compare(self, document: NewSupplier, booked: BookedSupplier) -> tuple[Problem, ...]:
        """Every field that was sent."""
        ours, theirs = map(self.register.normal, (document.supplier, booked.supplier))
        return tuple(
            Problem("read_back.header", name, f"{name} is {getattr(theirs, name)}.", Owner.CONTROLLER)
            for name in FIELDS
            if getattr(ours, name) not in ("", getattr(theirs, name))
        )

    def takes_back(self, booked: BookedSupplier, document: NewSupplier) -> bool:
        """Never."""
        return False

    def cancels(self, booked: BookedSupplier, other: BookedSupplier) -> bool:
        """Never."""
        return False

    def _booked(self, entity: str, row: Supplier) -> BookedSupplier:
        token = row.external if TOKEN.fullmatch(row.external) else ""
        return BookedSupplier(receipt=self._receipt(entity, row), supplier=row, marker=token)

    def _receipt(self, entity: str, row: Supplier) -> Receipt:
        reference = row.key.removeprefix(self.books.prefix)
        return Receipt(reference=reference, number=row.code, entity=entity, posted=True)
