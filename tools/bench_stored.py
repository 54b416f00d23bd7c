"""What is asked of an installation with many runs and commits, and what one takes that has nothing to do."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from measured import idle

RUNS = 10_000
BATCH = 500
REPETITIONS = 5
SETTLE_SECONDS, WATCH_SECONDS = 8.0, 30.0
ENGINE_ALONE = """
import sys, time
from dbos import DBOS
DBOS(config={"name": "alone", "system_database_url": "sqlite:///" + sys.argv[1], "log_level": "ERROR",
    "console_log_level": "ERROR", "enable_otlp": False, "use_listen_notify": False})
DBOS.launch()
time.sleep(3600)
"""


def doing_nothing(folder: Path) -> dict[str, Any]:
    """`serve` without anything to do, and beside it the durable engine alone."""
    home = folder / "idle"
    environment = {**os.environ, "ML_CONNECTOR_HOME": str(home)}
    command = [sys.executable, "-m", "ml_connector.cli.main", "serve"]
    idle(command, environment, settle=SETTLE_SECONDS, watch=0.1)
    ours = idle(command, environment, settle=SETTLE_SECONDS, watch=WATCH_SECONDS)
    alone = [sys.executable, "-c", ENGINE_ALONE, str(folder / "alone.sqlite3")]
    engine = idle(alone, os.environ, settle=SETTLE_SECONDS, watch=WATCH_SECONDS)
    return {"idle_percent": ours["percent"], "idle_mb": ours["mb"], "engine_alone": engine}


def look_ups(folder: Path) -> dict[str, Any]:
    """Milliseconds of CPU of what is looked up most, with ten thousand runs and commits of one company."""
    from ml_connector.app.settings import Settings, start_django

    start_django(Settings(home=folder / "stored"))
    from ml_connector.app.access import Access
    from ml_connector.domain.proposal import Subject
    from ml_connector.store.commits import StoredCommits
    from ml_connector.store.models import Commit, CommitSubject, Connection, Flow, Run, RunSubject

    organisation, now = Access("default").organisation, datetime.now(UTC)
    ledger = Connection.objects.create(organisation=organisation, name="books", connector="x")
    settings = Flow.objects.create(organisation=organisation, kind="payroll", source=ledger, target=ledger)
    subject, content = "payroll:acme:US1:weekly", "x" * 20_000
    ages = [now - timedelta(hours=number) for number in range(RUNS)]
    Run.objects.bulk_create(
        (
            Run(
                id=f"run-{number}",
                number=number,
                organisation=organisation,
                flow="payroll",
                state="done",
                stage="confirm",
                settings=settings,
                reference=f"R{number}",
                created_at=at,
                updated_at=at,
            )
            for number, at in enumerate(ages)
        ),
        batch_size=BATCH,
    )
    commits = Commit.objects.bulk_create(
        (
            Commit(
                organisation=organisation,
                connection=ledger,
                run_id=f"run-{number}",
                key=f"payroll:acme:R{number}:books:10:1:1",
                fingerprint="f",
                state="confirmed",
                tenant="books",
                entity="10",
                reference=f"document-{number}",
                content=content,
                created_at=at,
            )
            for number, at in enumerate(ages)
        ),
        batch_size=BATCH,
    )
    days = [date(2026, 6, 30) - timedelta(days=7 * number) for number in range(RUNS)]
    names = [f"{subject} {days[number % 5_000]}" for number in range(RUNS)]
    pays = [Subject(tenant="books", entity="10", text=name) for name in names]
    paid = [
        {"tenant": pay.tenant, "entity": pay.entity, "text": pay.text, "base": pay.text, "day": pay.day}
        for pay in pays
    ]
    CommitSubject.objects.bulk_create(
        (CommitSubject(commit=commit, **values) for commit, values in zip(commits, paid, strict=True)),
        batch_size=BATCH,
    )
    RunSubject.objects.bulk_create(
        (RunSubject(run_id=f"run-{number}", **values) for number, values in enumerate(paid)), batch_size=BATCH
    )
    stored, runs = StoredCommits(ledger), Access("default").runs
    pay = Subject(tenant="books", entity="10", text=f"{subject} {days[5]}")
    company = Subject(tenant="books", entity="10", text=f"{subject} ")
    near = [str(days[5]), str(days[6])]
    offered = [f"R{number}" for number in range(100)]
    asked: dict[str, Callable[[], object]] = {
        "known references": lambda: stored.known_references("books", "10"),
        "new pay runs": lambda: runs.taken("payroll", 1, offered),
        "commits of a run": lambda: stored.of_run("run-5"),
        "commits of a pay": lambda: stored.of_subjects([pay]),
        "commits of a document": lambda: stored.holding("books", "10", "document-5"),
        "newest runs": lambda: runs.list(50),
        "one run": lambda: runs.get("run-5"),
        "runs to carry out": lambda: runs.to_enqueue(now),
        "documents shown deleted": lambda: stored.deleted_since(now - timedelta(days=45)),
        "pays of a company that are booked": lambda: stored.beginning(company, near),
        "runs of a company that are done": lambda: runs.done_beginning("run-5", [company], near),
        "runs of a company that are not": lambda: runs.others_beginning("run-5", [company], near),
    }
    taken = {name: _milliseconds(ask) for name, ask in asked.items()}
    return {"look_ups_ms": taken, "slowest_look_up_ms": max(taken.values())}


def _milliseconds(ask: Callable[[], object]) -> float:
    ask()
    taken = []
    for _ in range(REPETITIONS):
        began = time.thread_time()
        ask()
        taken.append(1_000 * (time.thread_time() - began))
    return round(statistics.median(taken), 2)
