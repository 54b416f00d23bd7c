"""Mappings as tables that an accountant keeps in a spreadsheet: CSV in, CSV out.

    rule,source_account,source_org_level_1,valid_from,account,cost_center,percent,group,ties_to
    wages,51*,,2026-01-01,4000,=org_level_1,100,expense,gross

Columns that begin with `source_` are matched (`source_account`, `source_company`, `source_pay_code`, or a
dimension axis of the source); `account`, `percent`, `text` and any other name, taken as a dimension axis of
the ledger, say where it is booked. Rows with one rule name are the targets of one rule. A second table,
`axis,source_code,code`, translates codes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from ml_connector.domain.mapping import Mapping, MappingRule, Target
from ml_connector.domain.problem import Problem

_RULE_COLUMNS = ("rule", "valid_from", "valid_until", "replaces", "group", "ties_to")
_TARGET_COLUMNS = ("account", "percent", "text")
_SOURCE = "source_"
_REQUIRED = ("rule", "source_account", "account")


class TableError(ValueError):
    """The table cannot be read; every problem of it is kept."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.text for problem in problems))


def read_mapping(name: str, version: int, rules: bytes, codes: bytes | None = None) -> Mapping:
    """The mapping of the two tables, not yet checked. Raises `TableError` naming line, column and value of
    everything unreadable.
    """
    table = _read(rules, _REQUIRED)
    problems: list[Problem] = []
    by_rule: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for number, row in table:
        by_rule.setdefault(row["rule"], []).append((number, row))
    found = tuple(_rule(rows, problems) for rows in by_rule.values())
    taken = {
        code.removeprefix("=")
        for rule in found
        for target in rule.targets
        for _, code in target.dimensions
        if code.startswith("=")
    }
    translations = []
    for number, row in _read(codes, ("axis", "source_code", "code")) if codes is not None else []:
        translations.append((row["axis"], row["source_code"], row["code"]))
        if row["axis"] not in taken:
            text = (
                f"Line {number} translates a code of {row['axis']!r}, and no rule takes its code from there."
                f" Write ={row['axis']} where a rule books it."
            )
            problems.append(Problem("codes.unused", f"line {number} axis", text))
    if problems:
        raise TableError(problems)
    return Mapping(name=name, version=version, rules=found, translations=tuple(translations))


def write_mapping(mapping: Mapping) -> tuple[str, str]:
    """The two tables of a mapping: rules and code translations."""
    axes = sorted(
        {axis for rule in mapping.rules for target in rule.targets for axis, _ in target.dimensions}
    )
    sources = sorted({axis for rule in mapping.rules for axis, _ in rule.codes})
    head = [
        "rule",
        "source_account",
        "source_company",
        "source_pay_code",
        *(f"{_SOURCE}{axis}" for axis in sources),
        "valid_from",
        "valid_until",
    ]
    head += ["replaces", "account", *axes, "percent", "text", "group", "ties_to"]
    rules = io.StringIO()
    writer = csv.DictWriter(rules, head, lineterminator="\n")
    writer.writeheader()
    for rule in mapping.rules:
        for target in rule.targets:
            writer.writerow(
                {
                    "rule": rule.name,
                    "source_account": rule.account,
                    "source_company": rule.company,
                    "source_pay_code": rule.pay_code,
                    **{f"{_SOURCE}{axis}": pattern for axis, pattern in rule.codes},
                    "valid_from": "" if rule.valid_from == date.min else rule.valid_from,
                    "valid_until": "" if rule.valid_until == date.max else rule.valid_until,
                    "replaces": rule.replaces or "",
                    "account": target.account,
                    **dict(target.dimensions),
                    "percent": target.percent,
                    "text": target.text,
                    "group": rule.group,
                    "ties_to": rule.ties_to,
                }
            )
    codes = io.StringIO()
    csv.writer(codes, lineterminator="\n").writerows([("axis", "source_code", "code"), *mapping.translations])
    return rules.getvalue(), codes.getvalue()


def _read(data: bytes, required: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problem = Problem(
            "table.encoding",
            f"line {line}",
            f"Line {line} is not valid UTF-8. Save the table as UTF-8 and import it again.",
        )
        raise TableError([problem]) from None
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in required if name not in (reader.fieldnames or [])]
    if missing:
        text = (
            f"The table has no column {', '.join(missing)}; it has"
            f" {', '.join(reader.fieldnames or ['none'])}."
        )
        raise TableError([Problem("table.column_missing", missing[0], text)])
    rows, surplus = [], []
    try:
        for row in reader:
            if row.pop(None, None):
                surplus.append(reader.line_num)
            rows.append(
                (reader.line_num, {name: (value or "").strip() for name, value in row.items() if name})
            )
    except csv.Error as error:
        text = (
            f"Line {reader.line_num + 1} cannot be read as CSV: {error}. Look for a quote that is not closed."
        )
        raise TableError([Problem("table.csv", f"line {reader.line_num + 1}", text)]) from error
    if surplus:
        text = "Line {0} has more cells than the table has columns. Look for a comma too many."
        raise TableError(
            [Problem("table.cells", f"line {number}", text.format(number)) for number in surplus]
        )
    return rows


def _rule(rows: list[tuple[int, dict[str, str]]], problems: list[Problem]) -> MappingRule:
    number, first = rows[0]
    for later, row in rows[1:]:
        for column, value in row.items():
            if value and (column.startswith(_SOURCE) or column in _RULE_COLUMNS) and value != first[column]:
                text = (
                    f"Line {later}: {column} is {value!r}, but rule {first['rule']!r} says {first[column]!r}"
                    f" in line {number}. "
                )
                problems.append(
                    Problem("table.rule_differs", f"line {later}", text + "Give this row its own rule name.")
                )
    codes = tuple(
        (name.removeprefix(_SOURCE), value)
        for name, value in first.items()
        if name.startswith(_SOURCE)
        and name not in ("source_account", "source_company", "source_pay_code")
        and value not in ("", "*")
    )
    return MappingRule(
        name=first["rule"],
        account=first["source_account"] or "*",
        company=first.get("source_company") or "*",
        pay_code=first.get("source_pay_code") or "*",
        codes=codes,
        valid_from=_date(first.get("valid_from"), date.min, number, "valid_from", problems),
        valid_until=_date(first.get("valid_until"), date.max, number, "valid_until", problems),
        replaces=first.get("replaces") or None,
        targets=tuple(_target(number, row, problems) for number, row in rows),
        group=first.get("group", ""),
        ties_to=first.get("ties_to", ""),
    )


def _target(number: int, row: dict[str, str], problems: list[Problem]) -> Target:
    known = {*_RULE_COLUMNS, *_TARGET_COLUMNS}
    axes = tuple(
        (name, value)
        for name, value in row.items()
        if name not in known and not name.startswith(_SOURCE) and value
    )
    try:
        percent = Decimal(row.get("percent") or "100")
        if not percent.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        problems.append(
            Problem(
                "table.percent",
                f"line {number}",
                f"Line {number}: percent is {row['percent']!r}, expected a number such as 60.",
            )
        )
        percent = Decimal(100)
    return Target(account=row["account"], dimensions=axes, text=row.get("text", ""), percent=percent)


def _date(value: str | None, default: date, number: int, column: str, problems: list[Problem]) -> date:
    if not value:
        return default
    try:
        return date.fromisoformat(value)
    except ValueError:
        problems.append(
            Problem(
                "table.date",
                f"line {number}",
                f"Line {number}: {column} is {value!r}, expected a date such as 2026-01-01.",
            )
        )
        return default
