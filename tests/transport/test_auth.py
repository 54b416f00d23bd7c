"""The token broker alone: no lane, no vendor, only the lock and the stored state."""

from __future__ import annotations

import base64
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import httpx2
import pytest

from ml_connector.contract.memory import MemoryTokens, VirtualClock, memory_wiring
from ml_connector.errors import ConnectorError, NotSent, SignInLost, Throttled
from ml_connector.ports.storage import TokenState
from ml_connector.ports.systems import Wiring
from ml_connector.transport.auth import Renewal, TokenBroker, consent_warning

Answer = Callable[[httpx2.Request], httpx2.Response]
RENEWAL = Renewal(
    life_seconds=600,
    earliest_seconds=570,
    early_seconds=30,
    grace_seconds=600,
    consent_days=30,
    too_early=lambda text: "too early" in text,
)


class Vendor:
    """Gives out numbered pairs, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.next: Iterator[Answer | httpx2.Response | Exception] = iter(())
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
        self.meanwhile()
        planned = next(self.next, None)
        if isinstance(planned, Exception):
            raise planned
        if isinstance(planned, httpx2.Response):
            return planned
        number = len(self.asked)
        pair = {
            "access_token": f"access-{number}",
            "refresh_token": f"refresh-{number}",
            "expires_in": "600",
            "token_type": "bearer",
        }
        return httpx2.Response(200, json=pair)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def wiring(vendor: Vendor) -> Wiring:
    """A sign-in whose access token has just ended."""
    wiring = memory_wiring(
        clock=VirtualClock(),
        secrets={"client_id": "id", "client_secret": "secret"},
        wire=httpx2.MockTransport(vendor),
    )
    now = wiring.clock.now()
    old = TokenState(
        access_token="access-0",
        refresh_token="refresh-0",
        issued_at=now - timedelta(seconds=600),
        expires_at=now,
        consent_expires_at=now + timedelta(days=29),
    )
    wiring.tokens.write(old)
    return wiring


def broker(wiring: Wiring, renewal: Renewal = RENEWAL) -> TokenBroker:
    return TokenBroker(token_url="http://127.0.0.1/api/token", wiring=wiring, renewal=renewal)


def test_many_threads_and_brokers_renew_once(vendor: Vendor, wiring: Wiring) -> None:
    """Brokers of several workers share only the stored state: one asks, all have the new token."""
    start, got = threading.Barrier(8), []

    def work() -> None:
        start.wait()
        got.append(broker(wiring).access_token())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert (got, len(vendor.asked)) == (["access-1"] * 8, 1)


def test_renewal_is_asked_for_under_the_lock(vendor: Vendor, wiring: Wiring) -> None:
    """Whoever wants the lock while the vendor answers gets it afterwards."""
    order: list[str] = []

    def want() -> None:
        with wiring.tokens.exclusive():
            order.append("another")

    def answering() -> None:
        another.start()
        another.join(0.2)
        order.append("answered")

    another = threading.Thread(target=want)
    vendor.meanwhile = answering

    broker(wiring).access_token()

    another.join(30)
    assert ["answered", "another"] == order


def test_renewal_is_on_record_before_it_is_asked_for(vendor: Vendor, wiring: Wiring) -> None:
    """A process that dies while the vendor answers leaves the state that says so."""
    seen = []
    vendor.meanwhile = lambda: seen.append(wiring.tokens.read().renewing_since)

    broker(wiring).access_token()

    assert seen == [wiring.clock.now()]
    assert wiring.tokens.read().renewing_since is None


def test_refused_token_is_renewed_by_one_only(vendor: Vendor, wiring: Wiring) -> None:
    """Two calls met 401 with the same token: the second finds the pair that the first fetched."""
    assert broker(wiring).refused({"Authorization": "Bearer access-0"})
    assert broker(wiring).refused({"Authorization": "Bearer access-0"})

    assert len(vendor.asked) == 1


def test_too_early_keeps_the_pair(vendor: Vendor, wiring: Wiring) -> None:
    """The refusal of an early renewal ends nothing."""
    vendor.next = iter(
        [httpx2.Response(400, json={"error": "access_denied", "error_description": "too early"})]
    )

    assert not broker(wiring).refused({"Authorization": "Bearer access-0"})

    state = wiring.tokens.read()
    assert (state.access_token, state.refresh_token, state.renewing_since, state.lost) == (
        "access-0",
        "refresh-0",
        None,
        "",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"error": "unauthorized_client", "error_description": "Old refresh token used."}},
        {"text": "Bad Request"},
    ],
)
def test_refusal_ends_the_sign_in_once(vendor: Vendor, wiring: Wiring, body: dict[str, object]) -> None:
    """The vendor's words are kept, a person is asked, and the vendor is not asked again."""
    vendor.next = iter([httpx2.Response(400, **body)])  # type: ignore[arg-type]

    for _ in range(2):
        with pytest.raises(SignInLost):
            broker(wiring).access_token()

    assert len(vendor.asked) == 1
    assert wiring.tokens.read().lost


