"""The lists of a division that documents elsewhere choose from, each value by its GUID.

tax           VATCodes and VatPercentages ⌈n/60⌉ each; open where it may be used for purchases and is not
              blocked, with the percentage of today, 0 where the supplier is owed no VAT
payment_term  PaymentConditions ⌈n/60⌉; a discount is not carried over
account       GLAccounts ⌈n/1000⌉ in bulk
journal       Journals ⌈n/60⌉
supplier      Accounts ⌈n/1000⌉ in bulk, without people; codes and names only
cost_center, cost_unit, project   ⌈n/60⌉ each

Exact has no order among the values of a list. Its days begin at midnight UTC here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from ml_connector.connectors.exact_online import purchase_wire, wire
from ml_connector.connectors.exact_online.axis import Days, day_of, not_kept, title_of
from ml_connector.connectors.exact_online.client import EVERY, ExactClient, fields
from ml_connector.connectors.exact_online.dimensions import PATHS
from ml_connector.connectors.exact_online.ledger import ACCOUNTS, JOURNALS
from ml_connector.connectors.exact_online.payees import BULK
from ml_connector.connectors.exact_online.purchases import CONDITIONS, VatCodes
from ml_connector.connectors.exact_online.supplier_register import ExactSuppliers
from ml_connector.domain.limits import foreign_entity
from ml_connector.domain.list_value import JOURNAL, SUPPLIER, TAX, TERM, ListValue
from ml_connector.domain.vat import VatCode, VatKind
from ml_connector.errors import NotFound, Refused
from ml_connector.ports.storage import Clock

ACCOUNT, PROJECT = "account", "project"
PROJECTS = "project/Projects"
TITLE_MAX = 200
CREDITORS, DEBTORS = frozenset({22, 25}), frozenset({20})
"""Types of accounts: payables and employees payable; receivables."""
BALANCES = {"B": "balance_sheet", "W": "profit_and_loss"}
JOURNAL_KINDS = {
    10: "cash",
    12: "bank",
    16: "payment_service",
    20: "sales",
    21: "sales",
    22: "purchase",
    23: "purchase",
    90: "general",
}
KINDS = {
    VatKind.EXCLUDING: "excluding",
    VatKind.INCLUDING: "including",
    VatKind.BASE_ONLY: "no VAT owed",
    VatKind.NONE: "no VAT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactLists:
    """A `ListSource`."""

    client: ExactClient
    clock: Clock
    divisions: tuple[str, ...]
    vat: VatCodes
    suppliers: Callable[[], ExactSuppliers]
    axes: frozenset[str] = frozenset({TAX, TERM, ACCOUNT, JOURNAL, SUPPLIER, PROJECT, *PATHS})

    def values(self, entity: str, axis: str) -> Iterator[ListValue]:
        """Read afresh."""
        if entity not in self.divisions:
            problem = foreign_entity(entity, self.divisions)
            raise Refused(problem.text, where=problem.where, code=problem.code)
        whole = {
            TAX: self._taxes,
            TERM: self._terms,
            ACCOUNT: self._accounts,
            JOURNAL: self._journals,
            SUPPLIER: self._suppliers,
        }
        if axis in whole:
            yield from whole[axis](entity)
        elif axis in self.axes:
            yield from self._codes(entity, axis)
        else:
            text = f"Exact has no list {axis}, only {', '.join(sorted(self.axes))}."
            raise Refused(text, where=axis, code="axis.unknown")

    def _taxes(self, division: str) -> Iterator[ListValue]:
        codes = self.vat.codes(division, afresh=True)
        for code, row in self.vat.rows(division).items():
            yield self._tax(row.ID, codes[code])

    def _tax(self, identity: str, vat: VatCode) -> ListValue:
        today = self.clock.now().date()
        owed, stated = vat.takes_vat(today), vat.percentage(today)
        in_force = stated is not None or vat.kind in (VatKind.NONE, VatKind.BASE_ONLY)
        kind = "reverse charge" if vat.charged else KINDS[vat.kind]
        return ListValue(
            axis=TAX,
            identity=identity.lower(),
            code=vat.code,
            title=title_of(vat.title, TITLE_MAX),
            kind=kind,
            open=vat.purchases and not vat.blocked and in_force,
            percentage=stated if owed and stated is not None else Decimal(0),
        )

    def _terms(self, division: str) -> Iterator[ListValue]:
        shape = purchase_wire.PaymentConditionRow
        for row in self.client.rows(division, CONDITIONS, shape, select=fields(shape)):
            code = row.Code.strip()
            yield ListValue(
                axis=TERM,
                identity=row.ID.lower(),
                code=code,
                title=title_of(row.Description or "", TITLE_MAX),
                days=row.PaymentDays or 0,
                month_ends=row.PaymentEndOfMonths or 0,
            )

    def _accounts(self, division: str) -> Iterator[ListValue]:
        shape = wire.ListedAccount
        for row in self.client.rows(division, ACCOUNTS, shape, select=fields(shape), where=EVERY):
            is_open = row.IsBlocked is not True
            yield _value(ACCOUNT, row.ID, row.Code, row.Description, is_open=is_open, kind=_account_kind(row))

    def _journals(self, division: str) -> Iterator[ListValue]:
        shape = wire.ListedJournal
        for row in self.client.rows(division, JOURNALS, shape, select=fields(shape)):
            is_open, kind = row.IsBlocked is not True, JOURNAL_KINDS.get(row.Type or 0, "other")
            yield _value(JOURNAL, row.ID, row.Code, row.Description, is_open=is_open, kind=kind)

    def _suppliers(self, division: str) -> Iterator[ListValue]:
        for row in self.suppliers().relations(division, BULK, EVERY):
            one = self.suppliers().record(division, row)
            yield _value(SUPPLIER, row.ID, one.code, one.name, is_open=one.open)

    def _codes(self, division: str, axis: str) -> Iterator[ListValue]:
        """Of codes with a last day, those that have one behind them are closed."""
        path = PATHS.get(axis, PROJECTS)
        shape = wire.ProjectValue if axis == PROJECT else wire.CostValue
        select = fields(shape, () if axis == "cost_center" else ("Active",))
        try:
            rows = list(self.client.rows(division, path, shape, select=select))
        except NotFound as error:
            raise not_kept(division, axis, error) from error
        for row in rows:
            blocked = isinstance(row, wire.ProjectValue) and bool(row.BlockEntry or row.BlockPurchasing)
            still = Days(self.clock).is_open(day_of(row.EndDate)) and row.Active is not False
            yield _value(axis, row.ID, row.Code, row.Description, is_open=still and not blocked)


def _account_kind(row: wire.ListedAccount) -> str:
    """Accounts that somebody is owed on are balance sheet accounts too; who chooses one wants to know."""
    if row.Type in CREDITORS:
        return "creditor"
    if row.Type in DEBTORS:
        return "debtor"
    return BALANCES.get((row.BalanceType or "").strip(), "unknown")


def _value(
    axis: str, identity: str, code: str, title: str | None, *, is_open: bool, kind: str | None = None
) -> ListValue:
    return ListValue(
        axis=axis,
        identity=identity.lower(),
        kind=kind,
        code=code.strip(),
        title=title_of(title or code, TITLE_MAX),
        open=is_open,
    )
