"""What a person has to know of, as it is now: read from the tables, and from no vendor.

Many causes of one kind at one place are one condition with a count, so that one dead system is one message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Count, Min, Q, QuerySet

from ml_connector.app.assemble import Assembly
from ml_connector.app.budgets import day_budgets
from ml_connector.app.failures import expected, read_failure
from ml_connector.app.schedules import due_at
from ml_connector.domain import codec
from ml_connector.domain.problem import Owner, Problem
from ml_connector.ports.plans import PlanState
from ml_connector.ports.runs import RunState
from ml_connector.store.models import (
    AlertEndpoint,
    AlertMessage,
    Connection,
    Flow,
    Hook,
    Incident,
    Organisation,
    Pause,
    PlannedChange,
    Run,
    WorkItem,
)
from ml_connector.store.models.alerts import LOG, MAIL, WEBHOOK
from ml_connector.store.work import open_items
from ml_connector.transport.auth import consent_warning

LATE = timedelta(hours=1)
"""How long after its time a flow has not looked before that is news: looks that fail are tried in minutes."""
LOOK_LATE = timedelta(hours=48)
"""The same for the nightly look at a ledger, which is taken every 24 hours."""
USED_SHARE = 0.5
"""A day's calls are news where half of them are used, and no earlier."""
FAILED_TRIES = 2
"""A message that failed so often is one that people do not have."""
FAILED_RENEWALS = 3
SILENT, SILENT_CHANGES = timedelta(hours=24), 10
"""A hook is silent when nothing came for so long and looks have found so many changes: fewer may be of dates
that were entered long before.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is the case now: what, where, whose, in words, and for how many causes it stands. Of one
    that is not `known` we cannot tell: what was open of it stays so.
    """

    code: str
    place: str
    owner: str
    text: str = ""
    count: int = 1
    known: bool = True


def conditions(assembly: Assembly, organisation: Organisation) -> dict[tuple[str, str], Condition]:
    """Everything of the organisation, by code and place."""
    found: dict[tuple[str, str], Condition] = {}
    for one in _every(assembly, organisation):
        key = (one.code, one.place)
        first = found.get(key)
        found[key] = replace(first, count=first.count + one.count) if first else one
    return {
        key: replace(one, text=f"{one.count} of this kind. The first: {one.text}") if one.count > 1 else one
        for key, one in found.items()
    }


def _every(assembly: Assembly, organisation: Organisation) -> Iterator[Condition]:
    now = assembly.clock.now()
    yield from _items(organisation)
    yield from _incidents(organisation)
    before = now - timedelta(hours=float(assembly.settings.alert_after_hours))
    yield from _runs(organisation, before)
    yield from _handed_over(organisation, before)
    yield from _late(organisation, now)
    for connection in Connection.objects.filter(organisation=organisation).order_by("name"):
        yield from _sign_in(assembly, connection)
    yield from _budgets(organisation, now)
    yield from _undelivered(assembly, organisation)
    yield from _hooks(organisation, now)


def _items(organisation: Organisation) -> Iterator[Condition]:
    """Open work items, counted in the database: there may be thousands."""
    flows = {flow.pk: flow for flow in Flow.objects.filter(organisation=organisation).select_related()}
    for group, row in _groups(open_items(organisation), WorkItem, "code", "about"):
        who, _, number = group["about"].partition(" ")
        flow = flows.get(int(number)) if number.isdecimal() else None
        # A look, and what is expected, is about where it reads; a plan is about where it writes.
        reads = who in ("look", "expected")
        place = group["about"] if flow is None else (flow.source if reads else flow.target).name
        yield Condition(
            code=row.code, place=place, owner=row.owner, text=row.text, count=int(group["causes"])
        )


def _incidents(organisation: Organisation) -> Iterator[Condition]:
    found = Incident.objects.filter(connection__organisation=organisation, over_at=None)
    for group, row in _groups(found, Incident, "code", "connection__name"):
        yield Condition(
            code=row.code,
            place=group["connection__name"],
            owner=Owner.CONTROLLER,
            text=row.text,
            count=int(group["causes"]),
        )


