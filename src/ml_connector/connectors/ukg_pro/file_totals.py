"""What the first pass over a general-ledger file finds, and whether the file's own totals agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ml_connector.connectors.ukg_pro.lines import Line, Reader
from ml_connector.domain.payroll import PayParts
from ml_connector.domain.period import PayPeriod
from ml_connector.domain.problem import Problem

SUMS_MAX = 100_000


@dataclass(slots=True)
class FileTotals:
    """What the first pass found."""

    rows: int = 0
    unread: int = 0
    first: Problem | None = None
    debit: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)
    companies: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    controls: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    periods: set[PayPeriod] = field(default_factory=set)

    def add(self, line: Line | Problem) -> None:
        """Count one line, read or not."""
        self.rows += 1
        if isinstance(line, Problem):
            self.unread += 1
            self.first = self.first or line
            return
        if line.side == "debit" or (not line.side and line.amount > 0):
            self.debit += line.amount
        else:
            self.credit -= line.amount
        self.companies.add(line.company)
        self.groups.add(line.pay_group)
        self.controls.add(line.period_control)
        self.kinds.add(line.run_kind)
        self.numbers.add(line.run_number)
        end = line.period_end or line.pay_date
        self.periods.add(PayPeriod(start=line.period_start or end, end=end, pay_date=line.pay_date))


def pay_parts(totals: FileTotals, day: date) -> PayParts:
    """The parts of the pay that the file names."""
    named = (totals.groups, totals.controls, totals.kinds, totals.numbers)
    groups, controls, kinds, numbers = (tuple(sorted(filter(None, found))) for found in named)
    return PayParts(groups=groups, controls=controls, kinds=kinds, numbers=numbers, day=day)


def compare_totals(reader: Reader, totals: FileTotals, lines: Iterable[Line]) -> None:
    """The trailer's totals with those of the lines; sums only when every line could be read.

    A signed amount does not distinguish a negative debit from a credit, and the trailer may: the lines then
    add up to more on both sides, by the same amount. That is accepted where the trailer also counts the lines
    and some of them add up to that amount. `lines` is read only then.
    """
    found = {"rows": Decimal(totals.rows), "debit": totals.debit, "credit": totals.credit}
    declared = {
        name: reader.total(name, text)
        for name, text in (reader.file.trailer or {}).items()
        if name in found and text is not None
    }
    if not totals.unread and reader.layout.amount == "signed" and {"debit", "credit"} <= set(declared):
        more = found["debit"] - declared["debit"]
        same = more > 0 and more == found["credit"] - declared["credit"]
        if same and "rows" in declared and _some_come_to(more, (abs(line.amount) for line in lines)):
            found.update(debit=declared["debit"], credit=declared["credit"])
    for name, value in declared.items():
        if value != found[name] and (name == "rows" or not totals.unread):
            what = "lines" if name == "rows" else f"{name} in all"
            text = (
                f"The trailer has {value} {what}, and the lines add up to {found[name]}: lines were lost or"
                " changed on the way."
            )
            raise reader.file.refused("file.totals", text, f"trailer {name}")


def _some_come_to(wanted: Decimal, amounts: Iterable[Decimal]) -> bool:
    """Whether some of the amounts come to the wanted sum; taken as true where that would be long to find."""
    sums = {Decimal(0)}
    for amount in amounts:
        sums |= {total + amount for total in sums if amount and total + amount <= wanted}
        if wanted in sums or len(sums) > SUMS_MAX:
            return True
    return False
