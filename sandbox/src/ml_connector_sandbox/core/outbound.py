"""What a simulator sends by itself: notifications to addresses that somebody subscribed.

put ─► signed ─► lost, doubled, swapped? ─► queue ─► thread ─► send ─2xx─► done
                                                       ▲        └─ else ─► again after a second, as often
                                                                           as the vendor does
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ml_connector_sandbox.core.switches import Switch, Switches
from ml_connector_sandbox.core.vendor import Json

Send = Callable[[str, bytes, Mapping[str, str]], int | None]
"""POSTs a body with headers to an address; the status of the answer, or None when there was none."""
Sign = Callable[[str, bytes], tuple[bytes, Mapping[str, str]]]
"""From a secret and a content: the body as it is sent, and the headers that its signature stands in."""

TIMEOUT_SECONDS = 5
SENT_KEPT_MAX = 1_000
NOBODY = 503
"""The status that stands for no answer at all, where a vendor names one."""
DELIVERY_SWITCHES = (
    Switch(name="webhook_lose_every", default=0, meaning="lose every n-th event for ever; 0 = none"),
    Switch(name="webhook_duplicate_every", default=0, meaning="send every n-th event twice; 0 = none"),
    Switch(
        name="webhook_reorder",
        default=False,
        meaning="the second of two events is sent before the first; a last one waits for the action"
        " `deliver`",
    ),
)
"""How notifications go wrong on their way, for the switches of every ledger; the payroll has the same
names."""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    """POST JSON, past any proxy and after no redirect; the status of the answer, or None without one."""
    try:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        line = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            line.request("POST", path, body=body, headers={"Content-Type": "application/json", **headers})
            return line.getresponse().status
        finally:
            line.close()
    except (OSError, ValueError, http.client.HTTPException):
        return None


def another_secret(secret: str) -> str:
    """The secret that follows this one, when somebody asks for a new one."""
    return "sandbox-" + hashlib.sha256(secret.encode()).hexdigest()[:16]


def is_taken(status: int | None) -> bool:
    """Whether the receiver took it."""
    return status is not None and 200 <= status < 300


def is_loopback(url: str) -> bool:
    """Whether everything that the address resolves to is on this machine."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(urlsplit(url).hostname or "", None)}
        return bool(found) and all(
            ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in found
        )
    except (OSError, ValueError):
        return False


@dataclass(slots=True, kw_only=True)
class Outbox:
    """The notifications of one simulator and what became of each. With `background`, they leave from a
    thread, so no request waits for a receiver. `send` and `wait` can be replaced. With `switches`, it loses,
    doubles and swaps as `DELIVERY_SWITCHES` say.
    """

    name: str
    sign: Sign | None = None
    switches: Switches | None = None
    send: Send = post
    retries: int = 0
    retry_seconds: float = 1.0
    wait: Callable[[float], None] = time.sleep
    background: bool = True
    sent: list[Json] = field(default_factory=list)
    """The newest records: `{"url", "body", "headers", "status", "attempts"}`."""
    lost: int = 0
    """How many were lost on purpose; they have no record."""
    taken: list[int] = field(default_factory=list)
    """What the receiver took, in that order: the how manieth each was that was made, from 1 on."""
    _made: int = 0
    _held: list[tuple[int, Json, bytes]] = field(default_factory=list)
    _waiting: queue.Queue[tuple[int, Json, bytes]] = field(default_factory=queue.Queue)
    _thread: threading.Thread | None = None

    def forget(self) -> None:
        """Nothing was sent; what is in the queue leaves all the same, what was held back does not."""
        self.sent, self.lost, self._made, self.taken = [], 0, 0, []
        self._held.clear()

    def describe(self) -> Json:
        """What was sent and taken, how many were made, and how many were lost on purpose or are held back."""
        counts = {"made": self._made, "lost": self.lost, "held": len(self._held)}
        return {"sent": self.sent, "taken": self.taken, **counts}

    def deliver(self) -> int:
        """Send what is held back, the newest first; returns how many."""
        held = self._held[::-1]
        self._held.clear()
        for message in held:
            self._leave(*message)
        return len(held)

    def refusal(self, url: str, switches: Switches, guard: str) -> str:
        """Why nothing is sent to that address, or nothing: the switch keeps notifications on this machine."""
        if not switches[guard] or self.send is not post or is_loopback(url):
            return ""
        return f"The sandbox calls only addresses on this machine; see the switch {guard}"

    def put(
        self, url: str, content: bytes, headers: Mapping[str, str] | None = None, *, secret: str = ""
    ) -> Json:
        """Sign and send it; the record, which is filled in when somebody has answered."""
        body, signature = self.sign(secret, content) if self.sign else (content, {})
        record: Json = {
            "url": url,
            "body": body.decode(),
            "headers": {**(headers or {}), **signature},
            "status": None,
            "attempts": 0,
        }
        self._made += 1
        if self._struck("webhook_lose_every"):
            self.lost += 1
            return record
        copies = [record, dict(record)] if self._struck("webhook_duplicate_every") else [record]
        self.sent = [*self.sent, *copies][-SENT_KEPT_MAX:]
        self._held += [(self._made, copy, body) for copy in copies]
        waits = self.switches is not None and self.switches["webhook_reorder"]
        if not waits or len(self._held) > len(copies):
            self.deliver()
        return record

    def _struck(self, name: str) -> bool:
        """Whether a switch that names every n-th event means this one."""
        every = int(self.switches[name]) if self.switches is not None else 0
        return every > 0 and self._made % every == 0

    def _leave(self, number: int, record: Json, body: bytes) -> None:
        if not self.background:
            self._deliver(number, record, body)
            return
        self._waiting.put((number, record, body))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name=f"{self.name} notifications")
            self._thread.start()

    def _work(self) -> None:
        while True:
            self._deliver(*self._waiting.get())

    def _deliver(self, number: int, record: Json, body: bytes) -> None:
        """Send until it is taken; a repetition is the same to the byte."""
        for attempt in range(1 + self.retries):
            if attempt:
                self.wait(self.retry_seconds)
            record["attempts"] += 1
            record["status"] = self.send(record["url"], body, record["headers"])
            if is_taken(record["status"]):
                self.taken.append(number)
                return
