"""What is kept one by one in a company, on the simulator: the common part of the worlds of its axes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2

from ml_connector.contract.registers import put
from ml_connector.domain.dimension import DimensionValue
from ml_connector.ports.registers import Register

DEFAULTS = "class=EMPSTAND, branch=1, calendar=NO, department=OSLADM, email={code}@lonn.example"


class KeptWorld:
    """A company of which one axis is kept, in the records under a path."""

    axis, path = "department", "/v1/department"

    def __init__(self, visma: Any) -> None:
        self.visma = visma
        visma.writes = {"method": "POST", "path": self.path}

    @property
    def register(self) -> Register[DimensionValue]:
        found: Register[DimensionValue] = self.visma.system.register(DimensionValue)
        return found

    def value(self, code: str, title: str = "Title", **more: Any) -> DimensionValue:
        return DimensionValue(entity=self.visma.company, axis=self.axis, code=code, title=title, **more)

    def wish(self, *values: DimensionValue) -> tuple[Any, ...]:
        return put(self.register, *values)

    def kept(self, code: str) -> DimensionValue:
        key = self.value(code).key
        found: DimensionValue = self.register.read([key])[key].record
        return found

    def sent(self) -> list[httpx2.Request]:
        """Every write of a record so far."""
        return [
            request
            for request in self.visma.wire.requests
            if request.method in ("POST", "PUT") and request.url.path.startswith(self.path)
        ]

    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.sent()]

    def calls(self, act: Callable[[], Any]) -> list[str]:
        """The methods of the calls that an act makes."""
        before = len(self.visma.calls())
        act()
        return [call.partition(" ")[0] for call in self.visma.calls()[before:]]

    def answer(self, instead: Callable[[httpx2.Request], httpx2.Response | None]) -> None:
        """Another answer in place of the simulator's, where it gives one."""
        inner = self.visma.wire.inner
        handle = inner.handle_request
        inner.handle_request = lambda request: instead(request) or handle(request)

    def shown(self, code: str) -> Any:
        """The record as another program of the company's reads it."""
        return self.visma.screen("GET", f"{self.path}/{code}")

    # --- the suite ------------------------------------------------------------------------------------------

    def fail_next(self, fault: str) -> None:
        self.visma.fail_next(fault)

    def writes(self) -> int:
        return len(self.sent())

    def finish(self) -> None:
        """Visma writes at once."""


class EmployeeWorld(KeptWorld):
    """A company whose employees are kept."""

    axis, path = "employee", "/v1/employee"

    # --- the suite ------------------------------------------------------------------------------------------

    def record(self, number: int, *, again: bool = False) -> DimensionValue:
        return self.value(f"W{number:03}", f"{'Other' if again else 'Worker'} {number}")

    def within(self) -> tuple[str, str]:
        return f"{self.visma.company}/employee/", f"{self.visma.company}/department/"

    def unfit(self) -> DimensionValue:
        return self.value("ELEVENCHARS")

    def edit(self, record: DimensionValue) -> None:
        first, _, last = record.title.rpartition(" ")
        self.visma.control(
            "put_employee",
            code=record.code,
            first_name=first,
            last_name=last,
            email="hand@fjord.example",
            department="OSLADM",
            status="Active" if record.open else "Inactive",
        )
