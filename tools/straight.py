"""The straight script that `make bench` compares with: the same calls, the same sums, and no durability, no
checks, no second thoughts. It is a process of its own, as the product is, and imports what it needs only.

    python tools/straight.py < what.json    addresses, sign-ins, the token, the accounts and the run
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx2

JOURNAL = "90"


class Straight:
    """One pay run from payroll to ledger, as somebody would write it in an afternoon."""

    def __init__(self, what: Mapping[str, Any]) -> None:
        payroll, ledger = what["payroll"], what["ledger"]
        given, self._account_of = payroll["credentials"], what["account_of"]
        self._payroll = httpx2.Client(
            base_url=payroll["base_url"],
            auth=(given["username"], given["password"]),
            headers={"US-Customer-Api-Key": given["customer_api_key"]},
            timeout=60,
            trust_env=False,
        )
        self._ledger = httpx2.Client(
            base_url=f"{ledger['base_url']}/api/v1/{ledger['entities'][0]['code']}/",
            timeout=60,
            trust_env=False,
            headers={"Authorization": f"Bearer {what['token']}", "Accept": "application/json"},
        )

    def sizes(self) -> dict[str, int]:
        """How many accounts, cost centers and cost units the ledger has."""
        return {
            "accounts": len(
                self._all(
                    "bulk/Financial/GLAccounts?$select=ID,Code&$filter=Modified gt datetime'2000-01-01'"
                )
            ),
            "cost_centers": len(self._all("hrm/Costcenters?$select=ID,Code")),
            "cost_units": len(self._all("hrm/Costunits?$select=ID,Code")),
        }

    def post(self, run: str) -> str:
        """Read, sum, post, read back."""
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        page = self._payroll.get(f"/payroll/v2/general-ledger/{run}", params={"per_Page": "10000"})
        first = json.loads(page.content, parse_float=Decimal)[0]
        self._payroll.get(
            "/payroll/v1/paygroup-payperiods",
            params={"payGroup": first["payGroup"], "periodEndDate": first["periodEndDate"]},
        )
        self._payroll.get(
            "/payroll/v1/pay-register",
            params={
                "payGroup": first["payGroup"],
                "periodEndDate": first["periodEndDate"],
                "per_Page": "10000",
            },
        )
        while True:
            for row in json.loads(page.content, parse_float=Decimal):
                sums[self._account_of[row["baseSegment"]], row["orgLevel1"]] += Decimal(
                    row["debitAmt"]
                ) - Decimal(row["creditAmt"])
            link = page.links.get("next", {}).get("url")
            if not link:
                break
            page = self._payroll.get(link)
        for path in (
            "hrm/Divisions?$select=Code,Currency",
            "financial/Journals?$filter=Code eq '95'",
            "financial/FinancialPeriods?$filter=FinYear eq 2026",
            "read/financial/JournalStatusList?$filter=Year eq 2026",
        ):
            self._ledger.get(path)
        accounts = {
            row["Code"].strip(): row["ID"]
            for row in self._all(
                "bulk/Financial/GLAccounts?$select=ID,Code&$filter=Modified gt datetime'2000-01-01'"
            )
        }
        self._all("hrm/Costcenters?$select=ID,Code")
        self._locate()
        lines = [
            {
                "Date": first["periodEndDate"][:10],
                "GLAccount": accounts[account],
                "AmountFC": float(amount),
                "CostCenter": center,
                "Description": f"straight {run}",
                "OurRef": 1,
            }
            for (account, center), amount in sums.items()
        ]
        answer = self._ledger.post(
            "generaljournalentry/GeneralJournalEntries",
            json={"JournalCode": JOURNAL, "GeneralJournalEntryLines": lines},
        )
        entry: str = answer.raise_for_status().json()["d"]["EntryID"]
        self._all(f"bulk/Financial/TransactionLines?$select=ID,AmountFC&$filter=EntryID eq guid'{entry}'")
        self._locate()
        return entry

    def _locate(self) -> None:
        self._ledger.get(
            "generaljournalentry/GeneralJournalEntryLines?$filter=OurRef eq 999&$select=ID"
        ).raise_for_status()

    def _all(self, path: str) -> list[Any]:
        rows: list[Any] = []
        link: str | None = path
        while link:
            found: Any = self._ledger.get(link).raise_for_status().json()["d"]
            rows += found["results"] if isinstance(found, dict) else found
            link = found.get("__next") if isinstance(found, dict) else None
        return rows


if __name__ == "__main__":
    told = json.load(sys.stdin)
    print(Straight(told).post(told["run"]))
