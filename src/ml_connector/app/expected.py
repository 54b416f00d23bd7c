"""What a source plans, and the runs that came for it, as rows: one that does not come is noticed.

A run is for what it calls its subject, whole: an off-cycle run is not taken for the regular one of the same
days. A day that moves in the source moves what is due. What people said of the plan goes before it; one more
that they expect is there when a run of the group with that pay date is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from ml_connector.app.assemble import Assembly
from ml_connector.domain import codec
from ml_connector.domain.expected import Expected, PlanChange, Said, as_said
from ml_connector.domain.lists import listed
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.schedule import Schedule, read_zone
from ml_connector.flows.flow import flows
from ml_connector.ports.runs import RunState
from ml_connector.store.models import ExpectedChange, ExpectedRun, Flow, RunSubject
from ml_connector.store.runs import StoredArtifacts
from ml_connector.store.work import StoredWorklist

BEFORE, AHEAD = timedelta(days=35), timedelta(days=45)
"""How far back and ahead what a source plans is followed."""
NEAR_BEFORE, NEAR_AFTER = timedelta(days=3), timedelta(days=1)
"""Around its day it is looked for more often."""
SOON = timedelta(days=2)
LOOKED_AT = 50
"""Runs of a group of which it is seen whether they are one more that is expected."""
TAKES_UP_NOTHING = (RunState.CANCELLED, RunState.FAILED)


def expect(assembly: Assembly, flow: Flow, today: date, look: str) -> None:
    """Read what the source of the flow plans, note the runs that came, and tell people what did not. Nothing
    is asked of a source that has no plan, nor by a flow whose runs are passes: no pay is waited for there.
    """
    sources = assembly.system(flow.source).sources
    if Expected not in sources:
        return
    since, until = max(today - BEFORE, flow.starts_on or date.min), today + AHEAD
    groups, changes = groups_of(flow), plan_changes(flow)
    moved = [change.planned for change in changes if change.planned]
    first, last = min([since, *moved]), max([until, *moved])
    asked = () if flows()[flow.kind].passes else sources[Expected].planned(first, last)
    plan = as_said((one for one in asked if not groups or one.group in groups), changes)
    with transaction.atomic():
        _store(flow, {subject: one for subject, one in plan.items() if since <= one.due <= until}, since)
    _note_runs(flow, {change.subject: change for change in changes if change.said is Said.MORE})
    StoredWorklist(flow.organisation, f"expected {flow.pk}").found(look, _late(flow, today))


def groups_of(flow: Flow) -> frozenset[str]:
    """The groups whose runs the flow expects; none for all."""
    return frozenset(listed(flow.options.get("expected_groups") or flow.options.get("pay_groups", "")))


def plan_changes(flow: Flow) -> list[PlanChange]:
    """What people said of the plan."""
    return [
        PlanChange(
            subject=row.subject,
            group=row.group,
            said=Said(row.act),
            due=row.due,
            planned=row.planned,
            beside=frozenset(json.loads(row.beside)),
        )
        for row in ExpectedChange.objects.filter(flow=flow).order_by("id")
    ]


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


def _note_runs(flow: Flow, more: Mapping[str, PlanChange]) -> None:
    """The newest run that takes it up is the one that is for it."""
    mine = RunSubject.objects.filter(run__settings=flow, run__dry=False)
    mine = mine.exclude(run__state__in=TAKES_UP_NOTHING).order_by("-run__created_at")
    for row in ExpectedRun.objects.filter(flow=flow):
        if row.subject in more:
            found = _run_of_more(flow, more[row.subject], mine)
        else:
            found = mine.filter(base__endswith=f":{row.subject}").values_list("run_id", flat=True).first()
        if (found or "") != row.run:
            ExpectedRun.objects.filter(pk=row.pk).update(run=found or "")


def _run_of_more(flow: Flow, change: PlanChange, mine: QuerySet[RunSubject]) -> str | None:
    """The newest run of the group with that pay date, for none that the source planned there before."""
    named = mine.filter(base__contains=f":{change.group} ").values_list("run_id", flat=True)
    for run in dict.fromkeys(named[:LOOKED_AT]):
        text = StoredArtifacts().newest(run, *flows()[flow.kind].recorded)
        record = codec.decode(text) if text else None
        if (
            isinstance(record, PayRun)
            and record.pay_period.pay_date == change.due
            and record.subject not in change.beside
        ):
            return run
    return None


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
