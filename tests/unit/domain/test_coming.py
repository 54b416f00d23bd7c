"""What is entered of a worker for a later day."""

from __future__ import annotations

from datetime import date
from typing import Any

from ml_connector.domain.coming import Coming, Step, coming
from ml_connector.domain.dimension import Dimension
from ml_connector.domain.worker import Employment, Placement, Worker

NOW = date(2026, 5, 4)


def on(day: str) -> date:
    return date.fromisoformat(day)


def employment(start: str, end: str = "", company: str = "A", **more: Any) -> Employment:
    return Employment(company=company, start=on(start), end=on(end) if end else None, **more)


def place(since: str, code: str) -> Placement:
    return Placement(since=on(since), codes=(Dimension("department", code),))


def steps(*employments: Employment, day: date = NOW) -> list[tuple[str, str, str]]:
    worker = Worker(key="E1", number="1", name="Moss", employments=employments)
    return [(str(one.day), one.company, one.step) for one in coming(worker, day)]


def test_an_end_is_to_come_until_its_day_is_over() -> None:
    ends = employment("2025-01-01", "2026-05-31")

    assert [("2026-05-31", "A", "leaving")] == steps(ends)
    assert [("2026-05-31", "A", "leaving")] == steps(ends, day=on("2026-05-31"))
    assert [] == steps(ends, day=on("2026-06-01"))
    assert [] == steps(employment("2025-01-01"))


def test_a_beginning_is_to_come_until_its_day() -> None:
    begins = employment("2026-07-01")

    assert [("2026-07-01", "A", "hire")] == steps(begins, day=on("2026-06-30"))
    assert [] == steps(begins, day=on("2026-07-01"))


def test_a_return_and_a_move_to_another_company_are_told_apart() -> None:
    ends, back = employment("2025-01-01", "2026-05-31", moved=True), employment("2026-08-01")
    other = employment("2026-06-01", company="B")

    expected = [
        ("2026-05-31", "A", "transfer out"),
        ("2026-08-01", "A", "rehire"),
        ("2026-06-01", "B", "hire"),
    ]
    assert expected == steps(ends, back, other)


def test_places_to_come_are_those_that_change_something_while_employed() -> None:
    """With the codes that change; a place of before, and one after the end, are none."""
    placements = (place("2026-01-01", "X"), place("2026-06-01", "X"), place("2026-07-01", "Y"))
    one = employment("2025-01-01", "2026-12-31", placements=(*placements, place("2027-01-01", "Z")))
    worker = Worker(key="E1", number="1", name="Moss", employments=(one,))

    moved = Coming(day=on("2026-07-01"), company="A", step=Step.MOVE, placed=(Dimension("department", "Y"),))
    ends = Coming(day=on("2026-12-31"), company="A", step=Step.LEAVING)
    assert (moved, ends) == coming(worker, NOW)
    assert (ends,) == coming(worker, on("2026-07-01"))
