"""`make bench`: what the product costs, held against aims; `make bench PART=idle` measures one part.

    straight    a pay run of the public size beside a straight script, in turn, at 0 and 50 ms, budgets on:
                whole processes from start to end, and from the first request to the last
    growth      runs of a thousand to a million rows: CPU, memory, what a row leaves on the disk
    start       commands that only look at a run, beside `--help`
    idle        `serve` that had nothing to do since its start, and the durable engine alone; one that has
                carried out a run keeps the engine loaded, and takes about as much more as that adds
    stored      look-ups in an installation of ten thousand runs and commits
    ledgers     calls of an entry of a thousand lines, against the floor that `floor.py` draws
    people      the first pass of fifty thousand workers into each ledger, of two thousand into Exact: memory,
                and calls against the floor that `floor_people.py` draws; and a day without changes: its
                calls to the payroll over reads of changes, to the ledger over those of its list, and the CPU
                time of a pass
    procurement calls to Precoro and to Exact for invoices that are booked with their files, against the floor
                that `bench_procurement.py` draws
    computed    from the bytes of a payroll's pages to summed groups, and map, build and check, alone
    payday      fifty flows into one legal entity under the vendors' quotas, on a clock that moves only when
                everybody waits: the windows of the tightest quota that they use, over those that they need
    intake      notifications from their bytes to the answer, beside plain rows in the same table, each of
                either a commit of its own

The last line is one JSON object. It ends with 1 where an aim is missed, and names it. Ratios are medians of
pairs measured right after each other, so that a busy machine is in both.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_computed import lines_per_second, microseconds_to_groups
from bench_hooks import intake
from bench_payday import VENDORS, payday
from bench_people import WORKERS, people
from bench_procurement import procurement
from bench_product import SIZES, as_runs_grow, beside_straight, err, made
from bench_start import looking
from bench_stored import doing_nothing, look_ups
from ledger_calls import COSTS, ledger_calls
from stage import CommandFailed

REPETITIONS = 3


@dataclass(frozen=True)
class Aim:
    """What a measured value may be at the most."""

    part: str
    name: str
    most: float


AIMS = (
    Aim("straight", "whole_cpu_ratio", 3.5),
    Aim("straight", "whole_wall_ratio_at_0_ms", 2.5),
    Aim("straight", "overhead_at_50_ms", 1.4),
    Aim("straight", "calls_to_floor", 1.05),
    Aim("growth", "cpu_exponent", 1.05),
    Aim("growth", "microseconds_a_row", 16.0),
    Aim("growth", "bytes_a_row", 25.0),
    Aim("growth", "peak_rss_mb", 200.0),
    Aim("computed", "microseconds_to_groups", 5.0),
    Aim("start", "slowest_start_to_help", 2.0),
    Aim("idle", "idle_percent", 1.0),
    Aim("idle", "idle_mb", 90.0),
    Aim("intake", "rows_for_an_event", 2.0),
    Aim("stored", "slowest_look_up_ms", 10.0),
    Aim("people", "people_mb", 250.0),
    *(Aim("people", f"{ledger}_people_calls_to_floor", 1.1) for ledger in WORKERS),
    Aim("people", "quiet_day_calls_to_reads", 1.0),
    Aim("people", "quiet_day_ledger_calls_to_floor", 1.0),
    Aim("people", "quiet_microseconds_a_worker", 300.0),
    Aim("procurement", "precoro_invoice_calls_to_floor", 1.5),
    Aim("procurement", "exact_online_invoice_calls_to_floor", 2.0),
    *(Aim("ledgers", f"{ledger}_calls_to_floor", 1.05) for ledger in COSTS),
    *(Aim("payday", f"{ledger}_payday_to_quotas", 1.1) for ledger in VENDORS),
)


def main() -> int:
    """Measure and print; 0 when every run was booked right and no aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--part", choices=PARTS, action="append", help="measure this part only")
    parser.add_argument("--register", help="payroll register; else one of the public size is made")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--rows", type=int, default=max(SIZES), help="of the largest run")
    parser.add_argument("--json", action="store_true", help="say nothing but the last line")
    arguments = parser.parse_args()
    err.quiet = arguments.json
    result: dict[str, Any] = {}
    measured = tuple(arguments.part or PARTS)
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as folder:
        for part in measured:
            err.print(part, markup=False)
            result |= PARTS[part](Path(folder), arguments)
    missed = missed_aims(measured, result)
    for text in missed:
        err.print(f"Missed: {text}", markup=False)
    print(json.dumps({"ok": not missed, "missed": missed, **result}))
    return 1 if missed else 0


def missed_aims(parts: tuple[str, ...], result: Mapping[str, Any]) -> list[str]:
    """The aims of these parts that the result misses, in words. One that was not measured is missed."""
    found = []
    for aim in AIMS:
        if aim.part in parts and not result.get(aim.name, float("inf")) <= aim.most:
            found.append(f"{aim.name} is {result.get(aim.name, 'not measured')}, aim at most {aim.most:g}")
    return found


def _straight(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    given = arguments.register
    register = Path(given).absolute() if given else made(folder / "register.csv")
    return beside_straight(folder, register, arguments.repetitions)


def _computed(home: Path) -> dict[str, Any]:
    return {**lines_per_second(home), **microseconds_to_groups(home)}


def _ledgers() -> dict[str, Any]:
    found: dict[str, Any] = {"ledgers": {}}
    for ledger in COSTS:
        counted = ledger_calls(ledger)
        found["ledgers"][ledger] = counted
        found[f"{ledger}_calls_to_floor"] = counted["calls_to_floor"]
        err.print(f"  {ledger}: {counted['calls']} calls, {counted['floor']} at the least", markup=False)
    return found


PARTS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {
    "straight": _straight,
    "growth": lambda folder, arguments: as_runs_grow(folder, arguments.rows),
    "start": lambda folder, _: looking(folder),
    "idle": lambda folder, _: doing_nothing(folder),
    "stored": lambda folder, _: look_ups(folder),
    "ledgers": lambda _, __: _ledgers(),
    "people": lambda folder, _: people(folder / "people"),
    "procurement": lambda folder, _: procurement(folder / "procurement"),
    "computed": lambda folder, _: _computed(folder / "computed"),
    "payday": lambda _, __: payday(),
    "intake": lambda folder, _: intake(folder),
}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandFailed as error:
        err.print(str(error), markup=False)
        print(json.dumps({"ok": False, "error": str(error).strip().splitlines()[-1]}))
        sys.exit(1)
