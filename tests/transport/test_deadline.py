"""One deadline for a request and the whole of its answer: on a clock that the test moves, and on sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpcore2
import httpx2
import pytest
import stamina
from tests.transport.slow import BEHAVIOURS, DEADLINE, PATIENCE, Behave, WallClock, drips_its_head, is_silent
from tests.transport.vendor import Parts, SignIn, classify, line

from ml_connector.contract.memory import VirtualClock, memory_wiring
from ml_connector.errors import NotSent, OutcomeUnknown
from ml_connector.transport.exchange import (
    WRITE_PIECE,
    AnswerLate,
    Deadline,
    DeadlineStream,
    SendState,
    Unsendable,
    within,
)
from ml_connector.transport.http import READ_DEADLINE_SECONDS, Client

LARGE_BYTES = 8_000_000


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads are repeated at once, as often as they would be."""
    with stamina.set_testing(True, attempts=50, cap=True):
        yield


# --- on a clock that the test moves -------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [100, 240])
def test_a_write_whose_answer_never_ends_is_unknown(seconds: int) -> None:
    """A byte a second: over when the ledger's deadline is, and the connection is closed."""
    it = line(write_deadline_seconds=seconds)
    parts = Parts([b"x"] * 1000, lambda: it.clock.advance(1))
    it.vendor.then(httpx2.Response(201, stream=parts))

    with pytest.raises(OutcomeUnknown, match=f"not complete within {seconds} seconds") as caught:
        it.write()

    assert (AnswerLate, seconds, True) == (type(caught.value), it.clock.monotonic(), parts.closed)
    assert f"answer not complete within {seconds} seconds" in it.records[0].error


def test_a_read_whose_answer_never_ends_is_given_up_once() -> None:
    """Five times as long would keep the run five times as long; it is tried again later."""
    it = line()
    it.vendor.then(
        *[httpx2.Response(200, stream=Parts([b"x"] * 1000, lambda: it.clock.advance(1))) for _ in range(5)]
    )

    with pytest.raises(AnswerLate, match="not complete within 300 seconds"):
        it.read()

    assert (1, 300.0) == (len(it.vendor.asked), READ_DEADLINE_SECONDS)


def test_a_read_has_a_deadline_of_its_own() -> None:
    """The connection says which."""
    it = line(read_deadline_seconds=7)
    it.vendor.then(httpx2.Response(200, stream=Parts([b"x"] * 1000, lambda: it.clock.advance(1))))

    with pytest.raises(AnswerLate, match="within 7 seconds"):
        it.read()


def test_an_answer_that_is_whole_in_time_is_one() -> None:
    """However many parts it has."""
    it = line(write_deadline_seconds=100)
    it.vendor.then(httpx2.Response(200, stream=Parts([b"x"] * 99, lambda: it.clock.advance(1))))

    assert b"x" * 99 == it.write().body


def test_the_deadline_begins_with_the_request() -> None:
    """Not with the preparation: waiting for a priority takes nothing from it."""
    it = line(write_deadline_seconds=10)
    with it.client.prepare("POST", "/entries") as send:
        it.clock.advance(3600)

        assert 200 == send(lambda: None).status


def test_a_write_that_is_late_before_its_first_byte_was_not_sent() -> None:
    """The connection took all the time: the gate is not even asked."""
    clock, asked = VirtualClock(), []
    state = SendState(lambda: asked.append(1), Deadline.after(clock, 10))
    clock.advance(10)

    with pytest.raises(NotSent, match="No connection was made within 10 seconds, so nothing was sent"):
        state.trace("http11.send_request_headers.started", {"request": request("POST")})

    assert [] == asked


def request(method: str) -> httpcore2.Request:
    """A request as the library hands it to its trace."""
    return httpcore2.Request(method, "https://vendor.example/entries")


def test_a_tunnel_is_not_yet_the_request() -> None:
    """Through a proxy the gate is asked when the tunnel stands, not when it is asked for."""
    asked: list[int] = []
    state = SendState(lambda: asked.append(1), Deadline.after(VirtualClock(), 10))

    state.trace("http11.send_request_headers.started", {"request": request("CONNECT")})
    assert [] == asked
    for step in ("headers.started", "headers.complete", "body.started"):
        state.trace(f"http11.send_request_{step}", {"request": request("POST")})

    assert [1] == asked


