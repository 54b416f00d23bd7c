"""What is asked of commits is found by an index, whatever their number: the database says how it looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml_connector.domain.document import CommitKey
from ml_connector.domain.proposal import Subject
from ml_connector.ports.storage import Origin
from ml_connector.store.models import Commit, CommitSubject

SQLITE = connection.vendor == "sqlite"
BEGINS = "(organisation_id=? AND key>? AND key<?)" if SQLITE else "commit_key_begins"
UNIQUE = "sqlite_autoindex_store_commit" if SQLITE else "commit_key"
COMMITS = 2_000
PAY = Subject(tenant="books", entity="10", text="payroll:acme:US1:biweekly 2026-06-30")


def plans(ask: Callable[[], object]) -> str:
    """How the database looks for what is asked."""
    with CaptureQueriesContext(connection) as asked:
        ask()
    selects = [query["sql"] for query in asked.captured_queries if query["sql"].startswith("SELECT")]
    found = []
    with connection.cursor() as cursor:
        for sql in selects:
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' if SQLITE else ''}{sql}")
            found += [str(row[-1]) for row in cursor.fetchall()]
    return "\n".join(found)


def fill(storage: Any) -> None:
    """Commits of many references and a few legal entities, and what the database knows of them."""
    commits = Commit.objects.bulk_create(
        Commit(
            organisation=storage.organisation,
            connection=storage.connection,
            key=f"payroll:acme:R{number}:books:{number % 20}:1:1",
            fingerprint="f",
            state="confirmed",
            tenant="books",
            entity=str(number % 20),
            reference=f"document-{number}",
            content="x" * 500,
        )
        for number in range(COMMITS)
    )
    CommitSubject.objects.bulk_create(
        CommitSubject(
            commit=commit,
            tenant="books",
            entity=commit.entity,
            text=f"payroll:acme:US1:{commit.reference}",
            base=f"payroll:acme:US1:{commit.reference}",
        )
        for commit in commits
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def open_one(storage: Any, key: str) -> None:
    """A commit of the key."""
    origin = Origin(run="", tenant="books", shares=())
    storage.commits.open(key=key, fingerprint="f", entity="10", content="{}", origin=origin)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda commits: commits.of_run("payroll-1"), "commit_run"),
        (lambda commits: commits.of_reference("payroll:acme:R1:"), BEGINS),
        (lambda commits: commits.known_references("books", "10"), "commit_known"),
        (lambda commits: commits.get("payroll:acme:R1:books:10:1:1"), UNIQUE),
        (lambda commits: commits.of_subjects([PAY]), "commit_subject_base"),
        (lambda commits: commits.beginning(PAY), "commit_subject_base"),
    ],
)
def test_commits_are_found_by_an_index(storage: Any, ask: Callable[[Any], object], index: str) -> None:
    """And what is known in an entity by nothing else, since a commit holds whole entries."""
    fill(storage)
    plan = plans(lambda: ask(storage.commits))

    assert index in plan
    assert not [line for line in plan.splitlines() if line.startswith(("SCAN", "Seq Scan"))]
    if index == "commit_known" and SQLITE:
        assert "USING COVERING INDEX commit_known (organisation_id=? AND tenant=? AND entity=?)" in plan


def test_a_reference_is_told_from_its_neighbours(storage: Any) -> None:
    """Of other letters, of a longer name, and of one with a wildcard."""
    ours = "payroll:acme:R_1:books:10:1:1"
    for key in (ours, ours.upper(), ours.replace("R_1", "R_12"), ours.replace("R_1", "RX1")):
        open_one(storage, key)

    assert [ours] == [row.key for row in storage.commits.of_reference("payroll:acme:R_1:")]


def test_an_earlier_revision_is_found_by_its_family(storage: Any) -> None:
    """And it alone is closed."""
    for key in ("payroll:acme:R1:books:10:1:1", "payroll:acme:R1:books:100:1:1"):
        open_one(storage, key)

    open_one(storage, str(CommitKey("payroll:acme:R1:books:10", 1, 2)))

    closed = [row.key for row in storage.commits.of_reference("payroll:acme:R1:") if row.reversed_by]
    assert ["payroll:acme:R1:books:10:1:1"] == closed
