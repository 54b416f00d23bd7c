"""Master data: segments in batches under one version, subaccounts, accounts, people, projects, and the
README.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from importlib import resources
from random import Random
from typing import Any

import pytest
from tests.sandbox.visma_net_world import JOURNALS, World

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.systems import visma_net
from ml_connector_sandbox.systems.visma_net.endpoints import ENDPOINTS
from ml_connector_sandbox.systems.visma_net.screen import ACTIONS
from ml_connector_sandbox.systems.visma_net.switches import SWITCHES

SEGMENT = "/v1/dimension/SUBACCOUNT/1"


@pytest.fixture
def world() -> World:
    return World()


def put_values(world: World, *values: dict[str, Any], etag: str | None = None) -> Any:
    wrapped = [
        {name: v if name in ("operation", "value") else {"value": v} for name, v in value.items()}
        for value in values
    ]
    body = {"dimensionId": "SUBACCOUNT", "segementId": 1, "segmentValues": wrapped}
    return world.client.put(SEGMENT, json=body, headers={"If-Match": etag} if etag else {})


def codes(world: World) -> dict[str, bool]:
    return {row["valueId"]: row["active"] for row in world.rows(SEGMENT)["segmentValues"]}


def test_values_of_a_segment_are_changed_in_one_batch(world: World) -> None:
    """Insert, update and delete together; what is not listed is untouched; nothing comes back but a
    version.
    """
    put_values(world, {"operation": "Insert", "value": "0300", "description": "Ny"})
    before = world.get(SEGMENT).headers["ETag"]
    answer = put_values(
        world,
        {"operation": "Insert", "value": "0200", "description": "Kjøp", "active": True},
        {"operation": "Update", "value": "0100", "active": False},
        {"operation": "Delete", "value": "0300"},
        etag=before,
    )
    assert (204, b"") == (answer.status_code, answer.content)
    assert answer.headers["ETag"] == world.get(SEGMENT).headers["ETag"] != before
    assert {"0000": True, "0100": False, "0900": False, "0200": True} == codes(world)


def test_one_version_guards_all_values_of_a_segment(world: World) -> None:
    """Two callers with different values still meet: the second is told 412 and nothing is changed."""
    old = world.get(SEGMENT).headers["ETag"]
    assert 204 == put_values(world, {"operation": "Insert", "value": "0200"}, etag=old).status_code
    late = put_values(world, {"operation": "Insert", "value": "0300"}, etag=old)
    assert (412, "Segment version does not match with If-Match header") == (
        late.status_code,
        late.json()["message"],
    )
    assert "0300" not in codes(world)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"operation": "Insert", "value": "0100"}, "Segment value '0100' already exists."),
        ({"operation": "Update", "value": "0700"}, "Segment Value '0700' cannot be found in the system."),
        ({"operation": "Delete", "value": "0100"}, "in use and cannot be deleted"),
        ({"operation": "Insert", "value": "01000"}, "its length is 4"),
        ({"operation": "Upsert", "value": "0200"}, "is not one of Insert, Update, Delete"),
    ],
)
def test_a_batch_of_values_is_all_or_nothing(world: World, value: dict[str, Any], message: str) -> None:
    """A failure is a 500, and the good ones beside it are not kept."""
    answer = put_values(world, {"operation": "Insert", "value": "0200"}, value)
    assert (500, True) == (answer.status_code, message in answer.json()["message"])
    assert "0200" not in codes(world)


def test_an_inactive_value_serves_old_combinations_only(world: World) -> None:
    """Known subaccounts go on; a new one with that value is refused."""
    world.control("put_segment_value", segment="plant", code="BER")
    put_values(world, {"operation": "Update", "value": "0100", "active": False})
    world.booked(world.line("5000", 1), world.line("2930", -1))
    new = world.line("5000", 1, subaccount=world.sub("0100", "BER"))
    assert "Subaccount '0100-BER' cannot be found in the system." in world.refusal(
        new, world.line("2930", -1)
    )


def test_one_value_is_found_by_its_code_in_base64_or_its_public_id(world: World) -> None:
    """The plain code is not an address."""
    [row] = [row for row in world.rows(SEGMENT)["segmentValues"] if row["valueId"] == "0100"]
    assert row == world.rows(f"{SEGMENT}/{base64.b64encode(b'0100').decode().rstrip('=')}")
    assert row == world.rows(f"{SEGMENT}/publicid/{row['publicId']}")
    assert 404 == world.get(f"{SEGMENT}/XXXX").status_code
    assert 404 == world.get("/v1/dimension/SUBACCOUNT/7").status_code


def test_subaccounts_are_created_and_retired(world: World) -> None:
    """By number with separators; inactive, they can no longer be booked on."""
    body = {"subaccountNumber": {"value": "0000-OSL"}}
    assert 400 == world.client.post("/v1/subaccount", json=body).status_code
    world.control("put_segment_value", segment=2, code="BER")
    made = world.client.post(
        "/v1/subaccount",
        json={"subaccountNumber": {"value": "0100BER"}, "description": {"value": "Salg Bergen"}},
    )
    assert (201, "http://visma/v1/subaccount/0100-BER") == (made.status_code, made.headers["Location"])
    assert 204 == world.client.put("/v1/subaccount/0100-BER", json={"active": {"value": False}}).status_code
    line = world.line("5000", 1, subaccount=world.sub("0100", "BER"))
    assert "Subaccount 0100-BER is inactive." in world.refusal(line, world.line("2930", -1))
    assert ["0900-OSL", "0100-BER"] == [
        row["subaccountNumber"] for row in world.rows("/v1/subaccount", active="false")
    ]


def test_accounts_can_be_changed_under_a_version(world: World) -> None:
    """Account, department, project and task alike: 204 with a new version, 412 with an old one."""
    for path, body in (
        ("/v1/account/5000", {"description": {"value": "Lønn m.m."}}),
        ("/v1/department/SALES", {"description": {"value": "Salg og marked"}}),
        ("/v1/project/P100", {"description": {"value": "Nytt anlegg"}}),
        ("/v1/projecttask/1", {"description": {"value": "x"}}),
        ("/v1/employee/E1", {"contact": {"lastName": {"value": "Dahl-Berg"}}}),
    ):
        listed = path if "task" not in path else "/v1/projecttask"
        old = world.get(listed).headers.get("ETag") or f'"{world.rows(listed)[0]["timeStamp"]}"'
        assert [204, 412] == [
            world.client.put(path, json=body, headers={"If-Match": old}).status_code for _ in range(2)
        ], path
    assert "Lønn m.m." == world.rows("/v1/account/5000")["description"]
    assert (
        201
        == world.client.post(
            "/v1/account", json={"accountCD": {"value": "5020"}, "type": {"value": "Expense"}}
        ).status_code
    )
    assert 400 == world.client.post("/v1/account", json={"accountCD": {"value": "5020"}}).status_code


def test_an_employee_is_hired_moved_and_ended(world: World) -> None:
    """Created with what is required; `Hold` is written and `OnHold` read; there is no end but a status."""
    body = {
        name: {"value": value}
        for name, value in {"employeeCd": "E2", "department": "SALES", "employeeClass": "EMPSTAND"}.items()
    }
    body |= {"branch": {"value": "1"}, "calendar": {"value": "NO"}}
    refused = world.client.post("/v1/employee", json=body)
    assert (400, True) == (
        refused.status_code,
        "'contact.lastName' cannot be empty." in refused.json()["message"],
    )
    body["contact"] = {"lastName": {"value": "Moen"}, "email": {"value": "moen@x.example"}}
    assert 201 == world.client.post("/v1/employee", json=body).status_code
    assert (
        204
        == world.client.put("/v1/employee/E2", json={"status": {"value": "Hold"}, "contact": {}}).status_code
    )
    row = world.rows("/v1/employee/E2")
    assert ("OnHold", "Moen", 2) == (
        row["status"],
        row["contact"]["lastName"],
        len(world.rows("/v1/employee")),
    )
    world.client.post(f"/v1/employee/action/changeEmployeeCd/{row['employeeId']}", json={"employeeNr": "E22"})
    assert (404, 200) == (world.get("/v1/employee/E2").status_code, world.get("/v1/employee/E22").status_code)


def test_odd_ids_go_in_base64(world: World) -> None:
    """A slash in a code would end the address."""
    world.client.post("/v1/department", json={"departmentId": "A/B", "description": {"value": "Odd"}})
    coded = base64.urlsafe_b64encode(b"A/B").decode().rstrip("=")
    assert "A/B" == world.rows(f"/v1/department/b64({coded})")["departmentId"]


def test_anything_can_be_sent_to_the_background(world: World) -> None:
    """202 now, the work later; what would have been answered stands in the state, headers included."""
    accepted = world.post(**{"erp-api-background": "none"})
    assert (202, []) == (accepted.status_code, world.documents())
    where = accepted.json()["stateLocation"]
    assert ("Started", 0) == tuple(world.rows(where)[name] for name in ("status", "statusCode"))
    world.clock.advance(1)
    state = world.rows(where)
    assert ("Finished", 201, "http://visma/v2/journaltransaction/100001") == (
        state["status"],
        state["statusCode"],
        state["responseHeaders"]["Location"],
    )
    assert (1, 404) == (len(world.documents()), world.get(where + "/content").status_code)

    listed = world.client.get(f"{JOURNALS}?periodId=202607", headers={"erp-api-background": "none"}).json()[
        "stateLocation"
    ]
    stale = world.post(
        world.batch(world.line("9999", 1), world.line("2930", -1)), **{"erp-api-background": "none"}
    ).json()["stateLocation"]
    world.clock.advance(1)
    assert "100001" == world.rows(listed + "/content")[0]["batchNumber"]
    assert ("Failed", 400) == tuple(world.rows(stale)[name] for name in ("status", "statusCode"))
    assert 404 == world.get("/v1/background/unknown").status_code
    world.sign_in(tenant_id=world.vendor.describe("")["entities"][1]["tenant_id"])
    assert 403 == world.get(where).status_code
    world.clock.advance(86_401)
    world.sign_in()
    assert 410 == world.get(where).status_code


def test_notifications_are_signed(world: World) -> None:
    """Base64 of the HMAC over the body as sent; nothing is told about batches."""
    sent: list[tuple[str, bytes, Any]] = []
    world.vendor.webhooks.outbox.background = False
    world.vendor.webhooks.outbox.send = lambda url, body, headers: sent.append((url, body, headers)) or 200
    world.control("subscribe", url="http://127.0.0.1:9/hook", entities=["Segment"])
    world.booked()
    put_values(world, {"operation": "Insert", "value": "0200"})

    [(_, body, headers)] = sent
    key = world.credentials["webhook_secret"].encode()
    assert (
        base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()
        == headers["x-vwd-signature-v1"]
    )
    assert "SUBACCOUNT/1" == json.loads(body)["code"]
    assert world.credentials["tenant_id"] == headers["x-vwd-tenant-id"]
    assert 200 == world.control("notifications")["sent"][0]["status"]


def test_notifications_never_leave_this_machine(world: World) -> None:
    """A guard of ours."""
    assert (
        400
        == world.client.post(
            "/__sandbox__/control/subscribe", json={"url": "https://example.org/hook"}
        ).status_code
    )


def test_a_reset_brings_the_seed_back(world: World) -> None:
    """Batches, values, tokens and queue are as at the start; ids are the same."""
    before = world.rows(SEGMENT)
    world.release(world.booked(hold=False))
    put_values(world, {"operation": "Insert", "value": "0200"})
    world.client.post("/__sandbox__/reset")
    assert world.get(SEGMENT).status_code == 401
    world.sign_in()
    assert (before, []) == (world.rows(SEGMENT), world.documents())


def test_whatever_arrives_is_answered(world: World) -> None:
    """A seeded fuzz over every endpoint: no exception, no status the vendor would not give."""
    world = World(profile="fast")
    dice = Random(7)
    pieces = [
        "5000",
        "SUBACCOUNT",
        "1",
        "202607",
        "100001",
        "GL",
        "%00",
        "b64(!!)",
        "b64(QUJD)",
        "ø",
        "X",
        "E1",
        "P100",
        "-1",
        "9" * 40,
    ]
    bodies: list[Any] = [
        None,
        [],
        {},
        {"value": 1},
        {"segmentValues": [{}]},
        {"segmentValues": [None]},
        {"contact": []},
        "x",
        5,
    ]
    bodies += [
        {"journalTransactionLines": [{}, {}]},
        {"journalTransactionLines": [{"subaccount": [{}]}] * 2},
        {"employeeNr": "E1"},
    ]
    world.booked()
    for _ in range(1500):
        endpoint = dice.choice(ENDPOINTS)
        path = "/".join(
            dice.choice(pieces) if part.startswith("{") else part for part in endpoint.path.split("/")
        )
        query = {
            dice.choice(
                ["periodId", "ledger", "pageNumber", "lastModifiedDateTime", "status", "pageSize"]
            ): dice.choice(pieces)
        }
        answer = world.client.request(endpoint.method, f"/{path}", params=query, json=dice.choice(bodies))
        assert answer.status_code in (200, 201, 204, 400, 404, 405, 412, 500), (endpoint, answer.status_code)
        if answer.status_code >= 400:
            assert "message" in answer.text.lower()


def test_whatever_is_asked_at_the_screen_is_answered(world: World) -> None:
    """Every control action with nothing and with nonsense: done, 400 or 404, and the API goes on."""
    nonsense: list[dict[str, Any]] = [
        {},
        {"id": "100001", "line": "x"},
        {"code": 5, "segment": [], "period": 7, "lines": [{}], "values": 3, "amount": "much"},
        {"company": "NOWHERE"},
        {
            "lines": [{"account": "5000", "amount": "NaN"}],
            "scopes": [1],
            "entities": [2],
            "url": 5,
            "kind": "moon",
        },
        {
            "id": "100001",
            "segments": ["1"],
            "cost_center": "2",
            "text": None,
            "account": None,
            "description": None,
        },
    ]
    for action in ACTIONS:
        for arguments in nonsense:
            world.booked()
            answer = world.client.post(f"/__sandbox__/control/{action}", json=arguments)
            assert answer.status_code in (200, 400, 404), (action, arguments, answer.text)
            world.control("approve")
            world.control("scopes", scopes=["create", "read", "update", "delete"])
            world.control("activate_branch", code="1")
            world.sign_in()
            assert world.get(JOURNALS, periodId="202607").status_code == 200
            assert (
                world.get("/v1/GeneralLedgerTransactions", ledger="1", includeUnreleased="true").status_code
                == 200
            )
            assert world.client.get("/__sandbox__/books").status_code == 200


def test_readme_lists_the_switches_and_the_actions() -> None:
    """The table in the README is the one the code makes."""
    readme = resources.files(visma_net).joinpath("README.md").read_text(encoding="utf-8")
    assert Switches(SWITCHES).as_markdown() in readme
    assert [] == [action for action in ACTIONS if f"`{action}`" not in readme]
