"""Sign-in to the simulated Dynamics 365: two token endpoints, an audience to the letter, and quotas behind
it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.sandbox.dynamics_fo_world import CROSS, HOST, DynamicsWorld, statuses


def test_both_token_endpoints_open_the_environment():
    """v1 gives its numbers as text and names the resource; v2 gives whole numbers."""
    world = DynamicsWorld()
    first, second = world.token(v2=False).json(), world.token().json()

    assert (first["expires_in"], first["resource"], first["token_type"]) == ("3599", HOST, "Bearer")
    assert (second["expires_in"], "resource" in second) == (3599, False)
    for answer in (first, second):
        assert world.get("Currencies", Authorization=f"Bearer {answer['access_token']}").status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "wrong"}, 400, 700016),
        ({"grant_type": "password"}, 400, 70003),
        ({"scope": "nonsense/.default"}, 400, 500011),
        ({"scope": "http://acmee.operations.test/.default"}, 400, 500011),
        ({"scope": HOST}, 400, 1002012),
        ({"tenant": "another"}, 400, 90002),
    ],
)
def test_a_wrong_sign_in_is_refused_as_entra_does(changes: dict[str, str], status: int, code: int):
    """With an AADSTS code in a list and in the text."""
    answer = DynamicsWorld().token(**changes)

    assert (answer.status_code, answer.json()["error_codes"]) == (status, [code])
    assert answer.json()["error_description"].startswith(f"AADSTS{code}: ")


def test_a_mistyped_environment_shows_at_the_sign_in():
    """Nobody knows that resource; by switch a token is issued that opens nothing."""
    world = DynamicsWorld()
    refused = world.token(v2=False, resource="http://acmee.operations.test")
    assert (400, "invalid_resource") == (refused.status_code, refused.json()["error"])
    assert "acmee.operations.test" in refused.json()["error_description"]

    world.vendor.switches.set({"unknown_resource": "issue"})
    token = world.token(v2=False, resource="http://acmee.operations.test").json()["access_token"]
    assert 401 == world.get("Currencies", Authorization=f"Bearer {token}").status_code


@pytest.mark.parametrize("target", [f"{HOST}/", HOST.upper()])
def test_a_token_for_another_audience_is_an_empty_401(target: str):
    """A slash at the end or a capital letter is another environment."""
    world = DynamicsWorld()
    token = world.token(v2=False, resource=target).raise_for_status().json()["access_token"]
    answer = world.get("Currencies", Authorization=f"Bearer {token}")

    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_of_no_tenant_is_issued_and_refused():
    """The authority of all organisations does not know where the app is at home."""
    world = DynamicsWorld()
    token = world.token(tenant="organizations").raise_for_status().json()["access_token"]
    assert world.get("Currencies", Authorization=f"Bearer {token}").status_code == 401


def test_a_token_ends_by_time_and_by_hand():
    """After its seconds, or when somebody revokes it."""
    world = DynamicsWorld()
    world.clock.set(world.clock.now() + timedelta(seconds=3_598))
    assert world.get("Currencies").status_code == 200
    world.clock.set(world.clock.now() + timedelta(seconds=1))
    assert world.get("Currencies").status_code == 401

    world.sign_in()
    assert world.control("revoke_tokens") == {"revoked": 2}
    assert world.get("Currencies").status_code == 401


def test_the_quota_of_an_app_is_refused_with_a_time_to_wait():
    """6,000 requests in 300 seconds; the fast profile has none."""
    limited, fast = DynamicsWorld(profile="vendor"), DynamicsWorld()
    limited.clock.set(limited.clock.now().replace(minute=30, second=0))
    for _ in range(6_000):
        limited.vendor.limits.quota.take(limited.keys["client_id"], limited.clock.now())
    answer = limited.get("Currencies")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "301")
    assert "exceeded the limit of 6000" in answer.json()["error"]["innererror"]["message"]
    assert fast.get("Currencies").status_code == 200


def test_a_busy_server_strikes_requests():
    """As many as it was told to, then it is idle again."""
    world = DynamicsWorld()
    world.control("pressure", operations=2, retry_after=7)

    answers = [world.get("Currencies") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_a_busy_server_can_strike_a_part_of_a_batch():
    """The batch is answered with 200; the changeset that was struck left nothing."""
    world = DynamicsWorld()
    journal = world.journal()
    calls = [
        ("POST", "LedgerJournalLines", world.line(journal, "601100--AKRASM", amount)) for amount in ("1", "2")
    ]
    world.control("pressure", operations=1, skip=1, where="part", retry_after=5)

    answer = world.batch(calls, ("GET", f"Currencies?{CROSS}", None))

    assert (answer.status_code, statuses(answer)) == (200, [429, 200])
    assert "Retry-After: 5" in answer.text
    assert world.lines(journal) == []


def test_every_answer_carries_an_activity_id():
    """For the vendor's support."""
    answer = DynamicsWorld().get("Currencies")
    assert answer.headers["ms-dyn-aid"]
    assert answer.headers["server-timing"].startswith("dur=")


def test_calls_are_counted_by_kind_and_endpoint():
    """Whatever the answer; a batch is one."""
    world = DynamicsWorld()
    world.wages()
    world.batch(("GET", "Currencies", None))
    world.get("Nothing")
    calls: Any = world.vendor.books()["calls"]

    assert (calls["token"], calls["read"], calls["write"]) == (1, 1, 4)
    assert calls["by_endpoint"] == {
        "POST LedgerJournalHeaders": 1,
        "POST LedgerJournalLines": 2,
        "POST $batch": 1,
        "GET Nothing": 1,
    }
