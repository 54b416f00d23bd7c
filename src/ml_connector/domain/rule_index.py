"""Which rules of a table may match a value, found without trying each of them.

A set of rules is a whole number whose bit n stands for rule n, so that what matches in every title is one
number for each title, put together; the lowest bit is the first rule of the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ml_connector.domain.codes import alike

Patterns = Sequence[tuple[str, str]]
"""What one rule matches: title and pattern. A pattern is a text, the beginning of one and `*`, or `*`."""


@dataclass(slots=True)
class _Title:
    """The rules by what they want of one title. `whole` and `begins` are by pattern without its `*`, `named`
    are those that want something.
    """

    whole: dict[str, int] = field(default_factory=dict)
    begins: dict[str, int] = field(default_factory=dict)
    spelled_whole: dict[str, set[str]] = field(default_factory=dict)
    spelled_begins: dict[str, set[str]] = field(default_factory=dict)
    named: int = 0
    known: dict[str | None, int] = field(default_factory=dict)
    near: dict[str, frozenset[str]] = field(default_factory=dict)

    def add(self, bit: int, pattern: str) -> None:
        if pattern == "*":
            return
        self.named |= bit
        text = pattern.removesuffix("*")
        of, spelled = (
            (self.whole, self.spelled_whole) if text == pattern else (self.begins, self.spelled_begins)
        )
        of[text] = of.get(text, 0) | bit
        if seen := alike(text):
            spelled.setdefault(seen, set()).add(pattern)

    def matching(self, value: str) -> int:
        found = self.whole.get(value, 0)
        for end in range(1, len(value) + 1) if self.begins else ():
            found |= self.begins.get(value[:end], 0)
        return found

    def nearly(self, value: str) -> frozenset[str]:
        seen = alike(value)
        found = set(self.spelled_whole.get(seen, ()))
        for end in range(1, len(seen) + 1) if self.spelled_begins else ():
            found |= self.spelled_begins.get(seen[:end], set())
        return frozenset(one for one in found if not _matches(one, value))


class RuleIndex:
    """Made once of all rules, in their order; values repeat, and what was found for one is remembered."""

    def __init__(self, rules: Sequence[Patterns]) -> None:
        self._titles: dict[str, _Title] = {}
        self._all = (1 << len(rules)) - 1
        for number, patterns in enumerate(rules):
            for title, pattern in patterns:
                self._titles.setdefault(title, _Title()).add(1 << number, pattern)

    @property
    def titles(self) -> tuple[str, ...]:
        """Every title that a rule has a pattern for."""
        return tuple(self._titles)

    def matching(self, values: Mapping[str, str | None]) -> int:
        """The rules that may match the values, and every one that does."""
        found = self._all
        for title in self._titles:
            found &= self._of(title, values[title])
        return found

    def nearly(self, title: str, value: str) -> frozenset[str]:
        """The patterns that miss the value by case, blanks or the like alone."""
        known = self._titles[title].near
        if value not in known:
            known[value] = self._titles[title].nearly(value)
        return known[value]

    def missing(self, values: Mapping[str, str | None], near: Mapping[str, frozenset[str]]) -> int:
        """The rules that may match the values in this or another spelling, and every one that does."""
        found = self._all
        for title, of in self._titles.items():
            may = self._of(title, values[title])
            for pattern in near.get(title, ()):
                text = pattern.removesuffix("*")
                may |= (of.whole if text == pattern else of.begins)[text]
            found &= may
        return found

    def _of(self, title: str, value: str | None) -> int:
        of = self._titles[title]
        if value not in of.known:
            wanting = 0 if value is None else of.matching(value)
            of.known[value] = wanting | (self._all & ~of.named)
        return of.known[value]


def numbers(rules: int) -> Iterator[int]:
    """The numbers of the rules of a set, in the order of the table."""
    while rules:
        lowest = rules & -rules
        yield lowest.bit_length() - 1
        rules ^= lowest


def _matches(pattern: str, value: str) -> bool:
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern
