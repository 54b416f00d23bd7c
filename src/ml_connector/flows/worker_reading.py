"""What is kept of a payroll's workers, brought up to date: whose record may have changed since the last pass
is read again, and everybody at first, once a week, and where the source cannot tell.

What was read is kept with all that is entered for later days. A row of the source that cannot be understood
leaves its worker as known: the others go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from ml_connector.domain.dimension import Dimension, Dimensions, DimensionValue
from ml_connector.domain.worker import NOBODY, UnreadWorker, Worker
from ml_connector.flows import dated_back, worker_finds
from ml_connector.flows.flow import Opening, Option, PolicyError
from ml_connector.flows.worker_finds import Finds
from ml_connector.flows.worker_numbers import number_of
from ml_connector.flows.worker_steps import Steps, begun
from ml_connector.flows.zones import OTHERS, today
from ml_connector.ports.snapshots import Followed
from ml_connector.ports.workers import WorkerSource
from ml_connector.runs.run import Next, Run

KIND = "worker"
UNREAD = "worker.unread"
"""Snapshots of those whose rows could not be understood when they were read last."""
ROWS = 500
"""Workers that are compared at a time."""
WHOLE_EVERY = timedelta(days=7)
"""How often everybody is read, whatever the source says of changes."""

GIVEN = (Option(name="everybody", help="yes: read everybody, not only whose record changed"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersInput:
    """What a pass is given: with `everybody` it reads every worker, whatever the source says of changes."""

    everybody: str = ""


def read_given(given: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """What was given to a pass. Raises `PolicyError`."""
    everybody = next(iter(given.get("everybody", ())), "")
    if everybody not in ("", "yes", "no"):
        raise PolicyError(f"everybody is {everybody!r}, expected yes or no")
    return {"everybody": "yes"} if everybody == "yes" else {}


def read_workers(opening: Opening, run: Run) -> Next:
    """Bring what is kept of the source up to date. Where to go on is asked before everybody is read, so that
    nothing that changes meanwhile is missed.
    """
    source: WorkerSource = opening.systems.source.source(Worker)
    policy, kept, now = opening.policy, opening.snapshots(), opening.commits.now()
    followed = kept.followed(KIND)
    changed = source.changed(followed.cursor if followed else "")
    everybody = run.given(WorkersInput).everybody == "yes"
    steps = Steps(run=run, day_of=lambda company: _day(policy, company, now), first=followed is None)
    finds = Finds(
        named=frozenset(changed.keys if followed else ()),
        day_of=steps.day_of,
        brought=lambda worker: _of_today(policy, worker, followed.at if followed else now, now),
        asked=followed is not None and not changed.whole and not changed.early,
    )
    if followed is None or changed.whole or everybody or now - followed.whole_at >= WHOLE_EVERY:
        unread: dict[str, UnreadWorker] = {}
        read_again = _everybody(opening, source, followed, now, unread, steps, finds)
        gone = kept.replace(KIND, read_again, changed.cursor)
        kept.replace(UNREAD, unread.values(), "")
        if finds.asked:
            worker_finds.keep(kept, finds.unnamed, now.date())
        opening.comparisons.forget()
        return _went(run, finds, {"what": "everybody", "gone": gone, "unread": len(unread)})
    known_unread = {row.key for row in kept.rows(UNREAD)}
    again = known_unread - {NOBODY} if changed.cursor != followed.cursor else set()
    keys = again.union(changed.keys)
    read = source.read(sorted(keys)) if keys else {}
    unread = {key: row for key, row in read.items() if isinstance(row, UnreadWorker)}
    found = {key: _of_today(policy, row, now, now) for key, row in read.items() if isinstance(row, Worker)}
    if unread or known_unread & keys:
        kept.update(UNREAD, unread, sorted(keys - unread.keys()), "")
    gone_keys = sorted(keys - read.keys())
    old = kept.some(KIND, [*found, *gone_keys])
    _note_dated_back(opening, ((old[key], found[key]) for key in old if key in found), followed.at, now)
    finds.named = keys
    for key in [*found, *gone_keys]:
        steps.compare(old.get(key), found.get(key))
        finds.count(old.get(key), found.get(key))
    run.check(steps.wrong())
    due = _due(opening, followed.at, now, keys - unread.keys())
    if changed.cursor != followed.cursor or keys or due:
        kept.update(KIND, {**due, **found}, gone_keys, changed.cursor)
    finds.dates += len(due)
    if finds.asked:
        worker_finds.hear(kept, changed.keys)
    counts = {"read": len(found), "gone": len(gone_keys), "due": len(due), "unread": len(unread)}
    return _went(run, finds, {"what": "changes", **counts})


def _went(run: Run, finds: Finds, counts: Mapping[str, str | int]) -> Next:
    """Note what came of the reading, and by which way it was found."""
    found = run.step("found_by", finds.told)
    ways = {"by_changes": found.changes, "by_full_read": found.full_read, "by_date": found.date}
    unnamed = ", ".join(found.unnamed[: worker_finds.NAMED]) + (
        ", …" if len(found.unnamed) > worker_finds.NAMED else ""
    )
    run.audit("run.read", {**counts, **ways, **({"unnamed": unnamed} if unnamed else {})})
    return Next("plan")


def _everybody(
    opening: Opening,
    source: WorkerSource,
    followed: Followed | None,
    now: datetime,
    unread: dict[str, UnreadWorker],
    steps: Steps,
    finds: Finds,
) -> Iterator[Worker]:
    """Everybody of the source, and whom it listed with rows that cannot be understood as they were before:
    those are `unread`. Who is placed otherwise than was known, and nobody told of it, is read by itself, with
    what held before; what is dated back is noted before the row of before is written over.
    """
    policy = opening.policy
    kept, workers = opening.snapshots(), source.workers()
    seen: set[str] = set()
    held: dict[str, Worker] = {}
    while some := list(islice(workers, ROWS)):
        old = kept.some(KIND, [worker.key for worker in some]) if followed else {}
        for worker in some:
            seen.add(worker.key)
            before = old.get(worker.key)
            if isinstance(worker, UnreadWorker):
                unread[worker.key] = worker
                steps.compare(before, before)
                yield from () if before is None else (before,)
                continue
            worker = _of_today(policy, worker, now, now)
            steps.compare(before, worker)
            if NOBODY in unread and before is not None and not begun(before) <= begun(worker):
                yield before
                continue
            finds.count(before, worker)
            if before is None:
                yield worker
            elif _places(policy, before, now) != _places(policy, worker, now):
                held[worker.key] = before
            else:
                yield worker
    if followed is not None and held:
        read = source.read(sorted(held))
        unread.update((key, one) for key, one in read.items() if isinstance(one, UnreadWorker))
        yield from (held[key] for key in unread.keys() & held.keys())
        found = {
            key: _of_today(policy, one, now, now) for key, one in read.items() if isinstance(one, Worker)
        }
        _note_dated_back(opening, ((held[key], found[key]) for key in found), followed.at, now)
        yield from found.values()
    for row in kept.rows(KIND) if followed else ():
        if row.key not in seen:
            steps.compare(row, row if NOBODY in unread else None)
            finds.count(row, row if NOBODY in unread else None)
            yield from (row,) if NOBODY in unread else ()
    steps.run.check(steps.wrong())
    if opening.systems.target.register(DimensionValue).limits.shared:
        # Where each company has rows of its own, the plan counts what it closes in each.
        steps.run.check(steps.losses())


def _note_dated_back(
    opening: Opening, pairs: Iterable[dated_back.Pair], last: datetime, now: datetime
) -> None:
    policy = opening.policy

    def code(worker: Worker) -> Dimension:
        return Dimension(policy.axis, number_of(worker, policy.code))

    dated_back.note(opening, code, pairs, last, now)


def _places(policy: Any, worker: Worker, now: datetime) -> dict[tuple[str, date], Dimensions]:
    """Where the worker is placed today, in each employment."""
    return {
        (each.company, each.start): each.codes_on(_day(policy, each.company, now))
        for each in worker.employments
    }


def _day(policy: Any, company: str, now: datetime) -> date:
    return today(policy.zones, policy.entities.get(company, OTHERS), now)


def _due(opening: Opening, last: datetime, now: datetime, but: Collection[str]) -> dict[str, Worker]:
    """Workers for whom a placement that is known took effect since the last pass, by key, as they are now."""
    policy = opening.policy
    entities = (OTHERS, *policy.entities.values())
    if all(today(policy.zones, each, last) == today(policy.zones, each, now) for each in entities):
        return {}
    found = {}
    for worker in opening.snapshots().rows(KIND):
        if worker.key not in but and (of_today := _of_today(policy, worker, last, now)) != worker:
            found[worker.key] = of_today
    return found


def _of_today(policy: Any, worker: Worker, last: datetime, now: datetime) -> Worker:
    """The worker, last seen then, as of the day that it is in each legal entity. The source may have its
    midnight hours later, so that what it showed is taken for that of a day before.
    """
    employments = []
    for employment in worker.employments:
        entity = policy.entities.get(employment.company, OTHERS)
        seen = today(policy.zones, entity, last) - timedelta(days=1)
        employments.append(employment.as_of(seen, today(policy.zones, entity, now)))
    return replace(worker, employments=tuple(employments))
