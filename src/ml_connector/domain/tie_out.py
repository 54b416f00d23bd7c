"""The tie-out: the same quantities in the register, the pay run, the journal and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_connector.domain.journal import BookedEntry, JournalEntry, total
from ml_connector.domain.mapping import UNTIED
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import RegisterTotals
from ml_connector.domain.proposal import SideTotal, TieTotal


@dataclass(frozen=True, slots=True, kw_only=True)
class TieRow:
    """One row of the tie-out: the same quantity in two or three books. `None` means the book does not know
    it, which is not a difference. `stand_in` says what was read of the ledger where it does not tell what is
    posted.
    """

    company: str
    what: str
    register: Money | None
    run: Money
    journal: Money
    ledger: Money | None
    stand_in: str | None = None

    @property
    def difference(self) -> Money:
        """The largest gap between any two of the books that know the quantity; zero when all agree."""
        known = [
            value.amount
            for value in (self.register, self.run, self.journal, self.ledger)
            if value is not None
        ]
        return Money(max(known) - min(known), self.run.currency)


def tie_out(
    registers: Sequence[RegisterTotals],
    ties: Sequence[TieTotal],
    totals: Sequence[SideTotal],
    entries: Sequence[JournalEntry],
    booked: Sequence[BookedEntry] | None,
    currency: str,
) -> list[TieRow]:
    """Register = GL run = journal = ledger read back, one row per quantity; `booked` is `None` before
    posting.

    Gross, deductions, employee taxes and net are compared with the register per company; the totals with the
    ledger over all entities. A mapping that ties nothing of a company to the register gets no rows for it.
    Employer cost appears with no register figure where the register knows none. Without `totals` (a
    difference to an earlier run) the entries stand for the run.
    """
    rows: list[TieRow] = []
    for register in registers:
        by_tie = {
            tie.ties_to: tie for tie in ties if tie.company == register.company and tie.ties_to != UNTIED
        }
        if not by_tie:
            continue
        for what, known in (
            ("gross", register.gross),
            ("deductions", register.deductions),
            ("employee_taxes", register.employee_taxes),
            ("net", register.net),
        ):
            amount = _tied(by_tie.get(what), what, currency)
            rows.append(
                TieRow(
                    company=register.company,
                    what=what,
                    register=known,
                    run=amount,
                    journal=amount,
                    ledger=None,
                )
            )
    for tie in ties:
        if tie.ties_to == "employer_cost":
            cost = Money.from_minor(tie.debit_minor, currency)
            rows.append(
                TieRow(
                    company=tie.company,
                    what="employer_cost",
                    register=None,
                    run=cost,
                    journal=cost,
                    ledger=None,
                )
            )
    for side, sign in (("debit", 1), ("credit", -1)):
        journal = total((entry.debit if sign > 0 else entry.credit for entry in entries), currency)
        run = Money.from_minor(sign * _on_side(totals, side), currency) if totals else journal
        ledger = None if booked is None else total((_side(entry, sign) for entry in booked), currency)
        rows.append(TieRow(company="*", what=side, register=None, run=run, journal=journal, ledger=ledger))
    return rows


def _on_side(totals: Sequence[SideTotal], side: str) -> int:
    """Minor units that stand on the side in the journal: the side's own, less what crossed to the other, and
    what crossed from there.
    """
    return sum(row.minor_in - row.crossed if row.side == side else row.crossed for row in totals)


def _side(booked: BookedEntry, sign: int) -> Money:
    return total(
        (line.amount if sign > 0 else -line.amount for line in booked.lines if sign * line.amount.minor > 0),
        booked.currency,
    )


def _tied(tie: TieTotal | None, what: str, currency: str) -> Money:
    if tie is None:
        return Money.from_minor(0, currency)
    return Money.from_minor((1 if what == "gross" else -1) * (tie.debit_minor + tie.credit_minor), currency)
