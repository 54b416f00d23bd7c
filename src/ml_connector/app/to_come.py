"""What payroll has entered for later days, counted for a look at how the installation stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ml_connector.app.access import Access
from ml_connector.domain.coming import Step, coming
from ml_connector.flows.flow import flows
from ml_connector.flows.worker_reading import KIND
from ml_connector.flows.zones import today
from ml_connector.store.models import Flow
from ml_connector.store.snapshots import StoredSnapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class ToCome:
    """Steps of one kind that a flow of workers will take by itself: how many, and the first day of them, as
    payroll was read last.
    """

    flow: int
    step: Step
    count: int
    first: date

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"flow": self.flow, "step": self.step, "count": self.count, "first": self.first.isoformat()}


def to_come(access: Access, now: datetime) -> tuple[ToCome, ...]:
    """For each flow of workers, by their ids, and each step in the order of their names."""
    return tuple(line for flow in access.flows() if flow.kind == "workers" for line in _of(flow, now))


def _of(flow: Flow, now: datetime) -> list[ToCome]:
    policy = flows()[flow.kind].policy(flow.mode, flow.starts_on or date.min, flow.options)
    days = {company: today(policy.zones, entity, now) for company, entity in policy.entities.items()}
    counts, firsts = Counter[Step](), dict[Step, date]()
    for worker in StoredSnapshots(flow.source).dated(KIND, min(days.values())):
        for company, day in days.items():
            for one in coming(worker, day):
                if one.company == company:
                    counts[one.step] += 1
                    firsts[one.step] = min(one.day, firsts.get(one.step, one.day))
    return [
        ToCome(flow=flow.pk, step=step, count=count, first=firsts[step])
        for step, count in sorted(counts.items())
    ]
