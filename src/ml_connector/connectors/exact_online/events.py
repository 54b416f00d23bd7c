"""Notifications of Exact: a signed hint that a record changed. It holds no data, so the record is read again.

The hash stands in the body, over the bytes of `Content` exactly as received, in upper-case hex, keyed with
the app's webhook secret. Creating a subscription makes Exact call the address with an empty body, unsigned,
and expect 200: that is a `Challenge`, not an event. The time of the change stands in newer bodies only, and
a repeat is recognised by its id. One address may be told of divisions that the connection does not have.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ml_connector.connectors.exact_online import wire
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.errors import Refused
from ml_connector.ports.storage import Clock, Vault
from ml_connector.ports.systems import Challenge, Event
from ml_connector.transport.answer import UNREADABLE
from ml_connector.transport.settings import secret_of
from ml_connector.transport.signature import Signature, check_signature, check_size, misshapen

BODY_BYTES_MAX = 64 * 1024
SIGNATURE = Signature(encoding="hex")
REMEDY = "Check that the webhook secret is the app's, and not the client secret."


class ExactEvents:
    """Verifies notifications for the app and the divisions of one connection."""

    def __init__(self, options: Options, vault: Vault, clock: Clock) -> None:
        self._options, self._vault, self._clock = options, vault, clock

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
        now = self._clock.now()
        check_signature(
            SIGNATURE, sent.HashCode, bytes(sent.Content), self._vault, now, where="HashCode", remedy=REMEDY
        )
        self._check_app(content.ClientId)
        self._options.window.check(occurred, now)
        division = str(content.Division)
        detail = {"entity": division, "action": content.Action, "address": content.ExactOnlineEndpoint}
        repeat = ":".join(
            (str(content.Division), content.Topic, content.Key, content.Action, content.EventCreatedOn)
        )
        return Event(
            id=repeat,
            topic=content.Topic,
            key=content.Key,
            occurred_at=occurred,
            company=division,
            ours=division in self._options.divisions,
            detail=detail,
        )

    def _check_app(self, client_id: str) -> None:
        """Raises `Refused` where another app is named than the connection's."""
        ours = secret_of(self._vault, "client_id")
        if client_id and ours and client_id.strip("{}").lower() != ours.strip("{}").lower():
            text = "The notification is for another app than this connection's. It was not used."
            raise Refused(text, where="ClientId", code="event.entity")
