"""How many calls a simulator answered since its last reset, whatever the answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ml_connector_sandbox.core.vendor import Json, Request


@dataclass(slots=True)
class Calls:
    """Calls by kind (`token`, `read`, `write`) and by endpoint."""

    kinds: Counter[str] = field(default_factory=Counter)
    endpoints: Counter[str] = field(default_factory=Counter)

    def count(self, kind: str, endpoint: str = "") -> None:
        """One more call."""
        self.kinds[kind] += 1
        if endpoint:
            self.endpoints[endpoint] += 1

    def count_request(self, request: Request, endpoint: str = "") -> None:
        """One more call that is none for a token: what is no GET writes."""
        self.count("read" if request.method == "GET" else "write", endpoint)

    def clear(self) -> None:
        """Begin again at none."""
        self.kinds.clear()
        self.endpoints.clear()

    def describe(self) -> Json:
        """`{"token", "read", "write", "by_endpoint"}`, as books give it."""
        counts = {kind: self.kinds[kind] for kind in ("token", "read", "write")}
        return {**counts, "by_endpoint": dict(self.endpoints)}
