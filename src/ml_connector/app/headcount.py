"""The headcount of a flow of workers: payroll as it was read last, pay runs, and the ledger's members."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from functools import partial
from typing import Any

from django.db import transaction

from ml_connector.app.access import Access, Actor, Unknown
from ml_connector.app.assemble import Assembly
from ml_connector.app.refusals import NotAllowed
from ml_connector.domain import codec
from ml_connector.domain.coming import Coming, coming
from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.domain.headcount import GivenReason, Headcount, Question, headcount
from ml_connector.domain.movements import DAY, Movements, Restated, month_of, movements, restated
from ml_connector.domain.payroll import PayRun
from ml_connector.domain.worker import Worker, employed
from ml_connector.flows.alignment import THEIRS
from ml_connector.flows.flow import flows
from ml_connector.flows.worker_reading import KIND
from ml_connector.flows.workers import WorkersPolicy, code_of
from ml_connector.flows.zones import today
from ml_connector.ports.paid import PaidWorkers
from ml_connector.store.models import Flow, HeadcountClosing, HeadcountReason
from ml_connector.store.runs import StoredArtifacts
from ml_connector.store.snapshots import StoredSnapshots
from ml_connector.store.work import ended_by_people, planner

LONGEST, NEAREST = 100, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Every company that was asked about. `people` are those employed by any of them, each once; `read_at`
    is when payroll was read last.
    """

    companies: tuple[Headcount, ...]
    people: int
    read_at: datetime

    @property
    def equal(self) -> bool:
        """Whether nothing is left unexplained anywhere."""
        return all(one.equal for one in self.companies)

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        found = [{**asdict(one), "equal": one.equal} for one in self.companies]
        return {
            "equal": self.equal,
            "people": self.people,
            "read_at": self.read_at.isoformat(),
            "companies": found,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A company's month: `earlier` is how the closing of the month before differs from what was reported,
    `since` how its own does.
    """

    movements: Movements
    earlier: Restated | None
    since: Restated | None

    def shown(self) -> dict[str, Any]:
        """As JSON; of the people at opening and closing the numbers of them."""
        found = asdict(self.movements)
        sizes = {"opening": len(self.movements.opening), "closing": len(self.movements.closing)}
        return {
            **found,
            **sizes,
            "adds_up": self.movements.adds_up,
            "month_before_restated": asdict(self.earlier) if self.earlier else None,
            "restated": asdict(self.since) if self.since else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ToCome:
    """What is to come for a worker."""

    number: str
    name: str
    coming: Coming

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        step = self.coming
        placed = {code.axis: code.code for code in step.placed}
        what = {"day": str(step.day), "company": step.company, "step": str(step.step), "placed": placed}
        return {"worker": self.number, "name": self.name, **what}


@dataclass(frozen=True, slots=True)
class _Paid:
    """Whom the pay runs paid by company, the companies that they are of, and their last day."""

    workers: Mapping[str, frozenset[str]]
    period_end: date | None

    def of(self, company: str) -> frozenset[str] | None:
        return self.workers.get(company)


class Headcounts:
    """The headcounts of one organisation, as one person."""

    def __init__(self, access: Access, assembly: Assembly, actor: Actor) -> None:
        self._access, self._assembly, self._actor = access, assembly, actor

    def show(
        self, flow: int, runs: Sequence[str] = (), day: date | None = None, company: str = ""
    ) -> Counted:
        """Tie the companies of the flow on the day: that of the end of the pay period where runs are given,
        else today. `runs` are runs of payroll, read from the same connection. Raises `Unknown` and
        `NotAllowed`.
        """
        row, policy = self._flow(flow)
        workers, read_at = self._workers(row)
        paid = self._paid(row, runs)
        companies = _chosen(sorted({*policy.entities, *paid.workers}), company)
        members = self._members(row, policy, companies)
        found, people, now = [], set[str](), self._assembly.clock.now()
        for name in companies:
            entity = policy.entities.get(name, "")
            seen = today(policy.zones, entity, now)
            question = Question(
                company=name,
                day=day or paid.period_end or seen,
                seen=seen,
                period_end=paid.period_end,
                excluded=policy.excluded,
            )
            sharing = self._sharing(row, policy, name)
            one = headcount(
                question,
                workers,
                paid=paid.of(name),
                members=members.get(name),
                code_of=partial(code_of, policy),
                reasons=[*_reasons(row, {name, *sharing}), *_ended_items(row, policy, name)],
                sharing=sharing,
            )
            found.append(one)
            people |= _employed(question, workers)
        return Counted(companies=tuple(found), people=len(people), read_at=read_at)

    def movements(self, flow: int, month: date, company: str = "") -> tuple[Month, ...]:
        """The month of every company of the flow. The closing of a month that is over is kept as it is
        reported first, and later months say what changed since.
        """
        row, policy = self._flow(flow)
        workers, _ = self._workers(row)
        first, last = month_of(month)
        months = []
        for name in _chosen(sorted(policy.entities), company):
            found = movements(name, first, last, workers, policy.excluded)
            over = last < today(policy.zones, policy.entities[name], self._assembly.clock.now())
            months.append(
                Month(
                    movements=found,
                    earlier=_restated(row, name, first - DAY, found.opening, workers),
                    since=_restated(row, name, last, found.closing, workers),
                )
            )
            if over:
                self._report(row, found)
        return tuple(months)

    def coming(self, flow: int, company: str = "") -> tuple[ToCome, ...]:
        """What payroll has entered for later days, as it was read last, by day, company and number."""
        row, policy = self._flow(flow)
        workers, _ = self._workers(row)
        now = self._assembly.clock.now()
        days = {name: today(policy.zones, entity, now) for name, entity in policy.entities.items()}
        chosen = _chosen(sorted(policy.entities), company)
        found = [
            ToCome(number=worker.number, name=worker.name, coming=step)
            for name in chosen
            for worker in workers
            for step in coming(worker, days[name])
            if step.company == name
        ]
        return tuple(sorted(found, key=lambda one: (one.coming.day, one.coming.company, one.number)))

    def give_reason(self, flow: int, reason: GivenReason, runs: Sequence[str] = ()) -> GivenReason:
        """Keep why somebody is no difference, instead of what was said for them from the same day on. Who is
        no worker of payroll, was paid by none of the `runs` and is a member is taken as such. Raises
        `Unknown` for a company that the flow does not read and for somebody whom nobody knows, `NotAllowed`
        for what is no reason.
        """
        row, policy = self._flow(flow)
        _chosen(sorted(policy.entities), reason.company)
        said = replace(reason, worker=reason.worker.strip(), why=reason.why.strip(), by=self._actor.name)
        if not said.why:
            raise NotAllowed("Say why it is no difference: --why '...'.")
        if not 0 < len(said.worker) <= LONGEST:
            text = f"Give the number of the worker, of 1 to {LONGEST} characters: --worker NUMBER."
            raise NotAllowed(f"{text} Or the code of a member: --member CODE.")
        if said.since and said.until and said.until < said.since:
            raise NotAllowed(f"The last day {said.until} is before the first one, {said.since}.")
        said = self._known(row, policy, said, runs)
        with transaction.atomic():
            HeadcountReason.objects.update_or_create(
                flow=row,
                company=said.company,
                worker=said.worker,
                member=said.member,
                since=said.since,
                defaults={"why": said.why, "until": said.until, "by": said.by},
            )
            detail: dict[str, str | int | bool | None] = {
                "flow": row.pk,
                "member": said.member,
                "why": said.why,
                "from": str(said.since or ""),
                "until": str(said.until or ""),
            }
            self._access.audit.append(
                actor=self._actor.audited,
                action="headcount.reason",
                subject=f"{said.company}/{said.worker}",
                detail=self._actor.noted(detail),
            )
        return said

    # --- inside ---------------------------------------------------------------------------------------------

    def _flow(self, flow: int) -> tuple[Flow, WorkersPolicy]:
        row = self._access.flow_numbered(flow)
        policy = self._assembly.policy(row)
        if not isinstance(policy, WorkersPolicy):
            raise NotAllowed(f"Flow {flow} is no flow of workers. `ml-connector flows list` shows them.")
        return row, policy

    def _workers(self, flow: Flow) -> tuple[list[Worker], datetime]:
        kept = StoredSnapshots(flow.source)
        followed = kept.followed(KIND)
        if followed is None:
            raise NotAllowed(
                "No worker was read yet. Read them: ml-connector run workers --from"
                f" {flow.source.name} --to {flow.target.name}."
            )
        return list(kept.rows(KIND)), followed.at

    def _paid(self, flow: Flow, runs: Sequence[str]) -> _Paid:
        if not runs:
            return _Paid({}, None)
        pay_runs = [self._pay_run(flow, identity) for identity in runs]
        source: PaidWorkers = self._assembly.system(flow.source).source(PaidWorkers)
        found: dict[str, frozenset[str]] = {}
        for pay_run in pay_runs:
            paid = source.paid(pay_run.reference)
            for company in {*pay_run.companies, *paid}:
                found[company] = found.get(company, frozenset()) | paid.get(company, frozenset())
        return _Paid(found, max(pay_run.pay_period.end for pay_run in pay_runs))

    def _pay_run(self, flow: Flow, identity: str) -> PayRun:
        run = self._access.run(identity)
        record = flows()[run.flow]
        if record.source is not PayRun or self._access.flow_of(run).source_id != flow.source_id:
            raise NotAllowed(f"Run {identity} is no payroll of {flow.source.name}.")
        text = StoredArtifacts().newest(identity, *record.recorded)
        pay_run = codec.decode(text) if text else None
        if not isinstance(pay_run, PayRun):
            raise NotAllowed(f"Run {identity} has read no pay run yet, or what it read is forgotten.")
        return pay_run

    def _known(
        self, flow: Flow, policy: WorkersPolicy, said: GivenReason, runs: Sequence[str]
    ) -> GivenReason:
        """The reason of somebody who is known, as a worker or as a member, by the code that is compared."""
        named: dict[str, str] = {}
        if not said.member:
            workers, _ = self._workers(flow)
            for one in workers:
                named |= dict.fromkeys((one.key, one.number.strip()), f"{one.number} {one.name}".strip())
            if said.worker in named or said.worker in (self._paid(flow, runs).of(said.company) or ()):
                return said
        for member in self._members(flow, policy, [said.company])[said.company]:
            if said.worker in (member.code, member.written):
                return replace(said, worker=member.code, member=True)
            named |= dict.fromkeys((member.code, member.written), f"{member.written} {member.title}".strip())
        raise Unknown(_nobody(flow, said, named))

    def _members(
        self, flow: Flow, policy: WorkersPolicy, companies: Iterable[str]
    ) -> dict[str, tuple[DimensionValue, ...]]:
        """The members of each company's legal entity; each entity is read once."""
        register = self._assembly.system(flow.target).register(DimensionValue)
        read: dict[str, tuple[DimensionValue, ...]] = {}
        found = {}
        for company in companies:
            if company not in policy.entities:
                continue
            entity = "" if register.limits.shared else policy.entities[company]
            if entity not in read:
                rows = register.rows([axis_of(entity, policy.axis)])
                read[entity] = tuple(row.record for row in rows)
            found[company] = read[entity]
        return found

    def _sharing(self, flow: Flow, policy: WorkersPolicy, company: str) -> frozenset[str]:
        """The other companies whose members lie in the same place."""
        shared = self._assembly.system(flow.target).register(DimensionValue).limits.shared
        entity = policy.entities.get(company)
        there = {name for name, other in policy.entities.items() if shared or other == entity}
        return frozenset(there - {company})

    def _report(self, flow: Flow, found: Movements) -> None:
        with transaction.atomic():
            _, made = HeadcountClosing.objects.get_or_create(
                flow=flow,
                company=found.company,
                last=found.last,
                defaults={"keys": json.dumps(sorted(found.closing))},
            )
            if made:
                self._access.audit.append(
                    actor=self._actor.audited,
                    action="headcount.reported",
                    subject=f"{found.company}/{found.last}",
                    detail=self._actor.noted({"flow": flow.pk, "closing": len(found.closing)}),
                )


def _chosen(companies: Sequence[str], company: str) -> Sequence[str]:
    if company and company not in companies:
        raise Unknown(f"There is no company {company!r} here; known are: {', '.join(companies)}.")
    return [company] if company else companies


def _reasons(flow: Flow, companies: Collection[str]) -> list[GivenReason]:
    rows = HeadcountReason.objects.filter(flow=flow, company__in=companies).order_by("id")
    return [
        GivenReason(
            company=row.company,
            worker=row.worker,
            why=row.why,
            by=row.by,
            since=row.since,
            until=row.until,
            member=row.member,
        )
        for row in rows
    ]


def _ended_items(flow: Flow, policy: WorkersPolicy, company: str) -> Iterator[GivenReason]:
    """Why people left members that payroll does not know as they are, as they said in the worklist."""
    beginnings = [axis_of(entity, policy.axis) for entity in ("", policy.entities.get(company, ""))]
    for item in ended_by_people(flow.organisation).filter(about=planner(flow), code=THEIRS):
        for beginning in beginnings:
            if item.subject.startswith(beginning):
                code = item.subject.removeprefix(beginning)
                yield GivenReason(company=company, worker=code, why=item.why, by=item.by, member=True)


def _nobody(flow: Flow, said: GivenReason, named: Mapping[str, str]) -> str:
    """That nobody is known as what was given, with the nearest whom somebody knows."""
    near = [named[one] for one in get_close_matches(said.worker, [*named], n=NEAREST)]
    what = "code of a member" if said.member else "number or id of a worker, nor the code of a member,"
    text = f"{said.worker!r} is no {what} in {said.company}."
    if near:
        return f"{text} Nearest: {', '.join(dict.fromkeys(near))}."
    return f"{text} `ml-connector headcount show --flow {flow.pk}` names who is a difference."


def _restated(
    flow: Flow, company: str, last: date, now: frozenset[str], workers: list[Worker]
) -> Restated | None:
    row = HeadcountClosing.objects.filter(flow=flow, company=company, last=last).first()
    return restated(json.loads(row.keys), now, workers) if row else None


def _employed(question: Question, workers: Iterable[Worker]) -> set[str]:
    return {
        worker.key
        for worker in workers
        if employed(
            (one for one in worker.in_company(question.company) if one.kind not in question.excluded),
            question.day,
        )
    }
