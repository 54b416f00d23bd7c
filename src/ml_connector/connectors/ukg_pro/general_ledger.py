"""Pay runs from the general ledger: the default source, and the only one with every posting line of UKG.

    pay_runs   block 1 of every run
    tenant     none; in a sandbox 1, where nothing was asked yet
    still      first row of the run → pay period, where it must be closed, and pay register beside it, which
               must say what it said: 3 calls, and pages of the register
    pay_run    first page of the run → pay period of its pay group and end date → pay register of that
               period, while the second page of the run is on its way: 4 calls
    blocks     the pages after the second; those before are kept from `pay_run`

What a run pays for is named by its pay group, period end and period control: run again after an undo it is
the same, while an off-cycle payroll of the same days is another. A run has no pay date of its own. It is that
of the one pay period that its pay group and period end lead to; where several do, a person says which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from itertools import chain
from urllib.parse import quote

from ml_connector.connectors.ukg_pro import client, recheck, wire
from ml_connector.connectors.ukg_pro.client import UkgClient
from ml_connector.connectors.ukg_pro.declared import WHOLE_ACCOUNT
from ml_connector.connectors.ukg_pro.register import control_totals
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.connectors.ukg_pro.translate import GlTranslator
from ml_connector.domain.payroll import Block, Lines, PayRun, RegisterTotals
from ml_connector.domain.period import PayPeriod
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotFound, Refused, VendorChanged
from ml_connector.ports.payroll import PayRunRef
from ml_connector.ports.storage import Clock
from ml_connector.transport.answer import Answer

BLOCK_ROWS_MAX = 250_000
FIRST_PAGES_SECONDS = 600.0
ONE_ROW = {"per_Page": "1"}
PERIODS_SHOWN = 10


class GeneralLedgerSource:
    """A `PayrollSource` over the general-ledger endpoint. Reads only."""

    def __init__(self, options: Options, ukg: UkgClient, clock: Clock, tenant: str) -> None:
        self._options, self._ukg, self._clock, self._tenant = options, ukg, clock, tenant
        self._pages: dict[str, tuple[float, Iterator[Answer]]] = {}

    def pay_runs(self, since: date) -> tuple[PayRunRef, ...]:
        """Runs whose period ends on or after the date, oldest calculation first. Every run has a block 1, so
        only those are read.
        """
        found: dict[str, PayRunRef] = {}
        for head in self._ukg.rows(client.GENERAL_LEDGER, wire.GlHead, {"blockId": "1"}):
            known = found.get(head.runId)
            period_end = _day(head.periodEndDate, head.runId)
            groups = {(head.payGroup or "").strip(), *(known.groups if known else ())} - {""}
            if known is not None and known.period_end >= period_end:
                if len(groups) > len(known.groups):
                    found[head.runId] = replace(known, groups=tuple(sorted(groups)))
                continue
            calculated = (
                known.calculated_at if known else _moment(head.glRunDateTime, self._options, head.runId)
            )
            found[head.runId] = PayRunRef(
                reference=head.runId,
                description=(head.description or "").strip(),
                calculated_at=calculated,
                period_end=period_end,
                groups=tuple(sorted(groups)),
            )
        recent = (ref for ref in found.values() if ref.period_end >= since)
        return tuple(sorted(recent, key=lambda ref: (ref.calculated_at, ref.reference)))

    def tenant(self) -> str:
        """The name of the tenant; in a sandbox the installation that the simulator names, if it names one."""
        return self._ukg.installation(client.GENERAL_LEDGER, {"blockId": "1", **ONE_ROW}) or self._tenant

    def still(self, pay_run: PayRun) -> tuple[Problem, ...]:
        """What speaks against posting the run now; see `recheck`. Its rows are not read again."""
        first = self._first_row(pay_run.reference)
        if first is None:
            return (recheck.gone(pay_run),)
        calculated_at = _moment(first.glRunDateTime, self._options, pay_run.reference)
        against = recheck.changed(pay_run, calculated_at, first.totalNrOfBlocks)
        if not self._options.closed_only:
            return tuple(against)
        group, on_page = first.payGroup or "", {}
        if first.companyCode:
            on_page = {first.companyCode.strip(): first.coId or ""}
        companies = list(pay_run.companies)
        register: Callable[[], tuple[RegisterTotals, ...]] = partial(
            self._register, group, recheck.control_of(pay_run), on_page, companies
        )
        if self._options.register and not against:
            register = self._ukg.in_background(register)
        against += recheck.reopened(pay_run, self._periods(group, first.periodEndDate or ""))
        if self._options.register and not against:
            against += recheck.replaced(pay_run, register())
        return tuple(against)

    def _first_row(self, reference: str) -> wire.GlFirstRow | None:
        try:
            rows = wire.gl_page(self._ukg.get(_path(reference), ONE_ROW), wire.GlFirstRow).rows
        except NotFound:
            return None
        return rows[0] if rows else None

    def pay_run(self, reference: str) -> PayRun:
        """The run's dates, currency, companies and control totals."""
        answer = self._fetch_first(reference)
        page = wire.gl_page(answer, wire.GlFirstRow)
        if not page.rows:
            raise _no_rows(reference)
        first = page.rows[0]
        period = self._pay_period(first)
        pages = self._ukg.pages(_path(reference), first=answer, ahead=True)
        self._pages = {reference: (self._clock.monotonic(), chain([next(pages)], pages))}
        on_page = {row.companyCode.strip(): row.coId or "" for row in page.rows if row.companyCode}
        companies = sorted(company for company in on_page if company and self._options.takes(company))
        register = (
            self._register(period.payGroup, period.periodControl, on_page, companies)
            if self._options.register
            else ()
        )
        companies = sorted({*companies, *(totals.company for totals in register)}) or sorted(
            self._options.companies
        )
        return PayRun(
            source=self.tenant(),
            reference=reference,
            subject=recheck.subject_of(period),
            description=(first.description or "").strip(),
            companies=tuple(companies),
            currency=self._one_currency(companies, reference),
            pay_period=PayPeriod(
                start=_day(period.periodStartDate, reference),
                end=_day(period.periodEndDate, reference),
                pay_date=_day(period.payDate, reference),
            ),
            calculated_at=_moment(first.glRunDateTime, self._options, reference),
            blocks=first.totalNrOfBlocks,
            register=register,
            groups=(group,) if (group := (first.payGroup or "").strip()) else (),
        )

    def pay_period(self, reference: str) -> wire.PayPeriodRow:
        """The pay period of the run, in UKG's words; refused as by `pay_run` where it is not certain."""
        first = self._first_row(reference)
        if first is None:
            raise _no_rows(reference)
        return self._pay_period(first)

    def blocks(self, reference: str) -> Iterator[Block]:
        """The rows in the order they are delivered: rows of one block that follow each other are one `Block`,
        whatever pages they came on.

        A block that begins anew, right after itself or later, is delivered a second time and so is seen by
        whoever counts.
        """
        kept = self._pages.pop(reference, None)
        fresh = kept is not None and self._clock.monotonic() - kept[0] <= FIRST_PAGES_SECONDS
        pages = kept[1] if kept and fresh else self._ukg.pages(_path(reference), ahead=True)
        group: _Group | None = None
        delivered = hashlib.sha256()
        for answer in pages:
            delivered.update(answer.body)
            page = wire.gl_page(answer, wire.GlRow)
            del answer
            for place, row in enumerate(page.rows):
                if group is None:
                    group = _Group.begin(row, self._translator(row, reference))
                elif row.blockId != group.number or row.systemId == group.first:
                    yield group.block(delivered.hexdigest())
                    group = _Group.begin(row, group.translator)
                group.add(row, page.odd.get(place) if page.odd else None)
            del page  # before the next one is made
        if group is not None:
            yield group.block(delivered.hexdigest())

    def _fetch_first(self, reference: str) -> Answer:
        try:
            return self._ukg.first_page(_path(reference))
        except NotFound as error:
            text = (
                f"UKG has no general-ledger run {reference}. Check the run id, and that the ledger step of"
                " this payroll was run."
            )
            raise NotFound(text, where=reference, support=error.support) from error

    def _translator(self, first: wire.GlRow, reference: str) -> GlTranslator:
        currencies: dict[str, str] = {}

        def currency_of(company: str) -> str:
            currencies[company] = self._currency_of(company)
            return self._one_currency(sorted(currencies), reference)

        return GlTranslator(
            reference=reference,
            pay_group=first.payGroup or "",
            period_end=first.periodEndDate or "",
            currency_of=currency_of,
            takes=self._options.takes,
            whole_account=self._options["account"] == WHOLE_ACCOUNT,
        )

    # --- what a row does not say ----------------------------------------------------------------------------

    def _pay_period(self, row: wire.GlRow) -> wire.PayPeriodRow:
        """The one pay period of the row's pay group and period end. Raises `Refused`, naming the candidates,
        when it is not certain.
        """
        group, end = row.payGroup or "", row.periodEndDate or ""
        named = self._options.pay_periods.get(row.runId)
        rows = self._periods(group, end)
        candidates = [period for period in rows if named in (None, period.periodControl)]
        if len(candidates) != 1:
            raise _uncertain(row, candidates or rows, named)
        period = candidates[0]
        if self._options.closed_only and not recheck.is_closed(period):
            where = f"pay period {period.periodControl}"
            text = recheck.open_text(period, row.runId)
            raise Refused(text, where=where, owner=Owner.PAYROLL, code="run.period_open")
        return period

    def _periods(self, group: str, end: str) -> list[wire.PayPeriodRow]:
        """The pay periods of the group that end on the day."""
        query = {"payGroup": group, "periodEndDate": end}
        return [
            period
            for period in self._ukg.rows(client.PAY_PERIODS, wire.PayPeriodRow, query)
            if period.payGroup == group and period.periodEndDate[:10] == end[:10]
        ]

    def _register(
        self, pay_group: str, control: str, on_page: dict[str, str], companies: list[str]
    ) -> tuple[RegisterTotals, ...]:
        codes = {company_id: company for company, company_id in on_page.items() if company_id}

        def company_of(company_id: str) -> str:
            if company_id not in codes:
                codes.update({company.companyID: company.companyCode for company in self._ukg.companies()})
            return codes.setdefault(company_id, company_id)

        query = {"payGroup": pay_group, "periodControl": control}
        checks = self._ukg.rows(client.PAY_REGISTER, wire.Check, query, ahead=True)
        return control_totals(checks, company_of, self._currency_of, self._options.takes, companies)

    def _currency_of(self, company: str) -> str:
        currency = self._options.currency_of(company)
        if not currency:
            text = (
                f"UKG's ledger rows name no currency, and the connection has none for company {company}. Set"
                f" currency to {company}=… there."
            )
            raise Refused(text, where="currency", code="run.currency")
        return currency

    def _one_currency(self, companies: list[str], reference: str) -> str:
        currencies = {company: self._currency_of(company) for company in companies}
        if len(set(currencies.values())) > 1:
            pairs = ", ".join(f"{company} {currency}" for company, currency in sorted(currencies.items()))
            text = (
                f"Run {reference} mixes currencies: {pairs}. Read it by a connection for each, with its"
                " companies named."
            )
            raise Refused(text, where="companies", code="run.currencies")
        if not currencies:
            raise Refused(
                f"Run {reference} holds no company that this connection reads.",
                where="companies",
                code="run.company",
            )
        return next(iter(currencies.values()))


