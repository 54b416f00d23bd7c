"""Rows of runs, and what their steps recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ml_connector.errors import KeyConflict
from ml_connector.ports.runs import RunState


def a_run(storage: Any) -> Any:
    return storage.runs.create(flow="payroll", stage="read", input={"pay_run": "R1"})


def test_a_run_begins_ready(storage: Any) -> None:
    """At its first stage, first attempt, with its input."""
    row = a_run(storage)

    assert row == storage.runs.get(row.id)
    assert (RunState.READY, "read", 1, {"pay_run": "R1"}) == (
        row.state,
        row.stage,
        row.attempt,
        dict(row.input),
    )
    with pytest.raises(KeyError):
        storage.runs.get("none")


def test_a_run_moves_only_from_where_it_was_seen(storage: Any) -> None:
    """Compare and set: the second worker that saw the same row moves nothing."""
    row = a_run(storage)
    moved = storage.runs.move(row, state=RunState.RUNNING)

    assert RunState.RUNNING is moved.state
    assert None is storage.runs.move(row, state=RunState.RUNNING)
    assert None is storage.runs.move(row, state=RunState.DONE)
    assert RunState.RUNNING is storage.runs.get(row.id).state


def test_of_many_workers_one_moves_the_run(storage: Any, together: Any) -> None:
    """All at the same moment."""
    row = a_run(storage)

    results = together(lambda number: storage.runs.move(row, state=RunState.RUNNING))

    assert [] == [result for result in results if isinstance(result, Exception)]
    assert 1 == len([result for result in results if result is not None])


def test_a_move_keeps_what_it_does_not_say(storage: Any) -> None:
    """Summary and input stay; problems are of the last move only."""
    row = storage.runs.move(
        a_run(storage), state=RunState.HELD, summary="why", problems="text", input={"a": "b"}
    )
    assert ("why", "text", {"a": "b"}) == (row.summary, row.problems, dict(row.input))

    row = storage.runs.move(row, state=RunState.READY, attempt=2)

    assert ("why", "", {"a": "b"}, "read", 2) == (
        row.summary,
        row.problems,
        dict(row.input),
        row.stage,
        row.attempt,
    )


def test_a_move_keeps_what_another_run_told_meanwhile(storage: Any) -> None:
    """The row in hand is older than what the other run has told."""
    row = a_run(storage)
    storage.runs.tell(row.id, "Reversed by 26950004.")

    storage.runs.move(row, state=RunState.RUNNING)

    assert "Reversed by 26950004." == storage.runs.get(row.id).notice


def test_ready_and_due_runs_are_to_be_enqueued(storage: Any) -> None:
    """Neither those that wait for a later time, nor for a person, nor those that run."""
    now = storage.commits.now()
    ready, due, later, held, running = (a_run(storage) for _ in range(5))
    storage.runs.move(due, state=RunState.WAITING, due_at=now)
    storage.runs.move(later, state=RunState.WAITING, due_at=now + timedelta(seconds=60))
    storage.runs.move(held, state=RunState.HELD)
    storage.runs.move(running, state=RunState.RUNNING)

    assert {ready.id, due.id} == {row.id for row in storage.runs.to_enqueue(now)}
    assert [running.id] == [row.id for row in storage.runs.running()]


def test_the_newest_approval_stands(storage: Any) -> None:
    """None to begin with."""
    run = a_run(storage).id
    assert "" == storage.runs.approved(run)
    for fingerprint in ("first", "second"):
        storage.approve(run, fingerprint)
    assert "second" == storage.runs.approved(run)


def test_a_recorded_value_never_changes(storage: Any) -> None:
    """The same text again is no change; other text is a conflict."""
    run = a_run(storage).id
    first = storage.artifacts.record(run, "read/1/pay run", "text")

    assert first == storage.artifacts.record(run, "read/1/pay run", "text")
    with pytest.raises(KeyConflict):
        storage.artifacts.record(run, "read/1/pay run", "other")
    assert ("text", None) == (
        storage.artifacts.read(run, "read/1/pay run"),
        storage.artifacts.read(run, "read/2/pay run"),
    )
