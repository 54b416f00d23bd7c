"""`make bench`: how much the product costs over a straight script, how fast it computes, how much memory it
takes, how many calls it makes.

Everything is measured in one run on one machine, against the simulators without quotas, and given as ratios
where it can be. The straight script makes the same calls and the same sums with no durability at all: what it
takes is the price of the vendors, not ours. The last line is one JSON object; times are medians, first to
last request at the simulators, start-up apart.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger_calls import COSTS, LINES, ledger_calls
from rich.console import Console
from scenes import MAIN, PAYROLL
from stage import LEDGER, SOURCE, TARGET, UNLIMITED, CommandFailed, Product, Sandbox
from straight import Straight

from ml_connector_sandbox.judges.books import read_books
from ml_connector_sandbox.judges.pay_runs import expected
from ml_connector_sandbox.judges.payroll import judge
from ml_connector_sandbox.systems.ukg_pro.register import made_register

PUBLIC_WORKERS = 9_228
REPETITIONS = 5
LATENCIES_MS = (0, 50)
BIG_ROWS, BIG_GROUPS = 1_000_000, 20_000
COMPUTED_ROWS = 300_000
BLOCK_ROWS, ACCOUNTS_PAGE, CODES_PAGE, LINES_PAGE = 10_000, 1_000, 60, 1_000

err = Console(stderr=True)


def main() -> int:
    """Measure and print; 0 when every run was booked right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--register", help="payroll register; else one of the public size is made")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--big-rows", type=int, default=BIG_ROWS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ml-connector-bench-") as folder:
        register = (
            Path(arguments.register).absolute()
            if arguments.register
            else _made(Path(folder) / "register.csv")
        )
        result: dict[str, Any] = {
            "ok": True,
            "aims": {"overhead": 2.0, "peak_rss_mb": 300, "calls_to_floor": 1.1},
        }
        for latency in LATENCIES_MS:
            err.print(
                f"reading and posting {register.name} at {latency} ms, {arguments.repetitions} times"
                " each way",
                markup=False,
            )
            result |= _overhead(Path(folder) / f"at-{latency}", register, latency, arguments.repetitions)
        err.print("computing map, build and check", markup=False)
        result |= _lines_per_second(Path(folder) / "computed")
        err.print(f"a run of {arguments.big_rows:,} rows in {BIG_GROUPS:,} groups", markup=False)
        result |= _big(Path(folder) / "big", arguments.big_rows)
    result["ledgers"] = {}
    for ledger in COSTS:
        err.print(f"an entry of {LINES:,} lines in {ledger}", markup=False)
        result["ledgers"][ledger] = ledger_calls(ledger)
    print(json.dumps(result), flush=True)
    return 0 if result["ok"] else 1


