"""The simulated Visma.net as an independent REST client meets it: published shapes and orders, addresses,
versions, files.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from tests.sandbox.visma_net_world import JOURNALS, World


@pytest.fixture
def world() -> World:
    return World(profile="fast")


SHAPES: dict[str, str] = {
    "/v1/account": (
        "accountID accountCD accountGroupCD accountClass type active description accountClassDescription"
        " useDefaultSub postOption currency taxCategory cashAccount publicCode1 lastModifiedDateTime"
        " externalCode1Info externalCode2Info analisysCodeInfo controlAccountModule allowManualEntry"
        " timeStamp errorInfo metadata"
    ),
    "/v1/employee": (
        "employeeUserId employeeId employeeNumber employeeName status department contact address"
        " lastModifiedDateTime employeeClass branch calendarID employeeLogin workGroupDescription timeStamp"
        " errorInfo metadata"
    ),
    "/v1/branch": (
        "branchId number name organizationId isMainBranch isActive lastModifiedDateTime corporateId"
        " vatRegistrationId"
    ),
    "/v1/organization": (
        "organizationCd name organizationType fileTaxByBranches baseCurrency mainAddress mainContact"
        " deliveryAddress deliveryContact corporateId vatRegistrationId defaultCountry industryCode currency"
        " vatZone lastModifiedDateTime ledger timeStamp"
    ),
    "/v1/ledger": (
        "internalId number description balanceType currencyId consolidationSource consolBranch"
        " branchAccounting lastModifiedDateTime postInterCompany"
    ),
    "/v1/financialPeriod": (
        "year period startDate endDate description active closedInSupplierLedger closedInCustomerLedger "
        "closedInInventoryManagement closedInGeneralLedger closedInCashManagement closedInFixedAssets"
    ),
    "/v1/vatCategory": (
        "vatCategoryId description active excludeListedTaxes lastModifiedDateTime vatCategoryLines"
    ),
    "/v1/projecttask": (
        "internalId projectInternalId defAccount defSub defAccrualAccount defAccrualSub taxCategory"
        " lastModifiedDateTime createdDateTime taskId description plannedStart plannedEnd startDate endDate"
        " branch rateTable status restrictEmployees visibility employees attributes timeStamp metadata"
    ),
    "/v1/projectbasic": (
        "internalID projectID customer hold status description startDate endDate autoAllocate"
        " automaticReleaseAr lastModifiedDateTime publicId visibility errorInfo metadata"
    ),
    "/v1/GeneralLedgerTransactions?ledger=1&includeUnreleased=true&includeTransactionBalance=true": (
        "lineNumber module batchNumber tranDate period description refNumber branch account ledger subaccount"
        " begBalance debitAmount creditAmount endingBalance currency currBegBalance currDebitAmount"
        " currCreditAmount currEndingBalance lastModifiedDateTime errorInfo metadata"
    ),
}


@pytest.mark.parametrize("path", SHAPES)
def test_rows_have_the_published_properties_in_their_order(world: World, path: str) -> None:
    """As the OpenAPI document lists them, with the version it lacks (section 4)."""
    world.booked()
    row = world.client.get(path).raise_for_status().json()[0]
    assert SHAPES[path].split() == list(row)


def test_a_vat_code_and_a_vat_rate_are_two_things(world: World) -> None:
    """The code stands on lines, the rate has a schedule; either is read by its id (section 4.8)."""
    rate, code = world.rows("/v1/vat/3"), world.rows("/v1/vatCategory/3")
    assert ("Vat", 25) == (rate["type"], rate["schedules"][0]["vatRate"])
    assert ("schedules" in code, code["vatCategoryLines"][0]["vatRates"][0]["vatRate"]) == (False, 25)
    assert 404 == world.get("/v1/vat/99").status_code


def test_an_address_is_written_flat_and_read_with_objects(world: World) -> None:
    """`countryId` in, `country` with id and name out (section 4.7)."""
    address = {"city": {"value": "Oslo"}, "countryId": {"value": "NO"}}
    world.client.put("/v1/employee/E1", json={"contact": {}, "address": address}).raise_for_status()
    read = world.rows("/v1/employee/E1")["address"]
    assert ("Oslo", "NO", None) == (read["city"], read["country"]["id"], read["county"])
    assert "countryId" not in read


def test_every_location_can_be_followed(world: World) -> None:
    """Also that of a task, and of an id that an address cannot hold (sections 3.2 and 4.9)."""
    project = world.rows("/v1/project/P100")["internalID"]
    made = [
        world.client.post(
            f"/v1/projecttask/{project}", json={"taskId": {"value": "50"}, "description": {"value": "New"}}
        ),
        world.client.post("/v1/department", json={"departmentId": "A/B &C", "description": {"value": "Odd"}}),
        world.client.post(
            "/v1/subaccount", json={"subaccountNumber": {"value": "0000OSL"}, "active": {"value": True}}
        ),
    ]
    for answer in made[:2]:
        assert (201, b"") == (answer.status_code, answer.content)
        read = world.client.get(answer.headers["Location"])
        assert (200, answer.headers["ETag"]) == (read.status_code, read.headers["ETag"])
    assert 400 == made[2].status_code
    plain = urlsafe_b64encode(b"A/B &C").decode()
    assert "A/B &C" == world.rows(f"/v1/department/b64({plain})")["departmentId"]


@pytest.mark.parametrize("value", ["MDEwMA==", "MDEwMA", "b64(MDEwMA)", "b64(MDEwMA==)"])
def test_a_segment_value_is_found_by_any_base64(world: World, value: str) -> None:
    """Bare, as the segment's own page says, or wrapped, as every other id (sections 3.2 and 4.5)."""
    assert "0100" == world.rows(f"/v1/dimension/SUBACCOUNT/1/{value}")["valueId"]


