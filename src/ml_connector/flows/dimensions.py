"""Dimensions: the codes of a payroll are kept among the dimension values of a ledger.

plan    every code of the payroll beside the ledger's, in each legal entity: made there, renamed, closed,
        opened again, with another title only by consent; a code of the ledger that payroll does not know is
        shown and left alone
apply, verify   as every alignment

A code that is to be closed, and that workers are placed on or rules of the mapping name, is closed with
consent only: the plan says by what it is used.

A code that the mapping translates is not brought over: it is booked under another code. That code, and each
that a rule of the mapping names, has to be there. Closing needs a day, and where payroll gives none it is the
day on which the closing is seen, in the time zone of the legal entity.

The other way round it makes codes of a ledger in a payroll that lets them be written: `payroll` above is the
source, whichever that is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.domain.mapping import Mapping as CodeMapping
from ml_connector.domain.problem import Problem
from ml_connector.flows.alignment import QUESTIONS, Alignment
from ml_connector.flows.flow import Flow, Mode, Opening, Option, PolicyError
from ml_connector.flows.given_settings import mode_of, pairs_of, refuse_unknown, unkept_axes, unread_axes
from ml_connector.flows.worker_reading import KIND as WORKERS
from ml_connector.flows.zones import OTHERS, days, read_zones, today
from ml_connector.ports.dimensions import DimensionSource
from ml_connector.ports.systems import System
from ml_connector.runs.stages import Stage

KIND = "dimension"

OPTIONS = (
    Option(
        name="axes", help="Axis of the source=axis of the target, required; several pairs separated by commas"
    ),
    Option(name="entities", help="Company of the source=of the target, required; pairs separated by commas"),
    Option(
        name="zones",
        help="Time zone in which days begin (UTC); legal entity=zone pairs, separated by commas, if they"
        " differ",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionsInput:
    """Nothing is given to a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionsPolicy:
    """`axes` is axis of payroll → axis of the ledger, `entities` payroll company → legal entity, `zones`
    legal entity → time zone, with the empty entity for all others.
    """

    mode: Mode
    journals: Mapping[str, str]
    axes: Mapping[str, str]
    entities: Mapping[str, str]
    zones: Mapping[str, ZoneInfo]


def read_policy(mode: str, _: date, options: Mapping[str, str]) -> DimensionsPolicy:
    """The policy. Raises `PolicyError` naming the option, its value and what it may be."""
    refuse_unknown(options, OPTIONS)
    axes = pairs_of("axes", options, "axis of payroll=axis of the ledger")
    entities = pairs_of("entities", options, "company=legal entity")
    if len(set(axes.values())) < len(axes):
        raise PolicyError("axes has an axis of the ledger twice; each is kept from one axis of payroll")
    zones = read_zones(options.get("zones", ""))
    return DimensionsPolicy(mode=mode_of(mode), journals={}, axes=axes, entities=entities, zones=zones)


def _stages(opening: Opening) -> Mapping[str, Stage]:
    policy: DimensionsPolicy = opening.policy
    now = opening.commits.now()

    def beside(wished: DimensionValue, found: DimensionValue) -> DimensionValue:
        if wished.open or wished.until is not None:
            return wished
        return replace(
            wished, until=found.until if not found.open else today(policy.zones, found.entity, now)
        )

    def closed(value: DimensionValue) -> DimensionValue:
        if not value.open:
            return value
        return replace(value, open=False, until=today(policy.zones, value.entity, now))

    @cache
    def named_by_mapping() -> frozenset[tuple[str, str]]:
        return frozenset(_targets(opening.mapping()))

    def theirs(value: DimensionValue) -> bool:
        return value.open and not named_by_mapping() & {(value.axis, value.code), (value.axis, value.written)}

    @cache
    def placed() -> Counter[tuple[str, str]]:
        return Counter(_placed(opening))

    def used(value: DimensionValue) -> str:
        axes = [axis for axis, there in policy.axes.items() if there == value.axis]
        workers = sum(placed()[axis, code] for axis in axes for code in {value.code, value.written})
        day = today(policy.zones, value.entity, now)
        rules = list(_rules_of(opening.mapping(), day, {*axes, value.axis}, {value.code, value.written}))
        if not workers and not rules:
            return ""
        by = [f"{workers} worker{'s are' if workers > 1 else ' is'} placed on it"] if workers else []
        by += [f"the rules {', '.join(rules)} name it"] if rules else []
        return (
            f"{' and '.join(by)}. Once it is closed, pay of theirs and corrections of what is booked on it"
            " are held until it is open again or mapped to another."
        )

    return Alignment(
        opening=opening,
        kind=KIND,
        record=DimensionValue,
        wished=_wished,
        within=_within,
        beside=beside,
        closed=closed,
        another=lambda found, wished: bool(found.title != wished.title),
        used=used,
        theirs=theirs,
        named=lambda value: value.written,
        days=lambda opened: days(policy.zones, policy.entities.values(), now),
    ).stages()


