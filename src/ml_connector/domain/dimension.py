"""Dimensions: the axes of analysis a journal line is booked on."""

from __future__ import annotations

from dataclasses import dataclass
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
