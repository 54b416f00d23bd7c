"""Master data of the simulated Dynamics 365: whether workers are employed follows the date, in every list; a
dimension value is no longer than its field.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.sandbox.dynamics_fo_world import CROSS, DynamicsWorld


def statuses(world: DynamicsWorld, number: str) -> list[str]:
    """What every list says of a worker."""
    return [
        row["WorkerStatus"]
        for name in ("Workers", "Employees", "EmployeesV2")
        for row in world.rows(f"{name}?{CROSS}&$filter=PersonnelNumber eq '{number}'")
    ]


def hire(world: DynamicsWorld, **fields: Any) -> dict[str, Any]:
    body = {"PersonnelNumber": "W9", "FirstName": "Ada", "LastName": "Moss", **fields}
    made: dict[str, Any] = world.post("EmployeesV2", body).raise_for_status().json()
    return made


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_all_lists_say_the_same():
    """It is derived from the employments wherever it is read."""
    world = DynamicsWorld()
    for name in ("Employees", "EmployeesV2", "Workers"):
        assert {"Employed"} == {row["WorkerStatus"] for row in world.rows(f"{name}?{CROSS}")}


def test_the_status_follows_the_clock_without_a_write():
    """Pending until the day, employed to the end, terminated after it; nobody writes in between."""
    world = DynamicsWorld()
    made = hire(world, EmploymentStartDate="2026-08-01T00:00:00Z", EmploymentEndDate="2026-12-31T23:59:59Z")
    etag = world.get("Workers('W9')").json()["@odata.etag"]
    assert "Pending" == made["WorkerStatus"]
    assert ["Pending"] * 3 == statuses(world, "W9")

    world.clock.set(at("2026-08-01T00:00:00"))
    world.sign_in()
    assert ["Employed"] * 3 == statuses(world, "W9")

    world.clock.set(at("2027-01-01T00:00:00"))
    world.sign_in()
    assert ["Terminated"] * 3 == statuses(world, "W9")
    assert etag == world.get("Workers('W9')").json()["@odata.etag"]


def test_a_rehire_is_employed_again():
    """A further employment of the same worker; both of its rows say so."""
    world = DynamicsWorld()
    hire(world, EmploymentStartDate="2026-01-01T00:00:00Z", EmploymentEndDate="2026-06-30T23:59:59Z")
    assert "Terminated" == world.get("Workers('W9')").json()["WorkerStatus"]

    body = {"PersonnelNumber": "W9", "EmploymentStartDate": "2026-07-01T00:00:00Z"}
    world.post("EmploymentsV2", body).raise_for_status()

    assert ["Employed"] * 5 == statuses(world, "W9")


@pytest.mark.parametrize("name", ["Workers", "EmployeesV2"])
def test_the_derived_status_can_be_filtered_and_ordered_by(name: str):
    """As any other field."""
    world = DynamicsWorld()
    hire(world, EmploymentStartDate="2026-01-01T00:00:00Z", EmploymentEndDate="2026-06-30T23:59:59Z")
    enum = "Microsoft.Dynamics.DataEntities.HcmWorkerStatus"
    gone = world.rows(f"{name}?{CROSS}&$filter=WorkerStatus eq {enum}'Terminated'")

    assert ["W9"] == [row["PersonnelNumber"] for row in gone]
    assert "W9" == world.rows(f"{name}?{CROSS}&$orderby=WorkerStatus")[-1]["PersonnelNumber"]
    assert 403 == world.patch("Workers('W9')", {"WorkerStatus": "Employed"}).status_code


@pytest.mark.parametrize(("switch", "status"), [("truncate", 201), ("refuse", 400)])
def test_a_dimension_value_is_no_longer_than_its_field(switch: str, status: int):
    """30 characters, and 60 for its name: cut or refused, as the switch for every text says."""
    world = DynamicsWorld(text_overflow=switch)
    name = next(
        row["DimensionName"]
        for row in world.rows("DimensionAttributes")
        if row["UseValuesFrom"] == "Custom list"
    )
    body = {"FinancialDimension": name, "DimensionValue": "x" * 31, "Description": "y" * 61}
    made = world.post("FinancialDimensionValues", body)

    assert status == made.status_code
    kept = [
        (row["DimensionValue"], row["Description"])
        for row in world.rows("FinancialDimensionValues")
        if row["DimensionValue"].startswith("xxx")
    ]
    assert ([("x" * 30, "y" * 60)] if status == 201 else []) == kept
