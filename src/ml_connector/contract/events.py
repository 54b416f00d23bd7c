"""The contract of an `EventSource`: what the product may believe of every verifier of notifications.

A connector gives a `world` of the shape below. The notifications are those of the vendor's side, to the byte;
nothing here makes or signs one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from ml_connector.errors import Refused
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import Challenge, Event, EventSource
from ml_connector.transport.signature import BODY_BYTES_MAX, replaced

Call = tuple[Mapping[str, str], bytes]
"""Headers and body."""


class EventSourceWorld(Protocol):
    """The vendor's side of notifications, and the connection that gets them."""

    vault: Vault
    secret: str
    """Name of the secret that proves a notification."""
    signed: bool
    """Whether it proves the body; else a header alone is compared."""

    def events(self, vault: Vault) -> EventSource:
        """The verifier of the connection, with these secrets."""
        ...

    def change(self) -> Call:
        """Somebody changes a record at the vendor; what the vendor sends, whole. Each call changes another
        record or another time.
        """
        ...

    def now(self) -> datetime: ...

    def advance(self, seconds: float) -> None: ...

    def handshake(self) -> Call | None:
        """What the vendor sends to see whether anybody is there; `None` for a vendor that does not."""
        ...

    def emptied(self, **secrets: str) -> Vault:
        """A vault with these secrets alone."""
        ...


class EventSourceContract:
    """Every claim about a source of notifications."""

    def test_what_the_vendor_sends_is_an_event(self, world: EventSourceWorld) -> None:
        """As it came: with a topic, an id and the time of the change."""
        found = verified(world, world.change())

        assert found.topic
        assert found.id
        assert found.ours
        assert found.occurred_at is not None
        assert abs(world.now() - found.occurred_at) < timedelta(minutes=1)

    def test_a_repeat_has_the_same_id_and_another_change_has_another(self, world: EventSourceWorld) -> None:
        """So that a change is worked once, however often it is sent."""
        first, second = world.change(), world.change()

        assert verified(world, first) == verified(world, first)
        assert verified(world, first).id != verified(world, second).id

    def test_names_of_headers_may_have_letters_of_any_case(self, world: EventSourceWorld) -> None:
        """As proxies write them."""
        headers, body = world.change()

        for spelled in (str.lower, str.upper):
            changed = {spelled(name): value for name, value in headers.items()}
            assert verified(world, (headers, body)) == verified(world, (changed, body))

    def test_what_the_vendor_did_not_send_is_refused(self, world: EventSourceWorld) -> None:
        """One letter of the body is another, where the body is signed; without the proof in any case."""
        headers, body = world.change()
        found = verified(world, (headers, body))
        if world.signed:
            changed = body.replace(found.topic.split()[0].encode(), b"Another", 1)
            assert changed != body
            refused(world, (headers, changed))
            refused(world, (headers, b""), unless_challenge=True)
        refused(
            world, (headers, body), vault=world.emptied(**{world.secret: "another secret, of somebody else"})
        )

    def test_without_a_secret_nothing_is_trusted(self, world: EventSourceWorld) -> None:
        """Neither where none was entered nor where it is empty."""
        call = world.change()
        for vault in (world.emptied(), world.emptied(**{world.secret: ""})):
            refused(world, call, vault=vault)

    def test_the_secret_of_before_is_good_until_its_time(self, world: EventSourceWorld) -> None:
        """The new one all the while."""
        call, secret = world.change(), world.vault.read(world.secret)
        new, ends_at = "the new secret, as long as it has to be", world.now() + timedelta(hours=1)
        both = world.emptied(**{world.secret: new, f"{world.secret}_before": replaced(secret, ends_at)})

        assert isinstance(world.events(both).verify(*call), Event)
        world.advance(3_601)
        refused(world, call, vault=both)

    def test_an_old_notification_is_refused(self, world: EventSourceWorld) -> None:
        """However good its signature is: a poll has found what it told of."""
        call = world.change()
        world.advance(14 * 86_400)
        verified(world, call)
        world.advance(2 * 86_400)

        assert "event.old" == refused(world, call)

    def test_a_notification_of_the_future_is_refused(self, world: EventSourceWorld) -> None:
        """It would be good for too long."""
        world.advance(3_600)
        call = world.change()
        world.advance(-3_000)

        assert "event.ahead" == refused(world, call)

    def test_a_body_above_the_limit_is_refused(self, world: EventSourceWorld) -> None:
        """Before it is read."""
        headers, body = world.change()

        assert "event.size" == refused(world, (headers, body + b" " * BODY_BYTES_MAX))

    @pytest.mark.parametrize(
        "body",
        [b"", b"{}", b"[]", b"null", b"<html>", b"\xff\xfe", b"[" * 9_000, b'{"EventId": 1e400}', b"\x00"],
    )
    def test_no_body_ends_in_a_defect(self, world: EventSourceWorld, body: bytes) -> None:
        """It is refused, or a call that only asks whether anybody is there."""
        headers, _ = world.change()
        for given in (headers, {}):
            refused(world, (given, body), unless_challenge=True)

    def test_a_handshake_is_answered_and_is_no_event(self, world: EventSourceWorld) -> None:
        """Where the vendor has one: it proves nothing, and nothing is stored."""
        if (call := world.handshake()) is None:
            return

        found = world.events(world.vault).verify(*call)

        assert isinstance(found, Challenge)
        assert found.status == 200


def verified(world: EventSourceWorld, call: Call) -> Event:
    """The event in the call."""
    found = world.events(world.vault).verify(*call)
    assert isinstance(found, Event)
    return replace(found)


def refused(
    world: EventSourceWorld, call: Call, vault: Vault | None = None, *, unless_challenge: bool = False
) -> str:
    """The code of the refusal; empty for a challenge, where that is as good."""
    try:
        found = world.events(vault or world.vault).verify(*call)
    except Refused as error:
        return error.problem.code
    assert unless_challenge, f"not refused: {found}"
    assert isinstance(found, Challenge)
    return ""
