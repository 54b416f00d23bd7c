"""How the installation stands: what runs, what waits, for whom, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml_connector.app.access import Access
from ml_connector.app.alert_conditions import undelivered
from ml_connector.app.alerts import AlertLine, last_round, lines
from ml_connector.app.budgets import DayBudget, day_budgets
from ml_connector.app.schedules import due_at
from ml_connector.app.to_come import ToCome, to_come
from ml_connector.app.zone_data import OLD_DAYS, ZoneData, zone_data
from ml_connector.ports.runs import RunState
from ml_connector.store.database import database_now
from ml_connector.store.models import Incident, Run
from ml_connector.store.work import open_items

FOR_PEOPLE = (RunState.AWAITING_APPROVAL, RunState.HELD, RunState.FAILED)
AT_WORK = (RunState.READY, RunState.RUNNING, RunState.WAITING)
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A run that is not at its end."""

    run: str
    flow: str
    reference: str
    state: str
    since: datetime
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """When a flow looks for new work; `None` for one that only people start."""

    flow: int
    name: str
    schedule: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Runs at work and runs that wait for people, oldest first and the first of each; how many there are;
    what comes next, of flows and of people; open items and incidents; open alerts, how many messages of them
    are not delivered, and when it was last looked for alerts; the calls of vendors' days; the age of the zone
    data.
    """

    at_work: tuple[Line, ...]
    for_people: tuple[Line, ...]
    counts: dict[str, int]
    next: tuple[Next, ...]
    to_come: tuple[ToCome, ...]
    items: int
    incidents: int
    alerts: tuple[AlertLine, ...]
    undelivered: int
    alerts_at: datetime | None
    calls: tuple[DayBudget, ...]
    zone_data: ZoneData

    def shown(self) -> dict[str, Any]:
        """As JSON."""

        def line(one: Line) -> dict[str, Any]:
            return {
                "run": one.run,
                "flow": one.flow,
                "reference": one.reference,
                "state": one.state,
                "since": one.since.isoformat(),
                "summary": one.summary,
            }

        return {
            "at_work": [line(one) for one in self.at_work],
            "for_people": [line(one) for one in self.for_people],
            "counts": self.counts,
            "next": [
                {
                    "flow": one.flow,
                    "name": one.name,
                    "schedule": one.schedule,
                    "at": one.at.isoformat() if one.at else None,
                }
                for one in self.next
            ],
            "to_come": [one.shown() for one in self.to_come],
            "items": self.items,
            "incidents": self.incidents,
            "alerts": [one.shown() for one in self.alerts],
            "undelivered": self.undelivered,
            "alerts_at": self.alerts_at.isoformat() if self.alerts_at else None,
            "calls": [one.shown() for one in self.calls],
            "zone_data": self.zone_data.shown(),
        }


def status(access: Access, zone_data_days: int = OLD_DAYS) -> Status:
    """Of one organisation; zone data is old after so many days."""
    mine = Run.objects.filter(organisation=access.organisation)
    flows = [
        Next(
            flow=flow.pk,
            name=f"{flow.kind} {flow.source.name} → {flow.target.name}",
            schedule=flow.schedule,
            at=due_at(flow),
        )
        for flow in access.flows()
    ]
    incidents = Incident.objects.filter(connection__organisation=access.organisation, over_at__isnull=True)
    return Status(
        at_work=_lines(mine.filter(state__in=AT_WORK)),
        for_people=_lines(mine.filter(state__in=FOR_PEOPLE)),
        counts={
            "at_work": mine.filter(state__in=AT_WORK).count(),
            "for_people": mine.filter(state__in=FOR_PEOPLE).count(),
        },
        next=tuple(sorted(flows, key=lambda one: (one.at is None, str(one.at), one.flow))),
        to_come=to_come(access, database_now()),
        items=open_items(access.organisation).count(),
        incidents=incidents.count(),
        alerts=tuple(lines(access)),
        undelivered=undelivered(access.organisation).count(),
        alerts_at=last_round(access),
        calls=tuple(day_budgets(access.organisation, database_now())),
        zone_data=zone_data(database_now(), zone_data_days),
    )


def _lines(found: Any) -> tuple[Line, ...]:
    return tuple(
        Line(
            run=row.id,
            flow=row.flow,
            reference=row.reference,
            state=row.state,
            since=row.created_at,
            summary=row.summary,
        )
        for row in found.order_by("created_at", "id")[:SHOWN]
    )
