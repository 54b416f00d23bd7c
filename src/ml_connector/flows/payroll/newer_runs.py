"""What a run of an older calculation is asked, where a newer one came first and booked nothing itself.

A newer calculation that booked something is never taken back by an older one
(`already_booked.replaced_by`). One that found everything booked, whose pay was booked by hand, or that came
to zero leaves no document to tell that by: a person says whether the older one counts after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Proposal
from ml_connector.flows.posting.taken_back import ELSEWHERE
from ml_connector.ports.commits import CommitRow
from ml_connector.runs.run import Run

QUESTION, COUNTS = "older", "counts"
"""The question whether this run counts beside a newer one, followed by that run; and its answer."""
NEWER = "pay.newer"
"""Code of the problem that asks it."""


def ask(run: Run, pay_run: PayRun, proposal: Proposal, rows: Iterable[CommitRow]) -> Iterator[Problem]:
    """The question, about the newest. `rows` are the commits of the proposal's subjects."""
    keys = {entry.key for entry in proposal.entries}
    subjects = {share.subject for share in proposal.shares if share.key in keys}
    if not subjects or proposal.already_booked:
        return
    booked = {row.run for row in rows if not row.key.startswith(ELSEWHERE)}
    newer: dict[str, PayRun] = {}
    for other in run.done(subjects):
        theirs = None if other.id in booked else run.value_of(other.id, "read", "pay run", PayRun)
        if theirs is None or other.subject not in subjects or other.reference == pay_run.reference:
            continue
        if theirs.calculated_at > pay_run.calculated_at:
            newer[other.id] = theirs
    if not newer:
        return
    newest = max(newer, key=lambda one: newer[one].calculated_at)
    if question(newest) not in run.answers():
        text = (
            f"Run {newest} of {newer[newest].reference} is of a newer calculation of this pay"
            f" ({newer[newest].calculated_at:%Y-%m-%d %H:%M}, this one"
            f" {pay_run.calculated_at:%Y-%m-%d %H:%M}), and posted nothing of this: ml-connector runs show"
            f" {newest}. To stop here: ml-connector runs cancel {run.row.id}. To continue with this older"
            f" one: ml-connector runs answer {run.row.id} --older-counts."
        )
        yield Problem(NEWER, newest, text, Owner.CONTROLLER)


def question(run: str) -> str:
    """The question about this newer run, as its answer is stored."""
    return f"{QUESTION} {run}"
