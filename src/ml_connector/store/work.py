"""What people have to look at, by looker."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from django.db import transaction
from django.db.models import Q, QuerySet

from ml_connector.domain.problem import Problem
from ml_connector.store.database import database_now
from ml_connector.store.models import Flow, Organisation, WorkItem

ROWS_A_STATEMENT = 500
SYSTEM = "system"
"""Who ends what a look finds no more."""


class StoredWorklist:
    """As `ports.work.Worklist`, of one looker."""

    def __init__(self, organisation: Organisation, about: str) -> None:
        self._organisation, self._about = organisation, about

    def found(self, look: str, problems: Iterable[Problem]) -> int:
        stream = iter(problems)
        while some := list(islice(stream, ROWS_A_STATEMENT)):
            self._note(look, {(problem.code, problem.where): problem for problem in some}.values())
        with transaction.atomic():
            now, mine = database_now(), self._mine()
            mine.filter(seen=look, by=SYSTEM).update(over_at=None, by="", why="", opened_at=now)
            mine.exclude(seen=look).filter(over_at=None).update(over_at=now)
            mine.exclude(seen=look).update(by=SYSTEM)
        return self._mine().filter(over_at=None).count()

    def _note(self, look: str, problems: Iterable[Problem]) -> None:
        now = database_now()
        rows = [
            WorkItem(
                organisation=self._organisation,
                about=self._about,
                code=problem.code,
                subject=problem.where,
                text=problem.text,
                owner=problem.owner,
                seen=look,
                opened_at=now,
            )
            for problem in problems
        ]
        WorkItem.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["organisation", "about", "code", "subject"],
            update_fields=["text", "owner", "seen"],
        )

    def _mine(self) -> QuerySet[WorkItem]:
        return WorkItem.objects.filter(organisation=self._organisation, about=self._about)


def planner(flow: Flow) -> str:
    """The looker that the plans of a flow are."""
    return f"flow {flow.pk}"


def open_items(organisation: Organisation) -> QuerySet[WorkItem]:
    """Everything that is open, oldest first."""
    return WorkItem.objects.filter(organisation=organisation, over_at=None).order_by("opened_at", "id")


def ended_by_people(organisation: Organisation) -> QuerySet[WorkItem]:
    """What people have ended with a reason and looks still find, newest first."""
    mine = WorkItem.objects.filter(organisation=organisation, over_at__isnull=False)
    return mine.filter(~Q(by=SYSTEM)).order_by("-over_at", "-id")
