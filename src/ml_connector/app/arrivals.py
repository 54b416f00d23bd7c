"""Where new work comes from: each flow looks for what no run has taken up, and starts it, at the times of its
schedule and when a notification woke it.

    slot due ── claim it, in the database ── look at the source ── start a run for each new record
                     │                              └ it cannot be read: an item for people, tried again
                     └ another process has it, or its claim is ten minutes old: take it over

What a look finds is new by what runs have taken up, so a slot that is carried out twice starts nothing twice.
A process that slept through slots makes one look for all of them, and says which they were. Notifications
that come before the look begins make one look; one that comes later makes another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db.models import Q

from ml_connector.app.access import Actor
from ml_connector.app.assemble import Assembly
from ml_connector.app.expected import expect, is_near, today
from ml_connector.app.failures import expected, read_failure
from ml_connector.app.operations import Operations
from ml_connector.app.passes import next_pass
from ml_connector.app.schedules import due_at
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.schedule import Schedule, ScheduleError, read_schedule
from ml_connector.flows.flow import flows
from ml_connector.store.models import Flow
from ml_connector.store.work import StoredWorklist

LEASE = timedelta(minutes=10)
"""How long a process that looks for new work keeps others from the same slot."""
AGAIN = timedelta(minutes=5)
"""After a look that failed; never behind the next slot."""
HOURLY = read_schedule("every 1h")
SYSTEM = Actor("serve", "system")

log = structlog.get_logger("arrivals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a look of a flow came to: the runs it started, and for how many slots it stands. `why` is what
    kept it from looking; `woken` says that a notification was the reason.
    """

    flow: str
    runs: tuple[str, ...] = ()
    slots: int = 1
    why: str = ""
    woken: bool = False

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        said = {"flow": self.flow, "runs": list(self.runs), "slots": self.slots, "why": self.why}
        return {**said, "woken": self.woken}

    def __str__(self) -> str:
        said = [f"{self.flow}:"]
        if self.why:
            return f"{self.flow}: not looked. {self.why}"
        count = len(self.runs)
        said.append(
            f"{count} new run{'s' * (count != 1)}: {', '.join(self.runs)}." if count else "nothing new."
        )
        if self.slots > 1:
            said.append(f"One look for {self.slots} times that passed.")
        if self.woken:
            said.append("A notification woke it.")
        return " ".join(said)


def next_look() -> datetime | None:
    """When a flow looks next; `None` where none will."""
    due = [at for flow in Flow.objects.all() if (at := due_at(flow)) is not None]
    return min(due, default=None)


def arrive(assembly: Assembly) -> Iterator[Arrival]:
    """Every look that is due now. A flow that fails keeps no other from looking."""
    now = assembly.clock.now()
    ready = Q(slot_at__lte=now) | Q(woken_at__isnull=False)
    for flow in Flow.objects.filter(ready).order_by("slot_at", "id"):
        due = due_at(flow)
        if due is not None and due <= now and not _has_to_wait(flow, now) and _claim(flow, now):
            yield _look(assembly, flow, now)


def try_arrive(assembly: Assembly) -> Iterator[Arrival]:
    """As `arrive`, but nothing where the database failed: that ends, and it is looked again."""
    try:
        yield from arrive(assembly)
    except expected() as error:
        log.warning("look.failed", why=read_failure(error).text)


def _claim(flow: Flow, now: datetime) -> bool:
    """Whether the slot is this process's. What woke the flow is taken with it, and what comes from now on
    wakes it again. The slot is now, so that a process that dies here leaves one that is due.
    """
    free = Q(claimed_at=None) | Q(claimed_at__lte=now - LEASE)
    mine = Flow.objects.filter(free, pk=flow.pk, slot_at=flow.slot_at, woken_at=flow.woken_at)
    slot = now if flow.woken_at is not None and (flow.slot_at is None or flow.slot_at > now) else flow.slot_at
    return bool(mine.update(claimed_at=now, woken_at=None, slot_at=slot))


def _has_to_wait(flow: Flow, now: datetime) -> bool:
    """Whether a pass is under way that may have begun before the notification: the flow looks after it."""
    planned = flow.slot_at is not None and flow.slot_at <= now
    return not planned and flows()[flow.kind].passes and not next_pass(flow, now)


def _look(assembly: Assembly, flow: Flow, now: datetime) -> Arrival:
    name = f"{flow.kind} {flow.source.name} → {flow.target.name}"
    worklist = StoredWorklist(flow.organisation, f"look {flow.pk}")
    try:
        schedule = read_schedule(flow.schedule) if flow.schedule else None
        day = today(flow, schedule or HOURLY, now)
    except ScheduleError as error:
        text = f"{name} cannot look for new work: {error}. Set it again, or update this machine's time zones."
        worklist.found(str(now), [Problem("flow.not_looked", f"flow {flow.pk}", text, Owner.ADMINISTRATOR)])
        Flow.objects.filter(pk=flow.pk).update(slot_at=now + AGAIN, claimed_at=None)
        return Arrival(flow=name, why=f"{error}.")
    try:
        runs, aside = _start(assembly, flow)
    except expected() as error:
        again = min(now + AGAIN, schedule.next(now)) if schedule else now + AGAIN
        Flow.objects.filter(pk=flow.pk).update(slot_at=again, claimed_at=None)
        problem = _not_looked(flow, error, f"{name} cannot look for new work")
        worklist.found(str(now), [problem])
        return Arrival(flow=name, why=read_failure(error).text, woken=flow.woken_at is not None)
    try:
        expect(assembly, flow, day, str(now))
    except expected() as error:
        plan = f"{name} looked for new work, and cannot read what {flow.source.name} plans"
        aside = (*aside, _not_looked(flow, error, plan))
    slots = _passed(schedule, flow.slot_at, now) if schedule else 1
    following = _next(flow, schedule, now, day) if schedule else None
    Flow.objects.filter(pk=flow.pk).update(slot_at=following, claimed_at=None)
    worklist.found(str(now), aside)
    return Arrival(flow=name, runs=tuple(runs), slots=slots, woken=flow.woken_at is not None)


def _not_looked(flow: Flow, error: BaseException, what: str) -> Problem:
    failure = read_failure(error)
    owner = failure.problems[0].owner if failure.problems else Owner.ADMINISTRATOR
    return Problem("flow.not_looked", f"flow {flow.pk}", f"{what}: {failure.text}", owner)


def _next(flow: Flow, schedule: Schedule, now: datetime, day: date) -> datetime:
    """The flow's next time; an hour away at the most while something that it waits for is due about now."""
    following = schedule.next(now)
    return min(following, HOURLY.next(now)) if is_near(flow, day) else following


def _passed(schedule: Schedule, slot: datetime | None, now: datetime) -> int:
    """For how many times the look stands; a retry of one stands for that."""
    return max(1, sum(1 for _ in schedule.between(slot, now))) if slot else 1


def _start(assembly: Assembly, flow: Flow) -> tuple[Sequence[str], Sequence[Problem]]:
    """The runs that were started, and what of the source could not be read."""
    operations = Operations(assembly.access(flow.organisation.slug), assembly, SYSTEM)
    source, target = flow.source.name, flow.target.name
    found, aside = operations.new(flow.kind, source, target, None)
    return [operations.start(flow.kind, source, target, one, unasked=True).id for one in found], aside
