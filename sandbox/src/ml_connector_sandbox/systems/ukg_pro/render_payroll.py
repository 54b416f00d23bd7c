"""How the payroll endpoints write periods, checks and their lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from ml_connector_sandbox.core.vendor import Json
from ml_connector_sandbox.systems.ukg_pro.book import Book
from ml_connector_sandbox.systems.ukg_pro.companies import Company
from ml_connector_sandbox.systems.ukg_pro.employments import Person
from ml_connector_sandbox.systems.ukg_pro.payroll import Check, PayPeriod, PayRun
from ml_connector_sandbox.systems.ukg_pro.render import Cents, dump, stamp

PENSION_CODE = "401K"


def period(book: Book, held: PayPeriod) -> Json:
    """A row of paygroup-payperiods."""
    extra = held.sequence - 1 if held.extra is None else held.extra
    created = stamp(min(held.start, book.scenario.PERIOD_END + timedelta(days=1)))
    return {
        "payGroup": book.group_of(held),
        "periodControl": held.control,
        "payDate": stamp(held.pay_date),
        "payDateSeq": held.sequence,
        "payPeriodId": _id_base(book, held) - held.position * 10 + extra,
        "periodStartDate": stamp(held.start),
        "periodEndDate": stamp(held.end),
        "periodType": "R" if is_regular(held) else "S",
        "monthlyPayPeriodNumber": 1 + held.end.day // 15,
        "isActive": True,
        "isPeriodClosed": held.closed_at is not None,
        "dateTimePeriodOpened": None if held.is_ahead else stamp(held.start),
        "dateTimePeriodClosed": stamp(held.closed_at),
        "dateTimeFiscalEndDone": None,
        "fiscalYearEnd": False,
        "mqyEndFlag": "N",
        "payrollStateId": 7 if held.closed_at else 1 if held.is_ahead else 2,
        "suspAutoPay": "N",
        "suspDirectDeposit": "N",
        "isCtsCreated": False,
        "dateTimeCreated": created,
        "dateTimeChanged": stamp(held.changed_at) or stamp(held.closed_at) or created,
        "userIdCreated": "PAYADMIN",
        "userIdChanged": "PAYADMIN",
        "notes": None,
    }


def is_regular(held: PayPeriod) -> bool:
    """Whether a payroll is the regular one of its days."""
    return held.sequence == 1 and held.kind == "regular"


def _id_base(book: Book, held: PayPeriod) -> int:
    """Where the numbers of a pay group's periods begin."""
    return 3_312 + (100_000 * (1 + [*book.frequencies].index(held.group)) if held.group else 0)


def gl_common(book: Book, run: PayRun, blocks: int, company: Company) -> dict[str, str]:
    """The fields that are the same in every row of a company in a run, as JSON text. No currency and no pay
    date among them.
    """
    held, group = run.period, book.group_of(run.period)
    fields: Json = {
        "runId": run.run_id,
        "description": f"{group} {held.end:%m/%d/%Y} GL",
        "totalNrOfBlocks": blocks,
        "companyCode": company.code,
        "coId": company.company_id,
        "payGroup": group,
        "payPeriodEndDate": stamp(held.end),
        "periodStartDate": stamp(held.start),
        "periodEndDate": stamp(held.end),
        "orgLevel2": None,
        "orgLevel3": None,
        "orgLevel4": None,
        "location": None,
        "project": None,
        "jobCode": None,
        "jobDesc": None,
        "positionCode": None,
        "positionDesc": None,
        "glRunDateTime": stamp(run.ran_at),
        "userWhoRanThisGl": "PAYADMIN",
        "glJson": None,
    }
    return {name: dump(value) for name, value in fields.items()}


def department(book: Book, run: PayRun, check: Check) -> str:
    """Org level 1 of a check: where the worker was when it was calculated, which is what the general ledger
    says too.
    """
    if run.kind == "bench" and run.rows_cache is not None:
        return run.rows_cache.orgs[check.worker]
    return run.department(book.workers[check.worker])


def person_of(book: Book, run: PayRun, check: Check) -> Person:
    """Who got the check, in the company of the department they are paid in; the checks of a synthetic run
    are dealt out among the people there are.
    """
    if run.kind == "bench":
        return book.by_place[check.worker % book.registered][0]
    held = book.by_place[check.worker]
    company = book.company_of[department(book, run, check)].code
    return next((person for person in held if person.company_code == company), held[0])


def check_id(run: PayRun, check: Check) -> str:
    """The id of a check: twelve characters, its own in every run."""
    return f"C{run.number:05d}{check.worker + 1:06d}"


