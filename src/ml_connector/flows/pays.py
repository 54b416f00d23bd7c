"""Which pay a run is for, company by company: the subject that decides what it is compared with.

the source can tell pays apart                its subject, as it is
it cannot, and no other run is of this pay    its subject
it cannot, and one is                         a question; the answer is stored with the run:
    own               a pay of its own, beside the others
    replaces RUN      in place of that run
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Subject
from ml_connector.flows.already_booked import document_number
from ml_connector.ports.storage import UNBOOKED, CommitRow, Commits, OtherRun, RunState
from ml_connector.runs.run import Run

QUESTION = "pay"
OWN = "own"
REPLACES = "replaces "
NAME_LENGTH = 12
"""Characters of the source's reference that name a pay of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pays:
    """The subjects of a run. `subjects` is company → subject; `problems` hold the question, if there is
    one.
    """

    subjects: Mapping[str, Subject] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def pays_of(run: Run, pay_run: PayRun, subjects: Mapping[str, Subject], commits: Commits) -> Pays:
    """The pay of each company, given the subjects as the source names them."""
    if pay_run.tells_pays_apart or not subjects:
        return Pays(subjects=subjects)
    answer = run.answers().get(QUESTION, "")
    if answer == OWN:
        name = pay_run.reference[:NAME_LENGTH]
        return Pays(subjects={company: subject.own(name) for company, subject in subjects.items()})
    if answer.startswith(REPLACES):
        of_other = {subject.base: subject for subject in run.spoken_of(answer.removeprefix(REPLACES))}
        return Pays(subjects={c: of_other.get(subject, subject) for c, subject in subjects.items()})
    wanted = tuple(subjects.values())
    booked = [row for row in commits.of_subjects(wanted, beside=True) if _stands(row, pay_run.reference)]
    waiting = [
        other
        for other in run.others(wanted)
        if other.earlier and other.reference != pay_run.reference and other.state is not RunState.FAILED
    ]
    return Pays(subjects=subjects, problems=tuple(_question(run.row.id, booked, waiting)))


def _stands(row: CommitRow, reference: str) -> bool:
    """Whether the commit may be booked for another run of the source, and not reversed."""
    return (
        bool(row.reference)
        and row.reference != reference
        and row.state not in UNBOOKED
        and not row.reversed_by
    )


def _question(run: str, booked: Sequence[CommitRow], waiting: Sequence[OtherRun]) -> Iterable[Problem]:
    numbers: dict[str, list[str]] = {}
    for row in booked:
        numbers.setdefault(row.run, []).append(f"{document_number(row)} in {row.entity}")
    others = {other: f"run {other}, booked as {', '.join(found)}" for other, found in numbers.items()}
    for other in waiting:
        others.setdefault(other.id, f"run {other.id}, {other.state}")
    if not others:
        return
    first = next(iter(others))
    text = (
        "This delivery is for the same pay group and date as another: "
        + "; ".join(others.values())
        + ". Nothing in it says whether it comes in place of that, or is a pay of its own (a department, a"
        f" bonus, a correction). Say which: ml-connector runs answer {run} --own-pay, or ml-connector runs"
        f" answer {run} --replaces {first}."
    )
    yield Problem("pay.which", "pay run", text, Owner.CONTROLLER)
