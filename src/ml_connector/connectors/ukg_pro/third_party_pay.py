"""Pay runs from Third-Party Pay: summaries of payrolls that were run outside UKG Pro. Not the general ledger,
and not a substitute for it.

A run is a company's records of one pay date. Its reference ends in a hash of their ids, of whether each is
void and of when it was changed (of what it says, where UKG tells no time), so a run that changed has another
reference and the same subject. Two kinds of rows, by setting:

    codes      EARNING, DEDUCTION and TAX by code, and NET, which is what remains; the mapping turns them
               into accounts
    accounts   an account segment with a debit or a credit, where a tenant's records carry them

A void record pays nothing; it stays in the hash. Two live records that may pay the same thing are a question,
within a run and between runs: `repeats` says what is compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from ml_connector.connectors.ukg_pro import wire
from ml_connector.connectors.ukg_pro.client import UkgClient
from ml_connector.connectors.ukg_pro.declared import CODES
from ml_connector.connectors.ukg_pro.records import Record, RecordReader
from ml_connector.connectors.ukg_pro.repeats import repeats
from ml_connector.connectors.ukg_pro.settings import Options
from ml_connector.domain.payroll import Block, Distribution, PayParts, PayRun
from ml_connector.domain.period import PayPeriod
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import NotFound, Refused, VendorChanged
from ml_connector.ports.payroll import PayRunRef
from ml_connector.transport import odata

BLOCK_ROWS = 10_000
RECORDS_MAX = 200_000
PAGE_RECORDS = 1_000
PAID_BEFORE_DAYS_MAX = 31
_HASH_DIGITS = 16


@dataclass(slots=True)
class _Found:
    """The records of one company and pay date. `sha256` is of the bytes of the list they came in."""

    company: str
    pay_date: date
    records: list[Record] = field(default_factory=list)
    sha256: str = ""

    @property
    def reference(self) -> str:
        """Company, pay date and the hash of what is there."""
        content = "\n".join(
            sorted(f"{record.id} {record.voided} {record.version}" for record in self.records)
        )
        return f"{self.company}:{self.pay_date}:{hashlib.sha256(content.encode()).hexdigest()[:_HASH_DIGITS]}"

    @property
    def calculated_at(self) -> datetime:
        """The latest change, or the pay date where UKG gives none."""
        changes = [record.changed_at for record in self.records if record.changed_at]
        return max(changes, default=datetime.combine(self.pay_date, time(), UTC))

    @property
    def description(self) -> str:
        """For a list."""
        return f"{self.company} paid {self.pay_date}: {len(self.records)} records"


class ThirdPartyPaySource:
    """A `PayrollSource` over Third-Party Pay. Reads only."""

    def __init__(self, options: Options, ukg: UkgClient, tenant: str) -> None:
        self._options, self._ukg, self._tenant = options, ukg, tenant
        self._companies: dict[str, str] = {}
        self._kept: dict[str, _Found] = {}

    def pay_runs(self, since: date) -> tuple[PayRunRef, ...]:
        """Runs whose period ends on or after the date. The list is by pay date, which comes a little before
        or after it, so it begins earlier.
        """
        found = self._read(since - timedelta(days=min(PAID_BEFORE_DAYS_MAX, since.toordinal() - 1)), None)
        refs = [
            PayRunRef(
                reference=run.reference,
                description=run.description,
                calculated_at=run.calculated_at,
                period_end=_period(run).end,
                groups=_groups(run),
            )
            for run in found
        ]
        return tuple(
            sorted(
                (ref for ref in refs if ref.period_end >= since),
                key=lambda ref: (ref.calculated_at, ref.reference),
            )
        )

    def tenant(self) -> str:
        """The name of the tenant; in a sandbox the installation that the simulator names, if it names one."""
        return self._ukg.installation(self._options["third_party_path"], {"$top": "1"}) or self._tenant

    def still(self, pay_run: PayRun) -> tuple[Problem, ...]:
        """Whether the records of the day are those that the run was made of: a list of the day."""
        company, day = _named(pay_run.reference)
        now = self._of_day(company, day)
        if now is not None and now.reference == pay_run.reference:
            return ()
        what = f"The Third-Party Pay records that {company} paid on {day}"
        if now is None:
            code = "run.gone"
            text = f"{what} are not in UKG any more. Cancel this run here: ml-connector runs cancel RUN."
        else:
            code = "run.changed"
            text = (
                f"{what} changed after they were read here. They are run {now.reference} now. Cancel this run"
                " here (ml-connector runs cancel RUN), and post that one."
            )
        return (Problem(code, f"run {pay_run.reference}", text, Owner.PAYROLL),)

    def pay_run(self, reference: str) -> PayRun:
        """The run's dates and currency. There is no register of these payrolls to tie it to.

        The run is all that the company paid on the day: a pay group or a period that a record names only
        since makes another subject, and is no part by which two pays are told apart.
        """
        run = self._find(reference)
        self._kept = {reference: run}
        groups, period = _groups(run), _period(run)
        subject = " ".join([run.company, *groups, str(period.end), str(run.pay_date)])
        return PayRun(
            source=self.tenant(),
            reference=reference,
            subject=subject,
            description=run.description,
            companies=(run.company,),
            currency=self._currency(run),
            pay_period=period,
            calculated_at=run.calculated_at,
            blocks=_blocks(len(self._rows(run))),
            parts=PayParts(
                day=run.pay_date, records=tuple(sorted(r.id for r in run.records if not r.voided))
            ),
            groups=groups,
        )

    def blocks(self, reference: str) -> Iterator[Block]:
        """The rows, 10,000 to a block, each with the hash of all that was delivered; a run of void records
        only is one empty block.
        """
        run = self._kept.pop(reference, None) or self._find(reference)
        rows, questions = self._rows(run), self._repeats(run)
        total = _blocks(len(rows))
        for number in range(total):
            part = rows[number * BLOCK_ROWS : (number + 1) * BLOCK_ROWS]
            yield Block(
                number=number + 1,
                total=total,
                rows=tuple(row for row in part if isinstance(row, Distribution)),
                problems=(
                    *(row for row in part if isinstance(row, Problem)),
                    *(questions if number == 0 else ()),
                ),
                sha256=run.sha256,
            )

    def _rows(self, run: _Found) -> list[Distribution | Problem]:
        reader = self._reader(run)
        return [row for record in run.records for row in reader.rows(record)]

    def _reader(self, run: _Found) -> RecordReader:
        return RecordReader(
            company=run.company,
            currency=self._currency(run),
            by_code=self._options["third_party_rows"] == CODES,
            fields=self._options.fields,
        )

    def _repeats(self, run: _Found) -> list[Problem]:
        """Records that may pay the same thing as another of the run, or as one of a near pay date, which
        costs a list of the days around. Rows by account name no worker, and a check has many of them.
        """
        if self._options["third_party_rows"] != CODES:
            return []
        days = timedelta(days=self._options.repeat_days)
        around = self._records(run.pay_date - days, run.pay_date + days) if days else ()
        others = (
            record
            for record in around
            if record.pay_date != run.pay_date and self._company(record) == run.company
        )
        return repeats(run.records, others, self._reader(run).gross, self._options.both_paid)

    def _currency(self, run: _Found) -> str:
        currency = self._options.currency_of(run.company) or next(
            (record.currency for record in run.records if record.currency), ""
        )
        if not currency:
            text = (
                f"The records name no currency, and the connection has none for company {run.company}. Set"
                f" currency to {run.company}=… there."
            )
            raise Refused(text, where="currency", code="run.currency")
        return currency

    # --- reading --------------------------------------------------------------------------------------------

    def _find(self, reference: str) -> _Found:
        now = self._of_day(*_named(reference))
        if now is None or now.reference != reference:
            said = f" The records of that day are now {now.reference}." if now else ""
            raise NotFound(f"UKG has no run {reference}.{said}", where="pay run")
        return now

    def _of_day(self, company: str, pay_date: date) -> _Found | None:
        """What the company paid on the day, as UKG has it now."""
        found = self._read(pay_date, pay_date)
        return next((run for run in found if (run.company, run.pay_date) == (company, pay_date)), None)

    def _read(self, since: date, until: date | None) -> list[_Found]:
        found: dict[tuple[str, date], _Found] = {}
        delivered = hashlib.sha256()
        for record in self._records(since, until, delivered.update):
            company = self._company(record)
            if self._options.takes(company):
                run = found.setdefault((company, record.pay_date), _Found(company, record.pay_date))
                run.records.append(record)
        for run in found.values():
            run.sha256 = delivered.hexdigest()
        return list(found.values())

    def _records(
        self, since: date, until: date | None, delivered: Callable[[bytes], None] = lambda _: None
    ) -> Iterator[Record]:
        """Every record paid within the days; `delivered` is given the bytes of each page."""
        names, path = self._options.fields, self._options["third_party_path"]
        within = f"{names.pay_date} ge {odata.moment(since)}"
        if until is not None:
            within += f" and {names.pay_date} le {odata.moment(datetime.combine(until, time(23, 59, 59)))}"
        query = {"$filter": within, "$top": str(PAGE_RECORDS)}
        if self._options["third_party_rows"] == CODES:
            query["$expand"] = f"{names.earnings},{names.deductions}"
        seen: set[str] = set()
        while True:
            answer = self._ukg.get(path, {**query, "$skip": str(len(seen))} if seen else query)
            delivered(answer.body)
            raw = wire.third_party_records(answer)
            if not raw:
                return
            records = [Record.read(values, names, path) for values in raw]
            fresh = [record for record in records if record.id not in seen]
            if len(fresh) != len({record.id for record in fresh}) or len(fresh) < len(records):
                text = "UKG delivers a Third-Party Pay record twice, so the list cannot be read to its end."
                raise VendorChanged(text, where=path, support=f"{len(seen)} records read")
            seen.update(record.id for record in fresh)
            if len(seen) > RECORDS_MAX:
                text = (
                    f"More than {RECORDS_MAX:,} Third-Party Pay records are asked for at once. Ask for a"
                    " later date, or look for repeats over fewer days (third_party_repeat_days)."
                )
                raise Refused(text, where="since", owner=Owner.CONTROLLER, code="run.large")
            yield from (
                record
                for record in fresh
                if record.pay_date >= since and (until is None or record.pay_date <= until)
            )

    def _company(self, record: Record) -> str:
        kind = record.company_type.replace(" ", "").lower()
        if kind not in ("companyid", "federalid"):
            return record.company
        if record.company not in self._companies:
            for company in self._ukg.companies():
                self._companies[company.companyID] = company.companyCode
                if company.federalTaxId:
                    self._companies[company.federalTaxId] = company.companyCode
        return self._companies.get(record.company, record.company)


def _named(reference: str) -> tuple[str, date]:
    """Company and pay date of a reference. Raises `NotFound` for what is none."""
    company, _, day = reference.rpartition(":")[0].rpartition(":")
    try:
        return company, date.fromisoformat(day)
    except ValueError:
        text = f"{reference!r} names no run; expected company:pay date:hash, as a list of runs shows it."
        raise NotFound(text, where="pay run") from None


def _groups(run: _Found) -> tuple[str, ...]:
    """The pay groups that its records name, sorted."""
    return tuple(sorted({record.pay_group for record in run.records if record.pay_group}))


def _period(run: _Found) -> PayPeriod:
    """The period that the records name, or the pay date where they name none."""
    ends: Sequence[date] = sorted({record.period_end for record in run.records if record.period_end})
    starts = sorted({record.period_start for record in run.records if record.period_start})
    if len(ends) > 1:
        listed = ", ".join(map(str, ends[:10]))
        text = (
            f"The records that {run.company} paid on {run.pay_date} are for several periods: {listed}."
            " Correct them in UKG."
        )
        raise Refused(text, where="period end", owner=Owner.PAYROLL, code="run.ambiguous")
    end = ends[0] if ends else run.pay_date
    return PayPeriod(start=starts[0] if starts else end, end=end, pay_date=run.pay_date)


def _blocks(rows: int) -> int:
    return max(1, -(-rows // BLOCK_ROWS))
