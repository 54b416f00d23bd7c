"""Calls for each hundred invoices of Precoro that are booked in Exact Online, against the fewest possible.

The fewest, by what both vendors publish; calls for tokens and what is read once for all (charts, periods, VAT
codes) are left out. An invoice of `f` files takes

    Precoro    the invoice, and each file                            1 + f reads
               the id in the ledger with its text                    1 write
    Exact      its supplier as it is now                             1 read
               entries that may be the same, when it is proposed
               and just before it is posted                          2 reads
               whether document, files and entry are there already:
               an answer may have been lost                          3 reads
               document, files, entry                                2 + f writes
               each read back: the document, its files, the entry
               with its lines and with what is owed                  5 reads

and the list of invoices 1 read for each hundred. An invoice that waits for a person counts as read in Precoro
and as nothing in Exact. The looks before and behind a write belong to the fewest: without them something
could be booked twice, or wrongly.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import demo_procurement as demo
from bench_product import err
from purchase_stage import BOOKS, BOUGHT, EXACT, PRECORO, SCENARIO, PurchaseStage
from stage import Product, Sandbox

HUNDRED = 100


def procurement(folder: Path) -> dict[str, Any]:
    """Every invoice of the scenario that can be booked, each once. Raises `CommandFailed` where it fails."""
    with Sandbox(SCENARIO) as sandbox:
        stage = PurchaseStage(sandbox, Product(folder))
        stage.connect()
        stage.supply()
        stage.flow("automatic", paid="book")
        before = _calls(stage)
        stage.product.run(
            "run", "supplier_invoices", "--from", BOUGHT, "--to", BOOKS, "--json", expect=range(9)
        )
        demo.rest(stage)
        after = _calls(stage)
        taken_up = len(stage.product.run("runs", "list", "--limit", "5000", "--json")["runs"])
        booked = len(demo.entries(stage))
        files = len(stage.at_ledger("files")["files"])
    taken = {slug: {kind: after[slug][kind] - before[slug][kind] for kind in after[slug]} for slug in after}
    fewest = floor(taken_up, booked, files)
    found: dict[str, Any] = {"procurement": {"invoices": booked, "files": files}}
    for slug, kinds in taken.items():
        calls = sum(kinds.values())
        found["procurement"][slug] = {**kinds, "floor": fewest[slug]}
        found[f"{slug}_calls_for_100_invoices"] = round(calls * HUNDRED / booked)
        found[f"{slug}_invoice_calls_to_floor"] = round(calls / fewest[slug], 2)
        err.print(f"  {slug}: {calls} calls for {booked} invoices, {fewest[slug]} at the least", markup=False)
    return found


def floor(taken_up: int, booked: int, files: int) -> dict[str, int]:
    """The fewest calls of each, by the formula above; `files` are those of booked invoices."""
    return {PRECORO: math.ceil(taken_up / HUNDRED) + taken_up + files + booked, EXACT: 13 * booked + files}


def _calls(stage: PurchaseStage) -> dict[str, dict[str, int]]:
    counted = {slug: stage.sandbox.control(slug, "books")["calls"] for slug in (PRECORO, EXACT)}
    return {slug: {kind: calls[kind] for kind in ("read", "write")} for slug, calls in counted.items()}
