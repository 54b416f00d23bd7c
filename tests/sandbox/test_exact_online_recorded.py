"""How rows are written where an answer of the vendor was recorded, and what is kept of what is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ORDERS: dict[str, str] = json.loads(
    Path(__file__).with_name("exact_online_recorded.json").read_text(encoding="utf-8")
)["orders"]
FULL = {"Prefer": "return=representation"}


@pytest.mark.parametrize("path", sorted(ORDERS))
def test_fields_stand_in_the_recorded_order(make_world: Any, path: str) -> None:
    """Every recorded field, and no other, behind the row's metadata."""
    world = make_world(mandatory_filtering=False)
    address = "/api/v1/current/Me" if path == "current/Me" else f"/api/v1/1204/{path}"
    row = world.client.get(address).raise_for_status().json()["d"]["results"][0]

    assert ["__metadata", *ORDERS[path].split()] == list(row)


@pytest.mark.parametrize("path", ["bulk/CRM/Accounts", "sync/CRM/Accounts"])
def test_twins_of_a_set_keep_its_order(make_world: Any, path: str) -> None:
    """The same model stands behind the bulk and the sync set."""
    world = make_world(mandatory_filtering=False)
    wanted = ",".join(reversed(ORDERS["crm/Accounts"].split()))
    row = world.rows(f"{path}?$select={wanted}")[0]

    assert ["__metadata", *ORDERS["crm/Accounts"].split()] == list(row)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("crm/Accounts", {"Name": "Pens"}, "Country"),
        ("crm/Accounts", {"Name": "Pens"}, "PurchaseVATCode"),
        ("financial/GLAccounts", {"Code": "4711", "Description": "x"}, "VATCode"),
        ("vat/VATCodes", {"Code": "7", "Description": "x"}, "OssCountry"),
    ],
)
def test_codes_of_three_are_padded_when_sent_and_when_changed(
    world: Any, path: str, body: dict[str, Any], field: str
) -> None:
    """As the default is: a country of two letters comes back with a blank behind it."""
    made = world.post(path, {**body, field: "NL"}, **FULL).raise_for_status().json()["d"]
    assert "NL " == made[field]

    url = f"/api/v1/1204/{path}(guid'{made['ID']}')"
    assert 204 == world.client.put(url, json={field: "B"}).status_code
    assert "B  " == world.client.get(url).json()["d"][field]


@pytest.mark.parametrize(
    ("path", "body", "field", "most"),
    [
        ("hrm/Costcenters", {"Code": "N1"}, "Description", 60),
        ("hrm/Costunits", {"Code": "N1"}, "Description", 60),
        ("crm/Accounts", {}, "Name", 50),
    ],
)
def test_texts_of_masters_are_as_long_as_their_field(
    make_world: Any, path: str, body: dict[str, Any], field: str, most: int
) -> None:
    """Refused on creation and on change; cut, by switch, like the texts of lines."""
    world = make_world()
    assert f"{field} is too long. Maximum: {most}" in world.post(path, {**body, field: "x" * (most + 1)}).text
    made = world.post(path, {**body, field: "x" * most}, **FULL).json()["d"]
    url = f"/api/v1/1204/{path}(guid'{made['ID']}')"
    assert 500 == world.client.put(url, json={field: "y" * (most + 1)}).status_code

    world.vendor.switches.set({"text_overflow": "truncate"})
    assert 204 == world.client.put(url, json={field: "y" * (most + 1)}).status_code
    assert "y" * most == world.client.get(url).json()["d"][field]


@pytest.mark.parametrize("path", ["hrm/Costcenters", "hrm/Costunits"])
def test_codes_that_differ_in_case_are_one_by_default(make_world: Any, path: str) -> None:
    """Nobody has published it; two, by switch."""
    world = make_world()
    assert 201 == world.post(path, {"Code": "New", "Description": "x"}).status_code
    assert "Data already exists" in world.post(path, {"Code": " NEW ", "Description": "x"}).text

    world.vendor.switches.set({"cost_codes_ignore_case": False})
    assert 201 == world.post(path, {"Code": "NEW", "Description": "x"}).status_code


def test_a_line_shows_the_code_as_it_was_created(make_world: Any) -> None:
    """Whatever the case it was sent in; an unknown one, by switch."""
    world = make_world()
    world.book(world.entry(world.line("4000", 0, CostCenter="sales"))).raise_for_status()
    assert {"cost_center": "SALES"} == world.documents()[0]["lines"][0]["dimensions"]

    world.vendor.switches.set({"cost_codes_ignore_case": False})
    assert "Invalid reference: Cost center" == world.refusal(world.line("4000", 0, CostCenter="sales"))


@pytest.mark.parametrize(
    ("switches", "day", "is_open"),
    [
        ({}, "2026-07-01", True),
        ({}, "2026-07-02", False),
        ({"end_date_takes_entries": False}, "2026-07-01", False),
        ({"end_date_takes_entries": False}, "2026-06-30", True),
        ({"end_date_judged_by": "today"}, "2026-06-30", False),
    ],
)
def test_an_end_date_is_judged_as_the_switches_say(
    make_world: Any, switches: dict[str, Any], day: str, is_open: bool
) -> None:
    """The cost center ends on 1 July; today is 14 July."""
    world = make_world(**switches)
    (row,) = world.rows("hrm/Costcenters?$filter=Code eq 'SALES'")
    url = f"/api/v1/1204/hrm/Costcenters(guid'{row['ID']}')"
    assert 204 == world.client.put(url, json={"EndDate": "2026-07-01"}).status_code

    booked = world.book(world.entry(world.line("4000", 0, Date=day)))

    assert (201 if is_open else 500) == booked.status_code
    assert 204 == world.client.put(url, json={"EndDate": None}).status_code
    assert 201 == world.book(world.entry(world.line("4000", 0, Date=day))).status_code


def test_a_used_cost_center_is_deleted_by_switch_alone(make_world: Any) -> None:
    """Not established: refused unless the switch says otherwise."""
    world = make_world(used_cost_code_delete="accept")
    world.book().raise_for_status()
    (row,) = world.rows("hrm/Costcenters?$filter=Code eq 'SALES'")
    assert 204 == world.client.delete(f"/api/v1/1204/hrm/Costcenters(guid'{row['ID']}')").status_code
