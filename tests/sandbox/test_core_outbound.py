"""Notifications of any simulator: signed once, sent until taken, and no further than the address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module

import pytest

from ml_connector_sandbox.core.outbound import DELIVERY_SWITCHES, Outbox, post
from ml_connector_sandbox.core.switches import Switches


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    """A real server that remembers what it got; `/moved` sends on to `/taken`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.got.append((self.command, self.path, body, dict(self.headers)))
            moved = self.path == "/moved"
            self.send_response(302 if moved else 202)
            if moved:
                self.send_header("Location", "/taken")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def address(server: HTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def test_a_notification_arrives_with_its_headers(receiver):
    assert post(address(receiver, "/taken?a=1"), b"{}", {"X-Signature": "s"}) == 202

    verb, path, body, headers = receiver.got[0]
    assert (verb, path, body) == ("POST", "/taken?a=1", b"{}")
    assert (headers["X-Signature"], headers["Content-Type"]) == ("s", "application/json")


def test_a_redirect_is_an_answer_and_is_not_followed(receiver):
    """It would be a GET without the body, and could leave this machine past the guard."""
    assert post(address(receiver, "/moved"), b"{}", {}) == 302
    assert ["/moved"] == [path for _, path, _, _ in receiver.got]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://127.0.0.1:99999/", "http:///x", "http://a b/"]
)
def test_an_address_where_nobody_answers_gives_none(url):
    assert post(url, b"", {}) is None


def test_what_is_not_taken_comes_again_the_same_and_at_last_no_more():
    answers, seen = iter([None, 500, 204, 500, 500, 500]), []
    outbox = Outbox(
        name="test",
        sign=lambda secret, content: (content + secret.encode(), {"X-Made": str(len(seen))}),
        send=lambda *sent: seen.append(sent) or next(answers),
        retries=2,
        wait=lambda _: None,
        background=False,
    )
    records = [outbox.put("u", b"body ", {"A": "1"}, secret=secret) for secret in ("one", "two")]

    assert [(204, 3), (500, 3)] == [(record["status"], record["attempts"]) for record in records]
    assert [("u", b"body one", {"A": "1", "X-Made": "0"})] * 3 == seen[:3]
    assert records == outbox.sent


def test_a_request_does_not_wait_for_a_receiver():
    """The record is there at once; what became of it comes later."""
    may_answer, has_answered = threading.Event(), threading.Event()

    def send(url, body, headers):
        may_answer.wait(10)
        return 200

    outbox = Outbox(name="test", send=send, retries=0)
    first = outbox.put("u", b"1")
    assert (first["status"], [first]) == (None, outbox.sent)
    may_answer.set()
    outbox.send = lambda *_: has_answered.set() or 204
    outbox.put("u", b"2")
    assert has_answered.wait(10)
    assert first["status"] == 200


@pytest.mark.parametrize(
    ("switches", "expected", "lost"),
    [
        ({}, ["1", "2", "3", "4"], 0),
        ({"webhook_lose_every": 2}, ["1", "3"], 2),
        ({"webhook_duplicate_every": 3}, ["1", "2", "3", "3", "4"], 0),
        ({"webhook_reorder": True}, ["2", "1", "4", "3"], 0),
        ({"webhook_reorder": True, "webhook_lose_every": 4}, ["2", "1"], 1),
    ],
)
def test_notifications_are_lost_doubled_and_swapped_as_the_switches_say(switches, expected, lost):
    """Each is lost, sent twice, or behind the next one; nothing else is changed in it."""
    arrived: list[str] = []
    outbox = Outbox(
        name="test",
        send=lambda url, body, headers: arrived.append(body.decode()) or 200,
        background=False,
        switches=Switches(DELIVERY_SWITCHES, switches),
    )
    for number in range(1, 5):
        outbox.put("http://127.0.0.1:9/", str(number).encode())

    told = outbox.describe()
    assert (expected, lost) == (arrived, told["lost"])
    assert (4, [int(body) for body in arrived]) == (told["made"], told["taken"])
    assert told["held"] == (1 if len(switches) == 2 else 0) == outbox.deliver()
    assert sorted(expected + (["3"] if len(switches) == 2 else [])) == sorted(arrived)


@pytest.mark.parametrize("slug", ["exact_online", "dynamics_fo", "visma_net", "ukg_pro"])
def test_the_ways_to_go_wrong_have_one_name_in_every_simulator(slug):
    declared = {
        switch.name: switch.default
        for switch in import_module(f"ml_connector_sandbox.systems.{slug}.switches").SWITCHES
    }
    assert {switch.name: switch.default for switch in DELIVERY_SWITCHES}.items() <= declared.items()
