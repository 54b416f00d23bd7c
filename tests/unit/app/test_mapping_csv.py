"""Mappings as tables: what cannot be read is told by line, column and value, and nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tests.payday import MAPPING

from ml_connector.app.mapping_csv import TableError, read_mapping, write_mapping
from ml_connector.domain.mapping import MappingRule, Target, Translation

HEAD = "rule,source_account,source_org_level_1,valid_from,account,cost_center,percent,group,ties_to\n"


def refused(rules: bytes, codes: bytes | None = None) -> list[str]:
    """Code and text of every problem."""
    with pytest.raises(TableError) as error:
        read_mapping("m", 1, rules, codes)
    return [f"{problem.code} at {problem.where}: {problem.text}" for problem in error.value.problems]


def table(*lines: str) -> bytes:
    return (HEAD + "\n".join(lines)).encode()


def test_a_table_is_read() -> None:
    """Rows of one rule are its targets."""
    mapping = read_mapping(
        "m",
        2,
        table(
            "wages,51*,SA,2026-01-01,4000,=org_level_1,,expense,gross",
            "ho,5200,,,4020,A,60,,",
            "ho,5200,,,4025,B,40,,",
        ),
    )

    assert ("m", 2) == (mapping.name, mapping.version)
    wages, ho = mapping.rules
    assert ("51*", (("org_level_1", "SA"),), date(2026, 1, 1), date.max, "expense", "gross") == (
        wages.account,
        wages.codes,
        wages.valid_from,
        wages.valid_until,
        wages.group,
        wages.ties_to,
    )
    assert (Target(account="4000", dimensions=(("cost_center", "=org_level_1"),)),) == wages.targets
    assert [("4020", Decimal(60)), ("4025", Decimal(40))] == [
        (target.account, target.percent) for target in ho.targets
    ]


def test_a_spreadsheets_byte_order_mark_and_blanks_do_not_matter() -> None:
    """Nor empty lines, nor Windows line ends."""
    text = "\ufeff" + HEAD + "wages , 51* ,,,4000,,,,\r\n\r\n"
    assert ["wages"] == [rule.name for rule in read_mapping("m", 1, text.encode()).rules]


@pytest.mark.parametrize(
    "data",
    [
        "rule,source_account,account,text\nLøhne,51*,4000,3 € – \n".encode(),
        "\ufeffrule;source_account;account;text\r\nLøhne;51*;4000;3 € – \r\n".encode(),
        "rule;source_account;account;text\r\nLøhne;51*;4000;3 € – \r\n".encode("cp1252"),
        "rule\tsource_account\taccount\ttext\r\nLøhne\t51*\t4000\t3 € – \r\n".encode("utf-16"),
        "\ufeffrule;source_account;account;text\rLøhne;51*;4000;3 € –".encode("utf-16-be"),
        "sep=;\r\nrule;source_account;account;text;;\r\nLøhne;51*;4000;3 € –;;\r\n;;;;;\r\n".encode("cp1252"),
        "\n;;;\nRule;Source Account;ACCOUNT;Text\nLøhne;51*;4000;3 € –\n".encode(),
    ],
)
def test_what_a_spreadsheet_saves_is_read(data: bytes) -> None:
    """Separators, marks, encodings, rows of separators, columns of nothing, capitals in titles."""
    (rule,) = read_mapping("m", 1, data).rules

    assert ("Løhne", "51*", "4000", "3 € –") == (
        rule.name,
        rule.account,
        rule.targets[0].account,
        rule.targets[0].text,
    )


@pytest.mark.parametrize("encoding", ["cp850", "mac-roman", "utf-16-le", "utf-32"])
def test_letters_that_could_be_others_are_refused(encoding: str) -> None:
    """Older encodings have letters where Windows-1252 has signs; none is guessed at."""
    (problem,) = refused("rule;source_account;account\nLøhne;51*;4000\n".encode(encoding))

    assert problem.startswith("table.encoding")
    assert "Save it as CSV UTF-8 and import it again." in problem


def test_a_workbook_is_no_table() -> None:
    assert "table.workbook" in refused(b"PK\x03\x04")[0]
    assert "table.workbook" in refused(b"\xd0\xcf\x11\xe0")[0]


def test_a_missing_column_is_told() -> None:
    """With those the table has."""
    assert [
        "table.column_missing at account: The table has no column account; it has rule, source_account."
    ] == refused(b"rule,source_account\na,b\n")
    assert [
        "table.column_missing at rule: The table has no column rule, source_account, account; it has none."
    ] == refused(b"")


def test_every_unreadable_value_is_told_at_once() -> None:
    """One problem for a column, with its lines and values, and what was expected."""
    assert [
        "table.date at column valid_from: valid_from is '01.02.2026' in lines 2, 4; '20260101' in line 3,"
        " expected a date such as 2026-01-01. Format the column as YYYY-MM-DD and save the table again.",
        "table.percent at column percent: percent is '60x' in line 2; 'NaN' in line 3; '1_0' in line 4,"
        " expected a number such as 60 or 33.5.",
    ] == refused(
        table("a,51*,,01.02.2026,4000,,60x,,", "b,52*,,20260101,4010,,NaN,,", "c,53*,,01.02.2026,1,,1_0,,")
    )


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("33.5", "33.5"),
        ('"33,5"', "33.5"),
        ("33.50 %", "33.5"),
        ("100%", "100"),
        ("100", "100"),
        ("100.00", "100"),
        ("\u00a060\u00a0%", "60"),
        ("", "100"),
    ],
)
def test_a_share_is_read_where_nothing_else_can_be_meant(text: str, percent: str) -> None:
    """A decimal comma and a percent sign: no share is larger than 100, so no mark groups thousands."""
    (rule,) = read_mapping("m", 1, table(f"a,51*,,,4000,,{text},,")).rules

    assert percent == str(rule.targets[0].percent)


@pytest.mark.parametrize("text", ["-10", "1e2", "١٠", "0x10", "1000", "33..5", "%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    assert "table.percent" in refused(table(f"a,51*,,,4000,,{text},,"))[0]


@pytest.mark.parametrize(
    "text", ["2026-1-1", "20260101", "2026-W01-1", "01-02-2026", "46023", "2026-02-30", "٢٠٢٦-٠١-٠١"]
)
def test_only_iso_dates_are_read(text: str) -> None:
    """Every other form has two readings somewhere."""
    assert "table.date" in refused(table(f"a,51*,,{text},4000,,,,"))[0]


@pytest.mark.parametrize(
    ("column", "text"),
    [("valid_from", "0206-12-01"), ("valid_from", "2926-01-01"), ("valid_until", "1930-12-31")],
)
def test_a_year_that_no_pay_is_of_is_refused(column: str, text: str) -> None:
    """A slip, or two digits as a spreadsheet reads them: the rule is in force when nobody meant it."""
    (said,) = refused(f"rule,source_account,account,{column}\na,5100,4000,{text}\n".encode())
    codes = f"axis,source_code,code,{column}\norg_level_1,X,Y,{text}\n".encode()
    (also,) = refused(table("wages,51*,,,4000,=org_level_1,,,"), codes)

    limit = "beginning" if column == "valid_from" else "end"
    for problem in (said, also):
        assert f"column {column}: {column} is '{text}' in line 2, expected a year from" in problem
        assert f"Leave the cell empty for no {limit}." in problem


def test_the_first_and_the_last_of_all_days_are_no_limit() -> None:
    """As databases write it."""
    rules = b"rule,source_account,account,valid_from,valid_until\na,5100,4000,0001-01-01,9999-12-31\n"

    (rule,) = read_mapping("m", 1, rules).rules

    assert (date.min, date.max) == (rule.valid_from, rule.valid_until)


def test_cells_beyond_the_columns_are_told() -> None:
    """A separator too many would move every value after it; empty cells move nothing."""
    assert [
        "table.cells at line 2: Line 2 has more cells than the table has columns. Look for a separator too"
        " many."
    ] == refused(table("wages,51*,,,4000,,,,,extra"))
    assert read_mapping("m", 1, table("wages,51*,,,4000,,,,,,,"))
    assert ["table.cells at line 2: Line 2 holds 'x' in column 4, which has no title."] == refused(
        b"rule,source_account,account,\na,51*,4000,x\n"
    )


@pytest.mark.parametrize(
    ("title", "near"),
    [
        ("costcenter", "cost_center"),
        ("pct", "percent"),
        ("percentage", "percent"),
        ("valid_form", "valid_from"),
        ("source_org_levl_1", "source_org_level_1"),
        ("colour", ""),
    ],
)
def test_a_title_that_is_not_known_is_refused_with_the_one_that_is_meant(title: str, near: str) -> None:
    """It is never taken for a dimension axis."""
    (problem,) = refused(f"rule,source_account,account,{title}\na,51*,4000,x\n".encode())

    assert f"table.column_unknown at column {title}: Column 4 is called {title!r}" in problem
    assert (f"Did you mean {near}?" in problem) if near else ("Did you mean" not in problem)
    assert "any other axis as dimension:NAME or source_dimension:NAME" in problem


def test_an_axis_of_ones_own_is_named_as_such() -> None:
    """Any name, also one that is a column of the table."""
    titles = "rule,source_account,source_dimension:Team,account,dimension:text,Dimension: Fund"
    (rule,) = read_mapping("m", 1, f"{titles}\na,51*,T1,4000,X,F1\n".encode()).rules

    assert ((("Team", "T1"),), (("text", "X"), ("Fund", "F1"))) == (rule.codes, rule.targets[0].dimensions)


def test_a_title_that_stands_twice_is_refused() -> None:
    """Also when it is written in two ways."""
    assert [
        "table.title_twice at column account: The title account is used twice, in columns 3 and 5. Keep the"
        " one that is meant."
    ] == refused(b"rule,source_account,account,text,Account\na,51*,4000,x,4010\n")
    assert "table.title_twice" in refused(b"rule,source_account,account,project,dimension:project\n")[0]
    assert (
        "table.title_twice"
        in refused(table("a,51*,,,4000,=org_level_1,,,"), b"axis,source_code,code,code\n")[0]
    )


def test_a_table_without_rules_and_a_row_without_its_rule_are_refused() -> None:
    assert "table.empty" in refused(table())[0]
    assert "table.empty" in refused(table(",,,,,,,,", " , ,,,,,,,"))[0]
    assert [
        "table.rule_missing at line 3: Line 3 has no rule name. Name its rule, or clear the line."
    ] == refused(table("a,51*,,,4000,,,,", ",52*,,,4000,,,,"))


@pytest.mark.parametrize("value", ["#N/A", "#REF!", "#NAME?", "1E+05", "4,1E+10", "######"])
def test_what_a_spreadsheet_made_of_a_code_is_refused(value: str) -> None:
    (problem,) = refused(table(f'a,"{value}",,,4000,,,,'))

    assert f"table.damaged at line 2: Line 2: source_account is {value!r}" in problem


def test_a_misspelt_source_axis_is_refused() -> None:
    """No line of any payroll would have it; an axis that resembles none may be another payroll's."""
    (problem,) = refused(table("a,51*,,,4000,=orglevel1,,,", "b,52*,,,4000,=orglevel1,,,"))

    assert "cost_center is '=orglevel1' in lines 2, 3, expected =org_level_1" in problem
    assert read_mapping("m", 1, table("a,51*,,,4000,=team,,,"))


