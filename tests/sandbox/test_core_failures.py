"""An error inside a simulator is an answer and a row that a test can see; it never ends a connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sandbox.notebook import Notebook, Speaking

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.control import PREFIX
from ml_connector_sandbox.core.registry import Host, open_system, systems
from ml_connector_sandbox.core.serve import Sandbox
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.core.vendor import Json, Request

START = datetime(2026, 7, 14, 9, 30, tzinfo=UTC)
SCENARIOS = {
    "dynamics_fo": "manufacturer",
    "visma_net": "norway",
    "precoro": "procurement",
    "findity": "expenses",
}


def client_of(host: Host) -> httpx2.Client:
    return httpx2.Client(transport=SandboxTransport(host), base_url="http://sandbox", timeout=30)


def failures(client: httpx2.Client) -> Json:
    found: Json = client.get(PREFIX + "failures").raise_for_status().json()
    return found


@pytest.fixture
def host() -> Host:
    clock = SandboxClock(start=START, frozen=True)
    return Host(Speaking(clock), clock)


def test_an_exception_of_a_vendor_is_the_vendors_own_answer_and_a_row(host: Host) -> None:
    """The caller reads a 500; whoever tests reads what happened, with the traceback."""
    with client_of(host) as client:
        answer = client.patch("/notes", content="x")
        found = failures(client)

    assert (500, "We are sorry.") == (answer.status_code, answer.text)
    assert (1, "PATCH", "/notes") == (
        found["count"],
        found["failures"][0]["method"],
        found["failures"][0]["path"],
    )
    assert "LookupError: /notes" == found["failures"][0]["error"]
    assert "notebook.py" in found["failures"][0]["trace"]


def test_failures_are_forgotten_when_told_and_with_a_reset(host: Host) -> None:
    """A test can count from zero."""
    with client_of(host) as client:
        client.patch("/notes")
        assert 0 == client.delete(PREFIX + "failures").json()["count"]
        client.patch("/notes")
        client.post(PREFIX + "reset").raise_for_status()
        assert 0 == failures(client)["count"]


def test_a_vendor_without_words_gives_a_plain_500() -> None:
    """What another simulator does not say is said for it."""
    clock = SandboxClock(start=START, frozen=True)
    with client_of(Host(Notebook(clock), clock)) as client:
        assert (500, "Internal Server Error") == ((answer := client.patch("/")).status_code, answer.text)


def test_a_late_request_that_fails_does_not_stop_what_comes_after(host: Host) -> None:
    """The queue goes on, and the caller who waits for it gets the 500."""
    with client_of(host) as client:
        rule = {"kind": "late_commit", "seconds": 5, "match": {"method": "PATCH"}}
        client.post(PREFIX + "faults", json=rule).raise_for_status()
        assert 500 == client.patch("/notes").status_code
        assert 201 == client.post("/notes", content="next").status_code
        assert 1 == failures(client)["count"]


def test_a_control_action_that_breaks_is_a_failure_too(host: Host) -> None:
    """500 and a row; a wrong argument stays a 400."""
    with client_of(host) as client:
        assert 500 == client.post(PREFIX + "control/break", json={}).status_code
        assert 404 == client.post(PREFIX + "control/other", json={}).status_code
        assert 1 == failures(client)["count"]


@pytest.mark.parametrize("slug", systems())
def test_every_vendor_has_words_for_its_own_failure(slug: str) -> None:
    """A 500 in the vendor's shape, of any request."""
    host = open_system(slug, scenario=SCENARIOS.get(slug, "trading_company"))
    answer = host.wire.fail(Request(method="POST", target="/anything"), ValueError("x"))

    assert 500 == answer.status
    assert answer.body not in (b"", b"Internal Server Error")


# --- over the socket ----------------------------------------------------------------------------------------


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    clock = SandboxClock()
    with Sandbox({"notebook": Host(Speaking(clock), clock)}) as sandbox:
        yield "127.0.0.1", int(sandbox.base_url("notebook").rpartition(":")[2])


def said(address: tuple[str, int], head: bytes) -> bytes:
    """What comes back on a connection that says only this."""
    with socket.create_connection(address, timeout=10) as wire:
        wire.sendall(head)
        wire.shutdown(socket.SHUT_WR)
        whole = b""
        while part := wire.recv(65536):
            whole += part
    return whole


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"PATCH /x HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 500),
        (b"POST /x HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /x HTTP/1.1\r\nContent-Length: 9999999999999999999999\r\n\r\n", 413),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc", 400),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", 400),
        (b"GET /x HTTP/9.9\r\n\r\n", 505),
        (b"GET / x HTTP/1.1\r\n\r\n", 400),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET /%zz%00%ff HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n", 200),
        (b"\x00\xff HTTP/1.1\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_not_dropped(
    address: tuple[str, int], head: bytes, status: int
) -> None:
    """An answer with a status, as the web server in front of a vendor gives one."""
    assert said(address, head).startswith(f"HTTP/1.1 {status} ".encode())


LINES = st.one_of(
    st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"").replace(b"\r", b"")),
    st.sampled_from((b"Content-Length: 0", b"Host: x", b"Expect: 100-continue", b": x", b" folded", b"A")),
)


def test_any_head_gets_an_answer(address: tuple[str, int]) -> None:
    """Header lines of any bytes."""

    @settings(max_examples=60, deadline=None, database=None)
    @given(method=st.sampled_from((b"GET", b"POST", b"PATCH", b"x" * 300)), lines=st.lists(LINES, max_size=5))
    def answered(method: bytes, lines: list[bytes]) -> None:
        answer = said(address, b"\r\n".join([method + b" /x HTTP/1.1", *lines, b"", b""]))
        assert answer.startswith(b"HTTP/1.1 ")

    answered()
