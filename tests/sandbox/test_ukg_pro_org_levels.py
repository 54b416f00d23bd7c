"""Org levels as a web service account writes them: many in one POST, one by PUT or PATCH."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.sandbox.ukg_pro_levels import FIELDS, LEVELS, NEW, audit, change, one, post, refused
from tests.sandbox.ukg_pro_world import UkgWorld

CONFIGURATION = "Company Configuration Integration"
NEW_BODY = {"description": "New"}
DEEP = b"[" * 100_000


def test_a_post_makes_org_levels_and_says_so_of_each():
    """In the order sent; they are listed with those that were there, with every field."""
    world = UkgWorld()
    before = world.rows(LEVELS)
    answer = post(
        world,
        {**NEW, "glSegment": "4200-1"},
        {"level": 3, "code": "P7", "description": "Project 7", "isActive": False, "budgetGroup": "B"},
    )

    assert (2, 0, 0, []) == tuple(answer[k] for k in ("success_count", "error_count", "errorCount", "errors"))
    assert [(1, "201"), (2, "201")] == [(row["sequenceId"], row["status"]) for row in answer["multistatus"]]
    assert not any("modelstate" in row for row in answer["multistatus"])
    after = world.rows(LEVELS)
    made = [row["body"] for row in answer["multistatus"]]
    assert made == [row for row in after if row not in before]
    assert len(before) + 2 == len(after)
    assert {frozenset(FIELDS)} == {frozenset(row) for row in after}
    made = world.rows(f"{LEVELS}/1/BOSNEW")
    assert ("New", "4200-1", True, "Department") == tuple(
        made[name] for name in ("description", "glSegment", "isActive", "levelDescription")
    )
    assert ["P7"] == [row["code"] for row in world.rows(f"{LEVELS}?isActive=false")]


def test_people_can_be_put_in_a_department_that_was_posted():
    world = UkgWorld()
    post(world, NEW)
    moved = world.vendor.control("change_employee", {"employee": "W00002", "department": "BOSNEW"})
    (row,) = world.rows(f"/personnel/v1/employment-details?employeeId={moved['employee_id']}")

    assert "BOSNEW" == row["orgLevel1Code"]
    assert world.rows("/payroll/v2/general-ledger")


def test_one_object_is_as_good_as_a_list_of_one():
    world, other = UkgWorld(), UkgWorld()
    alone = world.call("POST", LEVELS, body=NEW)

    assert (207, post(other, NEW)) == (alone.status_code, json.loads(alone.content, parse_float=Decimal))


def test_what_is_wrong_with_one_row_does_not_stop_the_others():
    """Each refusal is in its row, and once more in the list of errors."""
    world = UkgWorld()
    answer = post(world, {**NEW, "code": None}, NEW, {**NEW, "description": "Twice"}, None)

    assert [(1, "400"), (2, "201"), (3, "400"), (4, "400")] == [
        (row["sequenceId"], row["status"]) for row in answer["multistatus"]
    ]
    assert [["code"], ["code"], ["body"]] == [
        list(row["modelstate"]) for row in answer["multistatus"] if "modelstate" in row
    ]
    assert [False, True, False, False] == ["body" in row for row in answer["multistatus"]]
    assert (1, 3, 3) == tuple(answer[name] for name in ("success_count", "error_count", "errorCount"))
    assert ["The code field is required.", "The code BOSNEW of level 1 exists already."] == [
        error["detail"] for error in answer["errors"]
    ][:2]
    assert {"title", "refId", "type", "detail"} == set(answer["errors"][0])
    assert "New" == world.rows(f"{LEVELS}/1/BOSNEW")["description"]


@pytest.mark.parametrize(
    ("field", "row"),
    [
        ("level", {"level": None}),
        ("level", {"level": 0}),
        ("level", {"level": 5}),
        ("level", {"level": 1.5}),
        ("level", {"level": "1"}),
        ("level", {"level": True}),
        ("level", {"level": []}),
        ("code", {"code": ""}),
        ("code", {"code": 7}),
        ("code", {"code": "ELEVENCHARS"}),
        ("code", {"code": "A\tB"}),
        ("code", {"code": "\ud800"}),
        ("description", {"description": None}),
        ("description", {"description": "  "}),
        ("description", {"description": "x" * 26}),
        ("description", {"description": {"en": "x"}}),
        ("glSegment", {"glSegment": ""}),
        ("glSegment", {"glSegment": "x" * 16}),
        ("glSegment", {"glSegment": 4200}),
        ("isActive", {"isActive": "true"}),
        ("isActive", {"isActive": None}),
        ("currentYearBudgetFTE", {"currentYearBudgetFTE": "1"}),
        ("lastYearBudgetSalary", {"lastYearBudgetSalary": 10**15}),
        ("budgetGroup", {"budgetGroup": "x" * 256}),
    ],
)
def test_a_row_that_does_not_fit_is_refused_by_the_name_of_its_field(field: str, row: dict[str, Any]):
    world = UkgWorld()
    before = world.get(LEVELS).content
    result = one(world, {**NEW, **row})

    assert ("400", [field]) == (result["status"], list(result["modelstate"]))
    assert {"message", "type"} == set(result["modelstate"][field][0])
    assert before == world.get(LEVELS).content


def test_required_are_level_code_and_description():
    world = UkgWorld()
    for name in NEW:
        row = {held: value for held, value in NEW.items() if held != name}
        assert [name] == list(one(world, row)["modelstate"])


def test_the_longest_texts_fit_and_names_are_read_in_any_case():
    """Numbers come back as they were sent; names nobody lists are ignored."""
    world = UkgWorld()
    row = {"LEVEL": 4, "Code": "A" * 10, "DESCRIPTION": "d" * 25, "glsegment": "&/ ü" + "s" * 11, "more": 1}
    made = one(world, {**row, "currentYearBudgetSalary": 1234567.89})["body"]

    assert (4, "A" * 10, "d" * 25, "&/ ü" + "s" * 11, Decimal("1234567.89")) == tuple(
        made[name] for name in ("level", "code", "description", "glSegment", "currentYearBudgetSalary")
    )
    assert made == world.rows(f"{LEVELS}/4/{'A' * 10}")
    assert FIELDS == set(made)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"7", b'"x"', b"{", b"\xff", b"NaN", DEEP, b"true", b'{"level":1e999999999999999999999}'],
)
@pytest.mark.parametrize("place", ["", "/1/BOSFIN"])
def test_a_body_that_is_none_is_a_400_and_nothing_is_written(body: bytes, place: str):
    world = UkgWorld()
    before = world.get(LEVELS).content
    for method in ("PUT", "PATCH") if place else ("POST",):
        answer = world.client.request(method, LEVELS + place, headers=world.headers(), content=body)

        assert (400, "body") == (answer.status_code, answer.json()["modelstate"]["fieldname"])
    assert before == world.get(LEVELS).content
    assert 0 == world.client.get("/__sandbox__/failures").json()["count"]


def test_numbers_without_end_and_a_list_without_end_are_refused():
    """No number is worked out that nobody could hold."""
    world = UkgWorld()
    for field, number in (("level", "1e999999999"), ("currentYearBudgetFTE", "-1e999999999")):
        row = json.dumps({**NEW, field: 0}).replace(f'"{field}": 0', f'"{field}": {number}')
        answer = world.client.post(LEVELS, headers=world.headers(), content=f"[{row}]")
        assert [field] == list(answer.json()["multistatus"][0]["modelstate"])
    rows = [{"level": 1, "code": f"N{number}", "description": "x"} for number in range(1_001)]

    assert 400 == world.call("POST", LEVELS, body=rows).status_code
    assert 404 == world.get(f"{LEVELS}/1/N0").status_code
    assert 1_000 == post(world, *rows[:1_000])["success_count"]
    assert 0 == world.client.get("/__sandbox__/failures").json()["count"]


def test_an_empty_list_makes_nothing():
    assert ([], 0) == tuple(post(UkgWorld())[name] for name in ("multistatus", "error_count"))


def test_a_patch_changes_what_it_says_and_nothing_else():
    world = UkgWorld()
    before = world.rows(f"{LEVELS}/1/BOSFIN")
    answer = change(world, "PATCH", {"description": "Finance", "lastYearBudgetFTE": 2.5})

    assert {**before, "description": "Finance", "lastYearBudgetFTE": Decimal("2.5")} == answer
    assert answer == world.rows(f"{LEVELS}/1/BOSFIN")
    assert answer == change(world, "PATCH", {})


def test_a_closed_org_level_is_still_listed_and_opens_again():
    """Somebody may be in it: they keep the code."""
    world = UkgWorld()
    number = len(world.rows(LEVELS))
    change(world, "PATCH", {"isActive": False})

    assert (number, ["BOSFIN"]) == (
        len(world.rows(LEVELS)),
        [row["code"] for row in world.rows(f"{LEVELS}?isActive=false")],
    )
    assert change(world, "PATCH", {"isActive": True})["isActive"]


def test_a_put_of_what_was_read_changes_nothing():
    """Level, code and level's name may be in the body as they are."""
    world = UkgWorld()
    before = world.rows(f"{LEVELS}/1/BOSFIN")
    answer = world.call("PUT", f"{LEVELS}/1/BOSFIN", body=world.get(f"{LEVELS}/1/BOSFIN").json())

    assert (200, before) == (answer.status_code, world.rows(f"{LEVELS}/1/BOSFIN"))
    assert [] == audit(world)