@dataclass(slots=True, kw_only=True)
class _Group:
    """Rows of one block that were delivered one after the other."""

    number: int
    total: int
    first: int
    translator: GlTranslator
    lines: Lines
    problems: list[Problem] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)

    @classmethod
    def begin(cls, row: wire.GlRow, translator: GlTranslator) -> _Group:
        return cls(
            number=row.blockId,
            total=row.totalNrOfBlocks,
            first=row.systemId,
            translator=translator,
            lines=Lines(prefix=f"{translator.reference}/{row.blockId}/", kinds=translator.kinds),
        )

    def add(self, row: wire.GlRow, odd: tuple[str, str] | None) -> None:
        if row.systemId in self.numbers:
            self.problems.append(self.translator.duplicate(row))
            return
        self.numbers.add(row.systemId)
        if len(self.numbers) > BLOCK_ROWS_MAX:
            text = (
                f"Block {self.number} has more than {BLOCK_ROWS_MAX:,} rows, which are not kept in memory at"
                " once. Lower the block size in UKG."
            )
            raise VendorChanged(text, where=f"block {self.number}")
        if row.totalNrOfBlocks != self.total:
            text = (
                f"Block {self.number} says both {self.total} and {row.totalNrOfBlocks} blocks. Run the"
                " general-ledger step again."
            )
            self.problems.append(
                Problem(
                    "row.block_total",
                    f"block {self.number}, row {row.systemId}: totalNrOfBlocks",
                    text,
                    Owner.PAYROLL,
                )
            )
        translator = self.translator
        foreign = row.payGroup != translator.pay_group or row.periodEndDate != translator.period_end
        if foreign and (strange := translator.stranger(row)) is not None:
            self.problems.append(strange)
        if (wrong := translator.row(row, self.lines, odd)) is not None:
            self.problems.append(wrong)

    def block(self, sha256: str) -> Block:
        return Block(
            number=self.number,
            total=self.total,
            rows=self.lines,
            problems=tuple(self.problems),
            sha256=sha256,
        )