def _groups(found: QuerySet[Any], model: Any, *by: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """The rows counted by these columns, with the first row of each."""
    groups = list(
        found.order_by().values(*by).annotate(causes=Count("id"), first=Min("id")).order_by("first")
    )
    firsts = model.objects.in_bulk([group["first"] for group in groups])
    return ((group, firsts[group["first"]]) for group in groups if group["first"] in firsts)


_WAITS: dict[RunState, tuple[str, str, Owner]] = {
    RunState.AWAITING_APPROVAL: ("run.unapproved", "waits for approval", Owner.CONTROLLER),
    RunState.HELD: ("run.on_hold", "is on hold", Owner.ADMINISTRATOR),
    RunState.FAILED: ("run.failed", "has failed", Owner.SUPPORT),
}


def _runs(organisation: Organisation, before: datetime) -> Iterator[Condition]:
    """Runs that wait for people longer than their limit."""
    waiting = Run.objects.filter(organisation=organisation, state__in=_WAITS, updated_at__lte=before)
    for row in waiting.select_related("settings__target").order_by("updated_at", "id"):
        code, what, owner = _WAITS[RunState(row.state)]
        problems = cast(tuple[Problem, ...], codec.decode(row.problems)) if row.problems else ()
        if row.state == RunState.HELD and problems:
            owner = problems[0].owner
        yield Condition(
            code=code,
            place=row.settings.target.name if row.settings else row.flow,
            owner=owner,
            text=f"Run {row.id} {what} since {row.updated_at:%Y-%m-%d %H:%M} UTC:"
            f" ml-connector runs show {row.id}",
        )


def _handed_over(organisation: Organisation, before: datetime) -> Iterator[Condition]:
    """Changes that a person or a job of the other system has had for longer than the limit, by run."""
    over = (RunState.DONE, RunState.CANCELLED, RunState.FAILED)
    found = PlannedChange.objects.filter(state=PlanState.HANDED_OVER, run__organisation=organisation)
    late = found.filter(sent_at__lte=before).exclude(run__state__in=over)
    for group, row in _groups(late, PlannedChange, "run__settings__target__name"):
        yield Condition(
            code="plan.not_taken_in",
            place=group["run__settings__target__name"],
            owner=Owner.ADMINISTRATOR,
            text=f"{row.key} is handed over since {row.sent_at:%Y-%m-%d %H:%M} UTC and not taken in yet:"
            f" {row.detail}. See: ml-connector runs show {row.run_id}",
            count=int(group["causes"]),
        )


def _late(organisation: Organisation, now: datetime) -> Iterator[Condition]:
    """What should have been looked at and was not: no news past its time is bad news."""
    paused = set(Pause.objects.filter(organisation=organisation).values_list("scope", flat=True))
    ledgers: dict[int, Connection] = {}
    for flow in Flow.objects.filter(organisation=organisation).select_related("source", "target"):
        ledgers[flow.target.pk] = flow.target
        scopes = {"everything", f"flow:{flow.pk}"} | {
            f"connection:{one.name}" for one in (flow.source, flow.target)
        }
        due = due_at(flow)
        if due is not None and now - due > LATE and not scopes & paused:
            text = (
                f"{flow.kind} {flow.source.name} → {flow.target.name} should have looked for new work at"
                f" {due:%Y-%m-%d %H:%M} UTC and has not. Check that ml-connector serve is running."
            )
            yield Condition(code="flow.late", place=flow.source.name, owner=Owner.ADMINISTRATOR, text=text)
    for ledger in ledgers.values():
        last = ledger.looked_at or ledger.created_at
        if now - last > LOOK_LATE:
            text = (
                f"{ledger.name} was not compared with what is booked since {last:%Y-%m-%d %H:%M} UTC."
                " See what it says: ml-connector look"
            )
            yield Condition(code="look.late", place=ledger.name, owner=Owner.ADMINISTRATOR, text=text)


def _sign_in(assembly: Assembly, connection: Connection) -> Iterator[Condition]:
    """A sign-in that is lost, ends within a week, or cannot be read."""

    def one(code: str, text: str = "", *, known: bool = True) -> Condition:
        return Condition(code=code, place=connection.name, owner=Owner.ADMINISTRATOR, text=text, known=known)

    try:
        states = assembly.sign_ins(connection)
    except expected() as error:
        text = f"The sign-in of {connection.name} cannot be read: {read_failure(error).text}"
        yield one("sign_in.unreadable", text)
        yield from (one(code, known=False) for code in ("sign_in.lost", "sign_in.ends"))
        return
    for lost in (state.lost for state in states if state.lost):
        yield one("sign_in.lost", lost)
    ends = min((state.consent_expires_at for state in states if state.consent_expires_at), default=None)
    if warning := consent_warning(ends, assembly.clock):
        yield one("sign_in.ends", warning.replace("NAME", connection.name))


def _budgets(organisation: Organisation, now: datetime) -> Iterator[Condition]:
    """Calls of a day that will not last until its end, at the pace of until now."""
    for day in day_budgets(organisation, now):
        early = day.forecast is None and day.used < day.limit
        if early or day.used < day.limit * USED_SHARE or day.used <= day.limit * day.passed:
            continue
        text = (
            f"{day.name} has used {day.used} of {day.limit} calls, and the limit is reset at"
            f" {day.resets_at:%Y-%m-%d %H:%M} UTC. Let flows look less often, or ask for more calls."
        )
        yield Condition(code="budget.short", place=day.connection, owner=Owner.ADMINISTRATOR, text=text)


def _hooks(organisation: Organisation, now: datetime) -> Iterator[Condition]:
    """Notifications that do not come any more: a subscription that cannot be made anew, and a vendor that
    says nothing while looks find changes.
    """

    for hook in Hook.objects.filter(connection__organisation=organisation).select_related("connection"):
        name = hook.connection.name
        if hook.failures >= FAILED_RENEWALS:
            text = (
                f"The subscriptions of {name} could not be renewed, {hook.failures} times: {hook.why} Looks"
                f" by schedule go on. When it is mended: ml-connector connections webhooks renew {name}"
            )
            yield Condition(code="webhook.not_renewed", place=name, owner=Owner.ADMINISTRATOR, text=text)
        since = hook.heard_at or hook.made_at
        if now - since >= SILENT and (found := _found_since(hook.connection, since)) >= SILENT_CHANGES:
            text = (
                f"The hook of {name} is silent since {since:%Y-%m-%d %H:%M} UTC, and looks have found {found}"
                f" changes that nothing told of. See: ml-connector connections webhooks check {name}"
            )
            yield Condition(code="webhook.silent", place=name, owner=Owner.ADMINISTRATOR, text=text)


def _found_since(connection: Connection, since: datetime) -> int:
    """Changes that looks found and carried out after a time with no word of them. The first look after it may
    have found what was told of before.
    """
    found = 0
    for flow in Flow.objects.filter(source=connection):
        later = Run.objects.filter(settings=flow, created_at__gt=since)
        first = later.order_by("created_at").values_list("created_at", flat=True).first()
        if first is not None:
            planned = PlannedChange.objects.filter(run__settings=flow, run__created_at__gt=first)
            found += planned.filter(state=PlanState.DONE).values("key").distinct().count()
    return found


def _undelivered(assembly: Assembly, organisation: Organisation) -> Iterator[Condition]:
    """Channels whose messages do not arrive; told by the others."""
    endpoints = list(AlertEndpoint.objects.filter(organisation=organisation))
    for endpoint in endpoints:
        if endpoint.disabled_at is not None and endpoint.disabled_why:
            text = (
                f"The endpoint {endpoint.name} gets no messages since {endpoint.disabled_at:%Y-%m-%d %H:%M}"
                f" UTC: {endpoint.disabled_why} When it works, enable it again."
            )
            place = channel_place(WEBHOOK, endpoint.name)
            yield Condition(
                code="alerts.endpoint_disabled", place=place, owner=Owner.ADMINISTRATOR, text=text
            )
    targets: Iterable[tuple[str, str]] = [
        *((WEBHOOK, endpoint.name) for endpoint in endpoints),
        *((MAIL, address) for address in assembly.settings.mail_addresses),
    ]
    for channel, target in targets:
        waiting = undelivered(organisation).filter(channel=channel, target=target)
        worst = waiting.filter(tries__gte=FAILED_TRIES).order_by("id").first()
        if worst is not None:
            yield Condition(
                code="alerts.undelivered",
                place=channel_place(channel, target),
                owner=Owner.ADMINISTRATOR,
                text=f"{channel} to {target} was not delivered: {worst.error}",
                count=waiting.count(),
            )


def in_use(assembly: Assembly, organisation_id: int, channel: str, target: str) -> bool:
    """Whether somebody is still told there."""
    if channel == MAIL:
        return target in assembly.settings.mail_addresses
    endpoints = AlertEndpoint.objects.filter(organisation_id=organisation_id, name=target)
    return channel == LOG or endpoints.exists()


def channel_place(channel: str, target: str) -> str:
    """How a channel is named where an alert is about it: each endpoint is one, all mail is one."""
    return f"{channel} {target}" if channel == WEBHOOK else channel


def undelivered(organisation: Organisation) -> QuerySet[AlertMessage]:
    """Messages that have not arrived and are not taken back, tried again or not."""
    return AlertMessage.objects.filter(organisation=organisation, delivered_at=None).filter(
        Q(due_at__isnull=False) | ~Q(error="")
    )
