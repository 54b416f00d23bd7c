"""The whole product against simulators: beside a straight script, and as pay runs grow."""

from __future__ import annotations

import csv
import json
import math
import os
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from floor import LIMITS, payroll_calls
from measured import Cost, whole
from rich.console import Console
from scenes import MAIN, PAYROLL
from stage import LEDGER, SOURCE, TARGET, CommandFailed, Product, Sandbox
from straight import Straight

from ml_connector_sandbox.judges.books import read_books
from ml_connector_sandbox.judges.pay_runs import expected
from ml_connector_sandbox.judges.payroll import judge
from ml_connector_sandbox.scenarios.trading_company import ACCOUNT_OF
from ml_connector_sandbox.systems.ukg_pro.register import made_register

PUBLIC_WORKERS = 9_228
LATENCIES_MS = (0, 50)
SIZES = (1_000, 10_000, 100_000, 1_000_000)
TIMES = {1_000: 7, 10_000: 7}
"""How often a small run is measured, whose cost is little beside that of starting a process. The least
counts: what else a machine does only adds to it.
"""
ROWS_A_GROUP = 50
NEVER_REACHED = "1000000"
BUDGETED = {
    f"{PAYROLL}.calls_per_minute": NEVER_REACHED,
    **{f"{LEDGER}.{name}": NEVER_REACHED for name in MAIN.unlimited},
}
"""Our own call budget counts every call, and never makes one wait."""

err = Console(stderr=True)


def beside_straight(folder: Path, register: Path, repetitions: int) -> dict[str, Any]:
    """One pay run by the product and by the straight script, in turn: whole processes, and from the first
    request to the last.
    """
    result: dict[str, Any] = {}
    for latency in LATENCIES_MS:
        result |= _at(folder / f"at-{latency}", register, latency, repetitions)
    return result


