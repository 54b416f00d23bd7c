"""A stage for people: a payroll and a ledger whose clocks and the product's stand on one day and move
together, and the judge that watches both.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from scenes import PAYROLL, Scene
from stage import SOURCE, TARGET, CommandFailed, Product, Sandbox, unlimited

from ml_connector_sandbox.core.registry import load_scenario
from ml_connector_sandbox.judges.people import Looked, PeopleJudge

PATIENCE_SECONDS = 120.0
LATE_SECONDS = 1.5
SETTLING = timedelta(minutes=20)
"""Longer than any ledger may take to do what it was told."""
ROUNDS_MAX = 20
STILL_GOING = 5
ENDED = ("done", "held", "failed", "cancelled")
DATED = Path(__file__).with_name("dated.py")


class Counting(Protocol):
    """Counts calls of passes."""

    calls: int


@dataclass
class DatedProduct(Product):
    """A product whose clocks stand so many seconds from the machine's."""

    seconds: float = 0.0

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(DATED), str(self.seconds), *arguments]


class PeopleStage:
    """One ledger. `calls` are those of passes, to payroll and ledger, tokens left out."""

    target = TARGET
    command = ("run", "workers", "--from", SOURCE, "--to", TARGET, "--json")

    def __init__(self, sandbox: Sandbox, scene: Scene, product: DatedProduct) -> None:
        self.sandbox, self.scene, self.product = sandbox, scene, product
        self.judge = PeopleJudge(load_scenario(scene.scenario), self.members())
        self.zone = ZoneInfo(scene.people["zones"])
        self.writes = scene.member_writes
        self.calls, self.flow_id = 0, ""

    # --- the clocks -----------------------------------------------------------------------------------------

    def move(self, moment: datetime) -> None:
        """It is that moment everywhere, and time goes on from there."""
        self.sandbox.control(PAYROLL, "clock", {"set": moment.isoformat()})
        self.product.seconds = moment.timestamp() - time.time()

    def wait(self, span: timedelta) -> None:
        """So much time goes by."""
        self.move(self.now + span)

    @property
    def now(self) -> datetime:
        """Of every clock."""
        return datetime.fromtimestamp(time.time() + self.product.seconds, UTC)

    @property
    def today(self) -> date:
        """The day in the companies."""
        return self.now.astimezone(self.zone).date()

    # --- payroll and ledger ---------------------------------------------------------------------------------

    def at_payroll(self, action: str, wish: Mapping[str, Any]) -> Any:
        """What a person does there. Raises `ValueError` for what the screen refuses."""
        return self._at(PAYROLL, action, wish)

    def at_ledger(self, action: str, wish: Mapping[str, Any]) -> Any:
        """What a person does there. Raises `ValueError` for what the screen refuses."""
        return self._at(self.scene.ledger, action, wish)

    def _at(self, slug: str, action: str, wish: Mapping[str, Any]) -> Any:
        try:
            return self.sandbox.control(slug, f"control/{action}", dict(wish))
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from error

    def people(self) -> list[Any]:
        """Every employment that payroll knows."""
        found: list[Any] = self.at_payroll("people", {})["people"]
        return found

    def members(self) -> list[Any]:
        """What the ledger has on the axis of workers."""
        found: list[Any] = self.at_ledger("members", {})["members"]
        axis = self.scene.people["axis"]
        return [row for row in found if row["axis"] == axis]

    def look(self) -> Looked:
        """The judge takes what payroll says now as what the ledger has to say."""
        return self.judge.look(self.people(), self.today)

    # --- the product ----------------------------------------------------------------------------------------

    def connect(self, *, mode: str, settings: Mapping[str, str] | None = None) -> None:
        """Connections, with these settings as well, sign-in and the flow of workers."""
        self.product.connect_systems(self.sandbox, self.scene, {**unlimited(self.scene), **(settings or {})})
        self.flow(mode=mode)
        (flow,) = self.product.run("flows", "list", "--json")["flows"]
        self.flow_id = str(flow["id"])

    def flow(self, *, mode: str) -> None:
        """Store the flow with this mode."""
        entities = self.scene.entities(self.sandbox.systems).items()
        options = {**self.scene.people, "entities": ",".join(f"{a}={b}" for a, b in entities)}
        given = [part for name, value in options.items() for part in ("--option", f"{name}={value}")]
        flow = ("--from", SOURCE, "--to", TARGET, "--kind", "workers", "--mode", mode)
        self.product.run("flows", "set", *flow, "--starts-on", "2026-01-01", *given, "--json")

    @contextmanager
    def counted(self, whose: Counting | None = None) -> Iterator[None]:
        """Calls inside it are those of passes, of members unless said."""
        before = self.asked()
        yield
        (whose or self).calls += self.asked() - before

    def run(self, expect: Sequence[int] = (0,)) -> Any:
        """A pass to its end. Raises `CommandFailed` where none is made."""
        with self.counted():
            done = self.product.run(*self.command, expect=expect)
        if "plan" not in done:
            raise CommandFailed(f"no pass was made: {done}")
        return done

    def finish(self, expect: Sequence[int] = (0,), whose: Counting | None = None) -> None:
        """Bring every pass that is under way to its end, however long a write may still happen."""
        for _ in range(ROUNDS_MAX):
            left = self.left()
            if not left:
                return
            self.wait(SETTLING)
            with self.counted(whose):
                self.product.run("runs", "follow", left[0], "--json", expect=(*expect, STILL_GOING))
        raise CommandFailed("the passes do not come to an end")

    def left(self) -> list[str]:
        """The passes that are under way."""
        rows = self.product.run("runs", "list", "--limit", "50", "--json")["runs"]
        return [row["id"] for row in rows if row["state"] not in ENDED]

    def asked(self) -> int:
        """Calls to payroll and ledger, but for tokens and what is asked about notifications."""
        books = (self.sandbox.control(slug, "books")["calls"] for slug in (PAYROLL, self.scene.ledger))
        return sum(
            calls["read"]
            + calls["write"]
            - sum(count for name, count in calls["by_endpoint"].items() if "webhooks/" in name)
            for calls in books
        )


def late_write(writes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A fault: the ledger carries the next write of the first kind out with nobody listening any more."""
    late = {"kind": "late_commit", "seconds": LATE_SECONDS, "answer": "hold", "times": 1}
    return {**late, **writes[0]}


@contextmanager
def started(stage: PeopleStage, rule: Mapping[str, Any] | None, *command: str) -> Iterator[Started]:
    """The command, running, with a fault in the ledger's way; killed (kill -9) at the end of the block. Where
    it died while it renewed a sign-in that people gave, the vendor makes up for the lost answer for ten
    minutes: the product is asked to look before the clocks go on.
    """
    stage.sandbox.control(stage.scene.ledger, "faults?record=1", method="DELETE")
    if rule is not None:
        stage.sandbox.control(stage.scene.ledger, "faults", dict(rule))
    with stage.counted():
        process = stage.product.start(*command)
        try:
            yield Started(stage, process)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    if stage.scene.signs_in:
        stage.product.run("connections", "test", TARGET, "--json", expect=(0, 1))


@dataclass(frozen=True)
class Started:
    """A command of the product that runs."""

    stage: PeopleStage
    process: subprocess.Popen[str]

    def struck(self) -> bool:
        """Wait until the fault strikes; false where the command ends before."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_SECONDS:
            if self.stage.sandbox.control(self.stage.scene.ledger, "faults")["fired"]:
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.01)
        raise CommandFailed(f"process {self.process.pid} does nothing")
