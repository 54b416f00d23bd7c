"""Settings of a flow: read once, refused by name, value and what was expected."""

from __future__ import annotations

from datetime import date

import pytest

from ml_connector.domain.period import ClosedPeriodRule, PostingDateRule
from ml_connector.flows.flow import Mode, PolicyError
from ml_connector.flows.payroll.policy import PayrollInput, check_new, read_policy, read_rates

STARTS = date(2026, 1, 1)
OPTIONS = {"journal": "90", "entities": "US1=10, US2 = 20"}


def test_what_is_not_said_has_a_careful_default() -> None:
    """Held when closed, nothing in detail, cost centers."""
    policy = read_policy("propose", STARTS, OPTIONS)

    assert (Mode.PROPOSE, {"US1": "10", "US2": "20"}, frozenset({"cost_center"}), 0) == (
        policy.mode,
        dict(policy.entities),
        policy.axes,
        policy.minimum_workers,
    )
    assert (PostingDateRule.PERIOD_END, ClosedPeriodRule.HOLD) == (
        policy.posting_date.rule,
        policy.posting_date.closed,
    )


def test_a_date_is_a_posting_date() -> None:
    """An override."""
    policy = read_policy("approve", STARTS, {**OPTIONS, "posting_date": "2026-06-15", "closed_period": "ask"})
    assert (PostingDateRule.OVERRIDE, date(2026, 6, 15), ClosedPeriodRule.ASK) == (
        policy.posting_date.rule,
        policy.posting_date.override,
        policy.posting_date.closed,
    )


