"""Webhook subscriptions and deliveries: signed, tried again by the clock, kept two weeks, replayable.

    event ─► one message per subscription ─► try ─2xx─► delivered
                                              └─ else ─► again after 1, 5, 15 minutes ─► failed

Nothing runs in the background: whatever is due is sent when the tenant is next touched. Receivers must answer
at once and work later, as the vendor asks of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ml_connector_sandbox.core.body import read_json
from ml_connector_sandbox.core.outbound import Outbox, Send, is_taken, post
from ml_connector_sandbox.core.vendor import Json, Request, Response
from ml_connector_sandbox.systems.ukg_pro.endpoint import Endpoint, Tenant
from ml_connector_sandbox.systems.ukg_pro.paging import BadParameter
from ml_connector_sandbox.systems.ukg_pro.render import dump, empty, json_response, stamp

SECRET_CHARACTERS_MIN = 24
TENANT = "G0311"
FIRST_EVENT = 459_469_000
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+: [\x20-\x7e]*")
_URL = re.compile(r"[\x21-\x7e]+")


@dataclass(slots=True, kw_only=True)
class Subscription:
    """Where events go; `events` may hold wildcards like `Employee*`."""

    id: str
    url: str
    events: tuple[str, ...]
    secret: str
    headers: dict[str, str]
    is_active: bool = True


@dataclass(slots=True, kw_only=True)
class Message:
    """One event for one subscription. `due` None: nothing more will be tried."""

    id: str
    subscription: Subscription
    event: Json
    created_at: datetime
    due: datetime | None
    status: str = "waiting"
    tries: list[Json] = field(default_factory=list)
    replay_id: str | None = None


class Webhooks:
    """The tenant's subscriptions and messages."""

    def __init__(self, tenant: Tenant, send: Send = post) -> None:
        self._tenant = tenant
        self.outbox = Outbox(name="ukg_pro", sign=self._sign, send=send, background=False)
        self.subscriptions: dict[str, Subscription] = {}
        self.messages: list[Message] = []
        self.events: list[Json] = []
        self.audit: list[Json] = []
        self.lost = 0
        self.taken: list[int] = []
        """What receivers took, in that order: numbers that rise as the events were made."""
        self._made = 0

    def endpoints(self) -> list[Endpoint]:
        """The Premium API; everything under `/webhooks`."""
        root = "/webhooks/v1/subscriptions"
        item = root + "/{id}"
        table = (
            ("POST", root, self._create, "write"),
            (
                "GET",
                root,
                lambda request, params: json_response([_shown(held) for held in self.subscriptions.values()]),
                "read",
            ),
            ("POST", f"{root}/test", self._test, "write"),
            ("GET", item, lambda request, params: json_response(_shown(self._held(params))), "read"),
            ("PUT", item, self._change, "write"),
            ("PATCH", item, self._change, "write"),
            ("DELETE", item, self._remove, "write"),
            ("GET", f"{item}/messages", self._messages, "read"),
            ("POST", f"{item}/messages/replay", self._replay, "write"),
            ("GET", f"{item}/messages/replay/audit", self._audit, "read"),
            ("GET", f"{item}/messages/replay/audit/{{replay_id}}", self._audit, "read"),
            ("GET", "/webhooks/v1/events", lambda request, params: json_response(self.events), "read"),
            ("GET", "/webhooks/v1/events/{id}", self._event, "read"),
        )
        return [
            Endpoint(method=verb, path=path, answer=answer, family="platform", kind=kind)
            for verb, path, answer, kind in table
        ]

    def publish(self, event_type: str, operation: str, payload: Json, *, tenant: str = TENANT) -> Json | None:
        """Make an event and a message for every subscription that wants it; None when the event is lost, as
        the switch may ask.
        """
        self._made += 1
        switches = self._tenant.switches
        if switches["webhook_lose_every"] and self._made % switches["webhook_lose_every"] == 0:
            self.lost += 1
            return None
        event: Json = {
            "EventId": FIRST_EVENT + self._made,
            "EventTime": stamp(self._tenant.local_now()),
            "EventType": event_type,
            "Operation": operation,
            "Payload": payload,
            "Tenant": tenant,
        }
        self.events.append(event)
        twice = switches["webhook_duplicate_every"] and self._made % switches["webhook_duplicate_every"] == 0
        for held in self.subscriptions.values():
            if held.is_active and any(_covers(pattern, event_type) for pattern in held.events):
                for _ in range(2 if twice else 1):
                    self._queue(held, event)
        return event

    def deliver(self) -> int:
        """Send every message that is due; returns how many were tried."""
        now = self._tenant.clock.now()
        due = [message for message in self.messages if message.due is not None and message.due <= now]
        if self._tenant.switches["webhook_reorder"]:
            due.reverse()
        for message in due:
            self._try(message, now)
        return len(due)

    def _sign(self, secret: str, content: bytes) -> tuple[bytes, Mapping[str, str]]:
        """The signature stands in a header; name, algorithm and encoding are switches."""
        switches = self._tenant.switches
        digest = hmac.new(secret.encode(), content, getattr(hashlib, switches["webhook_algorithm"])).digest()
        text = digest.hex() if switches["webhook_encoding"] == "hex" else base64.b64encode(digest).decode()
        return content, {switches["webhook_header"]: f"{switches['webhook_prefix']}{text}"}

    def _queue(self, held: Subscription, event: Json, replay_id: str | None = None) -> None:
        now = self._tenant.clock.now()
        number = f"msg-{len(self.messages) + 1:06d}"
        self.messages.append(
            Message(id=number, subscription=held, event=event, created_at=now, due=now, replay_id=replay_id)
        )

    def _try(self, message: Message, now: datetime) -> None:
        held = message.subscription
        content = dump(message.event).encode()
        status = self.outbox.put(held.url, content, held.headers, secret=held.secret)["status"]
        message.tries.append({"at": now.isoformat(), "status": status})
        waits = [
            int(part)
            for part in str(self._tenant.switches["webhook_retry_minutes"]).split(",")
            if part.strip().isdigit()
        ]
        if is_taken(status):
            message.status, message.due = "delivered", None
            self.taken += [message.event["EventId"] - FIRST_EVENT] if message.event["EventId"] else []
        elif len(message.tries) > len(waits):
            message.status, message.due = "failed", None
        else:
            message.status, message.due = "retrying", now + timedelta(minutes=waits[len(message.tries) - 1])

    def _create(self, request: Request, params: Mapping[str, str]) -> Response:
        """A new subscription; its secret is in this answer and in no other."""
        given = _object(request)
        secret = str(
            given.get("hmacSecret")
            or hashlib.sha256(f"hmac {self._tenant.seed} {len(self.subscriptions)}".encode()).hexdigest()
        )
        if len(secret) < SECRET_CHARACTERS_MIN:
            raise BadParameter(
                "hmacSecret", f"The secret must have at least {SECRET_CHARACTERS_MIN} characters."
            )
        self._made += 1
        held = Subscription(id=f"sub-{self._made:06d}", url="", events=(), secret=secret, headers={})
        self._apply(held, {"eventTypes": ["*"], **given})
        self.subscriptions[held.id] = held
        return json_response({**_shown(held), "hmacSecret": secret}, status=201)

    def _apply(self, held: Subscription, given: Json) -> None:
        url, events, headers = (
            str(given.get("url", held.url)),
            given.get("eventTypes", held.events),
            given.get("headers", held.headers),
        )
        host = _host(url)
        if host not in LOOPBACK and not self._tenant.switches["webhook_any_host"]:
            raise BadParameter(
                "url", "This sandbox delivers to loopback addresses only; see the switch webhook_any_host."
            )
        if not isinstance(events, (list, tuple)):
            raise BadParameter("eventTypes", "The eventTypes must be an array of names.")
        if not isinstance(headers, dict) or not all(
            _HEADER.fullmatch(f"{name}: {value}") for name, value in headers.items()
        ):
            raise BadParameter("headers", "The headers must be an object of names and values on one line.")
        held.url = url
        held.events = tuple(str(name) for name in events)
        held.headers = {str(name): str(value) for name, value in headers.items()}
        held.is_active = bool(given.get("isActive", held.is_active))

    def _change(self, request: Request, params: Mapping[str, str]) -> Response:
        held = self._held(params)
        self._apply(held, _object(request))
        return json_response(_shown(held))

    def _remove(self, request: Request, params: Mapping[str, str]) -> Response:
        del self.subscriptions[self._held(params).id]
        return empty(204)

    def _test(self, request: Request, params: Mapping[str, str]) -> Response:
        held = self._held({"id": str(_object(request).get("subscriptionId"))})
        event: Json = {
            "EventId": 0,
            "EventTime": stamp(self._tenant.local_now()),
            "EventType": "TestEvent",
            "Operation": "Test",
            "Payload": {},
        }
        self._queue(held, {**event, "Tenant": TENANT})
        self.deliver()
        return json_response(_message(self.messages[-1]))

    def _messages(self, request: Request, params: Mapping[str, str]) -> Response:
        held = self._held(params)
        return json_response(
            [_message(message) for message in self._kept() if message.subscription.id == held.id]
        )

    def _replay(self, request: Request, params: Mapping[str, str]) -> Response:
        """Send again what is named in `messageIds`, or every failed message, as far as it is still kept."""
        held, wanted = self._held(params), _object(request).get("messageIds")
        chosen = [message for message in self._kept() if message.subscription.id == held.id]
        if wanted is not None and not isinstance(wanted, list):
            raise BadParameter("messageIds", "The messageIds must be an array of ids.")
        chosen = [
            message
            for message in chosen
            if (message.status == "failed" if wanted is None else message.id in wanted)
        ]
        replay_id = f"replay-{len(self.audit) + 1:06d}"
        for message in chosen:
            self._queue(held, message.event, replay_id)
        ids = [message.id for message in chosen]
        self.audit.append(
            {
                "replayId": replay_id,
                "subscriptionId": held.id,
                "at": self._tenant.clock.now().isoformat(),
                "messageIds": ids,
            }
        )
        self.deliver()
        return json_response(self.audit[-1], status=202)

    def _audit(self, request: Request, params: Mapping[str, str]) -> Response:
        rows = [
            row
            for row in self.audit
            if row["subscriptionId"] == params["id"] and params.get("replay_id") in (None, row["replayId"])
        ]
        return json_response(rows) if rows or "replay_id" not in params else empty(404)

    def _event(self, request: Request, params: Mapping[str, str]) -> Response:
        found = [event for event in self.events if str(event["EventId"]) == params["id"]]
        return json_response(found[0]) if found else empty(404)

    def _kept(self) -> list[Message]:
        oldest = self._tenant.clock.now() - timedelta(days=self._tenant.switches["webhook_retention_days"])
        return [message for message in self.messages if message.created_at >= oldest]

    def _held(self, params: Mapping[str, str]) -> Subscription:
        return self.subscriptions[params["id"]]


