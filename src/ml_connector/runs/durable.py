"""What is known of the durable engine without loading it, which takes as long as the rest of a command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`finish_seconds`: how long a stop waits for stages in flight. `stranded_seconds`: how often to look for
    runs that nobody carries out.
    """

    finish_seconds: float = 10.0
    stranded_seconds: float = 60.0


class EngineDamaged(Exception):
    """The durable engine's own database is no database any more."""
