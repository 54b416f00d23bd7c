"""Plans of alignments, row by row, and what both sides of a connection agreed on last."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, cast

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Max, QuerySet

from ml_connector.domain import codec
from ml_connector.domain.changes import Act, Change, differences
from ml_connector.errors import KeyConflict
from ml_connector.ports.plans import PlannedRow, PlanState
from ml_connector.ports.runs import RunState
from ml_connector.store.database import database_now, in_order
from ml_connector.store.installation import installation
from ml_connector.store.models import Connection, Counterpart, Flow, MappingVersion, Plan, PlannedChange, Run
from ml_connector.store.work import open_items, planner

ROWS_A_STATEMENT = 500
BASES_A_PAGE = 5_000
_FORGET = "UPDATE store_flow SET compared = '' WHERE target_id = %s AND compared <> ''"
TO_BE_MADE = (PlanState.PLANNED, PlanState.SENT, PlanState.HANDED_OVER)


class StoredPlans:
    """As `ports.plans.Plans`."""

    def store(self, run: str, changes: Iterable[Change]) -> str:
        """The changes come from reads of the vendors, so no transaction is open while they are made. A plan
        without its fingerprint is not whole, and is made anew.
        """
        running, rows = hashlib.sha256(), enumerate(changes, 1)
        with transaction.atomic():
            Plan.objects.filter(run_id=run).delete()
            _planned(run).delete()
        while some := list(islice(rows, ROWS_A_STATEMENT)):
            texts = [codec.encode(change) for _, change in some]
            for text in texts:
                running.update(text.encode() + b"\n")
            PlannedChange.objects.bulk_create(_made(run, some, texts))
        fingerprint = running.hexdigest()
        Plan.objects.create(run_id=run, fingerprint=fingerprint)
        return fingerprint

    def fingerprint(self, run: str) -> str:
        found = Plan.objects.filter(run_id=run).values_list("fingerprint", flat=True).first()
        return found or ""

    def hashed(self, run: str) -> str:
        """The fingerprint that the run's plan has as it stands now."""
        running = hashlib.sha256()
        for text in _planned(run).order_by("number").values_list("change", flat=True).iterator():
            running.update(text.encode() + b"\n")
        return running.hexdigest()

    def counts(self, run: str) -> Mapping[PlanState, int]:
        found = _planned(run).values_list("state").annotate(Count("id"))
        return {PlanState(state): count for state, count in found}

    def next(
        self, run: str, states: Collection[PlanState], most: int, after: int = 0
    ) -> tuple[PlannedRow, ...]:
        found = _planned(run).filter(state__in=list(states), number__gt=after).order_by("number")[:most]
        return tuple(
            PlannedRow(
                number=row.number,
                change=cast(Change, codec.decode(row.change)),
                state=PlanState(row.state),
                detail=row.detail,
            )
            for row in found
        )

    def opens(self, run: str, keys: Collection[str]) -> bool:
        rows = _planned(run).filter(key__in=list(keys), state__in=TO_BE_MADE)
        changes = [cast(Change, codec.decode(text)) for text in rows.values_list("change", flat=True)]
        opened = {change.key for change in changes if change.after is not None and change.after.open}
        return opened >= set(keys)

    def mark(
        self,
        run: str,
        numbers: Collection[int],
        state: PlanState,
        detail: str = "",
        at: datetime | None = None,
    ) -> None:
        values: dict[str, Any] = {"state": state, "detail": detail}
        if at is not None:
            values["sent_at"] = at
        given = list(numbers)
        with transaction.atomic():
            for first in range(0, len(given), ROWS_A_STATEMENT):
                some = given[first : first + ROWS_A_STATEMENT]
                _planned(run).filter(number__in=some).update(**values)

    def last_sent(self, run: str) -> datetime | None:
        found = _planned(run).filter(state=PlanState.SENT).aggregate(last=Max("sent_at"))["last"]
        return cast(datetime | None, found)


