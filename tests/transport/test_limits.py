"""Limits of the vendor: calls are counted, waited for, and not made where they would do harm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import httpx2
import pytest
import stamina
from tests.transport.vendor import answer, line

from ml_connector.errors import Busy, OutcomeUnknown, Refused, Throttled
from ml_connector.ports.storage import RESERVE_SHARE, RateLimit
from ml_connector.transport.http import CLIENT_ERRORS


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Reads are not repeated."""
    with stamina.set_testing(True):
        yield


def test_a_call_waits_for_its_turn() -> None:
    """A minute is waited for, on the connection's clock."""
    it = line(windows=(RateLimit(name="minute", limit=1, seconds=60),))
    it.read()
    before = it.clock.now()

    it.read()

    assert 60.0 == (it.clock.now() - before).total_seconds()
    assert 2 == len(it.vendor.asked)


def test_a_used_up_budget_sends_nothing_and_says_how_long() -> None:
    """A day is not waited for; the run is told when to come again."""
    it = line(windows=(RateLimit(name="day", limit=1, seconds=86_400),))
    it.write()

    with pytest.raises(Throttled) as caught:
        it.write()

    assert 1 == len(it.vendor.asked)
    assert caught.value.retry_after_seconds == 15 * 3600


def test_reads_leave_a_reserve_for_writes() -> None:
    """The last share of a window is for postings."""
    limit = RESERVE_SHARE
    it = line(windows=(RateLimit(name="day", limit=limit, seconds=86_400),))
    for _ in range(limit - 1):
        it.read()

    with pytest.raises(Throttled):
        it.read()
    it.write()

    assert limit == len(it.vendor.asked)


def test_what_the_vendor_says_of_its_limits_is_learnt() -> None:
    """Its own count is right, ours is a guess."""
    window = RateLimit(name="day", limit=5, seconds=86_400)
    it = line(
        windows=(window,), learn=lambda found: [RateLimit(name="day", limit=5, seconds=86_400, remaining=0)]
    )
    it.read()

    with pytest.raises(Throttled):
        it.read()


@pytest.mark.parametrize("status", CLIENT_ERRORS)
def test_an_endpoint_that_refused_so_often_is_left_alone(status: int) -> None:
    """A vendor blocks an app that goes on. Another endpoint is still called; a key is no other endpoint."""
    it = line(errors=RateLimit(name="errors", limit=2, seconds=3600))
    it.vendor.then(answer(status), answer(status))
    for path in ("/entries(guid'1')", "/entries(guid'2')"):
        with pytest.raises(Refused):
            it.read(path)

    with pytest.raises(Throttled, match="refused 2 times within the hour") as caught:
        it.write("/entries")
    it.read("/other")

    assert 3 == len(it.vendor.asked)
    assert 0 < (caught.value.retry_after_seconds or 0) <= 3600
    it.clock.advance(3600)
    it.write("/entries")


def test_other_failures_are_no_errors_of_ours() -> None:
    """Server errors and limits do not count against the endpoint."""
    assert (400, 401, 403, 404) == CLIENT_ERRORS
    it = line(errors=RateLimit(name="errors", limit=1, seconds=3600))
    for status in (429, 500, 503, 422):
        it.vendor.then(answer(status))
        with pytest.raises((Refused, OutcomeUnknown)):
            it.write()

    it.write()


def test_one_call_at_a_time_where_the_vendor_wants_it() -> None:
    """The lane of the scope is held while the vendor works, for a write from its preparation on."""
    it = line(one_at_a_time=True)

    def held(request: httpx2.Request) -> httpx2.Response:
        with (
            pytest.raises(RuntimeError, match="by this thread already"),
            it.wiring.serial_locks.hold("test/10"),
        ):
            pass
        with it.wiring.serial_locks.hold("test/20"):
            return answer()

    it.vendor.then(held, held)
    it.read(scope="10")
    it.write(scope="10")
    with it.client.prepare("POST", "/entries", scope="10"), pytest.raises(RuntimeError):
        it.read(scope="10")

    assert 2 == len(it.vendor.asked)


def test_a_lane_that_somebody_keeps_is_asked_for_once() -> None:
    """Waiting for it took minutes already; the run is told, and comes again later."""
    it, asked = line(one_at_a_time=True), []

    class Kept:
        def hold(self, lane: str) -> AbstractContextManager[None]:
            asked.append(lane)
            raise Busy("process 4711 holds it")

    it.client.wiring = replace(it.wiring, serial_locks=Kept())

    for call in (it.read, it.write):
        with pytest.raises(Busy, match="4711"):
            call(scope="10")

    assert (["test/10", "test/10"], []) == (asked, it.vendor.asked)
