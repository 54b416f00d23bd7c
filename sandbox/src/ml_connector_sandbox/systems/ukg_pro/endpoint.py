"""One tenant with its switches and its time; what every endpoint is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ml_connector_sandbox.core.switches import Switches
from ml_connector_sandbox.core.vendor import Clock, Request, Response
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.employments import Person, refresh
from ml_connector_sandbox.systems.ukg_pro.payroll import PayPeriod, PayRun
from ml_connector_sandbox.systems.ukg_pro.render import stamp
from ml_connector_sandbox.systems.ukg_pro.seed import add_due_runs, seeded_book

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
        self._seen: object = None

    def reset(self) -> None:
        """Back to the seeded state; switches stay where they stand."""
        self.book = seeded_book(self.scenario, self.seed, self.switches, self.register)
        self._seen = None

    def restore(self, book: Book) -> None:
        """Other data than there were, as from a backup."""
        self.book = book
        self._seen = None

    def local_now(self) -> datetime:
        """The present as the vendor's database writes it: local, without an offset."""
        return self.clock.now().astimezone(_zone(self.switches["source_tz"])).replace(tzinfo=None)

    def today(self, company_code: str) -> date:
        """The day it is in a company."""
        zones = dict(pair.split("=", 1) for pair in self.switches["company_zones"].split(",") if "=" in pair)
        zone = zones.get(company_code, self.switches["source_tz"])
        return self.clock.now().astimezone(_zone(zone)).date()

    def audit(
        self,
        keys: tuple[tuple[str, str], tuple[str, str | None]],
        what: tuple[str, str, str],
        old: object,
        new: object,
    ) -> None:
        """A line of the audit: label and value of its two keys, then table, field and action: U for a change,
        I for what is new, D for what is gone.
        """
        (one, two), (table, field, action) = keys, what
        self.book.audit.append(
            {
                "audDateTime": stamp(self.local_now().replace(microsecond=0)),
                "audKey1Label": one[0],
                "audKey1Value": one[1],
                "audKey2Label": two[0],
                "audKey2Value": two[1],
                "audKey3Label": None,
                "audKey3Value": None,
                "audTableName": table,
                "audFieldName": field,
                "audOldValue": None if old is None else str(old),
                "audNewValue": None if new is None else str(new),
                "audAction": action,
                "audSystemID": f"A{len(self.book.audit) + 1:08d}",
            }
        )

    def audit_setup(
        self, table: str, key: str, code: str | None, field: str, old: object, new: object, action: str = "U"
    ) -> None:
        """A line of the audit of how the tenant is set up."""
        self.audit((("KEY", key), ("CODE", code)), (table, field, action), old, new)

    def settle(self) -> None:
        """What is dated takes effect when its day comes; nothing is stamped and no event is made."""
        book = self.book
        book.pay_follows_people = self.switches["pay_follows_people"]
        add_due_runs(book, self.local_now())
        book.shows_ends_ahead = self.switches["future_termination"] == "ahead"
        today = {company.code: self.today(company.code) for company in book.companies}
        if self._seen != (today, len(book.ahead)):
            for person in book.ahead:
                refresh(person, today[person.company_code])
            for person in book.ahead:
                self.settle_home(person.place)
            self._seen = (today, len(book.ahead))

    def settle_home(self, place: int) -> None:
        """The home company of a person: the newest that has become it."""
        held = self.book.by_place[place]
        became = [
            (row.effective, row.act, at)
            for at, person in enumerate(held)
            for row in person.history
            if row.begins_home and row.effective <= self.today(person.company_code)
        ]
        home = max(became)[-1] if became else 0
        for at, person in enumerate(held):
            person.is_home = at == home

    def people(self) -> list[Person]:
        """The employments that can be read."""
        shown = self.book.people
        if self.switches["future_hire"] == "hidden":
            shown = [person for person in shown if person.hired <= self.today(person.company_code)]
        return shown[: max(0, len(shown) - self.switches["people_hidden"])]

    def snapshots(self) -> list[Person]:
        """The employments as the delta endpoint shows them."""
        if self.switches["changes_show"] == "now" or not self.book.ahead:
            return self.people()
        ahead = {(person.place, person.ordinal) for person in self.book.ahead}
        return [
            _entered(person) if (person.place, person.ordinal) in ahead else person
            for person in self.people()
        ]

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
        is_ahead = period.position < -1 and period.start > self.local_now().date()
        if not is_ahead and (period.closed_at is None or self._is_past(period.closed_at)):
            return period
        is_closed = period.closed_at is not None and self._is_past(period.closed_at)
        return replace(period, closed_at=period.closed_at if is_closed else None, is_ahead=is_ahead)

    def _is_past(self, moment: datetime) -> bool:
        return not self.switches["clock_gates_runs"] or moment <= self.local_now()


def _entered(person: Person) -> Person:
    """Somebody as everything that was entered will have made of them."""
    made = replace(person, history=[replace(row) for row in person.history])
    refresh(made, date.max)
    return made


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # A machine without a zone database: the vendor's usual zone in winter is near enough for a simulator.
        return timezone(timedelta(hours=-5))
