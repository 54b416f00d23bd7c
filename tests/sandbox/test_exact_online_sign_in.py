"""Signing in, quotas, rights: what stands before the books."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ml_connector_sandbox.systems.exact_online.signin import REDIRECT_URI


def app(world: Any) -> dict[str, str]:
    given: dict[str, str] = world.vendor.describe("http://exact")["credentials"]
    return given


def ask(world: Any, **more: str) -> Any:
    """Call the login page as a browser would."""
    asked = {
        "client_id": app(world)["client_id"],
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        **more,
    }
    return world.client.get(app(world)["authorize_url"], params=asked)


def code_of(answer: Any) -> str:
    return parse_qs(urlsplit(str(answer.headers["location"])).query)["code"][0]


def token(world: Any, **form: str) -> Any:
    secrets = {name: app(world)[name] for name in ("client_id", "client_secret")}
    return world.client.post(app(world)["token_url"], data={**secrets, **form})


def redeem(world: Any, code: str) -> Any:
    return token(world, grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI)


def refresh(world: Any, pair: dict[str, str]) -> Any:
    return token(world, grant_type="refresh_token", refresh_token=pair["refresh_token"])


def enter(world: Any, pair: dict[str, str]) -> int:
    status: int = world.client.get(
        "/api/v1/current/Me", headers={"Authorization": "Bearer " + pair["access_token"]}
    ).status_code
    return status


@pytest.fixture
def pair(world: Any) -> dict[str, str]:
    given: dict[str, str] = redeem(world, code_of(ask(world))).json()
    return given


@pytest.mark.parametrize(("only_one", "status"), [(False, 200), (True, 401)])
def test_a_second_consent_may_end_the_first(make_world: Any, only_one: bool, status: int) -> None:
    """Users report it of the same user and app; by switch."""
    world = make_world(one_consent=only_one)
    first = redeem(world, code_of(ask(world))).json()
    second = redeem(world, code_of(ask(world))).json()
    assert [status, 200] == [enter(world, first), enter(world, second)]


def test_code_is_redeemed_once_within_three_minutes(world: Any) -> None:
    """The code holds a `!`, comes back with the state, and the life of the token is text."""
    answer = ask(world, state="a b")
    assert (answer.status_code, parse_qs(urlsplit(answer.headers["location"]).query)["state"]) == (
        302,
        ["a b"],
    )
    assert "%21" in answer.headers["location"]
    assert "!" in code_of(answer)
    given = redeem(world, code_of(answer))
    assert (given.status_code, given.json()["expires_in"], given.json()["token_type"]) == (
        200,
        "600",
        "bearer",
    )
    assert (redeem(world, code_of(answer)).status_code, redeem(world, code_of(answer)).text) == (
        400,
        "Bad Request",
    )
    late = code_of(ask(world))
    world.clock.advance(181)
    assert redeem(world, late).status_code == 400


def test_redirect_address_must_match_exactly(world: Any) -> None:
    """No code leaves for an address that was not registered."""
    assert ask(world, redirect_uri=REDIRECT_URI + "/").status_code == 400


def test_login_page_for_people(make_world: Any) -> None:
    """With the switch off, a form has to be approved."""
    world = make_world(auto_approve=False)
    page = ask(world)
    assert (page.status_code, "Approve" in page.text) == (200, True)
    form = {"client_id": app(world)["client_id"], "redirect_uri": REDIRECT_URI, "response_type": "code"}
    assert world.client.post("/api/oauth2/auth", data=form).status_code == 302


def test_basic_header_is_accepted_too(world: Any) -> None:
    """Client id and secret may come in a header."""
    form = {"grant_type": "authorization_code", "code": code_of(ask(world)), "redirect_uri": REDIRECT_URI}
    given = world.client.post(
        "/api/oauth2/token", data=form, auth=(app(world)["client_id"], app(world)["client_secret"])
    )
    assert given.status_code == 200
    assert (token(world, client_secret="x").status_code, token(world, client_secret="x").json()["error"]) == (
        400,
        "invalid_request",
    )


def test_early_refresh_is_refused_and_rotates_nothing(world: Any, pair: dict[str, str]) -> None:
    """Before 570 seconds: 400 access_denied with a Reason header; the old pair lives on."""
    world.clock.advance(569)
    answer = refresh(world, pair)
    assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")
    assert answer.headers["Reason"].startswith("TooEarlyToRefreshTokens")
    assert enter(world, pair) == 200
    world.clock.advance(1)
    assert refresh(world, pair).status_code == 200


def test_lost_answer_of_a_refresh_can_be_asked_again(world: Any, pair: dict[str, str]) -> None:
    """Until the new pair is used, and ten minutes at most, the old refresh token still works."""
    world.clock.advance(575)
    refresh(world, pair)
    world.clock.advance(60)
    again = refresh(world, pair)
    assert again.status_code == 200
    assert enter(world, again.json()) == 200
    answer = refresh(world, pair)
    assert (answer.status_code, answer.json()["error_description"]) == (401, "Old refresh token used.")
    world.clock.advance(600)
    lost = refresh(world, again.json())
    assert (lost.status_code, lost.json()["error"]) == (400, "invalid_grant")


def test_grace_ends_after_ten_minutes(world: Any, pair: dict[str, str]) -> None:
    """Even if nobody used the new pair."""
    world.clock.advance(575)
    refresh(world, pair)
    world.clock.advance(601)
    assert refresh(world, pair).status_code == 401


def test_unused_consent_dies_after_thirty_days(world: Any, pair: dict[str, str]) -> None:
    """A monthly payroll outlives it."""
    world.clock.advance(timedelta(days=30, seconds=1).total_seconds())
    assert refresh(world, pair).status_code == 400


def test_two_hundred_token_calls_a_day(world: Any, pair: dict[str, str]) -> None:
    """The next one is refused until midnight UTC."""
    assert {400} == {refresh(world, pair).status_code for _ in range(199)}
    assert refresh(world, pair).status_code == 429


def test_expired_or_revoked_access_is_an_html_page(world: Any, pair: dict[str, str]) -> None:
    """A 401 is a redirect page, not JSON."""
    world.clock.advance(600)
    answer = world.client.get(
        "/api/v1/current/Me", headers={"Authorization": "Bearer " + pair["access_token"]}
    )
    assert (answer.status_code, "Object moved" in answer.text) == (401, True)
    world.sign_in()
    world.control("revoke", what="access")
    assert world.get("financial/Journals").status_code == 401
    world.sign_in()
    world.control("revoke", what="refresh")
    assert world.get("financial/Journals").status_code == 401


def test_six_headers_and_the_family_that_was_hit(world: Any) -> None:
    """Resets are epoch milliseconds; over the limit only the minute's headers come, with an empty body."""
    first = world.get("financial/Journals?$top=1")
    assert tuple(first.headers["X-RateLimit-" + n] for n in ("Limit", "Remaining", "Reset")) == (
        "5000",
        "4999",
        "1784073600000",
    )
    assert tuple(first.headers["X-RateLimit-Minutely-" + n] for n in ("Limit", "Remaining", "Reset")) == (
        "60",
        "59",
        "1784021460000",
    )
    assert {200} == {world.get("financial/Journals?$top=1").status_code for _ in range(59)}
    over = world.get("financial/Journals?$top=1")
    assert (over.status_code, over.content) == (429, b"")
    assert tuple(
        over.headers.get(name)
        for name in ("X-RateLimit-Minutely-Remaining", "X-RateLimit-Remaining", "Retry-After")
    ) == ("0", None, None)
    assert world.client.get("/api/v1/1305/financial/Journals?$top=1").status_code == 200
    world.clock.advance(60)
    assert world.get("financial/Journals?$top=1").status_code == 200


