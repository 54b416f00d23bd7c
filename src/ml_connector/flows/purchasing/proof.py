"""The proof at the end of a run: the invoice, its entry and what the ledger shows say the same, to the cent
and for each VAT code, and every file is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from ml_connector.domain import codec
from ml_connector.domain.document import Receipt
from ml_connector.domain.invoice import SupplierInvoice, signed, vat_of_lines
from ml_connector.domain.journal import total
from ml_connector.domain.money import Money
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.purchase import BookedPurchase, PurchaseEntry, by_code
from ml_connector.domain.purchase_proposal import PurchaseProposal
from ml_connector.domain.tie_out import TieRow
from ml_connector.errors import NotFound
from ml_connector.flows.posting.taken_back import REVERSAL
from ml_connector.ports.commits import CommitRow
from ml_connector.ports.sinks import Sink


def changed_since(sink: Sink[Any, Any], row: CommitRow, run: str) -> Iterator[Problem]:
    """What is wrong now with a document that is known to be booked: it is gone, or it was edited."""
    if not row.receipt:
        return
    receipt = cast(Receipt, codec.decode(row.receipt))
    where = f"document {receipt.number}"
    try:
        now = sink.read_back(receipt)
    except NotFound:
        text = (
            f"Document {receipt.number} in {row.entity}, booked from here, is no longer in the ledger. Record"
            f" that: ml-connector runs mark-deleted {row.run or run}."
        )
        yield Problem("booked.gone", where, text, Owner.CONTROLLER)
        return
    if problems := sink.compare(codec.decode(row.content), now):
        text = f"{problems[0].text} It was edited since it was booked."
        yield Problem("booked.changed", where, text, Owner.CONTROLLER)


def before(invoice: SupplierInvoice, proposal: PurchaseProposal) -> tuple[TieRow, ...]:
    """The table before anything is booked."""
    return _table(invoice, proposal, None)


def after(invoice: SupplierInvoice, proposal: PurchaseProposal, booked: BookedPurchase) -> tuple[TieRow, ...]:
    """The table of what is booked."""
    return _table(invoice, proposal, booked)


def _table(
    invoice: SupplierInvoice, proposal: PurchaseProposal, booked: BookedPurchase | None
) -> tuple[TieRow, ...]:
    entry = entry_of(proposal)
    found = signed(invoice)
    if entry is None or isinstance(found, Problem):
        return ()
    nothing = Money.from_minor(0, entry.currency)
    net = total((line.net for line in found.lines), found.currency)
    vat = total((one.amount for taxes in vat_of_lines(found) for one in taxes), found.currency)
    there = by_code(booked.lines, booked.currency) if booked else {}
    sides = [
        ("owed", found.payable, net + vat + (found.rounding or nothing), entry.payable),
        ("vat", found.gross - found.net, vat, total((line.vat for line in entry.lines), entry.currency)),
        *((f"vat {code}", None, amount, amount) for code, amount in entry.vat_by_code().items()),
    ]
    ledger = {"owed": booked.payable, "vat": total(there.values(), booked.currency)} if booked else {}
    ledger |= {f"vat {code}": amount for code, amount in there.items()}
    return tuple(
        TieRow(
            company=invoice.company,
            what=what,
            register=head,
            run=lines,
            journal=ours,
            ledger=ledger.get(what, nothing) if booked else None,
        )
        for what, head, lines, ours in sides
    )


def entry_of(proposal: PurchaseProposal) -> PurchaseEntry | None:
    """The entry of the invoice itself; `None` where nothing is booked of it."""
    own = [entry for entry in proposal.entries if not entry.key.startswith(REVERSAL)]
    return own[-1] if own else None
