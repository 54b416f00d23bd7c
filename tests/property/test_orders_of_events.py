"""Whatever order a payroll's changes are heard of in, and however often, the members of the ledger come to be
what payroll says on the day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flows.test_workers import Members, employment

from ml_connector.domain.worker import Worker
from ml_connector.flows.flow import Mode

COMPANIES = {"US1": "10", "US2": "20"}
FIRST = date(2026, 7, 15)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["hire", "leave", "rehire", "rename", "move", "withdraw"]),
        st.integers(0, 3),
        st.integers(-40, 12),
    ),
    min_size=1,
    max_size=14,
)
"""What happens, to whom, and how many days from the first day it takes effect."""


def happened(held: dict[str, Worker], what: str, who: int, day: date) -> str:
    """Let it happen at the source; the key of the worker. What cannot be does not happen."""
    key = f"E{who}"
    known = held.get(key)
    if known is None:
        if what == "hire":
            held[key] = Worker(key=key, number=f"{who:02}", name="Moss", employments=(employment(str(day)),))
        return key
    *before, last = known.employments
    if what == "rename":
        held[key] = replace(known, name=f"Reed {day.day}")
    elif what == "leave" and last.end is None and day >= last.start:
        held[key] = replace(known, employments=(*before, replace(last, end=day)))
    elif what == "withdraw" and last.end is not None:
        held[key] = replace(known, employments=(*before, replace(last, end=None)))
    elif what == "rehire" and last.end is not None and day > last.end:
        held[key] = replace(known, employments=(*known.employments, replace(last, start=day, end=None)))
    elif what == "move" and last.end is None and day > last.start:
        other = next(company for company in COMPANIES if company != last.company)
        old = replace(last, end=day - timedelta(days=1))
        held[key] = replace(
            known, employments=(*before, old, replace(last, company=other, start=day, end=None))
        )
    return key


def employed(held: dict[str, Worker], day: date) -> dict[str, str]:
    """Who has to be open on the day, by key of the member, and under which name."""
    found = {}
    for worker in held.values():
        for one in worker.employments:
            if one.start <= day and (one.end is None or day <= one.end):
                found[f"{COMPANIES[one.company]}/cost_unit/{worker.number}"] = worker.name
    return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS, st.randoms(use_true_random=False), st.integers(0, 20))
def test_the_order_in_which_changes_are_heard_of_has_no_meaning(events: Any, chance: Any, later: int) -> None:
    world = Members(mode=Mode.AUTOMATIC)
    world.done()
    heard: list[str] = []
    for what, who, days in events:
        heard.append(happened(world.people.held, what, who, FIRST + timedelta(days=days)))
        if chance.random() < 0.3:
            tell(world, heard, chance)
    tell(world, heard, chance)
    day = FIRST + timedelta(days=later)
    world.move(f"{day}T16:00")
    world.done()

    rows = world.ledger_rows.rows
    assert employed(world.people.held, day) == {key: row.title for key, row in rows.items() if row.open}
    assert len(rows) == len({(row.entity, row.code) for row in rows.values()})
    before = len(world.ledger_rows.puts)
    world.done()
    assert before == len(world.ledger_rows.puts)


def tell(world: Members, heard: list[str], chance: Any) -> None:
    """Of everything heard so far, in any order, each up to three times; then a pass."""
    told = [key for key in heard for _ in range(chance.randint(1, 3))]
    chance.shuffle(told)
    world.people.noted.extend(told)
    world.done()
