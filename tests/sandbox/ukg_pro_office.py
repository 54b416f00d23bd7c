"""A tenant of UKG Pro and what its people look like there, on the days that a test moves to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.sandbox.ukg_pro_world import UkgWorld

PEOPLE = "/personnel/v1"
DAY = timedelta(days=1).total_seconds()


class Office:
    """A tenant and what one of its people looks like there."""

    def __init__(self, scenario: str = "trading_company", **switches: Any) -> None:
        self.world = UkgWorld(scenario=scenario, **switches)
        self.companies = [company.code for company in self.world.vendor._tenant.book.companies]

    def do(self, action: str, **wish: Any) -> Any:
        """What a person does at a screen."""
        return self.world.vendor.control(action, wish)

    def days(self, days: float) -> None:
        """Time goes by."""
        self.world.clock.advance(days * DAY)

    def department(self, company: str) -> str:
        """A department of a company."""
        held = self.world.vendor._tenant.book.company_of
        return next(code for code in held if held[code].code == company)

    def worker(self, company: str) -> str:
        """Somebody who works there."""
        people = self.world.vendor._tenant.book.people
        return str(next(person.worker for person in people if person.company_code == company))

    def employments(self, employee_id: str) -> list[dict[str, Any]]:
        """Their rows in employment-details."""
        return list(self.world.rows(f"{PEOPLE}/employment-details?employeeId={employee_id}"))

    def history(self, employee_id: str) -> list[dict[str, Any]]:
        """Their rows in the job history."""
        return list(self.world.rows(f"{PEOPLE}/employee-job-history-details?employeeId={employee_id}"))

    def changes(self, day: str) -> list[dict[str, Any]]:
        """The delta of a day."""
        span = f"startDate={day}T00:00:00&endDate={day}T23:00:00"
        return list(self.world.rows(f"{PEOPLE}/employee-changes?{span}"))


def kinds(made: Any) -> list[str]:
    """The events that an act raised."""
    return [event["EventType"] for event in made["events"]]