def _overhead(home: Path, register: Path, latency: int, repetitions: int) -> dict[str, Any]:
    switches = [
        "--profile",
        "fast",
        "--register",
        str(register),
        "--switch",
        f"{PAYROLL}.runs={2 * repetitions}",
        "--latency-ms",
        str(latency),
    ]
    ours, theirs = [], []
    with Sandbox(switches) as sandbox:
        product = Product(home)
        product.connect(sandbox, mode="automatic", settings=UNLIMITED)
        runs = [run["run_id"] for run in sandbox.control(PAYROLL, "books")["runs"]]
        straight = Straight(sandbox)
        calls = _calls(sandbox)
        for number in range(repetitions):
            began = _count(sandbox)
            product.run(
                "run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", runs[number], "--json"
            )
            ours.append(_first_to_last(sandbox, began))
            if number == 0:
                made = {slug: value - calls[slug] for slug, value in _calls(sandbox).items()}
            began = _count(sandbox)
            straight.post(runs[repetitions + number])
            theirs.append(_first_to_last(sandbox, began))
            err.print(
                f"  {number + 1}: product {ours[-1]:.2f} s, straight script {theirs[-1]:.2f} s", markup=False
            )
        payroll, ledger = (read_books(sandbox.systems[slug]["control_url"]) for slug in (PAYROLL, LEDGER))
        verdict = judge(payroll, ledger, expected(payroll))
        rows = payroll["runs"][0]["rows"]
        floor = _floor(sandbox, rows, verdict.lines // verdict.entries)
    if not verdict.ok:
        raise CommandFailed("; ".join(verdict.differences[:5]))
    ratio = statistics.median(ours) / statistics.median(theirs)
    if latency:
        total, least = sum(made.values()), sum(floor.values())
        return {
            "overhead": round(ratio, 2),
            "product_seconds": round(statistics.median(ours), 2),
            "straight_seconds": round(statistics.median(theirs), 2),
            "rows": rows,
            "calls": made,
            "calls_floor": floor,
            "calls_to_floor": round(total / least, 3),
        }
    return {"overhead_at_0_ms": round(ratio, 2), "product_seconds_at_0_ms": round(statistics.median(ours), 2)}


def _floor(sandbox: Sandbox, rows: int, lines: int) -> dict[str, int]:
    """The fewest calls of a careful flow: payroll's run, period, register and blocks; the ledger's journal,
    periods and their states, accounts, cost centers and cost units, and for the entry entries of others,
    look-up, posting and read-back. Token calls apart.
    """
    counts = Straight(sandbox).sizes()
    codes = sum(math.ceil(counts[name] / CODES_PAGE) for name in ("cost_centers", "cost_units"))
    facts = 3 + math.ceil(counts["accounts"] / ACCOUNTS_PAGE) + codes
    return {PAYROLL: 2 + math.ceil(rows / BLOCK_ROWS), LEDGER: facts + 3 + math.ceil(lines / LINES_PAGE)}


def _calls(sandbox: Sandbox) -> dict[str, int]:
    found = {slug: sandbox.control(slug, "books")["calls"] for slug in (PAYROLL, LEDGER)}
    return {slug: calls["read"] + calls["write"] for slug, calls in found.items()}


def _count(sandbox: Sandbox) -> dict[str, int]:
    return {slug: sandbox.control(slug, "requests?last=0")["count"] for slug in (PAYROLL, LEDGER)}


def _first_to_last(sandbox: Sandbox, before: dict[str, int]) -> float:
    times = []
    for slug, count in before.items():
        log = sandbox.control(slug, "requests?last=5000")
        new = log["count"] - count
        times += (
            [datetime.fromisoformat(request["at"]).timestamp() for request in log["requests"][-new:]]
            if new
            else []
        )
    return max(times) - min(times)


def _lines_per_second(home: Path) -> dict[str, int]:
    """Distributions mapped, built into an entry and checked in one second: from the store in sums, as most
    are, and one by one, as those are whose kind is split or booked in detail."""
    from ml_connector.app.mapping_csv import read_mapping
    from ml_connector.app.settings import Settings, start_django
    from ml_connector.domain.build import BuildPolicy, EntryBuilder
    from ml_connector.domain.checks import check_entry, check_totals
    from ml_connector.domain.dimension import dimensions
    from ml_connector.domain.journal import Account, Chart
    from ml_connector.domain.money import Money
    from ml_connector.domain.payroll import Block, Distribution, PayRun
    from ml_connector.domain.period import PayPeriod

    day = datetime(2026, 6, 26).date()
    pay_run = PayRun(
        source="bench",
        reference="1",
        subject="bench",
        description="",
        companies=("C",),
        currency="USD",
        pay_period=PayPeriod(start=day, end=day, pay_date=day),
        calculated_at=datetime(2026, 6, 26),
        blocks=1,
    )
    mapping = read_mapping("bench", 1, MAIN.mapping.read_bytes())
    codes = [dimensions({"org_level_1": f"D{number:03}"}) for number in range(37)]
    rows = [
        Distribution(
            company="C",
            account=account,
            amount=Money.from_minor(sign * (100 + number % 9_973), "USD"),
            dimensions=codes[number % 37],
            pay_code=None,
            origin=str(number),
        )
        for number in range(COMPUTED_ROWS // 2)
        for account, sign in (("5100", 1), ("2290", -1))
    ]
    accounts = {code: Account(code=code, description=code) for code in ("4000", "1700")}
    chart = Chart(
        entity="1",
        journal="95",
        journal_problem=None,
        currencies=frozenset({"USD"}),
        accounts=accounts,
        codes={"cost_center": frozenset(f"D{number:03}" for number in range(37))},
        inactive={},
        currency="USD",
    )

    start_django(Settings(home=home))
    from ml_connector.app.access import Access
    from ml_connector.store.staging import StoredStaging

    staging, run = StoredStaging(), Access("bench").runs.create(flow="payroll", stage="propose", input={}).id
    blocks = range(0, len(rows), BLOCK_ROWS)
    for number, start in enumerate(blocks, 1):
        staging.stage(
            run, Block(number=number, total=len(blocks), rows=tuple(rows[start : start + BLOCK_ROWS]))
        )

    def measured(book: Callable[[EntryBuilder], None]) -> int:
        builder = EntryBuilder(
            pay_run=pay_run,
            mapping=mapping,
            policy=BuildPolicy(entities={"C": "1"}, journals={"1": "95"}, text="bench"),
            posting_date=day,
            families={"1": "bench"},
        )
        began = time.perf_counter()
        book(builder)
        proposal = builder.finish()
        problems = [
            *proposal.problems,
            *check_totals(proposal.totals),
            *(p for entry in proposal.entries for p in check_entry(entry, chart)),
        ]
        seconds = time.perf_counter() - began
        if problems or sum(total.rows for total in proposal.totals) != len(rows):
            raise CommandFailed(str(problems[:1]))
        return round(len(rows) / seconds)

    return {
        "lines_per_second": measured(
            lambda builder: [builder.add_group(group) for group in staging.groups(run)].clear()
        ),
        "lines_per_second_one_by_one": measured(lambda builder: [builder.add(row) for row in rows].clear()),
    }


def _big(home: Path, rows: int) -> dict[str, Any]:
    """The largest resident set of the one process that reads, builds and posts."""
    switches = [
        "--profile",
        "fast",
        "--scenario",
        "bench",
        "--switch",
        f"{PAYROLL}.bench_rows={rows}",
        "--switch",
        f"{PAYROLL}.bench_groups={BIG_GROUPS}",
    ]
    with Sandbox(switches) as sandbox:
        product = Product(home)
        product.connect(sandbox, mode="automatic", settings=UNLIMITED)
        process = product.start(
            "run", "payroll", "--from", SOURCE, "--to", TARGET, "--pay-run", "BENCH", "--json"
        )
        assert process.stdout is not None
        assert process.stderr is not None
        began = time.monotonic()
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        if process.returncode:
            raise CommandFailed(
                f"the large run ended with {process.returncode}:\n{output}{process.stderr.read()}"
            )
        payroll, ledger = (read_books(sandbox.systems[slug]["control_url"]) for slug in (PAYROLL, LEDGER))
        verdict = judge(payroll, ledger, expected(payroll, pay_runs=["BENCH"]))
    return {
        "ok": verdict.ok,
        "peak_rss_mb": round(usage.ru_maxrss / 1024),
        "large_run": {
            "rows": verdict.source_rows,
            "entries": verdict.entries,
            "lines": verdict.lines,
            "seconds": round(seconds, 1),
            "duplicates": verdict.duplicates,
            "lost": verdict.lost,
        },
    }


def _made(path: Path) -> Path:
    """A register of the public size."""
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
        for worker in made_register(PUBLIC_WORKERS, 1):
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


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandFailed as error:
        err.print(str(error), markup=False)
        print(json.dumps({"ok": False, "error": str(error).strip().splitlines()[-1]}))
        sys.exit(1)
