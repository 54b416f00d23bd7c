"""Settings of a flow that several flows read alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.lists import pairs
from ml_connector.domain.problem import Problem
from ml_connector.flows.flow import Mode, Option, PolicyError
from ml_connector.ports.dimensions import DimensionSource
from ml_connector.ports.systems import System


def refuse_unknown(options: Mapping[str, str], known: Iterable[Option]) -> None:
    """Raises `PolicyError` for an option that the flow does not have."""
    names = [option.name for option in known]
    if unknown := sorted(options.keys() - set(names)):
        raise PolicyError(f"unknown option {unknown[0]!r}; expected one of {', '.join(names)}")


def mode_of(text: str) -> Mode:
    """The mode of a flow. Raises `PolicyError`."""
    if text not in tuple(Mode):
        raise PolicyError(f"mode is {text!r}, expected one of {', '.join(Mode)}")
    return Mode(text)


def pairs_of(name: str, options: Mapping[str, str], shape: str) -> dict[str, str]:
    """The pairs of an option that has to be there. Raises `PolicyError` with their `shape`."""
    read = pairs(options.get(name, ""))
    if wrong := (*read.broken, *read.repeated):
        raise PolicyError(f"{name} has {wrong[0]!r}; expected {shape} pairs, each once")
    if not read.found:
        raise PolicyError(f"option {name!r} is missing: {shape}")
    return read.found


def unread_axes(option: str, axes: Iterable[str], source: System) -> Iterator[Problem]:
    """Axes of an option on which the source has no codes; none where it does not say which it has."""
    if DimensionValue in source.sources:
        codes: DimensionSource = source.source(DimensionValue)
        yield from axis_problems(option, axes, codes.axes, "source")


def unkept_axes(option: str, axes: Iterable[str], target: System, kind: type[Any]) -> Iterator[Problem]:
    """Axes of an option that the target's register of this kind does not keep, whatever its settings."""
    limits = target.register(kind).limits
    yield from axis_problems(option, axes, limits.axes, "target", limits.by_setting)


def axis_problems(
    option: str, axes: Iterable[str], known: Collection[str], side: str, by_setting: Collection[str] = ()
) -> Iterator[Problem]:
    """Axes of an option that are not among those that the source or the target has, or has `by_setting` of
    its connection.
    """
    there = ", ".join(sorted(known)) or "none"
    more = f", and by a setting of the connection {', '.join(sorted(by_setting))}" if by_setting else ""
    for axis in sorted(set(axes) - {*known, *by_setting}):
        text = (
            f"The {side} has no axis {axis!r} here, only {there}{more}. Correct {option}, or the"
            f" settings of the {side}'s connection."
        )
        yield Problem("axis.unknown", option, text)
