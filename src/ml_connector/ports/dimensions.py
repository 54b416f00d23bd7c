"""Where dimension values come from: the codes that a payroll books and places its workers on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

from ml_connector.domain.dimension import DimensionValue


class DimensionSource(Protocol):
    """The codes of a system, as a system gives them under `DimensionValue`. It writes nothing."""

    axes: frozenset[str]

    def values(self, axes: Collection[str]) -> Iterator[DimensionValue]:
        """Every code of these axes, open or not, in any order; an error where the list is not whole. A code
        that holds in every company has an empty `entity`. Raises `Refused` for an axis that the system does
        not have.
        """
        ...
