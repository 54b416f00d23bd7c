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
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import chain
from zoneinfo import ZoneInfo

from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.domain.lists import listed
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.worker import Employment, EmploymentState, FoundBy, Worker, employed
from ml_connector.flows import dated_back, worker_finds
from ml_connector.flows.alignment import QUESTIONS, Alignment
from ml_connector.flows.flow import Flow, Mode, Opening, Option, PolicyError
from ml_connector.flows.given_settings import mode_of, pairs_of, refuse_unknown, unkept_axes
from ml_connector.flows.worker_numbers import NumberAs, number_of, read_code
from ml_connector.flows.worker_reading import GIVEN, KIND, UNREAD, WorkersInput, read_given, read_workers
from ml_connector.flows.zones import days, read_zones, today
from ml_connector.runs.stages import Stage

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

    def remedy(member: DimensionValue) -> str:
        short = replace(member, code=member.code.lstrip("0"))
        if not short.code or opening.systems.target.register(DimensionValue).check(short):
            return ""
        return "Or let the flow write numbers without the noughts that they begin with: --option code=short."

    alignment = Alignment(
        opening=opening,
        kind=KIND,
        record=DimensionValue,
        wished=wished,
        within=_within,
        beside=beside,
        closed=closed,
        remedy=remedy,
        taken=lambda found, wished: bool(found.title.casefold() != wished.title.casefold()),
        theirs=lambda member: member.open,
        named=lambda member: f"{member.written} {member.title}".strip(),
        noticed=lambda opened: chain(_noticed(opened), dated_back.noticed(opened)),
        days=lambda opened: days(policy.zones, policy.entities.values(), now),
    )
    return {"read": lambda run: read_workers(opening, run), **alignment.stages()}


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
    """Who could not be read, whose changes the source's list does not name, states that nobody has explained,
    one for each letter, and workers without a number.
    """
    for row in opening.snapshots().rows(UNREAD):
        yield Problem(row.code, row.key, row.text, row.owner)
    yield from worker_finds.noticed(opening.snapshots())
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


def _found_by(found: FoundBy) -> str:
    if not (found.changes or found.full_read or found.date):
        return "Payroll has nothing new since it was read last; the plan goes by what is kept of it."
    text = f"Found by: changes {found.changes}, full read {found.full_read}, date {found.date}."
    named = f" Payroll's list of changes did not name {', '.join(found.unnamed[: worker_finds.NAMED])}."
    return text + named * bool(found.unnamed)


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
    strange_axes=lambda policy, _, target: unkept_axes("axis", [policy.axis], target, DimensionValue),
    input=WorkersInput,
    options=OPTIONS,
    given=GIVEN,
    read_given=read_given,
    policy=read_policy,
    questions=QUESTIONS,
    recorded=("read", "found_by"),
    figures=("found_by",),
    shown=lambda found: {"found_by": asdict(found)},
    told=_found_by,
)
