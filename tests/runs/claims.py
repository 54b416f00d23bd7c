"""What a run promises, whichever engine carries it out: `test_engines` makes each claim on the inline engine
and on the durable one.

`Place` is a world as both engines can show it: `tests.payday.World` is one,
`tests.runs.installation.Installation` the other.
"""

from __future__ import annotations

from typing import Any

from tests.payday import a_pay_run, usual_balances

from ml_connector.contract import world as faults
from ml_connector.ports.runs import RunState

Place = Any


def a_run_is_carried_out_from_stage_to_stage(place: Place) -> None:
    """Read, proposed, posted and confirmed, without anybody asking for each stage."""
    run = place.start()
    place.run_to_rest()

    assert (RunState.DONE, "confirm", 4) == (
        place.at(run).state,
        place.at(run).stage,
        place.at(run).attempt,
    ), place.at(run)
    assert usual_balances() == place.balances()


def a_lost_answer_leaves_each_entry_once(place: Place) -> None:
    """The run waits until the ledger must have settled, looks, and adopts."""
    place.vendor.fault = faults.LOST_AFTER
    run = place.start()
    place.run_to_rest()

    assert RunState.DONE is place.at(run).state
    assert usual_balances() == place.balances()


def a_late_commit_leaves_each_entry_once(place: Place) -> None:
    """Booked two seconds after the answer was lost."""
    place.vendor.fault = faults.LATE_COMMIT
    run = place.start()
    place.run_to_rest()

    assert RunState.DONE is place.at(run).state
    assert usual_balances() == place.balances()


def a_refused_run_is_held_and_goes_on(place: Place) -> None:
    """The same run, the same entries, after the period was reopened."""
    place.vendor.closed.add((2026, 6))
    run = place.start()
    place.run_to_rest()
    assert (RunState.HELD, ["period.closed"]) == (place.at(run).state, place.problems(run))

    place.vendor.closed.clear()

    assert RunState.DONE is place.resume(run).state
    assert usual_balances() == place.balances()


def a_defect_is_a_dead_letter_and_can_be_resumed(place: Place) -> None:
    """An unforeseen error in a step fails the run with its reason; mended, the step is done again and not
    replayed as failed.
    """
    pay_run, blocks = a_pay_run(), place.payroll.runs.pop("R1", None)
    place.payroll.add(pay_run)
    sound = place.payroll.runs["R1"]
    place.payroll.runs["R1"] = (None, [])
    run = place.start()
    place.run_to_rest()
    assert (RunState.FAILED, ["defect"]) == (place.at(run).state, place.problems(run))

    place.payroll.runs["R1"] = blocks or sound

    assert RunState.DONE is place.resume(run).state
    assert usual_balances() == place.balances()


def two_runs_of_one_ledger_do_not_meet(place: Place) -> None:
    """Started together, both done, each entry once."""
    place.payroll.add(a_pay_run("R2", subject="biweekly 2026-06-16"))
    runs = [place.start("R1"), place.start("R2")]
    place.run_to_rest()

    assert [RunState.DONE, RunState.DONE] == [place.at(run).state for run in runs]
    assert usual_balances(factor=2) == place.balances()


def a_paused_run_sends_nothing(place: Place) -> None:
    """In a flow that posts by itself: it waits, says who paused it, and goes on when the pause is over."""
    place.operations.pause("everything")
    run = place.start()
    place.carry_until(run, RunState.WAITING)

    assert place.at(run).summary.startswith("Paused by anna (everything). ")
    assert [] == place.vendor.documents

    place.operations.unpause("everything")
    place.run_to_rest()

    assert RunState.DONE is place.at(run).state
    assert usual_balances() == place.balances()


CLAIMS = {
    claim.__name__: claim
    for claim in (
        a_run_is_carried_out_from_stage_to_stage,
        a_lost_answer_leaves_each_entry_once,
        a_late_commit_leaves_each_entry_once,
        a_refused_run_is_held_and_goes_on,
        a_defect_is_a_dead_letter_and_can_be_resumed,
        two_runs_of_one_ledger_do_not_meet,
        a_paused_run_sends_nothing,
    )
}
