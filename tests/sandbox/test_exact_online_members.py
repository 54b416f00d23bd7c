"""Cost centers, cost units and relations at Exact Online: their life through the API and by hand."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

KINDS = {
    "cost_center": ("hrm/Costcenters", "SALES", "CostCenter"),
    "cost_unit": ("hrm/Costunits", "U1", "CostUnit"),
}


def found(world: Any, kind: str, code: str) -> dict[str, Any]:
    [row] = world.rows(f"{KINDS[kind][0]}?$filter=Code eq '{code}'")
    return dict(row)


def url_of(world: Any, kind: str, code: str) -> str:
    return f"/api/v1/1204/{KINDS[kind][0]}(guid'{found(world, kind, code)['ID']}')"


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_sent_in_a_change_is_ignored_and_the_rest_is_done(world: Any, kind: str) -> None:
    """204, a new stamp, the old code: an answer that proves nothing about the code."""
    code = KINDS[kind][1]
    url, before = url_of(world, kind, code), found(world, kind, code)
    world.clock.advance(5)
    assert 204 == world.client.put(url, json={"Code": "NEW", "Description": "Renamed"}).status_code
    after = world.client.get(url).json()["d"]
    assert (code, "Renamed") == (after["Code"], after["Description"])
    assert before["Modified"] != after["Modified"]
    assert [code] == [
        row["Code"]
        for row in world.rows(f"{KINDS[kind][0]}?$filter=Modified gt datetime'2026-07-14T09:30:21'")
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_an_end_is_set_and_taken_back(world: Any, kind: str) -> None:
    """By its last day; a line after it is refused, one on it is not, and none once it is open again."""
    _, code, field = KINDS[kind]
    url = url_of(world, kind, code)
    assert 204 == world.client.put(url, json={"EndDate": "2026-06-30"}).status_code
    late = world.line("4000", 0, **{field: code})
    assert field.removeprefix("Cost").lower() in world.refusal(late).lower()
    assert world.book(world.entry({**late, "Date": "2026-06-30"})).is_success
    assert 204 == world.client.put(url, json={"EndDate": None}).status_code
    assert world.book(world.entry(late)).is_success


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_is_made_renamed_ended_opened_and_removed_by_hand(world: Any, kind: str) -> None:
    """What is removed is a 404 from then on, and can be made again as another record."""
    made = world.control(f"add_{kind}", code="0042", description="Kari Lund", date="2026-12-31")
    assert ("0042", "Kari Lund", "2026-12-31") == (made["code"], made["description"], made["ends"])
    assert "Kari Moe" == world.control(f"rename_{kind}", code="0042", description="Kari Moe")["description"]
    world.control(f"end_{kind}", code="0042", date="2026-07-31")
    assert "/Date(1785456000000)/" == found(world, kind, "0042")["EndDate"]
    world.control(f"reopen_{kind}", code="0042")
    assert None is found(world, kind, "0042")["EndDate"]
    url = url_of(world, kind, "0042")
    world.control(f"remove_{kind}", code="0042")
    assert (404, 404) == (world.client.get(url).status_code, world.client.put(url, json={}).status_code)
    assert made["id"] != world.control(f"add_{kind}", code="0042")["id"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_recoded_member_keeps_its_id_and_its_bookings(world: Any, kind: str) -> None:
    """The old code is unknown from then on, in any case."""
    _, code, field = KINDS[kind]
    world.book(world.entry(world.line("4000", 0, **{field: code}))).raise_for_status()
    before = found(world, kind, code)
    world.control(f"recode_{kind}", code=code, to="X9")
    assert before["ID"] == found(world, kind, "X9")["ID"]
    assert "X9" == world.documents()[0]["lines"][0]["dimensions"][kind]
    assert "Invalid reference" in world.refusal(world.line("4000", 0, **{field: code.lower()}))
    assert world.book(world.entry(world.line("4000", 0, **{field: "x9"}))).is_success


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("add_cost_unit", {"code": "u1"}),
        ("add_cost_unit", {"code": "TOOLONGCODE"}),
        ("add_cost_unit", {}),
        ("rename_cost_unit", {"code": "none", "description": "x"}),
        ("rename_cost_unit", {"code": "U1", "description": "x" * 61}),
        ("rename_cost_unit", {"code": "U1"}),
        ("recode_cost_unit", {"code": "U1", "to": "TOOLONGCODE"}),
        ("recode_cost_center", {"code": "SALES", "to": "old"}),
        ("end_cost_unit", {"code": "U1", "date": "some day"}),
        ("reopen_cost_unit", {"code": "none"}),
        ("remove_cost_unit", {"code": []}),
        ("put_relation", {"code": "ABC", "set": {"Name": "x"}}),
        ("put_relation", {"code": "2", "set": {"Moon": 1}}),
        ("put_relation", {"code": "2", "set": [1]}),
        ("put_relation", {"code": "2", "set": {"Name": "x" * 51}}),
        ("remove_relation", {"code": "9"}),
    ],
)
def test_what_cannot_be_entered_is_said(world: Any, action: str, arguments: dict[str, Any]) -> None:
    """400 or 404, and everything is as it was."""
    sets = ("hrm/Costunits", "hrm/Costcenters", "bulk/CRM/Accounts?$select=Code,Name&$filter=Code ne ''")
    before = [world.rows(path) for path in sets]
    answer = world.client.post(f"/__sandbox__/control/{action}", json=arguments)
    assert answer.status_code in {400, 404}, answer.text
    assert before == [world.rows(path) for path in sets]


def test_a_payee_is_made_changed_and_blocked_by_hand_and_told(make_world: Any) -> None:
    """Whoever changes a relation, subscribers hear of it; nobody hears of cost units."""
    world = make_world(webhooks_need_https=False, webhooks_same_domain=False)
    arrived: list[dict[str, Any]] = []
    outbox = world.vendor.webhooks.outbox
    outbox.background = False
    outbox.send = lambda url, body, headers: (body and arrived.append(json.loads(body)["Content"])) or 200
    wish = {"Topic": "Accounts", "CallbackURL": "http://127.0.0.1:9/hook"}
    assert 201 == world.post("webhooks/WebhookSubscriptions", wish).status_code
    assert 500 == world.post("webhooks/WebhookSubscriptions", {**wish, "Topic": "Costunits"}).status_code

    made = world.control("put_relation", set={"Name": "Kari Lund", "IsSupplier": True})
    world.control("put_relation", code=made["code"], set={"Blocked": True, "EndDate": "2026-07-31"})
    row = world.get(f"crm/Accounts(guid'{made['id']}')").json()["d"]
    world.control("rename_cost_unit", code="U1", description="x")
    world.control("remove_relation", code=made["code"])

    assert ("Kari Lund", True, "/Date(1785456000000)/") == (row["Name"], row["Blocked"], row["EndDate"])
    assert [(action, made["id"]) for action in ("Create", "Update", "Delete")] == [
        (content["Action"], content["Key"]) for content in arrived
    ]


def test_a_payee_through_the_api_is_told_too_and_keeps_no_strange_currency(world: Any) -> None:
    """A code is numeric; a currency the division does not use is emptied without a word."""
    body = {"Name": "Kari Lund", "IsSupplier": True, "PurchaseCurrency": "XTS"}
    made = world.post("crm/Accounts", body, Prefer="return=representation")
    assert (201, None) == (made.status_code, made.json()["d"]["PurchaseCurrency"])
    assert "Invalid: Code" in world.post("crm/Accounts", {**body, "Code": "W00001"}).text
    assert 201 == world.post("crm/Accounts", {**body, "Code": "900001"}).status_code


@pytest.mark.parametrize(
    ("switch", "expected"), [("keep", " Müller  GmbH "), ("trim", "Müller  GmbH"), ("fold", "Müller GmbH")]
)
def test_blanks_are_kept_or_not_as_the_switch_says(make_world: Any, switch: str, expected: str) -> None:
    world = make_world(text_spaces=switch)
    text = " Müller  GmbH "
    made = world.post("hrm/Costunits", {"Code": "M1", "Description": text}).json()["d"]
    world.post("crm/Accounts", {"Name": text, "Code": "77"})
    assert expected == made["Description"]
    path = f"crm/Accounts?$filter=Code eq '{'77':>18}'&$select=Name"
    assert [expected] == [row["Name"] for row in world.rows(path)]


def test_a_new_secret_signs_from_then_on_until_a_reset(make_world: Any) -> None:
    """The one before is good for what was sent with it."""
    world = make_world(webhooks_need_https=False, webhooks_same_domain=False)
    bodies: list[bytes] = []
    outbox = world.vendor.webhooks.outbox
    outbox.background, outbox.send = False, lambda url, body, headers: bodies.append(body) or 200
    world.post("webhooks/WebhookSubscriptions", {"Topic": "Accounts", "CallbackURL": "http://127.0.0.1:9/"})
    old = world.vendor.describe("")["credentials"]["webhook_secret"]
    world.control("put_relation", set={"Name": "Kari Lund"})
    new = world.control("new_webhook_secret")["webhook_secret"]
    world.control("put_relation", set={"Name": "Ola Lund"})
    assert new == world.vendor.describe("")["credentials"]["webhook_secret"] != old
    for body, secret in zip(bodies[1:], (old, new), strict=True):
        content = body.removeprefix(b'{"Content":').partition(b',"HashCode"')[0]
        digest = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest().upper()
        assert digest == json.loads(body)["HashCode"]
    world.client.post("/__sandbox__/reset")
    assert old == world.vendor.describe("")["credentials"]["webhook_secret"]


def test_a_division_without_cost_analysis_has_neither_set(make_world: Any) -> None:
    world = make_world(cost_analysis=False)
    assert [404, 404, 200] == [
        world.get(path).status_code for path in ("hrm/Costcenters", "hrm/Costunits", "financial/Journals")
    ]
