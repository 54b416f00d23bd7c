"""Signing in: what gets a silent 401, what a 403, and when the quota says 429."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

import ml_connector_sandbox.systems.ukg_pro as ukg_pro
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.systems.ukg_pro.switches import SWITCHES

PING = "/configuration/v1/company-details"
README = Path(ukg_pro.__file__).with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "headers",
    [
        {"US_Customer_Api_Key": None},
        {"US_Customer_Api_Key": "WRONG"},
        {"Authorization": None},
        {"Authorization": "Basic bm8="},
        {"Authorization": "Basic !"},
        {"Authorization": "Bearer nothing"},
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same_silence(headers):
    """A missing key, a wrong one or a wrong password: 401, no body, so nobody can tell which."""
    world = UkgWorld(workers=1)
    answer = world.get(PING, **headers)

    assert (answer.status_code, answer.content) == (401, b"")


def test_header_names_are_read_in_any_case():
    """Working clients write the key's header in upper, lower and mixed case."""
    world = UkgWorld(workers=1)
    key = world.credentials["customer_api_key"]

    assert world.get(PING, US_Customer_Api_Key=None, us_customer_api_key=key).status_code == 200


def test_the_user_key_is_demanded_only_by_switch():
    """Most tenants do without it."""
    world = UkgWorld(workers=1, strict_user_key=True)

    assert world.get(PING).status_code == 401
    assert world.get(PING, x_api_key=world.credentials["user_api_key"]).status_code == 200


def test_a_missing_permission_is_a_silent_403_for_its_endpoints_only():
    """Each web service is ticked apart; taken away and given back."""
    world = UkgWorld(workers=1, without_permissions="EmployeeExport, Personnel Integration:Add")

    assert (
        world.get("/personnel/v1/employee-changes").status_code,
        world.get("/personnel/v1/employee-changes").content,
    ) == (403, b"")
    assert world.get("/personnel/v1/employment-details").status_code == 200
    assert world.call("POST", "/personnel/v1/employee-ids", body=[]).status_code == 403

    world.vendor.control("permissions", {"revoke": ["Payroll Integration"]})
    assert (
        403
        == world.get("/payroll/v2/general-ledger").status_code
        == world.get("/payroll/v1/pay-register").status_code
    )
    world.vendor.control("permissions", {"grant": ["Payroll Integration"]})
    assert world.get("/payroll/v2/general-ledger").status_code == 200


def test_both_token_addresses_answer_and_refuse():
    """The older one takes a form with Basic or fields, the newer one JSON or a form."""
    world = UkgWorld(workers=1)
    legacy = "/signin/oauth2/t/harbor/access_token"
    known = (world.credentials["client_id"], world.credentials["client_secret"])
    form = {"grant_type": "client_credentials", "scope": "openid profile"}
    fields = {**form, "client_id": known[0], "client_secret": known[1]}

    by_basic = world.client.post(legacy, data=form, auth=known).json()
    assert (by_basic["token_type"], by_basic["expires_in"], by_basic["scope"]) == (
        "Bearer",
        3600,
        "openid profile",
    )
    assert world.client.post(legacy, data=fields).status_code == 200
    assert world.client.post(legacy, data={**fields, "client_secret": "no"}).status_code == 401
    assert world.client.post("/signin/oauth2/t/other/access_token", data=fields).status_code == 401
    assert world.client.post("/oauth/token", data=world.token_request()).status_code == 200
    assert world.client.post("/oauth/token", json=world.token_request()).status_code == 200
    assert (
        world.client.post("/oauth/token", json=world.token_request(audience="elsewhere")).status_code == 401
    )
    assert (
        world.client.post("/oauth/token", json=world.token_request(grant_type="password")).status_code == 400
    )
    assert (
        world.client.post(
            "/oauth/token", content=b"\xff{", headers={"Content-Type": "application/json"}
        ).status_code
        == 400
    )


def test_a_platform_token_lives_an_hour_and_needs_the_tenant():
    """Without `global-tenant-id`, with another, or after an hour: 401."""
    world = UkgWorld(workers=1)
    path, bearer = "/webhooks/v1/subscriptions", world.bearer()

    assert world.client.get(path, headers=bearer).status_code == 200
    assert world.client.get(path, headers={"Authorization": bearer["Authorization"]}).status_code == 401
    assert world.client.get(path, headers={**bearer, "global-tenant-id": "org_other"}).status_code == 401
    world.clock.advance(3600)
    assert world.client.get(path, headers=bearer).status_code == 401


