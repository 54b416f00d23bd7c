"""Fifty flows of one payday into one legal entity, under the quotas that the vendors publish, on a clock that
moves only when everybody waits: what remains is the time that quotas cost.

    needed = max(⌈reads / (limit - tenth)⌉, ⌈(reads + writes) / limit⌉)      windows of a quota
    used   = ⌊seconds / length of a window⌋ + 1

`reads` and `writes` are the fewest that `floor.py` draws, times the flows; a tenth of each limit is kept for
postings. The payday begins with a window. What counts is the quota that takes the longest.

The product is the whole one: operations, stages, call budget, locks and connectors, and as many runs at once
as a worker carries out. The vendors are simulators with their quotas on; an exchange with them takes no time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bench_product import err
from floor import LIMITS
from moving_world.adapter import Desk, Product
from moving_world.baton import Baton, Process, Task
from moving_world.clock import HostClock, TrueClock
from moving_world.install import STARTS_ON, Control, Ground, ground, payroll_settings, rules
from moving_world.ledgers.dynamics_fo import DynamicsLedger
from moving_world.ledgers.exact_online import ExactLedger
from moving_world.ledgers.ledger import Ledger
from moving_world.ledgers.visma_net import VismaLedger
from moving_world.payroll import Company, Payroll
from moving_world.wire import Wire
from stage import CommandFailed

from ml_connector.runs.engine import AT_ONCE

FLOWS = 50
ENTITY, BOOKS = "1204", "books"
FIRST_PORT, BOOKS_PORT = 9_001, 9_901
LINES = 6
"""Of an entry: a pay has six kinds of money."""
COLOURS = 3
POINTS = 1_000_000
TENTH = 10
"""The share of a limit that is kept for postings."""
PAYROLL_CALLS = {"calls_per_minute": "60"}
"""UKG publishes no number. Each payroll has an account of its own, and this is a careful start."""


@dataclass(frozen=True, slots=True)
class Quota:
    """So many calls in each window of so many seconds, for one application and legal entity."""

    limit: int
    seconds: int

    def needed(self, reads: int, writes: int) -> int:
        """The windows that so many calls need at the least."""
        usable = self.limit - self.limit // TENTH
        return max(math.ceil(reads / usable), math.ceil((reads + writes) / self.limit))

    def used(self, seconds: float) -> int:
        """The windows that were begun in so many seconds, from the beginning of the first."""
        return math.floor(seconds / self.seconds) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A ledger with its quotas, and the settings that hold them. Visma publishes no number: 500 calls an hour
    is what a test client was given. Dynamics has its limit for each user, where it is on.
    """

    ledger: type[Any]
    quotas: tuple[Quota, ...]
    settings: Mapping[str, str]
    switches: Mapping[str, Any]

    def windows(self, slug: str, seconds: float) -> tuple[int, int]:
        """Those that the payday used and needs, of the quota that takes the longest."""
        limits = LIMITS[slug]
        writes = limits.heads + math.ceil(LINES / limits.written)
        reads = limits.calls(LINES, {}) - writes

        def needed(quota: Quota) -> int:
            return quota.needed(FLOWS * reads, FLOWS * writes)

        longest = max(self.quotas, key=lambda quota: (needed(quota) - 1) * quota.seconds)
        return longest.used(seconds), needed(longest)


VENDORS = {
    "exact_online": Vendor(
        ledger=ExactLedger,
        quotas=(Quota(60, 60), Quota(5_000, 86_400)),
        settings={"calls_per_minute": "60", "calls_per_day": "5000"},
        switches={},
    ),
    "visma_net": Vendor(
        ledger=VismaLedger,
        quotas=(Quota(500, 3_600),),
        settings={"calls_per_hour": "500"},
        switches={"calls_per_hour": 500, "release_seconds": 0},
    ),
    "dynamics_fo": Vendor(
        ledger=DynamicsLedger, quotas=(Quota(6_000, 300),), settings={}, switches={"user_limits": True}
    ),
}


def payday() -> dict[str, Any]:
    """What the payday takes at each ledger, beside the least that its quotas allow. Raises `CommandFailed`
    when a pay is not booked once, or a vendor refused a call.
    """
    found: dict[str, Any] = {"payday": {}}
    for slug, vendor in VENDORS.items():
        with ground() as place, Control().of(f"payday {slug}"):
            seconds, calls, refused = _Payday(place, slug, vendor).run()
        if refused:
            raise CommandFailed(
                f"{slug}: {refused} calls were refused; our call budget did not hold the quota"
            )
        used, needed = vendor.windows(slug, seconds)
        found["payday"][slug] = {
            "seconds": round(seconds),
            "calls": calls,
            "windows_used": used,
            "windows_needed": needed,
        }
        found[f"{slug}_payday_to_quotas"] = round(used / needed, 3)
        err.print(f"  {slug}: {seconds:,.0f} s, {used} windows, {needed} at the least", markup=False)
    return found


