"""An invoice with three attachments and a supplier that does not exist yet: each is written once, in order,
and named by its commit key until the vendor has drawn an id for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.runs.desk import ENTITY, ORIGIN, Desk

from ml_connector.domain import codec
from ml_connector.domain.money import Money
from ml_connector.errors import NotSent


@dataclass(frozen=True, slots=True, kw_only=True)
class ToySupplier:
    """A supplier whose number the vendor draws."""

    key: str
    entity: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyAttachment:
    """A file, by the hash of its bytes."""

    key: str
    entity: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyInvoice:
    """An invoice that names its supplier and its attachments by their keys."""

    key: str
    entity: str
    amount: Money
    refers: tuple[str, ...]


codec.learn(ToySupplier, ToyAttachment, ToyInvoice)
SUPPLIER = ToySupplier(key="supplier:acme:77:1:1", entity=ENTITY, name="O'Brien & Söhne")
FILES = tuple(
    ToyAttachment(key=f"file:acme:INV-1-{n}:1:1", entity=ENTITY, sha256=f"{n}" * 64) for n in range(3)
)
INVOICE = ToyInvoice(
    key="invoice:acme:INV-1:1:1",
    entity=ENTITY,
    amount=Money.parse("121.00", "EUR"),
    refers=(SUPPLIER.key, *(file.key for file in FILES)),
)
CHAIN = (SUPPLIER, *FILES, INVOICE)


def test_an_invoice_names_what_was_drawn_for_its_supplier_and_files() -> None:
    desk = Desk()

    desk.write(*CHAIN)

    assert ["ToySupplier", *["ToyAttachment"] * 3, "ToyInvoice"] == desk.kinds()
    assert tuple(booked.receipt.reference for booked in desk.vendor.booked[:-1]) == desk.vendor.booked[-1].ids


def test_a_document_is_not_written_before_what_it_refers_to() -> None:
    desk = Desk()
    desk.write(SUPPLIER, *FILES[:2])

    with pytest.raises(NotSent, match=f"{FILES[2].key}, which {INVOICE.key} refers to, is not booked"):
        desk.process().commit_once(INVOICE, ORIGIN)
    assert "ToyInvoice" not in desk.kinds()


def test_a_document_that_is_planned_and_not_booked_is_not_referred_to() -> None:
    """It has a commit, and no number yet."""
    desk = Desk()
    desk.write(*FILES)
    desk.world.commits.open(
        key=SUPPLIER.key,
        fingerprint=codec.fingerprint(SUPPLIER),
        entity=ENTITY,
        content=codec.encode(SUPPLIER),
        origin=ORIGIN,
    )

    with pytest.raises(NotSent, match=f"{SUPPLIER.key}, which {INVOICE.key} refers to, is not booked"):
        desk.process().commit_once(INVOICE, ORIGIN)


@pytest.mark.parametrize("fault", ["lost", "dies"])
@pytest.mark.parametrize("place", range(len(CHAIN)))
def test_a_lost_answer_anywhere_leaves_one_of_each(fault: str, place: int) -> None:
    """Whichever of the five answers is lost, or dies with the process."""
    desk = Desk()
    for document in CHAIN[:place]:
        desk.write(document)
    desk.vendor.fault = fault

    desk.write(*CHAIN)

    assert ["ToySupplier", *["ToyAttachment"] * 3, "ToyInvoice"] == desk.kinds()
