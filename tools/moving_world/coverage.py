"""What the seeds had: each actor at work while a run was in each state, after each fault.

An act of an actor counts once for every run that is in a state when the act begins, under every fault that
struck in the last steps: several may still be at work, and each of them is one that the act comes after. It
counts under `none` only where no fault struck in those steps. A fault strikes when an exchange meets it, a
process dies, the disk or the key file is gone; one that is armed and meets nothing has not struck. Steps are
those of the schedule: a task that goes on, time that passes, or an act.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import product

from moving_world.truth import STATES

FAULTS = (
    "none",
    "lost answer",
    "late answer",
    "throttled",
    "sign-in",
    "crash",
    "clock step",
    "disk full",
    "restored",
    "no memory",
    "no keys",
)
"""What may have gone wrong."""
STRIKES = {
    "late": "late answer",
    "very late": "late answer",
    "429": "throttled",
    "401": "sign-in",
    "no memory": "no memory",
    "no memory after": "no memory",
}
"""Kind of a fault in an exchange → what it counts as; the others leave the product without an answer."""
STEPS = 12
"""For how many steps a fault counts after it struck."""
FULL_SEEDS = 3000
"""From so many seeds on, no cell may be empty."""
Cell = tuple[str, str, str]
"""Actor, state of a run, and fault."""


class Coverage:
    """What one world had."""

    def __init__(self) -> None:
        self.cells: Counter[Cell] = Counter()
        self._step = 0
        self._struck: dict[str, int] = {}

    def step(self, lasting: Iterable[str]) -> None:
        """The next step begins, while these faults last."""
        self._step += 1
        for fault in lasting:
            self.strikes(fault)

    def strikes(self, fault: str) -> None:
        """A fault strikes now."""
        self._struck[fault] = self._step

    def met(self, kind: str) -> None:
        """An exchange meets a fault."""
        self.strikes(STRIKES.get(kind, "lost answer"))

    def act(self, actor: str, states: Iterable[str]) -> None:
        """Somebody begins an act while runs are in these states."""
        recent = [fault for fault, step in self._struck.items() if self._step - step <= STEPS]
        self.cells.update((actor, state, fault) for state in states for fault in recent or ("none",))


def cells(actors: Iterable[str]) -> list[Cell]:
    """Every combination there may be."""
    return list(product(sorted(set(actors)), STATES, FAULTS))


def empty(actors: Iterable[str], seen: Collection[Cell]) -> list[Cell]:
    """Combinations that no seed had."""
    return [cell for cell in cells(actors) if cell not in seen]
