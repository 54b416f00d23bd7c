"""What can be done in a world: acts by name, each with the actor that does it.

An act takes the world and some numbers, and chooses by them among what there is now, so that every list of
numbers means something in every world. It answers whether there was anything to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from moving_world.world import World

T = TypeVar("T")
Doing = Callable[[World, Sequence[int]], bool]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that an actor may do. `weight` is how often it is drawn, `numbers` how many it takes."""

    name: str
    actor: str
    weight: float
    numbers: int
    do: Doing


ACTS: dict[str, Act] = {}


def act(name: str, actor: str, weight: float, numbers: int = 1) -> Callable[[Doing], Doing]:
    """Add an act."""

    def add(do: Doing) -> Doing:
        ACTS[name] = Act(name, actor, weight, numbers, do)
        return do

    return add


def pick(things: Sequence[T], number: int) -> T | None:
    """One of them, or `None` where there are none."""
    return things[number % len(things)] if things else None