def _at(home: Path, register: Path, latency: int, repetitions: int) -> dict[str, Any]:
    switches = ["--profile", "fast", "--register", str(register), "--latency-ms", str(latency)]
    switches += ["--switch", f"{PAYROLL}.runs={2 * repetitions}"]
    ours: list[tuple[Cost, float]] = []
    theirs: list[tuple[Cost, float]] = []
    with Sandbox(switches) as sandbox:
        product = Product(home)
        product.connect(sandbox, mode="automatic", settings=BUDGETED)
        runs = [run["run_id"] for run in sandbox.control(PAYROLL, "books")["runs"]]
        straight = _told(sandbox)
        calls = _calls(sandbox)
        for number in range(repetitions):
            began = _count(sandbox)
            cost = whole(run_command(runs[number]), environment(home))
            ours.append((cost, _first_to_last(sandbox, began)))
            if number == 0:
                made_calls = {slug: value - calls[slug] for slug, value in _calls(sandbox).items()}
            began = _count(sandbox)
            cost = whole(*_straight_command(straight, runs[repetitions + number]))
            theirs.append((cost, _first_to_last(sandbox, began)))
            _say(f"at {latency} ms, {number + 1}", ours[-1][0], theirs[-1][0])
        payroll, ledger = (read_books(sandbox.systems[slug]["control_url"]) for slug in (PAYROLL, LEDGER))
        verdict = judge(payroll, ledger, expected(payroll))
        rows = payroll["runs"][0]["rows"]
        sizes = Straight(straight).sizes()
    if not verdict.ok:
        raise CommandFailed("; ".join(verdict.differences[:5]))
    ends = _paired([cost.wall for cost, _ in ours], [cost.wall for cost, _ in theirs])
    between = _paired([seconds for _, seconds in ours], [seconds for _, seconds in theirs])
    found: dict[str, Any] = {
        f"whole_wall_ratio_at_{latency}_ms": ends,
        f"overhead_at_{latency}_ms": between,
        f"product_seconds_at_{latency}_ms": _median(cost.wall for cost, _ in ours),
        f"straight_seconds_at_{latency}_ms": _median(cost.wall for cost, _ in theirs),
    }
    if latency:
        return found
    least = payroll_calls(rows) + LIMITS[LEDGER].calls(verdict.lines // verdict.entries, sizes)
    return found | {
        "whole_cpu_ratio": _paired([cost.cpu for cost, _ in ours], [cost.cpu for cost, _ in theirs]),
        "product_cpu_seconds": _median(cost.cpu for cost, _ in ours),
        "straight_cpu_seconds": _median(cost.cpu for cost, _ in theirs),
        "rows": rows,
        "calls": made_calls,
        "calls_floor": least,
        "calls_to_floor": round(sum(made_calls.values()) / least, 3),
    }


def as_runs_grow(folder: Path, most: int) -> dict[str, Any]:
    """A run of each size, the cheapest of several for small ones: the CPU of the whole process less that of
    the smallest, which is start-up; its exponent from the second size to the last, memory, and what a row
    leaves on the disk.
    """
    costs: dict[int, Cost] = {}
    kept: dict[int, int] = {}
    verdicts: dict[int, dict[str, Any]] = {}
    for rows in (size for size in SIZES if size <= most):
        found = [_grown(folder / f"rows-{rows}-{time}", rows) for time in range(TIMES.get(rows, 1))]
        costs[rows], kept[rows], verdicts[rows] = min(found, key=lambda one: one[0].cpu)
        err.print(f"  {rows:,} rows: {costs[rows].cpu:.2f} s CPU, {costs[rows].wall:.1f} s", markup=False)
    smallest, second, last = SIZES[0], SIZES[1], max(costs)
    start = costs[smallest].cpu
    grown = {rows: max(cost.cpu - start, 0.001) for rows, cost in costs.items()}
    result: dict[str, Any] = {
        "cpu_seconds_by_rows": {str(rows): round(cost.cpu, 2) for rows, cost in costs.items()},
        "microseconds_a_row": round(1e6 * grown[last] / (last - smallest), 1),
        "peak_rss_mb": round(costs[last].peak_mb),
        "bytes_a_row": round((kept[last] - kept[smallest]) / (last - smallest), 1),
        "large_run": verdicts[last],
    }
    if last > second:
        result["cpu_exponent"] = round(math.log(grown[last] / grown[second]) / math.log(last / second), 3)
    return result


def _grown(home: Path, rows: int) -> tuple[Cost, int, dict[str, Any]]:
    switches = ["--profile", "fast", "--scenario", "bench", "--switch", f"{PAYROLL}.bench_rows={rows}"]
    switches += ["--switch", f"{PAYROLL}.bench_groups={max(rows // ROWS_A_GROUP, 20)}"]
    with Sandbox(switches) as sandbox:
        product = Product(home)
        product.connect(sandbox, mode="automatic", settings=BUDGETED)
        cost = whole(run_command("BENCH"), environment(home))
        payroll, ledger = (read_books(sandbox.systems[slug]["control_url"]) for slug in (PAYROLL, LEDGER))
        verdict = judge(payroll, ledger, expected(payroll, pay_runs=["BENCH"]))
    if not verdict.ok:
        raise CommandFailed("; ".join(verdict.differences[:5]))
    counted = {name: getattr(verdict, name) for name in ("entries", "lines", "duplicates", "lost")}
    size = sum(path.stat().st_size for path in home.glob("*.sqlite3*"))
    return cost, size, {"rows": verdict.source_rows, "seconds": round(cost.wall, 1), **counted}


def run_command(pay_run: str) -> list[str]:
    """The product's command that posts a pay run."""
    made = ["run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", pay_run, "--json"]
    return [sys.executable, "-m", "ml_connector.cli.main", *made]


def environment(home: Path) -> dict[str, str]:
    """Of a command in this home."""
    return {**os.environ, "ML_CONNECTOR_HOME": str(home)}


def _straight_command(told: Mapping[str, Any], run: str) -> tuple[list[str], Mapping[str, str], str]:
    script = str(Path(__file__).parent / "straight.py")
    return [sys.executable, script], os.environ, json.dumps({**told, "run": run})


def _told(sandbox: Sandbox) -> dict[str, Any]:
    token = sandbox.control(LEDGER, "control/grant", {})["access_token"]
    systems = {"payroll": sandbox.systems[PAYROLL], "ledger": sandbox.systems[LEDGER]}
    return {**systems, "token": token, "account_of": ACCOUNT_OF}


def _paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of what was measured right after each other."""
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 2)


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 2)


def _say(what: str, ours: Cost, theirs: Cost) -> None:
    err.print(
        f"  {what}: product {ours.cpu:.2f} s CPU, {ours.wall:.2f} s; straight script {theirs.cpu:.2f} s CPU,"
        f" {theirs.wall:.2f} s",
        markup=False,
    )


def _calls(sandbox: Sandbox) -> dict[str, int]:
    found = {slug: sandbox.control(slug, "books")["calls"] for slug in (PAYROLL, LEDGER)}
    return {slug: calls["read"] + calls["write"] for slug, calls in found.items()}


def _count(sandbox: Sandbox) -> dict[str, int]:
    return {slug: sandbox.control(slug, "requests?last=0")["count"] for slug in (PAYROLL, LEDGER)}


def _first_to_last(sandbox: Sandbox, before: Mapping[str, int]) -> float:
    times: list[float] = []
    for slug, count in before.items():
        log = sandbox.control(slug, "requests?last=5000")
        if new := log["count"] - count:
            times += [datetime.fromisoformat(one["at"]).timestamp() for one in log["requests"][-new:]]
    return max(times) - min(times)


def made(path: Path, workers: int = PUBLIC_WORKERS) -> Path:
    """A register of the public size, or of so many workers."""
    names = (
        "worker",
        "department_code",
        "department_name",
        "division",
        "assignment_category",
        "annual_salary_usd",
        "gross_paid_usd",
        "overtime_paid_usd",
        "hired_month",
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for worker in made_register(workers, 1):
            amounts = [
                Decimal(cents).scaleb(-2)
                for cents in (worker.annual_salary, worker.gross_paid, worker.overtime_paid)
            ]
            writer.writerow(
                [
                    worker.worker,
                    worker.department_code,
                    worker.department_name,
                    worker.division,
                    worker.assignment_category,
                    *amounts,
                    worker.hired_month,
                ]
            )
    return path
