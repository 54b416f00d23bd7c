"""Runs, what they speak of, and their recorded values."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from ml_connector.domain import codec
from ml_connector.domain.proposal import Subject
from ml_connector.errors import KeyConflict
from ml_connector.ports.runs import OtherRun, RunRow, RunState
from ml_connector.runs import changes
from ml_connector.store.database import after_prefix, begins_with, database_now, named_by, of_days
from ml_connector.store.models import Answer, Approval, Artifact, Organisation, Run, RunSubject
from ml_connector.store.prepared import Prepared, change, insert

ENDED = (RunState.DONE, RunState.CANCELLED, RunState.CLOSED)
"""States in which a run speaks of nothing any more."""
STOPPED = (*ENDED, RunState.HELD, RunState.FAILED)
"""States in which nobody goes on to wait for a run."""
TAKES_UP_NOTHING = (RunState.CANCELLED, RunState.FAILED)
REFERENCES_A_QUERY = 500
Bases = tuple[tuple[str, str, str], ...]
"""Tenant, entity and text of subjects without a person's answer, in order: they are part of a statement."""


class StoredRuns:
    """Runs of every organisation for an engine, or of one for its people; as `ports.runs.Runs`."""

    def __init__(self, organisation: Organisation | None = None) -> None:
        self._organisation = organisation
        self._owner = None if organisation is None else organisation.pk

    def create(
        self,
        *,
        flow: str,
        stage: str,
        input: Mapping[str, str],
        settings: int = 0,
        reference: str = "",
        dry: bool = False,
        replay_of: str = "",
        people: Collection[str] = (),
    ) -> RunRow:
        if self._organisation is None:
            raise ValueError("a run is made for an organisation")
        identity = f"{flow.replace('_', '-')}-{uuid.uuid4().hex[:10]}"
        with transaction.atomic(savepoint=False):
            last = Run.objects.aggregate(last=Max("number"))["last"] or 0
            made = Run.objects.create(
                id=identity,
                number=last + 1,
                organisation=self._organisation,
                flow=flow,
                stage=stage,
                state=RunState.READY,
                input=dict(input),
                settings_id=settings or None,
                reference=reference,
                dry=dry,
                replay_of=replay_of,
                people=_joined(people),
            )
            transaction.on_commit(changes.RUNS.note)
        return _row(made)

    def get(self, run: str) -> RunRow:
        found = _run.first(self._owner, run)
        if found is None:
            raise KeyError(run)
        return _row(found)

    def list(self, limit: int = 50) -> tuple[RunRow, ...]:
        """The newest runs first."""
        return tuple(_row(run) for run in _runs(self._owner).order_by("-number")[:limit])

    def taken(self, flow: str, settings: int, references: Collection[str]) -> frozenset[str]:
        """Which of these references a run of the flow, with these settings, has taken up. Dry runs, cancelled
        and failed ones take up nothing.
        """
        wanted, found = sorted(set(references)), set[str]()
        for start in range(0, len(wanted), REFERENCES_A_QUERY):
            some = tuple(wanted[start : start + REFERENCES_A_QUERY])
            found |= set(_taken(self._owner, flow, settings, some)) if some else set()
        return frozenset(found)

    def move(
        self,
        row: RunRow,
        *,
        state: RunState,
        stage: str | None = None,
        attempt: int | None = None,
        due_at: datetime | None = None,
        summary: str | None = None,
        problems: str = "",
        input: Mapping[str, str] | None = None,
        people: Collection[str] | None = None,
        notice: str | None = None,
        tries: int | None = None,
        support: str | None = None,
        paused: bool = False,
        awaits: str = "",
    ) -> RunRow | None:
        # Only what the caller names is written: another run may have told this one something meanwhile.
        values: dict[str, Any] = {"state": state, "due_at": due_at, "problems": problems}
        values |= {"paused": paused, "awaits": awaits}
        named = {
            "stage": stage or None,
            "attempt": attempt or None,
            "summary": summary,
            "input": None if input is None else dict(input),
            "people": None if people is None else _joined(people),
            "notice": notice,
            "tries": tries,
            "support": support,
        }
        values |= {name: value for name, value in named.items() if value is not None}
        values["updated_at"] = database_now()
        here = {"id": row.id, "state": row.state, "stage": row.stage, "attempt": row.attempt}
        if not change(Run, here, **values):
            return None
        if state in STOPPED:
            waiting = Run.objects.filter(awaits=row.id, state=RunState.WAITING)
            waiting.update(due_at=values["updated_at"])
        if people is not None:
            values["people"] = tuple(sorted(people))
        transaction.on_commit(changes.RUNS.note)
        return replace(row, **values)

    def running(self) -> tuple[RunRow, ...]:
        return tuple(_row(run) for run in _running(self._owner))

    def to_enqueue(self, now: datetime, first: int = 0, most: int = 100) -> tuple[RunRow, ...]:
        found = (
            _runs(self._owner)
            .filter(Q(state=RunState.READY) | Q(state=RunState.WAITING, due_at__lte=now))
            .order_by("number")[first : first + most]
        )
        return tuple(_row(run) for run in found)

    def next_due(self) -> datetime | None:
        waiting = _runs(self._owner).filter(state=RunState.WAITING, due_at__isnull=False).order_by("due_at")
        return waiting.values_list("due_at", flat=True).first()

    # --- what a run speaks of -------------------------------------------------------------------------------

    def record_subjects(self, run: str, subjects: Collection[Subject]) -> None:
        with transaction.atomic():
            RunSubject.objects.filter(run_id=run).delete()
            for subject in sorted(set(subjects)):
                insert(
                    RunSubject,
                    run_id=run,
                    tenant=subject.tenant,
                    entity=subject.entity,
                    text=subject.text,
                    base=subject.base.text,
                    day=subject.day,
                )

    def others(self, run: str, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        return self._other_runs(run, _others(self._owner, run, _bases(subjects)))

    def done(self, run: str, subjects: Collection[Subject]) -> tuple[OtherRun, ...]:
        return self._other_runs(run, _done(self._owner, run, _bases(subjects)))

    def others_beginning(
        self, run: str, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        return self._beginning(_others_beginning, run, subjects, days)

    def done_beginning(
        self, run: str, subjects: Collection[Subject], days: Collection[str] = ()
    ) -> tuple[OtherRun, ...]:
        return self._beginning(_done_beginning, run, subjects, days)

    def _beginning(
        self,
        query: Callable[..., Iterable[RunSubject]],
        run: str,
        subjects: Collection[Subject],
        days: Collection[str],
    ) -> tuple[OtherRun, ...]:
        found: dict[int, RunSubject] = {}
        for tenant, entity, text in sorted({(one.tenant, one.entity, one.text) for one in subjects}):
            end, of = after_prefix(text), named_by(days)
            found |= {row.pk: row for row in query(self._owner, run, tenant, entity, text, end, of)}
        return self._other_runs(run, sorted(found.values(), key=lambda row: (row.run.number, row.pk)))

    def _other_runs(self, run: str, found: Sequence[RunSubject]) -> tuple[OtherRun, ...]:
        mine = (_number.first(run) or 0) if found else 0
        return tuple(
            OtherRun(
                id=row.run_id,
                reference=row.run.reference,
                state=RunState(row.run.state),
                stage=row.run.stage,
                subject=_subject(row),
                earlier=row.run.number < mine,
            )
            for row in found
        )

    def subjects_of_run(self, run: str) -> tuple[Subject, ...]:
        return tuple(_subject(row) for row in _subjects_of_run(run))

    def answers(self, run: str) -> Mapping[str, str]:
        return dict(_answers(run))

    def tell(self, run: str, notice: str) -> None:
        _runs(self._owner).filter(id=run).update(notice=notice)

    # --- consent --------------------------------------------------------------------------------------------

    def approved(self, run: str) -> str:
        return _approved.first(run) or ""

    def void_approvals(self, run: str) -> None:
        _consents(run).update(voided_at=database_now())


def _runs(owner: int | None) -> QuerySet[Run]:
    """Of one organisation, or of every one."""
    found = Run.objects.select_related("organisation")
    return found if owner is None else found.filter(organisation_id=owner)


@Prepared
def _run(owner: int | None, run: str) -> QuerySet[Run]:
    return _runs(owner).filter(id=run)


@Prepared
def _running(owner: int | None) -> QuerySet[Run]:
    return _runs(owner).filter(state=RunState.RUNNING).order_by("number")


@Prepared
def _taken(owner: int | None, flow: str, settings: int, references: tuple[str, ...]) -> QuerySet[Run, str]:
    found = _runs(owner).filter(flow=flow, settings=settings, reference__in=references, dry=False)
    return found.exclude(state__in=TAKES_UP_NOTHING).values_list("reference", flat=True)


@Prepared
def _number(run: str) -> QuerySet[Run, int]:
    return Run.objects.filter(id=run).values_list("number", flat=True)


def _bases(subjects: Collection[Subject]) -> Bases:
    bases = {subject.base for subject in subjects}
    return tuple(sorted((subject.tenant, subject.entity, subject.text) for subject in bases))


def _same(subjects: Bases) -> Q:
    same = Q(pk__in=[])
    for tenant, entity, text in subjects:
        same |= Q(tenant=tenant, entity=entity, base=text)
    return same


@Prepared
def _others(owner: int | None, run: str, subjects: Bases) -> QuerySet[RunSubject]:
    return _speaking(owner, run, _same(subjects)).exclude(run__state__in=ENDED)


@Prepared
def _done(owner: int | None, run: str, subjects: Bases) -> QuerySet[RunSubject]:
    return _speaking(owner, run, _same(subjects)).filter(run__state=RunState.DONE)


@Prepared
def _others_beginning(
    owner: int | None, run: str, tenant: str, entity: str, text: str, end: str, days: tuple[str, ...]
) -> QuerySet[RunSubject]:
    same = begins_with("base", text, end) & of_days(days) & Q(tenant=tenant, entity=entity)
    return _speaking(owner, run, same).exclude(run__state__in=ENDED)


@Prepared
def _done_beginning(
    owner: int | None, run: str, tenant: str, entity: str, text: str, end: str, days: tuple[str, ...]
) -> QuerySet[RunSubject]:
    same = begins_with("base", text, end) & of_days(days) & Q(tenant=tenant, entity=entity)
    return _speaking(owner, run, same).filter(run__state=RunState.DONE)


def _speaking(owner: int | None, run: str, same: Q) -> QuerySet[RunSubject]:
    found = RunSubject.objects.filter(same, run__dry=False).exclude(run_id=run)
    if owner is not None:
        found = found.filter(run__organisation_id=owner)
    # Of a run no more than is told: a company may have thousands.
    told = ("id", "tenant", "entity", "text", "run__reference", "run__state", "run__stage", "run__number")
    return found.select_related("run").only(*told, "run_id").order_by("run__number", "id")


@Prepared
def _subjects_of_run(run: str) -> QuerySet[RunSubject]:
    return RunSubject.objects.filter(run_id=run).order_by("id")


@Prepared
def _answers(run: str) -> QuerySet[Answer, tuple[str, str]]:
    return Answer.objects.filter(run_id=run).order_by("id").values_list("question", "answer")


def _consents(run: str) -> QuerySet[Approval]:
    return Approval.objects.filter(run_id=run, voided_at__isnull=True)


@Prepared
def _approved(run: str) -> QuerySet[Approval, str]:
    return _consents(run).filter(complete=True).order_by("-id").values_list("fingerprint", flat=True)[:1]


class StoredArtifacts:
    """As `ports.runs.Artifacts`. Raises `codec.CodecError` for a record that was changed since; one that
    was removed after its time is not there.
    """

    def record(self, run: str, name: str, text: str) -> str:
        sha256 = codec.digest(text)
        try:
            insert(Artifact, run_id=run, name=name, sha256=sha256, text=text)
            return sha256
        except IntegrityError:
            kept = Artifact.objects.get(run_id=run, name=name)
        if kept.sha256 != sha256:
            raise KeyConflict(f"The record {name!r} of run {run} was made with other content.", where=name)
        return sha256

    def read(self, run: str, name: str) -> str | None:
        return _unchanged(_artifact.first(run, name))

    def newest(self, run: str, stage: str, name: str) -> str | None:
        return _unchanged(_newest.first(run, f"{stage}/", f"/{name}"))


@Prepared
def _artifact(run: str, name: str) -> QuerySet[Artifact]:
    return Artifact.objects.filter(run_id=run, name=name)


@Prepared
def _newest(run: str, begins: str, ends: str) -> QuerySet[Artifact]:
    found = Artifact.objects.filter(run_id=run, name__startswith=begins, name__endswith=ends)
    return found.order_by("-id")[:1]


def _unchanged(artifact: Artifact | None) -> str | None:
    if artifact is None or artifact.forgotten_at is not None:
        return None
    if codec.digest(artifact.text) != artifact.sha256:
        raise codec.CodecError(f"the record {artifact.name!r} of run {artifact.run_id} was changed")
    text: str = artifact.text
    return text


def _joined(people: Collection[str]) -> str:
    return "\n".join(sorted(people))


def _subject(row: RunSubject) -> Subject:
    return Subject(tenant=row.tenant, entity=row.entity, text=row.text)


def _row(run: Run) -> RunRow:
    return RunRow(
        id=run.id,
        organisation=run.organisation.slug,
        flow=run.flow,
        state=RunState(run.state),
        stage=run.stage,
        attempt=run.attempt,
        settings=run.settings_id or 0,
        input=run.input,
        replay_of=run.replay_of,
        people=tuple(filter(None, run.people.split("\n"))),
        due_at=run.due_at,
        summary=run.summary,
        problems=run.problems,
        created_at=run.created_at,
        updated_at=run.updated_at,
        reference=run.reference,
        dry=run.dry,
        notice=run.notice,
        tries=run.tries,
        support=run.support,
        paused=run.paused,
        awaits=run.awaits,
    )
