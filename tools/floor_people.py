"""The fewest calls that a pass of workers can take, by what the vendors publish of their interfaces. Nothing
here is taken from what our clients ask. Calls for tokens are left out.

    payroll      at first both lists of everybody, by pages of 10,000, and the job history of what is to come,
                 because nothing is told on the day on which something entered earlier takes effect; later the
                 changes, by pages of 200, whose rows are whole, and the job history of whom they name, which
                 alone shows what is entered for later
    Exact        for each division: its members, 60 to a page; one write for each change; behind them what
                 was written, 60 to a page; and once more before, because no row has a version to guard it
    Dynamics     the dimensions, their delimiter, the members, 10,000 to a page; a batch for 100 changes;
                 behind them what was written. Each row has a version, so that nothing is read before. A
                 tenant was seen to take batches of 200; Microsoft states no number, and 100 is what is safe
    Visma.net    for each company: which one it is, and the segment, which has all its members; where
                 something changes a write for each 10,000 values, guarded by the segment's version, which
                 the write before answered; and the segment again. Visma states no number of values. Its
                 gateway cuts a call off after four minutes, and then nobody knows what became of it: 10,000
                 leave 24 ms for each

What else is kept is made of what was read of payroll for members, and of one list of its org levels.

    Exact         for each division employees and their employments, 60 to a page; one write for each person
      employees   with a change, and another for one who is new, an employee and an employment; behind them
                  both of what was written, 60 to a page; and once more before, where there was something
    Dynamics      the format for default dimensions, its delimiter, the employments, 10,000 to a page; a batch
      assignments for 100 changes; behind them what was written. The ledger itself refuses a code
    Visma.net     for each company the list of employees, 1,000 to a page; one write for each change, guarded
      employees   by the version; the list again where something changed
      departments the same, with all of them in one page

For n workers of one legal entity that has no member yet, that is

    payroll      2⌈n/10,000⌉ + 1
    Exact        n + 2⌈n/60⌉ + 1
    Dynamics     ⌈n/100⌉ + ⌈n/10,000⌉ + 3
    Visma.net    ⌈n/10,000⌉ + 3
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from ml_connector_sandbox.judges.people import Looked

PEOPLE_PAGE, CHANGES_PAGE = 10_000, 200
EXACT_PAGE, DYNAMICS_PAGE, DYNAMICS_BATCH, VISMA_WRITE = 60, 10_000, 100, 10_000
VISMA_PAGE = 1_000


def payroll_calls(people: int, looks: int) -> int:
    """Of the payroll for so many people over so many passes, of which no later one has more than 200 rows."""
    return 2 * _pages(people, PEOPLE_PAGE) + 1 + 2 * (looks - 1)


def _exact(looked: Looked, entities: Sequence[str]) -> int:
    listed = sum(_pages(looked.there[entity], EXACT_PAGE) for entity in entities)
    return listed + sum(n + 2 * math.ceil(n / EXACT_PAGE) for n in looked.changes.values())


def _dynamics(looked: Looked, _: Sequence[str]) -> int:
    changes = looked.changes.total()
    written = math.ceil(changes / DYNAMICS_BATCH) + math.ceil(changes / DYNAMICS_PAGE)
    return 2 + _pages(looked.there.total(), DYNAMICS_PAGE) + written


def _visma(looked: Looked, entities: Sequence[str]) -> int:
    written = sum(math.ceil(n / VISMA_WRITE) + 1 for n in looked.changes.values() if n)
    return 2 * len(entities) + written


def _exact_employees(looked: Looked, entities: Sequence[str]) -> int:
    listed = sum(
        _pages(looked.people[entity], EXACT_PAGE) + _pages(looked.there[entity], EXACT_PAGE)
        for entity in entities
    )
    written = looked.changed_people.total() + looked.newcomers.total()
    read = sum(
        2 * (math.ceil((n - looked.newcomers[entity]) / EXACT_PAGE) + math.ceil(n / EXACT_PAGE))
        for entity, n in looked.changed_people.items()
    )
    return listed + written + read


def _visma_employees(looked: Looked, entities: Sequence[str]) -> int:
    listed = sum(_pages(looked.there[entity], VISMA_PAGE) for entity in entities)
    again = sum(_pages(looked.there[entity], VISMA_PAGE) for entity, n in looked.changes.items() if n)
    return listed + looked.changes.total() + again


def _visma_departments(looked: Looked, entities: Sequence[str]) -> int:
    return 1 + len(entities) + looked.changes.total() + len(+looked.changes)


def _pages(rows: int, page: int) -> int:
    return max(math.ceil(rows / page), 1)


MEMBER_CALLS: Mapping[str, Callable[[Looked, Sequence[str]], int]] = {
    "exact_online": _exact,
    "dynamics_fo": _dynamics,
    "visma_net": _visma,
}
"""Of the ledger for one pass, by ledger."""
KEPT_CALLS: Mapping[tuple[str, str], Callable[[Looked, Sequence[str]], int]] = {
    ("exact_online", "employees"): _exact_employees,
    ("dynamics_fo", "assignments"): _dynamics,
    ("visma_net", "employees"): _visma_employees,
    ("visma_net", "departments"): _visma_departments,
}
"""Of one pass of what else is kept, by ledger and name."""
