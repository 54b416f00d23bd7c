"""Whether booked lines carry what they must beyond account and cost center: plant, project, branch, as a
scenario tells it.

The judge counts amounts per account and cost center; this looks at the other codes of each line, one by one.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.companies import company_code
from ml_connector_sandbox.systems.ukg_pro.register import load_register

Place = tuple[str, str, str]
"""Entity, GL account and cost center."""


def wrong_dimensions(payroll_books: Json, ledger_books: Json, truth: Any = None) -> tuple[str, ...]:
    """One text per line and axis that differs from the scenario's `line_dimensions`; empty when it has none.

    Lines on accounts and cost centers that no pay run books are left to the judge, who counts them anyway.
    """
    name = payroll_books["parameters"]["scenario"]
    wanted = _wanted(
        payroll_books, truth or importlib.import_module(f"ml_connector_sandbox.scenarios.{name}")
    )
    axes = sorted({axis for dimensions in wanted.values() for axis in dimensions})
    problems = []
    for document in ledger_books["documents"]:
        if document.get("status") == "deleted" or document.get("seeded"):
            continue
        for number, line in enumerate(document["lines"], start=1):
            held = line.get("dimensions") or {}
            must = wanted.get((document["entity"], line["account"], held.get("cost_center") or ""))
            if must is None:
                continue
            for axis in axes:
                if (held.get(axis) or "") != must.get(axis, ""):
                    where = (
                        f"document {document.get('number') or document['id']}, line {number}, account"
                        f" {line['account']}"
                    )
                    problems.append(
                        f"{where}: {axis} is {held.get(axis) or 'missing'}, not {must.get(axis) or 'empty'}"
                    )
    return tuple(problems)


def _wanted(payroll_books: Json, scenario: Any) -> dict[Place, dict[str, str]]:
    tell = getattr(scenario, "line_dimensions", None)
    if tell is None:
        return {}
    parameters = payroll_books["parameters"]
    register = Path(parameters["register"]) if parameters["register"] else None
    workers = load_register(
        register, parameters["seed"], parameters["workers"], getattr(scenario, "made_workers", None)
    )
    wanted: dict[Place, dict[str, str]] = {}
    for department in {worker.department_code for worker in workers}:
        for account in scenario.ACCOUNT_OF:
            entity, code, cost_center = scenario.booking(
                company_code(scenario, department), account, department
            )
            wanted[(entity, code, cost_center or "")] = tell(account, department)
    return wanted
