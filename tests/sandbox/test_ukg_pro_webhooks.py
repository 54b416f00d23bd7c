"""Webhooks: signed deliveries, tried again by the clock, lost, doubled and replayed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from tests.sandbox.ukg_pro_world import UkgWorld

ROOT = "/webhooks/v1/subscriptions"
URL = "http://127.0.0.1:9/hook"


class Receiver:
    """Remembers what arrived; answers what it is told."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.arrived: list[tuple[str, dict[str, str], bytes]] = []

    def __call__(self, url, body, headers):
        self.arrived.append((url, dict(headers), body))
        return self.status

    @property
    def ids(self) -> list[int]:
        return [json.loads(body)["EventId"] for _, _, body in self.arrived]


def _world(**switches) -> tuple[UkgWorld, Receiver, dict]:
    receiver = Receiver()
    world = UkgWorld(workers=5, send=receiver, **switches)
    wish = {"url": URL, "eventTypes": ["Employee*"], "headers": {"x-token": "shared"}}
    made = world.client.post(ROOT, headers=world.bearer(), json=wish)
    assert made.status_code == 201
    return world, receiver, made.json()


def _change(world: UkgWorld, worker: int = 1) -> None:
    world.vendor.control("change_employee", {"employee": f"W{worker:05d}", "last_name": f"Moss{worker}"})


def test_a_delivery_carries_the_catalogue_s_body_and_a_signature_over_its_bytes():
    """Hex of HMAC-SHA256, beside the subscription's own header."""
    world, receiver, made = _world()
    _change(world)
    url, headers, body = receiver.arrived[0]

    assert url == URL
    assert (
        hmac.new(made["hmacSecret"].encode(), body, hashlib.sha256).hexdigest() == headers["X-UKG-Signature"]
    )
    assert headers["x-token"] == "shared"
    assert {"EventId", "EventTime", "EventType", "Operation", "Payload", "Tenant"} == set(json.loads(body))
    assert json.loads(body)["EventType"] == "EmployeePersonNameChangeEvent"


def test_the_signature_s_form_is_a_switch():
    """Header, hash, encoding and prefix are not public."""
    switches = {
        "webhook_header": "X-Sig",
        "webhook_algorithm": "sha512",
        "webhook_encoding": "base64",
        "webhook_prefix": "v1=",
    }
    world, receiver, made = _world(**switches)
    _change(world)
    _, headers, body = receiver.arrived[0]

    expected = base64.b64encode(hmac.new(made["hmacSecret"].encode(), body, hashlib.sha512).digest()).decode()
    assert f"v1={expected}" == headers["X-Sig"]


def test_the_secret_is_shown_once():
    """Neither the subscription nor the list gives it back, nor the header's value."""
    world, _, made = _world()
    shown = world.client.get(f"{ROOT}/{made['id']}", headers=world.bearer())

    assert "hmacSecret" not in shown.json()
    assert "shared" not in shown.text
    short = world.client.post(ROOT, headers=world.bearer(), json={"url": URL, "hmacSecret": "short"})
    assert short.status_code == 400


def test_a_failed_delivery_is_tried_after_1_5_and_15_minutes_then_failed():
    """By the clock; then it can be replayed, for fourteen days."""
    world, receiver, made = _world()
    receiver.status = 500
    _change(world)
    counts = []
    for seconds in (59, 1, 300, 899, 1, 86_400):
        world.clock.advance(seconds)
        world.vendor.control("deliver", {})
        counts.append(len(receiver.arrived))
    assert counts == [1, 2, 3, 3, 4, 4]
    assert world.vendor.books()["webhooks"]["messages"] == {"failed": 1}

    receiver.status = 200
    replay = world.client.post(f"{ROOT}/{made['id']}/messages/replay", headers=world.bearer(), json={})
    assert replay.status_code == 202
    assert len(receiver.arrived) == 5
    audit = f"{ROOT}/{made['id']}/messages/replay/audit/{replay.json()['replayId']}"
    assert len(world.client.get(audit, headers=world.bearer()).json()) == 1
    world.clock.advance(15 * 86_400)
    assert world.client.get(f"{ROOT}/{made['id']}/messages", headers=world.bearer()).json() == []