class _Payday:
    """The installation, and the vendors that it is connected to."""

    def __init__(self, place: Ground, slug: str, vendor: Vendor) -> None:
        self._clock = TrueClock()
        self._baton = Baton(self._clock)
        self._wire = Wire(self._baton, self._clock, lambda *moved: None, travel_seconds=0.0)
        codes = [f"C{number:02}" for number in range(FLOWS)]
        self._payrolls = {
            f"pay-{code}": Payroll(f"pay-{code}", [Company(code, f"D{code}")], self._clock, number, 100)
            for number, code in enumerate(codes)
        }
        centers = [f"D{code}" for code in codes]
        self._books: Ledger = vendor.ledger(BOOKS, (ENTITY,), centers, self._clock, 1)
        self._limit(vendor)
        for port, payroll in enumerate(self._payrolls.values(), FIRST_PORT):
            self._wire.connect(port, payroll)
        self._wire.connect(BOOKS_PORT, self._books)
        self._product = Product(
            place.settings, HostClock(self._clock, self._baton.sleep), self._wire, self._baton
        )
        self._product.path.unlink(missing_ok=True)
        self._product.open(None)
        self._product.migrate()
        self._desk = Desk(self._product, "anna")
        self._connect(slug, vendor)

    def run(self) -> tuple[float, int, int]:
        """The seconds from the first run to the last, the calls, and how many of them a vendor refused."""
        for number, (name, payroll) in enumerate(self._payrolls.items(), 1):
            company = payroll.companies[0].code
            reference = payroll.calculate({company: 1 + number % COLOURS}, {company: 1})
            self._desk.start(name, BOOKS, reference)
        self._to_the_hour()
        began, before = self._clock.now(), Counter(self._wire.counts)
        self._carry_out()
        seconds = (self._clock.now() - began).total_seconds()
        self._judge()
        self._product.close()
        made = self._wire.counts - before
        return seconds, made["exchanges"], made["unhappy"]

    # --- inside ---------------------------------------------------------------------------------------------

    def _limit(self, vendor: Vendor) -> None:
        """The quotas of the simulator are on, whatever its profile."""
        simulator: Any = self._books.vendor
        simulator.limits.limited = True
        simulator.switches.set(vendor.switches)

    def _connect(self, slug: str, vendor: Vendor) -> None:
        for port, (name, payroll) in enumerate(self._payrolls.items(), FIRST_PORT):
            values = {**payroll_settings(dict(payroll.credentials), port), **PAYROLL_CALLS}
            self._desk.connect(name, "ukg_pro", values)
        self._desk.connect(BOOKS, slug, {**self._books.settings(BOOKS_PORT), **vendor.settings})
        if self._books.signs_in:
            self._desk.sign_in(BOOKS, self._books.consent)
        self._desk.mapping("payroll", rules())
        for name, payroll in self._payrolls.items():
            entities = f"{payroll.companies[0].code}={ENTITY}"
            options = {"journal": self._books.journals[0], "entities": entities}
            self._desk.flow(name, BOOKS, "automatic", STARTS_ON, options)

    def _to_the_hour(self) -> None:
        """What was asked while connecting is of an earlier window."""
        now = self._clock.now()
        later = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
        self._clock.advance((later - now).total_seconds())

    def _carry_out(self) -> None:
        """Every run to its end, some at a time; the clock moves when none can go on."""
        worker = Process("serve")
        at_work: dict[str, Task] = {}
        while True:
            at_work = {run: task for run, task in at_work.items() if not task.ended}
            for run in [run for run in self._product.able() if run not in at_work]:
                if len(at_work) < AT_ONCE:
                    at_work[run] = self._spawn(run, worker)
            going = [task for task in at_work.values() if self._baton.able(task)]
            for task in going:
                self._baton.go(task, POINTS)
                if task.error is not None:
                    raise task.error
            if not going and not self._wait(at_work):
                return

    def _spawn(self, run: str, worker: Process) -> Task:
        return self._baton.spawn(run, worker, lambda: self._desk.carry_out(run), subject=run)

    def _wait(self, at_work: Mapping[str, Task]) -> bool:
        """Until the first that sleeps wakes up, or the first run is due; false where there is none."""
        free = len(at_work) < AT_ONCE
        dues = (self._baton.next_due(), self._product.next_due() if free else None)
        moments: Sequence[datetime] = [due for due in dues if due is not None]
        if not moments:
            return False
        self._clock.advance(max((min(moments) - self._clock.now()).total_seconds(), 0.001))
        return True

    def _judge(self) -> None:
        states = Counter(state for _, state, _ in self._product.states())
        documents = self._books.documents(ENTITY)
        centers = {center for document in documents for _, _, center in document.lines if center}
        if states != {"done": FLOWS} or len(documents) != FLOWS or len(centers) != FLOWS:
            said = {text for run in self._product.runs() for text in (run.summary, *map(str, run.problems))}
            text = f"{dict(states)}; {len(documents)} documents of {len(centers)} departments;"
            raise CommandFailed(f"{text} {'; '.join(sorted(filter(None, said))[:5])}")
