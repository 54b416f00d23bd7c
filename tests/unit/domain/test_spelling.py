"""Codes that a vendor compares without case."""

from __future__ import annotations

import pytest

from ml_connector.domain.problem import Problem
from ml_connector.domain.spelling import vendor_spelling


@pytest.mark.parametrize(
    ("code", "known", "expected"),
    [
        ("usmf", ["usmf", "dat"], "usmf"),
        ("USMF", ["usmf", "dat"], "usmf"),
        (" Usmf ", ["usmf", "dat"], "usmf"),
        ("payroll", ["PAYROLL", "GenJrn"], "PAYROLL"),
        ("genjrn", ["PAYROLL", "GenJrn"], "GenJrn"),
        ("USMF", ["USMF", "usmf"], "USMF"),
    ],
)
def test_a_code_is_found_in_the_vendors_spelling(code: str, known: list[str], expected: str) -> None:
    """An exact match counts before one without case."""
    assert expected == vendor_spelling(code, known, what="company")


@pytest.mark.parametrize(
    ("code", "known", "problem", "words"),
    [
        ("Usmf", ["USMF", "usmf"], "code.ambiguous", "There is no company Usmf, but USMF and usmf."),
        ("usmg", ["usmf", "dat"], "code.unknown", "Did you mean usmf?"),
        ("zz", ["usmf", "dat"], "code.unknown", "There is dat, usmf."),
        ("zz", [], "code.unknown", "There is none."),
    ],
)
def test_a_code_with_two_spellings_or_none_is_a_problem(
    code: str, known: list[str], problem: str, words: str
) -> None:
    found = vendor_spelling(code, known, what="company")

    assert isinstance(found, Problem)
    assert (problem, f"company {code}", True) == (found.code, found.where, words in found.text)
