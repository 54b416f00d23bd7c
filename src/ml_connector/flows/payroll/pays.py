"""Which pay a run is for, company by company: the subject that decides what it is compared with.

the source can tell pays apart                its subject, as it is
another run's only differs in its spelling    the subject of that run
it cannot, and no other run is of this pay    its subject
it cannot, and one is                         a question; the answer is stored with the run:
    own               a pay of its own, beside the others
    replaces RUN      in place of that run

A delivery that leaves out a group or a control, or joins two, has another subject than the pay it is for. So
it is a question too, where nothing that both name tells the two apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ml_connector.domain.codes import alike, roughly
from ml_connector.domain.journal import JournalEntry
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.proposal import Subject, days_in
from ml_connector.domain.text import words
from ml_connector.flows.booked import document_number
from ml_connector.flows.payroll.same_amounts import booked_again
from ml_connector.flows.posting.taken_back import ELSEWHERE, standing
from ml_connector.ports.commits import UNBOOKED, CommitRow, Commits
from ml_connector.ports.runs import OtherRun, RunState
from ml_connector.runs.run import Run

WHICH = "pay.which"
"""Code of the question which pay a run is for."""
QUESTION = "pay"
OWN = "own"
REPLACES = "replaces "
NAME_LENGTH = 12
"""Characters of the source's reference that name a pay of its own."""
POSTS = ("post", "confirm")
"""Stages of a run that posts: it counts for an earlier one as well, because both may have begun unseen."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pays:
    """The subjects of a run. `subjects` is company → subject; `problems` hold the question, if there is
    one.
    """

    subjects: Mapping[str, Subject] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What a delivery names of its pay, as an eye reads it. `apart` are its controls, kinds and numbers; of a
    run of an earlier release they are known `together` only.
    """

    groups: frozenset[str]
    together: frozenset[str]
    days: frozenset[str]
    apart: tuple[frozenset[str], ...] = ()

    def differs(self, other: _Named) -> bool:
        """Whether something that both name tells the two pays apart."""
        if not self.days & other.days or _disjoint(self.groups, other.groups):
            return True
        if self.apart and other.apart:
            return any(
                _disjoint(_roughly(a), _roughly(b)) for a, b in zip(self.apart, other.apart, strict=True)
            )
        return not (self.together <= other.together or other.together <= self.together)

    def names_the_same(self, other: _Named) -> bool:
        """Whether the two name the same in every part, and both are known by part."""
        mine, theirs = (self.groups, self.apart, self.days), (other.groups, other.apart, other.days)
        return bool(self.apart) and mine == theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """Pays of one company that may be the one of the run. `subject` is the run's own, or the one under which
    its pay was met first where only the spelling is another; `near` are the others, by a person to tell.
    """

    subject: Subject
    near: Mapping[Subject, str] = field(default_factory=dict)


def pays_of(
    run: Run,
    pay_run: PayRun,
    subjects: Mapping[str, Subject],
    commits: Commits,
    says: Sequence[JournalEntry] = (),
) -> Pays:
    """The pay of each company, given the subjects as the source names them, and what the run says."""
    if not subjects or (pay_run.tells_pays_apart and pay_run.parts is None):
        return Pays(subjects=subjects)
    met = {company: _met(run, pay_run, company, subject, commits) for company, subject in subjects.items()}
    for company, pays in booked_again(run, pay_run, subjects, says, commits).items():
        known = {met[company].subject.base, *met[company].near}
        new = {other: text for other, text in pays.items() if other not in known}
        met[company] = replace(met[company], near={**met[company].near, **new})
    subjects = {company: one.subject for company, one in met.items()}
    answer = run.answers().get(QUESTION, "")
    if answer == OWN:
        name = pay_run.reference[:NAME_LENGTH]
        return Pays(subjects={company: subject.own(name) for company, subject in subjects.items()})
    if answer.startswith(REPLACES):
        of_other = {subject.base: subject for subject in run.subjects_of_run(answer.removeprefix(REPLACES))}
        return Pays(subjects={c: _replaced(one, of_other) for c, one in met.items()})
    near = {subject: text for one in met.values() for subject, text in one.near.items()}
    wanted = (*near, *subjects.values())
    same = set(subjects.values()) if pay_run.tells_pays_apart else set()
    rows = [row for row in commits.of_subjects(wanted, beside=True) if not _speaks_of(row, same)]
    booked = [row for row in standing(rows) if _is_of_another(run, row, pay_run.reference)]
    waiting = [
        other
        for other in run.others(wanted)
        if (other.earlier or (other.subject.base in near and other.stage in POSTS))
        and other.reference != pay_run.reference
        and other.state is not RunState.FAILED
        and other.subject not in same
    ]
    return Pays(subjects=subjects, problems=tuple(_question(run.row.id, pay_run, booked, waiting, near)))


def _speaks_of(row: CommitRow, same: Collection[Subject]) -> bool:
    """Whether the commit is of just a pay of the run, which nobody has to say where the source tells pays
    apart.
    """
    return any(share.subject in same for share in row.shares)


def _replaced(met: _Met, of_other: Mapping[Subject, Subject]) -> Subject:
    """The pay of the run that this one comes in place of: only one that was asked about."""
    return next((of_other[one] for one in (met.subject, *met.near) if one in of_other), met.subject)


# --- other pays of the company ------------------------------------------------------------------------------


