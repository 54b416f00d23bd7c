"""What an entry of a thousand lines costs at a ledger in calls, beside the fewest that `floor.py` draws.

Token calls, and what is asked while the ledger has not posted a document yet, are left out of both.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from floor import LIMITS
from scenes import PAYROLL, scene_of
from stage import SOURCE, TARGET, CommandFailed, Product, Sandbox, judged, unlimited

LINES = 1_000


@dataclass(frozen=True, kw_only=True)
class Costs:
    """A ledger's scenario, and its calls that are not master data.

    `looks` matches the question whether the document is posted. `search` matches a call of a look at the
    ledger, where nothing else asks the same; more of them than `searches` are made while the ledger posts.
    `sizes` is how many rows its master data has in the scenario, where that is more than a page.
    """

    scenario: str
    arguments: tuple[str, ...] = ()
    entry: str
    searches: int = 0
    search: str = ""
    looks: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)


COSTS = {
    "exact_online": Costs(
        scenario="bench",
        arguments=("--switch", f"{PAYROLL}.bench_rows=50000", "--switch", f"{PAYROLL}.bench_groups={LINES}"),
        entry="GeneralJournalEntr|TransactionLines",
        sizes={"cost_centers": 4_000},
    ),
    "dynamics_fo": Costs(
        scenario="bench_dynamics_fo",
        entry=r"LedgerJournal|\$batch",
        searches=1 + 1 + 2,
        search=r"LedgerJournalHeaders\?.*JournalName%20eq|LedgerJournalLines\?.*TransDate%20ge",
        looks=r"GET .*LedgerJournalHeaders\?.*JournalBatchNumber%20eq",
    ),
    "visma_net": Costs(
        scenario="bench_visma_net",
        arguments=("--switch", "visma_net.release_seconds=0"),
        entry="journaltransaction",
    ),
}


def ledger_calls(ledger: str) -> dict[str, Any]:
    """Calls and floor of one run with one entry of a thousand lines, from a cold start; its look-ups count,
    and so do those for documents of others when it is proposed, under its claim and at its end. Raises
    `CommandFailed` when it is not booked once.
    """
    costs = COSTS[ledger]
    scene = scene_of(costs.scenario)
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(["--profile", "fast", *scene.arguments(), *costs.arguments]) as sandbox,
    ):
        product = Product(Path(folder))
        product.connect(sandbox, scene, mode="automatic", settings=unlimited(scene))
        before = sandbox.control(scene.ledger, "requests?last=0")["count"]
        product.run("run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", "BENCH", "--json")
        log = sandbox.control(scene.ledger, "requests?last=5000")
        verdict = judged(sandbox, scene, ["BENCH"])
    if not verdict.ok or verdict.lines != LINES:
        raise CommandFailed(f"{ledger}: {verdict.lines} lines; {'; '.join(verdict.differences[:5])}")
    asked = [f"{request['method']} {request['path']}" for request in log["requests"][before - log["count"] :]]
    made = [call for call in asked if not re.search("/token|/oauth2", call)]
    entry = [call for call in made if re.search(costs.entry, call)]
    looks = [call for call in entry if costs.looks and re.search(costs.looks, call)]
    facts = [call for call in made if call not in entry]
    searched = [call for call in entry if costs.search and re.search(costs.search, call)]
    waiting = len(looks) + len(searched[costs.searches :])
    calls = len(made) - waiting
    floor = LIMITS[ledger].calls(LINES, costs.sizes)
    return {
        "lines": verdict.lines,
        "facts": len(facts),
        "waiting": waiting,
        "calls": calls,
        "floor": floor,
        "calls_to_floor": round(calls / floor, 3),
    }
