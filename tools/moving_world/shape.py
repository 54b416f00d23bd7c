"""What a world is made of before anything happens in it, drawn from its seed; plain data, so that it can be
shown.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

MODES = ("approve", "approve", "automatic", "propose")
ENTITIES = ("1204", "1205")
LEDGERS = ("books", "books-2")
VENDORS = ("exact_online", "dynamics_fo", "visma_net", "exact_online")
"""Shapes take turns at these as the vendor of their first ledger; that of the second is drawn."""
EXACT = dict.fromkeys(LEDGERS, VENDORS[0])
COMPANIES = {"pay-a": ("A1", "A2", "A3"), "pay-b": ("B1", "B2"), "pay-f": ("F1", "F2")}
"""Payrolls with the companies they may pay; the last delivers files."""
FILES = "pay-f"
OPENINGS = {
    "one is begun": 10,
    "one waits": 10,
    "two wait": 34,
    "two are approved": 14,
    "one is booked": 14,
    "one has failed": 5,
    "one has failed and one is late": 5,
    "one is late": 13,
    "one is restored": 10,
}
"""How often a world begins in which way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Payroll of one tenant into one ledger: whose pay goes into which legal entity."""

    source: str
    target: str
    mode: str
    entities: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The world at its beginning. `opening` is how it begins: see `driver`; `vendors` is who stands behind
    each ledger.
    """

    companies: dict[str, tuple[str, ...]]
    flows: tuple[Flow, ...]
    block_rows: int
    lag_seconds: int
    keeps_marker: bool
    opening: str
    liars: bool
    hostile: bool
    upgraded: bool = False
    """Whether the database is one of release 0.1.0 that was upgraded."""
    vendors: dict[str, str] = field(default_factory=lambda: {**EXACT})

    def as_json(self) -> dict[str, Any]:
        """The shape as plain data."""
        return asdict(self)


def shape_of(data: dict[str, Any]) -> Shape:
    """A shape from plain data."""
    flows = tuple(Flow(**flow) for flow in data["flows"])
    companies = {name: tuple(codes) for name, codes in data["companies"].items()}
    return Shape(**{**data, "flows": flows, "companies": companies})


def draw(dice: Random, turn: int) -> Shape:
    """A shape by lot, but for the vendor of the first ledger."""
    payrolls = dice.choices(
        [("pay-a",), ("pay-a", "pay-b"), ("pay-f",), ("pay-a", "pay-f"), ("pay-a", "pay-b", "pay-f")],
        [50, 14, 18, 10, 8],
    )[0]
    companies = {name: COMPANIES[name][: dice.choices([1, 2, 3], [50, 35, 15])[0]] for name in payrolls}
    ledgers = LEDGERS if dice.random() < 0.35 else LEDGERS[:1]
    flows = []
    for name in payrolls:
        entities = _entities(dice, companies[name])
        for ledger in ledgers if dice.random() < 0.8 else dice.sample(ledgers, 1):
            flows.append(Flow(source=name, target=ledger, mode=dice.choice(MODES), entities=entities))
    opening = dice.choices(tuple(OPENINGS), tuple(OPENINGS.values()))[0]
    if len(set(flows[0].entities.values())) > 1 and dice.random() < 0.7:
        opening = dice.choice(("one is closed", "one is closed and one is late"))
        flows[0] = replace(flows[0], mode="approve")
    return Shape(
        companies=companies,
        flows=tuple(flows),
        block_rows=dice.choice((3, 5, 100)),
        lag_seconds=dice.choice((0, 0, 0, 40)),
        keeps_marker=dice.random() < 0.93,
        opening=opening,
        liars=dice.random() < 0.15,
        hostile=dice.random() < 0.3,
        upgraded=dice.random() < 0.12,
        vendors=dict(zip(LEDGERS, (VENDORS[turn % len(VENDORS)], dice.choice(VENDORS)), strict=True)),
    )


def _entities(dice: Random, companies: tuple[str, ...]) -> dict[str, str]:
    """Each company in one of the legal entities; often two share one."""
    if dice.random() < 0.35:
        entity = dice.choice(ENTITIES)
        return dict.fromkeys(companies, entity)
    return {company: ENTITIES[(place + dice.randrange(2)) % 2] for place, company in enumerate(companies)}
