"""Master data into Findity: accounts, VAT codes, journals, suppliers, dimensions, and what hangs on them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.sandbox.findity_world import World

SAMPLES: dict[str, dict[str, Any]] = {
    "/accounts": {
        "number": "4999",
        "name": "Other",
        "accountType": "DEBIT",
        "accountClass": "PROFIT_AND_LOSS",
        "active": True,
    },
    "/vatCodes": {
        "code": "3",
        "description": "VAT 21% including",
        "percentage": 21,
        "accountNumber": "1520",
        "active": True,
    },
    "/journals": {"code": "91", "description": "Expenses", "active": True},
    "/suppliers": {"number": "40024", "name": "Finn Jansen", "vatNumber": None, "active": True},
    "/dimensions": {"name": "Region", "active": True},
}
KEYS = {
    "/accounts": "number",
    "/vatCodes": "code",
    "/journals": "code",
    "/suppliers": "number",
    "/dimensions": "name",
}


@pytest.mark.parametrize("path", SAMPLES)
def test_a_record_is_made_read_changed_and_disabled(path: str) -> None:
    """And its number or code is taken once."""
    world = World()
    count = len(world.rows(path))
    made = world.send("POST", path, SAMPLES[path])
    assert 201 == made.status_code
    key = made.json()["id"]
    assert {"id": key, **SAMPLES[path]} == made.json() == world.get(f"{path}/{key}").json()
    assert 409 == world.send("POST", path, SAMPLES[path]).status_code
    text = "description" if path in ("/vatCodes", "/journals") else "name"
    changed = world.send("PUT", f"{path}/{key}", {text: "Another", "active": False}).json()
    assert {"id": key, **SAMPLES[path], text: "Another", "active": False} == changed
    assert count + 1 == len(world.rows(path))
    world.turn(disabled_hidden=True)
    assert count == len(world.rows(path))
    assert 404 == world.get(f"{path}/unknown").status_code
    assert 405 == world.send("DELETE", f"{path}/{key}", {}).status_code


@pytest.mark.parametrize("path", SAMPLES)
def test_a_record_without_its_key_or_with_odd_values_is_refused(path: str) -> None:
    world = World()
    key = KEYS[path]
    for value in (None, "", "  ", 7, ["x"], "x" * 300, True):
        assert 400 == world.send("POST", path, {**SAMPLES[path], key: value}).status_code, value
    for value in (None, "yes", 1):
        assert 400 == world.send("POST", path, {**SAMPLES[path], "active": value}).status_code, value


def test_accounts_have_a_type_and_a_class_that_are_known() -> None:
    world = World()
    for name in ("accountType", "accountClass"):
        assert 400 == world.send("POST", "/accounts", {**SAMPLES["/accounts"], name: "x"}).status_code
    made = world.send("POST", "/accounts", {"number": "1", "name": "Only these are known"}).json()
    assert (None, None, True) == (made["accountType"], made["accountClass"], made["active"])


def test_a_percentage_is_a_number_from_nought() -> None:
    world = World()
    for value in ("x", None, True, -1, 1_000, "NaN", 1e-7, [21]):
        sample = {**SAMPLES["/vatCodes"], "percentage": value}
        assert 400 == world.send("POST", "/vatCodes", sample).status_code, value
    assert 201 == world.send("POST", "/vatCodes", {**SAMPLES["/vatCodes"], "percentage": "5.5"}).status_code
    assert Decimal("5.5") == world.rows("/vatCodes")[-1]["percentage"]
    assert 400 == world.send("POST", "/vatCodes", {**SAMPLES["/vatCodes"], "accountNumber": "9"}).status_code


def test_values_belong_to_their_dimension() -> None:
    world = World()
    center, unit, _ = world.rows("/dimensions")
    path = f"/dimensions/{center['id']}/values"
    made = world.send("POST", path, {"code": "HR", "name": "People"}).json()
    assert "HR" in [row["code"] for row in world.rows(path)]
    other = f"/dimensions/{unit['id']}/values"
    assert "HR" not in [row["code"] for row in world.rows(other)]
    assert 404 == world.get(f"{other}/{made['id']}").status_code
    assert 201 == world.send("POST", other, {"code": "HR", "name": "People"}).status_code
    assert 404 == world.get("/dimensions/unknown/values").status_code
    assert 404 == world.get(path, world.belgium).status_code


def test_an_account_is_attached_to_what_people_choose() -> None:
    """A voucher takes the account that holds when the report is sent; an inactive one is refused."""
    world = World()
    hotel = next(row for row in world.rows("/categories") if row["name"] == "Office supplies")
    assert 400 == world.send("PUT", f"/categories/{hotel['id']}", {"accountNumber": "9999"}).status_code
    sundry = next(row for row in world.rows("/accounts") if row["number"] == "4990")
    world.send("PUT", f"/accounts/{sundry['id']}", {"active": False})
    assert 400 == world.send("PUT", f"/categories/{hotel['id']}", {"accountNumber": "4990"}).status_code
    told = world.send("PUT", f"/categories/{hotel['id']}", {"accountNumber": "4600", "name": "x"}).json()
    assert ("4600", "Office supplies") == (told["accountNumber"], told["name"])
    own = next(row for row in world.rows("/paymentMethods") if row["name"] == "Company card")
    told = world.send("PUT", f"/paymentMethods/{own['id']}", {"accountNumber": "1600", "reimbursable": True})
    assert ("1600", False) == (told.json()["accountNumber"], told.json()["reimbursable"])
    made = world.control("make_export", reports=["New keyboard"])
    rows = world.vouchers(made["id"])[0]["rows"]
    assert ["4600", "1520", "1600"] == [row["accountNumber"] for row in rows]
    assert 405 == world.send("POST", "/categories", {"name": "x"}).status_code
    assert 404 == world.refused("attach_account", table="categories", key="Coffee", account="4310")
    world.control("attach_account", table="categories", key="Travel", account=None)
    world.control("make_export", reports=["London in a day"])
    assert None is world.books()["exports"][-1]["vouchers"][0]["rows"][0]["account"]


def test_a_number_that_is_there_is_refused_updated_or_doubled() -> None:
    sample = {"number": "4120", "name": "Telephone and internet"}
    for switch, status, names in (
        ("refused", 409, ["Telephone"]),
        ("updates", 200, ["Telephone and internet"]),
        ("doubled", 201, ["Telephone", "Telephone and internet"]),
    ):
        world = World(key_taken=switch)
        assert status == world.send("POST", "/accounts", sample).status_code
        assert names == [row["name"] for row in world.rows("/accounts") if row["number"] == "4120"]


def test_the_verbs_and_what_is_left_out_are_switches() -> None:
    world = World(update_method="PATCH", master_delete=True, created_status=200)
    made = world.send("POST", "/accounts", SAMPLES["/accounts"])
    assert 200 == made.status_code
    path = f"/accounts/{made.json()['id']}"
    assert (405, 200) == tuple(world.send(verb, path, {"name": "x"}).status_code for verb in ("PUT", "PATCH"))
    assert (204, 404) == tuple(world.send("DELETE", path, {}).status_code for _ in range(2))
    used = next(row for row in world.rows("/accounts") if row["number"] == "4310")
    assert 409 == world.send("DELETE", f"/accounts/{used['id']}", {}).status_code
    center = world.rows("/dimensions")[0]["id"]
    assert 409 == world.send("DELETE", f"/dimensions/{center}", {}).status_code
    world = World(put_clears_missing=True)
    key = next(row for row in world.rows("/accounts") if row["number"] == "4310")["id"]
    told = world.send("PUT", f"/accounts/{key}", {"number": "4310", "name": "Hotels"}).json()
    assert (None, None) == (told["accountType"], told["accountClass"])
    assert 400 == world.send("PUT", f"/accounts/{key}", {"name": "Hotels"}).status_code


def test_people_change_master_data_too() -> None:
    world = World()
    world.control("add_master", table="accounts", set={"number": "4700", "name": "Gifts"})
    world.control("edit_master", table="accounts", key="4700", set={"active": False})
    assert not world.rows("/accounts")[-1]["active"]
    world.control(
        "edit_master", table="dimension_values", dimension="Cost center", key="IT", set={"name": "Systems"}
    )
    assert 404 == world.refused("edit_master", table="accounts", key="1", set={})
    assert 400 == world.refused("edit_master", table="coffee", key="1", set={})
    assert 400 == world.refused("add_master", table="accounts", set={"number": "4700", "name": "Gifts"})
    world.control("edit_user", user="Finn Jansen", set={"supplier_number": "40024"})
    world.control("add_user", name="Ida Smit", organization="NK-BE")
    users = {row["name"]: row for row in world.books()["users"]}
    assert ("40024", world.belgium) == (
        users["Finn Jansen"]["supplier_number"],
        users["Ida Smit"]["organization"],
    )
    assert 400 == world.refused("edit_user", user="Finn Jansen", set={"id": "x"})
