"""An entry compared with what was read of its company, before anything is sent: what Visma would refuse of
it, by field and value. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from ml_connector.connectors.visma_net.translate import Layout
from ml_connector.domain.checks import check_entry
from ml_connector.domain.journal import Chart, JournalEntry
from ml_connector.domain.period import FiscalPeriod, period_of
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import CodeUnknown, ConnectorError, Inexpressible, PeriodClosed, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read of the company at one moment. `blocked_combinations` are combinations of segment values
    that may not be used.
    """

    chart: Chart
    layout: Layout
    periods: tuple[FiscalPeriod, ...] = ()
    blocked_combinations: frozenset[tuple[str, ...]] = frozenset()
    currency_of: dict[str, str]
    precision: dict[str, int]
    axes: frozenset[str]
    read_at: float


def problems_of(entry: JournalEntry, reading: Reading, defaults: dict[str, str]) -> Iterable[Problem]:
    """What Visma would refuse of the entry."""
    yield from _period_problems(entry, reading.periods)
    yield from _with_segment_names(check_entry(entry, reading.chart), reading.layout, defaults)
    yield from _combination_problems(entry, reading, defaults)
    yield from _account_problems(entry, reading)


def refuse(entry: JournalEntry, reading: Reading, defaults: dict[str, str]) -> None:
    """Raise what Visma would refuse of the entry, all of it in one text: `PeriodClosed`, `CodeUnknown`,
    `Inexpressible` or `Refused`.
    """
    problems = list(problems_of(entry, reading, defaults))
    if not problems:
        return
    first = problems[0]
    kind: type[ConnectorError] = (
        PeriodClosed if first.code.startswith("period.") else CodeUnknown if first.code in _CODES else Refused
    )
    if first.code == "amount.decimals":
        kind = Inexpressible
    more = f" And {len(problems) - 10} more." if len(problems) > 10 else ""
    text = " ".join(problem.text for problem in problems[:10]) + more
    raise kind(text, where=first.where, code=first.code, owner=first.owner)


_CODES = frozenset(
    {
        "account.unknown",
        "account.blocked",
        "account.currency",
        "code.unknown",
        "code.inactive",
        "dimension.missing",
        "subaccount.inactive",
    }
)


def _period_problems(entry: JournalEntry, periods: tuple[FiscalPeriod, ...]) -> Iterable[Problem]:
    period = period_of(entry.posting_date, periods)
    if period is None or not period.open:
        code = "period.unknown" if period is None else "period.closed"
        what = (
            "is in no financial period"
            if period is None
            else f"is in period {period.name}, which is closed or not active"
        )
        text = (
            f"{entry.posting_date} {what} in company {entry.entity}. Open the period in Visma, or choose"
            " another posting date."
        )
        yield Problem(code, "posting_date", text, Owner.CONTROLLER)


def _with_segment_names(
    problems: Iterable[Problem], layout: Layout, defaults: dict[str, str]
) -> Iterable[Problem]:
    """The problems, with the segment of the axis added."""
    names = {axis: f"segment {number} ({name})" for number, name, axis in layout.segments}
    needed = ", ".join(name for axis, name in names.items() if axis not in defaults)
    for problem in problems:
        axis = problem.where.partition(" ")[0]
        if problem.code == "dimension.missing":
            problem = replace(
                problem,
                text=(
                    f"{problem.text} Visma needs {needed} of the subaccount on every line. Map a code, or"
                    " set a default."
                ),
            )
        elif axis in names:
            problem = replace(
                problem, text=f"{problem.text} In Visma that is {names[axis]} of the subaccount."
            )
        yield problem


def _combination_problems(
    entry: JournalEntry, reading: Reading, defaults: dict[str, str]
) -> Iterable[Problem]:
    seen = set()
    for number, line in enumerate(entry.lines, 1):
        codes = {value.axis: value.code for value in line.dimensions}
        values = tuple(codes.get(axis) or defaults.get(axis, "") for _, _, axis in reading.layout.segments)
        if values in reading.blocked_combinations and values not in seen:
            seen.add(values)
            text = (
                f"Subaccount {'-'.join(values)} of line {number} is not active. Activate it in Visma, or map"
                " to another."
            )
            yield Problem("subaccount.inactive", f"line {number} subaccount", text)


def _account_problems(entry: JournalEntry, reading: Reading) -> Iterable[Problem]:
    places = reading.precision.get(entry.currency)
    for number, line in enumerate(entry.lines, 1):
        currency = reading.currency_of.get(line.account, entry.currency)
        if currency != entry.currency:
            text = (
                f"GL account {line.account} is kept in {currency} and takes no {entry.currency}. Map line"
                f" {number} to another."
            )
            yield Problem("account.currency", f"line {number} account", text)
        if places is not None and line.amount.amount != line.amount.amount.quantize(
            Decimal(1).scaleb(-places)
        ):
            text = (
                f"{line.amount} on line {number} has more than the {places} decimals that Visma keeps for"
                f" {entry.currency}. It is never rounded."
            )
            yield Problem("amount.decimals", f"line {number} amount", text)
