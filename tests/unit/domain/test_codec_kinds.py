"""The codec finds every kind of stored value by itself."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ml_connector.domain import codec
from ml_connector.domain.document import Receipt


def test_a_kind_is_known_without_being_listed() -> None:
    receipt = Receipt(reference="r", number="1", entity="E", posted=True)

    assert codec.decode(codec.encode(receipt)) == receipt


def test_two_kinds_of_one_name_are_refused() -> None:
    """A stored value is known by the name of its kind alone, for ever."""
    first = dataclass(type("Paid", (), {}))
    second = dataclass(type("Paid", (), {}))

    with pytest.raises(TypeError, match="two kinds of stored values are called Paid"):
        codec._by_name((first, second))
