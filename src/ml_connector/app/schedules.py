"""The schedules of flows: checked when they are set, and shown with the next time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ml_connector.app.refusals import SetupError
from ml_connector.domain.problem import Problem
from ml_connector.domain.schedule import ScheduleError, read_schedule
from ml_connector.store.models import Flow, Run

if TYPE_CHECKING:
    from ml_connector.app.assemble import Assembly

TOPICS_MAX, TOPIC_MAX = 50, 100
"""Topics of a flow, and characters of one."""


def check_schedule(text: str | None) -> None:
    """Raises `SetupError` for a text that is no schedule; none, and an empty one, are fine."""
    try:
        _ = read_schedule(text) if text else None
    except ScheduleError as error:
        raise SetupError([Problem("flow.schedule", "schedule", f"{error}.")]) from error


def next_slot(before: Flow | None, schedule: str | None, now: datetime) -> tuple[str, datetime | None]:
    """The schedule of a flow that is set, and its next time: those of before where none is given, and where
    it is the same.
    """
    planned = (before.schedule if before else "") if schedule is None else schedule
    if before is not None and before.schedule == planned:
        return planned, before.slot_at
    return planned, read_schedule(planned).next(now) if planned else None


def next_topics(before: Flow | None, wake: Sequence[str] | None) -> list[str] | None:
    """The topics that wake a flow that is set: those of before where none are given, none for one empty text;
    `None` for those of its connections. Raises `SetupError`.
    """
    if wake is None:
        return before.wake if before else None
    topics = [] if list(wake) == [""] else list(dict.fromkeys(wake))
    if why := _topics_problem(topics):
        raise SetupError([Problem("flow.wake", "wake", why)])
    return topics


def _topics_problem(topics: Sequence[str]) -> str:
    if len(topics) > TOPICS_MAX:
        return f"A flow has at most {TOPICS_MAX} topics, not {len(topics)}."
    for topic in topics:
        if not topic.isprintable() or topic != topic.strip() or not 0 < len(topic) <= TOPIC_MAX:
            return f"{topic[:40]!r} is no topic. Write it as the vendor does, * for any text: 'Employee*'."
    return ""


def due_at(flow: Flow) -> datetime | None:
    """When the flow looks for new work next: at once where a notification woke it, else by its schedule, with
    the little that it begins later than others; `None` where it has neither. One whose schedule cannot be
    read, because this machine knows its time zone no more, is due at its time, and says so then.
    """
    woken: datetime | None = flow.woken_at
    if woken is not None or flow.slot_at is None:
        return woken
    slot: datetime = flow.slot_at
    try:
        return slot + read_schedule(flow.schedule).jitter(flow.pk) if flow.schedule else slot
    except ScheduleError:
        return slot


def wake_new(assembly: Assembly, candidates: Iterable[Flow]) -> None:
    """Let each of these that has a schedule and no run yet look at once, where nobody has to sign in
    first.
    """
    for flow in candidates:
        signed_in = all(
            assembly.system(side).sign_in is None
            or any(state.access_token for state in assembly.sign_ins(side))
            for side in (flow.source, flow.target)
        )
        if (
            flow.schedule
            and flow.woken_at is None
            and signed_in
            and not Run.objects.filter(settings=flow).exists()
        ):
            Flow.objects.filter(pk=flow.pk).update(woken_at=assembly.clock.now())


def plan_again(now: datetime) -> int:
    """Bring forward each look that its schedule has earlier than it is stored, since a country changed its
    clock and this machine knows of it now; how many. One that is stored earlier is taken, and finds nothing.
    """
    moved = 0
    for flow in Flow.objects.filter(slot_at__gt=now).exclude(schedule=""):
        try:
            due = read_schedule(flow.schedule).next(now)
        except ScheduleError:
            continue  # due at its time, and says so then
        if flow.slot_at is not None and flow.slot_at > due:
            moved += Flow.objects.filter(pk=flow.pk, slot_at=flow.slot_at).update(slot_at=due)
    return moved


def shown(flow: Flow, wake: Sequence[str]) -> dict[str, Any]:
    """The settings of a flow, and the topics that wake it, as JSON."""
    due = due_at(flow)
    return {
        "id": flow.pk,
        "kind": flow.kind,
        "from": flow.source.name,
        "to": flow.target.name,
        "mode": flow.mode,
        "starts_on": str(flow.starts_on or ""),
        "mapping": flow.mapping,
        "sandbox": flow.target.sandbox,
        "schedule": flow.schedule,
        "wake": list(wake),
        "next_look": f"{due:%Y-%m-%dT%H:%M:%SZ}" if due else "",
        "options": dict(flow.options),
    }
