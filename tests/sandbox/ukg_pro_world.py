"""A UKG Pro tenant in this process, and a client that is signed in to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.registry import Host
from ml_connector_sandbox.core.transport import SandboxTransport
from ml_connector_sandbox.systems.ukg_pro import build

BASE = "http://ukg.test"
NOON = datetime(2026, 7, 10, 16, 0, tzinfo=UTC)


class UkgWorld:
    """The tenant, its clock, which stands still, and ways to call it."""

    def __init__(
        self,
        *,
        scenario: str = "trading_company",
        profile: str = "fast",
        seed: int = 1,
        register: Any = None,
        send: Callable[[str, bytes, Mapping[str, str]], int | None] | None = None,
        **switches: object,
    ) -> None:
        self.clock = SandboxClock(start=NOON, frozen=True)
        more = {"send": send} if send else {}
        self.vendor: Any = build(
            scenario=scenario,
            clock=self.clock,
            seed=seed,
            profile=profile,
            switches=switches,
            register=register,
            **more,
        )
        self.host = Host(self.vendor, self.clock)
        self.credentials = self.vendor.describe(BASE)["credentials"]
        self.client = httpx2.Client(transport=SandboxTransport(self.host), base_url=BASE)

    def headers(self, **changes: str | None) -> dict[str, str]:
        """What a signed-in core call carries; a header set to None is left out."""
        basic = base64.b64encode(
            f"{self.credentials['username']}:{self.credentials['password']}".encode()
        ).decode()
        headers: dict[str, str | None] = {
            "Authorization": f"Basic {basic}",
            "US-Customer-Api-Key": self.credentials["customer_api_key"],
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        return {name: value for name, value in headers.items() if value is not None}

    def call(self, method: str, path: str, *, body: object = None, **headers: str | None) -> httpx2.Response:
        """One call as it is answered."""
        return self.client.request(method, path, headers=self.headers(**headers), json=body)

    def get(self, path: str, **headers: str | None) -> httpx2.Response:
        """A GET as it is answered."""
        return self.call("GET", path, **headers)

    def rows(self, path: str) -> Any:
        """The JSON of a successful GET with exact numbers."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return json.loads(answer.content, parse_float=Decimal)

    def bearer(self) -> dict[str, str]:
        """Headers of the platform with a fresh token."""
        token = self.client.post("/oauth/token", json=self.token_request()).json()["access_token"]
        return {"Authorization": f"Bearer {token}", "global-tenant-id": self.credentials["organization"]}

    def token_request(self, **changes: str) -> dict[str, str]:
        """What the platform's token address wants to hear."""
        known = {
            name: self.credentials[name]
            for name in ("client_id", "client_secret", "audience", "organization")
        }
        return {"grant_type": "client_credentials", **known, **changes}
