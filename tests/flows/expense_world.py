"""An installation with the flow of expense reports between a platform and books in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from tests.payday import SOURCE, TARGET, World
from tests.unit.domain.expenses import line, money, report, tax

from ml_connector.contract.reference_expenses import ReferenceExpenses, ReferenceReports
from ml_connector.contract.reference_filing import ReferenceAttachments, ReferenceDossiers
from ml_connector.contract.reference_purchases import Books, ReferencePurchaseFacts, ReferencePurchases
from ml_connector.domain.dimension import dimensions
from ml_connector.domain.expense import ExpenseLine, ExpenseReport, ReceiptFile, ReportState
from ml_connector.domain.purchase import (
    Attachment,
    BookedAttachment,
    BookedPurchase,
    Dossier,
    LedgerSupplier,
    PurchaseChart,
    PurchaseEntry,
)
from ml_connector.flows.flow import Mode
from ml_connector.ports.runs import RunRow
from ml_connector.ports.systems import System

OPTIONS = {
    "entities": "NL01=10",
    "countries": "10=NL",
    "journal": "P",
    "general_journal": "90",
    "accounts": "mileage=4000",
    "vat_codes": "high=E",
    "vat_accounts": "high=4020",
    "no_vat": "N",
    "employees": "emp-19=E19",
    "employee_account": "1710",
    "clearing": "company_card=1720",
    "axes": "cost_center",
}
PDF = b"%PDF-1.4 "


class Platform(ReferenceReports):
    """The expense platform, and what people do in it."""

    def write(self, key: str, *lines: ExpenseLine, **more: Any) -> str:
        """An employee writes a report, with one receipt for each expense that has none."""
        number = more.pop("number", f"ER-{key}")
        filed = [self._with_receipt(key, place, each) for place, each in enumerate(lines or (dinner(),))]
        self.put(
            report(*filed, reference="", report=key, number=number, **{"state": ReportState.OPEN, **more})
        )
        return key

    def approved(self, key: str, *lines: ExpenseLine, **more: Any) -> str:
        """And it is approved, and handed over by itself; the name of its export."""
        self.write(key, *lines, **more)
        self.hand_over(key)
        return self.kept[key].export

    def take_back(self, key: str, *lines: ExpenseLine) -> None:
        """It is edited again."""
        old = self.kept[key].report
        filed = [self._with_receipt(f"{key}again", place, each) for place, each in enumerate(lines)]
        self.put(
            report(
                *filed,
                reference="",
                report=key,
                number=old.number,
                revision=old.revision,
                state=ReportState.TAKEN_BACK,
            )
        )

    def cancel(self, key: str) -> None:
        self.put(replace(self.kept[key].report, state=ReportState.CANCELED, reference=""))

    def _with_receipt(self, key: str, place: int, each: ExpenseLine) -> ExpenseLine:
        each = replace(each, number=f"{key}-{place}")
        if each.mileage is not None or each.missing_receipt:
            return each
        name = f"{key}-{place}"
        content = self.files.setdefault(name, PDF + name.encode())
        return replace(
            each,
            files=(ReceiptFile(key=name, name="receipt.pdf", sha256=hashlib.sha256(content).hexdigest()),),
        )


def dinner(gross: str = "121.00", vat: str = "21.00", **more: Any) -> ExpenseLine:
    """A receipt with 21 % VAT."""
    codes = dimensions({"account": "4000", "cost_center": "SALES"})
    return replace(line(gross, tax("high", vat), text="Dinner"), codes=codes, **more)


class Expenses(World):
    """An installation with this flow beside the others."""

    def __init__(self, *, mode: Mode = Mode.AUTOMATIC, together: bool = True, **options: str) -> None:
        self.purchases = Books()
        self.purchases.suppliers["id-19"] = LedgerSupplier(identity="id-19", code="E19", name="De Vries")
        self.sinks: Mapping[type[Any], Any] = {
            PurchaseEntry: ReferencePurchases(self.purchases),
            Dossier: ReferenceDossiers(self.purchases),
            Attachment: ReferenceAttachments(self.purchases, self),  # type: ignore[arg-type]
        }
        self.facts = ReferencePurchaseFacts(self.purchases)
        super().__init__()
        self.purchases.clock = self.clock
        self.platform = Platform(clock=self.clock, together=together)
        self.source = ReferenceExpenses(self.platform)
        self.access.set_flow(
            kind="expense_reports",
            source=self.access.connection(SOURCE),
            target=self.access.connection(TARGET),
            mode=mode,
            starts_on=date(2026, 1, 1),
            mapping="",
            options={**OPTIONS, **options},
        )

    def __getitem__(self, sha256: str) -> bytes:
        """The bytes that the product kept, as the sink reads them."""
        with self._assembly.files().open(sha256) as content:
            found: bytes = content.read()
        assert hashlib.sha256(found).hexdigest() == sha256
        return found

    def system(self, name: str) -> System:
        inner = super().system(name)
        if name == SOURCE:
            sources = {**inner.sources, ExpenseReport: self.source}
            return replace(inner, sources=sources, tenant=lambda entity: self.source.tenant())
        sinks = {**inner.sinks, **self.sinks}
        return replace(inner, sinks=sinks, sources={PurchaseChart: self.facts})

    # what people do

    def option(self, **options: str) -> None:
        flow = self.access.flow("expense_reports", SOURCE, TARGET)
        flow.options = {**flow.options, **options}
        flow.save()

    def begin(self, export: str) -> str:
        return str(self.operations.start("expense_reports", SOURCE, TARGET, export).id)

    def book(self, export: str) -> RunRow:
        """A run of the export, as far as it goes by itself."""
        run = self.begin(export)
        self.run_to_rest()
        return self.at(run)

    def look(self) -> list[RunRow]:
        """New exports of the source, each as far as it goes."""
        offered, _ = self.operations.new("expense_reports", SOURCE, TARGET, None)
        return [self.book(export) for export in offered]

    def consent(self, at: RunRow) -> RunRow:
        self.operations.approve(at.id, self.operations.records.fingerprint(at.id))
        self.run_to_rest()
        return self.at(at.id)

    def answered(self, at: RunRow, option: str, value: str = "") -> RunRow:
        self.operations.answer(at.id, option, value)
        self.run_to_rest()
        return self.at(at.id)

    def resumed(self, at: RunRow, *accept: str) -> RunRow:
        self.operations.resume(at.id, accept=accept)
        self.run_to_rest()
        return self.at(at.id)

    # what is in the books

    @property
    def entries(self) -> list[BookedPurchase]:
        return [row.booked for row in self.purchases.of(PurchaseEntry).values()]

    @property
    def files(self) -> list[BookedAttachment]:
        return [row.booked for row in self.purchases.of(Attachment).values()]

    @property
    def owed(self) -> str:
        """What all purchase entries come to."""
        return str(sum((one.payable.amount for one in self.entries), money("0.00").amount))

    def paid(self, number: str) -> None:
        """Somebody paid an entry in the ledger."""
        for row in self.purchases.of(PurchaseEntry).values():
            if row.booked.receipt.number == number:
                row.booked = replace(row.booked, open=money("0.00"))

    def fail(self, fault: str, after: int = 0) -> None:
        self.purchases.faults += [""] * after + [fault]