def test_a_request_that_is_taken_slowly_ends_with_the_deadline() -> None:
    """Each call of the socket ends in time, and all of them together would not."""
    clock, taken = VirtualClock(), []

    class Slow(httpcore2.NetworkStream):
        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            taken.append((len(buffer), timeout))
            clock.advance(1)

    with within(Deadline.after(clock, 3)), pytest.raises(httpcore2.WriteTimeout):
        DeadlineStream(Slow()).write(b"x" * 1_000_000, 10)

    assert [(WRITE_PIECE, 3), (WRITE_PIECE, 2), (WRITE_PIECE, 1)] == taken


@pytest.mark.parametrize("kind", [httpx2.LocalProtocolError, httpx2.UnsupportedProtocol])
def test_what_http_does_not_allow_is_not_sent_and_not_tried_again(kind: type[Exception]) -> None:
    """It would be refused here every time."""
    it = line()
    it.vendor.then(*[kind("Illegal header value")] * 50)

    with pytest.raises(Unsendable):
        it.write()
    with pytest.raises(Unsendable):
        it.read()

    assert 2 == len(it.vendor.asked)


@pytest.mark.parametrize("value", ["TOP\nSECRETKEY", "TOP\r\nX: 1", "TOP\x00KEY", "TOPé", "TOP€", "TOP "])
def test_a_header_that_cannot_be_sent_is_named_and_not_shown(value: str) -> None:
    """Before the intent is written, in every call; nothing was sent."""
    it = line(auth=SignIn(token=value))

    for call in (it.read, it.write):
        with pytest.raises(Unsendable, match="The header Authorization cannot be sent") as caught:
            call()
        assert "TOP" not in f"{caught.value!r}{caught.value.support}{caught.value.__cause__!r}"
    with pytest.raises(Unsendable), it.client.prepare("POST", "/entries"):
        pass

    assert ([], []) == (it.vendor.asked, it.records)


# --- on real sockets ----------------------------------------------------------------------------------------


def client(port: int, scheme: str = "http") -> Client:
    """A client over real sockets, in real time."""
    return Client(
        base_url=f"{scheme}://127.0.0.1:{port}",
        auth=SignIn(),
        wiring=memory_wiring(clock=WallClock()),
        classify=classify,
        write_deadline_seconds=DEADLINE,
        read_deadline_seconds=DEADLINE,
    )


def write(it: Client) -> None:
    """A large one, so that a reader that does not read is noticed."""
    with it.prepare("POST", "/entries", content=b"x" * LARGE_BYTES) as send:
        send(lambda: None)


@pytest.mark.parametrize("behave", BEHAVIOURS, ids=lambda behave: behave.__name__)
@pytest.mark.parametrize("act", [write, lambda it: it.read("GET", "/rows")], ids=["write", "read"])
def test_no_answer_takes_longer_than_its_deadline(
    serve: Callable[[Behave], int], behave: Behave, act: Callable[[Client], None]
) -> None:
    """Head, body, chunks, silence, and a vendor that takes the request byte by byte."""
    it, began = client(serve(behave)), time.monotonic()

    with pytest.raises(OutcomeUnknown) as caught:
        act(it)

    assert AnswerLate is type(caught.value), caught.value.support
    assert DEADLINE <= time.monotonic() - began < PATIENCE / 2


def test_a_handshake_that_never_ends_sent_nothing(serve: Callable[[Behave], int]) -> None:
    """Not a byte of the request left; the gate was not asked."""
    asked, began = [], time.monotonic()

    with pytest.raises(NotSent), client(serve(is_silent), "https").prepare("POST", "/entries") as send:
        send(lambda: asked.append(1))

    assert [] == asked
    assert time.monotonic() - began < PATIENCE / 2


def test_a_kept_connection_keeps_to_the_deadline_of_each_call(serve: Callable[[Behave], int]) -> None:
    """The first read is answered, the second on the same connection never ends."""

    def one_then_drip(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        drips_its_head(connection, over)

    it = client(serve(one_then_drip))
    assert b"{}" == it.read("GET", "/rows").body
    began = time.monotonic()

    with pytest.raises(AnswerLate):
        it.read("GET", "/rows")

    assert time.monotonic() - began < PATIENCE / 2
