"""A problem as people read it: what is wrong and what to do, who does it, and the code last."""

from __future__ import annotations

import pytest

from ml_connector.domain.problem import Owner, Problem
from ml_connector.domain.text import words

TEXT = "Account 2290 has no mapping rule on 2026-06-12. Add a rule and import the mapping again."


@pytest.mark.parametrize(
    ("where", "owner", "said"),
    [
        ("account 2290", Owner.ADMINISTRATOR, f"{TEXT} Who can fix it: administrator. [mapping.unmapped]"),
        ("", Owner.PAYROLL, f"{TEXT} Who can fix it: payroll. [mapping.unmapped]"),
        ("line 7", Owner.VENDOR, f"{TEXT} Where: line 7. Who can fix it: the vendor. [mapping.unmapped]"),
    ],
)
def test_the_problem_comes_first_and_the_code_last(where: str, owner: Owner, said: str) -> None:
    """The place is named once: not again where the text has it."""
    assert said == str(Problem("mapping.unmapped", where, TEXT, owner))


@pytest.mark.parametrize("owner", Owner)
def test_whoever_fixes_it_has_a_name(owner: Owner) -> None:
    """No identifier stands in the sentence."""
    assert "Who can fix it: " in str(Problem("a.b", "", "It is closed", owner))
    assert str(Problem("a.b", "", "It is closed", owner)).startswith("It is closed. Who")


@pytest.mark.parametrize(
    ("identifier", "read"),
    [
        ("held", "on hold"),
        ("awaiting_approval", "waiting for approval"),
        ("employee_taxes", "employee taxes"),
        ("done", "done"),
    ],
)
def test_identifiers_are_read_as_words(identifier: str, read: str) -> None:
    """JSON keeps the identifier."""
    assert read == words(identifier)
