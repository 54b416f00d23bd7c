"""Assignments: where a worker of a payroll is placed is the default of the worker's employment in the ledger.

plan    where everybody is placed today, in the time zone of each legal entity, beside the codes of the
        employment that holds there today, each axis by itself; axes that the flow does not name stay as they
        are. The employment of a rehire is another one: what was agreed of the one before does not count
apply, verify   as every alignment

Payroll is not asked: the flow of workers keeps what it read, with all that is entered for later days. So a
move takes effect on its day without a call, and two flows do not share the few reads of changes that a source
allows. Employments are made, changed and ended by HR alone. A worker without one, and a code that is not open
in the legal entity, are for people; the rest of the plan goes on, and a code is tried again by each pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from ml_connector.domain.changes import Change
from ml_connector.domain.dimension import code_on
from ml_connector.domain.lists import listed
from ml_connector.domain.mapping import Resolver
from ml_connector.domain.problem import Problem
from ml_connector.domain.worker import NO_EMPLOYMENT, Assignment, Employment, Worker, employed
from ml_connector.flows import workers
from ml_connector.flows.alignment import QUESTIONS, Alignment
from ml_connector.flows.flow import Flow, Mode, Opening, Option, PolicyError
from ml_connector.flows.given_settings import mode_of, pairs_of, refuse_unknown, unkept_axes, unread_axes
from ml_connector.flows.worker_numbers import NumberAs, number_of, read_code
from ml_connector.flows.worker_reading import KIND as WORKERS
from ml_connector.flows.worker_reading import WHOLE_EVERY
from ml_connector.flows.workers import is_unexplained
from ml_connector.flows.zones import days, read_zones, today
from ml_connector.ports.systems import System
from ml_connector.runs.run import Done, Next, Run
from ml_connector.runs.stages import Stage

KIND = "assignment"
OLD_AFTER = 2 * WHOLE_EVERY
"""What is kept of workers says nothing any more when everybody was read longer ago."""
NAMED = 5
"""Workers that one thing for people names."""
MANY = 50
"""So many workers of a legal entity without an employment are one thing: a right or HR itself is missing."""

OPTIONS = (
    Option(
        name="axes", help="Axis of payroll=axis of the ledger, required; several pairs separated by commas"
    ),
    *(option for option in workers.OPTIONS if option.name in ("entities", "code", "zones")),
    Option(name="excluded", help="Kinds of workers that are left alone, separated by commas, as TES"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentsInput:
    """Nothing is given to a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentsPolicy:
    """`axes` is axis of payroll → axis of the ledger, `entities` payroll company → legal entity, `zones`
    legal entity → time zone, with the empty entity for all others; workers of an `excluded` kind are left
    alone.
    """

    mode: Mode
    journals: Mapping[str, str]
    axes: Mapping[str, str]
    entities: Mapping[str, str]
    code: NumberAs
    excluded: frozenset[str]
    zones: Mapping[str, ZoneInfo]


def read_policy(mode: str, _: date, options: Mapping[str, str]) -> AssignmentsPolicy:
    """The policy. Raises `PolicyError` naming the option, its value and what it may be."""
    refuse_unknown(options, OPTIONS)
    axes = pairs_of("axes", options, "axis of payroll=axis of the ledger")
    if len(set(axes.values())) < len(axes):
        raise PolicyError("axes has an axis of the ledger twice; each is kept from one axis of payroll")
    return AssignmentsPolicy(
        mode=mode_of(mode),
        journals={},
        axes=axes,
        entities=pairs_of("entities", options, "company=legal entity"),
        code=read_code(options),
        excluded=frozenset(listed(options.get("excluded", ""))),
        zones=read_zones(options.get("zones", "")),
    )


@dataclass(slots=True)
class Aside:
    """What a plan leaves to people: workers without an employment, and codes with those placed on them."""

    _workers: dict[str, dict[str, Problem]] = field(default_factory=dict)
    _codes: dict[tuple[str, str], tuple[Problem, list[str]]] = field(default_factory=dict)

    def take(self, change: Change, problems: Sequence[Problem]) -> bool:
        """It is no line of the plan."""
        wished: Assignment = change.after
        for problem in problems:
            if problem.code == NO_EMPLOYMENT:
                self._workers.setdefault(wished.entity, {})[wished.worker] = problem
            else:
                where = f"{wished.entity}/{wished.axis}/{wished.code}"
                place = (f"{wished.entity}/{wished.axis}", problem.text)
                known = self._codes.setdefault(place, (replace(problem, where=where), []))
                known[1].append(wished.worker)
        return True

    def told(self) -> Iterator[Problem]:
        """One thing for each worker, or for each legal entity with very many, and one for each code."""
        for entity, missing in self._workers.items():
            if len(missing) > MANY:
                text = (
                    f"{len(missing)} workers ({_some(list(missing))}) have no employment in {entity} that"
                    " holds today and can be read. Look whether our user may read employments of it there,"
                    " and whether HR has entered them."
                )
                yield replace(next(iter(missing.values())), where=entity, text=text)
                continue
            for worker, problem in missing.items():
                yield replace(problem, where=f"{entity}/{worker}")
        for problem, placed in self._codes.values():
            who = (
                f"{len(placed)} worker{'s are' if len(placed) > 1 else ' is'} placed on it ({_some(placed)})"
            )
            text = f"{problem.text} {who}; until then their employments keep the code they have."
            yield replace(problem, text=text)


