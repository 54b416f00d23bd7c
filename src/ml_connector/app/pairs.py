"""What two connections do for each other: every flow that they can have, in both directions, wanted or not,
and how often. Preferences are settings, schedules and pauses of the flows, and nothing beside them.

A flow that is switched off is paused: it keeps its settings, its schedule, what it agreed on and what it has
under way, so that switched on again it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction

from ml_connector.app.access import Access
from ml_connector.app.assemble import Assembly
from ml_connector.app.operations import Operations
from ml_connector.app.refusals import SetupError
from ml_connector.app.schedules import due_at, wake_new
from ml_connector.app.setup import Setup
from ml_connector.domain.problem import Problem
from ml_connector.flows.flow import Flow as FlowRecord
from ml_connector.flows.flow import Mode
from ml_connector.store.models import Flow

ON, OFF, NOT_SET = "on", "off", "not set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A flow of the pair: `name` is what it is called here, its kind, and with the connection it reads where
    both directions have it. `stored` are its settings; `None` where nobody wanted it yet.
    """

    name: str
    record: FlowRecord
    source: str
    target: str
    stored: Flow | None
    state: str

    @property
    def schedule(self) -> str:
        """When it looks for new work; empty for when it is started, or a notification comes."""
        return self.stored.schedule if self.stored else ""

    @property
    def next_look(self) -> datetime | None:
        """When it looks next; `None` for a flow that is off."""
        return due_at(self.stored) if self.stored and self.state == ON else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is set of a pair: by name the schedule of each flow that is wanted, and which are switched off.
    `mode`, `starts_on` and `mapping` are for all that are wanted; without one each keeps its own. `options`
    are of every flow that has them, and as `name.option` of one.
    """

    schedules: Mapping[str, str] = field(default_factory=dict)
    off: Collection[str] = ()
    mode: str = ""
    starts_on: date | None = None
    mapping: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


class Pairs:
    """Preferences of pairs of connections."""

    def __init__(self, access: Access, assembly: Assembly, setup: Setup, operations: Operations) -> None:
        self._access, self._assembly = access, assembly
        self._setup, self._operations = setup, operations

    def show(self, first: str, second: str) -> tuple[Preference, ...]:
        """Every flow that the two can have. Raises `Unknown` for a connection that there is not, and
        `SetupError` where they can have none.
        """
        ways = [(first, second), (second, first)] if first != second else [(first, second)]
        found = [(record, *way) for way in ways for record in self._setup.fitting(*way)]
        if not found:
            text = f"{first} and {second} have no flow in either direction."
            raise SetupError([Problem("flow.kind", "pair", text)])
        kinds = [record.kind for record, _, _ in found]
        paused = {pause.scope for pause in self._access.paused()}
        return tuple(self._preference(*one, kinds.count(one[0].kind) > 1, paused) for one in found)

    def _preference(
        self, record: FlowRecord, source: str, target: str, both: bool, paused: Collection[str]
    ) -> Preference:
        stored = self._access.stored_flow(record.kind, source, target)
        off = stored is not None and _scope(stored) in paused
        return Preference(
            name=f"{record.kind}:{source}" if both else record.kind,
            record=record,
            source=source,
            target=target,
            stored=stored,
            state=NOT_SET if stored is None else OFF if off else ON,
        )

    def set(self, first: str, second: str, wanted: Wanted) -> tuple[Preference, ...]:
        """Store all of it, or nothing: raises `SetupError` or `PolicyError` for what cannot be. A flow that
        is new looks at once, as soon as both sides are signed in, and then by its schedule.
        """
        known = {one.name: one for one in self.show(first, second)}
        self._check(known, wanted)
        with transaction.atomic():
            for name, schedule in wanted.schedules.items():
                self._switch_on(known[name], schedule, wanted)
            for name in wanted.off:
                if (stored := known[name].stored) is not None:
                    self._operations.pause(_scope(stored))
        return self.show(first, second)

    def _check(self, known: Mapping[str, Preference], wanted: Wanted) -> None:
        problems = []
        for name in sorted({*wanted.schedules, *wanted.off} - known.keys()):
            text = f"The pair has no flow {name!r}, only {', '.join(known)}."
            problems.append(Problem("flow.kind", name, text))
        for name in sorted(wanted.schedules.keys() & set(wanted.off)):
            problems.append(Problem("flow.kind", name, f"{name} is wanted and switched off. Say one."))
        taken = {option for name in wanted.schedules if name in known for option in _names(known[name])}
        if not problems and (strange := sorted(wanted.options.keys() - taken)):
            text = f"No flow that is wanted has an option {strange[0]!r}. `flows options` lists them."
            problems.append(Problem("flow.kind", strange[0], text))
        for name in wanted.schedules:
            if name in known and known[name].stored is None and wanted.starts_on is None:
                text = f"{name} is set for the first time: say from which day on, with --starts-on."
                problems.append(Problem("flow.kind", name, text))
        if problems:
            raise SetupError(problems)

    def _switch_on(self, one: Preference, schedule: str, wanted: Wanted) -> None:
        before = one.stored
        stored, _ = self._setup.set_flow(
            one.source,
            one.target,
            kind=one.record.kind,
            mode=wanted.mode or (before.mode if before else Mode.PROPOSE),
            starts_on=wanted.starts_on or (before.starts_on if before else None) or date.min,
            mapping=wanted.mapping or (before.mapping if before else ""),
            options={**(before.options if before else {}), **dict(_given(one, wanted.options))},
            schedule=schedule,
        )
        if one.state == OFF:
            self._operations.unpause(_scope(stored))
        wake_new(self._assembly, [stored])


def _scope(flow: Flow) -> str:
    return f"flow:{flow.pk}"


def _names(one: Preference) -> Iterator[str]:
    for option in one.record.options:
        yield from (option.name, f"{one.name}.{option.name}")


def _given(one: Preference, options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The options of the flow; what is said of it alone goes before what is said of all."""
    for option in one.record.options:
        for name in (f"{one.name}.{option.name}", option.name):
            if name in options:
                yield option.name, options[name]
                break
