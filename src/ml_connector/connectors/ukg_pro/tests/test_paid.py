"""Whom a run of the simulated tenant paid."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from ml_connector.connectors.ukg_pro.tests.world import UkgWorld
from ml_connector.domain.payroll import PayRun
from ml_connector.errors import NotFound, Refused
from ml_connector.ports.paid import PaidWorkers


def paid(world: UkgWorld, reference: str) -> dict[str, frozenset[str]]:
    return dict(world.system.source(PaidWorkers).paid(reference))


def register(world: UkgWorld, control: str) -> list[dict[str, Any]]:
    """The checks of a period as the simulator lists them."""
    checks: list[dict[str, Any]] = []

    def keep(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.url.path.endswith("/pay-register"):
            checks.extend(response.json())
        return response

    world.recording.after = keep
    paid(world, control)
    return list(checks)


def test_everybody_with_a_check_is_paid_in_their_company() -> None:
    """By payroll's id, as many as the register of the run counts."""
    world = UkgWorld(switches={"runs": 2, "workers": 30})
    run = world.source.pay_run(world.newest())
    found = paid(world, world.newest())

    assert {one.company: one.workers for one in run.register} == {
        company: len(keys) for company, keys in found.items()
    }
    assert {row["employeeId"] for row in register(world, world.newest())} == set().union(*found.values())


def test_a_check_that_was_voided_pays_nobody() -> None:
    """Neither the check nor the record that takes it back."""
    world = UkgWorld(switches={"workers": 30})
    before = paid(world, "20240")
    _, void = world.void()
    world.system = world.open(pay_periods=f"20240=202607031,{void}=202607032")
    checks = register(world, void)

    assert [True] == sorted({row["isVoidingRecord"] for row in checks})
    assert {} == paid(world, void)
    after = paid(world, "20240")
    gone = {key for company, keys in before.items() for key in keys - after[company]}
    assert {row["employeeId"] for row in checks} == gone


def test_who_has_another_check_that_stands_is_paid() -> None:
    world = UkgWorld(switches={"workers": 30})
    before = paid(world, "20240")

    def twice(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        rows = response.json()
        if not request.url.path.endswith("/pay-register") or not rows:
            return response
        again = [
            {**rows[0], "isVoided": True, "checkId": "V1"},
            {**rows[0], "isVoidingRecord": "Y", "checkId": "V2"},
        ]
        return httpx2.Response(200, json=[*again, *rows])

    world.recording.after = twice
    assert before == paid(world, "20240")


def test_a_run_that_is_not_there_and_an_empty_register_are_errors() -> None:
    """Nobody paid is not said of a payroll that was undone."""
    world = UkgWorld(switches={"workers": 30})
    with pytest.raises(NotFound, match="no general-ledger run 99999"):
        paid(world, "99999")
    world.recording.after = lambda request, response: (
        httpx2.Response(200, json=[]) if request.url.path.endswith("/pay-register") else response
    )
    with pytest.raises(Refused, match="nobody is known to be paid"):
        paid(world, "20240")


@pytest.mark.parametrize("source", ["third_party_pay", "flat_file"])
def test_other_sources_do_not_tell(source: str) -> None:
    """Their workers have other names than people's records."""
    world = UkgWorld()

    assert PaidWorkers not in world.open(source=source, file_path="/nowhere").sources
    assert PayRun in world.system.sources
