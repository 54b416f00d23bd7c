"""What the vendor does not say about writing org levels: each is a switch."""

from __future__ import annotations

import pytest
from tests.sandbox.ukg_pro_levels import FIELDS, LEVELS, NEW, change, one, post, refused
from tests.sandbox.ukg_pro_world import UkgWorld


@pytest.mark.parametrize("status", ["403", "405"])
def test_the_writes_may_be_open_to_nobody(status: str):
    world = UkgWorld(org_level_writes=status)
    finance = f"{LEVELS}/1/BOSFIN"
    for method, path in (("POST", LEVELS), ("PUT", finance), ("PATCH", finance)):
        answer = world.call(method, path, body=NEW)
        assert (int(status), b"") == (answer.status_code, answer.content)
    assert 200 == world.get(finance).status_code


def test_a_post_takes_a_list_or_one_by_switch():
    expected = {"array": (400, 207), "object": (207, 400), "either": (207, 207)}
    for takes, statuses in expected.items():
        world = UkgWorld(org_level_post=takes)
        sent = (world.call("POST", LEVELS, body=body).status_code for body in (NEW, [{**NEW, "code": "B"}]))
        assert statuses == tuple(sent)


def test_the_answer_may_be_a_list_with_one_object_a_row():
    answer = post(UkgWorld(org_level_answer="array"), NEW, NEW)

    assert [(0, "201"), (1, "400")] == [
        (row["errorCount"], row["multistatus"][0]["status"]) for row in answer
    ]
    assert [1, 2] == [row["multistatus"][0]["sequenceId"] for row in answer]


def test_the_body_of_a_row_that_was_made_is_a_switch():
    bodies = {
        kind: one(UkgWorld(org_level_row=kind), NEW).get("body")
        for kind in ("level", "schema", "key", "none")
    }
    assert FIELDS == set(bodies["level"])
    assert {"schema": bodies["level"]} == bodies["schema"]
    assert {"level": 1, "code": "BOSNEW"} == bodies["key"]
    assert bodies["none"] is None


def test_the_status_of_a_row_is_a_switch():
    for kind, expected in (("201", ["201", "400"]), ("200", ["200", "400"]), ("word", ["success", "error"])):
        rows = post(UkgWorld(org_level_status=kind), NEW, NEW)["multistatus"]
        assert expected == [row["status"] for row in rows]


def test_a_duplicate_may_be_a_conflict_or_an_update():
    """An update takes the row whole: what it leaves out is emptied."""
    world = UkgWorld(org_level_duplicate="409")
    answer = post(world, NEW, NEW)
    assert ("409", "Conflict") == (answer["multistatus"][1]["status"], answer["errors"][0]["title"])

    world = UkgWorld(org_level_duplicate="update")
    answer = post(world, {**NEW, "glSegment": "1"}, {**NEW, "description": "Again"})
    assert ["201", "200"] == [row["status"] for row in answer["multistatus"]]
    held = world.rows(f"{LEVELS}/1/BOSNEW")
    assert ("Again", None) == (held["description"], held["glSegment"])
    assert held == answer["multistatus"][1]["body"]


def test_an_unknown_level_may_be_not_found_and_an_unnamed_one_unknown():
    """The tenant has named levels 1 and 2."""
    row = {**NEW, "level": 5}
    assert "404" == one(UkgWorld(org_level_unknown_level="404"), row)["status"]
    world = UkgWorld(org_level_unnamed_levels=False)
    assert ["201", "201", "400", "400"] == [one(world, {**NEW, "level": n})["status"] for n in (1, 2, 3, 4)]


def test_the_length_of_a_code_and_what_is_too_long_are_switches():
    world = UkgWorld(org_level_code_max=4)
    assert ["201", "400"] == [one(world, {**NEW, "code": code})["status"] for code in ("ABCD", "ABCDE")]
    world = UkgWorld(org_level_code_max=0)
    assert "x" * 300 == one(world, {**NEW, "code": "x" * 300})["body"]["code"]

    world = UkgWorld(org_level_too_long="cut")
    row = {"level": 1, "code": "c" * 99, "description": "d" * 99, "glSegment": "s" * 99}
    made = one(world, row)["body"]
    assert ("c" * 10, "d" * 25, "s" * 15) == (made["code"], made["description"], made["glSegment"])
    assert "400" == one(world, {**row, "code": "c" * 11})["status"]


