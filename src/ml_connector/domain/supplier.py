"""A supplier, as a source or a ledger keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """A bank account that a supplier is paid on: its IBAN or local number, as it is kept."""

    number: str
    holder: str = ""
    bic: str = ""
    main: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """A supplier. `key` is the system's own id of it, `external` what the system keeps as its id in the other
    one. `country` is an ISO 3166 code of two letters, and empty where nobody can tell. Numbers are as they
    were entered.
    """

    key: str
    name: str
    code: str = ""
    country: str = ""
    vat_number: str = ""
    chamber_number: str = ""
    email: str = ""
    accounts: tuple[BankAccount, ...] = ()
    open: bool = True
    external: str = ""
