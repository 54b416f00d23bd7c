"""Claims about files that were damaged on the way: each would be read as another pay, and is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.connectors.ukg_pro.flat_file import FlatFileSource
from ml_connector.connectors.ukg_pro.layout import LayoutError
from ml_connector.connectors.ukg_pro.read_layout import read_layout
from ml_connector.contract.payroll import problems_of, rows_of
from ml_connector.domain.problem import Problem

EVER = date(2000, 1, 1)
COLUMNS = [
    {"kind": "company", "index": 0},
    {"kind": "account", "index": 1},
    {"kind": "pay_date", "index": 2},
    {"kind": "org_level_1", "index": 3},
    {"kind": "amount", "index": 4},
]
PLAIN: dict[str, Any] = {"header_rows": 0, "amount": "signed", "columns": COLUMNS}
SUMS = {**PLAIN, "trailer": r"T,(?:(?P<rows>[0-9]+),)?(?P<debit>[0-9.]+),(?P<credit>[0-9.]+)"}
FIXED: dict[str, Any] = {
    "format": "fixed",
    "header_rows": 0,
    "amount": "dc_flag",
    "columns": [
        {"kind": "side", "start": 0, "length": 1},
        {"kind": "company", "start": 1, "length": 5},
        {"kind": "account", "start": 6, "length": 4},
        {"kind": "pay_date", "start": 10, "length": 8, "date_format": "%Y%m%d"},
        {"kind": "amount", "start": 18, "length": 13, "decimals": 2},
    ],
}
DEBIT, CREDIT = "DHTC01510020260703{:013}", "CHTC01229020260703{:013}"
Source = Callable[..., FlatFileSource]


@pytest.fixture
def source(source: Source) -> Source:
    """Read by the plain layout where none is given."""
    return lambda content, layout=PLAIN, *names, **more: source(content, layout, *names, **more)


def told(source: FlatFileSource) -> Problem:
    """Why a line, or the file, is refused."""
    refs = source.pay_runs(EVER)
    found = [
        *source.set_aside(),
        *(problem for ref in refs for problem in problems_of(source, ref.reference)),
    ]
    return found[0]


def debits(source: FlatFileSource) -> Decimal:
    rows = [row for ref in source.pay_runs(EVER) for row in rows_of(source, ref.reference)]
    return sum((row.amount.amount for row in rows if row.amount.minor > 0), Decimal(0))


def lines(*amounts: str, more: str = "") -> str:
    """Two lines of wages and net pay for each amount."""
    pairs = [
        f"HTC01,5100,2026-07-03,BOSIT,{amount}{more}\nHTC01,2290,2026-07-03,BOSIT,-{amount}{more}\n"
        for amount in amounts
    ]
    return "".join(pairs)


# --- separators inside values -------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["1,000.00", "1000,50", "12,345,678.90"])
def test_an_amount_that_its_comma_cut_is_no_smaller_amount(source: Source, amount: str) -> None:
    """Every line is as wide as the others, and balances."""
    found = told(source(lines(amount)))

    assert (found.code in ("amount.cut", "row.columns"), True) == (
        True,
        "2" in found.where or "1" in found.where,
    )


def test_a_line_that_is_wider_than_the_first_is_refused(source: Source) -> None:
    """The blanks that a spreadsheet leaves at the end are no columns."""
    assert "row.columns" == told(source(lines("913.22") + lines("913.22", more=",x,1"))).code
    assert Decimal("1826.44") == debits(source(lines("913.22") + lines("913.22", more=",,")))


def test_more_columns_than_the_layout_knows_are_read_over(source: Source) -> None:
    """Descriptions and hours, where every line has them."""
    assert Decimal("913.22") == debits(source(lines("913.22", more=",Wages,80")))


def test_a_stray_quote_swallows_no_lines(source: Source) -> None:
    """Two of four lines would be a text, and the file balances with other amounts."""
    body = lines("100.00", more=",Net") + lines("50.00", more=",Net")
    first, second, third, fourth = body.splitlines()
    quoted = f'{first[:-3]}"Bonus\n{second}\n{third[:-3]}24",\n{fourth}\n'

    found = told(source(quoted.replace('24",', '24"')))

    assert ("file.quotes", "gl.csv: line 1") == (found.code, found.where)
    assert "line 2 would be read as part of it" in found.text
    for text in ('"Bonus ""24"""', '24"'):
        assert Decimal("150.00") == debits(source(body.replace("Net", text)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_end_in_quotes_hides_no_line(source: Source, end: str) -> None:
    """Whichever of the line ends the rest of the file has."""
    whole = lines("100.00", more=",Net")
    broken = whole.replace("Net", f'"Net{end}pay"', 1)

    assert told(source(broken)).code in ("file.quotes", "file.ends")


# --- files that are alike -----------------------------------------------------------------------------------


def test_files_of_the_same_lines_are_two_pays_where_their_names_say_so(source: Source) -> None:
    """A fixed salary is the same each month; a copy of one name's file is the same pay."""
    columns = [column for column in COLUMNS if column["kind"] != "pay_date"]
    named = {"kind": "pay_date", "from": "file_name", "date_format": "%Y%m%d"}
    layout = {**PLAIN, "file_name": r"gl_(?P<pay_date>[0-9]{8})", "columns": [*columns, named]}

    found = source(lines("10.00"), layout, "gl_20260630.csv", "gl_20260731.csv", "copy_of_gl_20260731.csv")

    refs = found.pay_runs(EVER)
    assert [date(2026, 6, 30), date(2026, 7, 31)] == sorted(ref.period_end for ref in refs)
    assert [()] * 2 == [found.still(found.pay_run(ref.reference)) for ref in refs]


def test_a_name_that_says_two_dates_is_not_read_by_its_first(source: Source) -> None:
    """Somebody put the day of delivery before it; the same date twice is one date."""
    columns = [column for column in COLUMNS if column["kind"] != "pay_date"]
    dated = {"kind": "pay_date", "from": "file_name", "date_format": "%Y%m%d"}
    layout = {**PLAIN, "file_name": "(?P<pay_date>[0-9]{8})", "columns": [*columns, dated]}
    body = lines("10.00")

    found = source(body, layout, "20260710 gl_20260703.csv", "gl_20260710.csv", "20260703_gl_20260703.csv")

    refs = found.pay_runs(EVER)
    assert {date(2026, 7, 3), date(2026, 7, 10)} == {ref.period_end for ref in refs}
    assert [date(2026, 7, 3), date(2026, 7, 10)] == sorted(
        found.pay_run(ref.reference).pay_period.pay_date for ref in refs
    )
    (problem,) = found.set_aside()
    assert "file.file_name" == problem.code
    assert "20260710 and 20260703" in problem.text


# --- trailers -----------------------------------------------------------------------------------------------


def test_a_trailer_that_says_less_is_believed_only_where_it_can_be_right(source: Source) -> None:
    """A negative debit makes lines of signed amounts show more on both sides, and so do lines that came
    twice.
    """
    ok = "HTC01,5100,2026-07-03,B,1000.00\nHTC01,5200,2026-07-03,B,-50.00\nHTC01,2290,2026-07-03,B,-950.00\n"
    assert Decimal("1000.00") == debits(source(ok + "T,3,950.00,950.00\n", SUMS))

    for body, trailer in (
        (lines("1000.00"), "T,2,500.00,500.00\n"),
        (lines("1000.00") * 2, "T,1000.00,1000.00\n"),
    ):
        assert "file.totals" == told(source(body + trailer, SUMS)).code


# --- heads --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [lines("913.22"), "Payroll,July\n" + lines("913.22")[:39]])
def test_postings_are_no_head(source: Source, head: str) -> None:
    """The layout says two lines of head, found by index; this file has fewer, and the rest balances."""
    layout = {**PLAIN, "header_rows": 2}
    found = told(source(head + lines("10.00"), layout))

    number = 1 if head.startswith("HTC01") else 2
    assert ("file.header", f"gl.csv: line {number}") == (found.code, found.where)
    assert f"Line {number} is in the header of 2 lines that the layout has" in found.text
    assert "reads as a posting on account 5100" in found.text


def test_a_head_that_is_no_posting_is_read_over(source: Source) -> None:
    """Titles, a text, and a total that looks like a posting, where the layout says that it is none."""
    for first in ("Payroll", "HTC01,all,,,10.00"):
        body = f"{first}\nCompany,Account,Date,Org,Amount\n{lines('10.00')}"
        assert Decimal("10.00") == debits(source(body, {**PLAIN, "header_rows": 2}))
    total = "HTC01,TOTAL,2026-07-03,,10.00\n"
    skips = {**PLAIN, "header_rows": 1, "skip": ".*,TOTAL,.*"}
    assert Decimal("10.00") == debits(source(total + lines("10.00"), skips))


def test_postings_of_fixed_columns_are_no_head(source: Source) -> None:
    body = [DEBIT.format(100000), CREDIT.format(100000), DEBIT.format(5000), CREDIT.format(5000)]

    assert "file.header" == told(source("\n".join(body), {**FIXED, "header_rows": 2})).code


# --- fixed columns ------------------------------------------------------------------------------------------


def test_a_line_end_in_the_middle_of_a_fixed_line_hides_no_line(source: Source) -> None:
    """Two kinds of line ends in one file."""
    whole = [DEBIT.format(100000), DEBIT.format(5000), CREDIT.format(100000), CREDIT.format(5000)]
    mixed = f"{whole[0]}\r{whole[1]}\n{whole[2]}\r{whole[3]}\n"

    assert "file.ends" == told(source(mixed, FIXED)).code
    assert Decimal("1050.00") == debits(source("\r".join(whole), FIXED))
    wide = {**FIXED, "encoding": "utf-16-le"}
    assert Decimal("1050.00") == debits(source("\r".join(whole).encode("utf-16-le"), wide))


def test_an_amount_that_is_cut_at_the_end_of_a_line_is_refused(source: Source) -> None:
    """What is left of it reads as a smaller one."""
    cut = "\n".join(template.format(100000)[:-2] for template in (DEBIT, CREDIT))

    assert "row.short" == told(source(cut, FIXED)).code


@pytest.mark.parametrize(("start", "length"), [(18, 11), (18, 9), (20, 11), (21, 5)])
def test_an_amount_is_not_cut_out_of_a_longer_number(source: Source, start: int, length: int) -> None:
    """The column begins late or ends early: both sides are cut alike, and the file balances."""
    body = "\n".join(template.format(10001000000) for template in (DEBIT, CREDIT))
    amount = {"kind": "amount", "start": start, "length": length, "decimals": 2}
    columns = [*FIXED["columns"][:-1], amount]

    assert "amount.cut" == told(source(body, {**FIXED, "columns": columns})).code
    assert Decimal("100010000.00") == debits(source(body, FIXED))


def test_a_sign_beside_the_column_is_not_cut_off(source: Source) -> None:
    """Behind a column that ends early a minus is lost, and a refund becomes pay."""
    amount = {"kind": "amount", "start": 18, "length": 9}
    layout = {**FIXED, "amount": "signed", "columns": [*FIXED["columns"][1:4], amount]}
    body = "DHTC01510020260703   100.00\nCHTC01229020260703  -100.00\n"
    assert Decimal("100.00") == debits(source(body, layout))

    found = told(source(body.replace("  -100.00", "   100.00-"), layout))

    assert "amount.cut" == found.code
    assert 'add that as a column, such as {"kind": "ignore", "start": 27, "length": 1}.' in found.text


def test_digits_of_another_column_may_touch_an_amount(source: Source) -> None:
    """The date before it, hours behind it; and what a blank parts from it is no part of it."""
    body = "\n".join(f"{template.format(100000)}0080" for template in (DEBIT, CREDIT))
    hours = {"kind": "ignore", "start": 31, "length": 4}

    assert Decimal("1000.00") == debits(source(body, {**FIXED, "columns": [*FIXED["columns"], hours]}))
    assert Decimal("1000.00") == debits(source(body.replace("0080", " 80"), FIXED))


@pytest.mark.parametrize(
    ("kind", "start", "length"),
    [("amount", 17, 14), ("amount", 12, 13), ("ignore", 30, 2), ("pay_code", 9, 3)],
)
def test_columns_that_overlap_are_refused_when_they_are_set(kind: str, start: int, length: int) -> None:
    """A digit of the date would be one of the amount."""
    other = {"kind": kind, "start": start, "length": length}
    columns = [column for column in FIXED["columns"] if column["kind"] != kind]

    with pytest.raises(LayoutError, match="overlap"):
        read_layout(json.dumps({**FIXED, "columns": [*columns, other]}))


def test_a_column_inside_another_is_no_slip(source: Source) -> None:
    """A period control begins with the pay date."""
    control = {"kind": "period_control", "start": 10, "length": 9}
    amount = {"kind": "amount", "start": 19, "length": 13, "decimals": 2}
    body = "\n".join(template.format(100000).replace("0703", "07031") for template in (DEBIT, CREDIT))

    assert Decimal("1000.00") == debits(
        source(body, {**FIXED, "columns": [*FIXED["columns"][:-1], control, amount]})
    )


# --- codes and dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("5100", "5.1E+03", "row.damaged"),
        ("5100", "51\u200b00", "row.damaged"),
        ("BOSIT", "#N/B", "row.damaged"),
        ("2026-07-03", "0026-07-03", "row.date"),
        ("2026-07-03", "9999-12-31", "row.date"),
    ],
)
def test_what_no_code_and_no_date_of_a_pay_is(source: Source, old: str, new: str, code: str) -> None:
    """A spreadsheet shortened it, nobody sees it, or no pay is of that year."""
    assert code == told(source(lines("10.00").replace(old, new))).code


