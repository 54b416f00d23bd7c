"""What the flow of payments is told by its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ml_connector.flows.flow import Mode, Option, PolicyError
from ml_connector.flows.given_settings import mode_of, pairs_of, refuse_unknown

ROUNDING_MAX = 5

OPTIONS = (
    Option(
        name="entities",
        help="Legal entity of the invoices=of the ledger, required; pairs separated by commas; * for others",
    ),
    Option(
        name="rounding",
        help="How many cents a payment may differ from what is left of an invoice, which is paid then (1)",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsInput:
    """Nothing is given to a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsPolicy:
    """`entities` is legal entity of the invoices → of the ledger, with `*` for every other; `rounding` is in
    minor units of the currency.
    """

    mode: Mode
    journals: Mapping[str, str]
    entities: Mapping[str, str]
    rounding: int

    def entity_of(self, company: str) -> str:
        """The legal entity of the ledger; empty for none."""
        return self.entities.get(company) or self.entities.get("*", "")


def read_policy(mode: str, _: date, options: Mapping[str, str]) -> PaymentsPolicy:
    """The policy. Raises `PolicyError` naming the option, its value and what it may be."""
    refuse_unknown(options, OPTIONS)
    rounding = options.get("rounding", "1").strip()
    if not (rounding.isascii() and rounding.isdecimal() and int(rounding) <= ROUNDING_MAX):
        raise PolicyError(f"rounding is {rounding!r}, expected a number of cents from 0 to {ROUNDING_MAX}")
    entities = pairs_of("entities", options, "legal entity of the source=of the ledger")
    return PaymentsPolicy(mode=mode_of(mode), journals={}, entities=entities, rounding=int(rounding))
