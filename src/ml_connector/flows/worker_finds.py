"""By which way it was found that workers are otherwise than they were kept: the source's list of changes
named them, only a read of everybody shows it, or a day came on which something entered before takes effect.

Whom a read of everybody shows, and the list of changes did not name, is kept: somebody may have changed them
while everybody was read, and then the list names them the next time, because it is read with an overlap.
Where it does not, the list does not tell of everything, which is for people until a read of everybody finds
nobody like that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.worker import EmploymentState, FoundBy, Untold, Worker
from ml_connector.ports.snapshots import Snapshots

KIND = "worker.untold"
"""Of the snapshots that keep whom the list of changes did not name."""
NAMED = 20
"""Workers that the audit log and an item name one by one."""


@dataclass(slots=True, kw_only=True)
class Finds:
    """Counts them. `named` are those whom the list of changes named, `day_of` is the day that it is in a
    company, and `brought` a worker as kept, on that day. Where that list was `asked` for all since the last
    time, it might have named everybody.
    """

    named: Collection[str]
    day_of: Callable[[str], date]
    brought: Callable[[Worker], Worker]
    asked: bool
    changes: int = 0
    full_read: int = 0
    dates: int = 0
    unnamed: list[str] = field(default_factory=list)

    def count(self, before: Worker | None, after: Worker | None) -> None:
        """Take one worker into account, as kept and as read now; `None` for one that was not, or is not,
        there. Nobody expects the list to name who is gone.
        """
        kept = before and self.brought(before)
        self.dates += kept != before
        one = after or before
        if one is None or self._shown(kept) == self._shown(after):
            return
        if one.key in self.named:
            self.changes += 1
            return
        self.full_read += 1
        if self.asked and after is not None:
            self.unnamed.append(one.key)

    def told(self) -> FoundBy:
        """What came of it."""
        return FoundBy(
            changes=self.changes, full_read=self.full_read, date=self.dates, unnamed=tuple(self.unnamed)
        )

    def _shown(self, worker: Worker | None) -> Worker | None:
        """What every read shows of a worker: nothing of earlier rows, and of what is over only that it is."""
        if worker is None:
            return None
        employments = []
        for each in worker.employments:
            day = self.day_of(each.company)
            over = each.end is not None and each.end < day
            ended = {"state": EmploymentState.ENDED, "letter": "", "codes": ()} if over else {}
            later = tuple(row for row in each.placements if row.since > day)
            now: dict[str, Any] = {"codes": each.codes_on(day), "placements": later, **ended}
            employments.append(replace(each, **now))
        return replace(worker, employments=tuple(employments))


def keep(kept: Snapshots, unnamed: Collection[str], on: date) -> None:
    """Keep these of a read of everybody, in place of those of the one before."""
    kept.replace(KIND, (Untold(key=key, found_on=on) for key in sorted(unnamed)), "")


def hear(kept: Snapshots, named: Collection[str]) -> None:
    """The list of changes was read again, and named these."""
    waiting = [row for row in kept.rows(KIND) if not row.sure]
    sure = {row.key: replace(row, sure=True) for row in waiting if row.key not in named}
    if waiting:
        kept.update(KIND, sure, [row.key for row in waiting if row.key in named], "")


def noticed(kept: Snapshots) -> Iterator[Problem]:
    """One thing for people where the list of changes does not tell of everything."""
    rows = [row for row in kept.rows(KIND) if row.sure]
    if not rows:
        return
    who = ", ".join(row.key for row in rows[:NAMED]) + (", …" if len(rows) > NAMED else "")
    text = (
        f"Payroll's list of changes does not name everybody who changes: the read of everybody on"
        f" {rows[0].found_on} found {len(rows)} that it did not name ({who}). Such changes wait for the"
        " weekly read. Look whether the account may read changes of every company, and ask payroll's vendor"
        " what its list names. Until then let everybody be read more often: --everybody yes."
    )
    yield Problem("worker.untold", "changes", text, Owner.ADMINISTRATOR)
