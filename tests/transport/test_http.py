"""The door of every byte: each rule of the client has a claim here that fails when the rule is taken out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
import stamina
from tests.transport.vendor import BASE, NEW_TOKEN, TOKEN, Parts, SignIn, answer, line

from ml_connector.errors import (
    Halted,
    NotSent,
    OutcomeUnknown,
    Refused,
    RightMissing,
    SignInLost,
    SignInRenewed,
    Throttled,
    VendorChanged,
)
from ml_connector.ports.storage import Priority, RateLimit
from ml_connector.transport.exchange import BODY_BYTES_MAX
from ml_connector.transport.http import READ_ATTEMPTS, READ_SPREAD_SECONDS, WAIT_MAX_SECONDS

MEBIBYTE = b"x" * (1024 * 1024)
MANY = 50
"""More attempts than anything here may make."""


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads are repeated at once; how often stays what the client says."""
    with stamina.set_testing(True, attempts=MANY, cap=True):
        yield


# --- redirects and links ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    """It would carry the token to wherever the answer says. A read stops there."""
    it = line()
    it.vendor.then(answer(status, location=f"{BASE}/elsewhere"))

    with pytest.raises(VendorChanged, match="redirect"):
        it.read()

    assert ["/rows"] == [request.url.path for request in it.vendor.asked]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirected_write_proves_nothing(status: int) -> None:
    """It may be booked; it is neither followed nor taken for a success."""
    it = line()
    it.vendor.then(answer(status, location=f"{BASE}/elsewhere"))

    with pytest.raises(OutcomeUnknown, match="redirect"):
        it.write()

    assert ["/entries"] == [request.url.path for request in it.vendor.asked]


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:8101/steal", "http://elsewhere.example/x", "1/steal", "@elsewhere.example/x"]
)
def test_a_link_to_another_host_is_asked_nothing(link: str) -> None:
    """Neither read nor written: no token leaves. The next page of a list is such a link."""
    it = line()

    with pytest.raises(VendorChanged, match="not followed"):
        it.read(link)
    with pytest.raises(VendorChanged, match="not followed"):
        it.write(link)

    assert ([], 0) == (it.vendor.asked, it.auth.given)


# --- how much, how often ------------------------------------------------------------------------------------


