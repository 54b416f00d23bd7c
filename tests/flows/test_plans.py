"""What a plan of changes says before anybody consents: what is lost, gone, not held, known there only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.flows.parcel_world import Parcels, parcel, toy  # noqa: F401

from ml_connector.flows import alignment
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunRow, RunState


def acts(world: Parcels, run: str) -> dict[str, str]:
    return {row.change.key: str(row.change.act) for row in world.operations.records.plan(run, 100)}


def told(world: Parcels, run: RunRow) -> str:
    return " ".join(problem.text for problem in world.operations.records.problems(run))


def settled(count: int = 40, *, mode: Mode = Mode.AUTOMATIC) -> Parcels:
    """So many rows, alike in both systems and ours."""
    world = Parcels(mode=mode)
    world.wished = [parcel(number) for number in range(count)]
    at = world.align() if mode is Mode.AUTOMATIC else world.aligned()
    assert RunState.DONE is at.state
    return world


@pytest.mark.parametrize("left", [0, 20, 34])
def test_a_list_that_shrinks_by_more_than_its_limit_closes_nothing(left: int) -> None:
    """A source that was read in part looks so too. A person says that it is right, and it is done once."""
    world = settled()
    world.wished = world.wished[:left]
    before = dict(world.vendor_rows.rows)

    held = world.align()

    assert (RunState.HELD, ["plan.loss"], before) == (
        held.state,
        world.problems(held.id),
        world.vendor_rows.rows,
    )
    assert f"closes {40 - left} of 40 rows" in told(world, held)
    world.operations.answer(held.id, "loss_is_right")
    world.run_to_rest()
    assert (RunState.DONE, {"done": 40 - left}) == (world.at(held.id).state, world.plan(held.id))


def test_a_few_rows_are_closed_without_a_question() -> None:
    """Up to the larger of five rows and a tenth."""
    world = settled()
    world.wished = world.wished[:35]

    assert RunState.DONE is world.align().state


def test_an_answer_is_for_the_plan_that_was_shown() -> None:
    """Where more is lost meanwhile, it is asked again."""
    world = settled()
    world.wished = world.wished[:30]
    held = world.align()
    world.wished = []
    world.operations.answer(held.id, "loss_is_right")
    world.run_to_rest()

    assert (RunState.HELD, ["plan.loss"]) == (world.at(held.id).state, world.problems(held.id))
    assert all(row.open for row in world.vendor_rows.rows.values())


def test_a_field_that_is_blank_for_everybody_is_not_blanked() -> None:
    """As where a right to see it was withdrawn."""
    world = settled()
    world.wished = [replace(row, place="") for row in world.wished]

    held = world.align()

    assert (RunState.HELD, ["plan.loss"]) == (held.state, world.problems(held.id))
    assert "blanks place of 40" in told(world, held)
    assert {"Utrecht"} == {row.place for row in world.vendor_rows.rows.values()}


@pytest.mark.parametrize("mode", [Mode.APPROVE, Mode.AUTOMATIC])
def test_a_row_that_somebody_deleted_is_made_again_only_with_consent(mode: Mode) -> None:
    world = settled(3, mode=mode)
    del world.vendor_rows.rows["P000001"]

    at = world.align()

    assert (RunState.AWAITING_APPROVAL, {"P000001": "make_again"}) == (at.state, acts(world, at.id))
    assert "P000001" not in world.vendor_rows.rows
    if mode is Mode.APPROVE:
        world.consent(at)
        assert "P000001" in world.vendor_rows.rows


def test_a_row_that_does_not_fit_is_said_and_not_sent_and_the_others_are_done() -> None:
    world = Parcels(mode=Mode.AUTOMATIC)
    world.vendor_rows.unfit.add("P000001")
    world.wished = [parcel(0), parcel(1), parcel(2)]

    held = world.align()

    assert (RunState.HELD, ["plan.refused"]) == (held.state, world.problems(held.id))
    assert "P000001 does not fit. Shorten it." in told(world, held)
    assert {"done": 2, "refused": 1} == world.plan(held.id)
    assert [("P000000", "P000002")] == world.vendor_rows.puts


def test_two_rows_that_are_one_in_the_other_system_are_both_named_and_neither_is_sent() -> None:
    world = Parcels(mode=Mode.AUTOMATIC)
    world.wished = [parcel(0), parcel(1, "Oslo"), parcel(1, "Bergen")]

    held = world.align()

    assert {"P000000": "create", "P000001": "not_held"} == acts(world, held.id)
    assert (RunState.HELD, {"P000000"}) == (held.state, set(world.vendor_rows.rows))


def test_one_row_that_is_wished_twice_alike_is_one() -> None:
    world = Parcels(mode=Mode.AUTOMATIC)
    world.wished = [parcel(1), parcel(0), parcel(1)]

    assert (RunState.DONE, {"done": 2}) == ((at := world.align()).state, world.plan(at.id))


def test_what_is_closed_at_the_source_is_not_brought_over_and_what_we_made_is_closed_and_opened_again() -> (
    None
):
    world = settled(2)
    world.wished = [replace(parcel(0), open=False), parcel(1), replace(parcel(2), open=False)]
    assert {"P000000": "close"} == acts(world, world.align().id)
    world.wished = [parcel(0), parcel(1)]
    assert {"P000000": "reopen"} == acts(world, world.align().id)


def test_a_row_that_is_known_there_only_is_shown_where_the_flow_asks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is left as it is, and the plan needs no consent for it."""
    made = alignment.Alignment

    def shows(**values: Any) -> Any:
        return made(**values, theirs=lambda row: row.place == "Oslo")

    from ml_connector.flows import parcels  # type: ignore[attr-defined]

    monkeypatch.setattr(parcels, "Alignment", shows)
    world = settled(1, mode=Mode.APPROVE)
    world.vendor_rows.edit(parcel(8, "Oslo"))
    world.vendor_rows.edit(parcel(9, "Bergen"))

    at: RunRow = world.align()

    assert (RunState.DONE, {"P000008": "theirs"}) == (at.state, acts(world, at.id))
    assert {"noted": 1} == world.plan(at.id)
    assert "1 left as found in the other system: see the worklist." in at.summary
    (item,) = world.worklist().open()
    assert ("plan.theirs", "P000008") == (item.code, item.subject)
    world.worklist().done(item.id, "made by hand, and meant so")
    world.align()
    assert () == world.worklist().open()
    assert ["made by hand, and meant so"] == [one.why for one in world.worklist().ended()]
    world.vendor_rows.edit(parcel(8, "Bergen"))
    world.align()
    assert () == world.worklist().ended()
