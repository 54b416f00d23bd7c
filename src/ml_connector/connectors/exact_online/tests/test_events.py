"""Notifications: signed over the bytes as they came."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from ml_connector.connectors.exact_online.events import BODY_BYTES_MAX, Challenge, ExactEvents
from ml_connector.connectors.exact_online.settings import read
from ml_connector.contract.memory import MemoryVault
from ml_connector.errors import Refused
from ml_connector.ports.systems import Event
from ml_connector.transport.signature import replaced

SECRET = "webhook-secret"
NOW = datetime(2026, 7, 2, tzinfo=UTC)
CONTENT = (
    b'{"Topic":"GLAccounts","ClientId":"c","Division":1204,"Action":"Update","Key":"k", '
    b'"ExactOnlineEndpoint":"https://start.exactonline.nl/api/v1/1204/financial/GLAccounts(guid\'k\')","EventCreatedOn":"2026-07-01T22:56:23.087"}'
)


def signed(content: bytes = CONTENT, secret: str = SECRET) -> bytes:
    digest = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest().upper()
    return b'{"Content":' + content + b',"HashCode":"' + digest.encode() + b'"}'


class At:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


def events(divisions: tuple[str, ...] = ("1204",), **secrets: str) -> ExactEvents:
    options, _ = read({"division": ",".join(divisions)}, True)
    return ExactEvents(options, MemoryVault(secrets or {"webhook_secret": SECRET}), At())


def test_event_of_a_signed_body() -> None:
    """Blanks inside the content belong to what is signed."""
    event = events().verify({}, signed())

    assert event == Event(
        id="1204:GLAccounts:k:Update:2026-07-01T22:56:23.087",
        topic="GLAccounts",
        key="k",
        occurred_at=datetime(2026, 7, 1, 22, 56, 23, 87000, tzinfo=UTC),
        company="1204",
        detail={
            "entity": "1204",
            "action": "Update",
            "address": "https://start.exactonline.nl/api/v1/1204/financial/GLAccounts(guid'k')",
        },
    )


def test_empty_call_is_a_challenge() -> None:
    """Exact tries the address with an empty body and expects 200."""
    assert events().verify({}, b"") == Challenge(status=200, body=b"")


def test_event_of_a_division_that_the_connection_does_not_have() -> None:
    """One app may be told of several divisions: it is no error, and nobody is woken."""
    event = events().verify({}, signed(CONTENT.replace(b"1204,", b"9999,")))

    assert isinstance(event, Event)
    assert ("9999", False) == (event.company, event.ours)


def test_event_of_another_app_is_refused() -> None:
    """However its secret came to be the same."""
    with pytest.raises(Refused) as caught:
        events(webhook_secret=SECRET, client_id="{D}").verify({}, signed())

    assert caught.value.problem.code == "event.entity"
    assert events(webhook_secret=SECRET, client_id="{C}").verify({}, signed())


def test_two_secrets_are_good_until_a_time() -> None:
    """The one of before signs what is under way; from its end on it is refused."""
    for ends_at, fine in ((NOW + timedelta(seconds=1), True), (NOW, False)):
        vault = {"webhook_secret": "the new one", "webhook_secret_before": replaced(SECRET, ends_at)}
        assert events(**vault).verify({}, signed(secret="the new one"))
        if fine:
            assert events(**vault).verify({}, signed())
        else:
            with pytest.raises(Refused):
                events(**vault).verify({}, signed())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (signed(secret="the client secret"), "event.signature"),
        (signed().replace(b"1204,", b"1205,"), "event.signature"),
        (signed().replace(b'"k", ', b'"k",'), "event.signature"),
        (signed(CONTENT.replace(b"2026-07-01T", b"2026-06-16T")), "event.old"),
        (signed(CONTENT.replace(b"2026-07-01T22:56:23.087", b"2026-07-02T00:05:01")), "event.ahead"),
        (b'{"Content":{}}', "event.shape"),
        (b"<html>", "event.shape"),
        (b"\xff\xfe", "event.shape"),
        (b"x" * (BODY_BYTES_MAX + 1), "event.size"),
        (signed(CONTENT.replace(b"2026-07-01T22:56:23.087", b"soon")), "event.shape"),
        (signed(CONTENT.replace(b"2026-07-01T22:56:23.087", b"/Date(99999999999999999999)/")), "event.shape"),
        (b"[" * 8000 + b"]" * 8000, "event.shape"),
        (signed(b'{"Topic":' + b"[" * 8000 + b"]" * 8000 + b"}"), "event.shape"),
    ],
)
def test_bodies_that_are_refused(body: bytes, code: str) -> None:
    """What is not signed, not for us, or not Exact's."""
    with pytest.raises(Refused) as caught:
        events().verify({}, body)

    assert caught.value.problem.code == code


def test_without_a_secret_nothing_is_trusted() -> None:
    """The text says what to enter."""
    with pytest.raises(Refused) as caught:
        events(other="x").verify({}, signed())

    assert "no webhook secret" in caught.value.problem.text


def test_signature_made_by_another_tool_over_the_bytes_as_they_came() -> None:
    """`openssl dgst -sha256 -hmac` made it. Odd blanks, an escape and letters beyond ASCII are what was
    signed; written again it is another content.
    """
    content = (
        '{"Topic":"GLAccounts", "ClientId":"c","Division":1204 ,"Action":"Update","Key":"Zoë \\u00fc",'
        '"ExactOnlineEndpoint":"","EventCreatedOn":"2026-07-01T22:56:23.087"}'
    ).encode()
    code = b"3D633C51693D61D1C805110BCF5ED36A011667FA31583A6A612B630885EFF65C"
    event = events().verify({}, b'{"Content":%b,"HashCode":"%b"}' % (content, code))

    assert isinstance(event, Event)
    assert "Zoë ü" == event.key
    for changed in (content.replace(b" ,", b","), content.replace(b"\\u00fc", "ü".encode())):
        with pytest.raises(Refused):
            events().verify({}, b'{"Content":%b,"HashCode":"%b"}' % (changed, code))
