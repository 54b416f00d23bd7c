"""The companies of a tenant: the scenario's one, or those it names as `COMPANIES` with
`company_of(department)` to tell them apart.

A pay run covers all of them. Each department belongs to one company, so every row, check and person is of
exactly one, and each company balances by itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

FEDERAL_TAX_ID = "000000000"
"""That of every company; nobody's."""


class Company(NamedTuple):
    """A component company: its code, its five-character id and its name."""

    code: str
    company_id: str
    title: str


def companies_of(scenario: Any) -> list[Company]:
    """The companies a pay run pays, the master company first."""
    single = ((scenario.COMPANY_CODE, scenario.COMPANY_ID, scenario.TITLE),)
    return [Company(*row) for row in getattr(scenario, "COMPANIES", single)]


def company_code(scenario: Any, department: str) -> str:
    """The code of the company that a department belongs to."""
    tell = getattr(scenario, "company_of", None)
    return str(tell(department)) if tell else str(scenario.COMPANY_CODE)
