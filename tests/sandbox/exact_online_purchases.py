"""A simulated Exact Online division that buys: VAT codes of every kind, terms, suppliers, bank accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx2
from tests.sandbox.conftest import DIVISION, World

ENTRIES = "purchaseentry/PurchaseEntries"
LINES = "purchaseentry/PurchaseEntryLines"
LEDGER: dict[str, Any] = {
    "company": {"name": "Buyers"},
    "divisions": [
        {"code": "1204", "title": "Buyers B.V.", "currency": "EUR", "country": "NL"},
        {"code": "1305", "title": "Buyers GmbH", "currency": "EUR", "country": "DE"},
    ],
    "accounts": [
        {"code": "1100", "description": "Bank", "type": 12},
        {"code": "1120", "description": "Payment service", "type": 16},
        {"code": "1520", "description": "VAT to claim", "type": 24},
        {"code": "1530", "description": "VAT to pay", "type": 24},
        {"code": "1600", "description": "Creditors", "type": 22},
        {"code": "1610", "description": "Other creditors", "type": 22},
        {"code": "1300", "description": "Debtors", "type": 20},
        {"code": "4000", "description": "Costs", "type": 120, "use_cost_center": 0},
        {"code": "4100", "description": "Bank charges", "type": 120},
        {"code": "4200", "description": "Fuel", "type": 120, "vat_code": "21"},
        {"code": "4300", "description": "Discounts", "type": 120},
        {"code": "4400", "description": "By cost center", "type": 120, "use_cost_center": 1},
    ],
    "cost_centers": [{"code": "SALES", "description": "Sales"}],
    "cost_units": [{"code": "U1", "description": "Line 1"}],
    "journals": [
        {"code": "60", "description": "Purchases", "type": 22, "account": "1600", "allow_vat": True},
        {
            "code": "61",
            "description": "In euros",
            "type": 22,
            "account": "1600",
            "allow_variable_currency": False,
        },
        {"code": "20", "description": "Bank", "type": 12, "account": "1100"},
        {"code": "25", "description": "Payment service", "type": 16, "account": "1120"},
        {"code": "90", "description": "General", "type": 90},
        {"code": "91", "description": "General with VAT", "type": 90, "allow_vat": True},
    ],
    "periods": {"first_year": 2025, "years": 3, "closed": [["60", 2025, 12]]},
    "vat_codes": [
        {"code": "21", "description": "21 %", "percentage": "0.21", "to_claim": "1520", "to_pay": "1530"},
        {"code": "9", "description": "9 %", "percentage": "0.09", "to_claim": "1520"},
        {"code": "15", "description": "15 %", "percentage": "0.15", "to_claim": "1520"},
        {"code": "I", "description": "21 % including", "percentage": "0.21", "type": "I", "to_claim": "1520"},
        {"code": "I0", "description": "0 % including", "percentage": "0", "type": "I"},
        {"code": "N", "description": "None", "percentage": "0", "type": "N"},
        {"code": "B", "description": "Base only", "percentage": "0", "type": "B"},
        {"code": "0", "description": "0 %", "percentage": "0"},
        {
            "code": "R",
            "description": "Reverse charge",
            "percentage": "0.21",
            "charged": True,
            "to_claim": "1520",
            "to_pay": "1530",
        },
        {"code": "S", "description": "Sales only", "percentage": "0.21", "for": "S"},
        {"code": "OLD", "description": "Blocked", "percentage": "0.19", "blocked": True},
        {
            "code": "L",
            "description": "Lodging",
            "percentage": "0.21",
            "percentages": [
                {"percentage": "0.09", "start": "2019-01-01", "end": "2025-12-31"},
                {"percentage": "0.21", "start": "2026-01-01"},
            ],
        },
    ],
    "payment_conditions": [
        {"code": "30", "description": "30 days", "days": 30, "default": True},
        {"code": "P", "description": "30 % at once, the rest later", "days": 0, "percentage": "0.3"},
        {"code": "P", "description": "30 % at once, the rest later", "days": 60, "percentage": "0.7"},
        {"code": "ME", "description": "Second month's end and 15 days", "months": 2, "days": 15},
        {
            "code": "D",
            "description": "2 % in 8 days",
            "days": 30,
            "discount": "0.02",
            "discount_days": 8,
            "discount_on": "E",
        },
    ],
    "exchange_rates": [{"currency": "USD", "rate": "0.9", "start": "2026-01-01"}],
    "suppliers": [
        {"code": "2", "name": "Paper Ltd", "iban": "NL91ABNA0417164300", "vat_number": "NL123456789B01"},
        {"code": "30", "name": "Ink Ltd", "payment_condition": "ME"},
    ],
    "projects": [{"code": "P1", "description": "Move"}],
}


class Office(World):
    """The world of purchases, and short words for what its tests do most."""

    def __init__(self, profile: str = "fast", **switches: Any) -> None:
        super().__init__(profile, ledger=LEDGER, **{"mandatory_filtering": False, **switches})

    def supplier(self, code: str = "2") -> str:
        row = self.vendor.books_by_division[int(DIVISION)]["relations"].first("Code", code.rjust(18))
        assert row is not None
        return str(row["ID"])

    def cost(self, amount: Any, vat: str | None = "21", account: str = "4000", **more: Any) -> dict[str, Any]:
        code = {} if vat is None else {"VATCode": vat}
        return {"GLAccount": self.account(account), "AmountFC": amount, **code, **more}

    def invoice(self, *lines: dict[str, Any], **header: Any) -> dict[str, Any]:
        named = {"Journal": "60", "Supplier": self.supplier(), "EntryDate": "2026-07-01"}
        return {**named, "PurchaseEntryLines": list(lines or (self.cost(100),)), **header}

    def buy(self, *lines: dict[str, Any], **header: Any) -> dict[str, Any]:
        """A purchase entry that is booked, as it was answered."""
        answer = self.post(ENTRIES, self.invoice(*lines, **header))
        assert 201 == answer.status_code, answer.text
        row: dict[str, Any] = answer.json()["d"]
        return row

    def refused(self, *lines: dict[str, Any], **header: Any) -> str:
        """The vendor's message when the invoice is refused as a business error."""
        before = len(self.documents())
        answer = self.post(ENTRIES, self.invoice(*lines, **header))
        assert 500 == answer.status_code, answer.text
        assert before == len(self.documents())
        text: str = answer.json()["error"]["message"]["value"]
        return text

    def put(self, path: str, key: str, **changes: Any) -> httpx2.Response:
        return self.client.put(f"/api/v1/{DIVISION}/{path}(guid'{key}')", json=changes)

    def remove(self, path: str, key: str) -> httpx2.Response:
        return self.client.delete(f"/api/v1/{DIVISION}/{path}(guid'{key}')")

    def one(self, path: str, key: str) -> dict[str, Any]:
        row: dict[str, Any] = self.get(f"{path}(guid'{key}')").raise_for_status().json()["d"]
        return row

    def booked(self, entry: str) -> list[tuple[str, str]]:
        """Account and amount of every line of the ledger, in the lines' order."""
        rows = self.every_row(f"financialtransaction/TransactionLines?$filter=EntryID eq guid'{entry}'")
        rows.sort(key=lambda row: row["LineNumber"])
        return [(row["GLAccountCode"], f"{Decimal(str(row['AmountFC'])):.2f}") for row in rows]

    def items(self, entry: str) -> list[tuple[str, int]]:
        """Amount and status of what is to be paid for an entry, the largest first."""
        rows = self.every_row(f"cashflow/Payments?$filter=TransactionEntryID eq guid'{entry}'")
        rows.sort(key=lambda row: -row["AmountFC"])
        return [(f"{Decimal(str(row['AmountFC'])):.2f}", row["Status"]) for row in rows]

    def is_balanced(self) -> bool:
        """Whether every entry of the ledger comes to nothing, in both currencies."""
        sums: dict[str, list[Decimal]] = {}
        for row in self.every_row("bulk/Financial/TransactionLines?$select=EntryID,AmountFC,AmountDC"):
            held = sums.setdefault(row["EntryID"], [Decimal(0), Decimal(0)])
            held[0] += Decimal(str(row["AmountFC"]))
            held[1] += Decimal(str(row["AmountDC"]))
        return all(not fc and not dc for fc, dc in sums.values())