def test_events_can_be_lost_doubled_and_out_of_order():
    """Each by its switch; the vendor promises nothing better."""
    world, receiver, _ = _world(webhook_lose_every=3)
    for worker in (1, 2, 3, 4):
        _change(world, worker)
    assert world.vendor.books()["webhooks"]["lost"] == 4 - len(receiver.ids) > 0

    world, receiver, _ = _world(webhook_duplicate_every=1)
    _change(world)
    assert 2 == len(receiver.ids) != len(set(receiver.ids))

    world, receiver, _ = _world(webhook_reorder=True)
    receiver.status = None
    for worker in (1, 2, 3):
        _change(world, worker)
    first = len(receiver.arrived)
    world.clock.advance(60)
    world.vendor.control("deliver", {})
    assert sorted(receiver.ids[first:], reverse=True) == receiver.ids[first:]
    assert len(receiver.ids[first:]) == 3
    assert [] == world.vendor.books()["webhooks"]["taken"]
    receiver.status = 200
    world.clock.advance(300)
    world.vendor.control("deliver", {})
    assert [4, 3, 2] == world.vendor.books()["webhooks"]["taken"]  # the subscription is 1


@pytest.mark.parametrize("url", ["http://example.test/hook", "ftp://127.0.0.1/x", "nowhere"])
def test_only_loopback_addresses_are_delivered_to(url):
    """Unless a switch says so; other schemes never."""
    world, _, _ = _world()

    assert world.client.post(ROOT, headers=world.bearer(), json={"url": url}).status_code == 400
    world.vendor.switches.set({"webhook_any_host": True})
    expected = 201 if url.startswith("http://example") else 400
    assert expected == world.client.post(ROOT, headers=world.bearer(), json={"url": url}).status_code


def test_a_subscription_can_be_paused_tested_and_removed():
    """A paused one gets nothing; an unwanted kind of event goes nowhere."""
    world, receiver, made = _world()
    item = f"{ROOT}/{made['id']}"
    assert (
        world.client.post(f"{ROOT}/test", headers=world.bearer(), json={"subscriptionId": made["id"]}).json()[
            "status"
        ]
        == "delivered"
    )
    world.vendor.control("event", {"event_type": "PayrollSomething"})
    world.client.patch(item, headers=world.bearer(), json={"isActive": False})
    _change(world)

    assert len(receiver.arrived) == 1
    assert world.client.delete(item, headers=world.bearer()).status_code == 204
    assert world.client.get(item, headers=world.bearer()).status_code == 404


def test_what_was_delivered_is_replayed_within_fourteen_days_and_not_after():
    """By its id; an id that is no longer kept is passed over."""
    world, receiver, made = _world()
    _change(world)
    path = f"{ROOT}/{made['id']}/messages"
    (message,) = world.client.get(path, headers=world.bearer()).json()
    wish = {"messageIds": [message["id"]]}
    counts = []
    for days in (0, 14, 1 / 24):
        world.clock.advance(days * 86_400)
        answer = world.client.post(f"{path}/replay", headers=world.bearer(), json=wish)
        assert 202 == answer.status_code
        counts.append((len(receiver.arrived), len(answer.json()["messageIds"])))

    assert [(2, 1), (3, 1), (3, 0)] == counts
    assert 1 == len(set(receiver.ids))


def test_a_payroll_event_and_one_of_another_tenant_are_made_by_hand():
    """The vendor publishes no payroll event; the signature of a foreign one is right all the same."""
    world, receiver, made = _world()
    wish = {"url": URL, "eventTypes": ["Payroll*"]}
    world.client.post(ROOT, headers=world.bearer(), json=wish)
    payload = {"payGroup": "BIWEEK", "periodControl": "202607031"}
    world.vendor.control("event", {"event_type": "PayrollClosedEvent", "payload": payload})
    world.vendor.control("event", {"event_type": "EmployeeNewHireEvent", "tenant": "G9999"})
    bodies = [json.loads(body) for _, _, body in receiver.arrived]

    assert [("PayrollClosedEvent", "G0311"), ("EmployeeNewHireEvent", "G9999")] == [
        (body["EventType"], body["Tenant"]) for body in bodies
    ]
    assert payload == bodies[0]["Payload"]
    _, headers, body = receiver.arrived[1]
    assert (
        headers["X-UKG-Signature"] == hmac.new(made["hmacSecret"].encode(), body, hashlib.sha256).hexdigest()
    )
