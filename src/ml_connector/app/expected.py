"""What a source plans, and the runs that came for it, as rows: one that does not come is noticed.

A run is for what it calls its subject, whole: an off-cycle run is not taken for the regular one of the same
days. A day that moves in the source moves what is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import transaction

from ml_connector.app.assemble import Assembly
from ml_connector.domain.expected import Expected
from ml_connector.domain.lists import listed
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.schedule import Schedule, read_zone
from ml_connector.flows.flow import flows
from ml_connector.ports.runs import RunState
from ml_connector.store.models import ExpectedRun, Flow, RunSubject
from ml_connector.store.work import StoredWorklist

BEFORE, AHEAD = timedelta(days=35), timedelta(days=45)
"""How far back and ahead what a source plans is followed."""
NEAR_BEFORE, NEAR_AFTER = timedelta(days=3), timedelta(days=1)
"""Around its day it is looked for more often."""
SOON = timedelta(days=2)
TAKES_UP_NOTHING = (RunState.CANCELLED, RunState.FAILED)


def expect(assembly: Assembly, flow: Flow, today: date, look: str) -> None:
    """Read what the source of the flow plans, note the runs that came, and tell people what did not. Nothing
    is asked of a source that has no plan, nor by a flow whose runs are passes: no pay is waited for there.
    """
    sources = assembly.system(flow.source).sources
    if Expected not in sources:
        return
    since = max(today - BEFORE, flow.starts_on or date.min)
    groups = frozenset(listed(flow.options.get("expected_groups") or flow.options.get("pay_groups", "")))
    asked = () if flows()[flow.kind].passes else sources[Expected].planned(since, today + AHEAD)
    planned = {one.subject: one for one in asked if not groups or one.group in groups}
    with transaction.atomic():
        _store(flow, planned, since)
    _note_runs(flow)
    StoredWorklist(flow.organisation, f"expected {flow.pk}").found(look, _late(flow, today))


def today(flow: Flow, schedule: Schedule, now: datetime) -> date:
    """The day that it is where the flow's pay is due: in the zone that its settings name, or in that of its
    schedule. Raises `ScheduleError` for a zone that this machine does not know.
    """
    name = flow.options.get("expected_zone", "")
    return now.astimezone(read_zone(name) if name else schedule.zone).date()


def is_near(flow: Flow, today: date) -> bool:
    """Whether something that has not come is due about now."""
    waited = ExpectedRun.objects.filter(flow=flow, run="")
    return bool(waited.filter(due__range=(today - NEAR_AFTER, today + NEAR_BEFORE)).exists())


def _store(flow: Flow, planned: dict[str, Expected], since: date) -> None:
    known = {row.subject: row for row in ExpectedRun.objects.filter(flow=flow, due__gte=since)}
    gone = [row.pk for subject, row in known.items() if subject not in planned and not row.run]
    ExpectedRun.objects.filter(pk__in=gone).delete()
    for subject, one in planned.items():
        values = {"group": one.group, "due": one.due, "closed": one.closed}
        row = known.get(subject)
        if row is None or (row.group, row.due, row.closed) != (one.group, one.due, one.closed):
            ExpectedRun.objects.update_or_create(flow=flow, subject=subject, defaults=values)


def _note_runs(flow: Flow) -> None:
    """The newest run that takes it up is the one that is for it."""
    for row in ExpectedRun.objects.filter(flow=flow):
        found = (
            RunSubject.objects.filter(run__settings=flow, run__dry=False, base__endswith=f":{row.subject}")
            .exclude(run__state__in=TAKES_UP_NOTHING)
            .order_by("-run__created_at")
            .values_list("run_id", flat=True)
            .first()
        )
        if (found or "") != row.run:
            ExpectedRun.objects.filter(pk=row.pk).update(run=found or "")


def _late(flow: Flow, today: date) -> Iterator[Problem]:
    waited = ExpectedRun.objects.filter(flow=flow, run="", due__lte=today + SOON).order_by("due", "subject")
    for row in waited:
        if row.due <= today:
            text = f"{row.subject} was due on {row.due}, and no run for it has come."
        elif not row.closed:
            text = f"{row.subject} is due on {row.due}, in less than three days, and is not closed."
        else:
            continue
        text = f"{text} Close and post it in {flow.source.name}, or say why none comes."
        yield Problem("run.expected", row.subject, text, Owner.PAYROLL)
