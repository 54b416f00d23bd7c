"""`make crash TARGET=people`: passes are killed with `kill -9` while they write members, or what else is kept
of people, to each ledger, and a person edits rows at the ledger's screen meanwhile; the judge counts what the
ledgers hold.

Each round is a day on which people are hired, leave, come back, move and are named anew. Which pass is killed
is drawn with a seed, and so are the kill and the row that is edited, of those that the pass changes:
    late     a write is in the ledger's hands; a row is edited; the process dies; the ledger writes later
    between  the rows were read, and the answer is slow; one is edited; the process writes, or dies
    sending  a write was carried out, and the answer is slow; a row is edited; the process dies
    random   any moment at all, start-up included
A process that dies while Exact renews the sign-in loses it: a person signs in again, which is counted.
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

from people_kept import HumanResources, KeptStage
from people_month import Month
from people_stage import STILL_GOING, DatedProduct, PeopleStage, started
from scenes import PAYROLL, scene_of
from stage import Sandbox

from ml_connector_sandbox.judges.people import SINCE, Key, Looked, key_of, person_of
from ml_connector_sandbox.judges.people_kept import codes_text

FIRST = datetime(2026, 7, 1, 12, tzinfo=UTC)
KINDS = ("late", "between", "sending", "random", "random")
LATE_SECONDS, SLOW_SECONDS = 2.0, 0.8
SHARE = 2
USED_A_DAY, USED_AT_LEAST = 8, 40
"""People to whom something happens."""
HELD = 3


Named = Callable[[str], str]
"""The name that payroll says → the one that has to be there."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What a person typed: the action and its wish, and the name that the row has to have from then on."""

    action: str
    wish: Mapping[str, str]
    named: Named


@dataclass(frozen=True, kw_only=True)
class Screen:
    """How rows are edited and read: what names one anew, by a text that nobody else gives; the path of reads,
    and rows of a page, of which the plan reads all before it writes. `guarded`: rows have versions.
    """

    edit: Callable[[Mapping[str, Any], str], Edit]
    reads: str
    page: int
    guarded: bool


def _typed(action: str, field: str, *fields: str, **fixed: str) -> Callable[[Mapping[str, Any], str], Edit]:
    """The text into this field, of the row with these ones."""

    def edit(row: Mapping[str, Any], text: str) -> Edit:
        wish = {**fixed, **{name: row[name] for name in fields}, field: text}
        return Edit(action=action, wish=wish, named=lambda _: text)

    return edit


def _employee(row: Mapping[str, Any], text: str) -> Edit:
    first, _, last = text.partition(" ")
    wish = {"entity": row["entity"], "code": row["code"].partition(SINCE)[0]}
    names = {"first_name": first, "last_name": last}
    return Edit(action="put_employee", wish={**wish, **names}, named=lambda _: text)


def _defaults(row: Mapping[str, Any], text: str) -> Edit:
    """Every second time a code of another axis alone, which stands beside what payroll says."""
    wish, alone = {"company": row["entity"], "number": row["code"]}, int(text.rpartition(" ")[2]) % 2
    center = _codes(row["name"]).get("cost_center", "") if alone else CENTER

    def named(name: str) -> str:
        return codes_text({**(_codes(name) if alone else {"cost_center": CENTER}), "department": OTHER})

    return Edit(action="put_worker", wish={**wish, "dimensions": f"{OTHER}-{center}"}, named=named)


def _codes(text: str) -> dict[str, str]:
    return dict(part.split("=") for part in text.split())


MEMBERS, ASSIGNMENTS = "members", "assignments"
OTHER, CENTER = "020", "HOLEG"
"""Codes that a person gives an employment."""
SCENARIOS = {
    "exact_online": "people_exact_online",
    "dynamics_fo": "people_dynamics_fo",
    "visma_net": "people_visma_net",
}
SCREENS = {
    "exact_online": Screen(
        edit=_typed("rename_cost_unit", "description", "entity", "code"),
        reads="hrm/Costunits",
        page=60,
        guarded=False,
    ),
    "dynamics_fo": Screen(
        edit=_typed("rename_dimension_value", "name", "code", dimension="Worker"),
        reads="FinancialDimensionValues",
        page=10_000,
        guarded=True,
    ),
    "visma_net": Screen(
        edit=_typed("put_segment_value", "description", "entity", "code", segment="worker"),
        reads="/v1/dimension/SUBACCOUNT/3",
        page=10_000,
        guarded=True,
    ),
}
"""Of members."""
EDITS = {
    "employees": _employee,
    "assignments": _defaults,
    "departments": _typed("put_department", "description", "entity", "code"),
}
"""Of what else is kept, by name."""


