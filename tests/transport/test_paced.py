"""A vendor that refuses the same read for a while, and files that are not held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import stamina
from tests.transport.vendor import BASE, Line, Parts, SignIn, Vendor, answer, classify

from ml_connector.contract.memory import memory_wiring
from ml_connector.errors import OutcomeUnknown, Refused, Throttled
from ml_connector.ports.storage import Priority, RateLimit
from ml_connector.transport.paced import IN_MEMORY_BYTES, PacedClient, downloaded

SAME = 61


def paced(**settings: Any) -> Line:
    """A client that asks the same once in 61 seconds, in front of a vendor that answers `{}`."""
    vendor, auth = Vendor(), SignIn()
    wiring = memory_wiring(wire=vendor)
    given = {"base_url": BASE, "classify": classify, "one_at_a_time": True, **settings}
    client = PacedClient(auth=auth, wiring=wiring, **{"same_read_seconds": SAME, **given})
    return Line(vendor, wiring, auth, client)


@pytest.fixture(autouse=True)
def attempts() -> Iterator[None]:
    """A read is tried twice, and nobody pauses but for the vendor's rules."""
    with stamina.set_testing(True, attempts=2):
        yield


def test_the_same_read_is_not_sent_again_before_its_time() -> None:
    """It waits on the connection's clock, also across the whole minute; another address does not."""
    it = paced()
    it.clock.advance(59)
    it.read("/rows", params={"page": "1"})
    before = it.clock.now()
    it.read("/rows", params={"page": "2"})
    assert before == it.clock.now()

    it.read("/rows", params={"page": "1"})

    assert SAME == (it.clock.now() - before).total_seconds()


def test_a_read_that_failed_counts_as_one_that_was_made() -> None:
    """The vendor has seen it: it is repeated when the vendor takes it again."""
    it = paced()
    it.vendor.then(answer(503))

    it.read()

    assert (2, SAME) == (len(it.vendor.asked), it.clock.monotonic())


def test_writes_are_free_of_the_rule() -> None:
    """The vendor exempts them."""
    it = paced()
    it.write()
    it.write()

    assert (2, 0.0) == (len(it.vendor.asked), it.clock.monotonic())


def test_another_process_obeys_the_rule() -> None:
    """It is kept where all of them look: another client with the same budget waits."""
    it = paced()
    it.read()
    other = PacedClient(
        base_url=BASE,
        auth=SignIn(),
        wiring=it.wiring,
        classify=classify,
        one_at_a_time=True,
        same_read_seconds=SAME,
    )
    other.read("GET", "/rows")

    assert SAME == it.clock.monotonic()


def test_the_time_of_a_read_begins_when_it_is_sent() -> None:
    """One that waited for the call limit first is not forgotten the sooner."""
    it = paced(windows=(RateLimit(name="minute", limit=1, seconds=100),))
    it.read("/other")
    it.read("/rows")
    sent = it.clock.monotonic()

    it.client.windows = ()
    it.read("/rows")

    assert (True, SAME) == (sent > 0, it.clock.monotonic() - sent)


def test_the_lock_is_free_while_the_same_read_waits() -> None:
    """A posting need not wait for it."""
    it = paced()
    it.read()
    entered = []
    sleep = it.clock.sleep

    def waits(seconds: float) -> None:
        with it.wiring.serial_locks.hold("test/"):
            entered.append(seconds)
        sleep(seconds)

    it.clock.sleep = waits  # type: ignore[method-assign]
    it.read()

    assert [SAME] == entered


def test_a_read_that_may_not_be_sent_for_long_says_when() -> None:
    """It is tried again later, and nothing was sent or counted."""
    it = paced(same_read_seconds=600, windows=(RateLimit(name="day", limit=100, seconds=86_400),))
    it.read()

    with pytest.raises(Throttled) as caught:
        it.read()

    assert (600, 1) == (caught.value.retry_after_seconds, len(it.vendor.asked))
    day = RateLimit(name="day", limit=2, seconds=86_400)
    it.wiring.budget.learn("test/", [day])
    assert 0.0 == it.wiring.budget.take("test/", [day], Priority.WRITE)


# --- files --------------------------------------------------------------------------------------------------


def test_a_file_comes_whole_and_is_gone_afterwards() -> None:
    """Its bytes are on disk and its hash is on record; the answer itself holds none of it."""
    it = paced(same_read_seconds=0)
    part, count = b"0123456789abcdef" * 4096, 2 * IN_MEMORY_BYTES // 65536
    it.vendor.then(httpx2.Response(200, stream=Parts([part] * count)))

    with downloaded(it.client, "/attachments/7", 64 * IN_MEMORY_BYTES) as (found, file):
        assert (b"", part * count) == (found.body, file.read())
    assert file.closed
    (record,) = it.records
    assert (len(part) * count, hashlib.sha256(part * count).hexdigest()) == (
        record.answer_bytes,
        record.answer_sha256,
    )


def test_a_file_above_the_limit_is_refused_while_it_comes() -> None:
    """Its rest is not read, and it is not asked for again."""
    it = paced()
    read: list[int] = []
    parts = Parts([b"x" * 600] * 9, lambda: read.append(1))
    it.vendor.then(httpx2.Response(200, stream=parts))

    with pytest.raises(Refused) as refused, downloaded(it.client, "/attachments/7", 1000):
        pass

    assert ("file.large", 2, True) == (refused.value.problem.code, len(read), parts.closed)


def test_a_file_that_broke_off_is_read_from_its_beginning() -> None:
    """Nothing of the first attempt is left before the second."""
    it = paced()

    def breaks() -> Iterator[bytes]:
        yield b"half of it"
        raise httpx2.ReadError("broken")

    it.vendor.then(httpx2.Response(200, stream=Parts(breaks())), httpx2.Response(200, content=b"all"))

    with downloaded(it.client, "/attachments/7", 1000) as (_, file):
        assert b"all" == file.read()


def test_no_file_is_made_of_a_refusal() -> None:
    """What the vendor says instead is its error."""
    it = paced()
    it.vendor.then(answer(500, {"message": "broken"}), answer(500))

    with pytest.raises(OutcomeUnknown) as caught, downloaded(it.client, "/attachments/7", 1000):
        pass
    assert "500" in caught.value.problem.text
