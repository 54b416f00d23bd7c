"""A flow that makes two sets agree, carried out by the product: its plan, consent, batches, a kill, and what
somebody edits meanwhile. The flow is one file that the product did not know before.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.flows.parcel_world import Parcels, parcel, toy  # noqa: F401
from tests.payday import SOURCE, TARGET, Crash

from ml_connector.contract.reference_register import LOST_AFTER, LOST_BEFORE, ReferenceRows
from ml_connector.flows.flow import Mode
from ml_connector.ports.plans import PlanState
from ml_connector.ports.runs import RunState


def test_a_flow_of_one_file_is_started_approved_and_done() -> None:
    world = Parcels()
    world.wished = [parcel(1), parcel(2)]

    at = world.align()
    assert (RunState.AWAITING_APPROVAL, {}) == (at.state, world.vendor_rows.rows)
    done = world.consent(at)

    assert (RunState.DONE, "2 changes made; read again, and as wished.") == (done.state, done.summary)
    assert {"P000001", "P000002"} == set(world.vendor_rows.rows)
    assert (RunState.DONE, "Every row that is wished is there as wished; nothing to change.") == (
        (again := world.align()).state,
        again.summary,
    )


def test_what_people_edit_is_shown_and_never_overwritten() -> None:
    """After both agreed, and between the plan and the write."""
    world = Parcels()
    world.wished = [parcel(1), parcel(2), parcel(3)]
    world.aligned()

    world.vendor_rows.edit(parcel(1, "Oslo"))
    world.wished = [parcel(1), parcel(2, "Bergen"), parcel(3, "Bergen")]
    at = world.align()
    world.vendor_rows.edit(parcel(3, "Oslo"))
    held = world.consent(at)

    assert (RunState.HELD, ["plan.conflict"] * 2) == (held.state, world.problems(held.id))
    places = {key: row.place for key, row in world.vendor_rows.rows.items()}
    assert {"P000001": "Oslo", "P000002": "Bergen", "P000003": "Oslo"} == places


def test_a_row_that_nobody_of_us_made_is_left_alone_and_ours_is_closed_not_deleted() -> None:
    world = Parcels()
    world.vendor_rows.edit(parcel(9, "Oslo"))
    world.wished = [parcel(1), parcel(2)]
    assert RunState.DONE is world.aligned().state

    world.wished = [parcel(1)]
    assert RunState.DONE is world.aligned().state

    rows = world.vendor_rows.rows
    assert [True, False, True] == [rows[key].open for key in ("P000001", "P000002", "P000009")]
    world.wished = [parcel(1), parcel(2)]
    assert RunState.DONE is world.aligned().state
    assert rows["P000002"].open


def test_what_both_had_alike_at_the_first_pass_is_ours_to_close() -> None:
    """It is noted as agreed, as the other system writes it, and nothing is written there. Dropped by the
    source, it is closed on the day of that pass, and stays so on later days.
    """
    world = Parcels(ReferenceRows(normal=lambda row: replace(row, place=row.place.upper())))
    world.vendor_rows.edit(parcel(1))
    world.wished = [parcel(1), parcel(2)]
    at = world.align()
    assert {"planned": 1} == world.plan(at.id)
    world.consent(at)
    world.wished = [parcel(2)]
    closed_on = world.clock.now().date()

    assert "1 change made; read again, and as wished." == world.aligned().summary

    row = world.vendor_rows.rows["P000001"]
    assert ("UTRECHT", False, closed_on) == (row.place, row.open, row.until)
    assert [("P000002",), ("P000001",)] == world.vendor_rows.puts
    world.clock.advance(3 * 24 * 3600)
    assert "nothing to change" in world.align().summary


def test_what_both_had_alike_and_somebody_edits_is_a_conflict_with_both_values() -> None:
    """Also in a flow that asks nobody: nothing is overwritten."""
    world = Parcels(mode=Mode.AUTOMATIC)
    world.vendor_rows.edit(parcel(1))
    world.wished = [parcel(1)]
    assert "nothing to change" in world.align().summary
    world.vendor_rows.edit(parcel(1, "Oslo"))

    held = world.align()

    assert (RunState.HELD, ["plan.conflict"]) == (held.state, world.problems(held.id))
    text = "P000001 was edited in the other system: place is Oslo, not Utrecht."
    assert text == world.problem_list(held.id)[0].text
    assert [] == world.vendor_rows.puts


def test_a_conflict_that_people_settled_is_none_for_the_next_change() -> None:
    """The source took over what the other system has: that is what both agree on from then on."""
    world = Parcels(mode=Mode.AUTOMATIC)
    world.wished = [parcel(1)]
    world.align()
    world.vendor_rows.edit(parcel(1, "Oslo"))
    assert RunState.HELD is world.align().state
    world.wished = [parcel(1, "Oslo")]
    assert "nothing to change" in world.align().summary
    world.wished = [parcel(1, "Bergen")]

    assert RunState.DONE is world.align().state

    assert "Bergen" == world.vendor_rows.rows["P000001"].place


def test_a_dry_run_notes_nothing() -> None:
    """A row that only a dry run has seen is nobody's of ours."""
    world = Parcels(mode=Mode.AUTOMATIC)
    world.vendor_rows.edit(parcel(1))
    world.wished = [parcel(1)]
    world.operations.start("parcels", SOURCE, TARGET, "now", dry_run=True)
    world.run_to_rest()
    world.wished = []

    assert "nothing to change" in world.align().summary

    assert world.vendor_rows.rows["P000001"].open


