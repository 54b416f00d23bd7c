"""One tenant with its switches and its time; what every endpoint is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Request, Response
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.payroll import PayPeriod, PayRun
from ml_connector_sandbox.systems.ukg_pro.seed import seeded_book

Answer = Callable[[Request, Mapping[str, str]], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One verb on one path. `family` is core, platform or token; `permission` is empty where none is needed.

    `rights` are those of the permission that the call needs; `kind` is how it is counted: token, read or
    write.
    """

    method: str
    path: str
    answer: Answer
    permission: str = ""
    rights: tuple[str, ...] = ("View",)
    family: str = "core"
    kind: str = "read"


class Tenant:
    """The book, how the tenant behaves, and what time it is there."""

    def __init__(
        self,
        *,
        scenario: Any,
        clock: Clock,
        seed: int,
        profile: str,
        switches: Switches,
        register: Path | None,
    ) -> None:
        self.scenario = scenario
        self.clock = clock
        self.seed = seed
        self.profile = profile
        self.switches = switches
        self.register = register
        self.book: Book = seeded_book(scenario, seed, switches, register)

    def reset(self) -> None:
        """Back to the seeded state; switches stay where they stand."""
        self.book = seeded_book(self.scenario, self.seed, self.switches, self.register)

    def local_now(self) -> datetime:
        """The present as the vendor's database writes it: local, without an offset."""
        return self.clock.now().astimezone(_zone(self.switches["source_tz"])).replace(tzinfo=None)

    def runs(self) -> list[PayRun]:
        """The runs whose rows can be read, oldest first."""
        listed = [
            run for run in self.book.runs if run.status != "undone" or self.switches["undone_runs_listed"]
        ]
        return [run for run in listed if self._is_past(run.ran_at)]

    def paid_runs(self) -> list[PayRun]:
        """The runs whose checks stand: not undone, not replaced."""
        return [run for run in self.runs() if run.status == "current"]

    def periods(self) -> list[PayPeriod]:
        """The calendar as it looks now."""
        return [self._as_of_now(period) for period in self.book.periods]

    def _as_of_now(self, period: PayPeriod) -> PayPeriod:
        if period.closed_at is None or self._is_past(period.closed_at):
            return period
        return PayPeriod(
            position=period.position,
            start=period.start,
            end=period.end,
            pay_date=period.pay_date,
            sequence=period.sequence,
            closed_at=None,
        )

    def _is_past(self, moment: datetime) -> bool:
        return not self.switches["clock_gates_runs"] or moment <= self.local_now()


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # A machine without a zone database: the vendor's usual zone in winter is near enough for a simulator.
        return timezone(timedelta(hours=-5))
