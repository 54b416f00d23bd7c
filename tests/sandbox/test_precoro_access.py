"""Who may call Precoro, what a user sees of it, and how often."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources

import pytest
from tests.sandbox.precoro_world import START, World, endpoints

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.systems import precoro
from ml_connector_sandbox.systems.precoro.screen import ACTIONS
from ml_connector_sandbox.systems.precoro.switches import SWITCHES

README = resources.files(precoro).joinpath("README.md").read_text(encoding="utf-8")


def test_both_headers_are_needed_and_belong_together() -> None:
    """A key is of one user; the e-mail is read in any case."""
    world = World("fast")
    ours, other = world.told["users"][0], world.told["users"][3]

    def status(**headers: str) -> int:
        for name in ("X-AUTH-TOKEN", "email"):
            world.client.headers.pop(name, None)
        return world.hasty("GET", "/users", headers=headers).status_code

    token = {"X-AUTH-TOKEN": ours["token"]}
    assert [401, 401, 401, 401, 200] == [
        status(),
        status(**token),
        status(email=ours["email"]),
        status(**token, email=other["email"]),
        status(**token, email=ours["email"].upper()),
    ]


def test_an_inactive_user_and_an_old_key_do_not_enter() -> None:
    world = World("fast", bad_key_status=403, inactive_user_status=401, error_as="error")
    ours = world.told["users"][0]
    world.sign_in(world.told["users"][2])
    assert 401 == world.get("/users").status_code
    world.sign_in(ours)
    fresh = world.control("new_key")
    gone = world.get("/users")
    assert (403, "Invalid credentials") == (gone.status_code, gone.json()["error"])
    world.sign_in(fresh)
    assert 200 == world.get("/users").status_code
    world.control("deactivate_user")
    assert 401 == world.get("/users").status_code
    world.control("activate_user")
    assert 200 == world.get("/users").status_code


def test_who_calls_can_be_found_among_the_users() -> None:
    """The cheapest probe of a key; it also says whether the user sees everything."""
    world = World()
    found = {row["email"]: row for row in world.rows("/users")}
    assert found["integration@noordkade.example"]["allLocationsAccess"] is True
    assert found["rotterdam@noordkade.example"]["allLocationsAccess"] is False
    assert "key" not in found["integration@noordkade.example"]


# --- what a user sees ---------------------------------------------------------------------------------------


def test_records_of_other_places_are_silently_missing() -> None:
    """In lists, by number, behind payments and among files; nothing says so."""
    world = World("fast")
    world.made("POST", "/payments", {**_pay(world, "AL260777"), "sumPaid": "1.00"})
    everything = len(world.rows("/invoices"))
    antwerp = world.invoice("AL260777")
    world.sign_in(world.told["users"][1])

    shown = world.rows("/invoices")
    assert 0 < len(shown) < everything
    assert {"RTM"} == {row["location"]["uniqueCode"] for row in shown}
    assert 404 == world.get(f"/invoices/{antwerp['idn']}").status_code
    assert 404 == world.get(f"/attachments/{antwerp['attachments'][0]['id']}").status_code
    assert antwerp["idn"] not in {row["invoice"]["idn"] for row in world.rows("/payments")}
    assert 404 == world.send("PATCH", f"/invoices/{antwerp['idn']}", "externalId=x").status_code
    assert ["RTM"] == [row["uniqueCode"] for row in world.rows("/locations")]
    world.client.post("/__sandbox__/switches", json={"invisible_as": "403"})
    assert 403 == world.get(f"/invoices/{antwerp['idn']}").status_code


def test_a_user_is_cut_off_by_entity_and_by_department_and_let_in_again() -> None:
    world = World("fast")
    count = len(world.rows("/invoices"))
    world.control("restrict_user", entities=["Noordkade Handel B.V."])
    entities = {row["legalEntity"]["name"] for row in world.rows("/invoices")}
    assert {"Noordkade Handel B.V."} == entities
    assert "Bureau Schelde" not in {row["name"] for row in world.rows("/suppliers")}
    world.control("unrestrict_user")
    world.control("restrict_user", options=["IT"])
    shown = world.rows("/invoices")
    assert 0 < len(shown) < count
    assert ["IT"] == [row["code"] for row in world.rows("/documentcustomfields/31/options")]
    world.control("unrestrict_user")
    assert count == len(world.rows("/invoices"))


def _pay(world: World, number: str) -> dict[str, str]:
    key = str(world.invoice(number)["id"])
    return {"invoice[id]": key, "payDate": "2026-07-10", "logicType": "0"}


def test_a_right_that_is_withdrawn_leaves_an_empty_list() -> None:
    """Reading gives nothing, writing is refused; granted again, all is there."""
    world = World("fast")
    world.control("withdraw_right", right="suppliers")
    assert [] == world.rows("/suppliers")
    assert 404 == world.get("/suppliers/20401").status_code
    assert 403 == world.send("POST", "/suppliers", "name=Pens").status_code
    world.control("grant_right", right="suppliers")
    assert 33 == len(world.rows("/suppliers"))
    assert 400 == world.refused("withdraw_right", right="coffee")


# --- how often ----------------------------------------------------------------------------------------------


def test_one_call_a_second_reads_and_writes_alike() -> None:
    """The body says when, in whole seconds; a refused call does not count."""
    world = World()
    assert 200 == world.hasty("GET", "/taxes").status_code
    refused = world.hasty("GET", "/users")
    assert 429 == refused.status_code
    assert {
        "error": "Too Many Requests",
        "RateLimit-Type": "Limiter by second",
        "RateLimit-Retry-After": "2026-07-14 09:30:21 UTC",
        "RateLimit-Limit": 1,
    } == refused.json()
    assert not [name for name in refused.headers if "limit" in name.lower() or name.lower() == "retry-after"]
    world.clock.advance(0.999)
    assert 429 == world.hasty("POST", "/taxes").status_code
    world.clock.advance(0.001)
    assert 200 == world.hasty("GET", "/users").status_code
    assert {"second": 2} == world.books()["calls"]["refused"]


def test_pace_and_repetition_are_settings() -> None:
    world = World(
        pace_milliseconds=200, pace_limit_type="Per second", same_get_per_hour=2, same_get_seconds=0
    )
    assert 200 == world.hasty("GET", "/taxes").status_code
    assert "Per second" == world.hasty("GET", "/taxes").json()["RateLimit-Type"]
    seen = []
    for _ in range(2):
        world.clock.advance(0.2)
        seen.append(world.hasty("GET", "/taxes").status_code)
    assert [200, 429] == seen


def test_the_same_get_is_refused_for_a_minute_whatever_its_answer() -> None:
    """Parameters count in any order; other parameters, other paths and writes are other calls."""
    world = World()

    def status(method: str, path: str) -> int:
        world.clock.advance(2)
        return world.hasty(method, path).status_code

    assert 200 == status("GET", "/invoices?page=1&per_page=10")
    world.clock.advance(2)
    refused = world.hasty("GET", "/invoices?per_page=10&page=1")
    assert (429, "Route based limiter by minute") == (refused.status_code, refused.json()["RateLimit-Type"])
    assert 200 == status("GET", "/invoices?page=2&per_page=10")
    assert (404, 429) == (status("GET", "/invoices/9"), status("GET", "/invoices/9"))
    assert (200, 200) == (status("PATCH", "/invoices/1001"), status("PATCH", "/invoices/1001"))
    world.clock.set(START + timedelta(seconds=61.9))
    assert 429 == world.hasty("GET", "/invoices?per_page=10&page=1").status_code
    world.clock.set(START + timedelta(seconds=62))
    assert 200 == world.hasty("GET", "/invoices?per_page=10&page=1").status_code


def test_the_same_get_comes_thirty_times_an_hour() -> None:
    world = World(same_get_seconds=0)
    world.clock.set(START.replace(minute=0))
    seen = []
    for _ in range(31):
        seen.append(world.hasty("GET", "/taxes").status_code)
        world.clock.advance(2)
    assert [200] * 30 + [429] == seen


def test_a_parameter_that_nobody_knows_makes_another_get_or_not() -> None:
    for differs, status in ((True, 200), (False, 429)):
        world = World(any_parameter_differs=differs)
        world.hasty("GET", "/taxes?nonce=1")
        world.clock.advance(2)
        assert status == world.hasty("GET", "/taxes?nonce=2").status_code


def test_hour_and_day_are_counted_for_each_key() -> None:
    """The hour ends with the clock's, the day at midnight UTC; then it goes on."""
    world = World(calls_per_hour=3, calls_per_day=5)

    def call() -> tuple[int, str]:
        world.clock.advance(2)
        answer = world.hasty("PATCH", "/invoices/1001")
        said = answer.json()
        return answer.status_code, said.get("RateLimit-Retry-After", "") + said.get("RateLimit-Type", "")

    assert [200, 200, 200] == [call()[0] for _ in range(3)]
    assert (429, "2026-07-14 10:00:00 UTCHourly limiter") == call()
    assert {"hour": 0, "day": 2} == world.control("quotas")
    world.sign_in(world.told["users"][3])
    assert 200 == call()[0]
    world.sign_in(world.told["users"][0])
    world.clock.set(START.replace(hour=10, minute=0, second=1))
    assert [200, 200] == [call()[0] for _ in range(2)]
    assert (429, "2026-07-15 00:00:00 UTCDaily limiter") == call()
    world.clock.set((START + timedelta(days=1)).replace(hour=0, minute=0, second=1))
    assert 200 == call()[0]


