"""The purchase side of the reference system: purchase entries in memory, which keep every promise of the
ports. It proves the suites themselves, and shows how little a purchase side needs to be. Its files are in
`reference_filing`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ml_connector.contract import world as faults
from ml_connector.contract.memory import VirtualClock
from ml_connector.domain import purchase_checks
from ml_connector.domain.document import Marker, Receipt
from ml_connector.domain.invoice_number import fitted, normal
from ml_connector.domain.journal import Account, Chart, total
from ml_connector.domain.limits import check_limits, foreign_entity
from ml_connector.domain.money import Money
from ml_connector.domain.period import FiscalPeriod
from ml_connector.domain.problem import Problem
from ml_connector.domain.purchase import (
    BookedPurchase,
    LedgerSupplier,
    PaymentTerm,
    PurchaseChart,
    PurchaseEntry,
)
from ml_connector.domain.vat import VatCode, VatKind, VatRate
from ml_connector.errors import (
    CodeUnknown,
    Inexpressible,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PeriodClosed,
    Refused,
    Throttled,
)
from ml_connector.ports.purchases import PurchaseFacts, PurchaseLimits, PurchaseSink
from ml_connector.ports.sinks import NONE_KNOWN, Ending, Gate, Send

ENTITY, JOURNAL, CURRENCY, CREDITOR = "10", "P", "EUR", "1600"
HIGH = (VatRate(percentage=Decimal(21)),)
CODES = {
    code.code: code
    for code in (
        VatCode(code="E", title="21 %", kind=VatKind.EXCLUDING, rates=HIGH),
        VatCode(code="I", title="21 % included", kind=VatKind.INCLUDING, rates=HIGH),
        VatCode(code="B", title="Base only", kind=VatKind.BASE_ONLY),
        VatCode(code="N", title="No VAT", kind=VatKind.NONE),
        VatCode(code="R", title="Reverse charge", kind=VatKind.EXCLUDING, rates=HIGH, charged=True),
    )
}
CENTERS = frozenset({"SALES", "STORE"})


@dataclass(slots=True)
class Row:
    """A document as it is kept: `booked` is what is shown, and nobody changes one that is `final`."""

    booked: Any
    content: bytes = b""
    final: bool = False


@dataclass(slots=True)
class Books:
    """The vendor's side: rows by kind, faults to come, and what is booked late."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    rows: dict[type[Any], dict[str, Row]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    late: list[tuple[datetime, Callable[[], Any]]] = field(default_factory=list)
    closed: set[tuple[int, int]] = field(default_factory=set)
    suppliers: dict[str, LedgerSupplier] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    last: int = 0

    def of(self, kind: type[Any]) -> dict[str, Row]:
        """Rows of a kind, by reference."""
        return self.rows.setdefault(kind, {})

    def catch_up(self) -> None:
        """Do what is due."""
        while self.late and self.late[0][0] <= self.clock.now():
            self.late.pop(0)[1]()

    def write(self, act: Callable[[], Any]) -> Any:
        """One write, with the next fault."""
        self.said.append("a write")
        fault = self.faults.pop(0) if self.faults else ""
        if fault == faults.UNREACHABLE:
            raise NotSent("The ledger could not be reached.")
        if fault == faults.THROTTLED:
            raise Throttled("Later.", retry_after_seconds=faults.THROTTLED_SECONDS)
        if fault == faults.LATE_COMMIT:
            self.late.append((self.clock.now() + timedelta(seconds=faults.LATE_SECONDS), act))
        made = act() if fault in ("", faults.LOST_AFTER) else None
        if fault:
            raise OutcomeUnknown("The answer was lost.")
        return made

    def number(self) -> str:
        """The next one."""
        self.last += 1
        return str(self.last)


