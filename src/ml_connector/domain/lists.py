"""Lists and pairs that a person writes in one line: `a, b` and `a=b, c=d`."""

from __future__ import annotations

from typing import NamedTuple


class Pairs(NamedTuple):
    """Pairs in the order they were written. `broken` are the parts that are no pair, `repeated` the keys that
    were named again; the first mention of a key counts.
    """

    found: dict[str, str]
    broken: tuple[str, ...]
    repeated: tuple[str, ...]


def listed(text: str) -> tuple[str, ...]:
    """The parts between commas, without blanks around them; empty parts are left out."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def pairs(text: str) -> Pairs:
    """The pairs of a line. Neither half of a pair may be empty; the second may hold `=`."""
    found: dict[str, str] = {}
    broken: list[str] = []
    repeated: list[str] = []
    for part in listed(text):
        key, _, value = (half.strip() for half in part.partition("="))
        if not key or not value:
            broken.append(part)
        elif key in found:
            repeated.append(key)
        else:
            found[key] = value
    return Pairs(found, tuple(broken), tuple(repeated))
