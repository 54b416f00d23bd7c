"""A desk that writes toy documents of several kinds to a toy vendor, in processes that may die."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.payday import Crash, World

from ml_connector.domain import codec
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.problem import Problem
from ml_connector.errors import OutcomeUnknown
from ml_connector.ports.commits import Origin
from ml_connector.ports.sinks import NONE_KNOWN, Gate, Send, Sink, SinkLimits
from ml_connector.runs.intent import Committer
from ml_connector.runs.proof import Wait

ORIGIN = Origin(run="", tenant="books", shares=())
ENTITY = "10"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyBooked:
    """What the vendor shows."""

    receipt: Receipt
    document: Any
    ids: tuple[str, ...] = ()
    marker: str = ""


codec.learn(ToyBooked)


@dataclass(slots=True)
class Vendor:
    """The other side: documents with numbers of its own, and a fault for the next write."""

    booked: list[ToyBooked] = field(default_factory=list)
    fault: str = ""

    def post(self, document: Any, token: str, ids: tuple[str, ...]) -> Receipt:
        number = str(100 + len(self.booked))
        receipt = Receipt(reference=f"guid-{number}", number=number, entity=document.entity, posted=True)
        self.booked.append(ToyBooked(receipt=receipt, document=document, ids=ids, marker=token))
        fault, self.fault = self.fault, ""
        if fault == "dies":
            raise Crash("after the write")
        if fault == "lost":
            raise OutcomeUnknown("No answer came back.", where="network")
        return receipt


class ToySink(Sink[Any, ToyBooked]):
    """Where all three are written."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self.limits = SinkLimits(deadline_seconds=2, settle_seconds=5, visible_seconds=0)

    def check(self, document: Any) -> tuple[Problem, ...]:
        return ()

    def locate(
        self, wanted: Sequence[tuple[Any, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        return {
            document.key: tuple(b.receipt for b in self._vendor.booked if b.marker == marker.token)
            for document, marker in wanted
        }

    @contextmanager
    def prepare(
        self,
        document: Any,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        ids = tuple(known[key].reference for key in getattr(document, "refers", ()))

        def send(gate: Gate) -> Receipt:
            gate()
            return self._vendor.post(document, marker.token, ids)

        yield send

    def release(self, receipt: Receipt) -> Receipt:
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        raise AssertionError("a document is written whole")

    def read_back(self, receipt: Receipt) -> ToyBooked:
        return next(b for b in self._vendor.booked if b.receipt == receipt)

    def near(self, document: Any, last: date | None = None) -> tuple[ToyBooked, ...]:
        return tuple(b for b in self._vendor.booked if type(b.document) is type(document))

    def compare(self, document: Any, booked: ToyBooked) -> tuple[Problem, ...]:
        return () if booked.document == document else (Problem("toy.differs", document.key, "It differs."),)

    def takes_back(self, booked: ToyBooked, document: Any) -> bool:
        return False

    def cancels(self, booked: ToyBooked, other: ToyBooked) -> bool:
        return False


class Desk:
    """One installation that writes to the toy vendor, each time in a process of its own."""

    def __init__(self) -> None:
        self.world, self.vendor = World(), Vendor()
        self.sink = ToySink(self.vendor)

    def process(self, crash_point: Callable[[str], None] = lambda name: None) -> Committer:
        def audit(action: str, detail: Any) -> None:
            self.world.access.audit.append(actor="system", action=action, subject="test", detail=detail)

        return Committer(
            commits=self.world.commits,
            sinks=lambda kind: self.sink,
            clock=self.world.clock,
            audit=audit,
            crash_point=crash_point,
        )

    def write(self, *documents: Any) -> None:
        """Write them in order, as often as a wait asks for it."""

        def once() -> None:
            committer = self.process()
            for document in documents:
                committer.commit_once(document, ORIGIN)

        self.to_its_end(once)

    def to_its_end(self, act: Callable[[], None]) -> None:
        """Passes, each in a process of its own, until one comes to its end."""
        for _ in range(10):
            try:
                act()
            except Wait as wait:
                self.world._advance_to(wait.due_at)
            except Crash:
                self.world.clock.advance(60)
            else:
                return
        raise AssertionError("it never ended")

    def kinds(self) -> list[str]:
        return [type(booked.document).__name__ for booked in self.vendor.booked]