@pytest.mark.parametrize(
    "path",
    [
        "/V2/JournalTransaction/{}",
        "/v2/journalTransaction/b64(MTAwMDAx)",
        "/API/controller/api/v2/journaltransaction/{}",
        "/api/Controller/Api/V2/journaltransaction/{}/",
    ],
)
def test_words_of_an_address_have_no_case(world: World, path: str) -> None:
    """Neither have the action's: only ids are taken to the letter."""
    number = world.booked(hold=False)
    assert 200 == world.get(path.format(number)).status_code
    assert 200 == world.client.post(f"{JOURNALS}/{number}/Action/Release", json={}).status_code


def test_a_verb_that_does_not_exist_is_told_which_do(world: World) -> None:
    """405 with `Allow`: an employee cannot be deleted (section 9)."""
    answer = world.client.delete("/v1/employee/E1")
    assert (405, "GET, PUT") == (answer.status_code, answer.headers["Allow"])
    assert 405 == world.client.delete(f"{JOURNALS}/{world.booked()}").status_code


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/v1/account?greaterThanValue=2930", ["2980", "5000", "5099"]),
        ("/v1/department?greaterThanValue=SALES", []),
        ("/v1/branch?GREATERTHANVALUE=1", ["2", "9"]),
        ("/v1/branch?lastModifiedDateTime=2030-01-01&lastModifiedDateTimeCondition=%3E", []),
        ("/v1/organization?lastModifiedDateTime=2030-01-01&lastModifiedDateTimeCondition=%3E", []),
        ("/v1/project?onHold=true", []),
        ("/v1/project?taskVisibleInGl=true&status=active", ["P100", "P300"]),
        ("/v1/projecttask?projectInternalId=2&taskCd=10", ["10"]),
        ("/v1/projecttask?visibleInGl=false", []),
        ("/v2/generalLedgerBalance?periodId=202607&balanceType=Budget", []),
    ],
)
def test_the_filters_a_list_declares_are_honoured(world: World, path: str, found: list[str]) -> None:
    """Those of the operations list; what is not declared stays without effect (section 3.1)."""
    rows = sorted((row for row in world.client.get(path).raise_for_status().json()), key=str)
    names = (
        "accountCD",
        "departmentId",
        "number",
        "projectID",
        "taskId",
        "organizationCd",
        "financialPeriod",
    )
    assert found == sorted(next(str(row[name]) for name in names if name in row) for row in rows)


