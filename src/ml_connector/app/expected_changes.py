"""What people say of the runs that a source plans, for one flow: moved, not expected, one more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from django.db import transaction

from ml_connector.app.access import Access, Actor, Unknown
from ml_connector.app.arrivals import HOURLY
from ml_connector.app.assemble import Assembly
from ml_connector.app.expected import AHEAD, BEFORE, expect, groups_of, plan_changes, today
from ml_connector.app.refusals import NotAllowed
from ml_connector.domain.expected import Expected, Said
from ml_connector.domain.schedule import read_schedule
from ml_connector.flows.flow import flows
from ml_connector.store.models import ExpectedChange, ExpectedRun, Flow

NEAREST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person says: of one `subject`, or of one more of a `group`. A `due` day moves it or is that of
    one more; `none` expects no run for it, `as_planned` takes back what was said.
    """

    subject: str = ""
    group: str = ""
    due: date | None = None
    none: bool = False
    as_planned: bool = False
    why: str = ""


class ExpectedChanges:
    """What one organisation expects, as one person."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor

    def say(self, flow: int, wish: Wish) -> list[dict[str, Any]]:
        """Keep it, instead of what was said before, and follow it from now on; what is expected then. Raises
        `Unknown` for a run or group that the source does not plan, `NotAllowed` for what cannot be said.
        """
        row = self._access.flow_numbered(flow)
        day = today(row, read_schedule(row.schedule) if row.schedule else HOURLY, self._assembly.clock.now())
        if not wish.why.strip():
            raise NotAllowed("Say why: --why '...'.")
        if bool(wish.subject) == bool(wish.group):
            raise NotAllowed("Name a run that is planned, --run, or for one more its pay group, --group.")
        if 1 != sum((wish.due is not None, wish.none, wish.as_planned)) or (wish.group and not wish.due):
            raise NotAllowed("Say one of --on DAY, --none and --as-planned; for one more the day.")
        if wish.due is not None and not day - BEFORE <= wish.due <= day + AHEAD:
            raise NotAllowed(f"{wish.due} is not followed: only from {day - BEFORE} to {day + AHEAD}.")
        plan = self._plan(row, day)
        with transaction.atomic():
            self._keep(row, wish, plan)
            detail: dict[str, str | int | bool | None] = {
                "flow": row.pk,
                "due": str(wish.due or ""),
                "none": wish.none,
                "as_planned": wish.as_planned,
                "why": wish.why.strip(),
            }
            self._access.audit.append(
                actor=self._actor.audited,
                action="flow.expected",
                subject=wish.subject or wish.group,
                detail=self._actor.noted(detail),
            )
        expect(self._assembly, row, day, f"said {self._assembly.clock.now()}")
        return shown(row)

    def _plan(self, flow: Flow, day: date) -> dict[str, Expected]:
        sources = self._assembly.system(flow.source).sources
        if Expected not in sources or flows()[flow.kind].passes:
            raise NotAllowed(f"{flow.source.name} plans no runs for flow {flow.pk}.")
        moved = [change.planned for change in plan_changes(flow) if change.planned]
        asked = sources[Expected].planned(min([day - BEFORE, *moved]), max([day + AHEAD, *moved]))
        groups = groups_of(flow)
        return {one.subject: one for one in asked if not groups or one.group in groups}

    def _keep(self, flow: Flow, wish: Wish, plan: dict[str, Expected]) -> None:
        mine = ExpectedChange.objects.filter(flow=flow, subject=wish.subject)
        if wish.as_planned:
            if not mine.delete()[0]:
                raise Unknown(f"Nothing was said of {wish.subject!r}. `flows show {flow.pk}` lists what was.")
            return
        if wish.group:
            self._known(flow, "group", wish.group, {one.group for one in plan.values()})
            beside = [one.subject for one in plan.values() if (one.group, one.due) == (wish.group, wish.due)]
            self._store(flow, f"{wish.group} {Said.MORE} {wish.due}", Said.MORE, wish, wish.group, beside)
            return
        self._known(flow, "run", wish.subject, set(plan))
        said = Said.NONE if wish.none else Said.MOVED
        self._store(flow, wish.subject, said, wish, plan[wish.subject].group, (), plan[wish.subject].due)

    def _store(
        self,
        flow: Flow,
        subject: str,
        said: Said,
        wish: Wish,
        group: str,
        beside: Any = (),
        planned: date | None = None,
    ) -> None:
        values = {"group": group, "act": said, "due": wish.due or planned, "planned": planned}
        values |= {"why": wish.why.strip(), "by": self._actor.name, "beside": json.dumps(sorted(beside))}
        ExpectedChange.objects.update_or_create(flow=flow, subject=subject, defaults=values)

    @staticmethod
    def _known(flow: Flow, what: str, name: str, known: set[str]) -> None:
        if name not in known:
            near = get_close_matches(name, sorted(known), n=NEAREST, cutoff=0.4) or sorted(known)[:NEAREST]
            text = f"{flow.source.name} plans no {what} {name!r} in the days that are followed."
            raise Unknown(f"{text} Nearest: {', '.join(near) or 'none'}.")


def shown(flow: Flow) -> list[dict[str, Any]]:
    """What is expected, by day, and what was said of it, as JSON; what is not expected among it."""
    said = {row.subject: row for row in ExpectedChange.objects.filter(flow=flow)}
    found: list[dict[str, Any]] = []
    for row in ExpectedRun.objects.filter(flow=flow):
        found.append(_line(row.subject, row.group, row.due, row.run, said.pop(row.subject, None)))
    found += [_line(row.subject, row.group, row.due, "", row) for row in said.values()]
    return sorted(found, key=lambda one: (one["due"], one["expected"]))


def _line(subject: str, group: str, due: date, run: str, said: ExpectedChange | None) -> dict[str, Any]:
    found = {"expected": subject, "group": group, "due": str(due), "run": run}
    if said is None:
        return found
    planned = str(said.planned) if said.planned else ""
    return {**found, "said": said.act, "planned": planned, "why": said.why, "by": said.by}
