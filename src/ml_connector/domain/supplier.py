"""A supplier, as a source or a ledger keeps it, and as it is made there."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from ml_connector.domain.document import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """A bank account that a supplier is paid on: its IBAN or local number, as it is kept. Two are the same by
    their number.
    """

    number: str
    holder: str = field(default="", compare=False)
    bic: str = field(default="", compare=False)
    main: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """A supplier. `key` is the system's own id of it, `external` what the system keeps as its id in the other
    one. `country` is an ISO 3166 code of two letters, and empty where nobody can tell. Numbers are as they
    were entered. `closed` says why it is not `open`; one that is `waiting` for its approval is not there yet.
    `unclear` says what of the country is
    not understood. `said` is what the other side said of each of `FIELDS` when both were compared last.
    """

    key: str
    name: str
    code: str = field(default="", compare=False)
    country: str = ""
    vat_number: str = ""
    chamber_number: str = ""
    email: str = field(default="", compare=False)
    accounts: tuple[BankAccount, ...] = ()
    open: bool = True
    external: str = field(default="", compare=False)
    closed: str = field(default="", compare=False)
    waiting: bool = field(default=False, compare=False)
    unclear: str = field(default="", compare=False)
    said: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.code or self.key} {self.name}"


FIELDS = ("name", "country", "vat_number", "chamber_number")
"""What of a supplier is brought from one system to the other. Bank accounts have rules of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSupplier:
    """A supplier that is to be made, without bank accounts. `external` of it is its id in the other system,
    `key` the commit key, and the system draws an id of its own.
    """

    key: str
    entity: str
    supplier: Supplier


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedSupplier:
    """A supplier as the system shows it that made it."""

    receipt: Receipt
    supplier: Supplier
    marker: str = ""


def written(text: str) -> str:
    """A text as it is compared and sent: composed letters, and one blank between words."""
    return " ".join(unicodedata.normalize("NFC", text).split())
