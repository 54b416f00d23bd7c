"""`make crash TARGET=people`: passes of workers are killed with `kill -9` while they write to each ledger,
and a person edits members at the ledger's screen meanwhile; the judge counts what the ledgers hold.

Each round is a day on which people are hired, leave, come back, move and are named anew. Its kill is drawn
with a seed, and so is the member that is edited, of those that the pass changes:
    late     a write is in the ledger's hands; a member is edited; the process dies; the ledger writes later
    between  the members were read, and the answer is slow; one is edited; the process writes, or dies
    sending  a write was carried out, and the answer is slow; a member is edited; the process dies
    random   any moment at all, start-up included
An edit may be overwritten by nobody where the ledger has versions. Where it has none, it may be by a write
that rests on a read before the edit: such edits are counted apart.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from people_month import Month
from people_stage import DatedProduct, PeopleStage, started
from scenes import PAYROLL, scene_of
from stage import Sandbox

from ml_connector_sandbox.judges.people import Key, Looked

FIRST = datetime(2026, 7, 1, 12, tzinfo=UTC)
KINDS = ("late", "between", "sending", "random", "random")
LATE_SECONDS, SLOW_SECONDS = 2.0, 0.8
SHARE = 2
USED_A_DAY, USED_AT_LEAST = 8, 40
"""People to whom something happens."""
HELD = 3


@dataclass(frozen=True, kw_only=True)
class Screen:
    """How a ledger's members are edited and read: the action that names one anew, the path of reads, and rows
    of a page, of which the plan reads all before it writes. `guarded`: rows have versions.
    """

    scenario: str
    edit: Callable[[str, str, str], tuple[str, Mapping[str, str]]]
    reads: str
    page: int
    guarded: bool


SCREENS = {
    "exact_online": Screen(
        scenario="people_exact_online",
        edit=lambda entity, code, name: (
            "rename_cost_unit",
            {"entity": entity, "code": code, "description": name},
        ),
        reads="hrm/Costunits",
        page=60,
        guarded=False,
    ),
    "dynamics_fo": Screen(
        scenario="people_dynamics_fo",
        edit=lambda _, code, name: (
            "rename_dimension_value",
            {"dimension": "Worker", "code": code, "name": name},
        ),
        reads="FinancialDimensionValues",
        page=10_000,
        guarded=True,
    ),
    "visma_net": Screen(
        scenario="people_visma_net",
        edit=lambda entity, code, name: (
            "put_segment_value",
            {"entity": entity, "segment": "worker", "code": code, "description": name},
        ),
        reads="/v1/dimension/SUBACCOUNT/3",
        page=10_000,
        guarded=True,
    ),
}


TOTALS = ("kills", "kills_in_flight", "edits", "duplicates", "lost", "overwritten", "overwritten_in_window")


def play(kills: int, seed: int, say: Callable[[str], None]) -> Any:
    """So many kills, shared by the ledgers, which are played at once; the last line."""
    shares = {ledger: (kills + place) // len(SCREENS) for place, ledger in enumerate(SCREENS)}
    with tempfile.TemporaryDirectory(prefix="ml-connector-crash-") as folder, ThreadPoolExecutor() as pool:

        def one(ledger: str) -> Any:
            return _ledger(Path(folder) / ledger, ledger, shares[ledger], seed, say)

        found = dict(zip(shares, pool.map(one, shares), strict=True))
    totals = {name: sum(line[name] for line in found.values()) for name in TOTALS}
    return {"ok": all(line["ok"] for line in found.values()), **totals, "ledgers": found}


def _ledger(home: Path, ledger: str, kills: int, seed: int, say: Callable[[str], None]) -> Any:
    scene, dice = scene_of(SCREENS[ledger].scenario), Random(f"{seed} {ledger}")
    workers = kills * USED_A_DAY + USED_AT_LEAST
    given = ["--profile", "fast", *scene.arguments(), "--switch", f"{PAYROLL}.workers={workers}"]
    with Sandbox(given) as sandbox:
        stage = PeopleStage(sandbox, scene, DatedProduct(home))
        stage.move(FIRST)
        stage.connect(mode="automatic")
        stage.look()
        stage.run()
        rounds = Rounds(stage, SCREENS[ledger], Month(do=stage.at_payroll, dice=dice), dice)
        for place in range(1, kills + 1):
            stage.move(FIRST + timedelta(days=place))
            say(f"{ledger} {place}: {rounds.kill()}")
        stage.move(FIRST + timedelta(days=kills + 1))
        stage.look()
        stage.run(expect=(0, HELD))
        return rounds.verdict(say)


@dataclass
class Rounds:
    """The rounds at one ledger; `edits` are those that stand."""

    stage: PeopleStage
    screen: Screen
    month: Month
    dice: Random
    counts: Counter[str] = field(default_factory=Counter)
    edits: dict[Key, str] = field(default_factory=dict)

    def kill(self) -> str:
        """A day, a pass, an edit, a kill, and the end of the pass; what it was."""
        stage, dice = self.stage, self.dice
        self.month.day(stage.today, stage.people(), SHARE)
        looked, kind = stage.look(), dice.choice(KINDS)
        edited: tuple[Key, str] | None = None
        with started(stage, self._rule(kind), *stage.command) as running:
            if kind == "random":
                time.sleep(dice.uniform(0.3, 4.0))
                struck, edited = False, self._edit(looked) if dice.random() < 0.5 else None
            else:
                struck = running.struck()
                edited = self._edit(looked) if struck else None
            if kind != "late":
                time.sleep(dice.uniform(0.0, 2 * SLOW_SECONDS))
        self.counts["kills"] += 1
        self.counts["kills_in_flight"] += struck
        stage.finish(expect=(0, HELD))
        told = self._kept(*edited) if edited else "nobody edited"
        return f"{kind}{' struck' * struck}, {told}"

    def _rule(self, kind: str) -> Mapping[str, Any] | None:
        writes = self.dice.choice(self.stage.scene.member_writes)
        match kind:
            case "late":
                return {
                    "kind": "late_commit",
                    "seconds": LATE_SECONDS,
                    "answer": "hold",
                    "times": 1,
                    **writes,
                }
            case "sending":
                return {"kind": "slow", "seconds": SLOW_SECONDS, "times": 1, **writes}
            case "between":
                match = {"match": {"method": "GET", "path": self.screen.reads}}
                skip = self._pages() - (self.screen.guarded and self.dice.randint(0, 1))
                return {"kind": "slow", "seconds": SLOW_SECONDS, "times": 1, "skip": skip, **match}
        return None

    def _pages(self) -> int:
        """Reads of members that a plan takes, before anything is read again to be written. Where members
        have versions a write may rest on the last of them.
        """
        there = Counter(row["entity"] for row in self.stage.members())
        entities = set(self.stage.judge.scenario.MEMBER_OF.values())
        return sum(max(math.ceil(there[entity] / self.screen.page), 1) for entity in entities)

    def _edit(self, looked: Looked) -> tuple[Key, str] | None:
        """A person names one of the members that the pass changes anew; when, by the ledger's clock."""
        changed = [key for key in looked.changed if key not in self.edits]
        rows = [row for row in self.stage.members() if self._key(row) in changed]
        if not rows:
            return None
        row = self.dice.choice(rows)
        self.counts["edits"] += 1
        self.edits[self._key(row)] = f"By hand {self.counts['edits']}"
        action, wish = self.screen.edit(row["entity"], row["code"], self.edits[self._key(row)])
        self.stage.at_ledger(action, wish)
        return self._key(row), str(self.stage.sandbox.control(self.stage.scene.ledger, "clock")["now"])

    def _key(self, row: Mapping[str, Any]) -> Key:
        return row["entity"], row["code"].lstrip("0")

    def _kept(self, key: Key, since: str) -> str:
        """Whether the edit stands. One that a write overwrote which rests on an earlier read is counted, and
        no longer expected.
        """
        (row,) = [row for row in self.stage.members() if self._key(row) == key]
        if row["name"] == self.edits[key]:
            return "an edit stands"
        if not self.screen.guarded and self._unseen(row, since):
            self.counts["overwritten_in_window"] += 1
            del self.edits[key]
            return "an edit is overwritten between read and write"
        return "an edit is overwritten"

    def _unseen(self, row: Mapping[str, Any], since: str) -> bool:
        """Whether nobody read the member between the edit and the first write to it."""
        log = self.stage.sandbox.control(self.stage.scene.ledger, "requests?last=5000")["requests"]
        later = [
            one for one in log if one["at"] > since and f"/{row['entity']}/{self.screen.reads}" in one["path"]
        ]
        writes = [
            place for place, one in enumerate(later) if one["method"] == "PUT" and row["id"] in one["path"]
        ]
        before = later[: writes[0]] if writes else later
        shows = ("$filter" not in one["path"] or f"'{row['code']}'" in one["path"] for one in before)
        return bool(writes) and not any(
            shown for shown, one in zip(shows, before, strict=True) if one["method"] == "GET"
        )

    def verdict(self, say: Callable[[str], None]) -> Any:
        """What the judge says in the end."""
        found = self.stage.judge.verdict(self.stage.members(), self.edits)
        for difference in found.differences[:20]:
            say(f"{self.stage.scene.ledger}: {difference}")
        return {
            "ok": found.ok,
            "kills": self.counts["kills"],
            "kills_in_flight": self.counts["kills_in_flight"],
            "workers": found.workers,
            "members": found.members,
            "changes": self.stage.judge.changes,
            "duplicates": found.duplicate,
            "lost": found.missing + found.extra,
            "edits": self.counts["edits"],
            "overwritten": len(found.overwritten),
            "overwritten_in_window": self.counts["overwritten_in_window"],
        }
