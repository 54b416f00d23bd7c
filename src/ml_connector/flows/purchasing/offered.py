"""Which invoices of a source a flow has not taken up: those that changed, and once a day all that carry no id
of a ledger, whatever the changes said.

What a look found is stored with the cursor of that look, so that nothing is lost between the look and the run
that is begun of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from ml_connector.domain.invoice import ListedInvoice
from ml_connector.flows.flow import New, Offering
from ml_connector.ports.invoices import InvoiceRef, InvoiceSource

KIND = "invoices of flow"
REMEMBERED = timedelta(days=7)
"""For so long an invoice that a run has taken up is remembered: longer than a look overlaps another."""


def invoices(given: Offering) -> New:
    """References of invoices, the one that changed first first; of an invoice that is listed twice the last
    reference counts.
    """
    source: InvoiceSource = given.source
    store, kind = given.snapshots(), f"{KIND} {given.name}"
    since = datetime.combine(given.since, time.min, UTC)
    followed = store.followed(kind)
    changed = source.changed(followed.cursor if followed else "", since)
    found = list(changed.found)
    whole = followed is None or followed.whole_at.date() < given.now.date()
    if whole and followed is not None:
        found.extend(source.unmarked(since))
    known = {row.key: row for row in store.rows(kind)}
    rows = {**known, **_rows(found)}
    if whole:
        old = [key for key, row in rows.items() if given.now - row.changed_at > REMEMBERED]
        for key in given.taken(old):
            del rows[key]
        store.replace(kind, rows.values(), changed.cursor)
    else:
        store.update(kind, _rows(found), (), changed.cursor)
    return tuple(sorted(_newest(rows.values()), key=lambda key: rows[key].changed_at)), ()


def _rows(found: Iterable[InvoiceRef]) -> dict[str, ListedInvoice]:
    return {
        ref.reference: ListedInvoice(key=ref.reference, invoice=ref.invoice, changed_at=ref.changed_at)
        for ref in found
    }


def _newest(rows: Iterable[ListedInvoice]) -> list[str]:
    """The last reference of each invoice."""
    last: dict[str, ListedInvoice] = {}
    for row in sorted(rows, key=lambda row: row.changed_at):
        last[row.invoice] = row
    return [row.key for row in last.values()]
