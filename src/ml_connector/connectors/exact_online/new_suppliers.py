"""Exact Online as the place where suppliers are made: once each, under a code that Exact draws.

locate     ⌈suppliers/20⌉
prepare    1
read_back  1
near       ⌈relations/1000⌉

The search code of a supplier that was made here is the marker's token, where people see it and may change it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime

import msgspec

from ml_connector.connectors.exact_online import wire
from ml_connector.connectors.exact_online.axis import ASKED
from ml_connector.connectors.exact_online.client import EVERY, ExactClient
from ml_connector.connectors.exact_online.payees import BULK
from ml_connector.connectors.exact_online.payees import PATH as RELATIONS
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.connectors.exact_online.supplier_register import COLUMNS, ExactSuppliers, Relation
from ml_connector.connectors.exact_online.writes import differs, gone, posting, waits
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.limits import foreign_entity
from ml_connector.domain.problem import Problem
from ml_connector.domain.supplier import BookedSupplier, NewSupplier
from ml_connector.errors import Inexpressible
from ml_connector.ports.sinks import NONE_KNOWN, Send, Sink
from ml_connector.transport import odata
from ml_connector.transport.answer import Answer
from ml_connector.transport.exchange import encode


class Created(msgspec.Struct):
    """What making a relation answers; more than the id may be missing."""

    ID: str
    Code: str | None = None


class ExactNewSuppliers(Sink[NewSupplier, BookedSupplier]):
    """A `Sink` of `NewSupplier`. One that was made is never removed: a relation with bookings cannot be."""

    def __init__(self, options: Options, client: ExactClient, register: ExactSuppliers) -> None:
        self._options, self._client, self._register = options, client, register
        self.limits = waits(options)

    def check(self, document: NewSupplier) -> tuple[Problem, ...]:
        """A division that is not the connection's, and a name that does not fit."""
        found = self._register.check(document.supplier)
        if document.entity not in self._options.divisions:
            return (foreign_entity(document.entity, self._options.divisions), *found)
        return found

    def locate(
        self, wanted: Sequence[tuple[NewSupplier, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By key every relation whose search code is the token, over all time."""
        found: dict[str, tuple[Receipt, ...]] = {marker.key: () for _, marker in wanted}
        for entity in dict.fromkeys(document.entity for document, _ in wanted):
            markers = [marker for document, marker in wanted if document.entity == entity]
            for start in range(0, len(markers), ASKED):
                some = {marker.token: marker.key for marker in markers[start : start + ASKED]}
                where = odata.any_of("SearchCode", [odata.text(token) for token in some])
                for row in self._register.relations(entity, RELATIONS, f"{EVERY} and {where}"):
                    key = some.get((row.SearchCode or "").strip().upper())
                    if key is not None:
                        found[key] = (*found[key], self._receipt(entity, row.ID, row.Code))
        return found

    @contextmanager
    def prepare(
        self,
        document: NewSupplier,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send. Raises `Inexpressible` for what `check` would have said."""
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        supplier = self._register.normal(document.supplier)
        columns = {column: getattr(supplier, name) for name, column in COLUMNS.items()}
        body = {
            **{column: value for column, value in columns.items() if value},
            "IsSupplier": True,
            "SearchCode": marker.token,
        }

        def receipt_of(answer: Answer) -> Receipt:
            row = answer.decode(wire.One[Created]).d
            return self._receipt(document.entity, row.ID, row.Code or "")

        with posting(self._client, document.entity, RELATIONS, encode(body), receipt_of) as send:
            yield send

    def release(self, receipt: Receipt) -> Receipt:
        """A relation is there as soon as it is made."""
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        """A relation is made completely or not at all."""

    def read_back(self, receipt: Receipt) -> BookedSupplier:
        """The supplier as it is now."""
        where = f"ID eq {odata.guid(receipt.reference)}"
        rows = list(self._register.relations(receipt.entity, RELATIONS, where))
        if not rows:
            raise gone("Supplier", receipt)
        return self._booked(receipt.entity, rows[0])

    def near(self, document: NewSupplier, last: date | None = None) -> tuple[BookedSupplier, ...]:
        """Every supplier of the division: a supplier has no day."""
        rows = self._register.relations(document.entity, BULK, EVERY)
        return tuple(self._booked(document.entity, row) for row in rows)

    def compare(self, document: NewSupplier, booked: BookedSupplier) -> tuple[Problem, ...]:
        """Every field that was sent."""
        ours, theirs = map(self._register.normal, (document.supplier, booked.supplier))
        return tuple(
            differs(booked.receipt, column, getattr(ours, name), getattr(theirs, name))
            for name, column in COLUMNS.items()
            if getattr(ours, name) not in ("", getattr(theirs, name))
        )

    def takes_back(self, booked: BookedSupplier, document: NewSupplier) -> bool:
        """No supplier takes another one back."""
        return False

    def cancels(self, booked: BookedSupplier, other: BookedSupplier) -> bool:
        """No supplier cancels another one."""
        return False

    def _booked(self, entity: str, row: Relation) -> BookedSupplier:
        supplier = self._register.record(entity, row)
        receipt = self._receipt(entity, row.ID, row.Code)
        return BookedSupplier(receipt=receipt, supplier=supplier, marker=supplier.external)

    def _receipt(self, entity: str, reference: str, code: str) -> Receipt:
        link = f"{self._options.base_url}/api/v1/{entity}/{RELATIONS}(guid'{reference}')"
        number = code.strip() or reference
        return Receipt(reference=reference.lower(), number=number, entity=entity, posted=True, link=link)
