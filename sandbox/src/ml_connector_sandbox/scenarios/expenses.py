"""The Dutch trading company with a Belgian sister again: what its people spent, approved in Findity, and the
books of two divisions of Exact Online, where every employee is a supplier.

    organization Noordkade Handel B.V.  ──►  division 3010        accounts, VAT codes and dimensions have the
                 Noordkade Belgium BV   ──►  division 3020        same codes on both sides
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_connector_sandbox.scenarios import procurement
from ml_connector_sandbox.scenarios.trading_company import *  # noqa: F403 - a scenario is another one with some values changed
from ml_connector_sandbox.systems.findity import register as noordkade

TITLE = "Noordkade"
ENTITY_OF = {noordkade.HOLLAND: "3010", noordkade.BELGIUM: "3020"}
"""Organization → division."""
JOURNAL = "91"
"""A general journal with VAT, for expenses."""
_ACCOUNTS = (
    ("4330", "Meals", 120, False),
    ("4340", "Mileage", 120, False),
    ("4350", "Per diem", 120, False),
    (noordkade.CARD, "Company cards", 90, True),
)


def expenses_findity(_register: Path | str | None = None, _seed: int = 1) -> dict[str, Any]:
    """What Findity holds, as plain data."""
    return noordkade.company()


def ledger_exact_online(_register: Path | str | None = None, _seed: int = 1) -> dict[str, Any]:  # type: ignore[no-redef]
    """The two divisions: nothing is booked, and the people are suppliers."""
    held = procurement.ledger_exact_online()
    more = [
        {
            "code": code,
            "description": name,
            "type": kind,
            "blocked": False,
            "use_cost_center": 0,
            "use_cost_unit": 0,
            "balance_sheet": balance,
        }
        for code, name, kind, balance in _ACCOUNTS
    ]
    journal = {"code": JOURNAL, "description": "Expenses", "type": 90, "currency": "EUR", "allow_vat": True}
    return {
        **held,
        "accounts": sorted((*held["accounts"], *more), key=lambda row: str(row["code"])),
        "journals": [*held["journals"], journal],
        "suppliers": [
            {"code": creditor, "name": name, "country": "NL"}
            for name, _, creditor, _ in noordkade.EMPLOYEES
            if creditor is not None
        ],
    }