def test_daily_limit_names_only_the_day(world: Any) -> None:
    """Five thousand a day and division."""
    world.vendor.limits.day.limit = 3
    assert [world.get("financial/Journals?$top=1").status_code for _ in range(4)] == [200, 200, 200, 429]
    over = world.get("financial/Journals?$top=1")
    assert tuple(
        over.headers.get(name) for name in ("X-RateLimit-Remaining", "X-RateLimit-Minutely-Remaining")
    ) == ("0", None)


def test_ten_client_errors_block_the_key_for_an_hour(world: Any) -> None:
    """Ten wrong queries on one endpoint stop everything in that division."""
    for _ in range(10):
        assert world.get("financial/Journals?$select=Nope").status_code == 400
    blocked = world.get("hrm/Costcenters")
    assert (blocked.status_code, blocked.headers["Reason"]) == (403, "ErrorVelocity")
    world.clock.advance(3601)
    world.sign_in()
    assert world.get("hrm/Costcenters").status_code == 200


def test_fast_profile_has_no_limits(make_world: Any) -> None:
    """No quota, no block, no headers."""
    world = make_world(profile="fast")
    answers = [world.get("financial/Journals?$select=Nope") for _ in range(100)]
    assert {400} == {answer.status_code for answer in answers}
    assert not any(name.lower().startswith("x-ratelimit") for name in answers[-1].headers)


def test_rights_are_asked_for_before_they_are_missed(world: Any) -> None:
    """A missing scope is a 403 with a reason; `UserHasRights` tells without a refusal."""
    where = "users/UserHasRights?endpoint='financial/Journals'&method="
    assert [world.get(where + verb).json()["d"]["UserHasRights"] for verb in ("GET", "POST")] == [True, True]
    world.control("scope", scope="Financial generalledgers", level="read")
    assert [world.get(where + verb).json()["d"]["UserHasRights"] for verb in ("GET", "POST")] == [True, False]
    world.control("scope", scope="Financial generalledgers", level="none")
    answer = world.get("financial/Journals")
    assert (answer.status_code, "Application Scope Violated. Cannot read" in answer.text) == (403, True)


def test_a_lost_division_is_forbidden(world: Any) -> None:
    """403 with the vendor's reason, and it is gone from the list of divisions."""
    world.control("lose_division", division="1204")
    answer = world.get("financial/Journals")
    assert (answer.status_code, answer.headers["Reason"]) == (403, "NoDivisionAccess")
    rows = world.client.get("/api/v1/1305/system/Divisions?$select=Code").json()["d"]["results"]
    assert [row["Code"] for row in rows] == [1305]


def test_me_always_answers_in_results(world: Any) -> None:
    """One row, and only what was selected."""
    [row] = world.client.get("/api/v1/current/Me?$select=CurrentDivision").json()["d"]["results"]
    assert list(row) == ["__metadata", "CurrentDivision"]
