"""The contract suite of payments on the simulated company."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from ml_connector.connectors.precoro import CONNECTOR
from ml_connector.connectors.precoro.tests.simulated_world import SimulatedCompany
from ml_connector.contract import world as faults
from ml_connector.contract.payments import ENTRY, PaymentSinkContract
from ml_connector.domain.document import Receipt
from ml_connector.domain.money import Money
from ml_connector.domain.payment import PayableInvoice, Payment
from ml_connector.ports.payments import PayableInvoices

OURS = "8a2f04e0-4f89-11d3-9a0c-0305e82c3301"


class Payments(SimulatedCompany):
    """As `PaymentWorld`: an invoice of ours, and who pays it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.held_open = self.system
        self.control("forget_external_ids")
        self.seeded = {row["id"] for row in self.books("payments")}
        self.ours = self.invoice(entry=OURS)

    def books(self, table: str) -> list[dict[str, Any]]:
        return list(self.call("GET", "/__sandbox__/books")[table])

    @property
    def sink(self) -> Any:
        return self.held_open.sink(Payment)

    @property
    def invoices(self) -> PayableInvoices:
        found: PayableInvoices = self.held_open.source(PayableInvoice)
        return found

    def reopen(self) -> Any:
        return CONNECTOR.open(self.settings, self.wiring).sink(Payment)

    def known(self, document: Any) -> Mapping[str, Receipt]:
        return {}

    def document(self, key: str = "bought:acme:1:0:1") -> Payment:
        ten = Money.parse("10.00", "EUR")
        return Payment(
            key=key,
            entity="",
            invoice=self.ours,
            number=str(self.held(self.ours)["idn"]),
            entry=OURS,
            part="p-1",
            amount=ten,
            settles=ten,
            paid_on=date(2026, 7, 1),
        )

    def invoice(self, amount: str = ENTRY, *, entry: str = "", credit: bool = False) -> str:
        kind = {"kind": 1} if credit else {}
        made = self.control(
            "add_invoice",
            supplier="S0001",
            number=f"P-{len(self.books('invoices'))}",
            entity="Noordkade Handel B.V.",
            currency="EUR",
            status="approved",
            lines=[{"text": "Goods", "quantity": "1", "price": amount, "codes": {"account": "4100"}}],
            **kind,
        )
        if entry:
            self.mark_by_hand(str(made["id"]), entry)
        return str(made["id"])

    def enter(self, invoice: str, amount: str) -> None:  # type: ignore[override]
        self.pay(invoice, amount)

    def pages(self) -> int:
        return 25

    def standing(self) -> list[dict[str, Any]]:
        return [
            row for row in self.books("payments") if not row["cancelled"] and row["id"] not in self.seeded
        ]

    def _reference(self, row: dict[str, Any]) -> str:
        return f"{row['id']}/{row['external_id'] or ''}"

    def references(self) -> list[str]:
        return [self._reference(row) for row in self.standing()]

    def by_hand(self) -> str:
        self.pay(self.ours, "3.00")
        return self.references()[-1]

    def double(self, reference: str) -> str:
        self.advance(2)
        other = self.users[-1]
        headers = {"X-AUTH-TOKEN": other["token"], "email": other["email"]}
        (held,) = (row for row in self.standing() if self._reference(row) == reference)
        self.pay(self.ours, held["amount"])
        idn = self.standing()[-1]["idn"]
        data = {"externalId": held["external_id"]}
        self.call("PATCH", f"/payments/{idn}", data=data, headers=headers)
        return self.references()[-1]

    def delete(self, reference: str) -> None:
        (held,) = (row for row in self.standing() if self._reference(row) == reference)
        self.control("cancel_payment", payment=held["idn"])

    def fail_next(self, fault: str) -> None:
        until = f"{self.clock.now():%Y-%m-%d %H:%M:%S} UTC"
        body = {"error": "Too many", "RateLimit-Type": "Hourly limiter", "RateLimit-Retry-After": until}
        rules: dict[str, dict[str, Any]] = {
            faults.LOST_BEFORE: {"kind": "lost_before_commit"},
            faults.LOST_AFTER: {"kind": "lost_after_commit"},
            faults.LATE_COMMIT: {"kind": "late_commit", "seconds": faults.LATE_SECONDS, "answer": "drop"},
            faults.THROTTLED: {"kind": "status", "status": 429, "body": json.dumps(body)},
            faults.UNREACHABLE: {"kind": "refused"},
        }
        match = {"method": "POST", "path": "/payments"}
        self.call("POST", "/__sandbox__/faults", json={**rules[fault], "match": match, "times": 1})

    def said(self) -> str:
        exchanges: Any = self.wiring.exchanges
        return str(exchanges.text())

    def secrets(self) -> tuple[str, ...]:
        return (self.credentials["token"],)


class TestPayments(PaymentSinkContract):
    """With the vendor's limits of calls."""

    @pytest.fixture
    def world(self) -> Payments:
        """A company in which nothing is paid."""
        return Payments()


class TestOtherForms(PaymentSinkContract):
    """Payments are not looked for by their external id, and another text says that nothing is left."""

    @pytest.fixture
    def world(self) -> Payments:
        """A company in which nothing is paid."""
        forms = {
            "payments_by_external_id": "ignored",
            "paid_text": "exceeds",
            "paging": "old",
            "money": "text",
        }
        return Payments(switches=forms)