def test_rows_of_one_rule_that_match_otherwise_are_told() -> None:
    """What a rule matches is said once; a second row that says otherwise is not silently left out."""
    assert [
        "table.rule_differs at line 3: Line 3: source_account is '52*', but rule 'wages' says '51*' in line"
        " 2. Give this row its own rule name."
    ] == refused(table("wages,51*,,,4000,,60,,", "wages,52*,,,4010,,40,,"))


def test_a_row_that_leaves_the_rules_columns_empty_is_one_of_its_targets() -> None:
    """Only the share and where it goes need be said again."""
    mapping = read_mapping(
        "m", 1, table("wages,51*,SA,2026-01-01,4000,,60,expense,gross", "wages,,,,4010,,40,,")
    )
    assert [2] == [len(rule.targets) for rule in mapping.rules]


def test_a_table_that_is_no_csv_is_told() -> None:
    """A quote that is never closed swallows the rest of the file."""
    assert "table.csv" in refused(HEAD.encode() + b'wages,"51*' + b"x" * 200_000 + b"\n")[0]


def test_a_cell_that_goes_on_in_the_next_line_is_refused() -> None:
    """A stray quote makes the next rule a text, and its lines go to the rule after it."""
    rules = 'rule,source_account,account,text\na,5100,4000,%s\nb,5200,4020,x"\nrest,5*,4999,\n'

    (said,) = refused((rules % '"Pay').encode())

    assert "table.line_end at line 2: Line 2: text is 'Pay\\nb,5200,4020,x' and continues in the next" in said
    for cell in ('"Pay\r\nday"', '"Pay\n"'):
        (said,) = refused(f"rule,source_account,account,text\na,5100,4000,{cell}\n".encode())
        assert "table.line_end at line 2: Line 2: text is 'Pay" in said


