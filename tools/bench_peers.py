"""`make bench-peers`: what others cost on the same simulators and the same payroll, beside the product.

    product      reads, maps, checks, posts once, reads back, reconciles, audits
    straight     the same calls and sums, no checks, no second thoughts
    msgspec      reads and sums: the least that Python needs
    DBOS         durable steps; the entry is posted blind
    Singer       a tap: lines to standard output, for a target to load
    dlt          lines into a table of SQLite

Whole processes from start to end, each the median of some. None of them is installed but into a folder of its
own, from `peers/requirements.txt`. No aim is held: they do less.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_product import BUDGETED, environment, err, made, run_command
from measured import Cost, whole
from scenes import PAYROLL
from stage import LEDGER, Product, Sandbox

from ml_connector_sandbox.scenarios.trading_company import ACCOUNT_OF

TOOLS = Path(__file__).parent
PEERS = {
    "msgspec + httpx2": ("msgspec_httpx2.py", "reads, sums"),
    "DBOS, minimal": ("dbos_minimal.py", "reads, sums, posts blind"),
    "Singer SDK tap": ("singer_tap.py", "reads to JSON lines"),
    "dlt to SQLite": ("dlt_sqlite.py", "reads, loads"),
}
REPETITIONS = 3
WIDTHS = (18, 39, 6, 4, 5)


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender."""

    name: str
    does: str
    cpu: float
    peak_mb: float
    calls: int


def main() -> int:
    """Measure, and print the table; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", required=True, help="of the environment that has the peers")
    parser.add_argument("--register", help="payroll register; else one of the public size is made")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ml-connector-peers-") as folder:
        given = arguments.register
        register = Path(given).absolute() if given else made(Path(folder) / "register.csv")
        rows, found = _measure(Path(folder), register, arguments.python, arguments.repetitions)
    print(line_of("", "does", "CPU s", "MB", "calls"))
    for one in found:
        print(line_of(one.name, one.does, f"{one.cpu:.2f}", f"{one.peak_mb:.0f}", str(one.calls)))
    figures = {one.name: {"cpu": one.cpu, "mb": one.peak_mb, "calls": one.calls} for one in found}
    print(json.dumps({"rows": rows, "peers": figures}))
    return 0


def _measure(folder: Path, register: Path, python: str, times: int) -> tuple[int, list[Measured]]:
    switches = ["--profile", "fast", "--register", str(register), "--switch", f"{PAYROLL}.runs={times}"]
    with Sandbox(switches) as sandbox:
        product = Product(folder / "home")
        product.connect(sandbox, mode="automatic", settings=BUDGETED)
        made_runs = sandbox.control(PAYROLL, "books")["runs"]
        runs, rows = [run["run_id"] for run in made_runs], made_runs[0]["rows"]
        told = _told(sandbox)
        commands: dict[str, tuple[str, Sequence[Sequence[str]], Mapping[str, str], bool]] = {
            "product": (
                "reads, maps, checks, posts once, proves",
                [run_command(run) for run in runs],
                environment(folder / "home"),
                False,
            ),
            "straight script": (
                "reads, sums, posts, reads back",
                [[sys.executable, str(TOOLS / "straight.py")]] * times,
                os.environ,
                True,
            ),
        }
        for name, (script, does) in PEERS.items():
            apart = {**os.environ, "PYTHONPATH": ""}
            commands[name] = (does, [[python, str(TOOLS / "peers" / script)]] * times, apart, True)
        found = []
        for name, (does, each, around, reads) in commands.items():
            before = _count(sandbox)
            costs = [
                whole(command, around, json.dumps({**told, "run": run}) if reads else "")
                for command, run in zip(each, runs, strict=True)
            ]
            found.append(_summed(name, does, costs, (_count(sandbox) - before) // times))
            err.print(f"  {name}: {found[-1].cpu:.2f} s CPU", markup=False)
    return rows, found


def _summed(name: str, does: str, costs: Sequence[Cost], calls: int) -> Measured:
    return Measured(
        name=name,
        does=does,
        cpu=round(statistics.median(cost.cpu for cost in costs), 2),
        peak_mb=round(statistics.median(cost.peak_mb for cost in costs)),
        calls=calls,
    )


def _told(sandbox: Sandbox) -> dict[str, Any]:
    token = sandbox.control(LEDGER, "control/grant", {})["access_token"]
    systems = {"payroll": sandbox.systems[PAYROLL], "ledger": sandbox.systems[LEDGER]}
    return {**systems, "token": token, "account_of": ACCOUNT_OF}


def _count(sandbox: Sandbox) -> int:
    return sum(int(sandbox.control(slug, "requests?last=0")["count"]) for slug in (PAYROLL, LEDGER))


def line_of(*cells: str) -> str:
    """A row of the table."""
    return "  ".join(
        cell.ljust(width) if place < 2 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    ).rstrip()


if __name__ == "__main__":
    sys.exit(main())
