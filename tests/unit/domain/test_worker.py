"""On which days a worker is employed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ml_connector.domain.worker import Employment, Worker, employed


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
