"""What each pay run must leave in the ledger, from register, formula and the scenario's booking alone.

register ─ formula ─ booking ─► (entity, GL account, cost center) → cents
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.judges.books import Cells, Payroll, summed
from ml_connector_sandbox.systems.ukg_pro.general_ledger import LINES, bench_rows
from ml_connector_sandbox.systems.ukg_pro.register import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRun:
    """What one pay run must leave in the ledger, and how many rows the payroll gives for it."""

    run_id: str
    rows: int
    cells: Cells


def expected(
    payroll_books: Json, truth: Any = None, pay_runs: Collection[str] = ()
) -> tuple[ExpectedRun, ...]:
    """What must be booked for every run that stands, or for those in `pay_runs`.

    `truth` is the scenario module; left out, it is the one the payroll's books name. Undone, replaced and
    unbalanced runs must not be booked. KeyError for a run id that does not exist or may not be booked.
    """
    payroll = Payroll(payroll_books, truth)
    workers = payroll.workers()
    standing = {
        run["run_id"]: run for run in payroll.runs if run["status"] == "current" and not run["is_unbalanced"]
    }
    unknown = set(pay_runs) - set(standing)
    if unknown:
        raise KeyError(f"no run {sorted(unknown)[0]} that may be booked")
    wanted = [run for run_id, run in standing.items() if not pay_runs or run_id in pay_runs]
    return tuple(_expected_run(run, workers, payroll) for run in wanted)


def _expected_run(run: Json, workers: Sequence[Worker], payroll: Payroll) -> ExpectedRun:
    cells: Cells = defaultdict(int)
    rows = 0
    for account, department, cents in _postings(run, workers, payroll):
        cells[payroll.cell_of(account, department)] += cents
        rows += 1
    return ExpectedRun(run_id=run["run_id"], rows=rows, cells=summed([cells]))


def _postings(run: Json, workers: Sequence[Worker], payroll: Payroll) -> Iterable[tuple[str, str, int]]:
    """Payroll account, department and signed cents of every row that is not zero."""
    if run["kind"] == "bench":
        # No register stands behind this run: the generator is its definition.
        parameters = payroll.parameters
        rows = bench_rows(parameters["bench_rows"], parameters["bench_groups"], parameters["seed"])
        for line, org, cents in zip(rows.line, rows.org, rows.cents, strict=True):
            yield LINES[line].account, rows.orgs[org], cents if LINES[line].is_debit else -cents
        return
    for place, worker in enumerate(workers):
        gross, overtime = _pay(run, place, worker, payroll.scenario)
        tax, pension, employer = _part(gross, 18, 100), _part(gross, 4, 100), _part(gross, 765, 10_000)
        net = gross - tax - pension
        signed = (
            ("5100", gross - overtime),
            ("5110", overtime),
            ("5200", employer),
            ("2210", -tax),
            ("2220", -pension),
            ("2230", -employer),
            ("2290", -net),
        )
        department = run.get("departments", {}).get(worker.worker, worker.department_code)
        for account, cents in signed:
            if cents:
                yield account, department, cents


def _pay(run: Json, place: int, worker: Worker, scenario: Any) -> tuple[int, int]:
    """Gross and overtime of a worker in a run, in cents; zero for whom it does not pay."""
    if place >= run.get("workers", place + 1) or worker.worker in run.get("without", ()):
        return 0, 0
    if run["kind"] == "off_cycle":
        return (50_000, 0) if place % 10 == 0 else (0, 0)
    scale = scenario.payroll_scale(run["position"])
    gross = _part(worker.gross_paid, scale, 260_000) + int(run["changes"].get(worker.worker, 0))
    overtime = _part(worker.overtime_paid, scale, 260_000)
    if run["kind"] == "void":
        return (-gross, -overtime) if worker.worker in run["voids"] else (0, 0)
    return gross, overtime


def _part(cents: int, numerator: int, denominator: int) -> int:
    """A part of an amount, halves rounded away from zero."""
    rounded = (Decimal(cents) * numerator / denominator).quantize(Decimal(1), rounding="ROUND_HALF_UP")
    return int(rounded)
