"""Dimensions: the axes of analysis a journal line is booked on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache


@dataclass(frozen=True, slots=True, order=True)
class Dimension:
    """A code on one axis: `Dimension("cost_center", "4100")`. Codes are compared as the source wrote them,
    trimmed.
    """

    axis: str
    code: str


dimension = lru_cache(maxsize=65_536)(Dimension)
"""A code on an axis, made once: a million lines of a run share a few thousand."""

Dimensions = tuple[Dimension, ...]
"""Sorted by axis, one code per axis at the most."""


def dimensions(codes: dict[str, str | None]) -> Dimensions:
    """Dimensions from axis → code; empty codes are left out, the result is sorted by axis."""
    return tuple(dimension(axis, code) for axis, code in sorted(codes.items()) if code)


def code_on(axis: str, values: Dimensions) -> str | None:
    """The code on the axis, or `None` where the line has none."""
    return next((value.code for value in values if value.axis == axis), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionValue:
    """A code on an axis, as a system keeps it: a cost center, a department, a project, a worker.

    `entity` is the legal entity that has it, and empty where one row serves all of them. `until` is the last
    day on which it is booked on, in the calendar of the company; `open` tells whether it is booked on today.
    `since` is the first day, on axes of which a system keeps it.
    `code` is compared, in one spelling where the system takes several for one; `spelled` is the code as it is
    written there, where that differs, and is not compared.
    """

    entity: str
    axis: str
    code: str
    title: str = ""
    open: bool = True
    until: date | None = None
    since: date | None = None
    spelled: str | None = field(default=None, compare=False)
    family: str | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """Legal entity, axis and code."""
        return f"{axis_of(self.entity, self.axis)}{self.code}"

    @property
    def written(self) -> str:
        """The code as the system writes it."""
        return self.spelled or self.code


def axis_of(entity: str, axis: str) -> str:
    """What the keys of the axis in a legal entity begin with."""
    return f"{entity}/{axis}/"


def places_under(places: Iterable[tuple[str, str]], beginning: str) -> list[tuple[str, str]]:
    """Of these legal entities and axes those that have keys which begin so."""
    named = ((one, axis_of(*one)) for one in places)
    return [one for one, keys in named if keys.startswith(beginning) or beginning.startswith(keys)]


def first_and_last(person: DimensionValue) -> tuple[str, str]:
    """The name in two parts, of which the first may be empty: by the last name where it is known, else the
    last word is it.
    """
    name, family = (" ".join((text or "").split()) for text in (person.title, person.family))
    if family and (name == family or name.endswith(f" {family}")):
        return name.removesuffix(family).rstrip(), family
    first, _, last = name.rpartition(" ")
    return first, last