def test_a_title_may_have_a_line_break() -> None:
    """A spreadsheet breaks long titles; one that took a rule with it is no known title."""
    rules = b'rule,"source\naccount",account\nwages,5*,4000\n'

    assert ["5*"] == [rule.account for rule in read_mapping("m", 1, rules).rules]


def test_codes_are_read_from_their_own_table() -> None:
    """Axis, source code, code."""
    mapping = read_mapping(
        "m", 1, table("wages,51*,,,4000,=org_level_1,,,"), b"axis,source_code,code\norg_level_1, 010 ,SALES\n"
    )
    assert (Translation("org_level_1", "010", "SALES"),) == mapping.translations
    assert "axis, source_code, code" in refused(table("wages,51*,,,4000,,,,"), b"a,b\n")[0]
    assert (
        "codes.missing at line 2 code"
        in (
            refused(table("wages,51*,,,4000,=org_level_1,,,"), b"axis,source_code,code\norg_level_1,010,\n")[
                0
            ]
        )
    )


def test_codes_have_dates() -> None:
    """A department that is another cost center from a day on; the table is exported with its dates."""
    rules = table("wages,51*,,,4000,=org_level_1,,,")
    codes = (
        b"axis;source_code;code;valid_from;valid_until\n"
        b"org_level_1;010;SALES;;2026-06-30\norg_level_1;010;MARKET;2026-07-01;\n"
    )
    mapping = read_mapping("m", 1, rules, codes)

    assert (
        Translation("org_level_1", "010", "SALES", valid_until=date(2026, 6, 30)),
        Translation("org_level_1", "010", "MARKET", valid_from=date(2026, 7, 1)),
    ) == mapping.translations
    assert mapping == read_mapping("m", 1, *(text.encode() for text in write_mapping(mapping)))


