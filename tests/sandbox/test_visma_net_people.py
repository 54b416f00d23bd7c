"""Segment values, departments, employees at Visma.net: by hand, under a moving version, and who is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from tests.sandbox.visma_net_world import World

SEGMENT = "/v1/dimension/SUBACCOUNT/1"


def put(world: World, *values: dict[str, Any], path: str = SEGMENT, **headers: str) -> Any:
    wrapped = [
        {name: v if name in ("operation", "value") else {"value": v} for name, v in value.items()}
        for value in values
    ]
    body = {"dimensionId": "SUBACCOUNT", "segementId": int(path[-1]), "segmentValues": wrapped}
    return world.client.put(path, json=body, headers=headers)


def insert(code: str, **fields: Any) -> dict[str, Any]:
    return {"operation": "Insert", "value": code, **fields}


def values(world: World) -> dict[str, Any]:
    return {row["valueId"]: row for row in world.rows(SEGMENT)["segmentValues"]}


def employee(code: str, **fields: str) -> dict[str, Any]:
    """A new employee's body."""
    given = {"department": "SALES", "employeeClass": "EMPSTAND", "branch": "1", "calendar": "NO", **fields}
    contact = {"lastName": {"value": "Moen"}, "email": {"value": "moen@x.example"}}
    return {name: {"value": value} for name, value in {"employeeCd": code, **given}.items()} | {
        "contact": contact
    }


def refusal(answer: Any, status: int = 400) -> str:
    assert status == answer.status_code, answer.text
    return str(answer.json()["message"])


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def arrived(world: World) -> list[tuple[str, str, str]]:
    """What everybody is told of: entity, event, code."""
    heard: list[tuple[str, str, str]] = []

    def receive(url: str, body: bytes, headers: Any) -> int:
        content = json.loads(body)
        heard.append((content["entity"], content["event"], content["code"]))
        return 200

    world.vendor.webhooks.outbox.background = False
    world.vendor.webhooks.outbox.send = receive
    world.control("subscribe", url="http://127.0.0.1:9/hook")
    return heard


def test_the_length_of_a_segment_is_changed_by_an_administrator(world: World, arrived: Any) -> None:
    """Values stay as they are; a longer one fits from then on, and the version moves with it."""
    before = world.get(SEGMENT).headers["ETag"]
    assert 500 == put(world, insert("000042")).status_code
    world.control("set_segment", segment=1, length=6)
    assert 412 == put(world, insert("000042"), **{"If-Match": before}).status_code
    assert 204 == put(world, insert("000042")).status_code
    assert {"0000", "0100", "0900", "000042"} == set(values(world))
    assert (6, 9) == (world.rows(SEGMENT)["length"], world.rows("/v1/dimension/SUBACCOUNT")["length"])
    assert [("Dimension", "Changed", "SUBACCOUNT"), ("Segment", "Changed", "SUBACCOUNT/1")] == arrived[:2]
    for wrong in ({"length": 3}, {"length": 28}, {"length": "x"}, {"segment": 7}):
        answer = world.client.post("/__sandbox__/control/set_segment", json=wrong)
        assert answer.status_code in {400, 404}, wrong


def test_a_segment_that_is_not_validated_takes_any_value(world: World) -> None:
    """By an administrator's choice."""
    line = world.line("5000", 1, subaccount=world.sub("0777", "OSL"))
    assert "do not exist" in world.refusal(line, world.line("2930", -1))
    world.control("set_segment", segment=1, validate=False)
    world.booked(line, world.line("2930", -1))


def test_two_writes_meet_another_users_change_and_the_third_does_not(world: World) -> None:
    """412 with a fresh version too; a write without a version is not held up."""
    world.control("update_conflict", times=2)
    seen = []
    for _ in range(3):
        tag = world.get(SEGMENT).headers["ETag"]
        seen.append(put(world, insert("0200"), **{"If-Match": tag}).status_code)
    assert [412, 412, 204] == seen
    world.control("update_conflict", times=1)
    assert 204 == put(world, insert("0300")).status_code


