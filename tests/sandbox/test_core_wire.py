"""The wire breaks as asked, once, and on record; late work is done on time by whatever clock there is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from tests.sandbox.notebook import Notebook

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.control import PREFIX
from ml_connector_sandbox.core.faults import BadRule, Rule
from ml_connector_sandbox.core.registry import Host
from ml_connector_sandbox.core.serve import Sandbox
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.core.vendor import Request

START = datetime(2026, 7, 14, 9, 30, tzinfo=UTC)


@pytest.fixture
def host() -> Host:
    clock = SandboxClock(start=START, frozen=True)
    return Host(Notebook(clock), clock)


@pytest.fixture
def client(host: Host) -> Iterator[httpx2.Client]:
    with httpx2.Client(transport=SandboxTransport(host), base_url="http://sandbox", timeout=30) as client:
        yield client


def fault(client: httpx2.Client, **rule: object) -> None:
    client.post(PREFIX + "faults", json=rule).raise_for_status()


def books(client: httpx2.Client) -> list[str]:
    notes: list[str] = client.get(PREFIX + "books").json()["documents"]
    return notes


def test_refused_connection_writes_nothing(client: httpx2.Client) -> None:
    """A refused connection proves that nothing arrived."""
    fault(client, kind="refused", match={"method": "POST"})

    with pytest.raises(httpx2.ConnectError):
        client.post("/notes", content="a")

    assert books(client) == []


@pytest.mark.parametrize(("kind", "written"), [("lost_before_commit", []), ("lost_after_commit", ["a"])])
def test_lost_answer_looks_the_same_on_either_side_of_the_commit(
    client: httpx2.Client, kind: str, written: list[str]
) -> None:
    """The client sees one and the same reset; only the books know."""
    fault(client, kind=kind)

    with pytest.raises(httpx2.ReadError):
        client.post("/notes", content="a")

    assert written == books(client)


def test_late_commit_is_dated_when_it_was_due_and_comes_before_later_work(
    client: httpx2.Client, host: Host
) -> None:
    """The client hung up; two seconds later the vendor books all the same, before it looks at any newer
    call.
    """
    fault(client, kind="late_commit", seconds=2, answer="drop", match={"method": "POST"})
    with pytest.raises(httpx2.ReadError):
        client.post("/notes", content="late")
    assert client.get("/notes").json() == []

    host.clock.advance(60)
    client.post("/notes", content="next")

    assert books(client) == ["late", "next"]
    assert isinstance(host.vendor, Notebook)
    assert (host.vendor.times[0] - START).total_seconds() == 2.0
    record = client.get(PREFIX + "faults").json()
    assert (record["late_commits"], record["pending"], record["fired"][0]["status"]) == (1, 0, 201)


def test_read_timeout_moves_a_frozen_clock_instead_of_sleeping(client: httpx2.Client, host: Host) -> None:
    """The vendor holds the answer longer than the client waits: a time-out, and the document comes later."""
    fault(client, kind="late_commit", seconds=100)

    with pytest.raises(httpx2.ReadTimeout):
        client.post("/notes", content="held")

    assert (host.clock.now() - START).total_seconds() == 30.0
    assert books(client) == []
    host.clock.advance(70)
    assert books(client) == ["held"]


def test_held_answer_within_patience_is_delivered(client: httpx2.Client) -> None:
    """A slow vendor that answers in time is only slow."""
    fault(client, kind="late_commit", seconds=10)
    fault(client, kind="slow", seconds=5)

    assert [client.post("/notes", content="x").status_code for _ in range(2)] == [201, 201]


def test_status_and_garbage_answers(client: httpx2.Client) -> None:
    """A 502 may hide a booking or not; a 200 may be a sign-in page."""
    fault(client, kind="status", status=502, after_commit=True)
    fault(client, kind="status", status=429, headers={"Retry-After": "7"})
    fault(client, kind="garbage")
    fault(client, kind="garbage", body="truncated", after_commit=True)

    answers = [client.post("/notes", content=str(n)) for n in range(4)]

    assert [answer.status_code for answer in answers] == [502, 429, 200, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[2].text.startswith("<html>")
    assert answers[3].text == "writ"
    assert books(client) == ["0", "3"]


def test_faults_strike_as_often_as_asked_and_the_same_way_for_the_same_seed(client: httpx2.Client) -> None:
    """`skip` and `times` count matching requests; a probability draws from its own seed."""
    fault(client, kind="status", skip=1, times=2, match={"path": "^/notes$"})
    assert [client.get("/notes").status_code for _ in range(4)] == [200, 503, 503, 200]

    def fates() -> list[bool]:
        rule = Rule.parse(1, {"kind": "slow", "seconds": 1, "probability": 0.5, "seed": 7})
        return [rule.strikes(Request(method="GET", target="/")) for _ in range(40)]

    assert fates() == fates()
    assert 5 < sum(fates()) < 35


def test_a_rule_nobody_can_read_is_refused_by_name(client: httpx2.Client) -> None:
    """A misspelt fault must not silently do nothing."""
    with pytest.raises(BadRule, match="secnds: not a field of a slow fault"):
        Rule.parse(1, {"kind": "slow", "secnds": 3})
    assert client.post(PREFIX + "faults", json={"kind": "earthquake"}).status_code == 400


def test_clock_moves_stops_and_starts() -> None:
    """Time can be set, stopped and let go again without jumping."""
    clock = SandboxClock(start=START, frozen=True)
    clock.advance(3600)
    assert (clock.now() - START).total_seconds() == 3600.0
    clock.thaw()
    assert 3600 <= (clock.now() - START).total_seconds() < 3605
    clock.set(datetime(2027, 1, 1))
    assert clock.now().year == 2027


@pytest.fixture
def served() -> Iterator[tuple[str, Notebook]]:
    clock = SandboxClock()
    vendor = Notebook(clock)
    with Sandbox({"notebook": Host(vendor, clock)}) as sandbox:
        yield sandbox.base_url("notebook"), vendor


def test_sockets_drop_for_real(served: tuple[str, Notebook]) -> None:
    """RST and FIN reach the client as the errors a real network gives."""
    url, vendor = served
    with httpx2.Client(base_url=url) as client:
        fault(client, kind="lost_after_commit", match={"method": "POST"})
        fault(client, kind="lost_after_commit", drop="fin", match={"method": "POST"})
        with pytest.raises(httpx2.ReadError):
            client.post("/notes", content="rst")
        with pytest.raises(httpx2.RemoteProtocolError):
            client.post("/notes", content="fin")
        assert client.post("/notes", content="whole").status_code == 201
    assert vendor.notes == ["rst", "fin", "whole"]


def test_late_commit_outlives_the_client(served: tuple[str, Notebook]) -> None:
    """The client's connection dies while the vendor holds the request; nobody calls again, and it is
    booked.
    """
    url, vendor = served
    with httpx2.Client(base_url=url) as client:
        fault(client, kind="late_commit", seconds=0.4, match={"method": "POST"})
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.sendall(b"POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nlate")
            while not client.get(PREFIX + "faults").json()["fired"]:
                pass
        assert client.get(PREFIX + "faults").json()["pending"] == 1
        while client.get(PREFIX + "faults").json()["pending"]:
            pass
    assert vendor.notes == ["late"]


def test_half_a_request_is_no_request(served: tuple[str, Notebook]) -> None:
    """A client killed in the middle of its body has sent nothing the vendor would act on."""
    url, vendor = served
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as wire:
        wire.sendall(b"POST /notes HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\nonly this")
    with httpx2.Client(base_url=url) as client:
        assert client.get("/notes").json() == []
    assert vendor.notes == []


def test_chunked_bodies_are_read_whole(served: tuple[str, Notebook]) -> None:
    """A client may stream its body without knowing the length."""
    url, vendor = served
    with httpx2.Client(base_url=url) as client:
        client.post("/notes", content=iter([b"in ", b"pieces"]))
    assert vendor.notes == ["in pieces"]