@pytest.mark.parametrize("size", [4_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_many_rows_that_are_alike_are_noted_in_few_statements(size: int) -> None:
    """And once: the next pass notes none. No transaction is open while a vendor is read."""
    from django.db import connection

    inserts: list[str] = []
    world = Parcels(mode=Mode.AUTOMATIC)
    world.vendor_rows.rows = {row.key: row for row in map(parcel, range(size))}
    world.wished = list(world.vendor_rows.rows.values())
    rows = world.register.rows
    world.register.rows = lambda within: (
        row for row in rows(within) if not connection.in_atomic_block or 1 / 0
    )  # type: ignore[method-assign]

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        inserts.extend([sql] if sql.startswith("INSERT") and "counterpart" in sql else [])
        return execute(sql, *rest)

    for noted in (size // 100, 0):
        inserts.clear()
        with connection.execute_wrapper(count):
            at = world.align()
        assert "Every row that is wished is there as wished; nothing to change." == at.summary
        assert (noted > 0) == (0 < len(inserts) <= noted)
    assert ([], {}) == (world.vendor_rows.puts, world.plan(at.id))
    world.wished = []
    held = world.align()
    assert (RunState.HELD, ["plan.loss"]) == (held.state, world.problems(held.id))
    world.operations.answer(held.id, "loss_is_right")
    world.run_to_rest()
    assert (RunState.DONE, {"done": size}) == (world.at(held.id).state, world.plan(held.id))


@pytest.mark.parametrize("fault", [LOST_BEFORE, LOST_AFTER])
def test_a_lost_answer_is_waited_for_and_judged_by_what_is_there(fault: str) -> None:
    """A write of ours behind the lost answer is done, and no edit of somebody else."""
    world = Parcels()
    world.wished = [parcel(1)]
    at = world.align()
    world.vendor_rows.fault = fault
    world.operations.approve(at.id, world.operations.records.fingerprint(at.id))
    world.run_to_rest()

    done = world.at(at.id)
    assert (RunState.DONE, {"done": 1}) == (done.state, world.plan(at.id)), done.summary
    assert (1 if fault == LOST_AFTER else 2) == len(world.vendor_rows.puts)


def test_a_write_of_a_process_that_died_is_waited_for() -> None:
    """It was noted as sent: whether it left, nobody knows before the settling time is over."""
    world = Parcels(mode=Mode.AUTOMATIC)
    world.wished = [parcel(1)]
    run = world.operations.start("parcels", SOURCE, TARGET, "now").id

    def dies(name: str) -> None:
        if name == "put: noted":
            raise Crash(name)

    with pytest.raises(Crash):
        world.run_to_rest(crash_point=dies)

    assert (RunState.WAITING, []) == (world.pass_once(run), world.vendor_rows.puts)
    assert "may still happen" in world.at(run).summary
    world.run_to_rest()
    assert (RunState.DONE, 1) == (world.at(run).state, len(world.vendor_rows.puts))


def test_a_row_of_a_process_that_died_and_somebodys_edit_of_it_stay_apart_in_later_plans() -> None:
    """The new row was written, and nobody noted it before it was edited; of another row, which was there
    before we knew of it, the edit came between plan and write. No later pass writes over either.
    """
    world = Parcels(mode=Mode.AUTOMATIC)
    world.vendor_rows.edit(parcel(2, "Oslo"))
    world.wished = [parcel(1), parcel(2, "Bergen")]
    run = world.operations.start("parcels", SOURCE, TARGET, "now").id

    def dies(name: str) -> None:
        if name == "put: answered":
            raise Crash(name)

    with pytest.raises(Crash):
        world.run_to_rest(crash_point=dies)
    for number in (1, 2):
        world.vendor_rows.edit(parcel(number, "Molde"))
    world.run_to_rest()
    again = world.align()

    for each in (run, again.id):
        assert (RunState.HELD, ["plan.conflict"] * 2) == (world.at(each).state, world.problems(each))
    assert {"Molde"} == {row.place for row in world.vendor_rows.rows.values()}


def test_values_under_one_version_are_written_at_once() -> None:
    """120 values of one container, guarded by one version: one write, and no conflict with itself."""
    world = Parcels()
    world.wished = [parcel(number) for number in range(120)]

    done = world.aligned()

    assert (RunState.DONE, {"done": 120}) == (done.state, world.plan(done.id))
    assert [120] == [len(put) for put in world.vendor_rows.puts]


@pytest.mark.parametrize(("edits", "state"), [(2, "done"), (99, "conflict")])
def test_a_row_that_changes_while_it_is_written_is_read_anew_three_times_and_then_left(
    edits: int, state: str
) -> None:
    """Its version is stale at each try; the others are written at once."""
    rows = ReferenceRows(container_of=lambda key: key)
    world, left = Parcels(rows, mode=Mode.AUTOMATIC), [edits]
    put = world.register.put

    def touched(changes: Any, seen: Any) -> Any:
        if left[0] and "P000001" in {change.key for change in changes}:
            left[0] -= 1
            rows._next("P000001")
        return put(changes, seen)

    rows.edit(parcel(1))
    world.register.put = touched  # type: ignore[method-assign]
    world.wished = [parcel(1, "Oslo"), parcel(2)]

    at = world.align()

    assert ({"done": 2} if state == "done" else {"done": 1, "conflict": 1}) == world.plan(at.id)
    assert [("P000001", "P000002"), ("P000001",), ("P000001",)] == rows.puts
    assert ("Oslo" if state == "done" else "Utrecht") == rows.rows["P000001"].place
    if state == "conflict":
        assert (RunState.HELD, ["plan.conflict"]) == (at.state, world.problems(at.id))
        assert "again and again" in world.problem_list(at.id)[0].text


def test_an_import_file_is_made_once_and_done_when_a_read_shows_it() -> None:
    """A person imports it three passes later."""
    world = Parcels(ReferenceRows(imports=True))
    world.wished = [parcel(1), parcel(2)]
    at = world.align()
    world.operations.approve(at.id, world.operations.records.fingerprint(at.id))
    looked = [world.pass_once(at.id) for _ in range(3)]

    assert [RunState.WAITING] * 3 == looked
    assert ({"handed_over": 2}, 1) == (world.plan(at.id), len(world.vendor_rows.puts))
    world.vendor_rows.take_in()
    world.run_to_rest()
    assert (RunState.DONE, {"done": 2}, 1) == (
        world.at(at.id).state,
        world.plan(at.id),
        len(world.vendor_rows.puts),
    )


def test_what_was_handed_over_and_edited_by_somebody_is_shown_and_not_waited_for() -> None:
    """The import may have lost to the edit, or come before it; a row that is as it was is waited for."""
    world = Parcels(ReferenceRows(imports=True), mode=Mode.AUTOMATIC)
    for number in (1, 2):
        world.vendor_rows.edit(parcel(number))
    world.wished = [parcel(1), parcel(2)]
    world.align()
    world.wished = [parcel(1, "Bergen"), parcel(2, "Bergen"), parcel(3)]
    run = world.operations.start("parcels", SOURCE, TARGET, "now").id
    assert RunState.WAITING is world.pass_once(run)
    assert {"handed_over": 3} == world.plan(run)
    world.vendor_rows.edit(parcel(1, "Oslo"))

    assert RunState.WAITING is world.pass_once(run)
    assert {"conflict": 1, "handed_over": 2} == world.plan(run)
    world.vendor_rows.take_in()
    world.vendor_rows.edit(parcel(1, "Oslo"))
    world.run_to_rest()

    assert (RunState.HELD, ["plan.conflict"]) == (world.at(run).state, world.problems(run))
    assert {"conflict": 1, "done": 2} == world.plan(run)


def test_what_the_other_system_says_it_wrote_is_read_again() -> None:
    """It said yes, and did nothing."""
    world = Parcels(ReferenceRows(ignored={"P000002"}))
    world.wished = [parcel(1), parcel(2)]

    held = world.aligned()

    assert (RunState.HELD, ["plan.conflict"]) == (held.state, world.problems(held.id))
    assert {"done": 1, "conflict": 1} == world.plan(held.id)


def test_what_the_other_system_refuses_is_named_and_the_rest_is_made() -> None:
    world = Parcels(ReferenceRows(refused={"P000002"}))
    world.wished = [parcel(1), parcel(2), parcel(3)]

    held = world.aligned()

    assert (RunState.HELD, ["plan.refused"]) == (held.state, world.problems(held.id))
    assert {"P000001", "P000003"} == set(world.vendor_rows.rows)


def test_a_plan_is_shown_before_it_is_approved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is made, changed from what to what, and closed; the first twenty, and how many more there are."""
    from ml_connector.cli import run_view

    world = Parcels()
    monkeypatch.setattr(run_view, "service", lambda: SimpleNamespace(records=world.operations.records))
    world.wished = [parcel(1), parcel(2)]
    world.aligned()
    world.wished = [parcel(1, "Bergen"), *(parcel(number) for number in range(3, 40))]
    at = world.align()

    run_view.show_run(at, as_json=False)
    shown = capsys.readouterr().out
    run_view.show_run(at, as_json=False, lines=50)
    whole = capsys.readouterr().out
    plan = run_view.run_json(at)["plan"]

    assert all(len(line) <= 80 for line in shown.splitlines() if "P0000" in line)
    for text in (
        "Change",
        "P000001",
        "→ Bergen",
        "Close",
        "P000002",
        "Create",
        "19 more changes: --lines 39",
    ):
        assert text in shown, text
    assert ("P000039" in shown, "P000039" in whole, "more changes" in whole) == (False, True, False)
    assert ({"planned": 39}, 39) == (plan["counts"], len(plan["changes"]))
    assert ("change", "Bergen") == (plan["changes"][0]["act"], plan["changes"][0]["fields"]["place"]["after"])
    assert run_view.run_json(world.consent(at))["plan"]["counts"] == {"done": 39}


def test_a_plan_that_changed_since_it_was_shown_is_not_approved() -> None:
    world = Parcels()
    world.wished = [parcel(1)]
    at = world.align()

    with pytest.raises(Exception, match="does not match"):
        world.operations.approve(at.id, "f" * 64)
    assert {} == world.vendor_rows.rows


@pytest.mark.parametrize("size", [4_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_large_plan_survives_a_kill(size: int) -> None:
    """Every row once, though the process dies behind a write and before it is noted."""
    world, kills = Parcels(mode=Mode.AUTOMATIC), iter([3, 7])
    world.wished = [parcel(number) for number in range(size)]
    run = world.operations.start("parcels", SOURCE, TARGET, "now").id
    left = [next(kills)]

    def dies(name: str) -> None:
        if name == "put: answered":
            left[0] -= 1
            if left[0] == 0:
                left[0] = next(kills, 10**9)
                raise Crash(name)

    for _ in range(3):
        try:
            world.run_to_rest(crash_point=dies)
        except Crash:
            continue
    at = world.at(run)

    assert (RunState.DONE, {PlanState.DONE.value: size}) == (at.state, world.plan(run)), at.summary
    written = [key for put in world.vendor_rows.puts for key in put]
    assert (size, size) == (len(world.vendor_rows.rows), len(written))
