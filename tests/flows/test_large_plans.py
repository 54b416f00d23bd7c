"""A plan of many rows costs few calls, and loses or overwrites nothing for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest
from tests.flows.parcel_world import Parcels, parcel, toy
from tests.payday import SOURCE, TARGET

from ml_connector.contract.reference_register import LOST_AFTER, LOST_BEFORE, ReferenceRegister, ReferenceRows
from ml_connector.domain.changes import Change
from ml_connector.flows.flow import Mode
from ml_connector.ports.registers import Answer, RegisterLimits, Versioned
from ml_connector.ports.runs import RunState

__all__ = ["toy"]
AHEAD = RegisterLimits(batch=10, read_ahead=100, settle_seconds=5)


class Remembers(ReferenceRegister):
    """A register whose container has a version, and that knows what `rows` gave last; `put` takes the version
    of the last read where it is given none.
    """

    known: dict[str, Versioned[Any]] | None = None
    version = ""

    def rows(self, within: Collection[str] = ()) -> Any:
        self.known = {row.key: row for row in super().rows(within)}
        self.version = self._vendor.version("all")
        yield from self.known.values()

    def read(self, keys: Collection[str]) -> Mapping[str, Versioned[Any]]:
        self.version = self._vendor.version("all")
        return super().read(keys)

    def last_read(self, keys: Collection[str]) -> Mapping[str, Versioned[Any]] | None:
        return None if self.known is None else {key: self.known[key] for key in keys if key in self.known}

    def put(self, changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        self.known = None
        return super().put(changes, {change.key: self.version for change in changes} | dict(seen))


def apart() -> ReferenceRows:
    """Each row has a version of its own."""
    return ReferenceRows(container_of=lambda key: key)


def ahead(rows: ReferenceRows) -> Parcels:
    """Thirty new parcels, in three batches that are read at once."""
    world = Parcels(rows, mode=Mode.AUTOMATIC)
    world.register = ReferenceRegister(rows, AHEAD)
    world.wished = [parcel(number) for number in range(30)]
    return world


def remembering(rows: ReferenceRows, mode: Mode = Mode.AUTOMATIC) -> Parcels:
    world = Parcels(rows, mode=mode)
    world.register = Remembers(rows)
    world.wished = [parcel(1, "Oslo"), parcel(2)]
    return world


def test_rows_with_versions_are_read_once_for_many_batches() -> None:
    """The list, the rows of all batches, and once more behind them."""
    world = ahead(apart())

    at = world.align()

    assert (RunState.DONE, {"done": 30}) == (at.state, world.plan(at.id))
    assert ([10, 10, 10], 3) == ([len(put) for put in world.vendor_rows.puts], world.vendor_rows.reads)


def test_an_edit_behind_the_read_and_before_its_batch_is_not_overwritten() -> None:
    """Of a row of the last batch: it is stale, read again by itself, and a conflict."""
    rows = apart()
    for number in range(30):
        rows.edit(parcel(number))
    world = ahead(rows)
    world.wished = [parcel(number, "Oslo") for number in range(30)]
    put = world.register.put

    def edited(changes: Sequence[Change], seen: Mapping[str, str]) -> Any:
        if not rows.puts:
            rows.edit(parcel(25, "Molde"))
        return put(changes, seen)

    world.register.put = edited  # type: ignore[method-assign]
    at = world.align()

    assert (RunState.HELD, {"done": 29, "conflict": 1}) == (at.state, world.plan(at.id))
    assert "Molde" == rows.rows["P000025"].place
    assert 4 == rows.reads


@pytest.mark.parametrize("fault", [LOST_BEFORE, LOST_AFTER])
def test_a_lost_answer_in_the_middle_of_a_large_plan(fault: str) -> None:
    """The first batch is done, the second is waited for and judged by what is there, the third comes behind:
    nothing is sent twice that was written.
    """
    rows = apart()
    world = ahead(rows)
    put = world.register.put

    def lost(changes: Sequence[Change], seen: Mapping[str, str]) -> Any:
        rows.fault = fault if len(rows.puts) == 1 else ""
        return put(changes, seen)

    world.register.put = lost  # type: ignore[method-assign]
    run = world.operations.start("parcels", SOURCE, TARGET, "now").id

    assert RunState.WAITING is world.pass_once(run)
    assert {"done": 10, "sent": 10, "planned": 10} == world.plan(run)
    world.run_to_rest()
    assert (RunState.DONE, {"done": 30}) == (world.at(run).state, world.plan(run))
    sent = [key for put in rows.puts for key in put]
    assert (30 if fault == LOST_AFTER else 40) == len(sent)
    assert 30 == len(rows.rows) == len(set(sent))


def test_what_was_just_read_is_written_without_another_read() -> None:
    """The list, the write, and the rows again."""
    rows = ReferenceRows()
    rows.edit(parcel(1))
    world = remembering(rows)

    at = world.align()

    assert (RunState.DONE, {"done": 2}) == (at.state, world.plan(at.id))
    assert (1, 2) == (len(rows.puts), rows.reads)


def test_what_somebody_edits_behind_the_last_read_is_stale_and_a_conflict() -> None:
    """The version of the container is that of the last read."""
    rows = ReferenceRows()
    rows.edit(parcel(1))
    world = remembering(rows, Mode.APPROVE)
    at = world.align()
    rows.edit(parcel(1, "Molde"))

    held = world.consent(at)

    assert (RunState.HELD, {"done": 1, "conflict": 1}) == (held.state, world.plan(at.id))
    assert ("Molde", "Utrecht") == tuple(rows.rows[f"P00000{number}"].place for number in (1, 2))


def test_a_last_read_that_is_older_than_the_plan_is_not_believed() -> None:
    """It shows another row than the plan does, so that the rows are read: that is no edit of somebody."""
    rows = ReferenceRows()
    rows.edit(parcel(1, "Bergen"))
    world = remembering(rows, Mode.APPROVE)
    older = {parcel(1).key: Versioned(record=parcel(1, "Molde"), version="0")}
    at = world.align()
    assert isinstance(world.register, Remembers)
    world.register.known = older

    done = world.consent(at)

    assert (RunState.DONE, {"done": 2}) == (done.state, world.plan(at.id))
    assert 3 == rows.reads


@pytest.mark.parametrize("fault", [LOST_BEFORE, LOST_AFTER])
def test_what_was_sent_is_read_whatever_was_read_last(fault: str) -> None:
    """A last read shows nothing of a write whose answer was lost."""
    rows = ReferenceRows()
    world = remembering(rows)
    put, before = world.register.put, {}

    def lost(changes: Sequence[Change], seen: Mapping[str, str]) -> tuple[Answer, ...]:
        rows.fault = fault if not rows.puts else ""
        try:
            return put(changes, seen)
        finally:
            world.register.known = before  # type: ignore[attr-defined]

    world.register.put = lost  # type: ignore[method-assign]
    at = world.align()

    assert (RunState.DONE, {"done": 2}) == (at.state, world.plan(at.id))
    assert (1 if fault == LOST_AFTER else 2) == len(rows.puts)


def test_what_takes_a_call_each_is_written_few_at_a_time() -> None:
    """The register says how many, and no batch is as large as the rows that are read for it."""
    world = ahead(apart())
    world.register.at_once = lambda changes: min(len(changes), 4)  # type: ignore[method-assign]

    at = world.align()

    assert (RunState.DONE, [4] * 7 + [2]) == (at.state, [len(put) for put in world.vendor_rows.puts])
    assert 3 == world.vendor_rows.reads