class ReferenceSink(ABC):
    """What the three sinks have in common."""

    kind: type[Any]
    ends = Ending.WITHDRAW

    def __init__(self, books: Books) -> None:
        self.books = books

    def rows(self) -> dict[str, Row]:
        """As they are now."""
        self.books.catch_up()
        return self.books.of(self.kind)

    def locate(
        self, wanted: Sequence[tuple[Any, Marker]], since: datetime | None
    ) -> Mapping[str, tuple[Receipt, ...]]:
        """By the marker of each."""
        rows = [row.booked for row in self.rows().values()]
        return {
            document.key: tuple(one.receipt for one in rows if one.marker == marker.token)
            for document, marker in wanted
        }

    @contextmanager
    def prepare(
        self,
        document: Any,
        marker: Marker,
        so_far: Receipt | None = None,
        known: Mapping[str, Receipt] = NONE_KNOWN,
    ) -> Iterator[Send]:
        """Everything but the send."""
        if problems := self.check(document):
            raise Inexpressible.of(problems)
        row = self.made(document, marker)

        def send(gate: Gate) -> Receipt:
            gate()
            receipt: Receipt = self.books.write(lambda: self.keep(row))
            return receipt

        yield send

    def check(self, document: Any) -> tuple[Problem, ...]:
        """What cannot be held."""
        return () if document.entity == ENTITY else (foreign_entity(document.entity, [ENTITY]),)

    @abstractmethod
    def made(self, document: Any, marker: Marker) -> Row:
        """The row of a document, without its receipt."""

    def keep(self, row: Row) -> Receipt:
        """Give it a number, and book it."""
        number = self.books.number()
        receipt = Receipt(reference=f"r{number}", number=number, entity=ENTITY, posted=True)
        row.booked = replace(row.booked, receipt=receipt)
        self.books.of(self.kind)[receipt.reference] = row
        return receipt

    def release(self, receipt: Receipt) -> Receipt:
        """It books on create."""
        return receipt

    def abandon(self, receipt: Receipt) -> None:
        """Nothing is ever incomplete."""
        return

    def read_back(self, receipt: Receipt) -> Any:
        """As it is kept."""
        row = self.rows().get(receipt.reference)
        if row is None:
            raise NotFound(f"Document {receipt.number} is gone.")
        return row.booked

    def near(self, document: Any, last: date | None = None) -> tuple[Any, ...]:
        """Of the same place."""
        return tuple(row.booked for row in self.rows().values())

    def takes_back(self, booked: Any, document: Any) -> bool:
        """None of them does."""
        return False

    def cancels(self, booked: Any, other: Any) -> bool:
        """None of them does."""
        return False

    def is_ended(self, receipt: Receipt) -> bool:
        """Whether it is gone."""
        return receipt.reference not in self.rows()

    def end(self, receipt: Receipt) -> None:
        """Remove it."""
        if not self.is_ended(receipt):
            self.books.write(lambda: self.rows().pop(receipt.reference))