def _some(workers: Sequence[str]) -> str:
    return ", ".join(workers[:NAMED]) + (", …" if len(workers) > NAMED else "")


def _stages(opening: Opening) -> Mapping[str, Stage]:
    aside = Aside()
    alignment = Alignment(
        opening=opening,
        kind=KIND,
        record=Assignment,
        wished=_wished,
        within=lambda opened: sorted(f"{entity}/" for entity in set(opened.policy.entities.values())),
        beside=lambda wished, found: replace(wished, employment=found.employment),
        anew=lambda found, base: bool(found.employment != base.employment),
        aside=aside.take,
        named=lambda row: f"{row.worker} on {row.axis} {row.code or '(none)'}",
        noticed=lambda opened: aside.told(),
        days=lambda opened: days(opened.policy.zones, opened.policy.entities.values(), opened.commits.now()),
    )

    def plan(run: Run) -> Next | Done:
        run.check(_unready(opening))
        return alignment.plan(run)

    return {**alignment.stages(), "plan": plan}


def _unready(opening: Opening) -> Iterator[Problem]:
    """Why no plan can be made now."""
    policy: AssignmentsPolicy = opening.policy
    kept = opening.systems.target.register(Assignment).limits.axes
    for axis in sorted(set(policy.axes.values()) - kept):
        text = f"The ledger keeps no {axis} of employments, only {', '.join(sorted(kept))}. Correct the axes."
        yield Problem("assignment.axis", axis, text)
    followed = opening.snapshots().followed(WORKERS)
    if followed is None or opening.commits.now() - followed.whole_at >= OLD_AFTER:
        since = f"since {followed.whole_at:%Y-%m-%d}" if followed else "yet"
        text = (
            f"Nobody has read all workers of this payroll {since}, and assignments are made of what the flow"
            " `workers` keeps of them. Set that flow for this payroll, give it a schedule and run it. Then"
            " run this one again."
        )
        yield Problem("worker.not_read", "workers", text)


def _strange_axes(policy: AssignmentsPolicy, source: System, target: System) -> Iterator[Problem]:
    yield from unread_axes("axes", policy.axes, source)
    yield from unkept_axes("axes", policy.axes.values(), target, Assignment)


def _wished(opening: Opening) -> Iterator[Assignment]:
    """The code of each axis of everybody who is employed today, as the ledger's mapping translates it."""
    policy: AssignmentsPolicy = opening.policy
    now, mapping = opening.commits.now(), opening.mapping()
    resolver = cache(lambda day: Resolver(mapping=mapping, day=day))
    for worker in opening.snapshots().rows(WORKERS):
        number = number_of(worker, policy.code)
        for entity, employments in _by_entity(policy, worker).items() if number else ():
            day = today(policy.zones, entity, now)
            holds = employed((one for one in employments if one.home), day) or employed(employments, day)
            if holds is None or is_unexplained(holds, day):
                continue
            codes = holds.codes_on(day)
            for axis, theirs in policy.axes.items():
                code = (code_on(axis, codes) or "").strip()
                code = resolver(day).translate(axis, code) if code else ""
                yield Assignment(entity=entity, worker=number, axis=theirs, code=code)


def _by_entity(policy: AssignmentsPolicy, worker: Worker) -> dict[str, list[Employment]]:
    found: dict[str, list[Employment]] = {}
    for employment in worker.employments:
        entity = policy.entities.get(employment.company)
        if entity is not None and employment.kind not in policy.excluded:
            found.setdefault(entity, []).append(employment)
    return found


FLOW = Flow(
    kind="assignments",
    title="Placements of workers → default dimensions of employments",
    record="pass",
    source=Worker,
    target=Assignment,
    stages=_stages,
    begins="plan",
    proposes="plan",
    consented="apply",
    writes_in=frozenset({"apply"}),
    passes=True,
    heard=False,
    strange_axes=_strange_axes,
    input=AssignmentsInput,
    options=OPTIONS,
    policy=read_policy,
    questions=QUESTIONS,
)
