"""The quota per company and client in a fixed hour, its headers, and the short window some report."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ml_connector_sandbox.core.ratelimit import FixedWindow, Standing
from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Response

POLICY = "4-fixed-window"


@dataclass(slots=True, kw_only=True)
class Limits:
    """All limits of one client; with `limited` false there are none, and no headers."""

    limited: bool
    switches: Switches
    hour: FixedWindow = field(default_factory=lambda: FixedWindow(1, 3600))
    burst: FixedWindow = field(default_factory=lambda: FixedWindow(1, 10))

    def take(self, company: str, now: datetime) -> tuple[Response | None, Mapping[str, str]]:
        """Count a call: the refusal if it is one too many, and the headers its answer carries."""
        if not self.limited or not self.switches["calls_per_hour"]:
            return None, {}
        self.hour.limit = int(self.switches["calls_per_hour"])
        standing = self.hour.take(company, now)
        headers = _headers(standing, now)
        refused = standing
        if not standing.refused and self.switches["burst_calls"]:
            self.burst.limit, self.burst.seconds = (
                int(self.switches["burst_calls"]),
                max(1, int(self.switches["burst_seconds"])),
            )
            refused = self.burst.take(company, now)
        if not refused.refused:
            return None, headers
        seconds = _seconds(refused, now)
        body = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}
        headers = {**headers, "Retry-After": str(seconds)}
        return (
            Response(
                status=429,
                headers={"Content-Type": "application/json", **headers},
                body=json.dumps(body).encode(),
            ),
            headers,
        )

    def clear(self) -> None:
        """Forget every call."""
        self.hour.clear()
        self.burst.clear()


def _seconds(standing: Standing, now: datetime) -> int:
    return max(1, math.ceil((standing.resets_at - now).total_seconds()))


def _headers(standing: Standing, now: datetime) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(standing.limit),
        "X-RateLimit-Remaining": str(standing.remaining),
        "X-RateLimit-Reset": str(_seconds(standing, now)),
        "X-RateLimit-Policy": POLICY,
    }
