"""What was read of a source last, and how far its changes were followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ml_connector.domain.worker import Employment, Worker
from ml_connector.store import snapshots
from ml_connector.store.snapshots import StoredSnapshots

KEYS = ["B", "a", "a-1", "a1", "b", "b 2", "b-1", "É", "é"]


def stored(storage: Any) -> StoredSnapshots:
    return StoredSnapshots(storage.connection)


def worker(key: str, name: str = "Moss") -> Worker:
    return Worker(key=key, number=key, name=name)


def names(storage: Any) -> dict[str, str]:
    return {row.key: row.name for row in stored(storage).rows("worker")}


def test_rows_come_in_the_order_of_keys(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python sorts them, over all pages."""
    monkeypatch.setattr(snapshots, "ROWS_A_PAGE", 2)
    assert stored(storage).followed("worker") is None
    stored(storage).replace("worker", map(worker, reversed(KEYS)), "c1")

    assert KEYS == [row.key for row in stored(storage).rows("worker")]


def test_rows_that_name_a_day_to_come_are_read_alone(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day itself counts; the others are not even decoded."""
    monkeypatch.setattr(snapshots, "ROWS_A_PAGE", 2)
    jobs = {"a": date(2026, 7, 30), "b": date(2026, 7, 31), "c": None, "d": date(2026, 8, 1)}
    rows = [
        replace(worker(key), employments=(Employment(company="US1", start=date(2025, 1, 1), end=end),))
        for key, end in jobs.items()
    ]
    stored(storage).replace("worker", rows, "c1")
    decoded = snapshots.codec.decode
    asked: list[str] = []
    monkeypatch.setattr(snapshots.codec, "decode", lambda text: asked.append(text) or decoded(text))

    assert [rows[1], rows[3]] == list(stored(storage).dated("worker", date(2026, 7, 31)))
    assert 2 == len(asked)


def test_some_rows_are_read_by_key(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one statement holds, and only those that are there."""
    monkeypatch.setattr(snapshots, "ROWS_A_STATEMENT", 2)
    stored(storage).replace("worker", map(worker, KEYS), "c1")

    assert {key: worker(key) for key in KEYS[:5]} == stored(storage).some("worker", [*KEYS[:5], "none"])
    assert {} == stored(storage).some("other", KEYS)
    assert {} == stored(storage).some("worker", [])


def test_a_full_reading_takes_out_what_is_there_no_more(storage: Any) -> None:
    stored(storage).replace("worker", [worker("a"), worker("b")], "c1")

    assert 1 == stored(storage).replace("worker", [worker("b", "Reed"), worker("c")], "c2")
    assert {"b": "Reed", "c": "Moss"} == names(storage)
    followed = stored(storage).followed("worker")
    assert followed is not None
    assert ("c2", followed.at) == (followed.cursor, followed.whole_at)


def test_a_full_reading_that_is_not_whole_takes_nothing_out_and_moves_no_cursor(storage: Any) -> None:
    stored(storage).replace("worker", [worker("a"), worker("b")], "c1")

    def breaks() -> Iterator[Worker]:
        yield worker("a")
        raise ConnectionError("page 2 of 3")

    with pytest.raises(ConnectionError):
        stored(storage).replace("worker", breaks(), "c2")

    assert {"a", "b"} == set(names(storage))
    followed = stored(storage).followed("worker")
    assert followed is not None
    assert "c1" == followed.cursor


def test_what_changed_is_stored_with_the_cursor(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one commit: a cursor never passes what is not stored."""
    stored(storage).replace("worker", [worker("a"), worker("b"), worker("c")], "c1")
    stored(storage).update("worker", {"a": worker("a", "Reed")}, ["c"], "c2")
    assert {"a": "Reed", "b": "Moss"} == names(storage)

    def dies(self: Any, kind: str, values: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StoredSnapshots, "_move", dies)
    with pytest.raises(KeyboardInterrupt):
        stored(storage).update("worker", {"a": worker("a", "Lost")}, ["b"], "c3")
    monkeypatch.undo()

    assert {"a": "Reed", "b": "Moss"} == names(storage)
    followed = stored(storage).followed("worker")
    assert followed is not None
    assert ("c2", True) == (followed.cursor, followed.at > followed.whole_at)


def test_kinds_are_apart(storage: Any) -> None:
    stored(storage).replace("worker", [worker("a")], "c1")

    assert 0 == stored(storage).replace("other", [], "x")
    assert ["a"] == list(names(storage))
