"""What an entry of a thousand lines costs at a ledger in calls, and the fewest it could.

    facts     master data that was asked for: a question that is asked twice counts once in the floor
    searches  for entries of others: when the run is proposed, again under the claim, and at the end
    entry     from the first look-up to the last, by the ledger's own arithmetic; without the last one, from
              look-up to read-back

Token calls, and what is asked while the ledger has not posted a document yet, are left out of both.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenes import PAYROLL, scene_of
from stage import SOURCE, TARGET, CommandFailed, Product, Sandbox, judged, unlimited

LINES = 1_000


@dataclass(frozen=True, kw_only=True)
class Costs:
    """A ledger's scenario, its calls that are not master data, and the fewest of them for an entry of so many
    lines, look-ups included; `searches` come on top.

    `looks` matches the question whether the document is posted; one of them is needed. `search` matches a
    call of a search where nothing else asks the same; more of them than `searches` are made while the ledger
    posts. `again` are facts that anybody may change between proposal, write and read-back, and that have to
    be asked for again. `sizes` is how many rows its master data has in the scenario, where that is more than
    a page.
    """

    scenario: str
    arguments: tuple[str, ...] = ()
    entry: str
    least: Callable[[int], int]
    searches: int = 3
    search: str = ""
    looks: str = ""
    again: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)


COSTS = {
    "exact_online": Costs(
        scenario="bench",
        arguments=("--switch", f"{PAYROLL}.bench_rows=50000", "--switch", f"{PAYROLL}.bench_groups={LINES}"),
        entry="GeneralJournalEntr|TransactionLines",
        least=lambda lines: 1 + 1 + math.ceil(lines / 1000) + 1,
        sizes={"cost_centers": 4_000},
    ),
    "dynamics_fo": Costs(
        scenario="bench_dynamics_fo",
        entry=r"LedgerJournal|\$batch",
        searches=1 + 1 + 2,
        search=r"LedgerJournalHeaders\?.*JournalName%20eq|LedgerJournalLines\?.*TransDate",
        looks=r"GET .*LedgerJournalHeaders\?.*JournalBatchNumber%20eq",
        again=4,
        least=lambda lines: 1 + 1 + math.ceil(lines / 100) + 1 + math.ceil(lines / 10_000) + 1,
    ),
    "visma_net": Costs(
        scenario="bench_visma_net",
        arguments=("--switch", "visma_net.release_seconds=0"),
        entry="journaltransaction",
        least=lambda lines: 1 + 1 + 1 + 1 + 1 + 1 + math.ceil(lines / 1000),
    ),
}


def ledger_calls(ledger: str) -> dict[str, Any]:
    """Calls and floor of one run with one entry of a thousand lines, from a cold start. Raises
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
    waiting = len(looks[1:]) + len(searched[costs.searches :])
    calls = len(made) - waiting
    floor = len(set(facts)) + costs.again + costs.searches + costs.least(LINES)
    return {
        "lines": verdict.lines,
        "facts": len(facts),
        "look_up_to_read_back": len(entry) - waiting - costs.searches - 1,
        "waiting": waiting,
        "calls": calls,
        "floor": floor,
        "calls_to_floor": round(calls / floor, 3),
    }
