"""The vendors of a world: its payrolls and ledgers, and where they are reached."""

from __future__ import annotations

from collections.abc import Mapping

from moving_world.clock import TrueClock
from moving_world.ledgers.dynamics_fo import DynamicsLedger
from moving_world.ledgers.exact_online import ExactLedger
from moving_world.ledgers.ledger import Ledger
from moving_world.ledgers.visma_net import VismaLedger
from moving_world.payroll import Company, Payroll
from moving_world.shape import COMPANIES, ENTITIES, Shape
from moving_world.wire import Wire

PORTS = {"pay-a": 9001, "pay-b": 9002, "books": 9101, "books-2": 9102}
SEEDS = {"pay-a": 1, "pay-b": 2, "pay-f": 3, "books": 4, "books-2": 5}


def payrolls_of(clock: TrueClock, shape: Shape | None) -> dict[str, Payroll]:
    """The payrolls of a shape; for the template (no shape) all there may be."""
    companies: Mapping[str, tuple[str, ...]] = COMPANIES if shape is None else shape.companies
    return {
        name: Payroll(
            name,
            [Company(code, f"D{code}") for code in codes],
            clock,
            SEEDS[name],
            shape.block_rows if shape else 100,
        )
        for name, codes in companies.items()
    }


def ledgers_of(clock: TrueClock, shape: Shape) -> dict[str, Ledger]:
    """The ledgers that the flows of a shape lead to."""
    return {
        name: ledger_of(name, clock, shape) for name in dict.fromkeys(flow.target for flow in shape.flows)
    }


def ledger_of(name: str, clock: TrueClock, shape: Shape) -> Ledger:
    """One ledger, of the vendor that the shape has behind it."""
    centers = [f"D{code}" for codes in COMPANIES.values() for code in codes]
    facts = (name, ENTITIES, centers, clock, SEEDS[name])
    match shape.vendors[name]:
        case "dynamics_fo":
            return DynamicsLedger(*facts)
        case "visma_net":
            lag = shape.lag_seconds
            return VismaLedger(*facts, lag_seconds=lag, reversals_keep_texts=shape.keeps_marker)
    return ExactLedger(*facts, lag_seconds=shape.lag_seconds, keeps_marker=shape.keeps_marker)


def connect(wire: Wire, payrolls: Mapping[str, Payroll], ledgers: Mapping[str, Ledger]) -> None:
    """Put each where the product will look for it; a payroll that delivers files is nowhere."""
    for name, payroll in payrolls.items():
        if name in PORTS:
            wire.connect(PORTS[name], payroll)
    for name, books in ledgers.items():
        wire.connect(PORTS[name], books)
