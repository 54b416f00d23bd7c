"""Who may call Findity, how often, and by which names: what the public material leaves open is switched in
one module.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import httpx2
import pytest
from tests.sandbox.findity_world import FORM, TOKEN, World, endpoints

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.systems import findity
from ml_connector_sandbox.systems.findity.screen import ACTIONS
from ml_connector_sandbox.systems.findity.switches import NAMES, PATHS, SWITCHES, VALUES
from ml_connector_sandbox.systems.findity.vouchers import GROUPINGS

README = resources.files(findity).joinpath("README.md").read_text(encoding="utf-8")


def fault(world: World, **rule: object) -> None:
    world.client.post("/__sandbox__/faults", json=rule).raise_for_status()


def test_a_token_is_had_for_id_and_secret_in_a_form() -> None:
    """As the vendor writes it: an hour, Bearer, with a refresh token; the last slash belongs to the path."""
    world = World()
    told = world.token().json()
    assert ("Bearer", 3600) == (told["token_type"], told["expires_in"])
    assert {"access_token", "token_type", "expires_in", "refresh_token"} == set(told)
    assert (401, "invalid_client") == _refusal(world.token(client_secret="x"))
    assert (400, "unsupported_grant_type") == _refusal(world.token(grant_type="password"))
    assert (400, "invalid_request") == _refusal(world.client.post(TOKEN, json=world.told["credentials"]))
    assert 404 == world.client.post(TOKEN.rstrip("/"), content="", headers={"Content-Type": FORM}).status_code
    assert 405 == world.client.get(TOKEN).status_code


def _refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_a_token_ends_after_an_hour_and_nobody_enters_without() -> None:
    world = World()
    world.clock.advance(3_599)
    assert 200 == world.get("/exports").status_code
    world.clock.advance(1)
    assert 401 == world.get("/exports").status_code
    world.sign_in()
    assert 200 == world.get("/exports").status_code
    for header in ("", "Bearer x", "Basic eDp5"):
        world.client.headers["Authorization"] = header
        assert 401 == world.get("/exports").status_code


def test_a_refresh_token_works_once() -> None:
    """The second use is refused, at once and later; the new pair goes on."""
    world = World()
    first = world.sign_in()
    second = world.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert 200 == second.status_code
    for seconds in (0, 5_000):
        world.clock.advance(seconds)
        again = world.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
        assert (400, "invalid_grant") == _refusal(again)
    third = world.token(grant_type="refresh_token", refresh_token=second.json()["refresh_token"])
    assert 200 == third.status_code


def test_a_refresh_takes_the_secret_too() -> None:
    for needs, status in ((True, 401), (False, 200)):
        world = World(refresh_needs_secret=needs)
        token = world.sign_in()["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_secret": ""}
        assert status == world.token(**form).status_code


def test_a_refresh_token_is_burnt_when_its_answer_is_lost() -> None:
    """What a client has left is its secret."""
    world = World()
    pair = world.sign_in()
    fault(world, kind="lost_after_commit", match={"path": "/oauth/token/"})
    with pytest.raises(httpx2.TransportError):
        world.token(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    burnt = world.token(grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert (400, "invalid_grant") == _refusal(burnt)
    pair = world.sign_in()
    world.control("burn_refresh_token")
    assert 400 == world.token(grant_type="refresh_token", refresh_token=pair["refresh_token"]).status_code
    assert 400 == world.refused("burn_refresh_token")
    assert 200 == world.token().status_code


def test_a_refresh_token_used_twice_may_end_what_came_of_it() -> None:
    for ends, status in ((False, 200), (True, 401)):
        world = World(refresh_reuse_ends_tokens=ends)
        first = world.sign_in()
        second = world.token(grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
        world.client.headers["Authorization"] = f"Bearer {second['access_token']}"
        assert 200 == world.get("/exports").status_code
        world.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
        assert status == world.get("/exports").status_code


def test_secrets_and_tokens_are_taken_away_at_the_screen() -> None:
    world = World()
    old = dict(world.told["credentials"])
    world.told["credentials"] = world.control("new_secret")
    assert 401 == world.token(**old).status_code
    assert 200 == world.get("/exports").status_code
    world.control("revoke_tokens")
    assert 401 == world.get("/exports").status_code
    world.sign_in()
    assert 200 == world.get("/exports").status_code
    other = World(one_access_token=True)
    other.token()
    assert 401 == other.get("/exports").status_code


def test_an_organization_without_api_connectivity_lets_nobody_in() -> None:
    world = World()
    world.control("disable_api", organization="NK-BE")
    assert [world.holland] == [row["id"] for row in world.client.get("/api/v1/organizations").json()["items"]]
    assert 403 == world.get("/exports", world.belgium).status_code
    assert 404 == world.get("/exports", "no-such-organization").status_code
    world.control("enable_api", organization="NK-BE")
    assert 200 == world.get("/exports", world.belgium).status_code


def test_one_organization_does_not_show_what_another_has() -> None:
    world = World()
    export = world.books()["exports"][0]
    receipt = world.books()["reports"][0]["expenses"][0]["receipts"][0]["id"]
    assert 200 == world.get(f"/attachments/{receipt}").status_code
    for path in (f"/exports/{export['id']}", f"/exports/{export['id']}/vouchers", f"/attachments/{receipt}"):
        assert 404 == world.get(path, world.belgium).status_code
    account = world.rows("/accounts")[0]["id"]
    assert 404 == world.get(f"/accounts/{account}", world.belgium).status_code


def test_calls_are_limited_if_a_switch_or_a_person_says_so() -> None:
    """429 with the time to wait; a quota of the profile `fast` is none."""
    world = World(calls_per_minute=2)
    assert [200, 200, 429] == [world.get("/exports").status_code for _ in range(3)]
    refused = world.get("/exports")
    assert 60 == int(refused.headers["Retry-After"])
    world.clock.advance(60)
    assert 200 == world.get("/exports").status_code
    assert [200] * 3 == [World("fast", calls_per_minute=1).get("/exports").status_code for _ in range(3)]
    world = World()
    world.control("use_up", calls=2)
    assert [429, 429, 200] == [world.get("/exports").status_code for _ in range(3)]
    assert 2 == world.books()["calls"]["refused"]


# --- names --------------------------------------------------------------------------------------------------


def test_the_readme_says_every_switch_action_and_path() -> None:
    assert Switches(SWITCHES).as_markdown() in README
    assert [] == [name for name in ACTIONS if f"`{name}`" not in README]
    ends = {re.sub(r"^/organizations(/\{organization\})?", "", path) for path in PATHS.values()}
    told = README.replace("{o}", "{organization}")
    assert [] == [path for path in ends if path and path not in told]
    assert "(../../core/README.md)" in README
    assert [] == [name for name in GROUPINGS if f"`{name}`" not in README]


def test_every_path_can_have_another_name() -> None:
    """And one that lost its places is not taken."""
    turned = {f"path_{name}": f"/other{path}" for name, path in PATHS.items()}
    assert [] == [one.path for one in endpoints(**turned) if not one.path.startswith("/other")]
    world = World(path_exports="/connect/{organization}/exports", path_vouchers="/broken/{export}")
    assert 404 == world.get("/exports").status_code
    found = world.client.get(f"/api/v1/connect/{world.holland}/exports").json()["items"]
    assert 5 == len(found)
    assert 200 == world.get(f"/exports/{found[0]['exportId']}/vouchers").status_code
    world.turn(path_exports="/later/{organization}")
    assert 200 == world.client.get(f"/api/v1/later/{world.holland}").status_code


def test_every_name_and_value_can_be_another() -> None:
    """In answers and in what is sent; those that the vendor names itself stay."""
    plain = World()
    export = plain.books()["exports"][0]["id"]
    used = _names(plain.read(f"/exports/{export}/vouchers"))
    turned = {f"name_{_snake(name)}": f"x_{name}" for name in NAMES}
    values = {f"value_{name.lower()}": f"V-{name}" for name in VALUES}
    world = World(**turned, **values)
    found = world.read(f"/exports/{export}/vouchers")
    known = {"exportId", "organizationId", "verificationListsType"}
    assert known | {"name"} == {name for name in _names(found) if not name.startswith("x_")}
    assert {name.removeprefix("x_") for name in _names(found)} == used
    voucher = found["x_items"][0]
    assert {"V-DEBIT", "V-CREDIT", "V-VAT"} == {row["x_rowType"] for row in voucher["x_rows"]}
    path = f"/exports/{export}/vouchers/{voucher['x_voucherId']}/status"
    assert 400 == world.send("PUT", path, {"status": "BOOKED"}).status_code
    told = world.send("PUT", path, {"x_status": "V-BOOKED", "x_externalReference": "7"})
    assert "V-BOOKED" == told.json()["x_status"]
    assert "7" == world.books()["exports"][0]["vouchers"][0]["reference"]
    body = {
        "number": "4999",
        "name": "Other",
        "x_accountType": "V-DEBIT",
        "x_accountClass": "V-BALANCE_SHEET",
    }
    assert "V-BALANCE_SHEET" == world.send("POST", "/accounts", body).json()["x_accountClass"]


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


def _names(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(_names(item) for item in value.values()))
    return set().union(*(_names(item) for item in value)) if isinstance(value, list) else set()


def test_no_name_that_could_not_be_read_stands_outside_the_module_of_switches() -> None:
    """Each is written by its usual name, which that module declares."""
    folder = Path(str(resources.files(findity)))
    plain = World()
    export = plain.books()["exports"][0]["id"]
    answers = [plain.read(f"/exports/{export}/vouchers"), plain.read("/exports")]
    answers += [plain.read(f"/{name}") for name in ("accounts", "vatCodes", "paymentMethods", "suppliers")]
    vendors = {"exportId", "organizationId", "verificationListsType", "numberOfVouchers", "numberOfReports"}
    vendors |= {"externalOrganizationId", "clientApplicationId", "number", "name"}
    told = set().union(*(_names(answer) for answer in answers))
    assert set() == told - vendors - set(NAMES)
    for path in folder.glob("*.py"):
        if path.name != "switches.py":
            assert "/organizations" not in path.read_text(encoding="utf-8"), path.name
