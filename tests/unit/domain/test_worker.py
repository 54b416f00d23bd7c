"""On which days a worker is employed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ml_connector.domain import codec
from ml_connector.domain.dimension import Dimension, Dimensions
from ml_connector.domain.worker import Employment, EmploymentState, Placement, Worker, employed


def employment(start: str, end: str = "", company: str = "A", **more: Any) -> Employment:
    day = date.fromisoformat
    return Employment(company=company, start=day(start), end=day(end) if end else None, **more)


@pytest.mark.parametrize(
    ("start", "end", "day", "is_employed"),
    [
        ("2026-04-30", "", "2026-04-29", False),
        ("2026-04-30", "", "2026-04-30", True),
        ("2026-04-30", "2026-04-30", "2026-04-30", True),
        ("2026-04-30", "2026-04-30", "2026-05-01", False),
        ("2026-01-01", "2026-04-29", "2026-04-30", False),
    ],
)
def test_both_days_count(start: str, end: str, day: str, is_employed: bool) -> None:
    assert is_employed is employment(start, end).on(date.fromisoformat(day))


@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_employments_has_no_meaning(turned: bool) -> None:
    ended, again = employment("2024-01-01", "2024-12-31"), employment("2026-03-01")
    both = (again, ended) if turned else (ended, again)

    assert again == employed(both, date(2026, 3, 1))
    assert ended == employed(both, date(2024, 6, 1))
    assert employed(both, date(2025, 6, 1)) is None


def test_membership_is_of_a_person_in_a_company() -> None:
    ends, stays = employment("2026-01-01", "2026-06-30"), employment("2026-01-01", company="B")
    worker = Worker(key="E1", number="1", name="Moss", employments=(ends, stays))

    assert (ends,) == worker.in_company("A")
    assert (stays,) == worker.in_company("B")
    assert employed(worker.in_company("A"), date(2026, 7, 1)) is None


def on(code: str) -> Dimensions:
    return (Dimension("department", code),)


ROWS = (
    Placement(since=date(2026, 1, 1), codes=on("100"), letter="A"),
    Placement(since=date(2026, 9, 1), codes=on("200"), letter="L", state=EmploymentState.LEAVE, kind="CON"),
    Placement(since=date(2026, 10, 1), codes=on("300"), letter="A"),
)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2025-12-31", "NOW"),
        ("2026-01-01", "100"),
        ("2026-08-31", "100"),
        ("2026-09-01", "200"),
        ("2027-01-01", "300"),
    ],
)
def test_the_place_on_a_day_is_of_the_row_in_force(day: str, code: str, turned: bool) -> None:
    """Never of the newest; what is now, before the first one that is known."""
    rows = ROWS[::-1] if turned else ROWS
    found = employment("2020-01-01", codes=on("NOW"), placements=rows)

    assert on(code) == found.codes_on(date.fromisoformat(day))
    assert on("NOW") == employment("2020-01-01", codes=on("NOW")).codes_on(date.fromisoformat(day))


@pytest.mark.parametrize(
    ("last", "day", "code"),
    [
        ("2026-08-20", "2026-08-31", "100"),
        ("2026-08-31", "2026-09-01", "200"),
        ("2026-09-01", "2026-09-30", "100"),
        ("2026-08-31", "2026-12-01", "300"),
    ],
)
def test_what_took_effect_since_it_was_seen_holds(last: str, day: str, code: str) -> None:
    """What was so when it was seen is not doubted."""
    seen = employment("2020-01-01", codes=on("100"), letter="A", placements=ROWS)
    found = seen.as_of(date.fromisoformat(last), date.fromisoformat(day))

    assert on(code) == found.codes
    assert replace(seen, codes=found.codes, letter=found.letter, state=found.state, kind=found.kind) == found
    assert ("CON", "L", EmploymentState.LEAVE) == (found.kind, found.letter, found.state) or code != "200"


def test_a_worker_that_was_stored_before_places_were_dated_is_read() -> None:
    held = Worker(key="E1", number="1", name="Moss", employments=(employment("2026-01-01", codes=on("100")),))
    text = codec.encode(held).replace(',"placements":[]', "")

    assert "placements" not in text
    assert held == codec.decode(text)
    dated = replace(held, employments=(employment("2026-01-01", placements=ROWS),))
    assert dated == codec.decode(codec.encode(dated))
