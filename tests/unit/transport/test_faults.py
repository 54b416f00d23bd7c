"""Refusals told by their words, on rules that no vendor has."""

from __future__ import annotations

from ml_connector.errors import CodeUnknown, PeriodClosed, Refused
from ml_connector.transport.faults import classify, rule

RULES = (
    rule(r"closed", PeriodClosed, "Open it.", where="posting_date"),
    rule(r"no (?P<what>\w+) named (?P<name>\w+)", CodeUnknown, "Create {what} {name}.", where="{what}"),
    rule(r"year", code="period.unknown"),
)


def refusal(*lines: str) -> Refused:
    return classify(lines, RULES, vendor="Acme", where="/entries", support="GET /entries")


def test_first_rule_decides_whatever_line_it_matches() -> None:
    """The order of the rules counts, not that of the vendor's lines; every line is shown."""
    error = refusal("No account named X", "Period is CLOSED")

    assert (type(error), error.problem.where) == (PeriodClosed, "posting_date")
    assert error.problem.text == "Acme refused: No account named X; Period is CLOSED. Open it."
    assert error.support == "GET /entries"


def test_remedy_names_what_the_vendor_named() -> None:
    """Groups of the pattern stand in the remedy and in the place."""
    error = refusal("There is no project named {P1}", "no project named P1")

    assert (type(error), error.problem.where) == (CodeUnknown, "project")
    assert error.problem.text.endswith("Create project P1.")


def test_rule_may_set_the_code_only() -> None:
    """Without a place of its own the refusal keeps the caller's."""
    error = refusal("Unknown year")

    assert (type(error), error.problem.code, error.problem.where) == (Refused, "period.unknown", "/entries")


def test_words_that_no_rule_knows_are_a_refusal_still() -> None:
    """The vendor said no: nothing was booked."""
    assert refusal("Computer says {no}").problem.text == "Acme refused: Computer says {no}."
    assert refusal().problem.text == "Acme refused: no reason was given."
