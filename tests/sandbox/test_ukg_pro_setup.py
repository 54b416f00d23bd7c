"""Org levels and locations that people make, rename, close and delete."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

CONFIGURATION = "/configuration/v1"
LEVELS = f"{CONFIGURATION}/org-levels"


def _locations(world: UkgWorld) -> dict[str, tuple[str, bool]]:
    return {
        row["locationCode"]: (row["description"], row["isActive"])
        for row in world.rows(f"{CONFIGURATION}/locations")
    }


def test_a_department_is_made_and_people_are_put_in_it():
    """It stands after those that were there, and a run posts to it no more than before."""
    world = UkgWorld()
    before = world.rows(LEVELS)
    world.vendor.control("add_org_level", {"code": "BOSNEW", "name": "A name of more than 25 characters"})
    made = world.rows(f"{LEVELS}/1/BOSNEW")
    moved = world.vendor.control("change_employee", {"employee": "W00002", "department": "BOSNEW"})
    (row,) = world.rows(f"/personnel/v1/employment-details?employeeId={moved['employee_id']}")

    assert [*before, made] == sorted(world.rows(LEVELS), key=lambda row: row["code"] == "BOSNEW")
    assert ("A name of more than 25 ch", True, "BOSNEW") == (
        made["description"],
        made["isActive"],
        made["glSegment"],
    )
    assert set(before[0]) == set(made)
    assert "BOSNEW" == row["orgLevel1Code"]
    assert world.rows("/payroll/v2/general-ledger")


def test_a_department_is_renamed_closed_and_opened_again():
    """The filter on active ones sees it; each step is in the audit."""
    world = UkgWorld()
    world.vendor.control("change_org_level", {"code": "BOSFIN", "name": "Finance", "active": False})
    held = world.rows(f"{LEVELS}/1/BOSFIN")
    assert ("Finance", False) == (held["description"], held["isActive"])
    assert ["BOSFIN"] == [row["code"] for row in world.rows(f"{LEVELS}?isActive=false")]

    world.vendor.control("change_org_level", {"code": "BOSFIN", "active": True})
    assert ("Finance", True) == tuple(
        world.rows(f"{LEVELS}/1/BOSFIN")[name] for name in ("description", "isActive")
    )
    since = "startDateTime=2026-07-01T00:00:00&endDateTime=2026-08-01T00:00:00"
    audit = world.rows(f"/personnel/v1/audit-details?{since}&tableName=OrgLevel&fieldName=isActive")
    assert [("True", "False"), ("False", "True")] == [
        (row["audOldValue"], row["audNewValue"]) for row in audit
    ]


def test_a_code_that_is_used_can_be_deleted():
    """Whoever has it keeps it; it can be made again."""
    world = UkgWorld()
    used = sum(row["orgLevel1Code"] == "BOSFIN" for row in world.rows("/personnel/v1/employment-details"))
    gone = world.vendor.control("delete_org_level", {"code": "BOSFIN"})
    after = [row["orgLevel1Code"] for row in world.rows("/personnel/v1/employment-details")]

    assert gone["used_by"] == used == after.count("BOSFIN") > 0
    assert 404 == world.get(f"{LEVELS}/1/BOSFIN").status_code
    assert world.rows("/payroll/v2/general-ledger")
    world.vendor.control("add_org_level", {"code": "BOSFIN", "name": "Again"})
    assert "Again" == world.rows(f"{LEVELS}/1/BOSFIN")["description"]


def test_other_levels_and_codes_that_look_alike():
    """A level is part of the key; letters keep their case, blanks their place."""
    world = UkgWorld()
    for level, code in ((2, "D777"), (3, "K1a"), (3, "K1A"), (3, "ABC"), (3, "ABC "), (4, "A 1")):
        world.vendor.control("add_org_level", {"level": level, "code": code})

    assert ["K1a", "K1A", "ABC", "ABC "] == [row["code"] for row in world.rows(LEVELS) if row["level"] == 3]
    assert "A 1" == world.rows(f"{LEVELS}/4/A%201")["code"]


def test_a_location_is_made_renamed_and_closed():
    world = UkgWorld()
    world.vendor.control("add_location", {"code": "LOC3", "name": "Warehouse"})
    world.vendor.control("change_location", {"code": "LOC2", "name": "Old office", "active": False})
    assert {
        "LOC1": ("Head office", True),
        "LOC2": ("Old office", False),
        "LOC3": ("Warehouse", True),
    } == _locations(world)

    world.vendor.control("change_location", {"code": "LOC2", "active": True})
    assert ("Old office", True) == _locations(world)["LOC2"]


@pytest.mark.parametrize(
    ("action", "wish"),
    [
        ("add_org_level", {}),
        ("add_org_level", {"code": "BOSFIN"}),
        ("add_org_level", {"code": "ELEVENCHARS"}),
        ("add_org_level", {"code": ""}),
        ("add_org_level", {"code": "X", "level": 5}),
        ("add_org_level", {"code": "X", "level": True}),
        ("add_org_level", {"code": "X", "company": "NONE"}),
        ("change_org_level", {"code": "NONE", "name": "x"}),
        ("change_org_level", {"code": "BOSFIN"}),
        ("change_org_level", {"code": "BOSFIN", "active": "no"}),
        ("change_org_level", {"code": "BOSFIN", "gl_segment": "x" * 16}),
        ("delete_org_level", {"code": "BOSFIN", "level": 2}),
        ("add_location", {"code": "LOC1"}),
        ("change_location", {"code": "NONE", "active": False}),
        ("change_location", {"code": "LOC1", "name": 7}),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(action: str, wish: dict[str, Any]):
    world = UkgWorld()
    before = [world.get(path).content for path in (LEVELS, f"{CONFIGURATION}/locations")]
    answer = world.client.post(f"/__sandbox__/control/{action}", json=wish)

    assert answer.status_code in (400, 404), answer.text
    assert before == [world.get(path).content for path in (LEVELS, f"{CONFIGURATION}/locations")]


def test_org_levels_are_listed_for_whoever_counts():
    """With their names; one that is closed is there, one that is deleted is not."""
    world = UkgWorld()
    world.vendor.control("add_org_level", {"code": "BOSNEW", "name": "New"})
    world.vendor.control("change_org_level", {"code": "BOSFIN", "active": False})
    world.vendor.control("add_org_level", {"code": "GONE"})
    world.vendor.control("delete_org_level", {"code": "GONE"})
    shown = {(row["level"], row["code"]): row for row in world.vendor.control("org_levels", {})["org_levels"]}

    assert {(row["level"], row["code"]) for row in world.rows(LEVELS)} == shown.keys()
    assert {"level": 1, "code": "BOSNEW", "name": "New", "active": True} == shown[1, "BOSNEW"]
    assert not shown[1, "BOSFIN"]["active"]
