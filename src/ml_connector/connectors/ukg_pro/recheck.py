"""The reasons against posting a general-ledger run that was read before: a problem for each, none where it is
as it was. Pure.

    gone         UKG shows no row of it any more
    changed      it was calculated again, or has another number of blocks
    open again   its pay period is not closed any more, or is not listed
    replaced     the pay register of its period has other amounts: payroll ran again under another id
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ml_connector.connectors.ukg_pro.wire import PayPeriodRow
from ml_connector.domain.money import Money
from ml_connector.domain.payroll import PayRun, RegisterTotals
from ml_connector.domain.problem import Owner, Problem

ANEW = "Cancel this run here (ml-connector runs cancel RUN) and start it anew, so that it is read again."


def is_closed(period: PayPeriodRow) -> bool:
    """Whether the pay period is closed: both fields say so."""
    return bool(period.isPeriodClosed and period.dateTimePeriodClosed)


def open_text(period: PayPeriodRow, run: str) -> str:
    """Why a run of an open pay period is not posted, and what to do."""
    return (
        f"Pay period {period.periodControl} of {period.payGroup} is open: run {run} was undone, or the"
        " payroll can still change. Close the period in UKG and run the general-ledger step, then use the new"
        " run."
    )


def gone(pay_run: PayRun) -> Problem:
    """The run is not there."""
    text = (
        f"UKG shows no row of general-ledger run {pay_run.reference} any more: payroll undid it after it"
        " was read here. Cancel it here, and post the run that payroll makes instead."
    )
    return Problem("run.gone", f"run {pay_run.reference}", text, Owner.PAYROLL)


def changed(pay_run: PayRun, calculated_at: datetime, blocks: int) -> list[Problem]:
    """The run is there, and not as it was read."""
    run = f"General-ledger run {pay_run.reference}"
    said = []
    if calculated_at != pay_run.calculated_at:
        said.append(
            f"{run} was calculated at {_shown(pay_run.calculated_at)} when it was read here, and UKG now"
            f" gives {_shown(calculated_at)}. {ANEW}"
        )
    if blocks != pay_run.blocks:
        before = f"{pay_run.blocks} block{'' if pay_run.blocks == 1 else 's'}"
        said.append(f"{run} had {before} when it was read here, and has {blocks} now. {ANEW}")
    return [Problem("run.changed", f"run {pay_run.reference}", text, Owner.PAYROLL) for text in said]


def reopened(pay_run: PayRun, periods: Sequence[PayPeriodRow]) -> list[Problem]:
    """The pay period is not closed any more, or not listed."""
    control = control_of(pay_run)
    ours = [period for period in periods if period.periodControl == control]
    where = f"pay period {control}"
    if not ours:
        text = (
            f"UKG lists no pay period {control} any more, so run {pay_run.reference} has no pay date. {ANEW}"
        )
        return [Problem("run.no_pay_period", where, text, Owner.PAYROLL)]
    opened = [period for period in ours if not is_closed(period)]
    return [
        Problem("run.period_open", where, open_text(period, pay_run.reference), Owner.PAYROLL)
        for period in opened
    ]


def replaced(pay_run: PayRun, register: Sequence[RegisterTotals]) -> list[Problem]:
    """The pay register has other amounts than when the run was read. UKG keeps a run readable, and its pay
    period closed, after payroll ran again under another id.
    """
    before = {totals.company: _amounts(totals) for totals in pay_run.register}
    now = {totals.company: _amounts(totals) for totals in register}
    changed = [company for company in sorted({*before, *now}) if before.get(company) != now.get(company)]
    if not changed:
        return []
    text = (
        f"The pay register of {pay_run.subject} has other amounts for {', '.join(changed)} than when run"
        f" {pay_run.reference} was read here: payroll ran again. Cancel this run here (ml-connector runs"
        " cancel RUN), and post the run that payroll made instead."
    )
    return [Problem("run.replaced", f"run {pay_run.reference}", text, Owner.PAYROLL)]


def _amounts(totals: RegisterTotals) -> tuple[Money, ...]:
    return totals.gross, totals.deductions, totals.employee_taxes, totals.net


def subject_of(period: PayPeriodRow) -> str:
    """What a run of the pay period pays for."""
    return f"{period.payGroup} {period.periodEndDate[:10]} {period.periodControl}"


def control_of(pay_run: PayRun) -> str:
    """The period control in a run's subject."""
    return pay_run.subject.rpartition(" ")[2]


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