def _met(run: Run, pay_run: PayRun, company: str, subject: Subject, commits: Commits) -> _Met:
    """What is booked for the company, or what another run speaks of, that may be this pay."""
    beginning = replace(subject, text=subject.text.removesuffix(pay_run.subject))
    ours = _named(company, pay_run.subject, pay_run)
    # A pay that is named by one other day is none of them; one that only its spelling tells apart has these.
    days = ours.days | days_in(alike(pay_run.subject)) | days_in(pay_run.subject)
    runs: dict[Subject, list[str]] = {}
    for other, by in commits.beginning(beginning, days):
        runs.setdefault(other, []).append(by)
    for done in run.done_beginning([beginning], days):
        # One that came in place of another, and found all of it booked, has booked nothing itself.
        if done.subject.base in runs:
            runs[done.subject.base].append(done.id)
    at_work: list[Subject] = []
    for waits in run.others_beginning([beginning], days):
        if waits.earlier or waits.subject.base in runs:
            runs.setdefault(waits.subject.base, []).append(waits.id)
        elif waits.stage in POSTS:
            runs[waits.subject.base] = [waits.id]
            at_work.append(waits.subject.base)
    known = subject.base in runs
    same: list[Subject] = []
    near: dict[Subject, str] = {}
    for other, by_runs in runs.items():
        text = other.text.removeprefix(beginning.text)
        spelled = alike(text) == alike(pay_run.subject)
        theirs = () if spelled else tuple(_of_runs(run, company, text, by_runs, ours))
        if other == subject.base or not (spelled or theirs):
            continue
        near[other] = text
        if other not in at_work and (spelled or any(map(ours.names_the_same, theirs))):
            same.append(other)
    if same and not known:
        del near[same[0]]
        return _Met(subject=same[0], near=near)
    return _Met(subject=subject, near=near)


def _of_runs(run: Run, company: str, text: str, by_runs: Iterable[str], ours: _Named) -> Iterator[_Named]:
    """What the runs of a subject name, as far as it may be the pay of this run. A subject with another day
    in its text is none.
    """
    days = _days(text)
    if days and not days & ours.days:
        return
    for by in dict.fromkeys(by_runs):
        theirs = _named(company, text, run.value_of(by, "read", "pay run", PayRun))
        if not ours.differs(theirs):
            yield theirs


def _named(company: str, text: str, pay_run: PayRun | None) -> _Named:
    """What the run names of its pay; from the text of its subject where it is of an earlier release."""
    parts = pay_run.parts if pay_run is not None else None
    if parts is not None and parts.day is not None:
        apart = tuple(map(_alike, (parts.controls, parts.kinds, parts.numbers)))
        return _Named(
            groups=_alike(parts.groups),
            together=frozenset().union(*apart),
            days=frozenset([str(parts.day)]),
            apart=apart,
        )
    words = text.split()
    ends = next((n for n, word in enumerate(words) if n and _DAY.fullmatch(word)), None)
    if ends is None:
        ends = next((n for n, word in enumerate(words) if n and re.search("[0-9]", word)), len(words))
    groups = " ".join(words[:ends]).split("+")
    days = _days(text)
    if pay_run is not None:
        days |= {str(pay_run.pay_period.end), str(pay_run.pay_period.pay_date)}
    return _Named(
        groups=frozenset() if company in groups else _alike(groups),
        together=_alike(word for word in words[ends:] if not _DAY.fullmatch(word)),
        days=days,
    )


def _days(text: str) -> frozenset[str]:
    return frozenset(filter(_DAY.fullmatch, text.split()))


def _alike(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(alike, names))


def _roughly(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(roughly, names))


def _disjoint(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    return bool(ours and theirs) and not ours & theirs


def _is_of_another(run: Run, row: CommitRow, reference: str) -> bool:
    """Whether the commit may be booked for another run of the source. A document that people named is of the
    one for which they did.
    """
    of = row.reference
    if row.key.startswith(ELSEWHERE):
        named_for = run.value_of(row.run, "read", "pay run", PayRun)
        of = named_for.reference if named_for is not None else ""
    return bool(of) and of != reference and row.state not in UNBOOKED


def _question(
    run: str,
    pay_run: PayRun,
    booked: Sequence[CommitRow],
    waiting: Sequence[OtherRun],
    near: Mapping[Subject, str],
) -> Iterable[Problem]:
    numbers: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for row in booked:
        numbers.setdefault(row.run, []).append(f"{document_number(row)} in {row.entity}")
        for share in row.shares:
            if share.subject.base in near:
                texts[row.run] = near[share.subject.base]
    others = {other: f"run {other}, booked as {', '.join(found)}" for other, found in numbers.items()}
    for other in waiting:
        others.setdefault(other.id, f"run {other.id}, {words(other.state)}")
        if other.subject.base in near:
            texts[other.id] = near[other.subject.base]
    if not others:
        return
    first = next(iter(others))
    listed = "; ".join(
        f"{text} (for {texts[other]})" if other in texts else text for other, text in others.items()
    )
    which = (
        f"Say which: ml-connector runs answer {run} --own-pay, or ml-connector runs answer {run} --replaces"
        f" {first}."
    )
    if texts:
        text = (
            f"This delivery is for {pay_run.subject}, and may be the same pay as another whose pay group,"
            f" control, number, date or companies are not the same: {listed}. It comes in place of that, or"
            f" is a pay of its own. {which} What comes in its place takes all of it back for the companies"
            " of this delivery: if the other holds more, deliver all of it in one file, and cancel this run."
        )
    else:
        text = (
            f"This delivery is for the same pay group and date as another: {listed}. Nothing in it says"
            " whether it comes in place of that, or is a pay of its own (a department, a bonus, a"
            f" correction). {which}"
        )
    yield Problem(WHICH, "pay run", text, Owner.CONTROLLER)
