"""Counts notifications from a simulator's books: what was published, what of it arrived, and how.

It knows nothing of the receiver but what it answered, and which calls came behind that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """`published` = `delivered` + `lost` + `undelivered`. `doubled` came again although they were taken,
    `swapped` came after one that was made later.
    """

    published: int
    lost: int
    delivered: int
    undelivered: int
    doubled: int
    swapped: int

    @property
    def shown(self) -> dict[str, int]:
        """As JSON."""
        return asdict(self)


def notified(made: int, lost: int, taken: Sequence[int]) -> Notified:
    """`made` counts the lost ones, too; `taken` is what the receiver took, in that order: numbers that rise
    as the notifications were made.
    """
    first = list(dict.fromkeys(taken))
    newest, swapped = 0, 0
    for number in first:
        swapped += number < newest
        newest = max(newest, number)
    return Notified(
        published=made,
        lost=lost,
        delivered=len(first),
        undelivered=made - lost - len(first),
        doubled=len(taken) - len(first),
        swapped=swapped,
    )
