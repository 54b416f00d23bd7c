"""Notifications of Exact: a signed hint that a record changed. It holds no data, so the record is read again.

The hash stands in the body, over the bytes of `Content` exactly as received, in upper-case hex, keyed with
the app's webhook secret. Creating a subscription makes Exact call the address with an empty body, unsigned,
and expect 200: that is a `Challenge`, not an event. There is no timestamp against replay, so a repeat is
recognised by its id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from ml_connector.connectors.exact_online import wire
from ml_connector.errors import Refused
from ml_connector.ports.storage import Vault
from ml_connector.ports.systems import Challenge, Event
from ml_connector.transport.answer import UNREADABLE
from ml_connector.transport.signature import Signature, check_signature, check_size, misshapen

BODY_BYTES_MAX = 64 * 1024
SIGNATURE = Signature(encoding="hex")
REMEDY = "Check that the webhook secret is the app's, and not the client secret."


class ExactEvents:
    """Verifies notifications for the divisions of one connection."""

    def __init__(self, divisions: Sequence[str], vault: Vault) -> None:
        self._divisions, self._vault = divisions, vault

    def verify(self, headers: Mapping[str, str], body: bytes) -> Event | Challenge:
        """The event, or the challenge of an empty call. Raises `Refused` for a body that Exact did not sign
        or that is not for us.
        """
        if not body:
            return Challenge()
        check_size(body, BODY_BYTES_MAX)
        try:
            sent = msgspec.json.decode(body, type=wire.Notification)
            content = msgspec.json.decode(sent.Content, type=wire.Content)
            occurred = wire.moment(content.EventCreatedOn) if content.EventCreatedOn else None
        except (*UNREADABLE, ValueError) as error:
            raise misshapen("Exact", error) from error
        check_signature(
            SIGNATURE, sent.HashCode, bytes(sent.Content), self._vault, where="HashCode", remedy=REMEDY
        )
        if str(content.Division) not in self._divisions:
            raise Refused(
                f"Division {content.Division} is not among those of this connection.",
                where="Division",
                code="event.entity",
            )
        detail = {
            "entity": str(content.Division),
            "action": content.Action,
            "address": content.ExactOnlineEndpoint,
        }
        repeat = ":".join(
            (str(content.Division), content.Topic, content.Key, content.Action, content.EventCreatedOn)
        )
        return Event(id=repeat, topic=content.Topic, key=content.Key, occurred_at=occurred, detail=detail)
