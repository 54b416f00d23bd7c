"""Where dimension values come from: the codes that a payroll books and places its workers on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ml_connector.domain.dimension import DimensionValue, axis_of
from ml_connector.errors import Refused
from ml_connector.ports.registers import Register


class DimensionSource(Protocol):
    """The codes of a system, as a system gives them under `DimensionValue`. It writes nothing."""

    axes: frozenset[str]

    def values(self, axes: Collection[str]) -> Iterator[DimensionValue]:
        """Every code of these axes, open or not, in any order; an error where the list is not whole. A code
        that holds in every company has an empty `entity`. Raises `Refused` for an axis that the system does
        not have.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDimensions:
    """The values of a register as a `DimensionSource`, of these legal entities: for a ledger that leads."""

    register: Register[DimensionValue]
    entities: Sequence[str]

    @property
    def axes(self) -> frozenset[str]:
        return self.register.limits.axes

    def values(self, axes: Collection[str]) -> Iterator[DimensionValue]:
        """By legal entity and axis; raises `Refused` for an axis that the register does not keep."""
        if unknown := sorted(set(axes) - self.axes):
            text = f"There is no axis {unknown[0]}: {', '.join(sorted(self.axes))}."
            raise Refused(f"{text} Correct the axes of the flow.", where="axes", code="axis.unknown")
        entities = [""] if self.register.limits.shared else self.entities
        within = [axis_of(entity, axis) for entity in entities for axis in axes]
        yield from (row.record for row in self.register.rows(within))
