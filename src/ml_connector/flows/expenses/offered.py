"""Which exports of a source a flow has not taken up: those with a report that changed, and once a day those
with one of which the source was told nothing, whatever the changes said.

What a look found is stored with the cursor of that look, so that nothing is lost between the look and the run
that is begun of it. A report that is canceled is no part of an export any more, and is one run by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from ml_connector.domain.expense import ReportState
from ml_connector.domain.expense_proposal import ListedExport
from ml_connector.flows.flow import New, Offering
from ml_connector.ports.expenses import ExpenseSource, ReportRef

KIND = "exports of flow"
REMEMBERED = timedelta(days=7)
"""For so long an export that a run has taken up is remembered: longer than a look overlaps another."""
CANCELED = "canceled "
"""Beginning of what a run of a canceled report is for; its reference at the source follows."""


def exports(given: Offering) -> New:
    """What runs are for, the export that changed first first."""
    source: ExpenseSource = given.source
    store, kind = given.snapshots(), f"{KIND} {given.name}"
    since = datetime.combine(given.since, time.min, UTC)
    followed = store.followed(kind)
    changed = source.changed(followed.cursor if followed else "", since)
    found = list(changed.found)
    whole = followed is None or followed.whole_at.date() < given.now.date()
    if whole and followed is not None:
        found.extend(source.unmarked(since))
    rows = {**{row.key: row for row in store.rows(kind)}, **_rows(found)}
    if whole:
        old = [key for key, row in rows.items() if given.now - row.changed_at > REMEMBERED]
        for key in given.taken(old):
            del rows[key]
        store.replace(kind, rows.values(), changed.cursor)
    else:
        store.update(kind, _rows(found), (), changed.cursor)
    return tuple(sorted(rows, key=lambda key: rows[key].changed_at)), ()


def _rows(found: Iterable[ReportRef]) -> dict[str, ListedExport]:
    """Exports by what their runs are for. What people edit again at the source is left alone until it is
    approved or canceled.
    """
    rows: dict[str, ListedExport] = {}
    for ref in found:
        key = {ReportState.APPROVED: ref.export, ReportState.CANCELED: f"{CANCELED}{ref.reference}"}.get(
            ref.state
        )
        if key is not None and (key not in rows or rows[key].changed_at < ref.changed_at):
            rows[key] = ListedExport(key=key, changed_at=ref.changed_at)
    return rows