def test_a_put_empties_what_it_leaves_out():
    world = UkgWorld()
    change(world, "PATCH", {"isActive": False, "budgetGroup": "B"})
    answer = change(world, "PUT", {"description": "Finance"})

    assert ("Finance", None, None, True) == tuple(
        answer[name] for name in ("description", "glSegment", "budgetGroup", "isActive")
    )
    assert "description" == refused(world, "PUT", {"glSegment": "1"})


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("level", {"level": 2}),
        ("code", {"code": "OTHER"}),
        ("levelDescription", {"levelDescription": "Cost center"}),
        ("description", {"description": "x" * 26}),
        ("description", {"description": None}),
        ("glSegment", {"glSegment": "x" * 16}),
        ("isActive", {"isActive": None}),
        ("isActive", {"isActive": 0}),
        ("currentYearBudgetFTE", {"currentYearBudgetFTE": True}),
        ("body", [{"description": "x"}]),
    ],
)
def test_an_update_that_does_not_fit_is_a_400(method: str, field: str, said: Any):
    whole = {"description": "x", **said} if isinstance(said, dict) else said

    assert field == refused(UkgWorld(), method, whole)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
@pytest.mark.parametrize(
    "key",
    [
        "1/NONE",
        "2/BOSFIN",
        "5/BOSFIN",
        "x/BOSFIN",
        "01/BOSFIN",
        "1/bosfin",
        "%31/BOSFIN%20",
        "1/%2F",
        "1/%ff",
    ],
)
def test_what_is_not_there_is_a_404_without_a_body(method: str, key: str):
    body = None if method == "GET" else {"description": "x"}
    answer = UkgWorld().call(method, f"{LEVELS}/{key}", body=body)

    assert (404, b"") == (answer.status_code, answer.content)


