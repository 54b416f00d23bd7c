"""The schedules of flows: checked when they are set, and shown with the next time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ml_connector.app.refusals import SetupError
from ml_connector.domain.problem import Problem
from ml_connector.domain.schedule import ScheduleError, read_schedule
from ml_connector.store.models import Flow


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


def due_at(flow: Flow) -> datetime | None:
    """When the flow looks for new work next, with the little that it begins later than others; `None` where
    it has no schedule. One whose schedule cannot be read, because this machine knows its time zone no more,
    is due at its time, and says so then.
    """
    if not flow.schedule or flow.slot_at is None:
        return None
    slot: datetime = flow.slot_at
    try:
        return slot + read_schedule(flow.schedule).jitter(flow.pk)
    except ScheduleError:
        return slot


def shown(flow: Flow) -> dict[str, Any]:
    """The settings of a flow, as JSON."""
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
        "next_look": f"{due:%Y-%m-%dT%H:%M:%SZ}" if due else "",
        "options": dict(flow.options),
    }
