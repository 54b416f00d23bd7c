"""Visma Connect and the way in: tokens, tenants, scopes, the quota, and what an error looks like."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.visma_net_world import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_token_lives_an_hour_and_brings_no_refresh_token(world: World) -> None:
    """Client credentials give an access token only; after an hour every call is a 401 until there is a new
    one.
    """
    answer = world.ask_token().json()
    assert {"access_token", "expires_in", "token_type", "scope"} == set(answer)
    assert (3600, "Bearer") == (answer["expires_in"], answer["token_type"])

    world.clock.advance(3599)
    assert world.get("/v1/branch").status_code == 200
    world.clock.advance(1)
    late = world.get("/v1/branch")
    assert (401, {"statusCode": 401, "message": "Unauthorized. Access token is missing or invalid."}) == (
        late.status_code,
        late.json(),
    )
    world.sign_in()
    assert world.get("/v1/branch").status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "isv_other"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
        ({"scope": "vismanet_erp_service_api:everything"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"tenant_id": None}, "invalid_request"),
        ({"tenant_id": "00000000-0000-0000-0000-000000000000"}, "unauthorized_client"),
    ],
)
def test_refused_token_calls_are_oauth_errors(world: World, changes: dict[str, Any], error: str) -> None:
    """400 with the OAuth word for it."""
    answer = world.ask_token(**changes)
    assert (400, {"error": error}) == (answer.status_code, answer.json())


def test_the_customers_tenant_id_gets_a_token_that_opens_nothing(world: World) -> None:
    """The wrong kind of tenant id is only found out at the first call."""
    world.sign_in(tenant_id=world.credentials["customer_tenant_id"])
    assert world.get("/v1/branch").status_code == 401


def test_the_token_carries_the_company(world: World) -> None:
    """Another company's tenant id leads into another book; nothing booked here is seen there."""
    world.booked()
    other = world.vendor.describe("http://visma")["entities"][1]
    world.sign_in(tenant_id=other["tenant_id"])
    assert "OTHER" == world.rows("/v1/organization")[0]["organizationCd"]
    assert world.rows("/v2/journaltransaction", periodId="202607") == []


def test_a_scope_that_was_not_asked_for_is_missed(world: World) -> None:
    """Reading is allowed, creating is 403; a scope the application lost cannot be asked for."""
    world.sign_in(scope="vismanet_erp_service_api:read")
    assert (200, 403) == (world.get("/v1/branch").status_code, world.post().status_code)
    world.control("scopes", scopes=["read"])
    assert world.ask_token().json() == {"error": "invalid_scope"}


@pytest.mark.parametrize(
    ("needs", "scope", "status"),
    [("update", "create", 403), ("create", "create", 200), ("either", "update", 200)],
)
def test_which_scope_a_release_needs_is_a_switch(needs: str, scope: str, status: int) -> None:
    """Nobody has published it."""
    world = World(release_scope=needs)
    number = world.booked(hold=False)
    world.sign_in(scope=f"vismanet_erp_service_api:{scope}")
    assert status == world.release(number).status_code


def test_an_approval_withdrawn_or_a_token_revoked_is_a_401(world: World) -> None:
    """Both end at once what tokens there are; only a new token helps against the second, only the
    administrator against the first.
    """
    world.control("revoke")
    assert world.get("/v1/branch").status_code == 401
    world.sign_in()
    world.control("withdraw_approval")
    world.sign_in()
    assert world.get("/v1/branch").status_code == 401
    world.control("approve")
    assert world.get("/v1/branch").status_code == 200


def test_the_older_shape_of_a_401_is_a_switch() -> None:
    """The IPP object of the old gateway."""
    world = World(unauthorized_body="ipp")
    world.control("revoke")
    assert world.get("/v1/branch").json()["ExceptionType"] == "IPPException"


def test_every_answer_says_where_the_caller_stands(world: World) -> None:
    """Four headers; over the limit 429 with Retry-After, and nothing is booked."""
    world = World(calls_per_hour=2)
    first = world.get("/v1/branch")
    assert {
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": "1780",
        "x-ratelimit-policy": "4-fixed-window",
    } == {name: value for name, value in first.headers.items() if name.startswith("x-ratelimit")}
    assert world.post().status_code == 201
    refused = world.post()
    assert (429, "1780") == (refused.status_code, refused.headers["Retry-After"])
    assert len(world.documents()) == 1
    world.clock.advance(1780)
    world.sign_in()
    assert world.post().status_code == 201


def test_a_burst_can_be_too_much(world: World) -> None:
    """The short window some report: off unless wished for."""
    world = World(burst_calls=2)
    assert [200, 200, 429] == [world.get("/v1/branch").status_code for _ in range(3)]
    world.clock.advance(10)
    assert world.get("/v1/branch").status_code == 200


def test_fast_has_no_quota() -> None:
    """No headers either."""
    world = World(profile="fast", calls_per_hour=1)
    answers = [world.get("/v1/branch") for _ in range(3)]
    assert [200, 200, 200] == [answer.status_code for answer in answers]
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_unknown_paths_and_verbs(world: World) -> None:
    """404 and 405; the audience shown in the portal is no address; batches cannot be deleted."""
    number = world.booked()
    assert 404 == world.get("/erp/service/v1/branch").status_code
    assert 405 == world.client.delete(f"/v2/journaltransaction/{number}").status_code
    assert 405 == world.client.delete("/v1/employee/E1").status_code
    assert 404 == world.get("/v2/journaltransaction/999").status_code


def test_the_old_prefix_still_works(world: World) -> None:
    """And names of resources are matched whatever their case."""
    assert 200 == world.get("/API/controller/api/v1/BRANCH/1").status_code


def test_another_company_in_the_old_header_is_ignored_or_gives_nothing() -> None:
    """Two stories are told about it; a switch decides."""
    headers = {"ipp-company-id": "4711"}
    assert World().client.get("/v1/branch", headers=headers).json() != []
    assert World(company_header="filter").client.get("/v1/branch", headers=headers).json() == []


def test_discovery_names_the_endpoints(world: World) -> None:
    """What a library asks for first."""
    assert (
        "http://visma/connect/token"
        == world.get("/.well-known/openid-configuration").json()["token_endpoint"]
    )