class StoredComparisons:
    """As `ports.plans.Comparisons`, of one flow."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def in_order_since(self, run: str, wished: str) -> datetime | None:
        mine = Run.objects.filter(settings=self._flow, dry=False).exclude(id=run)
        before = mine.order_by("-number").values_list("state", flat=True).first()
        items = open_items(self._flow.organisation).filter(about=planner(self._flow))
        if before != RunState.DONE or items.exists():
            return None
        found = self._mine().filter(compared=self._digest(wished)).values_list("compared_at", flat=True)
        return found.first()

    def begin(self, run: str) -> None:
        self._mine().update(compared=run, compared_at=database_now())

    def in_order(self, run: str, wished: str) -> None:
        self._mine().filter(compared=run).update(compared=self._digest(wished))

    def forget(self) -> None:
        forget_comparisons(self._flow.target)

    def _mine(self) -> QuerySet[Flow]:
        return Flow.objects.filter(pk=self._flow.pk)

    def _digest(self, wished: str) -> str:
        """Of that, with all that else decides what a pass would find to do."""
        flow, here = self._flow, installation()
        versions = MappingVersion.objects.filter(organisation=flow.organisation, name=flow.mapping)
        mapping = versions.order_by("-version").values_list("fingerprint", flat=True).first()
        settings = [sorted(one.settings.items()) for one in (flow.source, flow.target)]
        known = [here.identity, here.release, flow.mode, sorted(flow.options.items()), settings, mapping]
        return hashlib.sha256(f"{wished} {known!r}".encode()).hexdigest()


def forget_comparisons(target: Connection) -> None:
    """The system may have other records than when it was compared: the next pass of every flow to it reads
    them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [target.pk])


class StoredLinks:
    """As `ports.plans.Links`, of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def bases(self, kind: str) -> Iterator[tuple[str, Any]]:
        """Page by page, because others are noted meanwhile: SQLite leaves open what a query that is being
        read shows of that.
        """
        place = in_order("ours")
        rows = self._links(kind).exclude(base="").annotate(place=place).order_by("place")
        last = ""
        while page := list(rows.filter(place__gt=last).values_list("ours", "base")[:BASES_A_PAGE]):
            for ours, base in page:
                yield ours, codec.decode(base)
            last = page[-1][0]

    def agree(self, kind: str, records: Mapping[str, Any]) -> None:
        now = database_now()
        rows = [
            Counterpart(
                connection=self._connection, kind=kind, ours=key, base=codec.encode(record), agreed_at=now
            )
            for key, record in records.items()
        ]
        Counterpart.objects.bulk_create(
            rows,
            batch_size=ROWS_A_STATEMENT,
            update_conflicts=True,
            unique_fields=["connection", "kind", "ours"],
            update_fields=["base", "agreed_at"],
        )

    def know(self, kind: str, theirs: Mapping[str, str]) -> None:
        now = database_now()
        rows = [
            Counterpart(connection=self._connection, kind=kind, ours=key, theirs=named, agreed_at=now)
            for key, named in theirs.items()
        ]
        try:
            with transaction.atomic():
                Counterpart.objects.bulk_create(
                    rows,
                    batch_size=ROWS_A_STATEMENT,
                    update_conflicts=True,
                    unique_fields=["connection", "kind", "ours"],
                    update_fields=["theirs"],
                )
        except IntegrityError:
            named = ", ".join(list(theirs.values())[:3])
            text = f"{named} at {self._connection.name} belongs to another {kind} already."
            raise KeyConflict(text, where=named) from None

    def theirs(self, kind: str, key: str) -> str:
        found = self._links(kind).filter(ours=key).values_list("theirs", flat=True).first()
        return found or ""

    def known(self, kind: str) -> Iterator[tuple[str, str]]:
        yield from self._links(kind).exclude(theirs="").values_list("ours", "theirs")

    def forget(self, kind: str, keys: Collection[str]) -> None:
        given = list(keys)
        for first in range(0, len(given), ROWS_A_STATEMENT):
            self._links(kind).filter(ours__in=given[first : first + ROWS_A_STATEMENT]).update(theirs="")

    def _links(self, kind: str) -> QuerySet[Counterpart]:
        return Counterpart.objects.filter(connection=self._connection, kind=kind)


def _planned(run: str) -> QuerySet[PlannedChange]:
    return PlannedChange.objects.filter(run_id=run)


_STATES = {
    Act.CONFLICT: PlanState.CONFLICT,
    Act.NOT_HELD: PlanState.REFUSED,
    Act.THEIRS: PlanState.NOTED,
    Act.STAYS: PlanState.NOTED,
}


def _made(run: str, some: list[tuple[int, Change]], texts: list[str]) -> Iterator[PlannedChange]:
    for (number, change), text in zip(some, texts, strict=True):
        detail = change.why or ""
        if change.act is Act.CONFLICT and not detail:
            shown = differences(change.before, change.after)
            detail = f"{change.key} was edited in the other system: {shown}."
        yield PlannedChange(
            run_id=run,
            number=number,
            key=change.key,
            change=text,
            state=_STATES.get(change.act, PlanState.PLANNED),
            detail=detail,
        )
