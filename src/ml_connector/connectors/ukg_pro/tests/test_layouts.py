"""Claims about layouts of one's own: what stands once per file, numbers as data, titles."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.ukg_pro.flat_file import FlatFileSource
from ml_connector.connectors.ukg_pro.layout import LayoutError
from ml_connector.connectors.ukg_pro.read_layout import read_layout
from ml_connector.connectors.ukg_pro.settings import read
from ml_connector.contract.payroll import problems_of, rows_of
from ml_connector.domain.payroll import PayParts
from ml_connector.domain.period import PayPeriod
from ml_connector.domain.problem import Problem

EVER = date(2000, 1, 1)
Source = Callable[..., FlatFileSource]
HEADER = "CompanyCode,PayGroup,PeriodControl,PayDate,GLAccount,OrgLevel1,OrgLevel2,Description,Debit,Credit"
LINES = (
    "HTC01,BIWEEK,202607031,2026-07-03,5100,BOSIT,,Payroll,1000.00,",
    "HTC01,BIWEEK,202607031,2026-07-03,2290,BOSIT,,Payroll,,1000.00",
)
NAMED = (
    ("company", "CompanyCode"),
    ("pay_date", "PayDate"),
    ("account", "GLAccount"),
    ("debit", "Debit"),
    ("credit", "Credit"),
)
LIKE_L1 = "\n".join([HEADER, *LINES, ""])
BARS = [
    {"kind": "account", "index": 0},
    {"kind": "org_level_1", "index": 1},
    {"kind": "debit", "index": 2},
    {"kind": "credit", "index": 3},
]
PLAIN = {"delimiter": "|", "quote": "", "header_rows": 1, "columns": BARS}
BODY = "5100|BOSIT|913.22|0.00|Wages\n2290|BOSIT|0.00|913.22|Net pay\n"


def only(source: FlatFileSource) -> str:
    """The reference of the only file, which can be read."""
    found = source.pay_runs(EVER)
    assert () == source.set_aside()
    (ref,) = found
    return ref.reference


def aside(source: FlatFileSource) -> Problem:
    """Why the only file is set aside."""
    assert () == source.pay_runs(EVER)
    (found,) = source.set_aside()
    return found


def debit(source: FlatFileSource) -> Decimal:
    rows = rows_of(source, only(source))
    return sum((row.amount.amount for row in rows if row.is_debit), Decimal(0))


# --- the currency that a file says --------------------------------------------------------------------------


def with_currency(title: str, value: str) -> str:
    return "\n".join([f"{HEADER},{title}", *(f"{line},{value}" for line in LINES), ""])


@pytest.mark.parametrize("title", ["Currency", "CURRENCY CODE", "Curr.", "Valuta", "Muntsoort"])
def test_a_column_that_says_another_currency_is_not_passed_over(source: Source, title: str) -> None:
    """The connection books in dollars; the layout knows nothing of the column."""
    found = aside(source(with_currency(title, "EUR")))

    assert ("row.currency", f"gl.csv, line 2: {title}") == (found.code, found.where)
    assert f"{title} is EUR. The connection books company HTC01 in USD." in found.text
    for value in ("USD", "usd", "$", ""):
        assert Decimal("1000.00") == debit(source(with_currency(title, value)))


def test_a_column_that_the_layout_names_is_not_asked_for_a_currency(source: Source) -> None:
    """Nor is one whose title only begins so."""
    known = [{"kind": kind, "name": name} for kind, name in NAMED]
    ignored = {"like": "L1", "columns": [*known, {"kind": "ignore", "name": "Currency"}]}

    assert Decimal("1000.00") == debit(source(with_currency("Currency", "EUR"), ignored))
    assert Decimal("1000.00") == debit(source(with_currency("Currency rate", "EUR")))


def refusals(sign: str, currency: str) -> list[str]:
    layout = json.dumps({"like": "L1", "numbers": {"currency": sign}})
    given = {"source": "flat_file", "file_path": "/gl", "file_layout": layout, "currency": currency}
    return [f"{problem.where}: {problem.text}" for problem in read(given, True)[1]]


@pytest.mark.parametrize(("sign", "currency"), [("€", "USD"), ("EUR", "USD"), ("$", "EUR"), ("kr", "EUR")])
def test_a_sign_of_another_currency_is_refused_when_it_is_set(sign: str, currency: str) -> None:
    """What is written as euros would be booked as dollars."""
    (found,) = refusals(sign, currency)

    assert f"The layout's numbers are in {sign}, and the connection books in {currency}." in found


@pytest.mark.parametrize(
    ("sign", "currency"),
    [("$", "CAD"), ("kr", "SEK"), ("£", "GBP"), ("§", "USD"), ("$", "A=CAD,B=EUR"), ("€", "")],
)
def test_a_sign_of_several_currencies_or_of_none_that_is_known_is_taken(sign: str, currency: str) -> None:
    """Dollars and crowns are those of many countries."""
    assert [] == refusals(sign, currency)


def test_a_sign_counts_for_the_company_whose_line_it_is(tmp_path: Path) -> None:
    """One connection books two companies, each in its own currency."""
    (tmp_path / "gl.csv").write_text("\n".join([HEADER, *LINES, ""]).replace("1000.00", "€1000.00"))
    layout = json.dumps({"like": "L1", "numbers": {"currency": "€"}})
    given = {"source": "flat_file", "file_path": str(tmp_path), "file_layout": layout}
    options, _ = read({**given, "currency": "HTC01=USD,HTC02=EUR"}, True)
    assert options is not None

    assert "row.currency" == aside(FlatFileSource(options, "tenant")).code


# --- once per file ------------------------------------------------------------------------------------------


def once(**keys: Any) -> dict[str, Any]:
    """The bars with company and pay date from somewhere else than their lines."""
    dates = {"kind": "pay_date", "from": "head", "date_format": "%m/%d/%Y"}
    return {**PLAIN, "columns": [{"kind": "company", "value": "HTC01"}, dates, *BARS], **keys}


def test_company_by_the_layout_and_dates_from_the_head(source: Source) -> None:
    """A file of one company: the layout names it, and the head names both dates."""
    layout = once(head=[r"ENDING DATE\|(?P<period_end>[^|]+)", r"PAY DATE\|(?P<pay_date>.+)$"])
    layout["columns"] += [{"kind": "period_end", "from": "head", "date_format": "%m/%d/%Y"}]
    read_from = source(
        ("PERIOD ENDING DATE|06/27/2026|PAY DATE|07/03/2026\n" + BODY).replace("\n", "\r\n"), layout
    )

    run = read_from.pay_run(only(read_from))

    end = date(2026, 6, 27)
    assert PayPeriod(start=end, end=end, pay_date=date(2026, 7, 3)) == run.pay_period
    assert (("HTC01",), Decimal("913.22")) == (run.companies, debit(read_from))


def test_values_from_the_name_of_the_file_and_from_its_trailer(source: Source) -> None:
    """The trailer is read before the lines, as each line needs what it says."""
    layout = once(
        header_rows=0,
        file_name=r"gl_(?P<company>\w+?)_",
        trailer=r"END\|(?P<pay_date>[0-9]+)\|(?P<rows>[0-9]+)",
    )
    layout["columns"][:2] = [
        {"kind": "company", "from": "file_name"},
        {"kind": "pay_date", "from": "trailer", "date_format": "%Y%m%d"},
    ]

    read_from = source(BODY + "END|20260703|2\n", layout, "gl_HTC01_july.txt")

    run = read_from.pay_run(only(read_from))
    assert (("HTC01",), date(2026, 7, 3)) == (run.companies, run.pay_period.pay_date)


def test_a_head_a_name_or_a_trailer_that_does_not_match_is_told(source: Source) -> None:
    """With what was found there, and the expression that was looked for."""
    head = aside(source("PAYDATE 07/03/2026\n" + BODY, once(head=r"PAY DATE\|(?P<pay_date>.+)")))
    assert ("file.head", True) == (head.code, "PAYDATE 07/03/2026 does not match" in head.text)
    twice = aside(source("P|07/03/2026|P|07/10/2026\n" + BODY, once(head=r"P\|(?P<pay_date>[0-9/]+)")))
    assert ("file.head", True) == (twice.code, "matches 2 times" in twice.text)
    named = once(file_name="^(?P<company>[A-Z0-9]+)_", head=r"P\|(?P<pay_date>.+)")
    named["columns"][0] = {"kind": "company", "from": "file_name"}
    name = aside(source("P|07/03/2026\n" + BODY, named))
    assert ("file.file_name", True) == (name.code, "gl.csv does not match" in name.text)


def test_a_date_of_the_head_that_cannot_be_read_is_the_reason(source: Source) -> None:
    """It fails every line; the text says where it stands."""
    found = aside(source("P|7/3/2026\n" + BODY, once(head=r"P\|(?P<pay_date>.+)")))

    assert "row.date" == found.code
    assert "pay_date from the head is 7/3/2026" in found.text


def test_lines_that_are_no_postings_are_skipped_where_the_layout_says_so(source: Source) -> None:
    """Subtotals and repeated heads; the numbers of lines stay those of the file."""
    lines = BODY.splitlines(keepends=True)
    content = "P|07/03/2026\n" + lines[0] + "Subtotal|913.22\n" + lines[1] + "5100|x|y|z|\n"
    read_from = source(content, once(head=r"P\|(?P<pay_date>.+)", skip="Subtotal.*"))

    (problem,) = problems_of(read_from, read_from.pay_runs(EVER)[0].reference)
    assert problem.where.startswith("gl.csv, line 5:")


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (PLAIN, "company, pay_date is missing"),
        (PLAIN, '"from": "head"'),
        (once(), "head has no group named pay_date"),
        (once(head="(?P<pay_date>.+)", header_rows=0), "header_rows is 0"),
        (once(head="(?P<pay_date>.+)(?P<period_end>.)"), "head names period_end"),
        (once(head=["(?P<pay_date>.+)", "(?P<pay_date>.)"]), "pay_date twice"),
        (once(head="("), "head '(' cannot be read"),
        (once(skip="(", head="(?P<pay_date>.+)"), "skip '(' cannot be read"),
        ({**PLAIN, "columns": [{"kind": "account", "value": "5100"}, *BARS[1:]]}, "company, pay_date"),
        ({"like": "L9"}, "like is 'L9'"),
        ({"like": "L1", "colour": 1}, "colour"),
        ({"like": "L1", "numbers": {"sign": "("}}, "numbers.sign"),
        ({"like": "L1", "numbers": {"grouping": "."}}, "both '.'"),
        ({"like": "L1", "numbers": {"sign": "flag"}}, 'goes with amount "dc_flag"'),
    ],
)
def test_a_layout_that_lacks_something_says_what(layout: Any, words: str) -> None:
    with pytest.raises(LayoutError) as caught:
        read_layout(json.dumps(layout))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "column",
    [
        {"kind": "company", "value": "HTC01", "index": 0},
        {"kind": "company", "value": "HTC01", "from": "head"},
        {"kind": "account", "value": "5100"},
        {"kind": "pay_date", "value": "2026-7-3"},
        {"kind": "pay_date", "index": 1, "date_format": "%m%d"},
        {"kind": "company", "index": -1},
        {"kind": "debit", "index": 1, "decimals": -1},
    ],
)
def test_a_column_with_two_places_or_an_unreadable_value_is_refused(column: dict[str, Any]) -> None:
    columns = [*BARS, {"kind": "company", "value": "A"}, {"kind": "pay_date", "value": "2026-07-03"}]
    assert read_layout(json.dumps({"columns": columns}))

    rest = [each for each in columns if each["kind"] != column["kind"]]
    with pytest.raises(LayoutError):
        read_layout(json.dumps({"columns": [*rest, column]}))


def test_the_layouts_that_the_readme_shows_can_be_used() -> None:
    """Each of its examples, as a person would copy it."""
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    shown = [part.partition("```")[0] for part in text.split("```json\n")[1:]]

    assert 2 == len(shown)
    for layout in (*shown, '{"like": "L1", "numbers": {"grouping": ","}}'):
        assert read_layout(layout).columns


# --- what a pay is ------------------------------------------------------------------------------------------


def test_a_pay_whose_date_moves_is_the_same_pay(source: Source) -> None:
    """The pay date is no part of what a file pays, where a period control says it better."""
    first = source(LIKE_L1)
    run = first.pay_run(only(first))
    second = source(LIKE_L1.replace("2026-07-03", "2026-07-02"))

    assert "BIWEEK 202607031" == run.subject == second.pay_run(only(second)).subject
    assert not run.tells_pays_apart


def test_without_period_end_and_control_the_pay_date_stands_for_them(source: Source) -> None:
    columns = json.loads(json.dumps(once()["columns"]))
    columns[1] = {"kind": "pay_date", "value": "2026-07-03"}
    read_from = source("5100|BOSIT|1.00|\n", once(columns=columns, header_rows=0))

    assert "HTC01 2026-07-03" == read_from.pay_run(only(read_from)).subject


def test_kind_and_number_of_the_run_tell_two_pays_of_one_date_apart(source: Source) -> None:
    """They stand behind the period control."""
    columns = [
        {"kind": "company", "value": "HTC01"},
        {"kind": "pay_date", "value": "2026-07-03"},
        {"kind": "period_end", "value": "2026-06-26"},
        {"kind": "period_control", "value": "202607031"},
        {"kind": "run_kind", "index": 4},
        {"kind": "run_number", "index": 5},
        *BARS,
    ]
    read_from = source("5100|BOSIT|1.00||BONUS|2\n", once(columns=columns, header_rows=0))

    run = read_from.pay_run(only(read_from))
    assert ("HTC01 2026-06-26 202607031 2 BONUS", True) == (run.subject, run.tells_pays_apart)
    assert PayParts(controls=("202607031",), kinds=("BONUS",), numbers=("2",), day=date(2026, 6, 26)) == (
        run.parts
    )


def test_a_file_says_what_it_names_of_its_pay(source: Source) -> None:
    """Group and control apart, so that a delivery without one of them is known for the same pay."""
    whole = source(LIKE_L1)
    run = whole.pay_run(only(whole))
    day = date(2026, 7, 3)
    assert PayParts(groups=("BIWEEK",), controls=("202607031",), day=day) == run.parts

    bare = source(LIKE_L1.replace("BIWEEK", "").replace("202607031", ""))
    run = bare.pay_run(only(bare))
    assert ("HTC01 2026-07-03", PayParts(day=day)) == (run.subject, run.parts)


# --- numbers and titles ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "amount", "blank"),
    [
        ({"sign": "leading", "grouping": ","}, '"1,000.00"', ""),
        ({"decimal_mark": ",", "grouping": "."}, '"1.000,00"', '"0,00"'),
        (
            {"currency": "$", "grouping": ",", "sign": "parentheses", "dash_is_zero": True},
            '"$1,000.00"',
            " - ",
        ),
    ],
)
def test_a_shipped_layout_with_numbers_of_its_own(
    source: Source, numbers: dict[str, Any], amount: str, blank: str
) -> None:
    """`like` takes the rest from the layout named."""
    lines = [LINES[0].replace("1000.00,", f"{amount},{blank}"), LINES[1].replace(",,1", f",{blank},1")]
    content = "\n".join([HEADER, lines[0], lines[1].replace("1000.00", amount), ""])

    assert Decimal("1000.00") == debit(source(content, {"like": "L1", "numbers": numbers}))


def test_a_flag_behind_the_number_is_its_side(source: Source) -> None:
    """As hosts write credits: 100.00 CR, and a debit plainly where its flag is empty."""
    columns = [
        {"kind": "company", "value": "HTC01"},
        {"kind": "pay_date", "value": "2026-07-03"},
        {"kind": "account", "index": 0},
        {"kind": "amount", "index": 1},
    ]
    layout = {
        "columns": columns,
        "amount": "dc_flag",
        "debit_flag": "",
        "credit_flag": "CR",
        "numbers": {"sign": "flag"},
    }
    read_from = source("5100,100.00\n2290,100.00 CR\n", layout)

    rows = rows_of(read_from, only(read_from))
    assert [("debit", 10000), ("credit", -10000)] == [(row.side, row.amount.minor) for row in rows]


def test_totals_of_the_trailer_are_written_like_the_lines(source: Source) -> None:
    layout = once(
        columns=[{"kind": "company", "value": "A"}, {"kind": "pay_date", "value": "2026-07-03"}, *BARS],
        header_rows=0,
        trailer=r"T\|(?P<rows>.+)\|(?P<debit>.+)\|(?P<credit>.+)",
        numbers={"decimal_mark": ",", "grouping": "."},
    )
    content = BODY.replace("913.22", "1.913,22").replace("0.00", "0,00")

    assert Decimal("1913.22") == debit(source(content + "T|2|1.913,22|1.913,22\n", layout))
    for wrong, code in (("T|3|1.913,22|1.913,22\n", "file.totals"), ("T|2|1_913|1_913\n", "file.trailer")):
        assert code == aside(source(content + wrong, layout)).code


def test_a_title_that_stands_twice_is_refused_with_both_columns(source: Source) -> None:
    """Whichever of the two were read, nobody could tell from the figures."""
    content = LIKE_L1.replace("Debit,Credit", "Debit,Credit,debit ,Credit")
    found = aside(source(content.replace(",1000.00,\n", ",1000.00,,9.00,\n")))

    assert "file.title_twice" == found.code
    assert "The title debit is used twice, in columns 9 and 11" in found.text


def test_titles_do_not_matter_where_columns_are_found_by_index(source: Source) -> None:
    columns = [
        {"kind": "company", "index": 0},
        {"kind": "pay_date", "index": 3},
        {"kind": "account", "index": 4},
        {"kind": "debit", "index": 8},
        {"kind": "credit", "index": 9},
    ]
    content = LIKE_L1.replace("Debit,Credit", "Amount,Amount")

    assert Decimal("1000.00") == debit(source(content, {"columns": columns, "header_rows": 1}))
