"""What speaks against posting a run that was read before, in how few calls that is asked, and whose the
payroll is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from ml_connector.connectors.ukg_pro.client import GENERAL_LEDGER, PAY_PERIODS, PAY_REGISTER
from ml_connector.domain.payroll import PayRun
from ml_connector.errors import VendorChanged
from ml_connector.ports.payroll import PayrollSource

World = Any
Make = Callable[..., Any]


def asked(world: World) -> list[str]:
    """Paths asked for since the connection was opened, in order."""
    return [exchange.url.split("9102")[1].split("?")[0] for exchange in world.exchanges.all]


def codes(source: PayrollSource, run: PayRun) -> list[str]:
    """Codes of what speaks against the run."""
    return [problem.code for problem in source.still(run)]


def instead(world: World, where: str, *answers: tuple[int, bytes]) -> None:
    """UKG answers so, wherever the address holds the text; the last answer stays."""
    left = list(answers)

    def after(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if where not in str(request.url):
            return response
        status, body = left.pop(0) if len(left) > 1 else left[0]
        return httpx2.Response(status, headers={"content-type": "application/json"}, content=body)

    world.recording.after = after


# --- the general ledger -------------------------------------------------------------------------------------


def test_run_is_asked_about_in_three_calls(make_world: Make) -> None:
    """One row of it, its pay period and the register of that; its rows are not read again."""
    world = make_world()
    run = world.source.pay_run("20240")
    source = world.reopen()

    assert () == source.still(run)
    assert [f"{GENERAL_LEDGER}/20240", PAY_PERIODS, PAY_REGISTER] == asked(world)
    assert world.exchanges.all[0].answer_bytes < 2000


def test_off_cycle_payroll_of_the_same_days_changes_nothing(make_world: Make) -> None:
    """Two pay periods end that day then, and the run is still of its own."""
    world = make_world()
    run = world.source.pay_run("20240")
    off_cycle = str(world.control("off_cycle")["run_id"])

    assert () == world.source.still(run)
    other = world.with_settings(pay_periods=f"{off_cycle}=202607032, 20240=202607031")
    assert [(), ()] == [other.still(other.pay_run(found)) for found in ("20240", off_cycle)]


def test_run_that_payroll_ran_again_under_another_id(make_world: Make) -> None:
    """It stays readable and its pay period is closed again: the pay register says that it is not the pay any
    more. A connection that reads no register cannot know.
    """
    world = make_world()
    run = world.source.pay_run("20240")
    world.undo()
    new = world.rerun_of("20240")

    (problem,) = world.source.still(run)

    assert ("run.replaced", "payroll") == (problem.code, problem.owner)
    assert "has other amounts for HTC01 than when run 20240 was read here: payroll ran again" in problem.text
    assert () == world.source.still(world.source.pay_run(new))
    without = world.with_settings(register="no")
    assert () == without.still(without.pay_run("20240"))


def test_run_with_other_blocks_or_another_time_is_another(make_world: Make) -> None:
    """Each is said with what it was and what it is."""
    world = make_world()
    run = world.source.pay_run("20240")
    world.answer(b'"totalNrOfBlocks":1', b'"totalNrOfBlocks":2')

    (problem,) = world.source.still(run)

    assert (
        "had 1 block when it was read here, and has 2 now. Cancel this run here (ml-connector runs cancel"
        in problem.text
    )
    world.change()
    (problem,) = world.source.still(run)
    assert (
        "was calculated at 2026-06-29 18:02:11 UTC when it was read here, and UKG now gives" in problem.text
    )


@pytest.mark.parametrize("answer", [(404, b""), (200, b"[]")])
def test_run_without_rows_is_gone(make_world: Make, answer: tuple[int, bytes]) -> None:
    """Whether UKG says that there is none, or shows none."""
    world = make_world()
    run = world.source.pay_run("20240")
    instead(world, GENERAL_LEDGER, answer)

    (problem,) = world.source.still(run)

    assert ("run.gone", "payroll") == (problem.code, problem.owner)
    assert "UKG shows no row of general-ledger run 20240 any more" in problem.text


def test_page_of_html_is_no_proof(make_world: Make) -> None:
    """Nothing is concluded from it."""
    world = make_world()
    run = world.source.pay_run("20240")
    world.control("tamper", run_id="20240", what="html")

    with pytest.raises(VendorChanged):
        world.source.still(run)


def test_pay_period_that_was_reopened(make_world: Make) -> None:
    """Said with what to do; a connection that takes open periods does not ask for it."""
    world = make_world()
    run = world.source.pay_run("20240")
    world.undo()

    (problem,) = world.source.still(run)
    assert ("run.period_open", "pay period 202607031") == (problem.code, problem.where)
    assert "is open: run 20240 was undone, or the payroll can still change. Close the period" in problem.text

    open_too = world.with_settings(closed_only="no")
    assert [] == codes(open_too, run)
    assert [f"{GENERAL_LEDGER}/20240"] == asked(world)


def test_pay_period_that_is_not_listed_any_more(make_world: Make) -> None:
    """Then the run has no pay date."""
    world = make_world()
    run = world.source.pay_run("20240")
    instead(world, PAY_PERIODS, (200, b"[]"))

    assert ["run.no_pay_period"] == codes(world.source, run)


# --- the other sources --------------------------------------------------------------------------------------


def test_records_that_changed_name_the_run_they_are_now(make_third_party: Make) -> None:
    """Another hash of the same day."""
    world = make_third_party()
    run = world.source.pay_run(world.newest())
    new = world.rerun()

    (problem,) = world.source.still(run)

    assert "run.changed" == problem.code
    assert "The Third-Party Pay records that HTC01 paid on 2026-07-03 changed" in problem.text
    assert problem.text.endswith(
        f"They are run {new} now. Cancel this run here (ml-connector runs cancel RUN), and post that one."
    )
    world.undo()
    assert ["run.gone"] == codes(world.source, run)


def test_file_counts_by_what_it_holds(make_flat_file: Make) -> None:
    """Under another name it is the same; changed under its name it is not."""
    world = make_flat_file()
    run = world.source.pay_run(world.newest())
    moved = world.folder / "archive.txt"
    world.file().rename(moved)

    assert () == world.source.still(run)
    moved.rename(world.file())
    world.change()
    (problem,) = world.source.still(run)
    assert "run.gone" == problem.code
    assert "is not in the folder any more, or was changed. Put it back as it was, or cancel" in problem.text


# --- whose payroll ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["make_world", "make_third_party"])
def test_tenant_in_a_sandbox(request: pytest.FixtureRequest, kind: str) -> None:
    """The installation that the simulator names: one row is asked for where nothing was asked, and the name
    of the setting counts where it names none.
    """
    world = request.getfixturevalue(kind)()

    assert ["simulated", "simulated"] == [world.source.tenant(), world.source.tenant()]
    assert 1 == len(asked(world))

    world.recording.installation = ""
    instead(world, "/", (200, b"[]"))
    silent = world.with_settings(tenant="harbor")
    assert ["harbor", "harbor"] == [silent.tenant(), silent.tenant()]
    assert 1 == len(asked(world))


def test_tenant_of_files_is_that_of_the_setting(make_flat_file: Make) -> None:
    """A file says nothing of whose it is."""
    world = make_flat_file()

    assert "harbor" == world.with_settings(tenant="harbor").tenant()
    assert world.source.tenant() == world.reopen().tenant()
    assert [] == asked(world)
