"""Mappings as tables that an accountant keeps in a spreadsheet: CSV in, CSV out.

    rule,source_account,source_org_level_1,valid_from,account,cost_center,percent,group,ties_to
    wages,51*,,2026-01-01,4000,=org_level_1,100,expense,gross

Columns that begin with `source_` are matched (`source_account`, `source_company`, `source_pay_code`, or a
dimension axis of the source); `account`, `percent`, `text` and the dimension axes of the ledger say where it
is booked. An axis is one of `AXES`, or any name behind `dimension:` (`source_dimension:` to match on it), so
that a misspelt title is never taken for an axis. Rows with one rule name are the targets of one rule. A
second table, `axis,source_code,code`, translates codes, by date where it has `valid_from` and `valid_until`.
Cells that a spreadsheet would calculate are written with an apostrophe before them, which is taken off again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ml_connector.app.spreadsheet import guarded
from ml_connector.app.tables import Row, TableError, Titles, in_lines, nearest, read_table
from ml_connector.domain.mapping import Mapping, MappingRule, Target, Translation
from ml_connector.domain.period import YEARS
from ml_connector.domain.problem import Problem

__all__ = ["TableError", "read_mapping", "write_mapping"]

AXES = (
    "cost_center",
    "cost_unit",
    "project",
    "department",
    "branch",
    "plant",
    "business_unit",
    "division",
    "location",
    "region",
    "product",
    "activity",
    "job_code",
    "org_level_1",
    "org_level_2",
    "org_level_3",
    "org_level_4",
)
"""Dimension axes that a title may name as they are, of the ledger or of the source."""
_RULE_COLUMNS = ("rule", "valid_from", "valid_until", "replaces", "group", "ties_to")
_TARGET_COLUMNS = ("account", "percent", "text")
_MATCHED = ("source_account", "source_company", "source_pay_code")
_DATES = ("valid_from", "valid_until")
_AXIS, _SOURCE_AXIS = "dimension:", "source_dimension:"
_PERCENT = re.compile("([0-9]{1,3})(?:[.,]([0-9]+))?[ \u00a0\u202f]*%?")
_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _rule_title(title: str) -> str | None:
    """The name a title stands for; capitals, blanks and hyphens do not matter but in the name of an axis."""
    prefix, colon, axis = title.partition(":")
    prefix = _plain(prefix)
    if colon:
        known = f"{prefix}:" in (_AXIS, _SOURCE_AXIS) and axis.strip()
        return f"{prefix}:{axis.strip()}" if known else None
    if prefix in (*_RULE_COLUMNS, *_TARGET_COLUMNS, *_MATCHED):
        return prefix
    if prefix in AXES:
        return _AXIS + prefix
    axis = prefix.removeprefix("source_")
    return _SOURCE_AXIS + axis if axis != prefix and axis in AXES else None


def _code_title(title: str) -> str | None:
    name = _plain(title)
    return name if name in ("axis", "source_code", "code", *_DATES) else None


def _plain(title: str) -> str:
    return re.sub(r"[\s-]+", "_", title.strip().lower())


_RULES = Titles(
    required=("rule", "source_account", "account"),
    known=_rule_title,
    expected=(*_RULE_COLUMNS, *_TARGET_COLUMNS, *_MATCHED, *AXES, *(f"source_{axis}" for axis in AXES)),
    choice=(
        f"{', '.join((*_RULE_COLUMNS, *_TARGET_COLUMNS, *_MATCHED))}, an axis such as cost_center or"
        " source_org_level_1, or any other axis as dimension:NAME or source_dimension:NAME"
    ),
    meant={
        **dict.fromkeys(("pct", "perc", "percentage", "share", "split"), "percent"),
        **dict.fromkeys(("description", "memo", "linetext"), "text"),
        **dict.fromkeys(("from", "startdate", "validfromdate"), "valid_from"),
        **dict.fromkeys(("until", "to", "enddate", "validto"), "valid_until"),
        **dict.fromkeys(("acct", "glaccount", "targetaccount"), "account"),
        **dict.fromkeys(("name", "rulename"), "rule"),
    },
)
_CODES = Titles(
    required=("axis", "source_code", "code"),
    known=_code_title,
    expected=("axis", "source_code", "code", *_DATES),
    choice="axis, source_code, code, valid_from or valid_until",
)


@dataclass(slots=True)
class _Unread:
    """Values that cannot be read, by column: each column is one problem, which lists its lines."""

    values: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    years: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def date(self, row: Row, column: str, default: date) -> date:
        """The date of the cell, ISO only: 01-02-2026 has two readings. In a year that a pay can have, as
        every other is a slip; the first and the last of all days say that there is no limit.
        """
        text = row[column]
        if not text:
            return default
        try:
            if _ISO.fullmatch(text):
                found = date.fromisoformat(text)
                if found.year not in YEARS and found != default:
                    self.years.setdefault(column, []).append((row.number, text))
                return found
        except ValueError:
            pass
        self.values.setdefault(column, []).append((row.number, text))
        return default

    def percent(self, row: Row) -> Decimal:
        """The share; a decimal comma and a percent sign can mean nothing else here."""
        text = row["percent"] or "100"
        match = _PERCENT.fullmatch(text)
        if match is None:
            self.values.setdefault("percent", []).append((row.number, text))
            return Decimal(100)
        fraction = (match[2] or "").rstrip("0")
        return Decimal(f"{int(match[1])}.{fraction}" if fraction else int(match[1]))

    def problems(self) -> list[Problem]:
        """One for each column."""
        found = []
        for column, values in self.values.items():
            if column == "percent":
                text = in_lines(column, values, "a number such as 60 or 33.5")
                found.append(Problem("table.percent", "column percent", text))
            else:
                text = in_lines(column, values, "a date such as 2026-01-01")
                hint = " Format the column as YYYY-MM-DD and save the table again."
                found.append(Problem("table.date", f"column {column}", text + hint))
        for column, values in self.years.items():
            text = in_lines(column, values, f"a year from {YEARS[0]} to {YEARS[-1]}")
            limit = "beginning" if column == "valid_from" else "end"
            hint = f" Leave the cell empty for no {limit}."
            found.append(Problem("table.date", f"column {column}", text + hint))
        return found


def read_mapping(name: str, version: int, rules: bytes, codes: bytes | None = None) -> Mapping:
    """The mapping of the two tables, not yet checked. Raises `TableError` naming line, column and value of
    everything unreadable.
    """
    rows = read_table(rules, _RULES)
    if not rows:
        text = "The table has titles and no rule. A mapping without rules books nothing."
        raise TableError([Problem("table.empty", "table", text)])
    unread, problems = _Unread(), []
    by_rule: dict[str, list[Row]] = {}
    for row in rows:
        if row["rule"]:
            by_rule.setdefault(row["rule"], []).append(row)
        else:
            text = f"Line {row.number} has no rule name. Name its rule, or clear the line."
            problems.append(Problem("table.rule_missing", f"line {row.number}", text))
    found = tuple(_rule(of_rule, unread, problems) for of_rule in by_rule.values())
    problems += _axis_problems(rows)
    translations = _translations(codes, found, unread, problems) if codes is not None else ()
    if problems := [*unread.problems(), *problems]:
        raise TableError(problems)
    return Mapping(name=name, version=version, rules=found, translations=translations)


def write_mapping(mapping: Mapping, *, for_spreadsheet: bool = True) -> tuple[str, str]:
    """The two tables of a mapping: rules and code translations. For a program, every cell as it is stored."""
    axes = sorted(
        {axis for rule in mapping.rules for target in rule.targets for axis, _ in target.dimensions}
    )
    sources = sorted({axis for rule in mapping.rules for axis, _ in rule.codes})
    head = [*_MATCHED, *(_title(_SOURCE_AXIS, axis) for axis in sources), "valid_from", "valid_until"]
    head = ["rule", *head, "replaces", "account", *(_title(_AXIS, axis) for axis in axes)]
    head += ["percent", "text", "group", "ties_to"]
    rows = [
        {
            "rule": rule.name,
            "source_account": rule.account,
            "source_company": rule.company,
            "source_pay_code": rule.pay_code,
            **{_title(_SOURCE_AXIS, axis): pattern for axis, pattern in rule.codes},
            **_written_dates(rule.valid_from, rule.valid_until),
            "replaces": rule.replaces or "",
            "account": target.account,
            **{_title(_AXIS, axis): code for axis, code in target.dimensions},
            "percent": f"{target.percent:f}",
            "text": target.text,
            "group": rule.group,
            "ties_to": rule.ties_to,
        }
        for rule in mapping.rules
        for target in rule.targets
    ]
    code_rows = [
        {
            "axis": row.axis,
            "source_code": row.source,
            "code": row.code,
            **_written_dates(row.valid_from, row.valid_until),
        }
        for row in mapping.translations
    ]
    dated = any(row["valid_from"] or row["valid_until"] for row in code_rows)
    code_head = [*_CODES.required, *(_DATES if dated else ())]
    return _written(head, rows, for_spreadsheet), _written(code_head, code_rows, for_spreadsheet)


def _title(prefix: str, axis: str) -> str:
    if axis in AXES:
        return f"source_{axis}" if prefix == _SOURCE_AXIS else axis
    return prefix + axis


def _written_dates(first: date, last: date) -> dict[str, str]:
    return {
        "valid_from": "" if first == date.min else first.isoformat(),
        "valid_until": "" if last == date.max else last.isoformat(),
    }


def _written(head: Sequence[str], rows: Sequence[AbstractMapping[str, str]], for_spreadsheet: bool) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, head, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: guarded(cell) if for_spreadsheet else cell for name, cell in row.items()})
    return text.getvalue()


# --- rows ---------------------------------------------------------------------------------------------------


def _rule(rows: list[Row], unread: _Unread, problems: list[Problem]) -> MappingRule:
    first = rows[0]
    for later in rows[1:]:
        for column, value in later.cells.items():
            of_rule = column.startswith("source_") or column in _RULE_COLUMNS
            if value and of_rule and value != first[column]:
                text = (
                    f"Line {later.number}: {_shown(column)} is {value!r}, but rule {first['rule']!r} says"
                    f" {first[column]!r} in line {first.number}. Give this row its own rule name."
                )
                problems.append(Problem("table.rule_differs", f"line {later.number}", text))
    codes = tuple(
        (column.removeprefix(_SOURCE_AXIS), value)
        for column, value in first.cells.items()
        if column.startswith(_SOURCE_AXIS) and value not in ("", "*")
    )
    return MappingRule(
        name=first["rule"],
        account=first["source_account"] or "*",
        company=first["source_company"] or "*",
        pay_code=first["source_pay_code"] or "*",
        codes=codes,
        valid_from=unread.date(first, "valid_from", date.min),
        valid_until=unread.date(first, "valid_until", date.max),
        replaces=first["replaces"] or None,
        targets=tuple(_target(row, unread) for row in rows),
        group=first["group"],
        ties_to=first["ties_to"],
    )


def _target(row: Row, unread: _Unread) -> Target:
    axes = tuple(
        (column.removeprefix(_AXIS), value)
        for column, value in row.cells.items()
        if column.startswith(_AXIS) and value
    )
    return Target(account=row["account"], dimensions=axes, text=row["text"], percent=unread.percent(row))


def _axis_problems(rows: Sequence[Row]) -> list[Problem]:
    """Codes that are to come from an axis whose name is misspelt: no line of any payroll has it."""
    wrong: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row in rows:
        for column, value in row.cells.items():
            axis = value[1:]
            if column.startswith(_AXIS) and value.startswith("=") and axis not in AXES:
                near = nearest(axis, AXES, cutoff=0.8)
                if near or not axis:
                    wrong.setdefault((column, near), []).append((row.number, value))
    return [
        Problem(
            "table.axis",
            f"column {_shown(column)}",
            in_lines(_shown(column), values, f"={near or 'org_level_1'} or another axis of the source"),
        )
        for (column, near), values in wrong.items()
    ]


def _shown(column: str) -> str:
    """The column as its title names it."""
    prefix, colon, axis = column.partition(":")
    return _title(prefix + colon, axis) if colon else column


def _translations(
    codes: bytes, rules: Sequence[MappingRule], unread: _Unread, problems: list[Problem]
) -> tuple[Translation, ...]:
    taken = {
        code.removeprefix("=")
        for rule in rules
        for target in rule.targets
        for _, code in target.dimensions
        if code.startswith("=")
    }
    found = []
    for row in read_table(codes, _CODES):
        if missing := [name for name in _CODES.required if not row[name]]:
            text = f"Line {row.number} of the codes has no {' and no '.join(missing)}."
            problems.append(Problem("codes.missing", f"line {row.number} {missing[0]}", text))
        elif row["axis"] not in taken:
            axis, near = row["axis"], "" if row["axis"] in AXES else nearest(row["axis"], AXES, cutoff=0.8)
            text = f"Line {row.number} translates a code of {axis!r}, and no rule takes its code from there."
            text += f" Write {near} here" if near else f" Write ={axis} where a rule books it"
            text += f", and ={near} where a rule books it." if near and near not in taken else "."
            problems.append(Problem("codes.unused", f"line {row.number} axis", text))
        found.append(
            Translation(
                axis=row["axis"],
                source=row["source_code"],
                code=row["code"],
                valid_from=unread.date(row, "valid_from", date.min),
                valid_until=unread.date(row, "valid_until", date.max),
            )
        )
    return tuple(found)