@pytest.mark.parametrize(
    ("planned", "kind", "spent"),
    [
        (httpx2.ReadTimeout("x"), NotSent, True),
        (httpx2.ReadError("x"), NotSent, True),
        (httpx2.ConnectError("x"), NotSent, False),
        (httpx2.ConnectTimeout("x"), NotSent, False),
        (httpx2.Response(503), NotSent, True),
        (httpx2.Response(429), Throttled, False),
        (httpx2.Response(200, text="<html>", headers={"content-type": "text/html"}), NotSent, True),
        (httpx2.Response(302, headers={"location": "https://elsewhere.example"}), NotSent, True),
    ],
)
def test_answers_that_do_not_end_the_sign_in(
    vendor: Vendor,
    wiring: Wiring,
    planned: Exception | httpx2.Response,
    kind: type[ConnectorError],
    spent: bool,
) -> None:
    """Whether the refresh token may have been spent is on record; the sign-in stands either way."""
    vendor.next = iter([planned])

    with pytest.raises(kind):
        broker(wiring).access_token()

    state = wiring.tokens.read()
    assert (state.renewing_since is not None, state.lost, state.refresh_token) == (spent, "", "refresh-0")


def test_lost_answer_without_a_grace_is_never_asked_again(vendor: Vendor, wiring: Wiring) -> None:
    """Not even at the same instant, or after the clock was set back: a spent token never works again."""
    vendor.next = iter([httpx2.ReadTimeout("lost")])
    strict = replace(RENEWAL, grace_seconds=0)
    with pytest.raises(NotSent):
        broker(wiring, strict).access_token()

    with pytest.raises(SignInLost):
        broker(wiring, strict).access_token()
    assert 1 == len(vendor.asked)


def test_lost_answer_within_and_after_the_grace(vendor: Vendor, wiring: Wiring) -> None:
    """Asked again within the grace with the old token; after it never."""
    vendor.next = iter([httpx2.ReadTimeout("x"), httpx2.ReadTimeout("x")])
    for _ in range(2):
        with pytest.raises(NotSent):
            broker(wiring).access_token()
    wiring.clock.sleep(601)

    with pytest.raises(SignInLost):
        broker(wiring).access_token()

    assert [asked["refresh_token"] for asked in vendor.asked] == ["refresh-0", "refresh-0"]


def test_idle_sign_in_is_renewed_after_a_week(vendor: Vendor, wiring: Wiring) -> None:
    """Not before; and the consent's new end is told."""
    broker(wiring).access_token()
    broker(wiring).renew()
    assert len(vendor.asked) == 1
    wiring.clock.sleep(7 * 86_400)

    ends = broker(wiring).renew()

    assert (len(vendor.asked), ends) == (2, wiring.clock.now() + timedelta(days=30))


def test_consent_that_ends_soon_is_warned_of(wiring: Wiring) -> None:
    """Seven days before the end, and not earlier."""
    now = wiring.clock.now()

    assert consent_warning(now + timedelta(days=8), wiring.clock) is None
    assert "2026-07-07 09:00 UTC" in (consent_warning(now + timedelta(days=6), wiring.clock) or "")
    assert "ended on 2026-07-01" in (consent_warning(now, wiring.clock) or "")


SECRETS = ("c13nt-s3cret-value", "rtok-0aB1cD2eF3gH", "atok-0aB1cD2eF3gH", "code-9zY8xW7vU6tS")


def repeated() -> str:
    """Every secret of ours, plain and as Basic and forms repeat them."""
    pair = base64.b64encode(f"app1:{SECRETS[0]}".encode()).decode()
    return " ".join([*SECRETS, pair, *(base64.b64encode(value.encode()).decode() for value in SECRETS)])


@pytest.mark.parametrize(
    "planned",
    [
        httpx2.Response(400, json={"error": "invalid_grant", "error_description": repeated()}),
        httpx2.Response(400, json={"error": repeated()}),
        httpx2.Response(400, text=repeated()),
        httpx2.Response(401, text=repeated()),
        httpx2.Response(404, text=repeated()),
        httpx2.Response(500, text=repeated()),
        httpx2.Response(200, text=repeated(), headers={"content-type": "application/json"}),
        httpx2.ReadError(repeated()),
        httpx2.ConnectError(repeated()),
    ],
    ids=str,
)
@pytest.mark.parametrize("act", ["renew", "exchange"])
def test_nothing_secret_is_written_down(
    vendor: Vendor, wiring: Wiring, planned: httpx2.Response | Exception, act: str
) -> None:
    """Neither on success nor in a refusal that repeats every secret, the code of a consent among them."""
    wiring.vault.write("client_id", "app1")
    wiring.vault.write("client_secret", SECRETS[0])
    wiring.tokens.write(replace(wiring.tokens.read(), refresh_token=SECRETS[1], access_token=SECRETS[2]))
    vendor.next = iter([planned])
    redirect = f"https://connector.example/back?code={SECRETS[3]}&state=s"
    with pytest.raises(ConnectorError) as caught:
        broker(wiring).access_token() if act == "renew" else broker(wiring).exchange(redirect, "s")

    said = "\n".join(
        [
            repr(wiring.exchanges.all),  # type: ignore[attr-defined]
            "".join(traceback.format_exception(caught.value)),
            caught.value.support,
            wiring.tokens.read().lost,
        ]
    )
    assert isinstance(wiring.tokens, MemoryTokens)
    hidden = [*SECRETS[: 3 + (act == "exchange")], base64.b64encode(f"app1:{SECRETS[0]}".encode()).decode()]
    assert [] == [secret for secret in hidden if secret in said]
