"""Segment values of a simulated company as a register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2

from ml_connector.contract.registers import put
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.ports.registers import Register

SEGMENT = "/v1/dimension/SUBACCOUNT/"


class SegmentWorld:
    """A company whose first segment is kept."""

    def __init__(self, visma: Any) -> None:
        self.visma = visma
        visma.writes = {"method": "PUT", "path": SEGMENT}

    @property
    def register(self) -> Register[DimensionValue]:
        found: Register[DimensionValue] = self.visma.system.register(DimensionValue)
        return found

    def value(
        self, code: str, title: str = "Tittel", *, axis: str = "cost_center", **more: Any
    ) -> DimensionValue:
        return DimensionValue(entity=self.visma.company, axis=axis, code=code, title=title, **more)

    def wish(self, *values: DimensionValue) -> tuple[Any, ...]:
        return put(self.register, *values)

    def kept(self, code: str, axis: str = "cost_center") -> DimensionValue:
        key = self.value(code, axis=axis).key
        found: DimensionValue = self.register.read([key])[key].record
        return found

    def on_wire(self) -> list[httpx2.Request]:
        """Every change of a segment that was sent."""
        return [request for request in self.visma.wire.requests if request.method == "PUT"]

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

    def put_new(self, value: DimensionValue) -> tuple[Any, ...]:
        """Make a value on what the register knows."""
        change = Change(key=value.key, act=Act.CREATE, after=self.register.normal(value))
        return self.register.put([change], {})

    # --- the suite ------------------------------------------------------------------------------------------

    def record(self, number: int, *, again: bool = False) -> DimensionValue:
        return self.value(f"R{number:03}", f"{'Annet' if again else 'Sted'} {number}")

    def within(self) -> tuple[str, str]:
        return f"{self.visma.company}/cost_center/", f"{self.visma.company}/plant/"

    def unfit(self) -> DimensionValue:
        return self.value("SEVENCH")

    def edit(self, record: DimensionValue) -> None:
        self.visma.control(
            "put_segment_value",
            segment=1 if record.axis == "cost_center" else 2,
            code=record.code,
            description=record.title,
            active=record.open,
        )

    def fail_next(self, fault: str) -> None:
        self.visma.fail_next(fault)

    def writes(self) -> int:
        return len(self.on_wire())

    def finish(self) -> None:
        """Visma writes at once."""
