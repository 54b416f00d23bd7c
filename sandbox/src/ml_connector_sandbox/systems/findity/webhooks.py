"""What the vendor sends by itself: that an export was made. Its answer decides what becomes of the export.

export ─► POST ─200─► it waits for its status
                └─ else ─► its reports are ready to be sent again
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ml_connector_sandbox.core.outbound import Outbox, Send, is_loopback, is_taken, post
from ml_connector_sandbox.core.switches import Switches

URL_MAX = 2_000


@dataclass(slots=True, kw_only=True)
class Webhooks:
    """The address of the client, the way there, and the answers that came."""

    switches: Switches
    url: str | None = None
    send: Send = post
    """How a notification leaves; a test can put another way here."""
    outbox: Outbox = field(init=False)
    _answers: deque[tuple[str, bool]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.outbox = Outbox(name="findity", switches=self.switches, send=self._send)

    def reset(self) -> None:
        """Nobody is told, and nothing was sent."""
        self.url = None
        self._answers.clear()
        self.outbox.forget()

    def set_url(self, url: str) -> None:
        """Tell that address from now on; `ValueError` for one that may not be called."""
        if not url.startswith(("http://", "https://")) or len(url) > URL_MAX:
            raise ValueError("url: an http address")
        if self.switches["webhooks_only_loopback"] and self.send is post and not is_loopback(url):
            raise ValueError("The sandbox calls only addresses on this machine; see webhooks_only_loopback")
        self.url = url

    def tell(self, body: bytes) -> None:
        """Tell of an export, if anybody wants to hear."""
        if self.url is not None:
            self.outbox.put(self.url, body)

    def settle(self, decide: Callable[[str, bool], None]) -> None:
        """Hand over every answer that came since: the export's id, and whether it was taken."""
        while self._answers:
            decide(*self._answers.popleft())

    def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
        """Send it once: this vendor does not try again."""
        status = self.send(url, body, headers)
        taken = status == 200 if self.switches["webhook_taken_by"] == "200" else is_taken(status)
        self._answers.append((str(json.loads(body)["exportId"]), taken))
        return status
