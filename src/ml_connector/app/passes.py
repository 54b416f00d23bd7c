"""Runs that are passes over everything a flow keeps: one at a time, and the newest counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ml_connector.flows.alignment import UNASKED
from ml_connector.ports.runs import RunState
from ml_connector.store.models import Flow, Run
from ml_connector.store.plans import StoredPlans

UNDER_WAY = (RunState.READY, RunState.RUNNING, RunState.WAITING)
WAITS_FOR_PEOPLE = (RunState.AWAITING_APPROVAL, RunState.HELD, RunState.FAILED)


def asked_for(values: Mapping[str, str]) -> dict[str, str]:
    """What a run was given, now that a person asks for it: a pass then reads all it has to compare."""
    return {name: value for name, value in values.items() if name != UNASKED}


def next_pass(settings: Flow, now: datetime) -> tuple[str, ...]:
    """The reference of the flow's next pass; none while one is under way."""
    if Run.objects.filter(settings=settings, state__in=UNDER_WAY).exists():
        return ()
    return (f"{now:%Y-%m-%d %H:%M:%S}",)


def replaceable(settings: Flow) -> list[str]:
    """Passes of the flow that wait for people, and whose place a new one takes because it looks at everything
    again; not one with a write that may still happen.
    """
    older = Run.objects.filter(settings=settings, state__in=WAITS_FOR_PEOPLE).values_list("id", flat=True)
    return [identity for identity in older if StoredPlans().last_sent(identity) is None]
