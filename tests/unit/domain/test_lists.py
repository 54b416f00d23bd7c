"""Lines of settings as people write them."""

from __future__ import annotations

import pytest

from ml_connector.domain.lists import Pairs, listed, pairs


@pytest.mark.parametrize(
    ("text", "expected"), [("", ()), (" , ,", ()), ("a", ("a",)), (" a b , c,,d ", ("a b", "c", "d"))]
)
def test_list(text: str, expected: tuple[str, ...]) -> None:
    """Blanks around a part and empty parts do not count; blanks inside do."""
    assert expected == listed(text)


def test_pairs_keep_their_order() -> None:
    """The first equals sign parts the halves."""
    assert [("b", "1"), ("a", "x=y")] == list(pairs(" b = 1,a=x=y").found.items())


def test_what_is_no_pair_is_named() -> None:
    """Every one of them, and no half is made up."""
    assert pairs("a=1, b, =2, c=, d=3, a=4") == Pairs({"a": "1", "d": "3"}, ("b", "=2", "c="), ("a",))