@pytest.mark.parametrize(
    ("mode", "options", "text"),
    [
        ("post", {}, "mode is 'post', expected one of propose, approve, automatic"),
        ("approve", {"jornal": "90"}, "unknown option 'jornal'; expected one of journal, entities"),
        ("approve", {"journal": ""}, "option 'journal' is missing: Journal of the entries, required"),
        ("approve", {"journal": "10=90"}, "journal and entities do not name the same legal entities: 20"),
        (
            "approve",
            {"journal": "10=90, 20=91, 30=92"},
            "journal and entities do not name the same legal entities: 30",
        ),
        (
            "approve",
            {"journal": "10=90, 91"},
            "journal holds '91', expected one journal, or legal entity=journal for each",
        ),
        ("approve", {"journal": "10=90, 10=91"}, "journal names '10' twice"),
        ("approve", {"entities": ""}, "option 'entities' is missing"),
        ("approve", {"entities": "US1"}, "entities holds 'US1', expected company=legal entity"),
        ("approve", {"entities": "US1="}, "entities holds 'US1=', expected company=legal entity"),
        ("approve", {"entities": "US1=10,US1=20"}, "entities names 'US1' twice"),
        (
            "approve",
            {"posting_date": "30.06.2026"},
            "posting_date is '30.06.2026', expected period_end, pay_date or a date such as 2026-06-30",
        ),
        (
            "approve",
            {"closed_period": "next"},
            "closed_period is 'next', expected one of hold, ask, next_open",
        ),
        ("approve", {"minimum_workers": "-1"}, "minimum_workers is '-1', expected a whole number"),
        ("approve", {"minimum_workers": "²"}, "minimum_workers is '²', expected a whole number"),
        (
            "approve",
            {"minimum_workers": "5"},
            "roll_up_code is missing: the code that groups under minimum_workers are booked on",
        ),
        ("approve", {"text": "Payroll {month}"}, "{run}, {period_end}, {pay_date}, {subject}"),
        ("approve", {"text": "Payroll {run.x}"}, "{run}, {period_end}, {pay_date}, {subject}"),
        ("approve", {"text": "Payroll {"}, "text is 'Payroll {'"),
        ("approve", {"text": "Pay {subject:d}"}, "text holds {subject:d}, which cannot be filled in: write"),
        ("approve", {"text": "Pay {run:d}"}, "text holds {run:d}, which cannot be filled in: write {run}"),
        ("approve", {"text": "Pay {subject!q}"}, "text holds {subject!q}, which cannot be filled in"),
        ("approve", {"text": "Pay {run:{subject}}"}, "text holds {run:{subject}}, which cannot be filled in"),
        ("approve", {"text": "Pay {run:99999999}"}, "text holds {run:99999999}, which cannot be filled in"),
        ("approve", {"posting_date": "9999-12-31"}, "posting_date is 9999-12-31, and no pay is of that year"),
        ("approve", {"posting_date": "0001-01-01"}, "expected a date from 1990 to 2099"),
        ("approve", {"minimum_workers": "9" * 5000}, "expected a whole number"),
    ],
)
def test_what_cannot_be_read_is_refused(mode: str, options: dict[str, str], text: str) -> None:
    """When it is set, not when a pay run is due."""
    with pytest.raises(PolicyError) as error:
        read_policy(mode, STARTS, {**OPTIONS, **options})
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"text": "Pay {pay_date:DD.MM.YYYY}"}, "{pay_date:DD.MM.YYYY}, which shows 'DD.MM.YYYY' for every"),
        ({"text": "Pay {pay_date:yyyymmdd}"}, "write {pay_date}, or a date such as {pay_date:%d.%m.%Y}"),
        ({"text": "Pay {pay_date:%d.MM.YYYY}"}, "text holds {pay_date:%d.MM.YYYY}"),
        ({"text": "Pay {run:.0}"}, "text holds {run:.0}, which shows '' for every pay run: write {run}"),
        ({"posting_date": "20260630"}, "posting_date is '20260630', expected period_end, pay_date or a date"),
        ({"posting_date": "2026-W27-1"}, "posting_date is '2026-W27-1', expected"),
        ({"axes": "cost_center;project"}, "axes is 'cost_center;project', which holds a semicolon; expected"),
        (
            {"detail_groups": "expense,Tax"},
            "detail_groups names 'Tax', which no rule of the mapping has as its group; there are",
        ),
    ],
)
def test_what_an_earlier_release_stored_is_refused_when_it_is_set(options: dict[str, str], text: str) -> None:
    """A text that shows nothing of a value, a date in another form, a group that no rule has."""
    assert read_policy("approve", STARTS, {**OPTIONS, **options})
    with pytest.raises(PolicyError) as error:
        check_new({**OPTIONS, **options}, ["expense", "tax"])
    assert text in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        *("Payroll {subject}", "{pay_date:%d.%m.%Y}", "{period_end:%B %Y}", "{run:>12}", "{subject:.10}"),
        *("{pay_date!s:.7}", "{{braces}} {run!r}", "Pay {pay_date:week %V of %G}", "Payroll", "{pay_date}"),
    ],
)
def test_a_text_may_say_how_its_values_are_shown(text: str) -> None:
    """Dates as `strftime` writes them; parts of a text."""
    assert text == read_policy("approve", STARTS, {**OPTIONS, "text": text}).text
    check_new({**OPTIONS, "text": text, "detail_groups": "expense, tax"}, ["expense", "tax", "net"])


@pytest.mark.parametrize("rates", ["USD=1.0842, USD=1.8042", "USD=1.0842,EUR=1,USD=1.0842"])
def test_a_rate_that_is_given_twice_is_refused(rates: str) -> None:
    """Also where both say the same; the last one counted without a word."""
    with pytest.raises(PolicyError, match=r"USD twice: 1\.0842 and 1\.") as error:
        read_rates(PayrollInput(rates=rates, rate_source="ECB"))
    assert "Give one rate for each currency" in str(error.value)


def test_journals_are_those_of_their_legal_entity() -> None:
    """One name for all, or each its own."""
    one = read_policy("approve", date(2026, 1, 1), OPTIONS)
    each = read_policy("approve", date(2026, 1, 1), {**OPTIONS, "journal": "20=91, 10=90"})

    assert ({"10": "90", "20": "90"}, {"10": "90", "20": "91"}) == (one.journals, each.journals)
