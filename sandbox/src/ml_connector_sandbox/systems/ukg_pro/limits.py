"""The quota of the service account in a fixed minute, and the 429 that says so."""

from __future__ import annotations

from datetime import timedelta

from ml_connector_sandbox.core.ratelimit import FixedWindow
from ml_connector_sandbox.core.vendor import Response
from ml_connector_sandbox.systems.ukg_pro.endpoint import Tenant
from ml_connector_sandbox.systems.ukg_pro.render import empty


class Limits:
    """The calls counted in this minute."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._minute = FixedWindow(limit=0, seconds=60)

    def take(self, username: str) -> Response | None:
        """Count a call; the answer to one too many."""
        limit = self._tenant.switches["quota_per_minute"]
        if self._tenant.profile == "fast" or not limit:
            return None
        now = self._tenant.clock.now()
        self._minute.limit = limit
        standing = self._minute.take(username, now)
        return too_many(self._tenant, standing.resets_at - now) if standing.refused else None


def too_many(tenant: Tenant, wait: timedelta) -> Response:
    """A 429: no body, and no word on how long to wait unless the switch says so."""
    seconds = max(1, -(-wait // timedelta(seconds=1)))
    return empty(429, {"Retry-After": str(seconds)} if tenant.switches["retry_after"] else None)
