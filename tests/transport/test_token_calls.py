"""Calls for tokens end, and prove only what they say."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import httpx2
import pytest
from tests.transport.slow import BEHAVIOURS, DEADLINE, PATIENCE, Behave, WallClock
from tests.transport.vendor import Parts, answer, line

from ml_connector.contract.memory import VirtualClock, memory_wiring
from ml_connector.errors import ConnectorError, NotSent
from ml_connector.transport.auth import TOKEN_SECONDS, Renewal, TokenBroker
from ml_connector.transport.token_client import TOKEN_BYTES_MAX

GRANT = Renewal(grant="client_credentials")


def broker(wire: httpx2.BaseTransport | None, clock: VirtualClock, url: str) -> TokenBroker:
    secrets = {"client_id": "id", "client_secret": "secret"}
    wiring = memory_wiring(clock=clock, secrets=secrets, wire=wire)
    return TokenBroker(token_url=url, wiring=wiring, renewal=GRANT)


def test_a_token_answer_that_never_ends_is_given_up() -> None:
    """In half a minute, so that the lock of the sign-in is not kept."""
    it = line()
    it.vendor.then(httpx2.Response(200, stream=Parts([b"{"] * 1000, lambda: it.clock.advance(1))))

    with pytest.raises(NotSent, match="did not answer"):
        broker(it.vendor, it.clock, "http://127.0.0.1/token").access_token()

    assert 30.0 == TOKEN_SECONDS == it.clock.monotonic()


def test_a_token_answer_without_end_is_given_up() -> None:
    """A mebibyte is more than any token has."""
    it, read = line(), []
    kind = {"content-type": "application/json"}
    parts = Parts([b"x" * 65536] * 1000, lambda: read.append(1))
    it.vendor.then(httpx2.Response(200, stream=parts, headers=kind))

    with pytest.raises(NotSent):
        broker(it.vendor, it.clock, "http://127.0.0.1/token").access_token()

    assert TOKEN_BYTES_MAX // 65536 + 1 == len(read)


@pytest.mark.parametrize("body", ["[]", "7", "null", '"x"', "{", "[" * 100_000, '{"a": ' * 100_000])
def test_a_token_answer_that_is_no_object_proves_nothing(body: str) -> None:
    """It may have spent the refresh token, so it is no refusal that ends the sign-in."""
    it = line()
    it.vendor.then(httpx2.Response(200, text=body, headers={"content-type": "application/json"}))

    with pytest.raises(NotSent):
        broker(it.vendor, it.clock, "http://127.0.0.1/token").access_token()


def test_a_redirected_token_request_proves_nothing() -> None:
    """With JSON as well: it is not followed, and is no answer."""
    it = line()
    it.vendor.then(answer(302, {"x": 1}, location="http://127.0.0.1:1/steal"))

    with pytest.raises(NotSent):
        broker(it.vendor, it.clock, "http://127.0.0.1/token").access_token()

    assert 1 == len(it.vendor.asked)


@pytest.mark.parametrize("token", ["two\nlines", "café", "nul\x00", " blank"])
def test_a_token_that_no_header_can_hold_is_not_stored(token: str) -> None:
    """Every call would fail with it, and its failure would show it."""
    it = line()
    it.vendor.then(answer(200, {"access_token": token}))

    with pytest.raises(ConnectorError) as caught:
        broker(it.vendor, it.clock, "http://127.0.0.1/token").access_token()

    assert token.strip() not in f"{caught.value!r}{caught.value.support}"


@pytest.mark.parametrize("behave", BEHAVIOURS[:-1], ids=lambda behave: behave.__name__)
def test_a_token_call_on_a_socket_keeps_to_its_deadline(
    serve: Callable[[Behave], int], behave: Behave
) -> None:
    """Its library reads answers in its own way; the sockets are ours."""
    began = time.monotonic()
    asking = replace(
        broker(None, WallClock(), f"http://127.0.0.1:{serve(behave)}/token"), deadline_seconds=DEADLINE
    )

    with pytest.raises(NotSent):
        asking.access_token()

    assert DEADLINE <= time.monotonic() - began < PATIENCE / 2
