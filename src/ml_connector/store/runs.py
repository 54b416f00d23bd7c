"""Runs and their recorded values."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from ml_connector.domain import codec
from ml_connector.errors import KeyConflict
from ml_connector.ports.storage import RunRow, RunState
from ml_connector.store.database import database_now
from ml_connector.store.models import Approval, Artifact, Organisation, Run


class StoredRuns:
    """Runs of every organisation for an engine, or of one for its people; as `ports.storage.Runs`."""

    def __init__(self, organisation: Organisation | None = None) -> None:
        self._organisation = organisation

    def create(self, *, flow: str, stage: str, input: Mapping[str, str]) -> RunRow:
        if self._organisation is None:
            raise ValueError("a run is made for an organisation")
        identity = f"{flow.replace('_', '-')}-{uuid.uuid4().hex[:10]}"
        with transaction.atomic():
            last = Run.objects.aggregate(last=Max("number"))["last"] or 0
            made = Run.objects.create(
                id=identity,
                number=last + 1,
                organisation=self._organisation,
                flow=flow,
                stage=stage,
                state=RunState.READY,
                input=dict(input),
            )
        return _row(made)

    def get(self, run: str) -> RunRow:
        found = self._all().filter(id=run).first()
        if found is None:
            raise KeyError(run)
        return _row(found)

    def list(self, limit: int = 50) -> tuple[RunRow, ...]:
        """The newest runs first."""
        return tuple(_row(run) for run in self._all().order_by("-number")[:limit])

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
    ) -> RunRow | None:
        values = {
            "state": state,
            "stage": stage or row.stage,
            "attempt": attempt or row.attempt,
            "due_at": due_at,
            "problems": problems,
            "summary": row.summary if summary is None else summary,
            "input": dict(row.input if input is None else input),
            "updated_at": database_now(),
        }
        moved = Run.objects.filter(id=row.id, state=row.state, stage=row.stage, attempt=row.attempt).update(
            **values
        )
        return self.get(row.id) if moved else None

    def running(self) -> tuple[RunRow, ...]:
        return tuple(_row(run) for run in self._all().filter(state=RunState.RUNNING).order_by("number"))

    def to_enqueue(self, now: datetime) -> tuple[RunRow, ...]:
        found = (
            self._all()
            .filter(Q(state=RunState.READY) | Q(state=RunState.WAITING, due_at__lte=now))
            .order_by("number")[:100]
        )
        return tuple(_row(run) for run in found)

    def next_due(self) -> datetime | None:
        waiting = self._all().filter(state=RunState.WAITING, due_at__isnull=False).order_by("due_at")
        return waiting.values_list("due_at", flat=True).first()

    def approved(self, run: str) -> str:
        newest = Approval.objects.filter(run_id=run).order_by("-id").first()
        return newest.fingerprint if newest else ""

    def _all(self) -> QuerySet[Run]:
        return Run.objects.select_related("organisation").filter(
            **({"organisation": self._organisation} if self._organisation is not None else {})
        )


class StoredArtifacts:
    """As `ports.storage.Artifacts`."""

    def record(self, run: str, name: str, text: str) -> str:
        sha256 = codec.digest(text)
        artifact, made = Artifact.objects.get_or_create(
            run_id=run, name=name, defaults={"sha256": sha256, "text": text}
        )
        if not made and artifact.sha256 != sha256:
            raise KeyConflict(f"The record {name!r} of run {run} was made with other content.", where=name)
        return sha256

    def read(self, run: str, name: str) -> str | None:
        found: str | None = (
            Artifact.objects.filter(run_id=run, name=name).values_list("text", flat=True).first()
        )
        return found


def _row(run: Run) -> RunRow:
    return RunRow(
        id=run.id,
        organisation=run.organisation.slug,
        flow=run.flow,
        state=RunState(run.state),
        stage=run.stage,
        attempt=run.attempt,
        input=run.input,
        due_at=run.due_at,
        summary=run.summary,
        problems=run.problems,
        created_at=run.created_at,
        updated_at=run.updated_at,
    )
