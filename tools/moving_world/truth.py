"""What the world knows of each pay and each run, whatever the product says: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from moving_world.payroll import FIRST_PERIOD_END, PAY_DATE_DAYS_AFTER, PERIOD_DAYS
from moving_world.shape import Flow
from moving_world.views import RunView

DONE, CANCELLED, CLOSED = "done", "cancelled", "closed"
ENDED = frozenset({DONE, CANCELLED, CLOSED})
AT_REST = ENDED | {"held", "awaiting_approval", "failed"}
ON_THE_WAY = frozenset({"ready", "running", "waiting"})
STATES = ("ready", "running", "waiting", "held", "awaiting_approval", "failed", DONE, CANCELLED, CLOSED)


@dataclass(slots=True, kw_only=True)
class Calculation:
    """One calculation of a pay, and the run of the payroll that holds it."""

    number: int
    run_id: str
    parts: dict[str, int]


@dataclass(slots=True, kw_only=True)
class Pay:
    """One pay: what payroll paid for one period, and which calculation is right."""

    number: int
    payroll: str
    kind: str
    end: date
    colours: dict[str, int]
    calculations: list[Calculation] = field(default_factory=list)
    right: int | None = None

    @property
    def newest(self) -> Calculation:
        """The calculation that payroll made last."""
        return self.calculations[-1]

    def parts(self, company: str) -> int:
        """What the company is paid, as things stand."""
        return 0 if self.right is None else self.calculations[self.right].parts.get(company, 0)


@dataclass(slots=True, kw_only=True)
class Run:
    """A run of the product as the world knows it."""

    id: str
    name: str
    view: RunView
    pay: Pay | None
    calculation: int | None
    state: str = ""
    stage: str = ""
    lied_about: bool = False

    @property
    def judged(self) -> bool:
        """Whether it was ever more than a look: no dry run, and not given up."""
        return not self.view.dry and self.state != CANCELLED


def pay_date(end: date) -> date:
    """When the pay of a period is paid."""
    return end + timedelta(days=PAY_DATE_DAYS_AFTER)


def period_end(number: int) -> date:
    """The last day of a pay period, from 0."""
    return FIRST_PERIOD_END + timedelta(days=PERIOD_DAYS * number)


def flow_name(flow: Flow) -> str:
    """A flow in words."""
    return f"{flow.source} → {flow.target}"