@pytest.mark.parametrize("path", [SEGMENT, "/v1/department/SALES", "/v1/employee/E1"])
def test_the_version_of_an_answer_is_not_that_of_the_next_read(path: str) -> None:
    """By switch: only the version of a fresh read is good for the next write."""
    world = World(version_moves_after_write=True)
    bodies: dict[str, Any] = {SEGMENT: {"segmentValues": []}, "/v1/employee/E1": {"contact": {}}}
    body = bodies.get(path, {"description": {"value": "x"}})
    first = world.client.put(path, json=body, headers={"If-Match": world.get(path).headers["ETag"]})
    answered, fresh = first.headers["ETag"], world.get(path).headers["ETag"]
    assert (204, True) == (first.status_code, answered != fresh)
    assert [412, 204] == [
        world.client.put(path, json=body, headers={"If-Match": tag}).status_code for tag in (answered, fresh)
    ]


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, " Müller  GmbH "),
        ({"text_spaces": "trim"}, "Müller  GmbH"),
        ({"text_spaces": "fold"}, "Müller GmbH"),
    ],
)
def test_blanks_of_a_text_are_kept_or_not(switches: dict[str, Any], expected: str) -> None:
    world = World(**switches)
    text = " Müller  GmbH "
    put(world, insert("0200", description=text)).raise_for_status()
    world.client.put("/v1/department/SALES", json={"description": {"value": text}}).raise_for_status()
    assert expected == values(world)["0200"]["description"]
    assert expected == world.rows("/v1/department/SALES")["description"]


@pytest.mark.parametrize(("switch", "statuses"), [("refuse", (500, 400)), ("truncate", (204, 204))])
def test_a_text_of_eighty_characters_is_cut_or_refused(switch: str, statuses: tuple[int, int]) -> None:
    world = World(text_overflow=switch)
    wish = {"description": {"value": "y" * 80}}
    assert statuses == (
        put(world, insert("0200", description="x" * 80)).status_code,
        world.client.put("/v1/department/SALES", json=wish).status_code,
    )
    kept = values(world).get("0200", {"description": None})["description"]
    assert ("x" * 60 if switch == "truncate" else None) == kept
    shown = world.rows("/v1/department/SALES")["description"]
    assert ("y" * 60 if switch == "truncate" else "Salg") == shown


def test_an_employees_number_has_the_form_of_business_accounts(world: World) -> None:
    """And is none that a customer or supplier has; nor when it is changed."""
    world.control("add_business_account", code="E2")
    assert "already exists" in refusal(world.client.post("/v1/employee", json=employee("E2")))
    assert "longer than 10" in refusal(world.client.post("/v1/employee", json=employee("E" * 11)))
    row = world.rows("/v1/employee/E1")
    renumber = f"/v1/employee/action/changeEmployeeCd/{row['employeeId']}"
    for number in ("E2", "E" * 11, ""):
        assert 400 == world.client.post(renumber, json={"employeeNr": number}).status_code
    assert 201 == world.client.post("/v1/employee", json=employee("E3")).status_code


def test_a_change_of_an_employee_names_a_contact(world: World) -> None:
    """An empty one leaves the contact as it is."""
    wish = {"status": {"value": "Inactive"}}
    assert "'contact' cannot be empty" in refusal(world.client.put("/v1/employee/E1", json=wish))
    before = world.rows("/v1/employee/E1")
    assert 204 == world.client.put("/v1/employee/E1", json={**wish, "contact": {}}).status_code
    after = world.rows("/v1/employee/E1")
    assert ("Active", "Inactive") == (before["status"], after["status"])
    assert before["contact"] == after["contact"]


@pytest.mark.parametrize("path", ["/v1/employee/E1", "/v1/department/SALES"])
def test_nothing_of_people_is_deleted_through_the_api(world: World, path: str) -> None:
    assert 405 == world.client.delete(path).status_code
    assert 200 == world.get(path).status_code


