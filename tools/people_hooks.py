"""Notifications of a stage for people: `serve --listen` is the product's only hand, and makes a pass when the
payroll or the ledger tells of a change.

    people at the screens ─► the payroll finds nobody listening ─► `serve` starts
       ─► a minute later the payroll tries again, newest first, some of it twice ─► a pass
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from people_stage import ROUNDS_MAX, SETTLING, PeopleStage, late_write
from scenes import PAYROLL
from stage import SOURCE, TARGET, CommandFailed, Product
from unattended_world import World

from ml_connector_sandbox.judges.notified import Notified, notified

TROUBLE = {"webhook_lose_every": 4, "webhook_duplicate_every": 2, "webhook_reorder": True}
"""Of four events one is lost and another comes twice; those that wait go out newest first."""
AGAIN = timedelta(minutes=1)
"""When the payroll tries again, whom it did not reach."""
PERSONNEL = "/personnel/"
"""Where the payroll is asked about people."""


@dataclass(frozen=True, kw_only=True)
class LedgerEvents:
    """How people subscribe at a ledger's screen, and where the ledger tells what it sent. `secret` is what it
    signs with, by the name it has in its credentials, where it signs.
    """

    action: str
    wish: Mapping[str, Any]
    told: str
    secret: str = ""


LEDGERS = {
    "dynamics_fo": LedgerEvents(
        action="activate_data_event", wish={"set": "FinancialDimensionValues"}, told="events"
    ),
    "visma_net": LedgerEvents(
        action="subscribe",
        wish={"entities": ["Dimension", "Segment"]},
        told="notifications",
        secret="webhook_secret",
    ),
}
"""Exact Online tells nothing of cost units."""


def platform(payroll: Mapping[str, Any]) -> dict[str, str]:
    """The sign-in to what the payroll subscribes at, as settings, from what its simulator says of itself."""
    names = ("token_url", "organization", "client_id", "client_secret")
    return {name: payroll["credentials"][name] for name in names}


class HeardStage(PeopleStage):
    """A stage whose passes are made by `serve`, woken by notifications."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        home = self.product.home
        home.parent.mkdir(parents=True, exist_ok=True)
        self.world = World(home.with_suffix(".clock"), lambda _: None, [self.sandbox])
        self.serving = Product(home, {"ML_CONNECTOR_CLOCK_FILE": str(self.world.clock_file.absolute())})
        self.taken_up = 0

    def move(self, moment: datetime) -> None:
        self.world.set(moment)
        self.product.seconds = float(self.world.ahead)

    def connect(self, *, mode: str, settings: Mapping[str, str] | None = None) -> None:
        payroll, ledger = (self.sandbox.systems[slug] for slug in (PAYROLL, self.scene.ledger))
        given = {f"{PAYROLL}.{name}": value for name, value in platform(payroll).items()}
        if (events := LEDGERS.get(self.scene.ledger)) and events.secret:
            given[f"{self.scene.ledger}.webhook_secret"] = ledger["credentials"][events.secret]
        super().connect(mode=mode, settings={**given, **(settings or {})})

    def subscribe(self) -> None:
        """Notifications come from now on."""
        address = self.world.address
        with self.listening():
            self.product.run("connections", "webhooks", "make", SOURCE, "--address", address, "--json")
            if events := LEDGERS.get(self.scene.ledger):
                made = self.product.run(
                    "connections", "webhooks", "make", TARGET, "--address", address, "--json"
                )
                self.at_ledger(events.action, {**events.wish, "url": made["address"]})

    @contextmanager
    def listening(self) -> Iterator[None]:
        """`serve` runs, and takes notifications."""
        self.world.start(self.serving)
        try:
            yield
        finally:
            self.world.stop()

    def hear(self, *, dies: bool = False) -> None:
        """What waits is delivered, and `serve` does all that follows from it; with `dies` it is killed with a
        write under way, and started again. Calls meanwhile are those of passes.
        """
        before, read = self.told(PAYROLL).delivered, self._people_read()
        if dies:
            self.sandbox.control(self.scene.ledger, "faults?record=1", method="DELETE")
            self.sandbox.control(self.scene.ledger, "faults", late_write(self.scene.member_writes))
        with self.counted():
            self.move(self.now + AGAIN)
            self.at_payroll("deliver", {})
            if dies:
                self._die()
            self._settle()
        if self._people_read() > read:
            self.taken_up += self.told(PAYROLL).delivered - before

    def told(self, slug: str) -> Notified:
        """What the payroll, or the ledger, told, by its own books."""
        if slug == PAYROLL:
            books = self.sandbox.control(PAYROLL, "books")["webhooks"]
            return notified(books["events"] + books["lost"], books["lost"], books["taken"])
        sent = self.at_ledger(LEDGERS[slug].told, {})
        return notified(sent["made"], sent["lost"], sent["taken"])

    def _people_read(self) -> int:
        """How often the payroll was asked about people."""
        calls = self.sandbox.control(PAYROLL, "books")["calls"]["by_endpoint"]
        return sum(count for name, count in calls.items() if PERSONNEL in name)

    def _die(self) -> None:
        def struck() -> bool:
            return bool(self.sandbox.control(self.scene.ledger, "faults")["fired"])

        self.world.pass_until(self.now + AGAIN, struck)
        if not struck():
            raise CommandFailed(f"{self.scene.ledger}: nothing was written")
        self.world.kill()
        self.world.start(self.serving)
        self.world.pass_until(self.now + SETTLING)

    def _settle(self) -> None:
        """Until nothing is under way and nothing more is asked, however long a write may still happen."""
        for _ in range(ROUNDS_MAX):
            before = self.asked()
            if self.scene.ledger in LEDGERS:
                self.at_ledger("deliver", {})
            self.world.pass_until(self.now + AGAIN)
            if self.asked() > before:
                continue
            if not self.left():
                return
            self.world.pass_until(self.now + SETTLING)
        raise CommandFailed("the passes do not come to an end")