def test_a_code_may_be_stored_in_upper_case():
    """Then it is found in any, and another spelling of it is the same."""
    world = UkgWorld(org_level_code_case="upper")
    assert "BOSNEW" == one(world, {**NEW, "code": "bosNew"})["body"]["code"]
    assert "400" == one(world, {**NEW, "code": "BosNew"})["status"]
    assert "BOSNEW" == world.rows(f"{LEVELS}/1/bosnew")["code"]
    assert "x" == change(world, "PATCH", {"code": "bosnew", "description": "x"}, "1/BOSnew")["description"]

    world = UkgWorld()
    assert ["201", "201"] == [one(world, {**NEW, "code": code})["status"] for code in ("k1a", "K1A")]


def test_a_missing_description_may_be_the_code():
    world = UkgWorld(org_level_description_missing="code")
    assert "BOSNEW" == one(world, {"level": 1, "code": "BOSNEW"})["body"]["description"]
    assert "BOSFIN" == change(world, "PUT", {})["description"]
    assert "BOSFIN" == change(world, "PATCH", {"description": ""})["description"]


def test_what_does_not_say_whether_it_is_active_is_so_by_switch():
    world = UkgWorld(org_level_active_left_out=False)
    assert [False, True] == [
        one(world, {**NEW, **more})["body"]["isActive"] for more in ({}, {"code": "B", "isActive": True})
    ]
    assert not change(world, "PUT", {"description": "x"})["isActive"]
    assert not change(world, "PATCH", {"description": "y"})["isActive"]


def test_a_put_may_keep_what_it_leaves_out_or_demand_all():
    world = UkgWorld(org_level_put="keep")
    before = world.rows(f"{LEVELS}/1/BOSFIN")
    assert {**before, "description": "x"} == change(world, "PUT", {"description": "x"})

    world = UkgWorld(org_level_put="all")
    whole = {**world.get(f"{LEVELS}/1/BOSFIN").json(), "description": "x"}
    assert "x" == change(world, "PUT", whole)["description"]
    for name in FIELDS:
        rest = {held: value for held, value in whole.items() if held != name}
        assert name == refused(world, "PUT", rest)


def test_an_update_may_demand_the_key_and_may_ignore_another():
    world = UkgWorld(org_level_key_in_body=True)
    for method in ("PUT", "PATCH"):
        assert "level" == refused(world, method, {"description": "x", "code": "BOSFIN"})
        assert "code" == refused(world, method, {"description": "x", "level": 1})
        change(world, method, {"description": "x", "level": 1, "code": "BOSFIN"})

    world = UkgWorld(org_level_fixed="ignored")
    before = world.rows(f"{LEVELS}/1/BOSFIN")
    said = {"level": 2, "code": "OTHER", "levelDescription": "y", "description": "x"}
    assert {**before, "description": "x"} == change(world, "PATCH", said)


def test_an_org_level_in_use_may_have_to_stay_open():
    """Somebody who has left is in it no more."""
    world = UkgWorld(workers=1, org_level_used_closes=False)
    (person,) = world.rows("/personnel/v1/employment-details")
    key = f"1/{person['orgLevel1Code']}"
    assert "isActive" == refused(world, "PATCH", {"isActive": False}, key)
    assert "isActive" == refused(world, "PUT", {"description": "x", "isActive": False}, key)
    post(world, NEW)
    assert not change(world, "PATCH", {"isActive": False}, "1/BOSNEW")["isActive"]

    world.vendor.control("change_employee", {"employee": "W00001", "status": "T", "reason": "202"})
    assert not change(world, "PATCH", {"isActive": False}, key)["isActive"]