TOTALS = ("kills", "kills_in_flight", "edits", "duplicates", "lost", "overwritten", "overwritten_in_window")


def play(kills: int, seed: int, say: Callable[[str], None]) -> Any:
    """So many kills, shared by the ledgers, which are played at once; the last line."""
    shares = {ledger: (kills + place) // len(SCREENS) for place, ledger in enumerate(SCREENS)}
    with tempfile.TemporaryDirectory(prefix="ml-connector-crash-") as folder, ThreadPoolExecutor() as pool:

        def one(ledger: str) -> Any:
            return _ledger(Path(folder) / ledger, ledger, shares[ledger], seed, say)

        found = dict(zip(shares, pool.map(one, shares), strict=True))
    lines = [line for kinds in found.values() for line in kinds.values()]
    totals = {name: sum(line[name] for line in lines) for name in TOTALS}
    return {"ok": all(line["ok"] for line in lines), **totals, "ledgers": found}


def _ledger(home: Path, ledger: str, kills: int, seed: int, say: Callable[[str], None]) -> Any:
    scene, dice = scene_of(SCENARIOS[ledger]), Random(f"{seed} {ledger}")
    workers = kills * USED_A_DAY + USED_AT_LEAST
    given = ["--profile", "fast", *scene.arguments(), "--switch", f"{PAYROLL}.workers={workers}"]
    with Sandbox(given) as sandbox:
        stage = PeopleStage(sandbox, scene, DatedProduct(home))
        stage.move(FIRST)
        hr, month = HumanResources(stage), Month(do=stage.at_payroll, dice=dice)
        hr.begin()
        rounds = _rounds(stage, dice)
        stage.connect(mode="automatic")
        for one in rounds:
            if isinstance(one.of, KeptStage):
                one.of.connect()
            one.pass_()
        for place in range(1, kills + 1):
            stage.move(FIRST + timedelta(days=place))
            month.day(stage.today, stage.people(), SHARE)
            month.setup()
            hr.day()
            killed = dice.choice(rounds)
            for one in rounds:
                if one is killed:
                    say(f"{ledger} {place}, {one.name}: {one.kill()}")
                else:
                    one.pass_()
        stage.move(FIRST + timedelta(days=kills + 1))
        hr.day()
        for one in rounds:
            one.pass_()
        return {one.name: one.verdict(say) for one in rounds}


def _rounds(stage: PeopleStage, dice: Random) -> list[Rounds]:
    """Of members, and behind them of what else is kept."""
    ledger = stage.scene.ledger
    found = [Rounds(stage, MEMBERS, stage, SCREENS[ledger], dice)]
    for name, scene in stage.scene.kept.items():
        screen = Screen(edit=EDITS[name], reads=scene.reads, page=scene.page, guarded=scene.guarded)
        found.append(Rounds(stage, name, KeptStage(stage, name), screen, dice))
    return found


@dataclass
class Rounds:
    """The rounds of one kind of records of a ledger; `edits` are those that stand, by person, with the row
    that was edited.
    """

    stage: PeopleStage
    name: str
    of: PeopleStage | KeptStage
    screen: Screen
    dice: Random
    counts: Counter[str] = field(default_factory=Counter)
    edits: dict[Key, tuple[str, Named]] = field(default_factory=dict)
    agreed: set[str] = field(default_factory=set)

    def pass_(self) -> None:
        """A pass that nobody disturbs; what was edited before holds it."""
        self.of.look()
        self.of.run(expect=(0, HELD))
        self._sign_in_again()
        self._settled()

    def _sign_in_again(self) -> None:
        """Where the process died in a renewal and took the sign-in with it: a person consents again, as the
        pass says, and resumes it.
        """
        product = self.stage.product
        newest = product.run("runs", "list", "--limit", "1", "--json")["runs"][0]["id"]
        problems = product.run("runs", "show", newest, "--json", expect=(0, HELD))["problems"]
        if any(problem["code"] == "sign_in.lost" for problem in problems):
            self.counts["signed_in_again"] += 1
            product.authorize(self.of.target)
            product.run("runs", "resume", newest, "--json", expect=(0, HELD, STILL_GOING))
            self.of.finish(expect=(0, HELD))

    def _settled(self) -> None:
        """Rows that are there when a pass has ended."""
        self.agreed = {row["id"] for row in self.of.members()}

    def kill(self) -> str:
        """A pass, an edit, a kill, and the end of the pass; what it was."""
        stage, dice = self.stage, self.dice
        looked, kind = self.of.look(), dice.choice(KINDS)
        edited: tuple[Key, str, str] | None = None
        with started(stage, self._rule(kind), *self.of.command) as running:
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
        if kind == "random" and not stage.left():
            self.of.run(expect=(0, HELD))  # it may have died before there was a pass
        stage.finish(expect=(0, HELD))
        self._sign_in_again()
        self._settled()
        told = self._kept(*edited) if edited else "nobody edited"
        return f"{kind}{' struck' * struck}, {told}"

    def _rule(self, kind: str) -> Mapping[str, Any] | None:
        writes = self.dice.choice(self.of.writes)
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
        """Reads of rows that a plan takes, before anything is read again to be written. Where rows have
        versions a write may rest on the last of them.
        """
        people = {(row["entity"], row["code"].partition(SINCE)[0]) for row in self.of.members()}
        there = Counter(entity for entity, _ in people)
        scenario = self.of.judge.scenario
        entities = set((scenario.MEMBER_OF if self.name == MEMBERS else scenario.ENTITY_OF).values())
        return sum(max(math.ceil(there[entity] / self.screen.page), 1) for entity in entities)

    def _edit(self, looked: Looked) -> tuple[Key, str, str] | None:
        """A person edits one of the rows that the pass changes; whose, when by the ledger's clock, and the
        ledger's own key of it. What HR enters with a new employment is no edit: the first pass that sees it
        takes it over, as it does with all that there was at first.
        """
        changed = {person_of(key) for key in looked.changed} - self.edits.keys()
        rows = [row for row in self.of.members() if person_of(key_of(row)) in changed]
        rows = [row for row in rows if row["open"] or self.name == MEMBERS]
        if self.name == ASSIGNMENTS:
            rows = [row for row in rows if row["id"] in self.agreed]
        if not rows:
            return None
        row = self.dice.choice(rows)
        self.counts["edits"] += 1
        edit = self.screen.edit(row, f"By hand {self.counts['edits']}")
        key = person_of(key_of(row))
        self.edits[key] = row["id"], edit.named
        answer = self.stage.at_ledger(edit.action, edit.wish)
        now = str(self.stage.sandbox.control(self.stage.scene.ledger, "clock")["now"])
        return key, now, str(answer.get("id", row["id"]))

    def _kept(self, key: Key, since: str, identity: str) -> str:
        """Whether the edit stands. One that a write overwrote which rests on an earlier read is counted, and
        no longer expected.
        """
        if (name := self._standing().get(key)) is None:
            return "an edited row is not there any more"
        rows = [row for row in self.of.members() if person_of(key_of(row)) == key]
        if all(row["name"] == name for row in rows):
            return "an edit stands"
        if not self.screen.guarded and self._unseen(rows[0], since, identity):
            self.counts["overwritten_in_window"] += 1
            del self.edits[key]
            return "an edit is overwritten between read and write"
        return "an edit is overwritten"

    def _standing(self) -> dict[Key, str]:
        """The names that people gave, of the rows that are still there: who comes back may have another."""
        there = {row["id"] for row in self.of.members()}
        wished = {person_of(key): one.name for key, one in self.of.judge.wished.items()}
        return {key: named(wished[key]) for key, (identity, named) in self.edits.items() if identity in there}

    def _unseen(self, row: Mapping[str, Any], since: str, identity: str) -> bool:
        """Whether nobody read the row between the edit and the first write to it."""
        log = self.stage.sandbox.control(self.stage.scene.ledger, "requests?last=5000")["requests"]
        path, code = f"/{row['entity']}/{self.screen.reads}", row["code"].partition(SINCE)[0]
        later = [one for one in log if one["at"] > since and path in one["path"]]
        writes = [
            place for place, one in enumerate(later) if one["method"] == "PUT" and identity in one["path"]
        ]
        before = later[: writes[0]] if writes else later
        shows = ("$filter" not in one["path"] or f"'{code}'" in one["path"] for one in before)
        return bool(writes) and not any(
            shown for shown, one in zip(shows, before, strict=True) if one["method"] == "GET"
        )

    def verdict(self, say: Callable[[str], None]) -> Any:
        """What the judge says in the end."""
        found = self.of.judge.verdict(self.of.members(), self._standing())
        for difference in found.differences[:20]:
            say(f"{self.stage.scene.ledger}, {self.name}: {difference}")
        return {
            "ok": found.ok,
            "kills": self.counts["kills"],
            "kills_in_flight": self.counts["kills_in_flight"],
            "signed_in_again": self.counts["signed_in_again"],
            "workers": found.workers,
            "members": found.members,
            "changes": self.of.judge.changes,
            "duplicates": found.duplicate,
            "lost": found.missing + found.extra + found.wrong - len(found.overwritten),
            "edits": self.counts["edits"],
            "overwritten": len(found.overwritten),
            "overwritten_in_window": self.counts["overwritten_in_window"],
        }
