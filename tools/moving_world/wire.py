"""The network between the product and the vendors, and what it does to one request.

    product ── point ──► fault? ──► vendor ──► what the books hold now is judged ── point ──► product

Each fault strikes the next exchange it fits. A late request is in the vendor's hands: nobody can call it
back, and it is handled when its time has come, whoever lives by then.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx2

from ml_connector_sandbox.core.vendor import Request, Response
from moving_world.baton import Baton
from moving_world.clock import TrueClock
from moving_world.ledgers.ledger import Ledger
from moving_world.payroll import Payroll

TRAVEL_SECONDS = 0.3
PATIENCE_SECONDS = 110.0
PROMISED_SECONDS = 500.0
"""A ledger books no later than this after it took a request; a fault that is later breaks its promise."""

INSTALLATION = "X-Sandbox-Installation"
"""The header by which a simulator says whose books it holds, whatever its address."""
WRITE_FAULTS = (
    "refused",
    "lost before",
    "lost after",
    "late",
    "very late",
    "timed out",
    "garbage after",
    "echo",
)
NO_MEMORY = ("no memory", "no memory after")
READ_FAULTS = ("refused", "lost after", "garbage", "429", "503", "401", "429")


@dataclass(slots=True)
class Fault:
    """What the next write, or the next read, will meet; or the one after so many that are `passed`."""

    kind: str
    write: bool
    seconds: float = 0.0
    passed: int = 0


@dataclass(order=True, slots=True)
class _Late:
    due: datetime
    order: int
    name: str = field(compare=False)
    request: Request = field(compare=False)
    origin: str | None = field(compare=False)
    excused: bool = field(compare=False)
    began: int | None = field(compare=False)


class Wire(httpx2.BaseTransport):
    """Carries every request of the product."""

    def __init__(
        self,
        baton: Baton,
        clock: TrueClock,
        moved: Callable[..., None],
        *,
        travel_seconds: float = TRAVEL_SECONDS,
    ) -> None:
        self._baton, self._clock, self._moved, self._travel = baton, clock, moved, travel_seconds
        self._places: dict[int, Payroll | Ledger] = {}
        self._late: list[_Late] = []
        self.armed: list[Fault] = []
        self.counts = Counter(exchanges=0, sends=0, faults=0, unhappy=0)
        self.inside_transaction: Callable[[], bool] = lambda: False
        self.notes: Callable[[str], None] = lambda text: None
        self.met: Callable[[str], None] = lambda kind: None
        self.pass_of: Callable[[str | None], int | None] = lambda run: None
        self.wrong: list[str] = []

    def connect(self, port: int, place: Payroll | Ledger) -> None:
        """From now on that port leads there, whatever the host is called."""
        self._places[port] = place

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange of the product."""
        if self.inside_transaction():
            self.wrong.append(f"{request.method} {request.url.path} is sent inside a database transaction")
        else:
            self._baton.point()
        self._clock.advance(self._travel)
        self.apply_due()
        self.counts["exchanges"] += 1
        place = self._places.get(request.url.port or 0)
        if place is None:
            raise httpx2.ConnectError("[Errno 111] Connection refused", request=request)
        write = place.is_write(request.method, request.url.path)
        if write:
            self.counts["sends"] += 1
            self.counts[f"sends to {place.slug}"] += 1
        fault = self._struck(write)
        asked = _read(request)
        try:
            answer = self._carry(place, request, asked, fault)
        finally:
            if not self.inside_transaction():
                self._baton.point()
        self.counts["unhappy"] += answer.status >= 400
        return httpx2.Response(answer.status, headers=dict(answer.headers), content=answer.body)

    def apply_due(self) -> None:
        """Vendors handle the late requests whose time has come."""
        while self._late and self._late[0].due <= self._clock.now():
            late = heapq.heappop(self._late)
            place = next(place for place in self._places.values() if place.name == late.name)
            with self._clock.pinned(late.due):
                self._let_work(place)
                place.vendor.handle(late.request)
            self.notes(f"{late.name} handles a request that it took earlier")
            self._moved(late.name, late.origin, late.excused, late.began)

    def next_due(self) -> datetime | None:
        """When a vendor handles the next late request."""
        return self._late[0].due if self._late else None

    # --- inside ---------------------------------------------------------------------------------------------

    def _struck(self, write: bool) -> Fault | None:
        fitting = [fault for fault in self.armed if fault.write == write]
        found = next((fault for fault in fitting if not fault.passed), None)
        for fault in fitting:
            fault.passed = max(0, fault.passed - 1)
        if found is not None:
            self.armed.remove(found)
            self.met(found.kind)
            self.counts["faults"] += 1
            self.counts["writes struck"] += write
        return found

    def _carry(
        self, place: Payroll | Ledger, request: httpx2.Request, asked: Request, fault: Fault | None
    ) -> Response:
        if fault is None:
            return self._handled(place, asked)
        self.notes(f"{request.method} {request.url.path} to {place.name}: {fault.kind}")
        match fault.kind:
            case "refused":
                raise httpx2.ConnectError("[Errno 111] Connection refused", request=request)
            case "lost before":
                raise httpx2.ReadError("[Errno 104] Connection reset by peer", request=request)
            case "late" | "very late":
                self._keep(place.name, asked, fault.seconds)
                raise httpx2.ReadError("[Errno 104] Connection reset by peer", request=request)
            case "no memory":
                raise MemoryError
            case "429" | "503" | "401" | "garbage" | "echo":
                return _instead(fault.kind, asked)
            case "timed out":
                self._handled(place, asked)
                self._clock.advance(PATIENCE_SECONDS)
                raise httpx2.ReadTimeout("timed out", request=request)
            case "no memory after":
                self._handled(place, asked)
                raise MemoryError
            case "garbage after":
                self._handled(place, asked)
                return _instead("garbage", asked)
        self._handled(place, asked)
        raise httpx2.RemoteProtocolError("Server disconnected without sending a response.", request=request)

    def _handled(self, place: Payroll | Ledger, asked: Request) -> Response:
        self._let_work(place)
        answer = place.vendor.handle(asked)
        self._moved(place.name, self._origin(), False)
        return replace(answer, headers={**answer.headers, INSTALLATION: f"world-{place.name}"})

    def _let_work(self, place: Payroll | Ledger) -> None:
        """The vendor does what it took earlier, for itself: a release that waited, a job that was due. What
        that changes is nobody's send.
        """
        place.catch_up()
        self._moved(place.name, None, False)

    def _keep(self, name: str, asked: Request, seconds: float) -> None:
        due = self._clock.now() + timedelta(seconds=seconds)
        excused = seconds > PROMISED_SECONDS
        origin, order = self._origin(), self.counts["exchanges"]
        heapq.heappush(self._late, _Late(due, order, name, asked, origin, excused, self.pass_of(origin)))

    def _origin(self) -> str | None:
        return self._baton.current.subject if self._baton.current else None


def _instead(kind: str, asked: Request) -> Response:
    """The answer of something that is not the vendor, or of a vendor in trouble."""
    if kind == "429":
        return Response(status=429, headers={"Retry-After": "30"})
    if kind == "401":
        return Response(status=401, headers={"Content-Type": "text/html"}, body=b"<html>Object moved</html>")
    if kind == "echo":
        said = f"Mandatory: Description. Request was {asked.headers.get('authorization', '')}"
        body: Mapping[str, Any] = {"error": {"code": "", "message": {"lang": "", "value": said}}}
        return Response(
            status=500, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode()
        )
    status = 503 if kind == "503" else 200
    page = b"<html><head><title>Please wait</title></head><body>Please try again later</body></html>"
    return Response(status=status, headers={"Content-Type": "text/html; charset=utf-8"}, body=page)


def _read(request: httpx2.Request) -> Request:
    return Request(
        method=request.method,
        target=request.url.raw_path.decode("ascii"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=request.read(),
        base_url=f"{request.url.scheme}://{request.url.netloc.decode('ascii')}",
    )
