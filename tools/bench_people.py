"""The first pass of so many workers into each ledger, and a day on which nothing changes.

    first pass   everybody of the payroll is read, kept, planned, written and read again, by the command line,
                 in an installation and a ledger that have nobody yet: the largest resident set of that
                 process, and all its calls over the fewest possible
    quiet day    eight passes, three hours and two minutes apart: calls to the payroll over reads of changes,
                 calls to the ledger over those of its list, and the CPU time of a pass for each worker

The fewest calls are those of `floor_people.py`, and calls are counted by the simulators; the judge of people
says that the ledger has everybody. Exact takes a call for each worker, so that it is measured with fewer.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench_product import environment, err, made
from floor_people import MEMBER_CALLS, payroll_calls
from measured import Cost, whole
from people_stage import DATED, DatedProduct, PeopleStage
from scenes import PAYROLL, scene_of
from stage import CommandFailed, Sandbox

from ml_connector_sandbox.judges.people import Looked

WORKERS: Mapping[str, int] = {"dynamics_fo": 50_000, "visma_net": 50_000, "exact_online": 2_000}
PASSES = 8
APART = timedelta(hours=3, minutes=2)
FIRST = datetime(2026, 7, 1, 0, 5, tzinfo=UTC)
MOST = ("people_mb", "quiet_day_calls_to_reads", "quiet_day_ledger_calls_to_floor")


def people(folder: Path) -> dict[str, Any]:
    """Every ledger, each from a process of its own, whose memory is not counted with the product's."""
    found: dict[str, Any] = {"people": {}}
    for ledger, workers in WORKERS.items():
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            one = alone.submit(first_and_quiet, folder / ledger, ledger, workers).result()
        found["people"][ledger] = one
        found[f"{ledger}_people_calls_to_floor"] = one["calls_to_floor"]
        text = (
            f"  {ledger}, {workers:,} workers: {one['seconds']} s, {one['people_mb']:.0f} MB, {one['calls']}"
        )
        text += f" calls, {one['floor']} at the least; a day without changes: {one['quiet_day_calls']}"
        err.print(text, markup=False, soft_wrap=True)
    whole_size = [one for one in found["people"].values() if one["workers"] == max(WORKERS.values())]
    found["quiet_microseconds_a_worker"] = max(one["quiet_microseconds_a_worker"] for one in whole_size)
    return found | {name: max(one[name] for one in found["people"].values()) for name in MOST}


def first_and_quiet(folder: Path, ledger: str, workers: int) -> dict[str, Any]:
    """Both, with so many workers. Raises `CommandFailed` where a pass fails, or somebody is missing."""
    scene = scene_of(f"people_{ledger}")
    folder.mkdir(parents=True, exist_ok=True)
    register = made(folder / "people.csv", workers)
    given = ["--profile", "fast", *scene.arguments(), "--register", str(register)]
    with Sandbox(given) as sandbox:
        stage = PeopleStage(sandbox, scene, DatedProduct(folder / "people"))
        stage.move(FIRST)
        stage.connect(mode="automatic")
        return {"workers": workers, **_first(stage), **_quiet(stage, workers)}


def _first(stage: PeopleStage) -> dict[str, Any]:
    before = _calls(stage)
    cost = _pass(stage)
    calls = (_calls(stage) - before).total()
    looked = stage.look()
    floor = payroll_calls(len(stage.people()), 1) + _members(stage, looked)
    if differences := stage.judge.verdict(stage.members()).differences:
        raise CommandFailed(f"{stage.scene.ledger}: {len(differences)} differences: {differences[:3]}")
    return {
        "people_mb": round(cost.peak_mb, 1),
        "seconds": round(cost.wall),
        "calls": calls,
        "floor": floor,
        "calls_to_floor": round(calls / floor, 3),
    }


def _quiet(stage: PeopleStage, workers: int) -> dict[str, Any]:
    before, cpu, floor = _calls(stage), [], 0
    for _ in range(PASSES):
        stage.wait(APART)
        floor += _members(stage, stage.look())
        cpu.append(_pass(stage).cpu)
    calls = _calls(stage) - before
    return {
        "quiet_day_calls": dict(calls),
        "quiet_day_calls_to_reads": round(calls[PAYROLL] / PASSES, 3),
        "quiet_day_ledger_calls_to_floor": round(calls[stage.scene.ledger] / floor, 3),
        "quiet_microseconds_a_worker": round(1e6 * min(cpu) / workers),
    }


def _pass(stage: PeopleStage) -> Cost:
    product = stage.product
    command = [sys.executable, str(DATED), str(product.seconds), *stage.command]
    return whole(command, environment(product.home))


def _members(stage: PeopleStage, looked: Looked) -> int:
    """The fewest calls to the ledger."""
    entities = sorted(set(stage.judge.scenario.MEMBER_OF.values()))
    return MEMBER_CALLS[stage.scene.ledger](looked, entities)


def _calls(stage: PeopleStage) -> Counter[str]:
    """Reads and writes, by system."""
    slugs = (PAYROLL, stage.scene.ledger)
    told = {slug: stage.sandbox.control(slug, "books")["calls"] for slug in slugs}
    return Counter({slug: int(calls["read"] + calls["write"]) for slug, calls in told.items()})
