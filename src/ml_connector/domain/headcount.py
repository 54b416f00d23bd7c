"""Headcount: one company on one day, person by person: in payroll, in a pay run, among the ledger's members.

Both days count: who is hired or leaves on the day is employed on it. What differs between payroll and the pay
run is covered by a rule or by a reason that a person gave, and an open member whom payroll does not employ by
such a reason alone. Each names the person or the member; what nothing covers is the remainder. Sums cover
nothing: one too many does not make up for one too few. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.worker import Employment, EmploymentState, Worker, employed

BOTH_DAYS = "The first and the last day of an employment both count."
FINAL_PAY = timedelta(days=92)
"""Pay that comes later after the last day is no final pay that a rule knows: a person says why."""


class Covered(StrEnum):
    """What explains that somebody is employed and not paid, or paid or a member and not employed."""

    LEAVE = "on leave, and not paid"
    HIRED_LATER = "hired after the pay period ended"
    OTHER_COMPANY = "paid by the company that counts them"
    FINAL_PAY = "left, with final pay"
    MOVED = "moved to another company, with final pay"
    EXCLUDED = "of a kind that is excluded"
    REASON = "a person gave the reason"


class Gap(StrEnum):
    """What nothing explains."""

    NOT_PAID = "employed, and not paid"
    NOT_EMPLOYED = "paid, and not employed"
    NO_MEMBER = "employed, and no open member"
    NO_WORKER = "open member, and not employed"
    SAME_CODE = "another worker has the same code"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedPerson:
    """Somebody by payroll's id, and by what people know them by. A member that payroll does not know has a
    code only.
    """

    key: str
    number: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenReason:
    """Why a difference is none, as a person said: `worker` is a number or payroll's id, and it is about the
    pay; or the code of a `member`, and it is about one that payroll does not employ. It holds on both days
    and between them; without one, for ever.
    """

    company: str
    worker: str
    why: str
    by: str = ""
    since: date | None = None
    until: date | None = None
    member: bool = False

    def holds(self, day: date) -> bool:
        """Whether it was given for the day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredPerson:
    """A difference of one person or member, and what covers it."""

    person: CountedPerson
    gap: Gap
    rule: Covered
    why: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGap:
    """A difference of one person that nothing covers; `member` is the code of one without a worker."""

    person: CountedPerson
    gap: Gap
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: a company and a day. `period_end` is the last day that the pay runs pay for; kinds
    `excluded` are outside. Members are open as they were on the day `seen`.
    """

    company: str
    day: date
    seen: date
    period_end: date | None = None
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Headcount:
    """The answer. `paid` and `members` are `None` where nobody was asked. `excluded` are the people outside
    by rule.
    """

    company: str
    day: date
    employed: int
    paid: int | None
    members: int | None
    excluded: tuple[CountedPerson, ...]
    covered: tuple[CoveredPerson, ...]
    remainder: tuple[OpenGap, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing is left unexplained."""
        return not self.remainder


@dataclass(frozen=True, slots=True)
class _Held:
    """A worker in the company that is asked about: what counts there, and what is of an excluded kind."""

    worker: Worker
    counting: tuple[Employment, ...]
    outside: tuple[Employment, ...]
    now: Employment | None

    @property
    def person(self) -> CountedPerson:
        return person_of(self.worker)


def person_of(worker: Worker) -> CountedPerson:
    """The worker as reports name them."""
    return CountedPerson(key=worker.key, number=worker.number.strip(), name=worker.name)


def headcount(
    question: Question,
    workers: Iterable[Worker],
    *,
    paid: frozenset[str] | None = None,
    members: Iterable[DimensionValue] | None = None,
    code_of: Callable[[Worker], str] = lambda worker: worker.number.strip(),
    reasons: Iterable[GivenReason] = (),
    sharing: Collection[str] = (),
) -> Headcount:
    """Tie the company on the day. `paid` are payroll's ids of those paid in it, `members` the rows of its
    legal entity, `sharing` the other companies that have their members there too. `code_of` is a worker's
    code as a member.
    """
    known = list(workers)
    held = {worker.key: here for worker in known if (here := _held(question, worker)) is not None}
    now = {key: here for key, here in held.items() if here.now is not None}
    outside = [here.person for here in held.values() if employed(here.outside, question.day) and not here.now]
    given = [reason for reason in reasons if reason.holds(question.day)]
    holding = [reason for reason in given if reason.company == question.company and not reason.member]
    covered: list[CoveredPerson] = []
    gaps: list[OpenGap] = []
    if paid is not None:
        numbers = {worker.key: person_of(worker) for worker in known if worker.key in paid}
        for one in _differences(question, held, paid, holding, numbers):
            if isinstance(one, CoveredPerson):
                covered.append(one)
            else:
                gaps.append(one)
    count = None
    if members is not None:
        rows = list(members)
        gaps.extend(_without_member(question, now.values(), rows, code_of))
        foreign = [one for one in known if one.key not in now]
        count, strange = _without_worker(question, now.values(), foreign, rows, code_of, sharing)
        there = {question.company, *sharing}
        excepted = {one.worker: one for one in given if one.member and one.company in there}
        for gap in strange:
            if (reason := excepted.get(gap.member)) is None:
                gaps.append(gap)
            else:
                covered.append(_by_reason(gap.person, gap.gap, reason))
    return Headcount(
        company=question.company,
        day=question.day,
        employed=len(now),
        paid=None if paid is None else len(paid),
        members=count,
        excluded=tuple(sorted(outside, key=_place)),
        covered=tuple(sorted(covered, key=lambda one: _place(one.person))),
        remainder=tuple(sorted(gaps, key=lambda one: (_place(one.person), one.gap))),
    )


