"""How a reading of workers differs from the one before: steps that were entered, moved or taken back, people
who are not listed any more, codes that were blanked, and companies that lost far more of their people than
leave them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from ml_connector.domain.coming import coming
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.worker import Worker
from ml_connector.flows.alignment import LOSS, LOSS_PERCENT, LOSS_ROWS
from ml_connector.runs.run import Run


@dataclass(slots=True, kw_only=True)
class Steps:
    """Compares each worker with the one that was known. `day_of` is the day that it is in a company; a
    reading that is the first one has nothing to be compared with.
    """

    run: Run
    day_of: Callable[[str], date]
    first: bool = False
    _were: Counter[str] = field(default_factory=Counter)
    _lost: Counter[str] = field(default_factory=Counter)
    _placed: Counter[tuple[str, str]] = field(default_factory=Counter)
    _blanked: Counter[tuple[str, str]] = field(default_factory=Counter)
    _known: int = 0
    _vanished: int = 0

    def compare(self, before: Worker | None, after: Worker | None) -> None:
        """Note what is entered otherwise for later days, one line for each worker, and who is lost."""
        if self.first or (one := after or before) is None:
            return
        was, now = self._told(before), self._told(after)
        if was != now:
            self.run.audit("worker.coming", {"worker": one.key, "was": was, "is": now})
        there = self._employers(before)
        self._were.update(there)
        self._lost.update(there - self._employers(after))
        if before is not None:
            self._known += 1
            self._vanished += after is None
        if before is not None and after is not None:
            axes = self._axes(before)
            self._placed.update(axes)
            left = self._axes(after)
            stays = self._employers(after)
            self._blanked.update(one for one in axes - left if one[0] in stays)

    def wrong(self) -> Iterator[Problem]:
        """What no source that is whole shows, but what a person said is right: people who are not listed any
        more, though nobody who left is taken off the list, as after a restore; and a code that far too many
        have no more, as where a right was withdrawn.
        """
        answers = self.run.answers()
        where = f"{self._vanished} of {self._known} not listed"
        if self._vanished > LOSS_ROWS and where not in answers and not any(self._too_many()):
            text = (
                f"{self._vanished} of {self._known} workers are not listed any more, and whoever leaves stays"
                " listed. A source that was restored, or a right that was withdrawn, looks so. Nothing was"
                f" changed in the ledger. Look at payroll. If it is right: ml-connector runs answer"
                f" {self.run.row.id} --loss-is-right."
            )
            yield Problem(LOSS, where, text, Owner.CONTROLLER)
        for (company, axis), blank in sorted(self._blanked.items()):
            were = self._placed[company, axis]
            where = f"{axis} in {company}, {blank} of {were}"
            if blank <= max(LOSS_ROWS, were * LOSS_PERCENT // 100) or where in answers:
                continue
            text = (
                f"{blank} of {were} workers of {company} have no {axis} any more. A right that was withdrawn"
                " looks so. Nothing was changed in the ledger. Look at payroll. If it is right: ml-connector"
                f" runs answer {self.run.row.id} --loss-is-right."
            )
            yield Problem(LOSS, where, text, Owner.CONTROLLER)

    def losses(self) -> Iterator[Problem]:
        """Companies that lost more workers than a plan may, but those of which a person said that so many are
        right.
        """
        answers = self.run.answers()
        for company, lost, were in self._too_many():
            where = f"company {company}, {lost} of {were}"
            if where in answers:
                continue
            text = (
                f"{lost} of {were} workers of {company} are not employed there any more, or not listed. A"
                " list that was read in part, or lost a right, looks so too. Nothing was changed in the"
                f" ledger. Look at payroll. If it is right: ml-connector runs answer {self.run.row.id}"
                " --loss-is-right."
            )
            yield Problem(LOSS, where, text, Owner.CONTROLLER)

    def _too_many(self) -> Iterator[tuple[str, int, int]]:
        """Each company that lost more than a plan may, how many, and of how many: it is asked about as such,
        here or in the plan.
        """
        for company, lost in sorted(self._lost.items()):
            were = self._were[company]
            if lost > max(LOSS_ROWS, were * LOSS_PERCENT // 100):
                yield company, lost, were

    def _told(self, worker: Worker | None) -> str:
        told: list[str] = []
        if worker is None:
            return ""
        for company in sorted({each.company for each in worker.employments}):
            for step in coming(worker, self.day_of(company)):
                placed = [f"{one.axis}={one.code}" for one in step.placed]
                if step.company == company:
                    told.append(" ".join([company, step.step, str(step.day), *placed]))
        return "; ".join(told)

    def _axes(self, worker: Worker) -> set[tuple[str, str]]:
        """Company and axis of every code that the worker is placed on today."""
        return {
            (each.company, code.axis)
            for each in worker.employments
            if each.on(day := self.day_of(each.company))
            for code in each.codes_on(day)
        }

    def _employers(self, worker: Worker | None) -> set[str]:
        employments = worker.employments if worker else ()
        return {each.company for each in employments if each.on(self.day_of(each.company))}


def begun(worker: Worker) -> set[tuple[str, date]]:
    """The employments of the worker, by company and first day."""
    return {(each.company, each.start) for each in worker.employments}
