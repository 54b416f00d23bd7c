"""Work that is accepted now and done when its time comes: releases in the queue, and background operations.

Nothing runs by itself: whoever calls next finds everything done that was due, dated when it was due.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ml_connector_sandbox.core.vendor import PinnedClock, Request, Response, Row

STATE_HOURS = 24


@dataclass(slots=True)
class Background:
    """The queue of one vendor."""

    clock: PinnedClock
    _waiting: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _order: int = 0

    def add(self, seconds: float, work: Callable[[], None]) -> None:
        """Do `work` so many seconds from now."""
        self._order += 1
        heapq.heappush(self._waiting, (self.clock.now() + timedelta(seconds=seconds), self._order, work))

    def settle(self) -> None:
        """Do everything that is due, in order."""
        while self._waiting and self._waiting[0][0] <= self.clock.now():
            due, _, work = heapq.heappop(self._waiting)
            with self.clock.pinned(due):
                work()

    def finish(self) -> int:
        """Do everything at once, due or not; returns how much there was."""
        done = 0
        while self._waiting:
            _, _, work = heapq.heappop(self._waiting)
            work()
            done += 1
        return done

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()


@dataclass(slots=True, kw_only=True)
class Operation:
    """A request that was accepted for the background, and what became of it."""

    id: str
    company: str
    client: str
    request: Request
    address: str
    received: datetime
    reference: str | None
    started: datetime | None = None
    finished: datetime | None = None
    response: Response | None = None

    @property
    def status(self) -> str:
        """`Started` until it is done, then `Finished`, or `Failed` for an answer of 400 and above."""
        if self.response is None:
            return "Started"
        return "Finished" if self.response.status < 400 else "Failed"

    def is_over(self, now: datetime) -> bool:
        """Whether its state is no longer kept."""
        return now - self.received > timedelta(hours=STATE_HOURS)

    def state(self, base_url: str, shown: Callable[[datetime | None], datetime | None]) -> Row:
        """The state as the vendor shows it; `shown` turns a moment into the server's time."""
        response = self.response
        has_content = response is not None and bool(response.body)
        return {
            "id": self.id,
            "status": self.status,
            "statusCode": response.status if response is not None else 0,
            "receivedUtc": shown(self.received),
            "startedUtc": shown(self.started),
            "finishedUtc": shown(self.finished),
            "webhookAddress": None,
            "errorMessage": (
                response.body.decode("utf-8", "replace")
                if response is not None and response.status >= 400
                else None
            ),
            "reference": self.reference,
            "originalUri": self.address,
            "hasResponseContent": has_content,
            "hasRequestContent": bool(self.request.body),
            "contentLocation": f"{base_url}/v1/background/{self.id}/content" if has_content else None,
            "responseHeaders": dict(response.headers) if response is not None else {},
        }
