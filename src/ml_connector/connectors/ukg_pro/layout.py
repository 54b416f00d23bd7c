"""How a general-ledger file is laid out, as data. UKG lets each customer build the export, so there is no
standard, only three to start from.

L1  comma, header line   CompanyCode,PayGroup,PeriodControl,PayDate,GLAccount,OrgLevel1,OrgLevel2,
                         Description,Debit,Credit
L2  bar, no header       yyyymmdd|company|account segments joined by -|cost center|signed amount|
                         pay group|text, and a trailer with totals
L3  fixed width          company(5) account(25) cost center(10) date(8) D or C(1) amount in cents(13) text(30)
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Kind = Literal[
    "company",
    "account",
    "pay_group",
    "pay_date",
    "period_start",
    "period_end",
    "period_control",
    "debit",
    "credit",
    "amount",
    "side",
    "pay_code",
    "org_level_1",
    "org_level_2",
    "org_level_3",
    "org_level_4",
    "cost_center",
    "location",
    "project",
    "job_code",
    "ignore",
]
AXES = (
    "org_level_1",
    "org_level_2",
    "org_level_3",
    "org_level_4",
    "cost_center",
    "location",
    "project",
    "job_code",
)
_NEEDED = {"two_column": ("debit", "credit"), "signed": ("amount",), "dc_flag": ("amount", "side")}


class LayoutError(ValueError):
    """The layout cannot be read."""


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One column: what it means, and where it stands.

    `name` finds it in the header line, `index` (from 0) in a delimited line without one, `start` (from 0) and
    `length` in a fixed one. `decimals` is for amounts in minor units: `2` reads 0000000445847 as 4458.47.
    """

    kind: Kind
    name: str = ""
    index: int | None = None
    start: int | None = None
    length: int | None = None
    date_format: str = "%Y-%m-%d"
    decimals: int | None = None

    @property
    def title(self) -> str:
        """What a person calls the column."""
        return self.name or (
            f"column {self.index + 1}"
            if self.index is not None
            else f"{self.kind} at {(self.start or 0) + 1}"
        )


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole layout. `trailer` is an expression with groups named `rows`, `debit`, `credit`; a file without
    its trailer was cut off.
    """

    columns: tuple[Column, ...]
    format: Literal["delimited", "fixed"] = "delimited"
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header_rows: int = 0
    trailer: str = ""
    amount: Literal["two_column", "signed", "dc_flag"] = "two_column"
    sign: Literal["debit_positive", "credit_positive"] = "debit_positive"
    debit_flag: str = "D"
    credit_flag: str = "C"
    account: Literal["whole", "segments"] = "whole"
    segment: int = 0
    segment_separator: str = "-"

    def column(self, kind: str) -> Column | None:
        """The column of that meaning, or `None`."""
        return next((column for column in self.columns if column.kind == kind), None)


def _columns(*titles: tuple[Kind, str]) -> tuple[Column, ...]:
    return tuple(Column(kind=kind, name=name) for kind, name in titles)


def _fixed(*widths: tuple[Kind, int]) -> tuple[Column, ...]:
    columns, start = [], 0
    for kind, length in widths:
        columns.append(
            Column(
                kind=kind,
                start=start,
                length=length,
                date_format="%Y%m%d",
                decimals=2 if kind == "amount" else None,
            )
        )
        start += length
    return tuple(columns)


_L1 = Layout(
    header_rows=1,
    columns=_columns(
        ("company", "CompanyCode"),
        ("pay_group", "PayGroup"),
        ("period_control", "PeriodControl"),
        ("pay_date", "PayDate"),
        ("account", "GLAccount"),
        ("org_level_1", "OrgLevel1"),
        ("org_level_2", "OrgLevel2"),
        ("ignore", "Description"),
        ("debit", "Debit"),
        ("credit", "Credit"),
    ),
)
_L2_KINDS: tuple[Kind, ...] = (
    "pay_date",
    "company",
    "account",
    "org_level_1",
    "amount",
    "pay_group",
    "ignore",
)
_L2 = Layout(
    delimiter="|",
    quote="",
    columns=tuple(
        Column(kind=kind, index=index, date_format="%Y%m%d") for index, kind in enumerate(_L2_KINDS)
    ),
    trailer=r"T\|(?P<rows>\d+)\|(?P<debit>-?[\d.]+)\|(?P<credit>-?[\d.]+)",
    amount="signed",
    account="segments",
    segment=1,
)
_L3 = Layout(
    format="fixed",
    amount="dc_flag",
    columns=_fixed(
        ("company", 5),
        ("account", 25),
        ("org_level_1", 10),
        ("pay_date", 8),
        ("side", 1),
        ("amount", 13),
        ("ignore", 30),
    ),
)
SHIPPED = {"L1": _L1, "L2": _L2, "L3": _L3}


def read_layout(text: str) -> Layout:
    """A shipped layout by its name, or one given as JSON. Raises `LayoutError` with what is wrong."""
    if text in SHIPPED:
        return SHIPPED[text]
    try:
        layout = msgspec.json.decode(text, type=Layout)
    except msgspec.DecodeError as error:
        raise LayoutError(f"neither one of {', '.join(SHIPPED)} nor a layout in JSON: {error}") from error
    kinds = [column.kind for column in layout.columns if column.kind != "ignore"]
    if doubled := {kind for kind in kinds if kinds.count(kind) > 1}:
        raise LayoutError(f"{', '.join(sorted(doubled))} stands there twice")
    if missing := [
        kind for kind in ("company", "account", "pay_date", *_NEEDED[layout.amount]) if kind not in kinds
    ]:
        raise LayoutError(f"column {', '.join(missing)} is missing")
    for column in layout.columns:
        _check_place(layout, column)
    _check_form(layout)
    return layout


def _check_place(layout: Layout, column: Column) -> None:
    if layout.format == "fixed":
        if column.start is None or column.length is None or column.start < 0 or column.length < 1:
            raise LayoutError(f"{column.kind} needs start and length")
    elif layout.header_rows and not column.name and column.index is None:
        raise LayoutError(f"{column.kind} needs a name or an index")
    elif not layout.header_rows and (column.index is None or column.index < 0):
        raise LayoutError(f"{column.kind} needs an index, as there is no header line")


def _check_form(layout: Layout) -> None:
    try:
        if "\n".encode(layout.encoding) != b"\n":
            raise LayoutError(
                f"{layout.encoding} does not end lines as plain text does; deliver the file as utf-8"
            )
        groups = re.compile(layout.trailer).groupindex
    except (LookupError, re.error) as error:
        raise LayoutError(str(error)) from error
    if unknown := set(groups) - {"rows", "debit", "credit"}:
        raise LayoutError(f"the trailer names {', '.join(sorted(unknown))}; expected rows, debit and credit")
    if layout.format == "delimited" and (len(layout.delimiter) != 1 or len(layout.quote) > 1):
        raise LayoutError("delimiter is one character, quote one or none")
    if layout.header_rows < 0 or layout.segment < 0:
        raise LayoutError("header_rows and segment are not negative")