def test_a_period_that_ends_before_it_begins_is_refused(source: Source) -> None:
    """Two columns were taken for each other: the posting date would follow the wrong one."""
    start, end = {"kind": "period_start", "index": 5}, {"kind": "period_end", "index": 6}
    layout = {**PLAIN, "columns": [*COLUMNS, start, end]}

    assert "row.period" == told(source(lines("10.00", more=",2026-06-30,2026-06-01"), layout)).code


@pytest.mark.parametrize("company", ["htc01", "HTC01\u200b", "ＨＴＣ01", "HTC 01"])
def test_a_company_that_looks_like_ours_is_not_left_out(source: Source, company: str) -> None:
    """Another company's lines are; these are asked about."""
    body = lines("6.00") + lines("500.00").replace("HTC01", company)

    assert told(source(body, PLAIN, companies="HTC01")).code in ("row.company", "row.damaged")
    assert Decimal("6.00") == debits(source(body.replace(company, "HTH02"), PLAIN, companies="HTC01"))


# --- titles -------------------------------------------------------------------------------------------------


def test_titles_behind_another_separator_name_it(source: Source) -> None:
    """They are all there; what is missing is one key of the layout."""
    titles = (
        "CompanyCode;PayGroup;PeriodControl;PayDate;GLAccount;OrgLevel1;OrgLevel2;Description;Debit;Credit\n"
    )

    assert 'separated by semicolons: add "delimiter": ";" to the layout' in told(source(titles, "L1")).text


def test_a_second_mark_at_the_start_is_nothing(source: Source) -> None:
    """Files that were put together have one more."""
    assert Decimal("10.00") == debits(source("\ufeff\ufeff" + lines("10.00")))


def test_a_line_above_the_titles_that_is_shorter_is_read_past(source: Source) -> None:
    """Titles that end in a currency that the layout does not name: the line above them has no such value."""
    names = {"company": "Co", "account": "Acct", "pay_date": "Date", "debit": "Dr", "credit": "Cr"}
    columns = [{"kind": kind, "name": name} for kind, name in names.items()]
    layout = {"header_rows": 2, "amount": "two_column", "columns": columns}
    text = (
        "ACME,Payroll register,July,,\nCo,Acct,Date,Dr,Cr,Currency\n"
        "HTC,5100,2026-07-03,10.00,,USD\nHTC,2210,2026-07-03,,10.00,USD\n"
    )

    assert 1 == len(source(text, layout, currency="USD").pay_runs(EVER))
