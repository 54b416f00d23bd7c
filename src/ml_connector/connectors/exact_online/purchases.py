"""What Exact says of its purchase side.

journals   Journals 1
calendar   as the ledger's
chart      Journals 1, GLAccounts ⌈n/1000⌉ in bulk, VATCodes, VatPercentages and PaymentConditions ⌈n/60⌉
           each, cost codes and Projects ⌈n/60⌉ each where asked; Currencies ⌈n/60⌉ where the journal takes
           several
suppliers  Accounts ⌈n/20⌉; GLAccounts where one has an account of payables of its own
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import date
from typing import TypeVar, cast

from ml_connector.connectors.exact_online import purchase_translate, purchase_wire, translate, wire
from ml_connector.connectors.exact_online.client import ExactClient, fields
from ml_connector.connectors.exact_online.divisions import Divisions
from ml_connector.connectors.exact_online.ledger import AXES, JOURNALS, ExactLedger
from ml_connector.connectors.exact_online.suppliers import Suppliers
from ml_connector.domain.journal import Chart
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.purchase import LedgerSupplier, PurchaseChart
from ml_connector.domain.spelling import vendor_spelling
from ml_connector.domain.vat import VatCode
from ml_connector.errors import RightMissing
from ml_connector.ports.purchases import PurchaseFacts
from ml_connector.ports.storage import Clock
from ml_connector.transport import odata

BELIEVED_SECONDS = 60.0
"""How long a chart and a calendar that were read are believed."""
CURRENCIES = "general/Currencies"
T = TypeVar("T")
VAT_CODES, PERCENTAGES, CONDITIONS = "vat/VATCodes", "vat/VatPercentages", "cashflow/PaymentConditions"


class VatCodes:
    """VAT codes of the divisions. Remembers them, and is told when to read anew."""

    def __init__(self, client: ExactClient) -> None:
        self._client = client
        self._rows: dict[str, dict[str, purchase_wire.VatCode]] = {}
        self._codes: dict[str, dict[str, VatCode]] = {}

    def codes(self, entity: str, afresh: bool = False) -> dict[str, VatCode]:
        """By code."""
        if afresh or entity not in self._codes:
            rates: dict[str, list[purchase_wire.VatPercentage]] = {}
            select = fields(purchase_wire.VatPercentage)
            for rate in self._client.rows(entity, PERCENTAGES, purchase_wire.VatPercentage, select=select):
                rates.setdefault(rate.VATCodeID.lower(), []).append(rate)
            self._codes[entity] = {
                code: purchase_translate.vat_code(row, rates.get(row.ID.lower(), []))
                for code, row in self.rows(entity, afresh=True).items()
            }
        return self._codes[entity]

    def rows(self, entity: str, afresh: bool = False) -> dict[str, purchase_wire.VatCode]:
        """By code, as Exact has them: with the accounts that their VAT is booked on."""
        if afresh or entity not in self._rows:
            select = fields(purchase_wire.VatCode)
            found = self._client.rows(entity, VAT_CODES, purchase_wire.VatCode, select=select)
            self._rows[entity] = {row.Code.strip(): row for row in found}
        return self._rows[entity]


class ExactPurchaseFacts(PurchaseFacts):
    """A `PurchaseFacts`."""

    def __init__(
        self,
        client: ExactClient,
        clock: Clock,
        divisions: Divisions,
        ledger: ExactLedger,
        suppliers: Suppliers,
        vat: VatCodes,
    ) -> None:
        self._client, self._clock, self._divisions = client, clock, divisions
        self._ledger, self._suppliers, self._vat = ledger, suppliers, vat
        self._read: dict[Hashable, tuple[float, object]] = {}

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """Purchase journals that are not blocked, by code."""
        found = self._journals(entity, f"Type eq {purchase_translate.PURCHASE}")
        return tuple(sorted((row.Code.strip(), row.Description or "") for row in found if not row.IsBlocked))

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """Periods from a year before the date to a year after it, as they were a minute ago at the most."""
        year = date(around.year, 7, 1)
        read = self._believed(
            ("calendar", entity, journal, year), lambda: self._ledger.calendar(entity, journal, year)
        )
        return read

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> PurchaseChart:
        """As it was read a minute ago at the most: many invoices are proposed one after the other, and the
        division refuses what is not so any more. A project that blocks purchasing may not be used.
        """
        return self._believed(("chart", entity, journal, axes), lambda: self._chart(entity, journal, axes))

    def _believed(self, what: Hashable, read: Callable[[], T]) -> T:
        now = self._clock.monotonic()
        at, found = self._read.get(what, (now - BELIEVED_SECONDS, None))
        if not 0 <= now - at < BELIEVED_SECONDS:
            at, found = now, read()
            self._read[what] = at, found
        return cast(T, found)

    def _chart(self, entity: str, journal: str, axes: frozenset[str]) -> PurchaseChart:
        by_code = {row.Code.strip(): row for row in self._journals(entity, f"Code eq {odata.text(journal)}")}
        spelled = vendor_spelling(journal, by_code, what="journal")
        found = by_code[spelled] if isinstance(spelled, str) else None
        codes: dict[str, list[wire.CostCode]] = {}
        for axis in sorted(axes & AXES.keys()):
            codes.update(self._ledger.read_codes(entity, axis))
        today, own = self._clock.now().date(), self._divisions.currency_of(entity)
        usable, inactive = translate.codes_by_use(
            codes, lambda value: translate.is_active(value, today) and not value.BlockPurchasing
        )
        terms = self._client.rows(
            entity, CONDITIONS, purchase_wire.PaymentCondition, select=fields(purchase_wire.PaymentCondition)
        )
        chart = Chart(
            entity=entity,
            journal=journal,
            journal_problem=purchase_translate.journal_problem(entity, journal, found),
            currency=own,
            currencies=self._currencies(entity, translate.currencies_of(found, own), own),
            accounts={row.Code.strip(): translate.account(row) for row in self._ledger.read_accounts(entity)},
            codes=usable,
            inactive=inactive,
        )
        return PurchaseChart(
            chart=chart,
            vat_codes=self._vat.codes(entity, afresh=True),
            terms={row.Code.strip(): purchase_translate.term(row) for row in terms},
            creditor=((found.GLAccountCode if found else None) or "").strip(),
            no_costs={
                code: used_for
                for kind, used_for in purchase_translate.NO_COSTS.items()
                for code in self._ledger.of_type(entity, chart.accounts, kind)
            },
        )

    def _currencies(self, entity: str, taken: frozenset[str], own: str) -> frozenset[str]:
        """What the journal takes of what the division has. Where our user may not read its currencies, the
        journal alone counts, and Exact refuses an entry in one that is not there.
        """
        if taken <= {own}:
            return taken
        select = fields(purchase_wire.Currency)
        try:
            rows = list(self._client.rows(entity, CURRENCIES, purchase_wire.Currency, select=select))
        except RightMissing:
            return taken
        return taken & {own, *(row.Code.strip() for row in rows)}

    def suppliers(self, entity: str, identities: Collection[str]) -> Mapping[str, LedgerSupplier]:
        """By the GUIDs that were given."""
        found = self._suppliers.by_id(entity, identities)
        own = {row.GLAP for row in found.values() if row.GLAP}
        accounts = self._ledger.account_codes(entity, own) if own else {}
        return {
            identity: LedgerSupplier(
                identity=identity,
                code=row.Code.strip(),
                name=row.Name or "",
                is_supplier=bool(row.IsSupplier),
                blocked=bool(row.Blocked),
                start=translate.day_of(row.StartDate) if row.StartDate else None,
                end=translate.day_of(row.EndDate) if row.EndDate else None,
                creditor=accounts.get(row.GLAP or "", ""),
                term=(row.PaymentConditionPurchase or "").strip(),
            )
            for identity, row in found.items()
        }

    def creditors(self, entity: str, codes: Collection[str]) -> Mapping[str, LedgerSupplier]:
        """By their codes."""
        ids = self._suppliers.ids(entity, codes)
        found = self.suppliers(entity, ids.values())
        return {code: found[one] for code, one in ids.items() if one in found and found[one].code == code}

    def _journals(self, entity: str, where: str) -> list[purchase_wire.PurchaseJournal]:
        select = fields(purchase_wire.PurchaseJournal)
        rows = self._client.rows(entity, JOURNALS, purchase_wire.PurchaseJournal, select=select, where=where)
        return list(rows)