@pytest.mark.parametrize("code", ["A/B", "A B", "50%", "É?", "a#b&c", "..;x"])
def test_a_code_with_odd_characters_is_found_by_its_encoded_path(code: str):
    world = UkgWorld()
    post(world, {**NEW, "code": code})
    path = "".join(f"%{byte:02X}" for byte in code.encode())

    assert (code, "Odd") == tuple(
        change(world, "PATCH", {"description": "Odd"}, f"1/{path}")[name] for name in ("code", "description")
    )
    assert code == world.rows(f"{LEVELS}/1/{path}")["code"]


def test_every_write_is_audited_once_and_a_restored_backup_knows_nothing_of_it():
    world = UkgWorld()
    world.vendor.control("back_up", {})
    post(world, NEW)
    change(world, "PATCH", {"description": "Newer", "isActive": False}, "1/BOSNEW")
    change(world, "PATCH", {"description": "Newer", "isActive": False}, "1/BOSNEW")

    assert [
        ("BOSNEW", "code", None, "BOSNEW", "I"),
        ("BOSNEW", "description", "New", "Newer", "U"),
        ("BOSNEW", "isActive", "True", "False", "U"),
    ] == audit(world)
    assert 3 == world.vendor.books()["calls"]["write"]
    world.vendor.control("restore", {})
    assert 404 == world.get(f"{LEVELS}/1/BOSNEW").status_code


def test_a_person_and_the_account_write_the_same_org_level():
    """What one renames, closes, deletes, the other finds so."""
    world = UkgWorld()
    post(world, NEW)
    world.vendor.control("change_org_level", {"code": "BOSNEW", "name": "By hand", "active": False})
    assert "400" == one(world, NEW)["status"]
    assert ("By hand", True) == tuple(
        change(world, "PATCH", {"isActive": True}, "1/BOSNEW")[name] for name in ("description", "isActive")
    )

    world.vendor.control("delete_org_level", {"code": "BOSNEW"})
    gone = world.call("PATCH", f"{LEVELS}/1/BOSNEW", body={"description": "x"})
    assert (404, "201") == (gone.status_code, one(world, NEW)["status"])


@pytest.mark.parametrize(
    ("lacking", "expected"),
    [
        (f"{CONFIGURATION}:Add", (200, 403, 200, 200)),
        (f"{CONFIGURATION}:Edit", (200, 207, 403, 403)),
        (f"{CONFIGURATION}:View", (403, 207, 200, 200)),
        (CONFIGURATION, (403, 403, 403, 403)),
        ("Personnel Integration:Add", (200, 207, 200, 200)),
    ],
)
def test_each_verb_has_its_right(lacking: str, expected: tuple[int, ...]):
    """Without it: 403, no body, nothing written."""
    world = UkgWorld(without_permissions=lacking)
    finance = f"{LEVELS}/1/BOSFIN"
    calls = [
        ("GET", LEVELS, None),
        ("POST", LEVELS, [NEW]),
        ("PUT", finance, NEW_BODY),
        ("PATCH", finance, NEW_BODY),
    ]
    answers = [world.call(method, path, body=body) for method, path, body in calls]

    assert expected == tuple(answer.status_code for answer in answers)
    assert {b""} >= {answer.content for answer in answers if answer.status_code == 403}


def test_a_write_without_sign_in_is_a_401_and_there_is_no_delete():
    world = UkgWorld()
    answer = world.call("POST", LEVELS, body=[NEW], Authorization=None)
    assert (401, b"") == (answer.status_code, answer.content)
    assert 405 == world.call("DELETE", f"{LEVELS}/1/BOSFIN").status_code