def test_core_takes_a_bearer_only_by_switch():
    """Public material says core is Basic only; a tenant may differ."""
    for is_on, expected in ((False, 401), (True, 200)):
        world = UkgWorld(workers=1, core_bearer=is_on)
        answer = world.client.get(PING, headers=world.bearer())
        assert expected == answer.status_code


def test_the_quota_is_a_fixed_minute_and_says_nothing():
    """Profile `vendor` only; no body, and `Retry-After` only by switch."""
    world = UkgWorld(workers=1, profile="vendor", quota_per_minute=2)
    codes = [world.get(PING).status_code for _ in range(3)]
    refused = world.get(PING)

    assert codes == [200, 200, 429]
    assert refused.content == b""
    assert "retry-after" not in refused.headers
    world.vendor.switches.set({"retry_after": True})
    assert world.get(PING).headers["retry-after"] == "60"
    world.clock.advance(60)
    assert world.get(PING).status_code == 200


def test_profile_fast_has_no_quota():
    """For crash tests and benchmarks."""
    world = UkgWorld(workers=1, quota_per_minute=2)

    assert {200} == {world.get(PING).status_code for _ in range(5)}


def test_unknown_paths_and_verbs():
    """404 without a body; a verb that is not there is 405 and names those that are."""
    world = UkgWorld(workers=1)

    assert world.get("/personnel/v1/employees/changed").status_code == 404
    assert (
        world.call("POST", PING, body={}).status_code,
        world.call("POST", PING, body={}).headers["allow"],
    ) == (405, "GET")


def test_calls_are_counted_by_kind_and_endpoint():
    """Whatever the answer; a reset starts anew."""
    world = UkgWorld(workers=1)
    world.bearer()
    world.get(PING)
    world.get(PING, Authorization=None)

    calls = world.vendor.books()["calls"]
    assert {kind: calls[kind] for kind in ("token", "read", "write")} == {"token": 1, "read": 2, "write": 0}
    assert calls["by_endpoint"][f"GET {PING}"] == 2
    world.vendor.reset()
    assert world.vendor.books()["calls"]["read"] == 0


def test_the_readme_lists_every_switch_and_every_action():
    """What is documented is what there is, defaults included."""
    assert Switches(SWITCHES).as_markdown() in README
    for action in UkgWorld(workers=1).vendor._screen.actions:
        assert f"`{action}`" in README


def test_a_switch_that_does_not_exist_is_refused():
    """With the names of those that do."""
    with pytest.raises(ValueError, match="no such switch"):
        UkgWorld(workers=1, colour="blue")
    with pytest.raises(ValueError, match="runs"):
        UkgWorld(runs=0)


def test_the_books_are_plain_json():
    """Amounts are text, never floats."""
    text = json.dumps(UkgWorld(workers=3).vendor.books())
    floats: list[str] = []
    json.loads(text, parse_float=floats.append)

    assert floats == []


@pytest.mark.parametrize("header", ["x-api-key", "US-USER-API-KEY", "Api-Key"])
def test_the_header_of_the_user_key_is_a_switch(header: str):
    """The one that is demanded, and no other; which one it is, nobody published."""
    world = UkgWorld(workers=1, strict_user_key=True, user_key_header=header)
    key = world.credentials["user_api_key"]
    path = "/configuration/v1/company-details"
    names = ["x-api-key", "US-USER-API-KEY", "Api-Key"]

    assert [401 if name != header else 200 for name in names] == [
        world.get(path, **{name: key}).status_code for name in names
    ]
    assert 401 == world.get(path, **{header: "wrong"}).status_code


def test_each_family_takes_its_own_credentials():
    """Account and keys open core, a platform token the webhooks, and neither the other."""
    world = UkgWorld(workers=1)
    core, platform = world.headers(), world.bearer()
    paths = ("/configuration/v1/company-details", "/webhooks/v1/subscriptions")

    assert [200, 401, 401, 200] == [
        world.client.get(path, headers=headers).status_code for headers in (core, platform) for path in paths
    ]
