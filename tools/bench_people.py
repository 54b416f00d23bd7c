"""The first read of fifty thousand workers, and a day on which nothing changes.

    first read   everybody of the payroll is read, kept and planned beside an empty ledger, by the command
                 line, in an installation that has nothing yet: the largest resident set of that process, and
                 its calls to the payroll over the fewest possible
    quiet day    eight passes, three hours and two minutes apart: calls to the payroll over reads of changes

The fewest calls are those of `floor_people.py`: 2⌈workers/10,000⌉, and one of what is to come. Calls are
counted by the simulator. The passes are dry: what a ledger takes to write so many members is not measured.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench_product import environment, err, made
from floor_people import payroll_calls
from measured import whole
from people_stage import DATED, DatedProduct, PeopleStage
from scenes import PAYROLL, scene_of
from stage import Sandbox

WORKERS = 50_000
PASSES = 8
APART = timedelta(hours=3, minutes=2)
FIRST = datetime(2026, 7, 1, 0, 5, tzinfo=UTC)
SCENE = "people_dynamics_fo"


def first_and_quiet(folder: Path, workers: int = WORKERS) -> dict[str, Any]:
    """Both, with so many workers. Raises `CommandFailed` where a pass fails."""
    scene = scene_of(SCENE)
    register = made(folder / "people.csv", workers)
    given = ["--profile", "fast", *scene.arguments(), "--register", str(register)]
    with Sandbox(given) as sandbox:
        stage = PeopleStage(sandbox, scene, DatedProduct(folder / "people"))
        stage.move(FIRST)
        stage.connect(mode="automatic")
        found = _first(stage)
        return {**found, **_quiet(stage)}


def _first(stage: PeopleStage) -> dict[str, Any]:
    people, product = stage.people(), stage.product
    before = _calls(stage)
    command = [sys.executable, str(DATED), str(product.seconds), *stage.command, "--dry-run"]
    cost = whole(command, environment(product.home))
    calls, floor = _calls(stage) - before, payroll_calls(len(people), 1)
    text = f"  {len(people):,} workers: {cost.wall:.0f} s, {cost.peak_mb:.0f} MB, {calls} calls"
    err.print(f"{text}, {floor} at the least", markup=False)
    return {
        "people": {"workers": len(people), "seconds": round(cost.wall), "calls": calls, "floor": floor},
        "people_mb": round(cost.peak_mb, 1),
        "people_calls_to_floor": round(calls / floor, 3),
    }


def _quiet(stage: PeopleStage) -> dict[str, Any]:
    before = _calls(stage)
    for _ in range(PASSES):
        stage.wait(APART)
        stage.product.run(*stage.command, "--dry-run")
    calls = _calls(stage) - before
    err.print(f"  a day without changes: {calls} calls in {PASSES} passes", markup=False)
    return {"quiet_day_calls": calls, "quiet_day_calls_to_reads": round(calls / PASSES, 3)}


def _calls(stage: PeopleStage) -> int:
    """To the payroll, reads and writes."""
    calls = stage.sandbox.control(PAYROLL, "books")["calls"]
    return int(calls["read"] + calls["write"])
