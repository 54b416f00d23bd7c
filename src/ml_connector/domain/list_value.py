"""A value of a list that a ledger leads and documents elsewhere choose from: a tax, a payment term, an
account, a cost center. It is known by the ledger's own id: name, code and percentage are fields that change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

TAX, TERM, JOURNAL, SUPPLIER = "tax", "payment_term", "journal", "supplier"
"""The lists that are no axis of dimensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListValue:
    """A value of the list `axis`, as a system keeps it.

    `identity` is the ledger's id; empty for a value that nobody made from the ledger. `place` is the id of
    the row in the other system by which such a value is known, or is to be taken over, and is not compared.
    `parent` is the identity of the value above it, empty for none and `None` where the ledger has no order
    and leaves it to the other system. `percentage` is that of a tax, as 21; `days` those of a payment term,
    which counts them from the invoice, or from the end of the month so many `month_ends` on. `kind` is what
    sort of tax, account or journal it is; `None` where the list has no sorts.
    """

    axis: str
    identity: str
    code: str = ""
    title: str = ""
    open: bool = True
    parent: str | None = None
    percentage: Decimal | None = None
    days: int | None = None
    month_ends: int = 0
    kind: str | None = None
    place: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """List and identity, or the place of a value that is known by it."""
        return f"{keys_of(self.axis)}{f'={self.place}' if self.place else self.identity}"

    @property
    def written(self) -> str:
        """As people know it."""
        return f"{self.code} {self.title}".strip()


def keys_of(axis: str) -> str:
    """What the keys of a list begin with."""
    return f"{axis}/"


def closed_below(values: dict[str, ListValue]) -> set[str]:
    """The identities of values that are closed, or stand below one that is: what is chosen below a closed
    value is offered no more. A circle is closed nowhere.
    """
    closed = set[str]()
    for identity, value in values.items():
        way, at = {identity}, value
        while at.open and at.parent in values and at.parent not in way:
            way.add(at.parent)
            at = values[at.parent]
        if not at.open:
            closed.add(identity)
    return closed
