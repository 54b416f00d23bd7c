"""A prepared query finds what the query itself finds, whatever the values, and is built once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models import QuerySet

from ml_connector.ports.runs import RunState
from ml_connector.store.database import database_now
from ml_connector.store.models import Artifact, Run
from ml_connector.store.prepared import SHAPES_MAX, Prepared, change, insert


def some_runs(storage: Any, count: int = 3) -> list[str]:
    return [
        storage.runs.create(flow="payroll", stage="read", input={"number": str(n)}).id for n in range(count)
    ]


def test_values_find_what_they_find_in_the_query_itself(storage: Any) -> None:
    """Text, moment, number, a tuple, nothing; rows, columns and single values; what belongs to a row."""
    one, two, three = some_runs(storage)
    moment = database_now()
    for run, seconds in ((one, -1), (two, 0), (three, 1)):
        change(Run, {"id": run}, created_at=moment + timedelta(seconds=seconds))

    @Prepared
    def runs(ids: tuple[str, ...], since: Any, attempt: int, dry: bool, state: str | None) -> QuerySet[Run]:
        found = Run.objects.select_related("organisation").filter(id__in=ids, created_at__gte=since)
        found = found.filter(attempt=attempt, dry=dry).order_by("number")
        return found if state is None else found.filter(state=state)

    @Prepared
    def columns(run: str) -> QuerySet[Run, Any]:
        return Run.objects.filter(id=run).values_list("number", "input", "created_at", "dry", "due_at")

    @Prepared
    def states(owner: int) -> QuerySet[Run, str]:
        return Run.objects.filter(organisation_id=owner).order_by("number").values_list("state", flat=True)

    def ids(*args: Any) -> list[str]:
        return [run.id for run in runs(*args)]

    assert [two, three] == ids((one, two, three), moment, 1, False, None)
    assert [two] == ids((two,), moment, 1, False, RunState.READY)
    assert [] == ids((two,), moment, 2, False, RunState.READY)
    assert [] == ids((two,), moment, 1, True, RunState.READY)
    assert [] == ids((two,), moment + timedelta(microseconds=1), 1, False, RunState.READY)
    assert [] == ids((), moment, 1, False, None)
    with_organisation = runs.first((two,), moment, 1, False, None)
    assert storage.organisation.slug == with_organisation.organisation.slug
    assert list(Run.objects.filter(id=one).values_list("number", "input", "created_at", "dry", "due_at")) == (
        columns(one)
    )
    assert [RunState.READY] * 3 == states(storage.organisation.pk)
    assert None is columns.first("' OR 1=1 --")


def test_a_query_is_built_once_for_each_shape(storage: Any) -> None:
    """Not for each call: that is what it is for. Tuples are filled up, so that few lengths are shapes."""
    first, second = some_runs(storage, 2)
    built = []

    @Prepared
    def runs(ids: tuple[str, ...]) -> QuerySet[Run]:
        built.append(len(ids))
        return Run.objects.filter(id__in=ids).order_by("number")

    assert ([first], [second]) == ([run.id for run in runs((first,))], [run.id for run in runs((second,))])
    assert [1] == built
    lengths = [1 << power for power in range(1, 9)]
    for length in range(2, 257):
        assert [first] == [run.id for run in runs((first,) * length)]
    assert [1, *lengths] == built
    assert [first, second] == [run.id for run in runs((first, "none", second))]
    assert [1, *lengths] == built


def test_no_more_texts_are_kept_than_there_is_room_for(storage: Any) -> None:
    """What is beyond is made and forgotten."""
    (run,) = some_runs(storage, 1)
    built = []

    @Prepared
    def runs(ids: tuple[tuple[str, ...], ...]) -> QuerySet[Run]:
        built.append(len(ids[0]))
        return Run.objects.filter(id__in=ids[0])

    for length in [*range(1, SHAPES_MAX + 3)] * 2:
        assert [run] == [found.id for found in runs(((run,) * length,))]

    assert SHAPES_MAX == len(runs._texts)
    assert [*range(1, SHAPES_MAX + 3), SHAPES_MAX + 1, SHAPES_MAX + 2] == built


def test_a_thread_asks_by_its_own_connection(storage: Any) -> None:
    """A query that was built in one thread is asked in another with the connection of that one."""
    (run,) = some_runs(storage, 1)

    @Prepared
    def states(run: str) -> QuerySet[Run, str]:
        return Run.objects.filter(id=run).values_list("state", flat=True)

    asked: list[Any] = [states(run)]

    def ask() -> None:
        asked.append(states(run))
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()

    assert [[RunState.READY], [RunState.READY]] == asked


def test_a_change_writes_what_it_names_where_everything_agrees(storage: Any) -> None:
    """And says how many rows it found; nothing else is touched."""
    first, second = some_runs(storage, 2)
    before, at = Run.objects.get(id=first), database_now()

    assert 1 == change(Run, {"id": first, "state": "ready"}, input={"a": "%s"}, due_at=at, dry=True)
    assert 0 == change(Run, {"id": first, "state": "done"}, summary="never")
    assert 2 == change(Run, {"organisation_id": storage.organisation.pk}, notice="both")

    after = Run.objects.get(id=first)
    assert ({"a": "%s"}, at, True, "both", "") == (
        after.input,
        after.due_at,
        after.dry,
        after.notice,
        after.summary,
    )
    assert before.created_at == after.created_at
    assert ({"number": "1"}, None) == (Run.objects.get(id=second).input, Run.objects.get(id=second).due_at)


def test_a_row_is_inserted_with_the_defaults_of_its_columns(storage: Any) -> None:
    """And what the database refuses is raised as Django raises it."""
    (run,) = some_runs(storage, 1)
    insert(Artifact, run_id=run, name="read/1/pay", sha256="a", text="t")

    row = Artifact.objects.get(run_id=run)
    assert ("read/1/pay", "a", "t", None) == (row.name, row.sha256, row.text, row.forgotten_at)
    with pytest.raises(IntegrityError):
        insert(Artifact, run_id=run, name="read/1/pay", sha256="b", text="t")
