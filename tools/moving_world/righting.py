"""What sensible people do about a pay that is not as it should be, and what stands of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from ml_connector_sandbox.judges.moving import Violation
from moving_world import operators
from moving_world.adapter import Desk
from moving_world.ledger_people import hand_made, take_away
from moving_world.ledgers.ledger import Document
from moving_world.shape import Flow
from moving_world.truth import CLOSED, DONE, ENDED, Pay, Run, flow_name
from moving_world.world import World

Tries = Counter[tuple[str, str]]
"""How often something was tried, by the run or the pay that it was tried for."""


def right_pays(world: World, tries: Tries) -> None:
    """A pay is not as it should be, and no run of it waits for anybody."""
    for pay, flow in sent(world):
        if as_it_should_be(world, pay, flow):
            continue
        runs = [run for run in world.runs.values() if run.pay is pay and of_flow(run, flow)]
        if any(run.state not in ENDED for run in runs):
            continue
        known = world.product.known_documents(flow.target) if pay.right is not None else ()
        for document in hand_made(world, flow.target, pay):
            if document.key not in known:
                delete_hand_made(world, flow, document)
        if pay.right is None:
            _delete_named(world, pay, flow)
            if world.counts["restored"]:
                delete_forgotten(world, pay, flow, "of a pay that is undone")
        done = [run for run in reversed(runs) if run.state in (DONE, CLOSED) and not run.view.dry]
        tried = tries["pay", f"{pay.number} {flow_name(flow)}"]
        tries["pay", f"{pay.number} {flow_name(flow)}"] += 1
        _one_more_way(world, pay, flow, done, tried)


def _one_more_way(world: World, pay: Pay, flow: Flow, done: list[Run], tried: int) -> None:
    ways: list[tuple[str, Callable[[Desk], object]]] = []
    if pay.right is not None:
        text = f"run payroll {flow_name(flow)} for pay {pay.number}"
        ways.append((text, partial(_start, world, pay=pay, flow=flow)))
    for run in done:
        if run.calculation is not None:
            ways.append((f"runs reverse {run.name}", partial(Desk.reverse, run=run.id)))
            everything = partial(Desk.reverse, run=run.id, everything=True)
            ways.append((f"runs reverse {run.name} --all", everything))
    if ways:
        text, work = ways[tried % len(ways)]
        world.command(operators.ANNA, text, work)


def _start(world: World, desk: Desk, *, pay: Pay, flow: Flow) -> None:
    """What `run payroll` takes up of the pay; by its reference, once it was booked or tried before."""
    ours = [
        reference
        for (name, reference), (known, number, whole) in world.references.items()
        if name == flow.source and known is pay and number == pay.right and {*whole} == {*pay.colours}
    ]
    tried = {run.view.reference for run in world.runs.values() if of_flow(run, flow) and run.judged}
    listed = desk.new_pay_runs(flow.source, flow.target)
    for reference in ours[-1:]:
        if reference in listed or reference in tried:
            desk.start(flow.source, flow.target, reference)
            continue
        looks = [run for run in world.runs.values() if of_flow(run, flow) and run.view.reference == reference]
        why = (
            ", ".join(f"{run.name} was {'dry' if run.view.dry else run.state}" for run in looks)
            or "never run"
        )
        text = f"pay {pay.number} is not booked in {flow.target}, and `run payroll` does not list it: {why}"
        world.blame(Violation("hidden", text))


# --- documents ----------------------------------------------------------------------------------------------


def delete_hand_made(world: World, flow: Flow, document: Document) -> None:
    """Ledger people take away what one of them booked for a pay."""
    take_away(world, world.ledgers[flow.target], document, "which was booked by hand")


def delete_forgotten(world: World, pay: Pay, flow: Flow, why: str) -> None:
    """The product booked the pay, and was restored to a time at which it had not: no run speaks of the
    document. Whoever compares payroll with the ledger sees it, and deletes it.
    """
    books, known = world.ledgers[flow.target], world.product.known_documents(flow.target)
    for entity in set(flow.entities.values()):
        for document in books.documents(entity):
            if document.key not in known and world.carries(document, pay):
                take_away(world, books, document, why)


def _delete_named(world: World, pay: Pay, flow: Flow) -> None:
    """Somebody named a document of the product that people had edited, and payroll has undone the pay: no run
    takes it back, and ledger people do.
    """
    books = world.ledgers[flow.target]
    for entity in set(flow.entities.values()):
        for document in books.documents(entity):
            if world.papers.was_named(books.name, document.key) and world.carries(document, pay):
                take_away(world, books, document, "which was named for a pay that is undone")


# --- what stands --------------------------------------------------------------------------------------------


def balances(world: World, pay: Pay, flow: Flow) -> list[tuple[str, int]]:
    """How many parts of the pay stand, by company."""
    return [
        (company, world.judge.parts(flow.target, flow.entities[company], colour))
        for company, colour in sorted(pay.colours.items())
    ]


def as_it_should_be(world: World, pay: Pay, flow: Flow) -> bool:
    """Whether the ledger holds of the pay what payroll paid."""
    return all(balance == pay.parts(company) for company, balance in balances(world, pay, flow))


def sent(world: World) -> list[tuple[Pay, Flow]]:
    """Pays with the flows that they were sent by."""
    return [
        (world.pays[number - 1], flow)
        for number, source, target in sorted(world.wanted)
        for flow in world.flows
        if (flow.source, flow.target) == (source, target)
    ]


def of_flow(run: Run, flow: Flow) -> bool:
    """Whether the run is of that flow."""
    return (run.view.source, run.view.target) == (flow.source, flow.target)
