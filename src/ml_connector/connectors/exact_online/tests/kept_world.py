"""What is kept in a division, on the simulator: the common part of the worlds of its axes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2

from ml_connector.contract.registers import put
from ml_connector.domain.dimension import DimensionValue
from ml_connector.ports.registers import Register
from ml_connector_sandbox.core.transport import SandboxTransport


class KeptWorld:
    """A division of which one axis is kept, in the sets under a path."""

    axis, path = "cost_center", "hrm/Cost"

    def __init__(self, exact: Any) -> None:
        self.exact = exact
        exact.authorize()
        exact.writes = {"method": "POST", "path": f"/{self.path}"}

    @property
    def register(self) -> Register[DimensionValue]:
        found: Register[DimensionValue] = self.exact.system.register(DimensionValue)
        return found

    def value(self, code: str, title: str = "Title", *, axis: str = "", **more: Any) -> DimensionValue:
        axis = axis or self.axis
        return DimensionValue(entity=self.exact.division, axis=axis, code=code, title=title, **more)

    def wish(self, *values: DimensionValue) -> tuple[Any, ...]:
        return put(self.register, *values)

    def kept(self, code: str, axis: str = "") -> DimensionValue:
        key = self.register.normal(self.value(code, axis=axis)).key
        found: DimensionValue = self.register.read([key])[key].record
        return found

    def on_wire(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Method, address and body of each write so far."""
        return [
            (
                request.method,
                request.url.path.partition(f"/{self.exact.division}/")[2],
                json.loads(request.content),
            )
            for request in self.exact.wire.requests
            if request.method in ("POST", "PUT") and f"/{self.path}" in request.url.path
        ]

    def calls(self, act: Callable[[], Any]) -> list[str]:
        """The methods of the calls that an act makes."""
        before = len(self.exact.wire.requests)
        act()
        made = self.exact.wire.requests[before:]
        return [request.method for request in made if "/oauth2/" not in request.url.path]

    def screen(self, method: str, path: str, body: Any = None) -> Any:
        """What a person does, beside the connector."""
        with httpx2.Client(
            transport=SandboxTransport(self.exact.host), base_url=self.exact.base_url
        ) as other:
            token = self.exact.tokens.read().access_token
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            answer = other.request(
                method, f"/api/v1/{self.exact.division}/{path}", json=body, headers=headers
            )
        assert answer.status_code < 300, answer.text
        return answer.json()["d"] if answer.content else None

    def answer(self, instead: Callable[[httpx2.Request], httpx2.Response | None]) -> None:
        """Another answer in place of the simulator's, where it gives one."""
        inner = self.exact.wire.inner
        handle = inner.handle_request
        inner.handle_request = lambda request: instead(request) or handle(request)

    # --- the suite ------------------------------------------------------------------------------------------

    def fail_next(self, fault: str) -> None:
        self.exact.fail_next(fault)

    def writes(self) -> int:
        return len(self.on_wire())

    def finish(self) -> None:
        """Exact writes at once."""
