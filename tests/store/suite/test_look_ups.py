"""What is asked of commits is found by an index, whatever their number: the database says how it looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml_connector.domain.document import CommitKey
from ml_connector.domain.proposal import Share, Subject
from ml_connector.ports.commits import Origin
from ml_connector.store.models import Commit, CommitSubject, Connection, Flow, Run

SQLITE = connection.vendor == "sqlite"
BEGINS = "(organisation_id=? AND key>? AND key<?)" if SQLITE else "commit_key_begins"
UNIQUE = "sqlite_autoindex_store_commit" if SQLITE else "commit_key"
WHOLE = r"SCAN store_(run|commit)\b|.*Seq Scan on store_(run|commit)\b"
COMMITS = 2_000
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
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


def analyse() -> None:
    """As PostgreSQL does by itself now and then, and SQLite never."""
    if not SQLITE:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


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
            day=f"20{number // 360:02}-{number // 30 % 12 + 1:02}-{number % 30 + 1:02}",
        )
        for number, commit in enumerate(commits)
    )
    analyse()


def fill_runs(storage: Any) -> int:
    """Runs of many references, all of them done, and nothing that moved lately; the id of their flow."""
    made = {"organisation": storage.organisation, "connector": "reference"}
    source, target = (Connection.objects.create(name=name, **made) for name in ("from", "to"))
    settings: int = Flow.objects.create(
        organisation=storage.organisation, kind="payroll", source=source, target=target
    ).pk
    Run.objects.bulk_create(
        Run(
            id=f"run-{storage.organisation.pk}-{number}",
            number=number,
            organisation=storage.organisation,
            flow="payroll",
            state="done",
            stage="confirm",
            settings_id=settings,
            reference=f"R{number}",
            updated_at=LONG_AGO,
        )
        for number in range(COMMITS)
    )
    Commit.objects.update(created_at=LONG_AGO)
    analyse()
    return settings


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
        (lambda commits: commits.beginning(PAY, ["2026-06-30", "2026-07-03"]), "commit_subject_day"),
        (lambda commits: commits.reversed_by("payroll:acme:R1:books:10:1:1"), "commit_reversed_by"),
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


@pytest.mark.parametrize(
    ("ask", "indexes"),
    [
        (lambda storage: storage.runs.list(50), ["run_newest" if SQLITE else "store_run_number"]),
        (lambda storage: storage.runs.taken("payroll", 7, ["R1", "R2", "R3"]), ["run_taken"]),
        (lambda storage: storage.commits.booked_since(storage.now()), ["commit_made", "run_moved"]),
        (lambda storage: storage.commits.holding("books", "10", "document-10"), ["commit_known"]),
        (lambda storage: storage.commits.deleted_since(storage.now()), ["commit_reversed_by"]),
    ],
)
def test_runs_and_what_they_booked_are_found_by_an_index(
    storage: Any, ask: Callable[[Any], object], indexes: list[str]
) -> None:
    """The newest ones, those that have taken up a pay run, and what was booked lately."""
    fill(storage)
    fill_runs(storage)
    plan = plans(lambda: ask(storage))

    assert [] == [index for index in indexes if index not in plan], plan
    assert not [line for line in plan.splitlines() if re.match(WHOLE, line)]


def test_pays_of_a_company_are_found_by_their_days(storage: Any) -> None:
    """And those that are named by none or by several, whose day stands nowhere but in what was recorded."""
    company = Subject(tenant="books", entity="10", text="payroll:acme:US1:")
    texts = ["weekly 2026-06-30", "weekly 2026-07-07", "weekly 7", "weekly 2026-07-07 2026-07-14"]
    pays = [replace(company, text=f"{company.text}{text}") for text in texts]
    for number, pay in enumerate(pays):
        run = storage.runs.create(flow="payroll", stage="read", input={})
        storage.runs.record_subjects(run.id, [pay])
        shares = (Share(key="", subject=pay),)
        key = f"payroll:acme:P{number}:books:10:1:1"
        origin = Origin(run=run.id, tenant="books", shares=shares)
        storage.commits.open(key=key, fingerprint="f", entity="10", content="{}", origin=origin)
    others = [pay.text for pay in (pays[0], *pays[2:])]

    assert others == [pay.text for pay, _ in storage.commits.beginning(company, ["2026-06-30"])]
    spoken = storage.runs.others_beginning("none", [company], ["2026-06-30"])
    assert others == [other.subject.text for other in spoken]
    assert () == storage.runs.done_beginning("none", [company], ["2026-06-30"])
    assert len(pays) == len(storage.commits.beginning(company))


def test_a_pay_run_that_a_run_of_the_flow_has_is_taken(storage: Any) -> None:
    """Of that flow only, and among many."""
    flow = fill_runs(storage)
    asked = [f"R{number}" for number in range(COMMITS - 3, COMMITS + 3)]

    assert {f"R{number}" for number in range(COMMITS - 3, COMMITS)} == storage.runs.taken(
        "payroll", flow, asked
    )
    assert frozenset() == storage.runs.taken("payroll", flow + 1, asked)
    assert frozenset() == storage.runs.taken("payroll", flow, [])


def test_what_was_booked_in_some_books_is_that_of_all_books_less_the_others(storage: Any) -> None:
    """A commit made before, whose run moved since, with it."""
    fill(storage)
    began = storage.now()
    run = storage.runs.create(flow="payroll", stage="post", input={})
    Commit.objects.filter(organisation=storage.organisation).update(created_at=LONG_AGO)
    Commit.objects.filter(organisation=storage.organisation, entity="3").update(run_id=run.id)
    every = storage.commits.booked_since(LONG_AGO)

    assert COMMITS == len(every)
    wanted = [("books", "3"), ("books", "4"), ("others", "5")]
    assert tuple(row for row in every if row.entity in "34") == storage.commits.booked_since(LONG_AGO, wanted)
    assert {"3"} == {row.entity for row in storage.commits.booked_since(began)}
    assert () == storage.commits.booked_since(began, [("books", "4")])


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