def test_an_answer_of_the_largest_size_is_read() -> None:
    """64 MiB, to the byte."""
    it = line()
    it.vendor.then(httpx2.Response(200, stream=Parts([MEBIBYTE] * (BODY_BYTES_MAX // len(MEBIBYTE)))))

    assert 64 * 1024 * 1024 == BODY_BYTES_MAX == len(it.read().body)


def test_a_larger_answer_is_given_up_while_it_comes() -> None:
    """One byte more, and nothing behind it is read; the connection is closed."""
    it, read = line(), []
    parts = Parts([*[MEBIBYTE] * (BODY_BYTES_MAX // len(MEBIBYTE)), b"x", b"y"], lambda: read.append(1))
    it.vendor.then(*[lambda request: httpx2.Response(200, stream=parts)] * READ_ATTEMPTS)

    with pytest.raises(OutcomeUnknown):
        it.read()

    assert BODY_BYTES_MAX // len(MEBIBYTE) + 1 == len(read) // READ_ATTEMPTS
    assert parts.closed
    assert f"answer larger than {BODY_BYTES_MAX} bytes" in it.records[0].error


@pytest.mark.parametrize(
    "plan",
    [
        httpx2.ConnectError("x"),
        httpx2.ConnectTimeout("x"),
        httpx2.PoolTimeout("x"),
        httpx2.ProxyError("x"),
        httpx2.ReadError("x"),
        httpx2.ReadTimeout("x"),
        httpx2.WriteError("x"),
        httpx2.WriteTimeout("x"),
        httpx2.RemoteProtocolError("x"),
        answer(429),
        answer(500),
        answer(502),
        answer(503),
        answer(504),
        answer(408),
    ],
    ids=lambda plan: str(plan.status_code) if isinstance(plan, httpx2.Response) else type(plan).__name__,
)
class TestRepeating:
    def test_a_read_is_tried_five_times(self, plan: Any) -> None:
        """Its failure proves nothing and changes nothing."""
        it = line()
        it.vendor.then(*[plan] * MANY)

        with pytest.raises((NotSent, OutcomeUnknown, Throttled)):
            it.read()

        assert 5 == READ_ATTEMPTS == len(it.vendor.asked)

    def test_a_read_that_succeeds_at_last_is_an_answer(self, plan: Any) -> None:
        """At the fifth attempt."""
        it = line()
        it.vendor.then(*[plan] * 4, answer(body={"rows": 3}))

        assert b'{"rows":3}' == it.read().body

    def test_a_write_is_never_repeated(self, plan: Any) -> None:
        """Whatever is known of it, one request left."""
        it = line()
        it.vendor.then(*[plan] * MANY)

        with pytest.raises((NotSent, OutcomeUnknown, Throttled)):
            it.write()

        assert 1 == len(it.vendor.asked)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refused_read_is_not_repeated(status: int) -> None:
    """The vendor said no; it would say no again, and some count it."""
    it = line()
    it.vendor.then(answer(status))

    with pytest.raises(Refused):
        it.read()

    assert 1 == len(it.vendor.asked)


@pytest.mark.parametrize(("wait", "asked"), [("120", 5), ("121", 1), ("", 5), ("soon", 5)])
def test_a_read_waits_for_a_limit_only_so_long(wait: str, asked: int) -> None:
    """Two minutes; what takes longer is left to the run, which lets go of its thread."""
    it = line()
    it.vendor.then(*[answer(429, **({"retry_after": wait} if wait else {}))] * MANY)

    with pytest.raises(Throttled) as caught:
        it.read()

    assert asked == len(it.vendor.asked)
    assert (float(wait) if wait.isdigit() else None) == caught.value.retry_after_seconds
    assert 120.0 == WAIT_MAX_SECONDS


def test_reads_that_one_limit_stopped_are_repeated_apart() -> None:
    """The vendor's own wait is the least; the hook is asked before anything sleeps, and stops the read."""
    waits = []

    def stop(details: stamina.instrumentation.RetryDetails) -> None:
        waits.append(details.wait_for)
        raise Halted("stop")

    before = stamina.instrumentation.get_on_retry_hooks()
    stamina.instrumentation.set_on_retry_hooks([stop])
    try:
        with stamina.set_testing(False):
            for _ in range(20):
                it = line()
                it.vendor.then(answer(429, retry_after="60"))
                with pytest.raises(Halted):
                    it.read()
    finally:
        stamina.instrumentation.set_on_retry_hooks(before)

    assert all(60 <= wait <= 60 + READ_SPREAD_SECONDS for wait in waits)
    assert 20 == len({round(wait, 4) for wait in waits})


# --- what is known after a write ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "kind"),
    [
        (httpx2.ConnectError("x"), NotSent),
        (httpx2.ConnectTimeout("x"), NotSent),
        (httpx2.PoolTimeout("x"), NotSent),
        (httpx2.ProxyError("x"), NotSent),
        (httpx2.ReadError("x"), OutcomeUnknown),
        (httpx2.ReadTimeout("x"), OutcomeUnknown),
        (httpx2.WriteError("x"), OutcomeUnknown),
        (httpx2.WriteTimeout("x"), OutcomeUnknown),
        (httpx2.RemoteProtocolError("x"), OutcomeUnknown),
        (httpx2.DecodingError("x"), OutcomeUnknown),
        (answer(500), OutcomeUnknown),
        (answer(503), OutcomeUnknown),
        (answer(408), OutcomeUnknown),
        (answer(400), Refused),
        (answer(401), SignInLost),
        (answer(403), RightMissing),
        (answer(429), Throttled),
    ],
    ids=lambda plan: str(plan.status_code) if isinstance(plan, httpx2.Response) else None,
)
def test_a_failed_write_says_what_is_known(plan: Any, kind: type[Exception]) -> None:
    """Not sent, refused, or nobody knows."""
    it = line()
    it.vendor.then(plan)

    with pytest.raises(kind) as caught:
        it.write()

    assert kind is type(caught.value)


def test_an_answer_to_a_write_that_cannot_be_read_proves_nothing() -> None:
    """The connector calls it a changed vendor; for a write that means it may be booked."""
    it = line(classify=lambda found: VendorChanged("a page", where="here", support="what it said"))

    with pytest.raises(OutcomeUnknown, match="a page") as caught:
        it.write()

    assert ("here", "what it said") == (caught.value.problem.where, caught.value.support)


# --- the gate -----------------------------------------------------------------------------------------------


def test_the_gate_is_asked_last_and_once() -> None:
    """The priority is taken and the token is in hand; the vendor has not been asked yet."""
    window = RateLimit(name="day", limit=1, seconds=86_400)
    it, asked = line(windows=(window,)), []

    def gate() -> None:
        permit_taken = it.wiring.budget.wait("test/", (window,), Priority.WRITE) > 0
        asked.append((permit_taken, it.auth.given, len(it.vendor.asked)))

    it.write(gate=gate)

    assert [(True, 1, 0)] == asked
    assert 1 == len(it.vendor.asked)


@pytest.mark.parametrize("why", [NotSent("too late"), Halted("paused")], ids=["not sent", "halted"])
def test_a_shut_gate_lets_nothing_out(why: Exception) -> None:
    """What it raises comes through as it is."""
    it = line()

    def gate() -> None:
        raise why

    with pytest.raises(type(why), match=str(why)):
        it.write(gate=gate)

    assert [] == it.vendor.asked


# --- sign-in ------------------------------------------------------------------------------------------------


def test_a_read_with_a_stale_token_is_asked_once_more() -> None:
    """With the new one; both calls are counted."""
    it = line(auth=SignIn(next=NEW_TOKEN), windows=(RateLimit(name="day", limit=3, seconds=86_400),))
    it.vendor.then(answer(401))

    it.read()

    assert [f"Bearer {TOKEN}", f"Bearer {NEW_TOKEN}"] == [
        request.headers["authorization"] for request in it.vendor.asked
    ]
    assert 0.0 == it.wiring.budget.take(
        "test/", [RateLimit(name="day", limit=3, seconds=86_400)], Priority.WRITE
    )
    assert (
        it.wiring.budget.take("test/", [RateLimit(name="day", limit=3, seconds=86_400)], Priority.WRITE) > 0
    )


def test_a_read_refused_twice_asks_for_a_person() -> None:
    """The new token is refused as well: it is not tried a third time."""
    it = line(auth=SignIn(next=NEW_TOKEN))
    it.vendor.then(answer(401), answer(401))

    with pytest.raises(SignInLost):
        it.read()

    assert (2, 1) == (len(it.vendor.asked), len(it.auth.asked))


def test_a_read_with_no_other_token_is_not_asked_again() -> None:
    """There is nothing else to try."""
    it = line()
    it.vendor.then(answer(401))

    with pytest.raises(SignInLost):
        it.read()

    assert 1 == len(it.vendor.asked)


def test_a_write_with_a_stale_token_is_not_sent_again_here() -> None:
    """A 401 books nothing, so the engine may write a new intent; this one is over."""
    it = line(auth=SignIn(next=NEW_TOKEN))
    it.vendor.then(answer(401))

    with pytest.raises(SignInRenewed, match="Nothing was booked"):
        it.write()

    assert 1 == len(it.vendor.asked)


# --- the record ---------------------------------------------------------------------------------------------


def test_a_large_read_is_recorded_by_size_and_hash() -> None:
    """Payroll answers hold people; only what failed, or was written, is kept word for word."""
    it = line()
    it.vendor.then(answer(200, {"name": "a person"}, x_request_id="r-1"))

    it.read(params={"page": "2"})

    (record,) = it.records
    assert ("GET", f"{BASE}/rows?page=2", 200, "r-1", False) == (
        record.method,
        record.url,
        record.status,
        record.request_id,
        record.write,
    )
    assert ("", "", 19) == (record.request_body, record.answer_body, record.answer_bytes)
    assert 64 == len(record.answer_sha256)


@pytest.mark.parametrize(("status", "write"), [(400, False), (500, False), (200, True), (400, True)])
def test_failures_and_writes_are_recorded_word_for_word(status: int, write: bool) -> None:
    """What support will ask for."""
    it = line()
    it.vendor.then(*[answer(status, {"said": "why"})] * READ_ATTEMPTS)

    with suppress(Refused, OutcomeUnknown):
        it.write() if write else it.read()

    record = it.records[0]
    assert ('{"said":"why"}', '{"amount": 1}' if write else "", write) == (
        record.answer_body,
        record.request_body,
        record.write,
    )


@pytest.mark.parametrize("plan", [httpx2.ConnectError("no route"), httpx2.ReadError("reset")])
def test_a_call_without_an_answer_is_recorded(plan: Exception) -> None:
    """With what happened, and no status."""
    it = line()
    it.vendor.then(plan)

    with pytest.raises((NotSent, OutcomeUnknown)):
        it.write()

    (record,) = it.records
    assert (None, repr(plan), True) == (record.status, record.error, record.write)
