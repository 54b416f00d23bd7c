"""What people have to look at: opened by a look, over when a look finds it no more."""

from __future__ import annotations

from typing import Any

from ml_connector.domain.problem import Owner, Problem
from ml_connector.store.database import database_now
from ml_connector.store.models import WorkItem
from ml_connector.store.work import StoredWorklist, ended_by_people, open_items


def thing(where: str, code: str = "member.unknown", text: str = "Look.") -> Problem:
    return Problem(code, where, text, Owner.ADMINISTRATOR)


def worklist(storage: Any, about: str = "flow 1") -> StoredWorklist:
    return StoredWorklist(storage.connection.organisation, about)


def subjects(storage: Any) -> list[str]:
    return [row.subject for row in open_items(storage.connection.organisation)]


def end(storage: Any, subject: str) -> None:
    row = open_items(storage.connection.organisation).get(subject=subject)
    row.over_at, row.by, row.why = database_now(), "ada", "meant so"
    row.save()


def test_what_is_found_is_open_once_however_often_it_is_found(storage: Any) -> None:
    for look in ("1", "2"):
        assert 2 == worklist(storage).found(look, [thing("a"), thing("b"), thing("a")])

    assert ["a", "b"] == subjects(storage)


def test_what_is_found_no_more_is_over_and_open_again_when_it_is_back(storage: Any) -> None:
    worklist(storage).found("1", [thing("a"), thing("b")])
    assert 1 == worklist(storage).found("2", [thing("b")])
    assert ["b"] == subjects(storage)
    worklist(storage).found("3", [thing("a"), thing("b")])

    assert {"a", "b"} == set(subjects(storage))
    assert {""} == {row.by for row in WorkItem.objects.all()}


def test_what_a_person_ended_is_not_asked_again_while_looks_find_it(storage: Any) -> None:
    worklist(storage).found("1", [thing("a")])
    end(storage, "a")

    assert 0 == worklist(storage).found("2", [thing("a", text="Look again.")])
    assert ["a"] == [row.subject for row in ended_by_people(storage.connection.organisation)]


def test_what_a_person_ended_and_was_gone_since_is_asked_anew(storage: Any) -> None:
    """It is another case."""
    worklist(storage).found("1", [thing("a")])
    end(storage, "a")
    worklist(storage).found("2", [])

    assert 1 == worklist(storage).found("3", [thing("a")])


def test_two_lookers_do_not_end_what_the_other_found(storage: Any) -> None:
    worklist(storage, "flow 1").found("1", [thing("a")])
    worklist(storage, "flow 2").found("1", [thing("a"), thing("b", "other")])
    worklist(storage, "flow 1").found("2", [])

    assert ["a", "b"] == subjects(storage)


def test_many_things_are_noted_in_few_statements(storage: Any) -> None:
    from django.db import connection

    statements: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    for look in ("1", "2"):
        statements.clear()
        with connection.execute_wrapper(count):
            assert 2_000 == worklist(storage).found(look, (thing(f"{n:04}") for n in range(2_000)))
        assert len(statements) < 100
