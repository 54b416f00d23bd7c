"""Makes the schedule of a failing world as short as it goes, and the world as small.

What is left still shows a violation with the same code. Steps go first, in halves and smaller, then numbers
become small ones and the world loses what it does not need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from moving_world.driver import Step
from moving_world.shape import EXACT, Flow, Shape

Case = tuple[Shape, tuple[Step, ...]]
Shows = Callable[[Shape, Sequence[Step]], bool]
"""Whether a world with this shape and schedule still shows the violation."""


def shrink(shape: Shape, steps: Sequence[Step], shows: Shows, tries_max: int = 400) -> Case:
    """The smallest case that was found within so many tries."""
    best: Case = (shape, tuple(steps))
    tries = 0
    improved = True
    while improved:
        improved = False
        for candidate in _smaller(*best):
            tries += 1
            if tries > tries_max:
                return best
            if shows(*candidate):
                best, improved = candidate, True
                break
    return best


def _smaller(shape: Shape, steps: tuple[Step, ...]) -> Iterator[Case]:
    """Simpler cases, the most promising first."""
    size = len(steps)
    length = size // 2
    while length:
        for start in range(0, size - length + 1, length):
            yield shape, steps[:start] + steps[start + length :]
        length //= 2
    for smaller in _shapes(shape):
        yield smaller, steps
    for place, step in enumerate(steps):
        for simpler in _steps(step):
            yield shape, (*steps[:place], simpler, *steps[place + 1 :])


def _steps(step: Step) -> Iterator[Step]:
    """The same step with smaller numbers; a pass that is cut short becomes a rest."""
    name, *numbers = step
    if name == "go":
        yield ("rest",)
    for place, number in enumerate(numbers):
        for smaller in (0, 1, 2, 3, number // 10):
            if smaller < number:
                yield (name, *numbers[:place], smaller, *numbers[place + 1 :])


def _shapes(shape: Shape) -> Iterator[Shape]:
    """Worlds with less in them."""
    if shape.opening != "nothing":
        yield replace(shape, opening="nothing")
    for place in range(len(shape.flows) - (len(shape.flows) == 1)):
        flows = shape.flows[:place] + shape.flows[place + 1 :]
        sources = {flow.source for flow in flows}
        companies = {name: codes for name, codes in shape.companies.items() if name in sources}
        yield replace(shape, flows=flows, companies=companies)
    for name, codes in shape.companies.items():
        if len(codes) > 1:
            yield _without(shape, name, codes[-1])
    plain = replace(shape, lag_seconds=0, keeps_marker=True, liars=False, hostile=False, block_rows=100)
    plain = replace(plain, upgraded=False)
    for field in ("upgraded", "liars", "hostile", "lag_seconds", "keeps_marker", "block_rows"):
        if getattr(shape, field) != getattr(plain, field):
            yield replace(shape, **{field: getattr(plain, field)})
    if shape.vendors != EXACT:
        yield replace(shape, vendors={**EXACT})
    for place, flow in enumerate(shape.flows):
        if flow.mode != "approve":
            changed = replace(flow, mode="approve")
            yield replace(shape, flows=(*shape.flows[:place], changed, *shape.flows[place + 1 :]))


def _without(shape: Shape, name: str, company: str) -> Shape:
    companies = {
        known: tuple(code for code in codes if code != company) for known, codes in shape.companies.items()
    }
    flows = tuple(_less(flow, company) if flow.source == name else flow for flow in shape.flows)
    return replace(shape, companies=companies, flows=flows)


def _less(flow: Flow, company: str) -> Flow:
    return replace(flow, entities={code: entity for code, entity in flow.entities.items() if code != company})