def _no_rows(reference: str) -> NotFound:
    return NotFound(f"UKG has no general-ledger run {reference}, or shows none of its rows.", where=reference)


def _path(reference: str) -> str:
    return f"{client.GENERAL_LEDGER}/{quote(reference, safe='')}"


def _uncertain(row: wire.GlRow, rows: list[wire.PayPeriodRow], named: str | None) -> Refused:
    """The refusal of a run whose pay period is not certain, with the candidates."""
    group, end = row.payGroup or "no pay group", (row.periodEndDate or "no date")[:10]
    where = f"run {row.runId}: payGroup, periodEndDate"
    if not rows:
        text = (
            f"UKG lists no pay period of pay group {group} that ends on {end}, so run {row.runId} has no pay"
            " date. Check both in UKG."
        )
        return Refused(text, where=where, owner=Owner.PAYROLL, code="run.no_pay_period")
    listed = ", ".join(
        f"{period.periodControl} (pay date {period.payDate[:10]})" for period in rows[:PERIODS_SHOWN]
    )
    if named is not None:
        text = (
            f"The connection sets pay period {named} for run {row.runId}; {group} up to {end} has {listed}."
            " Correct the setting pay_periods."
        )
    else:
        text = (
            f"Pay group {group} has {len(rows)} pay periods that end on {end}: {listed}. Choose the one"
            f" that run {row.runId} belongs to: "
        )
        text += f"set pay_periods to {row.runId}=… in the connection."
    return Refused(text, where=where, owner=Owner.PAYROLL, code="run.ambiguous")


def _day(text: str | None, reference: str) -> date:
    try:
        return wire.day(text or "")
    except ValueError as error:
        raise VendorChanged(
            f"{text!r} in run {reference} is not a date that can be read.", where=f"run {reference}"
        ) from error


def _moment(text: str | None, options: Options, reference: str) -> datetime:
    try:
        return wire.moment(text or "", options.zone)
    except ValueError as error:
        raise VendorChanged(
            f"{text!r} in run {reference} is not a time that can be read.", where=f"run {reference}"
        ) from error
