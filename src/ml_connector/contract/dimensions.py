"""The contract of a `DimensionSource`: what the product may believe of every place that codes come from.

A connector gives a `world` of the shape below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pytest

from ml_connector.errors import ConnectorError, Refused
from ml_connector.ports.dimensions import DimensionSource

UNKNOWN = "no_such_axis"


class DimensionSourceWorld(Protocol):
    """The vendor's side of a source of codes."""

    @property
    def dimension_source(self) -> DimensionSource: ...

    def codes(self) -> Mapping[str, Mapping[str, tuple[str, bool]]]:
        """What the vendor has: axis → code → title, and whether it is open."""
        ...

    def close(self) -> tuple[str, str]:
        """An administrator closes a code that was open; its axis and code."""
        ...

    def break_reads(self) -> None:
        """From now on the last call of each list fails."""
        ...

    def calls(self) -> int:
        """How many calls the vendor has received."""
        ...

    def changes(self) -> int:
        """How many of them would change something."""
        ...


class DimensionSourceContract:
    """Every claim about a source of codes."""

    def test_every_code_of_the_axes_that_are_asked_for_comes_and_no_other(
        self, world: DimensionSourceWorld
    ) -> None:
        source = world.dimension_source
        for axis, known in world.codes().items():
            found = {value.code: (value.title, value.open) for value in source.values([axis])}
            assert known == found, axis
            assert {axis} >= {value.axis for value in source.values([axis])}
        assert set(world.codes()) == source.axes
        every = list(source.values(source.axes))
        assert len(every) == len({value.key for value in every}) == sum(map(len, world.codes().values()))

    def test_a_code_that_was_closed_comes_as_such(self, world: DimensionSourceWorld) -> None:
        axis, code = world.close()

        (found,) = (value for value in world.dimension_source.values([axis]) if value.code == code)
        assert not found.open

    def test_an_axis_that_is_not_there_is_refused_without_a_call(self, world: DimensionSourceWorld) -> None:
        before = world.calls()

        with pytest.raises(Refused) as refused:
            list(world.dimension_source.values([UNKNOWN]))
        assert UNKNOWN in refused.value.problem.text
        assert before == world.calls()

    def test_a_list_that_is_not_whole_is_an_error(self, world: DimensionSourceWorld) -> None:
        """What is missing would be closed in the other system."""
        axes = list(world.codes())
        world.break_reads()
        for axis in axes:
            with pytest.raises(ConnectorError):
                list(world.dimension_source.values([axis]))

    def test_nothing_is_changed(self, world: DimensionSourceWorld) -> None:
        list(world.dimension_source.values(world.dimension_source.axes))

        assert 0 == world.changes()
