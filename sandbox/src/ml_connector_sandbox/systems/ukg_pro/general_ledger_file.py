"""The flat file that the general-ledger step writes, in three layouts. Real layouts are the customer's own.

L1  csv with a header    CompanyCode,PayGroup,PeriodControl,PayDate,GLAccount,OrgLevel1,OrgLevel2,
                         Description,Debit,Credit
L2  pipes and a trailer  20260703|HTC01|HTC01-5100-BOSFIN|BOSFIN|5230.77|BIWEEK|text …
                         T|rows|sumDebit|sumCredit
L3  fixed width          co(5) acct(25) cc(10) date(8) D/C(1) amount(13, cents) text(30)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ml_connector_sandbox.systems.ukg_pro.general_ledger import CREDIT_SIDE, LINES, GlRows
from ml_connector_sandbox.systems.ukg_pro.payroll import PayRun
from ml_connector_sandbox.systems.ukg_pro.render import decimal_text

LAYOUTS = ("L1", "L2", "L3")
HEADER = (
    "CompanyCode",
    "PayGroup",
    "PeriodControl",
    "PayDate",
    "GLAccount",
    "OrgLevel1",
    "OrgLevel2",
    "Description",
    "Debit",
    "Credit",
)
_TEXT = "Payroll"


class _Posting(NamedTuple):
    company: str
    account: str
    org: str
    debit: int
    credit: int


def gl_file(run: PayRun, rows: GlRows, *, layout: str, companies: Sequence[str], pay_group: str) -> str:
    """The run as a file's text; `companies` are those of `rows.orgs`. KeyError for a layout there is not."""
    postings = [_posting(rows, companies, number) for number in range(len(rows))]
    if layout == "L1":
        return _delimited(run, postings, pay_group)
    if layout == "L2":
        return "\n".join([*_piped(run, postings, pay_group), ""])
    if layout == "L3":
        return "\n".join([*_fixed(run, postings), ""])
    raise KeyError(f"layout {layout}; there are {', '.join(LAYOUTS)}")


def _posting(rows: GlRows, companies: Sequence[str], number: int) -> _Posting:
    org, account = rows.org[number], LINES[rows.line[number] % CREDIT_SIDE].account
    return _Posting(companies[org], account, rows.orgs[org], *rows.debit_credit(number))


def _delimited(run: PayRun, postings: list[_Posting], pay_group: str) -> str:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(HEADER)
    held = run.period
    for row in postings:
        amounts = (decimal_text(row.debit), decimal_text(row.credit))
        lines.writerow(
            [
                row.company,
                pay_group,
                held.control,
                held.pay_date.isoformat(),
                row.account,
                row.org,
                "",
                _TEXT,
                *amounts,
            ]
        )
    return out.getvalue()


def _piped(run: PayRun, postings: list[_Posting], pay_group: str) -> Iterator[str]:
    for row in postings:
        segments = f"{row.company}-{row.account}-{row.org}"
        amount = decimal_text(row.debit - row.credit)
        yield f"{run.period.pay_date:%Y%m%d}|{row.company}|{segments}|{row.org}|{amount}|{pay_group}|{_TEXT}"
    debit, credit = sum(row.debit for row in postings), sum(row.credit for row in postings)
    yield f"T|{len(postings)}|{decimal_text(debit)}|{decimal_text(credit)}"


def _fixed(run: PayRun, postings: list[_Posting]) -> Iterator[str]:
    for row in postings:
        cents = row.debit - row.credit
        account = f"{row.account:<25}"[:25]
        # The layout has no sign: a negative debit can only be written as a credit.
        flag = "D" if cents >= 0 else "C"
        start = f"{row.company:<5.5}{account}{row.org:<10.10}{run.period.pay_date:%Y%m%d}"
        yield f"{start}{flag}{abs(cents):013d}{_TEXT:<30}"