def test_departments_and_employees_are_kept_by_hand(world: World, arrived: Any) -> None:
    """Two publishers tell of an employee, none of a department; the version moves with every change."""
    old = world.get("/v1/department/SALES").headers["ETag"]
    world.control("put_department", code="SALES", description="Salg Nord")
    late = {"description": {"value": "x"}}
    assert 412 == world.client.put("/v1/department/SALES", json=late, headers={"If-Match": old}).status_code
    world.control("put_department", code="HR")
    world.control("put_employee", code="E2", last_name="Moen", email="m@x.example", department="HR")
    world.control("put_employee", code="E2", status="Hold", last_name="Moen-Dahl")
    row = world.rows("/v1/employee/E2")
    assert ("OnHold", "Moen-Dahl", "HR") == (row["status"], row["contact"]["lastName"], row["department"])
    world.control("recode_employee", code="E2", to="E22")
    assert (404, 200) == (world.get("/v1/employee/E2").status_code, world.get("/v1/employee/E22").status_code)
    refused = world.client.post("/__sandbox__/control/remove_department", json={"code": "HR"})
    assert 400 == refused.status_code
    world.control("remove_employee", code="E22")
    world.control("remove_department", code="HR")
    assert ["SALES"] == [row["departmentId"] for row in world.rows("/v1/department")]
    assert [
        ("Employee", "Changed", "E2"),
        ("EPEmployee", "Created", "E2"),
        ("Employee", "Changed", "E2"),
        ("EPEmployee", "Updated", "E2"),
        ("Employee", "Changed", "E22"),
        ("EPEmployee", "Updated", "E22"),
        ("Employee", "Changed", "E22"),
    ] == arrived


def test_changes_through_the_api_are_told_as_the_publishers_tell_them(world: World, arrived: Any) -> None:
    """Values and the segment's own text apart; nothing of a refused batch, a department or a subaccount."""
    put(world, insert("0200")).raise_for_status()
    assert 500 == put(world, insert("0200")).status_code
    text = {"description": {"value": "Avdeling (ny)"}}
    world.client.put(SEGMENT, json=text).raise_for_status()
    world.client.post("/v1/employee", json=employee("E2")).raise_for_status()
    world.client.put("/v1/employee/E2", json={"status": {"value": "Inactive"}, "contact": {}})
    world.client.put("/v1/department/SALES", json=text).raise_for_status()
    assert [
        ("Segment", "ValueChanged", "SUBACCOUNT/1"),
        ("Segment", "Changed", "SUBACCOUNT/1"),
        ("Employee", "Changed", "E2"),
        ("EPEmployee", "Created", "E2"),
        ("Employee", "Changed", "E2"),
        ("EPEmployee", "Updated", "E2"),
    ] == arrived


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("put_department", {}),
        ("put_department", {"code": "ELEVENLONG1"}),
        ("put_department", {"code": "SALES", "description": "x" * 61}),
        ("remove_department", {"code": "none"}),
        ("put_employee", {"code": "E9"}),
        ("put_employee", {"code": "E1", "department": "none"}),
        ("put_employee", {"code": "E1", "status": "Dead"}),
        ("remove_employee", {"code": []}),
        ("recode_employee", {"code": "E1"}),
        ("recode_employee", {"code": "E1", "to": "E1"}),
        ("add_business_account", {}),
        ("update_conflict", {"times": "x"}),
    ],
)
def test_what_cannot_be_entered_is_said(world: World, action: str, arguments: dict[str, Any]) -> None:
    """400 or 404, and everything is as it was."""
    before = world.rows("/v1/department"), world.rows("/v1/employee")
    answer = world.client.post(f"/__sandbox__/control/{action}", json=arguments)
    assert answer.status_code in {400, 404}, answer.text
    assert before == (world.rows("/v1/department"), world.rows("/v1/employee"))


def test_a_subscription_ends_and_a_secret_is_renewed(world: World) -> None:
    """Nothing is sent any more; a reset brings the first secret back."""
    sent: list[tuple[bytes, Any]] = []
    outbox = world.vendor.webhooks.outbox
    outbox.background, outbox.send = False, lambda url, body, headers: sent.append((body, headers)) or 200
    old = world.credentials["webhook_secret"]
    made = world.control("subscribe", url="http://127.0.0.1:9/hook", entities=["Segment"])
    new = world.control("new_webhook_secret")["webhook_secret"]
    put(world, insert("0200")).raise_for_status()
    world.control("unsubscribe", id=made["id"])
    put(world, insert("0300")).raise_for_status()
    [(body, headers)] = sent
    digest = hmac.new(new.encode(), body, hashlib.sha256).digest()
    assert (base64.b64encode(digest).decode(), True) == (headers["x-vwd-signature-v1"], old != new)
    assert 404 == world.client.post("/__sandbox__/control/unsubscribe", json={"id": "x"}).status_code
    world.client.post("/__sandbox__/reset")
    assert old == world.vendor.describe("")["credentials"]["webhook_secret"]
