"""What runs hold while they work, the locks and the claims of the product, as the world keeps them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol


class Holds(Protocol):
    """Locks of the world, which end with the process that holds them."""

    def hold(self, name: str) -> AbstractContextManager[None]: ...

    def held(self, name: str) -> bool: ...


class Locks:
    """The product's locks, held in the world."""

    def __init__(self, holds: Holds, exclusive: bool) -> None:
        self._holds, self._exclusive = holds, exclusive

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Wait for the lock, then hold it."""
        return self._holds.hold(name)

    @contextmanager
    def seize(self, name: str) -> Iterator[Any]:
        """The lock if it is free now; `None` when somebody alive holds it."""
        if not self._exclusive:
            yield self
            return
        if self._holds.held(name):
            yield None
            return
        with self._holds.hold(name):
            yield self


class NoClaims:
    """Claims that hold nothing and stop nobody, to see what claims are for."""

    def take(self, run: str, subjects: Collection[Any]) -> str:
        """Every run has what it asks for."""
        return ""

    def release(self, run: str) -> None:
        """There is nothing to release."""

    def holder(self, subjects: Collection[Any]) -> str:
        """Nobody."""
        return ""
