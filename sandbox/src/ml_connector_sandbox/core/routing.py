"""A small route table: method and path pattern to handler."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Handler = TypeVar("Handler")


@dataclass(frozen=True, slots=True)
class NoRoute:
    """Nothing matches: `allowed` is empty when the path is unknown (404), else it lists the verbs that exist
    (405).
    """

    allowed: tuple[str, ...]


@dataclass(slots=True)
class Routes(Generic[Handler]):
    """Routes tried in the order they were added. `{name}` in a pattern stands for one path segment; with
    `any_case` the words around them are matched whatever their case."""

    any_case: bool = False
    _routes: list[tuple[str, re.Pattern[str], Handler]] = field(default_factory=list)

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Add a route; `handler` may be anything, the caller calls it."""
        self._routes.append((method, _compile(pattern, any_case=self.any_case), handler))

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | NoRoute:
        """The handler with the segments it named, or why there is none."""
        allowed: list[str] = []
        for verb, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found and verb == method:
                return handler, found.groupdict()
            if found:
                allowed.append(verb)
        return NoRoute(tuple(allowed))


def _compile(pattern: str, *, any_case: bool) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", pattern)
    text = "".join(
        re.escape(part) if index % 2 == 0 else f"(?P<{part}>[^/]+)" for index, part in enumerate(parts)
    )
    return re.compile(text, re.IGNORECASE if any_case else 0)
