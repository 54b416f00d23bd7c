"""Which pays of a company are booked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ml_connector.domain import codec
from ml_connector.domain.dated_back import BookedPay
from ml_connector.ports.commits import CommitState
from ml_connector.store.models import Commit, CommitSubject, Flow

PAYROLL = "payroll"


def booked_pays(flow: Flow, company: str, since: date) -> Iterator[BookedPay]:
    """The booked pays of the company that end on the day or later, oldest first, of any flow of the same
    payroll; those taken back are left out. Lines are of the flow's own ledger. A period begins behind the one
    before of the same pay group.
    """
    mine = CommitSubject.objects.filter(
        commit__organisation=flow.organisation,
        commit__run__settings__source=flow.source,
        commit__run__flow=PAYROLL,
        base__contains=f":{company}:",
        commit__reversed_by="",
        commit__state=CommitState.CONFIRMED,
    )
    booked = mine.exclude(day="").order_by("day", "base")
    last_of: dict[str, date] = {}
    commits: dict[tuple[date, str], list[int]] = {}
    for base, day, commit in booked.values_list("base", "day", "commit_id"):
        if name := base.partition(f":{company}:")[2]:  # as it is written: the database may fold case
            commits.setdefault((date.fromisoformat(day), name), []).append(commit)
    for (last, name), numbers in commits.items():
        group = name.partition(f" {last}")[0]
        before = last_of.get(group)
        last_of[group] = last
        if last >= since:
            rows = list(Commit.objects.filter(pk__in=numbers).order_by("pk"))
            entries = [codec.decode(row.content) for row in rows if row.connection_id == flow.target_id]
            yield BookedPay(
                name=name,
                company=company,
                first=before + timedelta(days=1) if before and before < last else None,
                last=last,
                documents=tuple(row.reference or row.key for row in rows),
                lines=tuple(line for entry in entries for line in entry.lines),
            )
