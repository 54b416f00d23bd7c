"""Business events to an HTTPS-style endpoint: the envelope, three retries, control numbers with gaps;
unsigned, as the vendor's are.
"""

from __future__ import annotations

import json
import queue
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from ml_connector_sandbox.core.outbound import is_loopback, post
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Json

CATALOG = (
    "VendorPaymentPostedBusinessEvent",
    "CustomerPaymentPostedBusinessEvent",
    "VendorInvoicePostedBusinessEvent",
    "GeneralJournalPostedBusinessEvent",
)
RETRIES = 3
RETRY_SECONDS = 1.0
SENT_KEPT_MAX = 1_000
FIRST_CONTROL_NUMBER = 5_637_200_000
Sender = Callable[[str, bytes], int]


@dataclass(slots=True, kw_only=True)
class Events:
    """Who is told of what. With `background`, events leave from a thread, so no request waits for a
    receiver.
    """

    switches: Switches
    clock: Clock
    seed: int
    send: Sender = post
    wait: Callable[[float], None] = time.sleep
    background: bool = True
    endpoints: list[Json] = field(default_factory=list)
    sent: list[Json] = field(default_factory=list)
    _dice: random.Random = field(init=False)
    _control_number: int = field(init=False)
    _withheld: int | None = field(init=False)
    _waiting: queue.Queue[tuple[Json, bytes]] = field(default_factory=queue.Queue)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nobody is told of anything, and nothing was; the next numbers and ids are the first ones again."""
        self._dice = random.Random(f"events {self.seed}")
        self._control_number, self._withheld = FIRST_CONTROL_NUMBER, None
        self.endpoints.clear()
        self.sent = []

    def activate(self, event: str, url: str, company: str) -> Json:
        """Send this event of this company (empty: of all) to that address, a test message first. `ValueError`
        if not acknowledged.
        """
        if event not in CATALOG:
            raise KeyError(f"business event {event}; there are {', '.join(CATALOG)}")
        if self.send is post and self.switches["events_only_loopback"] and not is_loopback(url):
            raise ValueError(
                "The sandbox sends only to addresses on this machine; see the switch events_only_loopback"
            )
        test = {"BusinessEventId": "BusinessEventsTestEndpointContract", "TestMessage": "test"}
        status = self.send(url, json.dumps(test).encode())
        if status >= 300:
            raise ValueError(f"The endpoint did not acknowledge the test message: {status}")
        self.endpoints.append({"event": event, "url": url, "entity": company})
        return {"endpoints": self.endpoints}

    def tell(self, event: str, company: str, fields: Json) -> None:
        """Raise an event for whoever activated it."""
        for endpoint in self.endpoints:
            if endpoint["event"] == event and endpoint["entity"].casefold() in ("", company.casefold()):
                envelope = self._envelope(event, company, fields)
                for _ in range(2 if self.switches["events_twice"] else 1):
                    self._deliver(str(endpoint["url"]), envelope)

    def _next_number(self) -> int:
        """A control number: higher than those before, with gaps; in disorder the second of a pair comes
        first.
        """
        if self._withheld is not None:
            number, self._withheld = self._withheld, None
            return number
        self._control_number += self._dice.randrange(1, 4)
        if self.switches["events_disorder"]:
            self._withheld = self._control_number
            self._control_number += self._dice.randrange(1, 4)
        return self._control_number

    def _envelope(self, event: str, company: str, fields: Json) -> Json:
        now = self.clock.now()
        envelope = {
            "BusinessEventId": event,
            "BusinessEventLegalEntity": company,
            "ContextRecordSubject": "",
            "ControlNumber": self._next_number(),
            "EventId": str(uuid.UUID(int=self._dice.getrandbits(128), version=4)).upper(),
            "EventTime": f"/Date({int(now.timestamp() * 1000)})/",
            "EventTimeIso8601": f"{now:%Y-%m-%dT%H:%M:%S.%f}0Z",
            "InitiatingUserAADObjectId": "{00000000-0000-0000-0000-000000000000}",
            "MajorVersion": 0,
            "MinorVersion": 0,
            "ParentContextRecordSubjects": [],
            **fields,
        }
        return dict(sorted(envelope.items()))

    def _deliver(self, url: str, envelope: Json) -> None:
        body = json.dumps(envelope, default=str).encode()
        record: Json = {"url": url, "body": body.decode(), "status": None, "attempts": 0}
        self.sent = [*self.sent[-SENT_KEPT_MAX + 1 :], record]
        if not self.background:
            self._attempt(record, body)
            return
        self._waiting.put((record, body))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="dynamics_fo events")
            self._thread.start()

    def _work(self) -> None:
        while True:
            self._attempt(*self._waiting.get())

    def _attempt(self, record: Json, body: bytes) -> None:
        for attempt in range(1 + RETRIES):
            if attempt:
                self.wait(RETRY_SECONDS)
            record["attempts"] += 1
            record["status"] = self.send(str(record["url"]), body)
            if record["status"] < 300:
                return
