"""`make demo SCENARIO=people`: the workers of a payroll are members of three ledgers, for a month.

At each ledger everybody is made a member at first; then people are hired, leave, come back and move at the
payroll's screens, and passes some days apart carry that over: `serve --listen` makes them, woken by the
payroll's notifications and the ledger's, of which half are lost or come twice, and which come out of order.
On some days a command behind them keeps what else a ledger has of people: HR records, departments, default
dimensions of employments. Applies are killed (kill -9) with a write under way. All clocks stand in July 2026
and move together.
Every figure comes from the simulators' books through the judge; `headcount` alone is the product's word,
compared with the judge's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from floor_people import KEPT_CALLS, MEMBER_CALLS, payroll_calls
from people_hooks import LEDGERS, TROUBLE, HeardStage
from people_kept import HumanResources, KeptStage
from people_month import Month
from people_stage import DatedProduct, PeopleStage, late_write, started
from scenes import PAYROLL, Scene, scene_of
from stage import CommandFailed, Sandbox

from ml_connector_sandbox.judges.notified import Notified
from ml_connector_sandbox.judges.people import employed

SCENES = ("people_exact_online", "people_dynamics_fo", "people_visma_net")
WORKERS = 600
FIRST = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAYS = (1, 3, 6, 9, 12, 15, 18, 21, 24, 27, 31)
SHORT = (1, 6, 15, 18)
"""Days of the month with a pass; those of a month with fewer workers."""
KILLED_ON = 15
KEPT_ON = (1, 6, 15, 24, 31)
"""Days on which what else is kept has a pass, and the last; where each employment has days, every one: who
left and came back in between is for HR alone.
"""
SHARE = 3
"""Hires of a day, and leavers."""


def play(home: Path, say: Callable[[str], None], workers: int = WORKERS) -> Any:
    """Play the month at each ledger, at once, in homes of their own; the last line."""
    say(
        f"{workers} workers, a month, three ledgers at once. Half of the notifications are lost or come"
        " twice, and the others out of order."
    )
    days = DAYS if workers >= WORKERS else SHORT
    scenes = [scene_of(name) for name in SCENES]

    def one(scene: Scene) -> Any:
        with _sandbox(scene, workers) as sandbox:
            stage = HeardStage(sandbox, scene, DatedProduct(home / scene.ledger))
            return _month(stage, days, workers, lambda text: say(f"   {scene.ledger}: {text}"))

    with ThreadPoolExecutor(len(scenes)) as pool:
        found = dict(zip((scene.ledger for scene in scenes), pool.map(one, scenes), strict=True))
    return {"ok": all(line["ok"] for line in found.values()), "ledgers": found}


def _sandbox(scene: Scene, workers: int) -> Sandbox:
    tell = [PAYROLL, *({scene.ledger} & LEDGERS.keys())]
    switches = [
        f"{PAYROLL}.workers={workers}",
        *(f"{slug}.{name}={value}" for slug in tell for name, value in TROUBLE.items()),
    ]
    given = [part for switch in switches for part in ("--switch", switch)]
    return Sandbox(["--profile", "fast", *scene.arguments(), *given])


def _month(stage: HeardStage, days: Sequence[int], workers: int, say: Callable[[str], None]) -> Any:
    stage.move(FIRST)
    hr = HumanResources(stage)
    hr.begin()
    kept = [KeptStage(stage, name) for name in stage.scene.kept]
    stage.connect(mode="approve")
    for one in kept:
        one.connect()
    month = Month(do=stage.at_payroll, dice=Random(f"month {stage.scene.ledger}"))
    for day in days:
        stage.move(FIRST + timedelta(days=day - 1))
        if day > days[0]:
            month.day(stage.today, stage.people(), SHARE if workers >= WORKERS else 1)
            month.setup()
        hr.day()
        looked = stage.look()
        _pass(stage, day, say)
        for one in kept:
            if one.dated or day in (*KEPT_ON, days[-1]):
                _keep(one, day, say)
        members = stage.judge.verdict(stage.members()).members
        say(f"{stage.today:%d %B}: {len(looked.changed)} changes; {members} members are open.")
    say(", ".join(f"{count} {what}" for what, count in sorted(month.done.items())) + ".")
    return _verdict(stage, kept, say)


def _pass(stage: HeardStage, day: int, say: Callable[[str], None]) -> None:
    """A pass. The first waits for consent, and is killed once it has it; so is one later on, which needs
    none, as all that are made by whoever hears of a change.
    """
    if day == DAYS[0]:
        run = stage.run(expect=(4,))
        killed = _killed(
            stage,
            stage.scene.member_writes,
            "runs",
            "approve",
            run["run"],
            *stage.product.consent(run["run"]),
        )
        say(f"everybody is proposed and approved; process {killed} is killed while it writes (kill -9).")
        stage.finish()
        stage.flow(mode="automatic")
        stage.subscribe()
        return
    with stage.listening():
        stage.hear(dies=day == KILLED_ON)
    if day == KILLED_ON:
        say("`serve` is killed while it writes (kill -9), and started again.")


def _keep(one: KeptStage, day: int, say: Callable[[str], None]) -> None:
    """A pass of what else is kept; one is killed, as a pass of members is."""
    one.look()
    if day != KILLED_ON:
        one.run()
        return
    _killed(one.stage, one.writes, *one.command, whose=one)
    say(f"the pass of {one.name} is killed while it writes (kill -9), and goes on.")
    one.finish()


def _killed(
    stage: PeopleStage, writes: Sequence[Mapping[str, Any]], *command: str, whose: KeptStage | None = None
) -> int:
    """Kill the command with a write under way, which the ledger carries out with nobody listening."""
    with stage.counted(whose), started(stage, late_write(writes), *command) as command_started:
        if not command_started.struck():
            raise CommandFailed(f"{stage.scene.ledger}: nothing was written")
        return command_started.process.pid


def _verdict(stage: HeardStage, kept: Sequence[KeptStage], say: Callable[[str], None]) -> Any:
    verdict, scene = stage.judge.verdict(stage.members()), stage.scene
    for difference in verdict.differences[:20]:
        say(difference)
    looks, entities = stage.judge.looks, sorted(set(stage.judge.scenario.MEMBER_OF.values()))
    floor = sum(MEMBER_CALLS[scene.ledger](looked, entities) for looked in looks)
    people = stage.people()
    counted = _headcount(stage, employed(people, stage.today))
    told = {slug: stage.told(slug) for slug in (PAYROLL, *({scene.ledger} & LEDGERS.keys()))}
    for slug, one in told.items():
        say(
            f"{slug} published {one.published} notifications: {one.lost} lost, {one.delivered} delivered, of"
            f" which {one.doubled} twice and {one.swapped} out of order."
        )
    say(f"Behind {stage.taken_up} of them {PAYROLL} was asked about people: they were taken up.")
    beside = {one.name: _kept(one, say) for one in kept}
    return {
        "ok": all(line["ok"] for line in beside.values())
        and verdict.ok
        and counted == "equal"
        and _is_heard(stage, told[PAYROLL]),
        "workers": verdict.workers,
        "members": verdict.members,
        "missing": verdict.missing,
        "duplicate": verdict.duplicate,
        "extra": verdict.extra,
        "headcount": counted,
        "changes": stage.judge.changes,
        "calls": stage.calls,
        "calls_floor": floor + payroll_calls(len(people), len(looks)),
        "webhooks": {slug: one.shown for slug, one in told.items()} | {"taken_up": stage.taken_up},
        **beside,
    }


def _kept(one: KeptStage, say: Callable[[str], None]) -> Any:
    """What the judge says of what else is kept."""
    verdict, floor = one.judge.verdict(one.members()), KEPT_CALLS[one.stage.scene.ledger, one.name]
    for difference in verdict.differences[:20]:
        say(f"{one.name}: {difference}")
    entities = sorted(set(one.judge.scenario.ENTITY_OF.values()))
    return {
        "ok": verdict.ok,
        "there": verdict.members,
        "missing": verdict.missing,
        "duplicate": verdict.duplicate,
        "extra": verdict.extra,
        "wrong": verdict.wrong,
        "changes": one.judge.changes,
        "calls": one.calls,
        "calls_floor": sum(floor(looked, entities) for looked in one.judge.looks),
    }


def _is_heard(stage: HeardStage, told: Notified) -> bool:
    """Whether half of what the payroll told came as it should not, and all that came led to a look."""
    trouble = min(told.lost, told.doubled, told.swapped) > 0
    return trouble and not told.undelivered and stage.taken_up == told.delivered


def _headcount(stage: PeopleStage, counted: Mapping[str, frozenset[str]]) -> str:
    """What the product counts, beside what the judge does; `equal`, or what is not."""
    found = stage.product.run("headcount", "show", "--flow", stage.flow_id, "--json", expect=(0, 3))
    mine = {company: len(people) for company, people in counted.items()}
    theirs = {one["company"]: one["employed"] for one in found["companies"]}
    members = {one["company"]: one["members"] for one in found["companies"]}
    if not found["ok"]:
        return f"the product finds a difference: {[one['remainder'][:3] for one in found['companies']]}"
    if not mine == theirs == members:
        return f"employed {mine}, by the product {theirs}, members {members}"
    return "equal"
