"""Fields of one invoice, read by name: what cannot be read is refused with the name of the field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from ml_connector.connectors.precoro import wire
from ml_connector.domain.money import AmountError, Money
from ml_connector.domain.problem import Owner
from ml_connector.errors import Refused

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Reads fields of the invoice with this `idn`, whose amounts are in `currency`."""

    idn: str
    currency: str = ""

    def read(self, name: str, raw: msgspec.Raw, how: Callable[[msgspec.Raw], T]) -> T:
        """The field. Raises `Refused` with its name."""
        try:
            return how(raw)
        except ValueError as error:
            raise self.refused("invoice.figures", f"{name} cannot be read: {error}") from error

    def needed(self, name: str, raw: msgspec.Raw, how: Callable[[msgspec.Raw], T | None]) -> T:
        """As `read`, of a field that must be there."""
        found = self.read(name, raw, how)
        if found is None or found == "":
            raise self.refused("invoice.figures", f"it has no {name}", "Enter it in Precoro.")
        return found

    def money(self, name: str, raw: msgspec.Raw) -> Money | None:
        """An amount; `None` for none."""
        amount = self.read(name, raw, wire.number)
        try:
            return None if amount is None else Money(amount, self.currency)
        except AmountError as error:
            raise self.refused("invoice.figures", f"{name}: {error}") from error

    def money_needed(self, name: str, raw: msgspec.Raw) -> Money:
        """An amount that must be there."""
        return self.needed(name, raw, lambda each: self.money(name, each))

    def ref(self, name: str, raw: msgspec.Raw) -> tuple[str, str]:
        """Id and external id of what is named; both empty for nothing."""
        found = self.read(name, raw, lambda each: wire.ref(each, wire.Ref))
        if found is None:
            return "", ""
        return (
            self.read(f"{name}.id", found.id, wire.text),
            self.read(f"{name}.externalId", found.externalId, wire.text),
        )

    def refused(self, code: str, why: str, remedy: str = "Correct it in Precoro.") -> Refused:
        """The refusal of this invoice."""
        text = f"Invoice {self.idn} cannot be taken over: {why}. {remedy}"
        return Refused(text, where=f"invoice {self.idn}", code=code, owner=Owner.PROCUREMENT)
