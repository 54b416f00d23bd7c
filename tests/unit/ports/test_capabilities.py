"""What a system can do: made when it is asked for first, and what few need is not even looked at before."""

from __future__ import annotations

import pytest

from ml_connector.ports.systems import Capabilities


def test_each_is_made_once_when_it_is_asked_for() -> None:
    """Asking what there is makes nothing; the same one is given again."""
    made: list[type] = []

    def make(kind: type) -> object:
        made.append(kind)
        return kind()

    held = Capabilities({list: lambda: make(list)}, more=lambda: {dict: lambda: make(dict)})

    assert list(held) == [list, dict]
    assert len(held) == 2
    assert made == []
    assert held[list] is held[list]
    assert held[dict] is held[dict]
    assert made == [list, dict]


def test_what_few_need_is_looked_at_last_and_once() -> None:
    """A type that is named itself needs no look at the others; one that is not there is no key."""
    looks: list[str] = []

    def more() -> dict[type, type]:
        looks.append("look")
        return {dict: dict}

    held = Capabilities({list: list}, more=more)

    assert list in held
    assert held[list] == next(iter(held.values())) == []
    assert looks == []
    assert dict in held
    assert set not in held
    with pytest.raises(KeyError):
        held[set]
    assert looks == ["look"]
