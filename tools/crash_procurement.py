"""`make crash TARGET=precoro`: the product is killed with `kill -9` again and again while it makes suppliers,
books invoices of Precoro in Exact Online with their files, marks them and tells what is paid; the judge
counts what both hold.

What is killed, and how, is drawn with a seed: see `killing`.
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import demo_procurement as demo
from killing import Killer, Say
from purchase_stage import BOOKS, BOUGHT, EXACT, PRECORO, SCENARIO, PurchaseStage
from stage import Product, Sandbox

from ml_connector_sandbox.judges.procurement import Ledger, judge
from ml_connector_sandbox.scenarios import procurement
from ml_connector_sandbox.systems.precoro import register

ALL_FROM = 30
"""Of fewer kills so many invoices for each are left; the others are canceled before anybody looks."""
EACH, AT_LEAST = 2, 4
FEW = 5
SUPPLIERS = ((EXACT, "POST", "crm/Accounts"), (PRECORO, "PATCH", "/suppliers/"))
INVOICES = (
    (EXACT, "POST", "purchaseentry/PurchaseEntries"),
    (EXACT, "POST", "documents/Documents"),
    (EXACT, "POST", "documents/DocumentAttachments"),
    (PRECORO, "PATCH", "/invoices/"),
)
PAYMENTS = ((PRECORO, "POST", "/payments"),)
DAY = "2026-08-01"
FORTH, BACK = ("--from", BOUGHT, "--to", BOOKS), ("--from", BOOKS, "--to", BOUGHT)
SAME = ("--same", "S0014=new", "--same", "S0015=new")
"""Suppliers that share a number with another one and are themselves."""


def play(kills: int, seed: int, say: Say) -> Any:
    """So many kills: a fifth each at suppliers and payments, the rest at invoices; the last line. Where there
    are few, every supplier is typed in, and only what waits for them is killed.
    """
    share = max(kills // 5, 1)
    few = kills < FEW
    with tempfile.TemporaryDirectory(prefix="ml-connector-crash-") as folder, Sandbox(SCENARIO) as sandbox:
        stage = PurchaseStage(sandbox, Product(Path(folder)))
        stage.connect()
        dice = Random(seed)
        killer = Killer(sandbox=sandbox, product=stage.product, systems=(EXACT, PRECORO), dice=dice, say=say)
        rounds = Rounds(stage=stage, killer=killer, dice=dice, say=say)
        if kills < ALL_FROM:
            rounds.leave(max(kills * EACH, AT_LEAST))
        if few:
            stage.supply()
        else:
            rounds.suppliers(share)
        rounds.invoices(kills - share if few else kills - 2 * share)
        rounds.payments(share)
        return rounds.verdict()


@dataclass(kw_only=True)
class Rounds:
    """The kills, in the order of the work."""

    stage: PurchaseStage
    killer: Killer
    dice: Random
    say: Say

    def leave(self, most: int) -> None:
        """Of the invoices that are approved, so many."""
        approved = [row for row in self.stage.bought()["invoices"] if row["status"] == "approved"]
        for row in self.dice.sample(approved, max(len(approved) - most, 0)):
            self.stage.at_source("cancel", id=row["id"])

    def suppliers(self, kills: int) -> None:
        """Those of the Dutch company are made by the flow; the others are typed in."""
        holland = procurement.DIVISIONS[register.HOLLAND]
        self._flow("suppliers", FORTH, f"entity={holland}")
        self.killer.kill(kills, SUPPLIERS, ("run", "suppliers", *FORTH, *SAME, "--json"))
        demo.rest(self.stage)
        demo.suppliers_of_belgium(self.stage)
        for _ in range(2):
            self.stage.product.run("run", "suppliers", *FORTH, *SAME, "--json", expect=range(9))

    def invoices(self, kills: int) -> None:
        """Booked, with their files, and marked."""
        self.stage.flow("automatic", paid="book")
        command = ("run", "supplier_invoices", *FORTH, "--json")
        self.killer.kill(kills, INVOICES, command)
        self.stage.product.run(*command, expect=range(9))
        demo.rest(self.stage)

    def payments(self, kills: int) -> None:
        """One for each kill is paid in the ledger, and one more."""
        rows = [row for row in demo.entries(self.stage) if row["currency"] == "EUR"]
        for row in [row for row in rows if demo.plain(self.stage, row)][: kills + 1]:
            self.stage.at_ledger("pay", pays=[{"entry": row["id"]}], date=DAY)
        ids = {row["name"]: row["id"] for row in self.stage.bought()["entities"]}
        pairs = ",".join(f"{ids[name]}={code}" for name, code in procurement.DIVISIONS.items())
        self._flow("payments", BACK, f"entities={pairs}")
        command = ("run", "payments", *BACK, "--json")
        self.killer.kill(kills, PAYMENTS, command)
        demo.rest(self.stage)
        self.stage.product.run(*command, expect=range(9))
        demo.rest(self.stage)

    def _flow(self, kind: str, way: Sequence[str], option: str) -> None:
        settings = ("--mode", "automatic", "--starts-on", "2026-01-01", "--option", option)
        self.stage.product.run("flows", "set", *way, "--kind", kind, *settings, "--json")

    def verdict(self) -> Any:
        """What the books of both say."""
        self.killer.clear()
        held = demo.answer_look_alikes(self.stage, self.say)
        bought, names = self.stage.bought(), demo.names(self.stage)
        files = self.stage.at_ledger("files")["files"]
        settled = demo.settled(self.stage)
        ledger = Ledger(books=self.stage.books(), files=files, names=names, settled=settled)
        found = judge(bought, ledger, held)
        twice = self._twice(names)
        for text in (*found.wrong, *(f"supplier {name} was made twice" for name in twice)):
            self.say(text)
        return {
            "ok": found.ok and not twice,
            **{name: self.killer.counts[name] for name in ("kills", "kills_in_flight", "late_commits")},
            "invoices": found.invoices,
            "booked": found.booked,
            "waiting": len(held),
            "attachments": found.files,
            "marked": found.marked,
            "paid": found.paid,
            "suppliers": len(names),
            "duplicates": found.duplicates + len(twice),
            "lost": found.lost,
        }

    def _twice(self, names: dict[tuple[str, str], str]) -> list[str]:
        """Names that are in the Dutch division more often than in Precoro."""
        holland = procurement.DIVISIONS[register.HOLLAND]
        there = Counter(_folded(name) for (entity, _), name in names.items() if entity == holland)
        bought = Counter(_folded(row["name"]) for row in self.stage.bought()["suppliers"])
        return sorted((there - bought).elements())


def _folded(name: str) -> str:
    """A letter may be written in one part or in two."""
    return unicodedata.normalize("NFC", name)
