"""Settings of a flow that several flows read alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ml_connector.domain.lists import pairs
from ml_connector.flows.flow import Mode, Option, PolicyError


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
