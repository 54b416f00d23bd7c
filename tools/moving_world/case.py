"""A case: a shape and a schedule that can be kept, read and played again, with what it shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moving_world.driver import Outcome, Step, replay
from moving_world.install import Ground
from moving_world.shape import Shape, shape_of
from moving_world.shrink import shrink


@dataclass(frozen=True, slots=True)
class Case:
    """What was played, and the code of the violation that it showed when it was found."""

    seed: int
    shape: Shape
    steps: tuple[Step, ...]
    shows: str

    def text(self) -> str:
        """As JSON: the shape on one line, and a line for each step."""
        head = {"seed": self.seed, "shows": self.shows, "shape": self.shape.as_json()}
        steps = ",\n    ".join(json.dumps(list(step)) for step in self.steps)
        return f'{json.dumps(head)[:-1]}, "steps": [\n    {steps}\n]}}\n'

    def play(self, ground: Ground) -> Outcome:
        """Play it."""
        return replay(ground, self.seed, self.shape, self.steps)


def read(text: str) -> Case:
    """A case from its JSON."""
    data: dict[str, Any] = json.loads(text)
    steps = tuple((str(name), *map(int, numbers)) for name, *numbers in data["steps"])
    return Case(data["seed"], shape_of(data["shape"]), steps, data["shows"])


def read_all(folder: Path) -> dict[str, Case]:
    """The cases of a folder, by name."""
    return {path.stem: read(path.read_text()) for path in sorted(folder.glob("*.json"))}


def smallest(ground: Ground, outcome: Outcome, tries_max: int) -> Case:
    """The smallest case that shows the outcome's first violation."""
    code, seed = outcome.violations[0].code, outcome.seed

    def shows(shape: Shape, steps: Sequence[Step]) -> bool:
        return code in [violation.code for violation in replay(ground, seed, shape, steps).violations]

    shape, steps = shrink(outcome.shape, outcome.steps, shows, tries_max)
    return Case(seed, shape, tuple(steps), code)
