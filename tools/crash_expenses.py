"""`make crash TARGET=expenses`: the product is killed with `kill -9` again and again while it books expense
reports of Findity in Exact Online with their receipts, and tells Findity; the judge counts what both hold.

What is killed, and how, is drawn with a seed: see `killing`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random
from typing import Any

import demo_expenses as demo
from expense_stage import BOOKS, EXACT, FINDITY, SCENARIO, SPENT, ExpenseStage
from killing import Killer, Say
from stage import Product, Sandbox

from ml_connector_sandbox.judges.expenses import judge
from ml_connector_sandbox.scenarios import expenses

PLACES = (
    (EXACT, "POST", "purchaseentry/PurchaseEntries"),
    (EXACT, "POST", "documents/DocumentAttachments"),
    (FINDITY, "PUT", "/status"),
    (EXACT, "POST", "documents/Documents"),
)
PEOPLE = ("Anouk de Vries", "Bram O'Connor")


def play(kills: int, seed: int, say: Say) -> Any:
    """So many kills, each with a report more that waits; the last line."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-crash-") as folder, Sandbox(SCENARIO) as sandbox:
        stage = ExpenseStage(sandbox, Product(Path(folder)))
        stage.connect()
        stage.flow("automatic")
        killer = Killer(
            sandbox=sandbox, product=stage.product, systems=(EXACT, FINDITY), dice=Random(seed), say=say
        )
        made = iter(range(1, kills + 1))
        command = ("run", "expense_reports", "--from", SPENT, "--to", BOOKS, "--json")
        killer.kill(kills, PLACES, command, lambda: _hand_over(stage, next(made)))
        killer.clear()
        stage.product.run(*command, expect=range(9))
        demo.rest(stage)
        demo.decide(stage, say)
        found = judge(stage.spent(), stage.books(), stage.at_ledger("files")["files"], expenses)
        for text in found.differences:
            say(text)
        counted = found.as_json()
        left = set(demo.states(stage)) - {"done", "cancelled"}
        return {
            "ok": found.ok and not left,
            **{name: killer.counts[name] for name in ("kills", "kills_in_flight", "late_commits")},
            **{name: counted[name] for name in ("reports", "booked", "receipts", "status_back")},
            "duplicates": found.duplicates,
            "lost": found.lost + found.receipts_missing + found.unanswered,
        }


def _hand_over(stage: ExpenseStage, number: int) -> None:
    """A report more is approved and handed over; no two of one amount."""
    expense = {
        "type": "receipt",
        "date": "2026-07-01",
        "text": "Train",
        "category": "Hotel",
        "paid_by": "Own money",
        "amount": f"{100 + number}.10",
        "vat": "2",
        "files": [["ticket.pdf", 2000 + number]],
    }
    user = PEOPLE[number % len(PEOPLE)]
    made = stage.at_source("add_report", user=user, title="Trip", approved=True, expenses=[expense])
    stage.at_source("make_export", reports=[made["number"]], grouping="REPORT_PER_EXPENSE")
