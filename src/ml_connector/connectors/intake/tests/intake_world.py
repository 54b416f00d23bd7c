"""A client that hands reports in, in the words of the suite: over a real database, into the real intake."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from ml_connector.contract.expense_world import SPENT, Spent
from ml_connector.contract.memory import VirtualClock

PDF = b"%PDF-1.7\n%%EOF\n"
AXES = {"account": "glAccount", "cost_center": "costCenter", "cost_unit": "costUnit", "project": "project"}


class World:
    """Reports are drafts of the client until they are handed over; taking one back is a cancellation."""

    axes = tuple(AXES)
    says = frozenset({"mileage", "per_diem", "paid_with"})
    together = False

    def __init__(self, home: Path) -> None:
        from tests.tables import Tables

        self.tables = Tables()
        self.tables.use()
        from ml_connector.app.assemble import Assembly
        from ml_connector.app.settings import Settings
        from ml_connector.store.models import Connection

        self.clock = VirtualClock(datetime(2026, 3, 20, 9, 0, tzinfo=UTC))
        self.assembly = Assembly(Settings(home=home, database_url="sqlite:///:memory:"), clock=self.clock)
        self.assembly.keys.create()
        self.organisation = self.assembly.access("default").organisation
        self.connection = Connection.objects.create(
            organisation=self.organisation, name="expenses", connector="intake", settings={}
        )
        self.intake = self.intake_of("default")
        self.drafts: dict[str, dict[str, Any]] = {}
        self.files: dict[str, list[tuple[str, bytes]]] = {}
        self.sent: dict[str, str] = {}

    def intake_of(self, organisation: str) -> Any:
        """The intake, for a token of the organisation."""
        from ml_connector.app.intake import opened
        from ml_connector.store.api_tokens import make

        now = self.clock.now()
        access = self.assembly.access(organisation)
        ends = now + timedelta(days=900)
        text = make(access.organisation, "platform", ["reports:write"], by="cli:anna", now=now, ends_at=ends)
        found = opened(self.assembly, text)
        assert found is not None
        return found

    @property
    def source(self) -> Any:
        from ml_connector.connectors.intake import CONNECTOR
        from ml_connector.domain.expense import ExpenseReport

        return CONNECTOR.open({}, self.assembly.wiring(self.connection)).source(ExpenseReport)

    def codes(self, axis: str) -> Sequence[str]:
        return (f"{axis}-1", f"{axis}-2")

    def write(self, number: str, spent: Sequence[Spent] = SPENT) -> str:
        report = f"rep-{len(self.drafts)}"
        self.drafts[report] = _report(report, number, spent, self.clock.now())
        self.files[report] = []
        return report

    def attach(self, report: str, name: str, content: bytes) -> None:
        self.files[report].append((name, content))

    def hand_over(self, *reports: str) -> None:
        for report in reports:
            draft = self.drafts[report]
            draft["revision"] = draft.get("revision", 0) + 1
            draft["approvedAt"] = self.clock.now().isoformat()
            files = [("r0", "photo.pdf", PDF), *_parts(self.files[report])]
            first = draft["expenses"][0]
            first["receipts"] = [{"part": part, "fileName": name} for part, name, _ in files]
            self.sent[report] = self.send(draft, files).identity

    def send(self, draft: dict[str, Any], files: Sequence[tuple[str, str, bytes]]) -> Any:
        """As the interface does it; only the look at the bytes of receipts is left out."""
        from ml_connector.app.intake import SentFile, SentReport
        from ml_connector.web.intake_schema import Report
        from ml_connector.web.intake_translate import to_report

        text = json.dumps(draft)
        hashes = {part: hashlib.sha256(content).hexdigest() for part, _, content in files}
        report = to_report(Report.model_validate_json(text), hashes)
        sent = tuple(
            SentFile(
                part=part,
                name=name,
                media_type="application/pdf",
                content=BytesIO(content),
                sha256=hashes[part],
                size=len(content),
            )
            for part, name, content in files
        )
        key = f"{draft['externalId']}-{draft['revision']}"
        return self.intake.take(key, SentReport(sent=text, report=report, files=sent)).report

    def take_back(self, report: str, spent: Sequence[Spent]) -> None:
        self.intake.cancel(self.sent[report])
        before = self.drafts[report]
        self.drafts[report] = _report(report, before["reportNumber"], spent, self.clock.now())
        self.drafts[report]["revision"] = before["revision"]

    def cancel(self, report: str) -> None:
        self.intake.cancel(self.sent[report])

    def unknown(self) -> tuple[str, str]:
        return "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"

    def status(self, reference: str) -> str:
        state = self.intake.report(reference).state
        return "" if state == "received" else str(state)

    def noted(self, reference: str) -> str:
        return str(self.intake.report(reference).text)

    def now(self) -> datetime:
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def writes(self) -> int:
        from ml_connector.store.models import AuditEntry

        return AuditEntry.objects.count()


def _parts(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, str, bytes]]:
    return [(f"r{place}", *file) for place, file in enumerate(files, start=1)]


def _report(report: str, number: str, spent: Sequence[Spent], now: datetime) -> dict[str, Any]:
    gross, vat = (sum(map(Decimal, found), Decimal(0)) for found in zip(*map(_figures, spent), strict=True))
    card = sum((Decimal(each.gross) for each in spent if each.by_card), Decimal(0))
    return {
        "externalId": report,
        "reportNumber": number,
        "employee": {"externalId": f"emp-{report}", "name": "J. de Vries"},
        "currency": "EUR",
        "approvedAt": now.isoformat(),
        "expenses": [_expense(report, place, each, now) for place, each in enumerate(spent)],
        "totals": {
            "gross": f"{gross:.2f}",
            "tax": f"{vat:.2f}",
            "reimbursable": f"{gross - card:.2f}",
            "companyPaid": f"{card:.2f}",
        },
    }


def _figures(spent: Spent) -> tuple[str, str]:
    return spent.gross, spent.vat or "0"


def _expense(report: str, place: int, spent: Spent, now: datetime) -> dict[str, Any]:
    codes = dict(zip(AXES.values(), spent.codes, strict=False))
    account = codes.pop("glAccount", "")
    found: dict[str, Any] = {
        "externalId": f"{report}-{place}",
        "type": "MILEAGE" if spent.distance else "PER_DIEM" if spent.days else "RECEIPT",
        "date": now.date().isoformat(),
        "paymentMethod": "COMPANY_CARD" if spent.by_card else "OUT_OF_POCKET",
        "grossAmount": spent.gross,
        "glAccount": account,
        "dimensions": codes,
        "missingReceiptReason": "Lost" if place else "",
    }
    if spent.vat:
        net = Decimal(spent.gross) - Decimal(spent.vat)
        tax = {"taxCode": "high", "taxRate": "21", "netAmount": f"{net}", "taxAmount": spent.vat}
        found["taxes"] = [tax]
    if spent.distance:
        found["mileage"] = {
            "distance": spent.distance,
            "unit": "KM",
            "ratePerUnit": spent.rate,
            "vehicleType": "PRIVATE_CAR",
        }
    if spent.days:
        found["perDiem"] = {"days": spent.days, "ratePerDay": spent.rate}
    return found
