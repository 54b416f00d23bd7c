"""The nightly look at purchase entries: what was booked in the last weeks is in the ledger still, once, as it
was booked. One read for each supplier; nothing is changed, in the ledger or here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from ml_connector.domain import codec
from ml_connector.domain.document import Receipt
from ml_connector.domain.purchase import BookedPurchase, PurchaseEntry
from ml_connector.errors import NotFound
from ml_connector.flows.booked import document_number
from ml_connector.flows.posting.nightly_look import DAYS, Finding
from ml_connector.ports.commits import CommitRow, Commits
from ml_connector.ports.purchases import PurchaseSink
from ml_connector.ports.systems import System


def purchase_look(system: System, commits: Commits, now: datetime) -> tuple[Finding, ...]:
    """Everything that is wrong now with entries that count. Raises what the ledger raises; then nothing is
    known.
    """
    rows: dict[tuple[str, str], list[tuple[CommitRow, PurchaseEntry]]] = defaultdict(list)
    for row in commits.booked_since(now - timedelta(days=DAYS)):
        entry = codec.decode(row.content)
        if isinstance(entry, PurchaseEntry) and not row.reversed_by:
            rows[row.entity, entry.supplier].append((row, entry))
    if not rows:
        return ()
    sink = cast(PurchaseSink, system.sink(PurchaseEntry))
    return tuple(finding for of_supplier in rows.values() for finding in _of_supplier(sink, of_supplier))


def _of_supplier(sink: PurchaseSink, rows: Sequence[tuple[CommitRow, PurchaseEntry]]) -> Iterator[Finding]:
    days = [entry.invoice_date for _, entry in rows]
    near = sink.near(replace(rows[0][1], invoice_date=min(days)), max(days))
    for row, entry in rows:
        yield from _wrong(sink, row, entry, near)


def _wrong(
    sink: PurchaseSink, row: CommitRow, entry: PurchaseEntry, near: Sequence[BookedPurchase]
) -> Iterator[Finding]:
    receipt = cast(Receipt, codec.decode(row.receipt))
    number = document_number(row)
    mine = next((one for one in near if one.receipt.reference == receipt.reference), None)
    if mine is None:
        try:
            mine = sink.read_back(receipt)
        except NotFound:
            text = (
                f"Document {number} in {row.entity} is no longer in the ledger. It was {entry.payable} to"
                f" supplier {entry.supplier}, invoice {entry.number}. If somebody deleted it, record that:"
                f" ml-connector runs mark-deleted {row.run or 'RUN'}."
            )
            yield _finding(row, number, "booked.gone", text)
    if mine is not None and (problems := sink.compare(entry, mine)):
        texts = " ".join(problem.text for problem in problems)
        text = f"Document {number} in {row.entity} was edited since it was booked. {texts}"
        yield _finding(row, number, "booked.edited", text)
    for copy in near:
        if copy.marker == row.marker.token and copy.receipt.reference != receipt.reference:
            text = (
                f"Document {copy.receipt.number} in {row.entity} carries the marker of document {number}: the"
                " same invoice is in the books twice. Keep one and delete the other in the ledger."
            )
            yield _finding(row, copy.receipt.number, "documents.duplicate", text)


def _finding(row: CommitRow, document: str, code: str, text: str) -> Finding:
    journal = cast(PurchaseEntry, codec.decode(row.content)).journal
    return Finding(key=row.key, entity=row.entity, journal=journal, document=document, code=code, text=text)
