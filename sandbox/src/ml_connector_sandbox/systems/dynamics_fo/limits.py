"""429 of two kinds: a quota per app, and a server under load that lets single operations wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ml_connector_sandbox.core.ratelimit import FixedWindow
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.systems.dynamics_fo.render import Failed

REQUESTS_MAX = 6_000
WINDOW_SECONDS = 300
BY_QUOTA = "Number of requests exceeded the limit of 6000 over the time window of 300 seconds."
BY_LOAD = (
    "This request could not be processed at this time due to system experiencing high resource utilization."
)
WHERE = ("any", "request", "part")


@dataclass(slots=True, kw_only=True)
class Limits:
    """What stands in the way of a call. With `limited` false there is no quota, and no load but what was
    asked for.
    """

    switches: Switches
    limited: bool
    quota: FixedWindow = field(default_factory=lambda: FixedWindow(REQUESTS_MAX, WINDOW_SECONDS))
    _seen: int = 0
    _skip: int = 0
    _left: int = 0
    _where: str = "any"
    _retry_after: int = 0

    def press(self, *, operations: int, skip: int, where: str, retry_after: int | None) -> None:
        """Let the next `operations` meet a busy server, after the first `skip`; `where` is any, request or
        part.
        """
        if where not in WHERE:
            raise ValueError(f"where is one of {', '.join(WHERE)}")
        self._left, self._skip, self._where = operations, skip, where
        self._retry_after = int(self.switches["retry_after_seconds"]) if retry_after is None else retry_after

    def admit_request(self, app: str, now: datetime) -> None:
        """Count one HTTP request; raises `Failed` with 429."""
        if not (self.limited and self.switches["user_limits"]):
            return
        standing = self.quota.take(app, now)
        if standing.refused:
            seconds = max(1, int((standing.resets_at - now).total_seconds()) + 1)
            raise _refusal(BY_QUOTA, seconds)

    def admit_operation(self, *, in_batch: bool) -> None:
        """Let one operation pass, or raise `Failed` with 429."""
        self._seen += 1
        every = int(self.switches["pressure_every"])
        if self.limited and every > 0 and self._seen % every == 0:
            raise _refusal(BY_LOAD, int(self.switches["retry_after_seconds"]))
        if self._left > 0 and self._where in ("any", "part" if in_batch else "request"):
            if self._skip > 0:
                self._skip -= 1
                return
            self._left -= 1
            raise _refusal(BY_LOAD, self._retry_after)

    def clear(self) -> None:
        """Forget every call and lift the load."""
        self.quota.clear()
        self._seen = self._left = self._skip = 0


def _refusal(text: str, seconds: int) -> Failed:
    return Failed(
        429,
        text,
        "Microsoft.Dynamics.Platform.Integration.Services.Throttling.ThrottlingException",
        {"Retry-After": str(seconds)},
    )
