"""What UKG notifies of, at the platform endpoints: signed in with a token of the Developer Console, whatever
the core endpoints are signed in with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ml_connector.connectors.ukg_pro import faults
from ml_connector.connectors.ukg_pro.client import platform_token
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.domain.lists import listed
from ml_connector.errors import NotFound, Refused, SignInLost
from ml_connector.ports.systems import Subscription, Wiring
from ml_connector.transport.http import Client
from ml_connector.transport.settings import secret_of
from ml_connector.transport.signature import TOKEN

ROOT = "/webhooks"
PATH = f"{ROOT}/v1/subscriptions"


class Row(msgspec.Struct):
    """A subscription; its secret is in no answer but the first."""

    id: str
    url: str
    eventTypes: list[str] = []
    isActive: bool = True


class UkgSubscriptions:
    """As `ports.systems.Subscriptions`. Nothing of it is recorded: bodies name the path that nobody else may
    know, and the secret.
    """

    takes_secret = True

    def __init__(self, options: Options, wiring: Wiring) -> None:
        self._options, self._vault = options, wiring.vault
        self._http = Client(
            base_url=options["platform_url"] or options["base_url"],
            auth=platform_token(options, wiring),
            wiring=wiring,
            classify=faults.classify,
            headers={"Accept": "application/json", "Content-Type": "application/json"},
            personal=(ROOT,),
            read_deadline_seconds=options.read_deadline_seconds,
        )

    def every(self) -> Sequence[Subscription]:
        try:
            rows = self._http.read("GET", PATH).decode_list(Row)
        except SignInLost as error:
            raise faults.sign_in_lost(error, bearer=True, user_key=False) from error
        return [
            Subscription(id=row.id, address=row.url, topics=tuple(row.eventTypes), active=row.isActive)
            for row in rows
        ]

    def wanted(self, address: str) -> Sequence[Subscription]:
        return [Subscription(id="", address=address, topics=listed(self._options["webhook_topics"]))]

    def make(self, wanted: Subscription, secret: str) -> None:
        body: dict[str, Any] = {"url": wanted.address, "eventTypes": wanted.topics, "hmacSecret": secret}
        if headers := self._token_header():
            body["headers"] = headers
        try:
            self._send("POST", PATH, msgspec.json.encode(body))
        except Refused as error:
            if error.problem.code != faults.REFUSED:
                raise
            text = (
                f"UKG did not accept a subscription of {urlsplit(wanted.address).hostname}, and its words are"
                " not shown, because they may name the path. Check that the address is reached from outside"
                f" over https, that UKG has the topics {', '.join(wanted.topics)} (webhook_topics), and the"
                " header of the webhook token."
            )
            raise Refused(text, where="address", support=error.support, code="webhook.refused") from error

    def remove(self, identity: str) -> None:
        try:
            self._send("DELETE", f"{PATH}/{identity}")
        except NotFound:
            return

    def _token_header(self) -> Mapping[str, str]:
        name, token = self._options["webhook_token_header"], secret_of(self._vault, TOKEN)
        return {name: token} if name and token else {}

    def _send(self, method: str, path: str, body: bytes = b"") -> None:
        with self._http.prepare(method, path, content=body) as send:
            send(lambda: None)
