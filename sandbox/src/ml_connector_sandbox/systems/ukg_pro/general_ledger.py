"""The posting lines of a run in three flat arrays, and their text.

A run can have a million rows; as dicts they would fill memory. Here a row is 13 bytes, and it becomes JSON
when a page asks for it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quote
from typing import NamedTuple

from ml_connector_sandbox.systems.ukg_pro.render import amount_text


class Line(NamedTuple):
    """One kind of posting line: the payroll's account, its side and its account type."""

    account: str
    is_debit: bool
    account_type: str


LINES = (
    Line("5100", True, "E"),
    Line("5110", True, "E"),
    Line("5200", True, "E"),
    Line("2210", False, "L"),
    Line("2220", False, "L"),
    Line("2230", False, "L"),
    Line("2290", False, "L"),
)
CREDIT_SIDE = 128
"""Added to the line's number when a row stands on the other side than its line usually does."""


@dataclass(slots=True)
class GlRows:
    """Rows by number from 0: `line` into `LINES`, `org` into `orgs`, `cents` on the row's side."""

    line: bytearray
    org: array[int]
    cents: array[int]
    orgs: list[str]

    def __len__(self) -> int:
        return len(self.cents)

    def debit_credit(self, row: int) -> tuple[int, int]:
        """Debit and credit of a row in cents; one of them is 0."""
        code = self.line[row]
        is_debit = LINES[code % CREDIT_SIDE].is_debit != (code >= CREDIT_SIDE)
        return (self.cents[row], 0) if is_debit else (0, self.cents[row])


def gl_rows(lines: Iterable[tuple[int, Sequence[int]]], orgs: list[str], *, other_side: bool) -> GlRows:
    """Rows from (org, amounts in the order of `LINES`); zeros are left out. `other_side` turns a negative
    amount over.
    """
    kinds, places, amounts = bytearray(), array("I"), array("q")
    for org, cents_by_line in lines:
        for number, cents in enumerate(cents_by_line):
            if cents:
                turned = other_side and cents < 0
                kinds.append(number + CREDIT_SIDE if turned else number)
                places.append(org)
                amounts.append(-cents if turned else cents)
    return GlRows(kinds, places, amounts, orgs)


_BENCH_LINES = {2: (0, 6), 3: (0, 3, 6), 4: (0, 1, 3, 6), 5: (0, 2, 3, 5, 6), 6: (0, 1, 2, 3, 5, 6)}
"""The lines of an org by their number; employer tax stands on both sides or on none."""
_EMPLOYER_TAX = (2, 5)


def bench_groups(groups: int) -> Iterator[tuple[int, int]]:
    """`groups` pairs of (org, line), org by org, debits first; every org has a debit and a credit. ValueError
    below 2.
    """
    if groups < 2:
        raise ValueError("bench_groups: at least 2, or an org could not balance")
    whole, rest = divmod(groups, 5)
    sizes = [5] * whole + ([rest] if rest > 1 else [])
    sizes[-1] += rest == 1
    for org, size in enumerate(sizes):
        yield from ((org, line) for line in _BENCH_LINES[size])


def bench_org(number: int) -> str:
    """The department code of a bench run: `B0001`, …"""
    return f"B{number + 1:04d}"


def bench_departments(groups: int) -> tuple[tuple[str, str], ...]:
    """Code and name of every department that a bench run of so many groups has."""
    orgs = sorted({org for org, _ in bench_groups(groups)})
    return tuple((bench_org(org), f"Bench department {org + 1}") for org in orgs)


def bench_rows(rows: int, groups: int, seed: int) -> GlRows:
    """`rows` rows in exactly `groups` groups; each org balances. Row i belongs to group i modulo `groups`.

    The amounts of an org need not balance row by row: the first row of its net pay carries the difference,
    and that of its employer tax the difference of those. Debits come first in every round, so a difference is
    a credit and positive.
    """
    pairs = list(bench_groups(groups))
    if rows < groups:
        raise ValueError(f"bench_rows: {rows} rows cannot hold {groups} groups")
    orgs = [bench_org(number) for number in range(pairs[-1][0] + 1)]
    amounts, surplus = array("q", bytes(8 * rows)), [[0, 0] for _ in orgs]
    for row in range(rows):
        turn, place = divmod(row, groups)
        org, line = pairs[place]
        cents = (
            100
            if line == 6
            else (20_000 if line > 1 else 200_000) + (turn * 7_919 + org * 104_729 + seed * 31) % 30_011
        )
        amounts[row] = cents
        surplus[org][line in _EMPLOYER_TAX] += cents if LINES[line].is_debit else -cents
    for place, (org, line) in enumerate(pairs):
        if line in (5, 6):
            amounts[place] += surplus[org][line == 5]
    kinds = bytearray(line for _, line in pairs)
    places = array("I", (org for org, _ in pairs))
    times, part = divmod(rows, groups)
    return GlRows(kinds * times + kinds[:part], places * times + places[:part], amounts, orgs)


class RowText:
    """Writes rows of one run as JSON objects; what is the same in every row is written once."""

    def __init__(
        self,
        rows: GlRows,
        common: Mapping[str, Mapping[str, str]],
        *,
        block_rows: int,
        companies: Sequence[str],
        account_form: str,
    ) -> None:
        """`common` is, by company, name to JSON text for the fields that do not change within it; `companies`
        are those of `rows.orgs`.
        """
        self._rows = rows
        self._block_rows = block_rows
        heads = {
            code: "{" + ",".join(f"{quote(name)}:{text}" for name, text in fields.items())
            for code, fields in common.items()
        }
        self._heads = [heads[code] for code in companies]
        self._common = common
        self._companies = companies
        self._account_form = account_form
        self._orgs = [quote(code) for code in rows.orgs]

    def page(self, numbers: Iterable[int], overlay: Mapping[int, Mapping[str, str | None]]) -> Iterator[str]:
        """The rows of these numbers, from 0. `overlay` gives raw JSON for fields of a row, or None to leave
        one out.
        """
        for number in numbers:
            special = overlay.get(number)
            fields = self._fields(number)
            if special is None:
                yield (
                    self._heads[self._rows.org[number]]
                    + "".join([f',"{name}":{text}' for name, text in fields])
                    + "}"
                )
            else:
                common = self._common[self._companies[self._rows.org[number]]]
                merged: dict[str, str | None] = {**common, **dict(fields), **special}
                yield (
                    "{"
                    + ",".join(f"{quote(name)}:{text}" for name, text in merged.items() if text is not None)
                    + "}"
                )

    def _fields(self, number: int) -> tuple[tuple[str, str], ...]:
        rows = self._rows
        line = LINES[rows.line[number] % CREDIT_SIDE]
        org = rows.org[number]
        debit, credit = rows.debit_credit(number)
        account = (
            line.account
            if self._account_form == "base"
            else f"{self._companies[org]}-{line.account}-{rows.orgs[org]}"
        )
        return (
            ("blockId", str(number // self._block_rows + 1)),
            ("systemId", str(number + 1)),
            ("accountType", f'"{line.account_type}"'),
            ("baseSegment", f'"{line.account}"'),
            ("generalLedgerAccount", quote(account)),
            ("orgLevel1", self._orgs[org]),
            ("debitAmt", amount_text(debit)),
            ("creditAmt", amount_text(credit)),
        )
