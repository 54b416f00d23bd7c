"""Whether booked lines carry what they must beyond account and cost center: plant, project, branch, as a
scenario tells it.

The judge of pay runs counts amounts per account and cost center; this looks at the other codes of each line,
one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.judges.books import Books, Cell, Payroll


def wrong_dimensions(payroll_books: Json, ledger_books: Json, truth: Any = None) -> tuple[str, ...]:
    """One text per line and axis that differs from the scenario's `line_dimensions`; empty when it has none.

    Lines on accounts and cost centers that no pay run books are left to the judge, who counts them anyway.
    """
    wanted = _wanted(Payroll(payroll_books, truth))
    axes = sorted({axis for dimensions in wanted.values() for axis in dimensions})
    problems = []
    for document in Books.of(ledger_books).documents:
        for line in document.lines:
            held = line.dimensions
            must = wanted.get((document.entity, line.account, held.get("cost_center", "")))
            for axis in axes if must is not None else ():
                problem = _differs(axis, held, must or {})
                if problem:
                    where = f"document {document.name}, line {line.number}, account {line.account}"
                    problems.append(f"{where}: {problem}")
    return tuple(problems)


def _differs(axis: str, held: Mapping[str, str], must: Mapping[str, str]) -> str:
    if held.get(axis, "") == must.get(axis, ""):
        return ""
    return f"{axis} is {held.get(axis) or 'missing'}, not {must.get(axis) or 'empty'}"


def _wanted(payroll: Payroll) -> dict[Cell, dict[str, str]]:
    tell = getattr(payroll.scenario, "line_dimensions", None)
    if tell is None:
        return {}
    moved = {code for run in payroll.runs for code in run.get("departments", {}).values()}
    return {
        payroll.cell_of(account, department): tell(account, department)
        for department in {worker.department_code for worker in payroll.workers()} | moved
        for account in payroll.scenario.ACCOUNT_OF
    }
