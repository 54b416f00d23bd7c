"""The reader that every judge of pay runs looks through."""

from __future__ import annotations

import pytest

from ml_connector_sandbox.judges.books import Books, Line, as_text, cents_of, summed


def _row(**more):
    line = {"account": " 4000 ", "amount": "-1.50", "dimensions": {"cost_center": " A ", "plant": None}}
    return {"id": "x", "entity": "1204 ", "journal": "95", "date": "2026-06-26", "lines": [line], **more}


def test_what_counts_is_read_without_blanks_and_in_cents():
    """A document that was deleted, or was there from the start, does not count."""
    held = {
        "documents": [_row(), _row(status="deleted"), _row(seeded=True), _row(number="7", status="draft")],
        "calls": {"read": 1},
    }
    books = Books.of(held)

    assert [("x", "1204", False), ("7", "1204", True)] == [
        (document.name, document.entity, document.is_draft) for document in books.documents
    ]
    wanted = Line(number=1, account="4000", cents=-150, dimensions={"cost_center": "A"})
    assert (wanted,) == books.documents[0].lines
    assert {"read": 1} == books.calls


@pytest.mark.parametrize("amount", ["0.005", "", None, "NaN"])
def test_what_is_no_whole_number_of_cents_is_no_amount(amount):
    with pytest.raises(ValueError, match="whole number of cents"):
        cents_of(amount)


def test_cells_that_cancel_are_gone():
    cell, other = ("1", "4000", ""), ("1", "2290", "")

    assert {other: 5} == summed([{cell: 3, other: 5}, {cell: -3}])
    assert ["-0.05", "12.00"] == [as_text(-5), as_text(1_200)]
