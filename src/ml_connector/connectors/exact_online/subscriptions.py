"""What Exact notifies of: one subscription for a division and a topic, of one address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from ml_connector.connectors.exact_online import faults
from ml_connector.connectors.exact_online.client import WRITE, ExactClient, address
from ml_connector.connectors.exact_online.settings import Options
from ml_connector.errors import NotFound, Refused
from ml_connector.ports.systems import Subscription

PATH = "webhooks/WebhookSubscriptions"
TAKEN = re.compile(r"already exists|bestaat reeds", re.IGNORECASE)


class Row(msgspec.Struct):
    """A subscription of this app and division."""

    ID: str
    Topic: str
    CallbackURL: str


class ExactSubscriptions:
    """As `ports.systems.Subscriptions`. Exact changes none: it is removed and made again."""

    takes_secret = False

    def __init__(self, options: Options, client: ExactClient) -> None:
        self._options, self._client = options, client

    def every(self) -> Sequence[Subscription]:
        return [
            Subscription(
                id=f"{division}/{row.ID}", address=row.CallbackURL, topics=(row.Topic,), company=division
            )
            for division in self._options.divisions
            for row in self._client.rows(division, PATH, Row, select="ID,Topic,CallbackURL")
        ]

    def wanted(self, address: str) -> Sequence[Subscription]:
        return [
            Subscription(id="", address=address, topics=(topic,), company=division)
            for division in self._options.divisions
            for topic in self._options.topics
        ]

    def make(self, wanted: Subscription, secret: str) -> None:
        body = msgspec.json.encode({"Topic": wanted.topics[0], "CallbackURL": wanted.address})
        try:
            self._send("POST", wanted.company, PATH, body)
        except Refused as error:
            raise self._refused(error, wanted) from error

    def _refused(self, error: Refused, wanted: Subscription) -> Refused:
        """The refusal, with what the connection knows of it."""
        text, code, (topic,) = error.problem.text, error.problem.code, wanted.topics
        ours, host = urlsplit(self._options.redirect_uri).hostname, urlsplit(wanted.address).hostname
        if code == faults.DOMAIN:
            text = f"{text} redirect_uri of this connection is at {ours}, the address at {host}."
        elif TAKEN.search(text):
            code = "webhook.taken"
            text = (
                f"{text} The app has a subscription to {topic} in division {wanted.company}, of another"
                " address or another user. `connections webhooks check` lists what this user sees; Exact"
                " keeps one for an app, division and topic. Remove it where it was made, or use an app of"
                " your own."
            )
        else:
            return error
        return Refused(text, where="address", support=error.support, code=code)

    def remove(self, identity: str) -> None:
        division, _, key = identity.partition("/")
        try:
            self._send("DELETE", division, f"{PATH}(guid'{key}')")
        except NotFound:
            return

    def _send(self, method: str, division: str, path: str, body: bytes = b"") -> None:
        with self._client.http.prepare(
            method, address(division, path, {}), scope=division, headers=WRITE, content=body
        ) as send:
            send(lambda: None)
