"""Workers: each person of a payroll is a member of the ledger's axis that stands for people.

read    whose record may have changed since the last pass, read again and kept; everybody at first, once a
        week, and where the source cannot tell
plan    who is employed today, in the time zone of each legal entity, beside the ledger's members: a member is
        made on the first day, named anew, closed after the last day, opened again; one that payroll does not
        know is shown and left alone
apply, verify   as every alignment

What was read is kept with all that is entered for later days, so that a hire, a leaving or a move takes
effect on its day although nothing is heard of it then: that costs no call. A change that the source tells
nobody of is found by the weekly read of everybody at the latest. A worker is one member in each legal entity,
however many employments there were. A state that nobody has explained leaves its member as it is, and so does
a row of the source that cannot be understood: the others go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain, islice
from zoneinfo import ZoneInfo

from ml_connector.domain.dimension import Dimension, Dimensions, DimensionValue, axis_of
from ml_connector.domain.lists import listed
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.worker import NOBODY, Employment, EmploymentState, UnreadWorker, Worker, employed
from ml_connector.flows import dated_back
from ml_connector.flows.alignment import QUESTIONS, Alignment
from ml_connector.flows.flow import Flow, Mode, Opening, Option, PolicyError
from ml_connector.flows.given_settings import mode_of, pairs_of, refuse_unknown
from ml_connector.flows.worker_numbers import NumberAs, number_of, read_code
from ml_connector.flows.worker_steps import Steps, begun
from ml_connector.flows.zones import OTHERS, read_zones, today
from ml_connector.ports.snapshots import Followed
from ml_connector.ports.workers import WorkerSource
from ml_connector.runs.run import Next, Run
from ml_connector.runs.stages import Stage

KIND = "worker"
UNREAD = "worker.unread"
"""Snapshots of those whose rows could not be understood when they were read last."""
ROWS = 500
"""Workers that are compared at a time."""
WHOLE_EVERY = timedelta(days=7)
"""How often everybody is read, whatever the source says of changes."""


OPTIONS = (
    Option(name="axis", help="Axis of the ledger that stands for people, required"),
    Option(name="entities", help="Payroll company=legal entity, required; several pairs separated by commas"),
    Option(name="code", help="number, or short: without the noughts that a number begins with (number)"),
    Option(name="excluded", help="Kinds of workers that are no members, separated by commas, as TES"),
    Option(
        name="zones",
        help="Time zone in which days begin (UTC); legal entity=zone pairs, separated by commas, if they"
        " differ",
    ),
)


GIVEN = (Option(name="everybody", help="yes: read everybody, not only whose record changed"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersInput:
    """What a pass is given: with `everybody` it reads every worker, whatever the source says of changes."""

    everybody: str = ""


def read_given(given: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """What was given to a pass. Raises `PolicyError`."""
    everybody = next(iter(given.get("everybody", ())), "")
    if everybody not in ("", "yes", "no"):
        raise PolicyError(f"everybody is {everybody!r}, expected yes or no")
    return {"everybody": "yes"} if everybody == "yes" else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersPolicy:
    """`entities` is payroll company → legal entity, `zones` legal entity → time zone, with the empty entity
    for all others; workers of an `excluded` kind are no members.
    """

    mode: Mode
    journals: Mapping[str, str]
    axis: str
    entities: Mapping[str, str]
    code: NumberAs
    excluded: frozenset[str]
    zones: Mapping[str, ZoneInfo]


def read_policy(mode: str, _: date, options: Mapping[str, str]) -> WorkersPolicy:
    """The policy. Raises `PolicyError` naming the option, its value and what it may be."""
    refuse_unknown(options, OPTIONS)
    if not options.get("axis", "").strip():
        raise PolicyError("option 'axis' is missing: the axis of the ledger that stands for people")
    entities = pairs_of("entities", options, "company=legal entity")
    return WorkersPolicy(
        mode=mode_of(mode),
        journals={},
        axis=options["axis"].strip(),
        entities=entities,
        code=read_code(options),
        excluded=frozenset(listed(options.get("excluded", ""))),
        zones=read_zones(options.get("zones", "")),
    )


def _stages(opening: Opening) -> Mapping[str, Stage]:
    policy: WorkersPolicy = opening.policy
    now = opening.commits.now()
    unexplained: set[str] = set()

    def wished(opened: Opening) -> Iterator[DimensionValue]:
        register = opened.systems.target.register(DimensionValue)
        unexplained.clear()
        for member, explained in _members(opened):
            unexplained.update(() if explained else (register.normal(member).key,))
            yield member

    def beside(wished: DimensionValue, found: DimensionValue) -> DimensionValue:
        held = found.key in unexplained
        return replace(wished, open=found.open, until=found.until) if held else wished

    def closed(member: DimensionValue) -> DimensionValue:
        if not member.open:
            return member
        return replace(member, open=False, until=today(policy.zones, member.entity, now))

    alignment = Alignment(
        opening=opening,
        kind=KIND,
        record=DimensionValue,
        wished=wished,
        within=_within,
        beside=beside,
        closed=closed,
        taken=lambda found, wished: bool(found.title.casefold() != wished.title.casefold()),
        theirs=lambda member: member.open,
        named=lambda member: f"{member.written} {member.title}".strip(),
        noticed=lambda opened: chain(_noticed(opened), dated_back.noticed(opened)),
    )
    return {"read": lambda run: _read(opening, run), **alignment.stages()}


def _read(opening: Opening, run: Run) -> Next:
    """Bring what is kept of the source up to date. Where to go on is asked before everybody is read, so that
    nothing that changes meanwhile is missed.
    """
    source: WorkerSource = opening.systems.source.source(Worker)
    policy: WorkersPolicy = opening.policy
    kept, now = opening.snapshots(), opening.commits.now()
    followed = kept.followed(KIND)
    changed = source.changed(followed.cursor if followed else "")
    everybody = run.given(WorkersInput).everybody == "yes"
    steps = Steps(run=run, day_of=lambda company: _day(policy, company, now), first=followed is None)
    if followed is None or changed.whole or everybody or now - followed.whole_at >= WHOLE_EVERY:
        unread: dict[str, UnreadWorker] = {}
        gone = kept.replace(KIND, _everybody(opening, source, followed, now, unread, steps), changed.cursor)
        kept.replace(UNREAD, unread.values(), "")
        run.audit("run.read", {"what": "everybody", "gone": gone, "unread": len(unread)})
        return Next("plan")
    known_unread = {row.key for row in kept.rows(UNREAD)}
    again = known_unread - {NOBODY} if changed.cursor != followed.cursor else set()
    keys = again.union(changed.keys)
    read = source.read(sorted(keys)) if keys else {}
    unread = {key: row for key, row in read.items() if isinstance(row, UnreadWorker)}
    found = {key: _of_today(policy, row, now, now) for key, row in read.items() if isinstance(row, Worker)}
    if unread or known_unread & keys:
        kept.update(UNREAD, unread, sorted(keys - unread.keys()), "")
    gone_keys = sorted(keys - read.keys())
    old = kept.some(KIND, [*found, *gone_keys])
    _note_dated_back(opening, ((old[key], found[key]) for key in old if key in found), followed.at, now)
    for key in [*found, *gone_keys]:
        steps.compare(old.get(key), found.get(key))
    due = _due(opening, followed.at, now, keys - unread.keys())
    if changed.cursor != followed.cursor or keys or due:
        kept.update(KIND, {**due, **found}, gone_keys, changed.cursor)
    counts = {"read": len(found), "gone": len(gone_keys), "due": len(due), "unread": len(unread)}
    run.audit("run.read", {"what": "changes", **counts})
    return Next("plan")


def _everybody(
    opening: Opening,
    source: WorkerSource,
    followed: Followed | None,
    now: datetime,
    unread: dict[str, UnreadWorker],
    steps: Steps,
) -> Iterator[Worker]:
    """Everybody of the source, and whom it listed with rows that cannot be understood as they were before:
    those are `unread`. Who is placed otherwise than was known, and nobody told of it, is read by itself, with
    what held before; what is dated back is noted before the row of before is written over.
    """
    policy: WorkersPolicy = opening.policy
    kept, workers = opening.snapshots(), source.workers()
    seen: set[str] = set()
    held: dict[str, Worker] = {}
    while some := list(islice(workers, ROWS)):
        old = kept.some(KIND, [worker.key for worker in some]) if followed else {}
        for worker in some:
            seen.add(worker.key)
            before = old.get(worker.key)
            if isinstance(worker, UnreadWorker):
                unread[worker.key] = worker
                steps.compare(before, before)
                yield from () if before is None else (before,)
                continue
            worker = _of_today(policy, worker, now, now)
            steps.compare(before, worker)
            if before is None:
                yield worker
            elif NOBODY in unread and not begun(before) <= begun(worker):
                yield before
            elif _places(policy, before, now) != _places(policy, worker, now):
                held[worker.key] = before
            else:
                yield worker
    if followed is not None and held:
        read = source.read(sorted(held))
        unread.update((key, one) for key, one in read.items() if isinstance(one, UnreadWorker))
        yield from (held[key] for key in unread.keys() & held.keys())
        found = {
            key: _of_today(policy, one, now, now) for key, one in read.items() if isinstance(one, Worker)
        }
        _note_dated_back(opening, ((held[key], found[key]) for key in found), followed.at, now)
        yield from found.values()
    for row in kept.rows(KIND) if followed else ():
        if row.key not in seen:
            steps.compare(row, row if NOBODY in unread else None)
            yield from (row,) if NOBODY in unread else ()
    if opening.systems.target.register(DimensionValue).limits.shared:
        # Where each company has rows of its own, the plan counts what it closes in each.
        steps.run.check(steps.losses())


def _note_dated_back(
    opening: Opening, pairs: Iterable[dated_back.Pair], last: datetime, now: datetime
) -> None:
    policy: WorkersPolicy = opening.policy

    def code(worker: Worker) -> Dimension:
        return Dimension(policy.axis, code_of(policy, worker))

    dated_back.note(opening, code, pairs, last, now)


def _places(policy: WorkersPolicy, worker: Worker, now: datetime) -> dict[tuple[str, date], Dimensions]:
    """Where the worker is placed today, in each employment."""
    return {
        (each.company, each.start): each.codes_on(_day(policy, each.company, now))
        for each in worker.employments
    }


def _day(policy: WorkersPolicy, company: str, now: datetime) -> date:
    return today(policy.zones, policy.entities.get(company, OTHERS), now)


def _due(opening: Opening, last: datetime, now: datetime, but: Collection[str]) -> dict[str, Worker]:
    """Workers for whom a placement that is known took effect since the last pass, by key, as they are now."""
    policy: WorkersPolicy = opening.policy
    entities = (OTHERS, *policy.entities.values())
    if all(today(policy.zones, each, last) == today(policy.zones, each, now) for each in entities):
        return {}
    found = {}
    for worker in opening.snapshots().rows(KIND):
        if worker.key not in but and (of_today := _of_today(policy, worker, last, now)) != worker:
            found[worker.key] = of_today
    return found


def _of_today(policy: WorkersPolicy, worker: Worker, last: datetime, now: datetime) -> Worker:
    """The worker, last seen then, as of the day that it is in each legal entity. The source may have its
    midnight hours later, so that what it showed is taken for that of a day before.
    """
    employments = []
    for employment in worker.employments:
        entity = policy.entities.get(employment.company, OTHERS)
        seen = today(policy.zones, entity, last) - timedelta(days=1)
        employments.append(employment.as_of(seen, today(policy.zones, entity, now)))
    return replace(worker, employments=tuple(employments))


def _members(opening: Opening) -> Iterator[tuple[DimensionValue, bool]]:
    """Every member that payroll's workers make or made, and whether the state of its worker is explained."""
    policy: WorkersPolicy = opening.policy
    now = opening.commits.now()
    limits = opening.systems.target.register(DimensionValue).limits
    for worker in opening.snapshots().rows(KIND):
        by_entity: dict[str, list[Employment]] = {}
        for employment in worker.employments:
            entity = policy.entities.get(employment.company)
            if entity is not None and employment.kind not in policy.excluded:
                by_entity.setdefault("" if limits.shared else entity, []).append(employment)
        for entity, employments in by_entity.items():
            member = _member(policy, worker, entity, employments, today(policy.zones, entity, now))
            if member is not None:
                found, explained = member
                since = found.since if policy.axis in limits.dated else None
                family = found.family if policy.axis in limits.named else None
                yield replace(found, since=since, family=family), explained


