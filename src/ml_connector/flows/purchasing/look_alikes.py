"""Entries of a supplier that may be the invoice a run is about to book. A look-alike is a question and
decides nothing.

    the same number as it is written               of any date
    the same number in another spelling            dated up to `DAYS` before or after the invoice
    the same amount                                of the date of the invoice

They are looked for among all entries that the ledger has of the supplier, in any journal and by whomever
booked. An invoice and a credit note are never alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta

from ml_connector.domain.document import Marker
from ml_connector.domain.invoice_number import fitted, normal
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import BookedPurchase, PurchaseEntry
from ml_connector.flows.posting.look_alikes import ASKED, NOT_OURS
from ml_connector.ports.purchases import PurchaseSink
from ml_connector.runs.run import Run

__all__ = ["ASKED", "BOOKED_AS", "NOT_OURS", "OPEN", "ask"]

BOOKED_AS = "booked as"
"""The question which document of the ledger the invoice is; its answer is the name of that."""
OPEN = "book as open"
DAYS = timedelta(days=366)
"""How far before and after the date of an invoice its number is looked for in other spellings: all of the
fiscal year that it is in, and more.
"""
SHOWN = 5


def ask(sink: PurchaseSink, entry: PurchaseEntry, ours: Collection[str], run: Run) -> Iterator[Problem]:
    """The question about look-alikes, where nobody has answered it yet. `ours` are the references of what is
    booked of the same invoice.
    """
    answers = run.answers()
    if BOOKED_AS in answers:
        return
    fits = replace(entry, number=fitted(entry.number, sink.limits.number_max))
    token = Marker.of(entry.key).token
    found = [
        document
        for document in sink.look_alikes(entry, DAYS)
        if document.receipt.reference not in ours
        and document.marker != token
        and not document.reversed
        and _alike(document, fits)
        and answers.get(name_of(document)) != NOT_OURS
    ]
    if not found:
        return
    names = [name_of(document) for document in found]
    described = ", ".join(
        f"document {name}, number {one.number or '(none)'} of {one.invoice_date}, {one.payable}"
        for name, one in zip(names[:SHOWN], found, strict=False)
    )
    if len(found) > SHOWN:
        described += f" and {len(found) - SHOWN} more"
    accepts = " ".join(f"--accept {name}" for name in names)
    text = (
        f"The ledger has what may be this invoice already: {described}. If one of them is:"
        f" ml-connector runs answer {run.row.id} --booked-as {names[0]}. If not: ml-connector runs resume"
        f" {run.row.id} {accepts}."
    )
    yield Problem(ASKED, names[0], text, Owner.CONTROLLER)


def name_of(document: BookedPurchase) -> str:
    """What people call a document when they speak of it."""
    return f"{document.receipt.entity}/{document.receipt.number}"


def _alike(document: BookedPurchase, entry: PurchaseEntry) -> bool:
    if document.currency != entry.currency:
        return normal(document.number) == normal(entry.number) != ""
    if (document.payable.minor < 0) != (entry.payable.minor < 0):
        return False
    if normal(document.number) == normal(entry.number) != "":
        return True
    return document.payable == entry.payable and document.invoice_date == entry.invoice_date
