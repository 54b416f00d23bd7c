"""An installation with its real stores and the durable engine, in a process that can be killed; fakes stand
at the ports only.

    python -m tests.runs.installation HOME claim NAME           make one of `claims`
    python -m tests.runs.installation HOME post [--die-at PLACE] post pay run R1, or go on with it; die by
    SIGKILL at the place
    python -m tests.runs.installation HOME hold                 work until standard input ends
    python -m tests.runs.installation HOME told                 the same, but look at what others did only
                                                                when a line of it says so
    python -m tests.runs.installation HOME full PLACE           post, while the disk is full from there on for
                                                                a second
    python -m tests.runs.installation HOME stuck PLACE          end while a stage waits there for ever
    python -m tests.runs.installation HOME many                 post twice the pay runs that may be at work
    python -m tests.runs.installation HOME behind               post behind a page of runs that nobody can
                                                                take up

The books of the ledger are a file beside the home folder, written through to the disk: they survive the
process, as a vendor's do.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.payday import (
    DIES_LATE,
    MAPPING,
    OPTIONS,
    Crash,
    Ledger,
    Payroll,
    Vendor,
    a_ledger_system,
    a_pay_run,
    a_payroll_system,
)
from tests.runs.claims import CLAIMS

from ml_connector.app.settings import Settings, start_django
from ml_connector.contract.memory import memory_wiring
from ml_connector.contract.reference import ReferenceSignIn
from ml_connector.contract.reference_vendor import Document
from ml_connector.domain import codec
from ml_connector.domain.journal import Account, JournalEntry
from ml_connector.ports.runs import RunState
from ml_connector.ports.systems import System
from ml_connector.runs import changes
from ml_connector.runs.changes import RUNS
from ml_connector.runs.durable import Pace
from ml_connector.runs.engine import AT_ONCE, PAGE
from ml_connector.store.database import SystemClock

BUSY, NOT_DONE = 3, 4
PATIENCE_SECONDS = 60
FULL_SECONDS = 1.0
PACE = Pace(finish_seconds=1.0, stranded_seconds=1.0)


def die() -> None:
    """As a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill_the_disk() -> None:
    """No file of this process takes a byte more, until a second has passed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    threading.Timer(FULL_SECONDS, resource.setrlimit, [resource.RLIMIT_FSIZE, (soft, hard)]).start()


class Reading:
    """How many runs are read at one moment; the first wait for each other, so that as many as may be are."""

    def __init__(self) -> None:
        self._lock, self._now, self._came, self.most = threading.Lock(), 0, 0, 0
        self._first = threading.Barrier(AT_ONCE, timeout=PATIENCE_SECONDS)

    def at(self, place: str) -> None:
        """A run is at the place."""
        with self._lock:
            came, self._came = self._came, self._came + (place == "pay run: before")
            self._now += (place == "pay run: before") - (place == "pay run: recorded")
            self.most = max(self.most, self._now)
        if place == "pay run: before" and came < AT_ONCE:
            self._first.wait()


class FileVendor(Vendor):
    """The reference books, kept in a file."""

    def __init__(self, path: Path) -> None:
        accounts = {
            code: Account(code=code, description=code) for code in ("4000", "4020", "1700", "1710", "1720")
        }
        super().__init__(SystemClock(), accounts=accounts)
        self.path = path
        for line in path.read_text().splitlines() if path.exists() else []:
            kept = json.loads(line)
            self.documents.append(
                Document(
                    kept["reference"],
                    kept["reference"],
                    codec.decode(kept["entry"]),
                    kept["marker"],
                    datetime.fromisoformat(kept["booked_at"]),
                )
            )

    def book(self, entry: JournalEntry, marker: str, delay: float = 0.0) -> Document:
        document = super().book(entry, marker, delay)
        document.reference = document.number = f"document-{os.getpid()}-{len(self.documents)}"
        line = {
            "reference": document.reference,
            "entry": codec.encode(entry),
            "marker": marker,
            "booked_at": document.booked_at.isoformat(),
        }
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return document

    def post(self, entry: JournalEntry, marker: str, reference: str = "") -> Document:
        try:
            return super().post(entry, marker, reference)
        except Crash:
            die()
            raise


def connect(vendor: FileVendor) -> Ledger:
    """A signed-in connection whose unknown outcomes are settled in three seconds."""
    wiring = memory_wiring(clock=vendor.clock)
    sign_in = ReferenceSignIn(vendor, wiring)
    (state,) = parse_qs(urlsplit(sign_in.authorize_url("state")).query)["state"]
    sign_in.exchange(f"https://connector.example/back?code={vendor.approve()}&state={state}", "state")
    ledger = Ledger(vendor, wiring, sign_in)
    ledger.limits = replace(ledger.limits, deadline_seconds=1, settle_seconds=3)
    return ledger


class Installation:
    """The installation in the words of `claims`. Make it after Django is started."""

    def __init__(self, home: Path) -> None:
        from ml_connector.app.access import Access, Actor
        from ml_connector.app.assemble import Assembly
        from ml_connector.app.operations import Operations

        self.vendor, self.payroll = FileVendor(home.parent / "books"), Payroll()
        self.payroll.add(a_pay_run())
        systems = {"pay": a_payroll_system(self.payroll), "books": a_ledger_system(connect(self.vendor))}

        class Fakes(Assembly):
            """Systems that are not found in folders."""

            def system(self, connection: Any) -> System:
                return systems[connection.name]

        self.assembly = Fakes(Settings(home=home))
        self.access = Access("default")
        self.operations = Operations(self.access, self.assembly, Actor("anna", "cli"))
        if not self.access.flows():
            self._set_up(Actor("anna", "cli"))

    def _set_up(self, actor: Any) -> None:
        from ml_connector.store.models import Connection

        source, target = (
            Connection.objects.create(organisation=self.access.organisation, name=name, connector=name)
            for name in ("pay", "books")
        )
        self.access.add_mapping(MAPPING, actor)
        self.access.set_flow(
            kind="payroll",
            source=source,
            target=target,
            mode="automatic",
            starts_on=date(2026, 1, 1),
            mapping=MAPPING.name,
            options=OPTIONS,
        )

    def start(self, reference: str = "R1") -> str:
        return self.operations.start("payroll", "pay", "books", reference).id

    def run_to_rest(self) -> None:
        from ml_connector.app.work import follow

        for row in self.access.runs.list():
            follow(row.id, lambda row: None, timeout_seconds=PATIENCE_SECONDS)

    def carry_until(self, run: str, state: Any) -> None:
        """Watch until the run is in the state. Fails when it comes to rest in another, or never does."""
        from ml_connector.app.operations import AT_REST
        from ml_connector.app.work import follow

        began = time.monotonic()
        while (row := follow(run, lambda row: None, timeout_seconds=0)).state is not state:
            assert row.state not in AT_REST, row
            assert time.monotonic() - began < PATIENCE_SECONDS, row

    def resume(self, run: str) -> Any:
        self.operations.resume(run)
        self.run_to_rest()
        return self.at(run)

    def at(self, run: str) -> Any:
        return self.access.runs.get(run)

    def problems(self, run: str) -> list[str]:
        return [problem.code for problem in self.operations.records.problems(self.at(run))]

    def balances(self) -> dict[tuple[str, str, str], int]:
        from tests.payday import World

        return World.balances(self)  # type: ignore[arg-type]

    def cannot_be_taken_up(self) -> None:
        """A page of runs that are due and whose flow is unknown; a pause makes somebody ask for it."""
        from ml_connector.store.models import Connection

        Connection.objects.create(organisation=self.access.organisation, name="other", connector="other")
        self.operations.pause("connection:other")
        runs, now = self.access.runs, self.vendor.clock.now()
        for _ in range(PAGE):
            row = runs.create(flow="payroll", stage="read", input={})
            runs.move(row, state=RunState.WAITING, due_at=now)

    def work(self, act: Callable[[], int], crash_point: Callable[[str], None] = lambda name: None) -> int:
        """Act while the engine of this process carries runs out; `BUSY` when another process holds the
        executor.
        """
        from ml_connector.app.work import at_work

        with at_work(self.assembly, crash_point, PACE) as working:
            return act() if working else BUSY


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("act", choices=["claim", "post", "hold", "told", "full", "stuck", "behind", "many"])
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--die-at", default="")
    parser.add_argument("--late", action="store_true")
    arguments = parser.parse_args()
    start_django(Settings(home=arguments.home))
    place = Installation(arguments.home)

    from ml_connector.app.work import follow

    def claim() -> int:
        CLAIMS[arguments.name](place)
        return 0

    def post() -> int:
        rows = place.access.runs.list()
        run = rows[0].id if rows else place.start()
        place.run_to_rest()
        print(place.at(run), place.problems(run))
        return 0 if place.at(run).state is RunState.DONE else NOT_DONE

    def hold() -> int:
        print("working", flush=True)
        sys.stdin.read()
        return 0

    def told() -> int:
        print("working", flush=True)
        for _ in sys.stdin:
            RUNS.note()
        return 0

    reached = threading.Event()
    reading = Reading()

    def many() -> int:
        for number in range(2, 2 + 2 * AT_ONCE):
            place.payroll.add(a_pay_run(f"R{number}", subject=f"weekly 2026-05-{number:02d}"))
            place.start(f"R{number}")
        place.run_to_rest()
        print(f"{reading.most} at once", flush=True)
        return 0 if all(row.state is RunState.DONE for row in place.access.runs.list()) else NOT_DONE

    def stuck() -> int:
        place.start()
        reached.wait(PATIENCE_SECONDS)
        return 0

    def behind() -> int:
        place.cannot_be_taken_up()
        run = place.start()
        follow(run, lambda row: None, timeout_seconds=PATIENCE_SECONDS)
        return 0 if place.at(run).state is RunState.DONE else NOT_DONE

    def crash_point(name: str) -> None:
        if arguments.act == "many":
            reading.at(name)
        if name == arguments.die_at:
            die()
        if name == arguments.name and not reached.is_set():
            reached.set()
            if arguments.act == "full":
                fill_the_disk()
            elif arguments.act == "stuck":
                threading.Event().wait()

    if arguments.late:
        place.vendor.fault = DIES_LATE
    acts = {"claim": claim, "post": post, "full": post, "hold": hold, "stuck": stuck, "behind": behind}
    acts |= {"many": many, "told": told}
    if arguments.act == "told":
        changes.LOOK_SECONDS = PATIENCE_SECONDS
    return place.work(acts[arguments.act], crash_point)


if __name__ == "__main__":
    sys.exit(main())
