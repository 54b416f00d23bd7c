"""What is kept how long, in one table, and the forgetting of what is older.

The audit chain, commits, intents, approvals and statements are never removed. What is removed of a run leaves
the hash of each of its records, and when it was removed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum

from ml_connector.app.assemble import Assembly
from ml_connector.app.settings import DatabaseUnusable, unusable
from ml_connector.ports.runs import RunState
from ml_connector.runs.durable import KEEP_DAYS
from ml_connector.store.files import FolderFiles
from ml_connector.store.models import (
    AlertMessage,
    Artifact,
    ExchangeRow,
    GroupLink,
    HookEvent,
    IntakeFile,
    Link,
    Run,
    StagedBlock,
)

OVER = (RunState.DONE, RunState.CANCELLED, RunState.CLOSED)
"""A run in another state may go on, so nothing of it is removed."""
RUNS_A_ROUND = 100
PASSES_EVERY = timedelta(days=1)
FORGET_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that grows: for how many days it is kept (`None` for ever), since when they are counted, and
    what is left afterwards.
    """

    what: str
    days: int | None
    since: str
    left: str

    @property
    def period(self) -> str:
        """How long, in words."""
        return "for ever" if self.days is None else f"{self.days} days"


EXCHANGES = Kept(
    what="Requests to vendors and their answers, redacted", days=400, since="the request", left="nothing"
)
SOURCE_LINES = Kept(
    what="Source lines of a run, their blocks, and which journal line each went to",
    days=400,
    since="the end of the run",
    left="the date of removal, and the hashes of what was made of them",
)
RECORDS = Kept(
    what="Records of a run: pay run, proposal, register, tie-out",
    days=3653,
    since="the end of the run",
    left="the date of removal, and the hash of each",
)
PASSES = Kept(
    what="Finished passes of the durable engine", days=KEEP_DAYS, since="the end of the pass", left="nothing"
)
MESSAGES = Kept(
    what="Messages of alerts, and of what became of reports, delivered or taken back",
    days=400,
    since="the message",
    left="the alert, or the report",
)
EVENTS = Kept(
    what="Notifications of vendors: id, topic, key, company, times",
    days=35,
    since="the notification",
    left="how many there were of each topic",
)
FILES_OF_NOBODY = Kept(
    what="Receipts that came without a report being stored: the process died, or the report was refused",
    days=35,
    since="the request",
    left="nothing",
)
FOR_EVER = tuple(
    Kept(what=what, days=None, since="", left="all of it")
    for what in (
        "Audit log",
        "Entries sent to a ledger, their sends, approvals and statements",
        "Runs, with their state, summary and answers",
        "Expense reports that were sent, what became of them, their receipts, and their idempotency keys",
        "Files of invoices that were read, by their bytes",
        "Lists of ledgers that programs of a client choose from",
        "Mappings, all versions",
        "Incidents",
        "Alerts",
    )
)
RETENTION = (EXCHANGES, SOURCE_LINES, RECORDS, PASSES, MESSAGES, EVENTS, FILES_OF_NOBODY, *FOR_EVER)


def forget(assembly: Assembly) -> dict[str, int]:
    """Remove what is older than it is kept; how much of each. Long work is done a part at a time."""
    now = assembly.clock.now()
    exchanges, _ = ExchangeRow.objects.filter(at__lt=_before(now, EXCHANGES)).delete()
    ended = AlertMessage.objects.filter(made_at__lt=_before(now, MESSAGES), due_at=None)
    messages, _ = ended.filter(Q(error="") | Q(delivered_at__isnull=False)).delete()
    staged = sum(_forget_lines(assembly, run, now) for run in _old_runs(now, SOURCE_LINES, lines=True))
    records = sum(_forget_records(assembly, run, now) for run in _old_runs(now, RECORDS, lines=False))
    events, _ = HookEvent.objects.filter(received_at__lt=_before(now, EVENTS)).delete()
    files = FolderFiles(assembly.settings.files).forget_noted(_before(now, FILES_OF_NOBODY), _is_named)
    return {
        "exchanges": exchanges,
        "staged": staged,
        "records": records,
        "messages": messages,
        "events": events,
        "files": files,
    }


def _is_named(sha256: str) -> bool:
    return IntakeFile.objects.filter(sha256=sha256).exists()


def _before(now: datetime, kept: Kept) -> datetime:
    return now - timedelta(days=kept.days or 0)


def _old_runs(now: datetime, kept: Kept, *, lines: bool) -> Iterator[Run]:
    """Runs that ended so long ago and of which this is still there, the oldest first."""
    there: dict[str, Any] = {"forgotten_at": None} if lines else {"artifact__forgotten_at": None}
    old = Run.objects.filter(state__in=OVER, updated_at__lt=_before(now, kept), **there)
    if not lines:
        old = old.filter(artifact__isnull=False)
    yield from old.select_related("organisation").order_by("number").distinct()[:RUNS_A_ROUND]


def _forget_lines(assembly: Assembly, run: Run, now: datetime) -> int:
    with transaction.atomic():
        count = StagedBlock.objects.filter(run=run).aggregate(lines=Sum("rows"))["lines"] or 0
        for model in (Link, GroupLink, StagedBlock):
            model.objects.filter(run=run).delete()
        Run.objects.filter(pk=run.pk).update(forgotten_at=now)
        _note(assembly, run, "run.lines_forgotten", count)
    return count


def _forget_records(assembly: Assembly, run: Run, now: datetime) -> int:
    with transaction.atomic():
        count = Artifact.objects.filter(run=run, forgotten_at__isnull=True).update(text="", forgotten_at=now)
        _note(assembly, run, "run.records_forgotten", count)
    return count


def forget_passes(assembly: Assembly) -> int:
    """Remove finished passes of the durable engine that are older than they are kept; how many. Where the
    engine is not loaded, a short process does it once a day, so that this one stays small.
    """
    now, url = assembly.clock.now(), assembly.settings.engine
    before = _before(now, PASSES)
    milliseconds = int(before.timestamp() * 1000)
    if "dbos" not in sys.modules:
        last = assembly.passes_forgotten_at
        if (last is not None and now - last < PASSES_EVERY) or not _runs_before(before):
            return 0
        count = _forget_in_a_process(url, milliseconds)
        assembly.passes_forgotten_at = now
        return count
    from ml_connector.runs.engine import Recoverer

    recoverer = Recoverer(url)
    try:
        return recoverer.forget(milliseconds)
    finally:
        recoverer.close()


def _runs_before(moment: datetime) -> bool:
    """Whether any run is as old; no pass is older than its run."""
    return Run.objects.filter(created_at__lt=moment).exists()


def _forget_in_a_process(url: str, before_ms: int) -> int:
    """The address may hold a password, so it is no argument. Raises `DatabaseUnusable`."""
    command = [sys.executable, "-P", "-m", "ml_connector.runs.forgetting"]
    given: dict[str, Any] = {"capture_output": True, "text": True, "start_new_session": True}
    try:
        done = subprocess.run(
            command, input=json.dumps([url, before_ms]), check=True, timeout=FORGET_SECONDS, **given
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise DatabaseUnusable(f"Old passes of the durable engine were not removed: {error}") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or [str(error)]
        raise DatabaseUnusable(unusable(RuntimeError(said[-1]))) from None
    return int(done.stdout.split()[-1])


def _note(assembly: Assembly, run: Run, action: str, count: int) -> None:
    audit = assembly.access(run.organisation.slug).audit
    audit.append(actor="system", action=action, subject=run.pk, detail={"count": count})
