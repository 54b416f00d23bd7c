"""What the product hands out to the world: plain data, and its refusals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class Refusal(Exception):
    """The product does not do it, and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """What the product says of a run."""

    id: str
    number: int
    kind: str
    source: str
    target: str
    reference: str
    reverses: str
    dry: bool
    state: str
    stage: str
    summary: str
    superseded: bool
    """Whether it says that a newer calculation of its pay is booked, so that nothing was left to do."""
    due: datetime | None
    problems: tuple[tuple[str, str, str, str], ...]
    """Code, place, text and owner of each."""