def _member(
    policy: WorkersPolicy, worker: Worker, entity: str, employments: list[Employment], day: date
) -> tuple[DimensionValue, bool] | None:
    """The worker as a member of the legal entity on the day, and whether the state is explained: a member is
    not made for one that is not. `None` before the first day, and without a number.
    """
    begun = [found for found in employments if found.start <= day]
    if not begun or not worker.number.strip():
        return None
    holds = employed(begun, day)
    last = holds or max(begun, key=lambda found: found.end or date.max)
    explained = not is_unexplained(last, day)
    member = DimensionValue(
        entity=entity,
        axis=policy.axis,
        code=code_of(policy, worker),
        title=worker.name,
        family=worker.family,
        open=holds is not None and explained,
        until=None if holds else last.end,
        since=last.start,
    )
    return member, explained


def code_of(policy: WorkersPolicy, worker: Worker) -> str:
    """The worker's code as a member; empty without a number."""
    return number_of(worker, policy.code)


def is_unexplained(employment: Employment, day: date) -> bool:
    """A letter that the settings do not explain, or an end of which the source gives no day."""
    if employment.state is EmploymentState.UNKNOWN:
        return True
    return employment.state is EmploymentState.ENDED and employment.on(day) and employment.end is None


def _noticed(opening: Opening) -> Iterator[Problem]:
    """Who could not be read, states that nobody has explained, one for each letter, and workers without a
    number.
    """
    for row in opening.snapshots().rows(UNREAD):
        yield Problem(row.code, row.key, row.text, row.owner)
    letters: Counter[str] = Counter()
    now = opening.commits.now()
    policy: WorkersPolicy = opening.policy
    for worker in opening.snapshots().rows(KIND):
        if not worker.number.strip():
            text = f"Worker {worker.key} has no number, and so is no member. Give one in payroll."
            yield Problem("worker.number", worker.key, text, Owner.PAYROLL)
        for employment in worker.employments:
            entity = policy.entities.get(employment.company)
            if entity is not None and is_unexplained(employment, today(policy.zones, entity, now)):
                letters[employment.letter or "(none)"] += 1
    for letter, count in sorted(letters.items()):
        text = (
            f"{count} employment{'s have' if count > 1 else ' has'} the state {letter!r}, which nobody has"
            " explained, or an end without a day. Their members stay as they are. Explain the letter in the"
            " connection."
        )
        yield Problem("worker.state", letter, text, Owner.ADMINISTRATOR)


def _within(opening: Opening) -> list[str]:
    policy: WorkersPolicy = opening.policy
    shared = opening.systems.target.register(DimensionValue).limits.shared
    entities = {""} if shared else set(policy.entities.values())
    return sorted(axis_of(entity, policy.axis) for entity in entities)


FLOW = Flow(
    kind="workers",
    title="Workers → members of the ledger",
    record="pass",
    source=Worker,
    target=DimensionValue,
    stages=_stages,
    begins="read",
    proposes="plan",
    consented="apply",
    writes_in=frozenset({"apply"}),
    passes=True,
    keeps=lambda policy: frozenset({policy.axis}),
    input=WorkersInput,
    options=OPTIONS,
    given=GIVEN,
    read_given=read_given,
    policy=read_policy,
    questions=QUESTIONS,
)