def _held(question: Question, worker: Worker) -> _Held | None:
    there = worker.in_company(question.company)
    if not there:
        return None
    counting = tuple(one for one in there if one.kind not in question.excluded)
    outside = tuple(one for one in there if one.kind in question.excluded)
    return _Held(worker, counting, outside, employed(counting, question.day))


def _differences(
    question: Question,
    held: Mapping[str, _Held],
    paid: frozenset[str],
    reasons: Collection[GivenReason],
    numbers: Mapping[str, CountedPerson],
) -> Iterator[CoveredPerson | OpenGap]:
    """Everybody who is on one side only, covered or not."""
    for key, one in held.items():
        if one.now is not None and key not in paid:
            yield _explained(one.person, Gap.NOT_PAID, _unpaid_by_rule(question, one.now), reasons)
    for key in paid:
        one_held = held.get(key)
        if one_held is not None and one_held.now is not None:
            continue
        person = numbers.get(key) or CountedPerson(key=key, number="")
        rule = _paid_by_rule(question, one_held) if one_held else None
        yield _explained(person, Gap.NOT_EMPLOYED, rule, reasons)


def _explained(
    person: CountedPerson, gap: Gap, rule: Covered | None, reasons: Collection[GivenReason]
) -> CoveredPerson | OpenGap:
    if rule is not None:
        return CoveredPerson(person=person, gap=gap, rule=rule)
    named = {person.key, person.number} - {""}
    for reason in reasons:
        if reason.worker in named:
            return _by_reason(person, gap, reason)
    return OpenGap(person=person, gap=gap)


def _by_reason(person: CountedPerson, gap: Gap, reason: GivenReason) -> CoveredPerson:
    return CoveredPerson(person=person, gap=gap, rule=Covered.REASON, why=reason.why, by=reason.by)


def _unpaid_by_rule(question: Question, now: Employment) -> Covered | None:
    if now.state is EmploymentState.LEAVE:
        return Covered.LEAVE
    if question.period_end is not None and now.start > question.period_end:
        return Covered.HIRED_LATER
    return None if now.home else Covered.OTHER_COMPANY


def _paid_by_rule(question: Question, one: _Held) -> Covered | None:
    if employed(one.outside, question.day) is not None:
        return Covered.EXCLUDED
    ended = [found for found in (*one.counting, *one.outside) if found.end and found.end < question.day]
    last = max(ended, key=lambda found: found.end or date.min, default=None)
    if last is None or last.end is None or question.day - last.end > FINAL_PAY:
        return None
    return Covered.MOVED if last.moved else Covered.FINAL_PAY


# --- members ------------------------------------------------------------------------------------------------


def _is_open(member: DimensionValue, question: Question) -> bool:
    """Whether it was booked on, on the day: a last day counts, and one that is closed was open until it."""
    if not member.open and question.day >= question.seen:
        return False
    return question.day <= member.until if member.until is not None else member.open


def _without_member(
    question: Question,
    now: Collection[_Held],
    members: Collection[DimensionValue],
    code_of: Callable[[Worker], str],
) -> Iterator[OpenGap]:
    """Workers without an open member, and those who share one. A member that is closed without its day was
    open while its worker, who left since, was employed: nothing tells otherwise.
    """
    rows = {member.code: member for member in members}
    codes = Counter(code_of(one.worker) for one in now)
    for one in now:
        code = code_of(one.worker)
        if not code or code not in rows:
            yield OpenGap(person=one.person, gap=Gap.NO_MEMBER)
        elif codes[code] > 1:
            yield OpenGap(person=one.person, gap=Gap.SAME_CODE)
        elif not _is_open(rows[code], question):
            left = employed(one.counting, question.seen) is None and rows[code].until is None
            if not left:
                yield OpenGap(person=one.person, gap=Gap.NO_MEMBER)


def _without_worker(
    question: Question,
    now: Collection[_Held],
    others: Collection[Worker],
    members: Collection[DimensionValue],
    code_of: Callable[[Worker], str],
    sharing: Collection[str],
) -> tuple[int, list[OpenGap]]:
    """How many members are the company's, and those without a worker. A register tells no first day: the
    member of somebody hired since is not held against the day.
    """
    ours = {code_of(one.worker) for one in now}
    by_code: dict[str, list[Worker]] = {}
    for worker in others:
        by_code.setdefault(code_of(worker), []).append(worker)
    count, gaps = 0, []
    for member in members:
        if not _is_open(member, question):
            continue
        if member.code in ours:
            count += 1
            continue
        people = by_code.get(member.code, [])
        if any(_accounts(question, worker, sharing) for worker in people):
            continue
        there = [one for one in people if one.in_company(question.company)]
        if people and not there and any(one.in_company(name) for one in people for name in sharing):
            continue  # the company that had them says so
        count += 1
        person = CountedPerson(key="", number=member.written, name=member.title)
        who = person_of(there[0]) if there else person
        gaps.append(OpenGap(person=who, gap=Gap.NO_WORKER, member=member.code))
    return count, gaps


def _accounts(question: Question, worker: Worker, sharing: Collection[str]) -> bool:
    """Whether the worker is employed by a company that shares the members, or came since."""
    counting = [one for one in worker.employments if one.kind not in question.excluded]
    if any(one.on(question.day) for one in counting if one.company in sharing):
        return True
    companies = {question.company, *sharing}
    return any(question.day < one.start <= question.seen for one in counting if one.company in companies)


def _place(person: CountedPerson) -> tuple[str, str]:
    return person.number, person.key
