"""How a company books expense reports: what its settings say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

MILEAGE, COMMUTING, COMPANY_CAR, PER_DIEM = "mileage", "commuting", "company_car", "per_diem"
"""Categories of drives and allowances, for lines that name no account."""
ABOVE, EXTRA = "mileage_above", "mileage_extra"
"""Categories of what is paid for a drive above the largest amount without tax, and of tolls and parking that
lie inside of it. Both are pay, or belong to a scheme of their own, and are never booked as other costs are.
"""


class ExpenseForm(StrEnum):
    """The kind of document that a report becomes: a purchase entry that the employee is the supplier of, or a
    general journal entry.
    """

    PURCHASE = "purchase_entry"
    JOURNAL = "journal_entry"


class PaidByWages(StrEnum):
    """What is done with a line that wages repay: the report is held, or the line is left out, and that said.
    It is never booked here: the pay run does it.
    """

    HOLD = "hold"
    LEAVE_OUT = "leave_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpensePolicy:
    """How reports are booked.

    `entities` is company → legal entity, `*` for every other company and for none, `countries` legal entity →
    country as two letters, and `purchase_journals` and `general_journals` legal entity → journal. `accounts`
    is category → account for lines that name none. `vat_codes` is the source's tax → VAT code, for purchase
    entries; `vat_accounts` is tax → account of the VAT to claim, for journal entries. `no_vat` is the code of
    a line without VAT. Taxes in `no_vat_taxes` and categories in `no_vat_categories` mean no VAT line: the
    gross amount is the cost. `foreign_vat_account` takes VAT of other countries; without one it is a part of
    the cost.

    `employee_account` is the liability account of journal entries, and `employee_accounts` that of single
    employees. `clearing` is what paid → account: `company_card`, `company_account` and `cash_advance`.
    `advance_account` is what employees were advanced, `private_account` what they owe for private parts of
    what the company paid. `extras` are the categories of tolls and parking. `may_owe`: an employee may end up
    owing the company. `axes` are those that the ledger keeps; texts of lines are cut to `line_text_max`.
    """

    entities: Mapping[str, str]
    countries: Mapping[str, str] = field(default_factory=dict)
    form: ExpenseForm = ExpenseForm.PURCHASE
    purchase_journals: Mapping[str, str] = field(default_factory=dict)
    general_journals: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    vat_codes: Mapping[str, str] = field(default_factory=dict)
    vat_accounts: Mapping[str, str] = field(default_factory=dict)
    no_vat: str = ""
    no_vat_taxes: frozenset[str] = frozenset()
    no_vat_categories: frozenset[str] = frozenset()
    foreign_vat_account: str = ""
    employee_account: str = ""
    employee_accounts: Mapping[str, str] = field(default_factory=dict)
    clearing: Mapping[str, str] = field(default_factory=dict)
    advance_account: str = ""
    private_account: str = ""
    wages: PaidByWages = PaidByWages.HOLD
    extras: frozenset[str] = frozenset()
    may_owe: bool = False
    km_per_day_max: Decimal = Decimal(1000)
    axes: frozenset[str] = frozenset({"cost_center"})
    line_text_max: int = 60

    def entity_of(self, company: str) -> str:
        """The legal entity of a company; empty where none is named."""
        return self.entities.get(company) or self.entities.get("*", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedReport:
    """What the entry of a report is called in the ledger: its commit key, its day, the text, and the legal
    entity's own currency. For a purchase entry the employee as a supplier there, empty where nobody is; the
    number as the ledger takes it; the period where it is another than that of the day; and its dossier.
    """

    key: str
    day: date
    text: str
    currency: str
    supplier: str = ""
    number: str = ""
    period: tuple[int, int] | None = None
    refers: tuple[str, ...] = ()