@pytest.mark.parametrize("form", ["{}", 'W/"{}"', '"{}", "x"', '"x","{}"'])
def test_other_ways_to_write_a_version(form: str) -> None:
    """A list of quoted tags is standard; bare and weak ones are documented by nobody, so a switch decides
    (section 3.5).
    """
    for world, lenient in ((World(), False), (World(lenient_if_match=True), True)):
        number = world.booked()
        tag = world.get(f"{JOURNALS}/{number}").headers["ETag"].strip('"')
        expected = 204 if lenient or form.startswith('"') else 412
        assert (
            expected == world.change(number, {"description": {"value": "new"}}, form.format(tag)).status_code
        )


def test_an_organization_has_a_version(world: World) -> None:
    """One of the resources that got an ETag in 2025."""
    read = world.get("/v1/organization/TEST")
    assert f'"{read.json()["timeStamp"]}"' == read.headers["ETag"]
    assert "ETag" not in world.get("/v1/branch/1").headers


def test_a_project_gets_another_number_under_its_version(world: World) -> None:
    """What was booked on it stays on it (section 4.9)."""
    world.booked(world.line("5000", 5, project="P100", projectTask="10"), world.line("2930", -5))
    read = world.get("/v1/project/P100")
    path = f"/v1/project/action/changeProjectId/{read.json()['internalID']}"
    assert 412 == world.client.post(path, json={"projectId": "P999"}, headers={"If-Match": '"x"'}).status_code
    done = world.client.post(path, json={"projectId": "P999"}, headers={"If-Match": read.headers["ETag"]})
    assert (200, "Done", 404) == (
        done.status_code,
        done.json()["actionResult"],
        world.get("/v1/project/P100").status_code,
    )
    assert "P999" == world.get(f"{JOURNALS}/100001").json()["journalTransactionLines"][0]["project"]["id"]


def test_an_employees_number_is_guarded_only_in_the_background(world: World) -> None:
    """`If-Match` is ignored on this action unless the call goes there (section 3.5)."""
    path = f"/v1/employee/action/changeEmployeeCd/{world.rows('/v1/employee/E1')['employeeId']}"
    stale = {"If-Match": '"x"', "erp-api-background": "none"}
    state = world.client.post(path, json={"employeeNr": "E2"}, headers=stale).json()["stateLocation"]
    world.clock.advance(1)
    assert 412 == world.client.get(state).json()["statusCode"]
    assert 200 == world.client.post(path, json={"employeeNr": "E2"}, headers={"If-Match": '"x"'}).status_code


def test_a_file_arrives_byte_by_byte_under_its_own_name(world: World) -> None:
    """On a line it is listed on the line; revisions go on counting."""
    content = bytes(range(256)) + b"\r\n--x\r\n"
    number = world.booked()
    url = f"{JOURNALS}/module/GL/{number}/1/attachment"
    for _ in range(3):
        made = world.client.post(url, files={"file": ("lønn æ.pdf", content)})
    assert content == world.client.get(made.headers["Location"]).content
    batch = world.get(f"{JOURNALS}/{number}").json()
    assert [] == batch["attachments"]
    assert [("lønn æ.pdf", 3)] == [
        (row["name"], row["revision"]) for row in batch["journalTransactionLines"][0]["attachments"]
    ]
    assert 1 == len({row["attachments"] for row in world.rows(JOURNALS, periodId="202607")} | {None})


def test_a_notification_that_is_not_taken_comes_again(world: World) -> None:
    """With the same id, until somebody answers 2xx, four times at most (section 7)."""
    seen: list[str] = []
    answers = iter([500, 503, 204, 500, 500, 500, 500])

    def receive(url: str, body: bytes, headers: Any) -> int:
        seen.append(headers["x-vwd-notification-id"])
        return next(answers)

    hooks = world.vendor.webhooks.outbox
    hooks.send, hooks.wait, hooks.background = receive, lambda _: None, False
    world.control("subscribe", url="http://127.0.0.1:9/hook", entities=["Account"])
    for text in ("a", "b"):
        world.client.put("/v1/account/5000", json={"description": {"value": text}}).raise_for_status()

    assert [1, 1, 1, 2, 2, 2, 2] == [1 if number == seen[0] else 2 for number in seen]
    assert [(204, 3), (500, 4)] == [(row["status"], row["attempts"]) for row in hooks.sent]


def test_every_answer_can_be_traced() -> None:
    """The headers support asks for (section 2.5)."""
    headers = World().get("/v1/branch").headers
    assert headers["ipp-request-id"]
    assert headers["Request-Context"].startswith("appId=cid-v1:")
