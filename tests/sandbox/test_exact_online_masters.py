"""Master data, webhooks, the README: what the payroll journal leans on."""

from __future__ import annotations

import hashlib
import hmac
import json
from importlib import resources
from typing import Any

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.systems import exact_online
from ml_connector_sandbox.systems.exact_online.switches import SWITCHES


def test_cost_center_from_birth_to_death(world: Any) -> None:
    """Created once, its code never changes, and it cannot be deleted once it was booked on."""
    made = world.post("hrm/Costcenters", {"Code": "NEW", "Description": "New shop"})
    assert (made.status_code, made.json()["d"]["Active"]) == (201, True)
    url = f"/api/v1/1204/hrm/Costcenters(guid'{made.json()['d']['ID']}')"
    assert world.client.put(url, json={"Code": "OTHER", "Description": "Shop 2"}).status_code == 204
    row = world.client.get(url).json()["d"]
    assert (row["Code"], row["Description"]) == ("NEW", "Shop 2")
    assert "Data already exists" in world.post("hrm/Costcenters", {"Code": "NEW", "Description": "x"}).text
    world.book(world.entry(world.line("4000", 0, CostCenter="NEW"))).raise_for_status()
    assert world.client.delete(url).status_code == 500
    world.control("delete")
    assert [world.client.delete(url).status_code, world.client.get(url).status_code] == [204, 404]


def test_required_fields_and_widths(world: Any) -> None:
    """Every missing field is named."""
    answer = world.post("hrm/Costunits", {"Code": "TOOLONGCODE"})
    assert (500, {"Mandatory: Description", "Code is too long. Maximum: 8"}) == (
        answer.status_code,
        set(answer.json()["error"]["message"]["value"].splitlines()),
    )


def test_relation_answers_with_little_and_dislikes_its_own_code(world: Any) -> None:
    """POST gives nearly nothing without `Prefer`; PUT with the unchanged code clashes with itself."""
    sparse = world.post("crm/Accounts", {"Name": "Pen Co", "IsSupplier": True, "IsSales": True}).json()["d"]
    assert (sparse["Name"], sparse["Code"]) == (None, None)
    full = world.post("crm/Accounts", {"Name": "Ink Co"}, Prefer="return=representation").json()["d"]
    assert ("Ink Co", "32".rjust(18)) == (full["Name"], full["Code"])
    url = f"/api/v1/1204/crm/Accounts(guid'{full['ID']}')"
    assert "Data already exists" in world.client.put(url, json={"Code": "32", "Blocked": True}).text
    assert world.client.put(url, json={"Blocked": True}).status_code == 204
    assert True is world.client.get(url).json()["d"]["Blocked"]
    assert world.client.delete(url).status_code == 204
    assert [row["EntityType"] for row in world.rows("sync/Deleted")] == [2]


def test_blocked_account_and_its_stamp(world: Any) -> None:
    """Blocking at the screen shows in the sync feed and refuses the booking."""
    last = max(int(row["Timestamp"]) for row in world.rows("sync/Financial/GLAccounts?$select=Timestamp"))
    world.control("block_account", code="4000")
    assert [
        row["Code"]
        for row in world.rows(f"sync/Financial/GLAccounts?$filter=Timestamp gt {last}L&$select=Code")
    ] == ["4000"]
    assert world.refusal() == "Blocked: G/L account: 4000"


def test_projects_are_a_dimension_of_a_line(world: Any) -> None:
    """Referred to by guid, shown by code."""
    made = world.post("project/Projects", {"Code": "P1", "Description": "Move", "Type": 3}).json()["d"]["ID"]
    world.book(world.entry(world.line("4000", 0, Project=made))).raise_for_status()
    assert world.documents()[0]["lines"][0]["dimensions"] == {"cost_center": "SALES", "project": "P1"}


def test_vat_percentages_come_with_their_code(world: Any) -> None:
    """A fraction, expandable."""
    [row] = world.rows("vat/VATCodes?$expand=VATPercentages&$filter=Code eq '21'")
    assert [child["Percentage"] for child in row["VATPercentages"]["results"]] == [0.21]


def test_webhook_is_validated_and_notifications_are_signed(make_world: Any) -> None:
    """An empty POST first; then Content and its hash, in upper-case hex over the exact bytes."""
    world = make_world(webhooks_need_https=False, webhooks_same_domain=False)
    arrived: list[tuple[str, bytes]] = []
    hooks = world.vendor.webhooks.outbox
    hooks.background = False

    def receive(url: str, body: bytes, headers: Any) -> int:
        arrived.append((url, body))
        return 200

    hooks.send = receive
    path, url = "webhooks/WebhookSubscriptions", "http://127.0.0.1:9/hook"

    assert world.post(path, {"Topic": "GeneralJournalEntries", "CallbackURL": url}).status_code == 201
    assert [(url, b"")] == arrived
    assert world.post(path, {"Topic": "GeneralJournalEntries", "CallbackURL": url}).status_code == 500
    made = world.book().json()["d"]["EntryID"]

    body = arrived[-1][1].decode()
    content = body.removeprefix('{"Content":').partition(',"HashCode":"')[0]
    given = json.loads(body)
    assert (made, "Create", 1204) == tuple(given["Content"][name] for name in ("Key", "Action", "Division"))
    secret = world.vendor.describe("http://exact")["credentials"]["webhook_secret"]
    assert (
        hmac.new(secret.encode(), content.encode(), hashlib.sha256).hexdigest().upper() == given["HashCode"]
    )


def test_callbacks_elsewhere_are_refused(world: Any) -> None:
    """https, the app's own domain, and an answer of 200."""
    path = "webhooks/WebhookSubscriptions"
    assert (
        "https is required"
        in world.post(path, {"Topic": "GLAccounts", "CallbackURL": "http://connector.example/x"}).text
    )
    assert (
        "domain differs"
        in world.post(path, {"Topic": "GLAccounts", "CallbackURL": "https://elsewhere.example/x"}).text
    )
    assert (
        "Invalid reference: Topic"
        in world.post(path, {"Topic": "Employees", "CallbackURL": "https://connector.example/x"}).text
    )
    world.vendor.webhooks.outbox.send = lambda url, body, headers: 503
    refused = world.post(path, {"Topic": "GLAccounts", "CallbackURL": "https://connector.example/x"})
    assert "Invalid: Post to callback URL endpoint returns 503" in refused.text


def test_reset_brings_the_seed_back(world: Any) -> None:
    """Books, ids, consents and counters are those of the first moment."""
    before = world.account("4000")
    world.book()
    world.client.post("/__sandbox__/reset").raise_for_status()
    assert world.get("financial/Journals").status_code == 401
    world.sign_in()
    assert ([], before) == (world.documents(), world.account("4000"))
    world.book()
    assert {
        name: count
        for name, count in world.client.get("/__sandbox__/books").json()["calls"].items()
        if name != "by_endpoint"
    } == {"token": 0, "read": 1, "write": 1}


def test_switches_are_turned_by_name(world: Any) -> None:
    """A misspelt switch or a wrong value is refused, not ignored."""
    turn = "/__sandbox__/switches"
    assert world.client.post(turn, json={"ignores_ourref": True}).status_code == 400
    assert world.client.post(turn, json={"text_overflow": "wrap"}).status_code == 400
    assert True is world.client.post(turn, json={"ignores_our_ref": True}).json()["ignores_our_ref"]["value"]


def test_readme_lists_the_switches_there_are() -> None:
    """The table in the README is the one the code makes."""
    readme = resources.files(exact_online).joinpath("README.md").read_text(encoding="utf-8")
    assert Switches(SWITCHES).as_markdown() in readme
