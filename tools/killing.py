"""Killing a process of the product while a write of it is in a vendor's hands, drawn with a seed.

late     a write is in the vendor's hands; the process dies; the vendor carries it out two seconds later
sending  a write was carried out, and the answer is slow; the process dies
random   any moment at all, start-up included
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from stage import Product, Sandbox

KINDS = ("late", "late", "sending", "random")
LATE_SECONDS, SLOW_SECONDS, PATIENCE_SECONDS = 2.0, 0.8, 20.0
Place = tuple[str, str, str]
"""The system that a write goes to, its method, and a part of its path."""
Say = Callable[[str], None]


@dataclass(kw_only=True)
class Killer:
    """Kills processes of one installation, and counts."""

    sandbox: Sandbox
    product: Product
    systems: Sequence[str]
    dice: Random
    say: Say
    counts: Counter[str] = field(default_factory=Counter)

    def kill(
        self,
        kills: int,
        places: Sequence[Place],
        command: Sequence[str],
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """The command, or what carries on what the last one left, in turn; `before` each there is more to
        do.
        """
        for number in range(kills):
            before()
            kind, place = self.dice.choice(KINDS), places[number % len(places)]
            fired = self._kill_one(kind, place, command if number % 2 == 0 else ("serve", "--json"))
            self.counts["kills"] += 1
            self.counts["kills_in_flight"] += fired
            self.counts["late_commits"] += fired and kind == "late"
            self.say(f"{self.counts['kills']} {kind} {place[1]} {place[2]}{' in flight' if fired else ''}")

    def clear(self) -> None:
        """Take every fault away."""
        for slug in self.systems:
            self.sandbox.control(slug, "faults?record=1", method="DELETE")

    def _kill_one(self, kind: str, place: Place, command: Sequence[str]) -> bool:
        """Start the process and kill it; whether a write was in flight when it died."""
        system, method, path = place
        match = {"method": method, "path": path}
        self.clear()
        if kind == "late":
            late = {"kind": "late_commit", "seconds": LATE_SECONDS, "answer": "hold", "times": 1}
            self.sandbox.control(system, "faults", {**late, "match": match})
        elif kind == "sending":
            slow = {"kind": "slow", "seconds": SLOW_SECONDS, "times": 1, "match": match}
            self.sandbox.control(system, "faults", slow)
        process, fired = self.product.start(*command), False
        if kind == "random":
            time.sleep(self.dice.uniform(0.3, 4.0))
        else:
            began = time.monotonic()
            while not fired and process.poll() is None and time.monotonic() - began < PATIENCE_SECONDS:
                time.sleep(0.01)
                fired = bool(self.sandbox.control(system, "faults")["fired"])
            if kind == "sending":
                time.sleep(self.dice.uniform(0.0, SLOW_SECONDS * 0.9))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return fired