def _host(url: str) -> str:
    """The host of an address that can be delivered to. BadParameter for any other."""
    try:
        parts = urlsplit(url)
        is_usable = (
            parts.scheme in ("http", "https")
            and (parts.port is None or parts.port > 0)
            and _URL.fullmatch(url)
        )
    except ValueError:
        is_usable = None
    if not is_usable or not parts.hostname:
        raise BadParameter("url", "The url must be an absolute http or https address.")
    return parts.hostname


def _covers(pattern: str, event_type: str) -> bool:
    return event_type.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == event_type


def _shown(held: Subscription) -> Json:
    """A subscription without its secret and without the values of its headers: they are shown once."""
    return {
        "id": held.id,
        "url": held.url,
        "eventTypes": list(held.events),
        "headers": dict.fromkeys(held.headers, "********"),
        "isActive": held.is_active,
    }


def _message(message: Message) -> Json:
    return {
        "id": message.id,
        "eventId": message.event["EventId"],
        "eventType": message.event["EventType"],
        "status": message.status,
        "createdAt": message.created_at.isoformat(),
        "attempts": message.tries,
        "replayId": message.replay_id,
    }


def _object(request: Request) -> Json:
    try:
        given = read_json(request.body or b"{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise BadParameter("body", "The body must be one JSON object.")
    return given
