"""A plan of changes from two sets and what both agreed on last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.domain.changes import Act, NotInOrder, Pair, change_of, differences, fields_changed, paired
from ml_connector.domain.dimension import DimensionValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of both sets."""

    key: str
    text: str
    open: bool = True


A, B, C = (Row(key="1", text=text) for text in "abc")
CLOSED = replace(A, open=False)


def closed(row: Any) -> Any:
    return replace(row, open=False)


@pytest.mark.parametrize(
    ("wished", "found", "base", "act"),
    [
        (A, None, None, Act.CREATE),
        (A, None, A, Act.MAKE_AGAIN),
        (CLOSED, None, None, None),
        (CLOSED, None, A, None),
        (CLOSED, A, A, Act.CLOSE),
        (CLOSED, A, B, Act.CLOSE),
        (CLOSED, B, A, Act.CONFLICT),
        (A, replace(B, open=False), B, Act.CONFLICT),
        (replace(C, open=False), replace(A, open=False), A, Act.CHANGE),
        (A, CLOSED, CLOSED, Act.REOPEN),
        (A, CLOSED, None, Act.REOPEN),
        (A, CLOSED, A, Act.CONFLICT),
        (A, A, None, None),
        (A, A, B, None),
        (A, B, B, Act.CHANGE),
        (A, B, None, Act.CHANGE),
        (A, B, A, Act.CONFLICT),
        (A, B, C, Act.CONFLICT),
        (None, A, A, Act.CLOSE),
        (None, B, A, Act.CONFLICT),
        (None, A, None, None),
        (None, CLOSED, CLOSED, None),
    ],
)
def test_what_is_done_about_a_pair(wished: Any, found: Any, base: Any, act: Act | None) -> None:
    change = change_of(Pair(key="1", wished=wished, found=found, base=base), closed)

    assert act == (change.act if change else None)


@pytest.mark.parametrize(
    ("wished", "found", "base", "agreed"),
    [
        (A, A, None, True),
        (A, A, B, True),
        (A, A, A, False),
        (A, B, None, False),
        (A, B, B, False),
        (None, None, A, False),
        (None, A, None, False),
    ],
)
def test_what_both_have_alike_is_agreed_once(wished: Any, found: Any, base: Any, agreed: bool) -> None:
    assert agreed == Pair(key="1", wished=wished, found=found, base=base).newly_agreed


@pytest.mark.parametrize(
    ("found", "wished", "text"),
    [
        (A, replace(B, open=False), "text is a, not b, open is True, not False"),
        (None, A, "there is none"),
        (A, None, "it is there"),
    ],
)
def test_what_differs_is_said_with_both_values(found: Any, wished: Any, text: str) -> None:
    assert text == differences(found, wished)


ROWS = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.sampled_from("xy"), max_size=8)


@given(ROWS, ROWS)
def test_both_sets_come_side_by_side_each_row_once(left: dict[str, str], right: dict[str, str]) -> None:
    def rows(held: dict[str, str]) -> list[Row]:
        return [Row(key=key, text=held[key]) for key in sorted(held)]

    agreed = [(key, f"agreed {key}") for key in sorted({*left, "abc"})]
    pairs = list(paired(rows(left), rows(right), agreed))

    assert sorted({*left, *right}) == [pair.key for pair in pairs]
    assert all((pair.wished is not None) == (pair.key in left) for pair in pairs)
    assert all((pair.found is not None) == (pair.key in right) for pair in pairs)
    assert all((pair.base is not None) == (pair.key in {*left, "abc"}) for pair in pairs)


def test_a_set_out_of_order_is_never_compared() -> None:
    """A key twice, or one that comes late, would be taken for a row that is gone."""
    with pytest.raises(NotInOrder, match="what is found has '1' behind '1'"):
        list(paired([A], [A, A]))


def test_how_a_name_falls_into_parts_is_nobodys_edit() -> None:
    """It is written with what changes, and not compared: a ledger may not show it."""
    found = DimensionValue(entity="1", axis="employee", code="7", title="Mona Ivers")
    base = replace(found, family="Ivers")
    wished = replace(base, title="Mona de Vries", family="de Vries")

    change = change_of(Pair(key=found.key, wished=wished, found=found, base=base), lambda row: row)

    assert change is not None
    assert Act.CHANGE is change.act
    assert (("title", "Mona Ivers", "Mona de Vries"),) == fields_changed(change)
    assert "title is Mona Ivers, not Mona de Vries" == differences(found, wished)
