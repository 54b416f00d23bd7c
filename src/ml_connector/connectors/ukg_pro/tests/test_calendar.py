"""The pay periods of the simulated tenant as what runs are expected for."""

from __future__ import annotations

from datetime import date

import httpx2
import pytest

from ml_connector.connectors.ukg_pro.tests.world import UkgWorld
from ml_connector.domain.expected import Expected
from ml_connector.domain.payroll import PayRun
from ml_connector.errors import ConnectorError, VendorChanged

EVER = date(2000, 1, 1), date(2100, 1, 1)


def test_what_a_run_calls_its_pay_is_expected() -> None:
    """Of every run, so that one is found to have come."""
    world = UkgWorld(switches={"runs": 3, "off_cycle": True})
    expected = {one.subject: one for one in world.system.source(Expected).planned(*EVER)}

    for ref in world.source.pay_runs(date(2000, 1, 1)):
        try:
            found = world.source.pay_run(ref.reference)
        except ConnectorError:
            continue
        assert found.subject in expected
        assert (found.pay_period.pay_date, True) == (
            expected[found.subject].due,
            expected[found.subject].closed,
        )
    assert 4 <= len(expected)


def test_what_is_due_between_two_days_comes_in_one_call_in_order() -> None:
    world = UkgWorld(switches={"runs": 3})
    every = world.system.source(Expected).planned(*EVER)
    world.recording.requests.clear()
    day = every[1].due

    assert tuple(one for one in every if one.due == day) == world.system.source(Expected).planned(day, day)
    assert 1 == len(world.recording.requests)
    assert sorted(one.due for one in every) == [one.due for one in every]


def test_a_date_that_cannot_be_read_is_an_error() -> None:
    world = UkgWorld()
    world.recording.after = lambda request, response: httpx2.Response(
        200,
        json=[
            {
                "payGroup": "B",
                "periodControl": "1",
                "payDate": "soon",
                "periodStartDate": "2026-01-01",
                "periodEndDate": "2026-01-14",
            }
        ],
    )
    with pytest.raises(VendorChanged, match="Pay period 1 of B"):
        world.system.source(Expected).planned(*EVER)


@pytest.mark.parametrize("source", ["third_party_pay", "flat_file"])
def test_other_sources_name_their_pays_otherwise_and_have_no_plan(source: str) -> None:
    world = UkgWorld()

    assert Expected not in world.open(source=source, file_path="/nowhere").sources
    assert PayRun in world.system.sources
