"""Texts that fit: what we write is shortened in the order stated, what a person wrote is refused."""

from __future__ import annotations

import pytest

from ml_connector.domain.problem import Problem
from ml_connector.domain.text import DEFAULT_TEXT, DIFFERENCE, entry_text

LONG = "SEMI-MONTHLY SALARIED 2026-06-26 202607031"


@pytest.mark.parametrize(
    ("length_max", "expected"),
    [
        (63, "Payroll SEMI-MONTHLY SALARIED 2026-06-26 202607031 (difference)"),
        (62, "Pay SEMI-MONTHLY SALARIED 2026-06-26 202607031 (difference)"),
        (59, "Pay SEMI-MONTHLY SALARIED 2026-06-26 202607031 (difference)"),
        (58, "Pay SEMI-MONTHLY SALARI. 2026-06-26 202607031 (difference)"),
        (52, "Pay SEMI-MONTHLY. 2026-06-26 202607031 (difference)"),
        (46, "Pay SEMI-MO. 2026-06-26 202607031 (difference)"),
        (42, "Pay SEM. 2026-06-26 202607031 (difference)"),
        (41, "SEM. 2026-06-26 202607031 (difference)"),
        (38, "SEM. 2026-06-26 202607031 (difference)"),
    ],
)
def test_the_default_text_is_shortened_in_the_order_stated(length_max: int, expected: str) -> None:
    """First the word Payroll, then the pay group, then the first word; never the date or the control."""
    assert expected == entry_text(DEFAULT_TEXT, {"subject": LONG}, length_max=length_max, suffix=DIFFERENCE)


def test_a_correction_fits_the_lines_of_a_ledger_with_43_characters() -> None:
    """An ordinary pay group, a correction: it had 48 characters and could not be posted."""
    values = {"subject": "BIWEEK 2026-07-10 202607151"}

    assert "Pay BIWE. 2026-07-10 202607151 (difference)" == entry_text(
        DEFAULT_TEXT, values, length_max=43, suffix=DIFFERENCE
    )
    assert "Payroll BIWEEK 2026-07-10 202607151" == entry_text(DEFAULT_TEXT, values, length_max=43)


def test_the_kind_of_a_run_stands_behind_its_dates_and_is_kept() -> None:
    """It tells two pays of one date apart."""
    values = {"subject": "SEMI-MONTHLY 202607031 BONUS"}

    assert "Pay SEMI-M. 202607031 BONUS" == entry_text(DEFAULT_TEXT, values, length_max=27)


@pytest.mark.parametrize(
    ("template", "length_max", "whole"),
    [
        (DEFAULT_TEXT, 37, f"Payroll {LONG} (difference)"),
        ("Wages of {subject}", 48, f"Wages of {LONG} (difference)"),
        ("Pay {period_end}", 20, "Pay 2026-06-26 (difference)"),
    ],
)
def test_what_cannot_be_shortened_is_refused_with_the_option(
    template: str, length_max: int, whole: str
) -> None:
    """A person's text is never cut, also not to make room for a suffix of ours."""
    values = {"subject": LONG, "period_end": "2026-06-26"}
    found = entry_text(template, values, length_max=length_max, suffix=DIFFERENCE)

    assert isinstance(found, Problem)
    assert ("text.too_long", "text") == (found.code, found.where)
    assert f"The text {whole!r} has {len(whole)} characters, and {length_max} fit" in found.text
    assert "--option text=" in found.text