def test_codes_that_no_rule_takes_are_told() -> None:
    """A translation that would never apply is a mistake in the axis, on one side or the other."""
    with pytest.raises(TableError) as caught:
        read_mapping(
            "m",
            1,
            table("wages,51*,,,4000,=org_level_1,,,"),
            b"axis,source_code,code\ncost_center,010,SALES\n",
        )

    assert [("codes.unused", "line 2 axis")] == [
        (problem.code, problem.where) for problem in caught.value.problems
    ]
    assert "Write =cost_center where a rule books it" in caught.value.problems[0].text


@pytest.mark.parametrize(
    ("taken", "remedy"),
    [
        ("=org_level_1", "no rule takes its code from there. Write org_level_1 here."),
        ("HQ", "Write org_level_1 here, and =org_level_1 where a rule books it."),
    ],
)
def test_a_misspelt_axis_of_the_codes_is_told_how_it_is_written(taken: str, remedy: str) -> None:
    """`=Org_Level_1` in a rule is refused itself."""
    with pytest.raises(TableError) as caught:
        read_mapping(
            "m", 1, table(f"wages,51*,,,4000,{taken},,,"), b"axis,source_code,code\nOrg_Level_1,010,SALES\n"
        )

    assert caught.value.problems[0].text.endswith(remedy)


def test_what_is_written_is_read_back_equal() -> None:
    """Export, import: the same mapping."""
    odd = MappingRule(
        name="bonus, 13th",
        account="53*",
        company="US1",
        pay_code="B*",
        codes=(("org_level_2", "X"),),
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        replaces="wages",
        group="expense",
        targets=(Target(account="4000", text='with "quotes"', dimensions=(("project", "P"),)),),
    )
    mapping = replace(MAPPING, rules=(*MAPPING.rules, odd))
    rules, codes = write_mapping(mapping)

    assert mapping == read_mapping("wages", 1, rules.encode(), codes.encode())


@pytest.mark.parametrize("last", ["net,2290,,,17", "net,2290,,,1700,,10"])
def test_a_table_that_was_cut_off_in_its_last_line_is_refused(last: str) -> None:
    """The account, or the share, would be a shorter one; a line that has its end may leave out the rest."""
    (said,) = refused(table("wages,51*,,,4000,,,,", last))

    assert "table.cut at line 3: Line 3, the last, ends after" in said
    assert 2 == len(read_mapping("m", 1, table("wages,51*,,,4000,,,,", "net,2290,,,1700\n")).rules)
