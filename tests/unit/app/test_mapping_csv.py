"""Mappings as tables: what cannot be read is told by line, column and value, and nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tests.payday import MAPPING

from ml_connector.app.mapping_csv import TableError, read_mapping, write_mapping
from ml_connector.domain.mapping import MappingRule, Target

HEAD = "rule,source_account,source_org_level_1,valid_from,account,cost_center,percent,group,ties_to\n"


def refused(rules: bytes, codes: bytes | None = None) -> list[str]:
    """Code and text of every problem."""
    with pytest.raises(TableError) as error:
        read_mapping("m", 1, rules, codes)
    return [f"{problem.code} at {problem.where}: {problem.text}" for problem in error.value.problems]


def table(*lines: str) -> bytes:
    return (HEAD + "\n".join(lines)).encode()


def test_a_table_is_read() -> None:
    """Rows of one rule are its targets; columns that are not known are axes."""
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


def test_bad_utf8_is_told_by_its_line() -> None:
    """A table saved in another encoding."""
    assert [
        "table.encoding at line 3: Line 3 is not valid UTF-8. Save the table as UTF-8 and import it again."
    ] == refused(table("wages,51*,,,4000,,,,", "") + "löhne,52*,,,4010,,,,".encode("latin-1"))


def test_a_missing_column_is_told() -> None:
    """With those the table has."""
    assert [
        "table.column_missing at account: The table has no column account; it has rule, source_account."
    ] == refused(b"rule,source_account\na,b\n")
    assert [
        "table.column_missing at rule: The table has no column rule, source_account, account; it has none."
    ] == refused(b"")


def test_every_unreadable_value_is_told_at_once() -> None:
    """Line, column, value, and what was expected."""
    assert [
        "table.date at line 2: Line 2: valid_from is '01.02.2026', expected a date such as 2026-01-01.",
        "table.percent at line 2: Line 2: percent is '60%', expected a number such as 60.",
        "table.percent at line 3: Line 3: percent is 'NaN', expected a number such as 60.",
    ] == sorted(refused(table("a,51*,,01.02.2026,4000,,60%,,", "b,52*,,,4010,,NaN,,")))


def test_cells_beyond_the_columns_are_told() -> None:
    """A comma too many would move every value after it."""
    assert [
        "table.cells at line 2: Line 2 has more cells than the table has columns. Look for a comma too many."
    ] == refused(table("wages,51*,,,4000,,,,,extra"))


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


def test_codes_are_read_from_their_own_table() -> None:
    """Axis, source code, code."""
    mapping = read_mapping(
        "m", 1, table("wages,51*,,,4000,=org_level_1,,,"), b"axis,source_code,code\norg_level_1, 010 ,SALES\n"
    )
    assert (("org_level_1", "010", "SALES"),) == mapping.translations
    assert "axis, source_code, code" in refused(table("wages,51*,,,4000,,,,"), b"a,b\n")[0]


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
