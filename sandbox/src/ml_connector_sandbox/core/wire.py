"""The wire between a client and a vendor: one lock, faults, late commits, and a log of what passed.

Both ways in, socket and in-process, call `Wire.exchange` and get back an outcome; they differ only in how
they let a client wait and in what a dropped connection looks like.
"""

from __future__ import annotations

import heapq
import re
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ml_connector_sandbox.core.clock import SandboxClock
from ml_connector_sandbox.core.failures import Failures, failed_answer
from ml_connector_sandbox.core.faults import Faults, Rule, garbage_answer, status_answer
from ml_connector_sandbox.core.installation import Installation
from ml_connector_sandbox.core.vendor import Json, Request, Response, Vendor

LOG_KEPT_MAX = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The vendor's answer, to be delivered not before `due`."""

    response: Response
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """No answer: the connection ends. `refused`: before anything was read; `reset`: by RST instead of FIN."""

    refused: bool
    reset: bool


@dataclass(slots=True, kw_only=True)
class Held:
    """The vendor will handle the request at `due`, client or no client; `done` is set when it has."""

    due: datetime
    request: Request
    row: Json
    done: threading.Event = field(default_factory=threading.Event)
    response: Response | None = None


Outcome = Answered | Dropped | Held


class Wire:
    """One vendor behind one lock. Work that was due earlier is always done before a request is looked at.

    Every answer states the installation.
    """

    def __init__(
        self,
        vendor: Vendor,
        clock: SandboxClock,
        faults: Sequence[Json] = (),
        installation: Installation | None = None,
    ) -> None:
        self.vendor = vendor
        self.clock = clock
        self.installation = installation or Installation(vendor)
        self.failures = Failures()
        self.lock = threading.RLock()
        self.faults = Faults()
        self.log: deque[Json] = deque(maxlen=LOG_KEPT_MAX)
        self.late_commits = 0
        self._first_faults = tuple(faults)
        self._pending: list[tuple[datetime, int, Held]] = []
        self._order = 0
        self._woken = threading.Condition()
        self._stopping = False
        clock.on_change(self._wake)
        self._load_first_faults()

    def exchange(self, request: Request) -> Outcome:
        """Carry one request to the vendor, or wherever the faults in force send it."""
        with self.lock:
            self.apply_due()
            rule = self.faults.pick(request)
            if rule is None:
                return Answered(response=self._handle(request))
            return self._strike(rule, request)

    def fail(self, request: Request | None, error: Exception) -> Response:
        """Write an error of the simulator down and return what the vendor says about it."""
        asked = request or Request(method="GET", target="/")
        self.failures.record(request, error, self.clock.now().isoformat())
        try:
            return self._sealed(failed_answer(self.vendor, asked))
        except Exception as other:
            self.failures.record(request, other, self.clock.now().isoformat())
            return self._sealed(Response(status=500))

    def apply_due(self) -> None:
        """Let the vendor handle every late request whose time has come, in the order they were due."""
        with self.lock:
            while self._pending and self._pending[0][0] <= self.clock.now():
                due, _, held = heapq.heappop(self._pending)
                with self.clock.pinned(due):
                    held.response = self._handle(held.request, fault="late_commit")
                self.late_commits += 1
                held.row["committed"] = due.isoformat()
                held.row["status"] = held.response.status
                held.done.set()

    def pending(self) -> int:
        """How many late requests the vendor has yet to handle."""
        with self.lock:
            return len(self._pending)

    def forget(self) -> None:
        """Back to the fault rules of the start: no records, no log, and late requests still out are never
        handled.
        """
        with self.lock:
            self.faults.forget()
            self.failures.forget()
            self.log.clear()
            for _, _, held in self._pending:
                held.done.set()
            self._pending.clear()
            self.late_commits = 0
            self._load_first_faults()

    def run_timer(self) -> None:
        """Commit late requests when they fall due even if nobody calls; returns after `stop_timer`."""
        while True:
            with self._woken:
                if self._stopping:
                    return
                self._woken.wait(self._seconds_to_next())
            self.apply_due()

    def stop_timer(self) -> None:
        """End `run_timer`."""
        self._stopping = True
        self._wake()

    def _load_first_faults(self) -> None:
        for rule in self._first_faults:
            self.faults.add(rule)

    def _seconds_to_next(self) -> float:
        pending = self._pending
        if not pending or self.clock.frozen:
            return 0.5
        return max(0.0, min(0.5, (pending[0][0] - self.clock.now()).total_seconds()))

    def _wake(self) -> None:
        with self._woken:
            self._woken.notify_all()

    def _handle(self, request: Request, *, fault: str | None = None) -> Response:
        """The vendor's answer, whatever becomes of the vendor."""
        try:
            response = self._sealed(self.vendor.handle(request))
        except Exception as error:
            response = self.fail(request, error)
        self._note(request, response.status, fault)
        return response

    def _sealed(self, response: Response) -> Response:
        """The answer as it can be sent: every header on one line, and the installation among them."""
        headers = {_one_line(name): _one_line(value) for name, value in response.headers.items()}
        return self.installation.stated(Response(status=response.status, headers=headers, body=response.body))

    def _note(self, request: Request, status: int | None, fault: str | None) -> None:
        at = self.clock.now().isoformat()
        self.log.append(
            {"method": request.method, "path": request.target, "status": status, "at": at, "fault": fault}
        )

    def _strike(self, rule: Rule, request: Request) -> Outcome:
        now = self.clock.now()
        options = rule.options
        row = self.faults.record(rule, request, now.isoformat())
        dropped = Dropped(refused=rule.kind == "refused", reset=options.get("drop", "reset") == "reset")
        match rule.kind:
            case "refused" | "lost_before_commit":
                self._note(request, None, rule.kind)
                return dropped
            case "lost_after_commit":
                row["status"] = self._handle(request, fault=rule.kind).status
                return dropped
            case "late_commit":
                held = Held(due=now + timedelta(seconds=options["seconds"]), request=request, row=row)
                row["due"] = held.due.isoformat()
                self._order += 1
                heapq.heappush(self._pending, (held.due, self._order, held))
                self._wake()
                return dropped if options.get("answer", "hold") == "drop" else held
            case "slow":
                return Answered(
                    response=self._handle(request, fault=rule.kind),
                    due=now + timedelta(seconds=options["seconds"]),
                )
            case _:
                handled = self._handle(request, fault=rule.kind) if options.get("after_commit") else None
                answer = status_answer(options) if rule.kind == "status" else garbage_answer(options, handled)
                if handled is None:
                    self._note(request, answer.status, rule.kind)
                return Answered(response=self._sealed(answer))


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", str(text))
