"""Durable steps alone: DBOS records what each page came to, then the entry is posted blind. No look-up, no
intent, no read-back: a step whose answer is lost is done again, and the entry stands twice.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
from dbos import DBOS
from given import PAGE_ROWS, address, headers, told

JOURNAL = "90"
WHAT = told()
ACCOUNTS = "bulk/Financial/GLAccounts?$select=ID,Code&$filter=Modified gt datetime'2000-01-01'"
Page = tuple[list[tuple[str, str, str]], str]


@DBOS.step()
def read(url: str) -> Page:
    """What a page came to, by account and department, and where the next one is."""
    first = url == address(WHAT)
    query = {"per_Page": PAGE_ROWS} if first else None
    page = httpx2.get(url, params=query, headers=headers(WHAT), timeout=60, trust_env=False)
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in json.loads(page.content, parse_float=Decimal):
        account = WHAT["account_of"][row["baseSegment"]]
        sums[account, row["orgLevel1"]] += Decimal(row["debitAmt"]) - Decimal(row["creditAmt"])
    found = [(account, center, str(amount)) for (account, center), amount in sums.items()]
    return found, page.links.get("next", {}).get("url", "")


@DBOS.step()
def write(lines: list[tuple[str, str, str]]) -> str:
    """Post the entry."""
    ledger = WHAT["ledger"]
    signed = {"Authorization": f"Bearer {WHAT['token']}", "Accept": "application/json"}
    base = f"{ledger['base_url']}/api/v1/{ledger['entities'][0]['code']}/"
    with httpx2.Client(base_url=base, headers=signed, timeout=60, trust_env=False) as client:
        rows = client.get(ACCOUNTS).raise_for_status().json()["d"]["results"]
        accounts = {row["Code"].strip(): row["ID"] for row in rows}
        entry = {
            "JournalCode": JOURNAL,
            "GeneralJournalEntryLines": [
                {"Date": "2026-06-12", "GLAccount": accounts[account], "AmountFC": float(amount)}
                | {"CostCenter": center, "Description": "peer", "OurRef": 1}
                for account, center, amount in lines
            ],
        }
        answer = client.post("generaljournalentry/GeneralJournalEntries", json=entry)
        return str(answer.raise_for_status().json()["d"]["EntryID"])


@DBOS.workflow()
def post() -> str:
    """Read every page, sum, post."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    url = address(WHAT)
    while url:
        found, url = read(url)
        for account, center, amount in found:
            sums[account, center] += Decimal(amount)
    return write([(account, center, str(amount)) for (account, center), amount in sums.items()])


def main() -> None:
    """One workflow in a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        config: Any = {
            "name": "peer",
            "system_database_url": f"sqlite:///{Path(folder) / 'dbos.sqlite3'}",
            "log_level": "ERROR",
            "console_log_level": "ERROR",
            "enable_otlp": False,
            "use_listen_notify": False,
        }
        DBOS(config=config)
        DBOS.launch()
        print(post())
        sys.stdout.flush()
        DBOS.destroy()


if __name__ == "__main__":
    main()