def _wished(opening: Opening) -> Iterator[DimensionValue]:
    """Every code of payroll in every legal entity that is to have it, under its code there."""
    policy: DimensionsPolicy = opening.policy
    source: DimensionSource = opening.systems.source.source(DimensionValue)
    translated = {(row.axis, row.source) for row in opening.mapping().translations}
    for value in source.values(policy.axes.keys()):
        if (value.axis, value.code) in translated:
            continue
        for entity in _entities(opening):
            of = policy.entities.get(value.entity)
            if not value.entity or of == entity or (of is not None and not entity):
                yield replace(value, entity=entity, axis=policy.axes[value.axis], code=value.code.strip())


def _entities(opening: Opening) -> tuple[str, ...]:
    """The legal entities that have rows of their own: one without a name where all share them."""
    shared = opening.systems.target.register(DimensionValue).limits.shared
    return ("",) if shared else tuple(sorted(set(opening.policy.entities.values())))


def _within(opening: Opening) -> list[str]:
    axes = opening.policy.axes.values()
    return sorted(axis_of(entity, axis) for entity in _entities(opening) for axis in axes)


def _placed(opening: Opening) -> Iterator[tuple[str, str]]:
    """Axis and code of each worker that is placed somewhere now or later, as the source was read last."""
    policy: DimensionsPolicy = opening.policy
    now = opening.commits.now()
    for worker in opening.snapshots().rows(WORKERS):
        found: set[tuple[str, str]] = set()
        for employment in worker.employments:
            day = today(policy.zones, policy.entities.get(employment.company, OTHERS), now)
            if employment.end is None or employment.end >= day:
                later = (row.codes for row in employment.placements if row.since > day)
                for codes in (employment.codes_on(day), *later):
                    found.update((code.axis, code.code) for code in codes)
        yield from found


def _rules_of(
    mapping: CodeMapping, day: date, axes: Collection[str], codes: Collection[str]
) -> Iterator[str]:
    """Names of the rules that name one of the codes, as payroll's or as the ledger's, now or later."""
    for rule in mapping.rules:
        if rule.valid_until < day:
            continue
        ours = [*rule.codes, *(pair for target in rule.targets for pair in target.dimensions)]
        if any(axis in axes and code in codes for axis, code in ours):
            yield rule.name


def _strange_axes(policy: DimensionsPolicy, source: System, target: System) -> Iterator[Problem]:
    yield from unread_axes("axes", policy.axes, source)
    yield from unkept_axes("axes", policy.axes.values(), target, DimensionValue)


def _targets(mapping: CodeMapping) -> Iterator[tuple[str, str]]:
    """Axis and code of every dimension that the mapping names."""
    for rule in mapping.rules:
        for target in rule.targets:
            yield from ((axis, code) for axis, code in target.dimensions if not code.startswith("="))
            for axis, code in target.dimensions:
                yield from ((axis, row.code) for row in mapping.translations if code == f"={row.axis}")


FLOW = Flow(
    kind="dimensions",
    title="Codes of payroll → dimension values",
    record="pass",
    source=DimensionValue,
    target=DimensionValue,
    stages=_stages,
    begins="plan",
    proposes="plan",
    consented="apply",
    writes_in=frozenset({"apply"}),
    passes=True,
    keeps=lambda policy: frozenset(policy.axes.values()),
    strange_axes=_strange_axes,
    input=DimensionsInput,
    options=OPTIONS,
    policy=read_policy,
    questions=QUESTIONS,
)