def test_the_documented_figures_are_the_default_and_fast_has_none() -> None:
    world = World()
    assert {"hour": 1_500, "day": 3_000} == world.control("quotas")
    fast = World("fast")
    assert [200] * 40 == [fast.hasty("GET", "/taxes").status_code for _ in range(40)]


def test_each_kind_of_429_can_be_had_at_once() -> None:
    world = World()
    for what, kind in (
        ("second", "Limiter by second"),
        ("same_get", "Route based limiter by minute"),
        ("hour", "Hourly limiter"),
    ):
        world.control("use_up", what=what)
        assert kind == world.get(f"/taxes?for={what}").json()["RateLimit-Type"]
    world.clock.advance(3_600)
    world.control("use_up", what="day")
    assert "Daily limiter" == world.get("/taxes").json()["RateLimit-Type"]
    assert 400 == world.refused("use_up", what="year")


@pytest.mark.parametrize(
    ("switch", "name", "value"),
    [("rate_limit", "RateLimit-Retry-After", "2026-07-14 09:30:21 UTC"), ("retry_after", "Retry-After", "1")],
)
def test_headers_of_a_429_are_a_switch(switch: str, name: str, value: str) -> None:
    world = World(limit_headers=switch)
    world.hasty("GET", "/taxes")
    refused = world.hasty("GET", "/users")
    assert value == refused.headers[name]
    assert "RateLimit-Retry-After" in refused.json()


def test_an_unknown_path_or_verb_needs_a_key_too() -> None:
    world = World("fast")
    assert [404, 405, 405, 404] == [
        world.send(method, path).status_code
        for method, path in (
            ("GET", "/nothing"),
            ("POST", "/invoices"),
            ("PUT", "/payments/3001"),
            ("GET", "/requisitions/1"),
        )
    ]
    del world.client.headers["email"]
    assert 401 == world.get("/nothing").status_code


# --- the page -----------------------------------------------------------------------------------------------


def test_the_readme_lists_every_switch_action_and_path() -> None:
    assert Switches(SWITCHES).as_markdown() in README
    assert [] == [name for name in ACTIONS if f"`{name}`" not in README]
    roots = {endpoint.path.split("/")[1] for endpoint in endpoints()}
    assert [] == [root for root in roots if f"`/{root}" not in README]
    assert "(../../core/README.md)" in README
