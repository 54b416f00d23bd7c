"""The vendors of a world: its payrolls and ledgers, and where they are reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moving_world.clock import TrueClock
from moving_world.ledgers.exact_online import Books
from moving_world.payroll import Company, Payroll
from moving_world.shape import COMPANIES, ENTITIES, LEDGERS, Shape
from moving_world.wire import Wire

PORTS = {"pay-a": 9001, "pay-b": 9002, "books": 9101, "books-2": 9102}
SEEDS = {"pay-a": 1, "pay-b": 2, "pay-f": 3, "books": 4, "books-2": 5}


def places(clock: TrueClock, shape: Shape | None) -> tuple[dict[str, Payroll], dict[str, Books]]:
    """The payrolls and the ledgers of a shape; for the template (no shape) all there may be."""
    companies: Mapping[str, tuple[str, ...]] = COMPANIES if shape is None else shape.companies
    payrolls = {
        name: Payroll(
            name,
            [Company(code, f"D{code}") for code in codes],
            clock,
            SEEDS[name],
            shape.block_rows if shape else 100,
        )
        for name, codes in companies.items()
    }
    centers = [f"D{code}" for codes in COMPANIES.values() for code in codes]
    ledgers = {}
    for name in LEDGERS if shape is None else dict.fromkeys(flow.target for flow in shape.flows):
        switches: dict[str, Any] = {}
        if shape is not None:
            switches = {
                "visibility_lag_seconds": shape.lag_seconds,
                "ignores_our_ref": not shape.keeps_marker,
            }
        ledgers[name] = Books(name, ENTITIES, centers, clock, SEEDS[name], **switches)
    return payrolls, ledgers


def connect(wire: Wire, payrolls: Mapping[str, Payroll], ledgers: Mapping[str, Books]) -> None:
    """Put each where the product will look for it; a payroll that delivers files is nowhere."""
    for name, payroll in payrolls.items():
        if name in PORTS:
            wire.connect(PORTS[name], payroll)
    for name, books in ledgers.items():
        wire.connect(PORTS[name], books)