def register_rows(book: Book, run: PayRun, voids: Sequence[PayRun]) -> Callable[[Check], list[Json]]:
    """Makes the row of pay-register of each check of the run; `voids` are the runs that take checks back."""
    held = run.period
    common = {
        "checkAddMode": "R" if run.kind == "regular" else "A",
        "sequenceNumber": held.sequence,
        "payGroup": book.group_of(held),
        "periodControl": held.control,
        "payDate": stamp(held.pay_date),
        "periodStartDate": stamp(held.start),
        "periodEndDate": stamp(held.end),
        "lastRegularPayDate": None if is_regular(held) else stamp(held.pay_date),
        "payPeriodFrequency": book.frequency(held.group),
        "originalPayPeriodFrequency": book.frequency(held.group),
        "currencyCode": book.scenario.CURRENCY,
        "checkAmount": Cents(0),
        "totalHours": Cents(8_000),
        "totalHoursWorked": Cents(8_000),
        "project": "Z",
        "shift": "Z",
        "organizationLevel3": None,
        "organizationLevel4": None,
        "isVoidingRecord": run.kind == "void",
        "reconciled": "N",
        "reconcileDate": None,
        "nameMiddle": None,
        "nameSuffix": None,
    }

    def row(check: Check) -> list[Json]:
        person = person_of(book, run, check)
        is_voided = run.kind == "regular" and any(_takes_back(book, other, run, check) for other in voids)
        return [
            {
                **common,
                "checkId": check_id(run, check),
                "documentNumber": f"{run.number % 1000:03d}{check.worker + 1:07d}",
                "employeeId": person.employee_id,
                "employeeNumber": person.number,
                "employeeStatus": person.status,
                "companyId": person.company_id,
                "totalEarningsAmount": Cents(check.gross),
                "totalDeductionAmount": Cents(check.pension),
                "totalTaxAmount": Cents(check.employee_tax),
                "netAmount": Cents(check.net),
                "directDepositAmount": Cents(check.net),
                "annualSalary": Cents(person.annual_salary),
                "jobCode": person.job,
                "locationCode": person.location,
                "organizationLevel1": department(book, run, check),
                "organizationLevel2": person.division,
                "isVoided": is_voided,
                "voidDate": stamp(held.pay_date) if is_voided else None,
                "nameFirst": person.first_name,
                "nameLast": person.last_name,
                "ssn": person.ssn,
            }
        ]

    return row


def _takes_back(book: Book, other: PayRun, run: PayRun, check: Check) -> bool:
    is_same = (other.period.group, other.period.end) == (run.period.group, run.period.end)
    return is_same and book.workers[check.worker].worker in other.voids


def earning_rows(book: Book, run: PayRun, check: Check) -> list[Json]:
    """The rows of earnings-history-base-elements of a check: regular pay and overtime."""
    person, held = person_of(book, run, check), run.period
    lines = (("REG", "5100", check.regular), ("OT", "5110", check.overtime))
    return [
        {
            "employeeId": person.employee_id,
            "companyId": person.company_id,
            "employeeNumber": person.number,
            "earningCode": code,
            "genNumber": check_id(run, check),
            "periodControl": held.control,
            "payGroup": book.group_of(held),
            "payDate": stamp(held.pay_date),
            "currentAmount": Cents(cents),
            "baseAmount": Cents(cents),
            "currentHours": Cents(8_000 if code == "REG" else 0),
            "glBaseSegmentId": account,
            "glFollowBaseAccountAllocation": "Y",
            "jobCode": person.job,
            "location": person.location,
            "project": "Z",
            "isVoided": False,
            "isVoidingRecord": run.kind == "void",
            "calculationSequence": str(sequence),
            "taxCategory": code,
            "reportCategory": code,
        }
        for sequence, (code, account, cents) in enumerate(lines, start=1)
        if cents
    ]


def deduction_rows(book: Book, run: PayRun, check: Check) -> list[Json]:
    """The row of payroll-deductions-history of a check: the pension contribution."""
    person, held = person_of(book, run, check), run.period
    if not check.pension:
        return []
    return [
        {
            "checkId": check_id(run, check),
            "employeeId": person.employee_id,
            "employeeNumber": person.number,
            "companyId": person.company_id,
            "deductionCode": PENSION_CODE,
            "deductionType": "PEN",
            "deductionPlanType": "RET",
            "employeeCurrentAmount": Cents(check.pension),
            "employerCurrentAmount": Cents(0),
            "employeeCalculaitonRule": "20",
            "generalLedgerExpenseAccount": None,
            "generalLedgerPayAccount": "2220",
            "periodControl": held.control,
            "payGroup": book.group_of(held),
            "payDate": stamp(held.pay_date),
            "is401k": True,
            "isVoided": False,
            "isVoidingRecord": "Y" if run.kind == "void" else "N",
            "recordId": run.number * 1_000_000 + check.worker + 1,
        }
    ]