class ReferencePurchases(ReferenceSink, PurchaseSink):
    """A `PurchaseSink`."""

    kind = PurchaseEntry
    limits = PurchaseLimits(
        lines_max=50, number_max=20, text_max=40, line_text_max=60, settle_seconds=10, visible_seconds=0
    )

    def check(self, document: PurchaseEntry) -> tuple[Problem, ...]:
        """By the limits."""
        empty = [] if document.lines else [Problem("entry.empty", "lines", "The entry has no lines.")]
        return (*empty, *check_limits(document, self.limits, entities=[ENTITY]))

    def made(self, document: PurchaseEntry, marker: Marker) -> Row:
        """What the supplier states, and what reverse charge adds."""
        if problems := tuple(purchase_checks.check_vat(document, CODES)):
            raise Inexpressible.of(problems)
        day = document.invoice_date
        period = document.period or (day.year, day.month)
        known_code("supplier", document.supplier, [one.code for one in self.books.suppliers.values()])
        for line in document.lines:
            known_code("account", line.account, ["4000"])
        charged = {
            line.vat_code: total(
                (one.net for one in document.lines if one.vat_code == line.vat_code), CURRENCY
            )
            for line in document.lines
            if CODES[line.vat_code].charged
        }
        booked = BookedPurchase(
            receipt=Receipt(reference="", number="", entity=ENTITY, posted=True),
            journal=document.journal,
            supplier=document.supplier,
            number=fitted(document.number, self.limits.number_max),
            invoice_date=day,
            due_date=document.due_date,
            currency=document.currency,
            payable=document.payable,
            lines=document.lines,
            text=document.text,
            marker=marker.token,
            rate=document.rate,
            open=document.payable,
            charged=tuple(
                (code, Money.from_minor(net.minor * 21 // 100, CURRENCY)) for code, net in charged.items()
            ),
            period=period,
            credit_note=document.payable.minor < 0,
        )
        return Row(booked=booked)

    def keep(self, row: Row) -> Receipt:
        """Where the period is open."""
        if row.booked.period in self.books.closed:
            raise PeriodClosed("The period is closed. Reopen it.")
        return super().keep(row)

    def near(self, document: PurchaseEntry, last: date | None = None) -> tuple[BookedPurchase, ...]:
        """Of the supplier and the days."""
        days = document.invoice_date, max(document.invoice_date, last or document.invoice_date)
        found = (row.booked for row in self.rows().values())
        return tuple(
            one
            for one in found
            if one.supplier == document.supplier and days[0] <= one.invoice_date <= days[1]
        )

    def look_alikes(self, document: PurchaseEntry, days: timedelta) -> tuple[BookedPurchase, ...]:
        """As the port says."""
        number = fitted(document.number, self.limits.number_max)
        return tuple(
            one
            for row in self.rows().values()
            for one in [row.booked]
            if one.supplier == document.supplier
            and (
                one.number == number
                or one.invoice_date == document.invoice_date
                or (
                    normal(one.number) == normal(number) != ""
                    and abs(one.invoice_date - document.invoice_date) <= days
                )
            )
        )

    def compare(self, document: PurchaseEntry, booked: BookedPurchase) -> tuple[Problem, ...]:
        """To the cent."""
        number = fitted(document.number, self.limits.number_max)
        return tuple(purchase_checks.compare(replace(document, number=number), booked))

    def takes_back(self, booked: BookedPurchase, document: PurchaseEntry) -> bool:
        """A credit note does."""
        return purchase_checks.takes_back(booked, document)

    def cancels(self, booked: BookedPurchase, other: BookedPurchase) -> bool:
        """A credit note does."""
        return purchase_checks.cancels(booked, other)

    def end(self, receipt: Receipt) -> None:
        """While it is open and unpaid."""
        row = self.rows().get(receipt.reference)
        if row is not None and (row.final or row.booked.open != row.booked.payable):
            raise Refused(f"Document {receipt.number} is paid or final. Reverse it.", code="document.paid")
        super().end(receipt)


class ReferencePurchaseFacts(PurchaseFacts):
    """A `PurchaseFacts` of the same books."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def journals(self, entity: str) -> tuple[tuple[str, str], ...]:
        """One."""
        return ((JOURNAL, "Purchases"),)

    def calendar(self, entity: str, journal: str, around: date) -> tuple[FiscalPeriod, ...]:
        """The months of the year."""
        starts = [date(around.year, month, 1) for month in range(1, 13)]
        ends = [*(start - timedelta(days=1) for start in starts[1:]), date(around.year, 12, 31)]
        return tuple(
            FiscalPeriod(
                start=start,
                end=end,
                year=start.year,
                number=start.month,
                open=(start.year, start.month) not in self._books.closed,
            )
            for start, end in zip(starts, ends, strict=True)
        )

    def chart(self, entity: str, journal: str, axes: frozenset[str]) -> PurchaseChart:
        """One account, two cost centers, a VAT code of each kind and a term."""
        return PurchaseChart(
            chart=Chart(
                entity=entity,
                journal=journal,
                journal_problem=None if journal == JOURNAL else f"There is no journal {journal}.",
                currency=CURRENCY,
                currencies=frozenset({CURRENCY, "USD"}),
                accounts={
                    "4000": Account(code="4000", description="Costs"),
                    "1300": Account(code="1300", description="Debtors"),
                },
                codes={"cost_center": CENTERS} if "cost_center" in axes else {},
                inactive={},
            ),
            vat_codes=dict(CODES),
            terms={"30": PaymentTerm(code="30", title="30 days", days=30)},
            creditor=CREDITOR,
            no_costs={"1300": "what customers owe"},
        )

    def suppliers(self, entity: str, identities: Collection[str]) -> Mapping[str, LedgerSupplier]:
        """Those that there are."""
        return {one: self._books.suppliers[one] for one in identities if one in self._books.suppliers}

    def creditors(self, entity: str, codes: Collection[str]) -> Mapping[str, LedgerSupplier]:
        """Those that there are."""
        return {one.code: one for one in self._books.suppliers.values() if one.code in codes}


def known_code(what: str, code: str, codes: Collection[str]) -> None:
    """Raises `CodeUnknown` for one that is not there."""
    if code not in codes:
        raise CodeUnknown(f"There is no {what} {code}.", where=f"{what} {code}")
