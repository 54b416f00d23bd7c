"""How a general-ledger file is laid out, as data. UKG lets each customer build the export, so there is no
standard, only three to start from, as they are or with keys of one's own: `{"like": "L1", "numbers": …}`.

L1  comma, header line   CompanyCode,PayGroup,PeriodControl,PayDate,GLAccount,OrgLevel1,OrgLevel2,
                         Description,Debit,Credit
L2  bar, no header       yyyymmdd|company|account segments joined by -|cost center|signed amount|
                         pay group|text, and a trailer with totals
L3  fixed width          company(5) account(25) cost center(10) date(8) D or C(1) amount in cents(13) text(30)
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ml_connector.connectors.ukg_pro.amounts import Numbers
from ml_connector.connectors.ukg_pro.dates import DateFormatError, DateReader

Kind = Literal[
    "company",
    "account",
    "pay_group",
    "pay_date",
    "period_start",
    "period_end",
    "period_control",
    "run_kind",
    "run_number",
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
_PER_LINE = ("account", "debit", "credit", "amount", "side", "ignore")
_OF_AMOUNT = ("debit", "credit", "amount", "side")
_TOTALS = ("rows", "debit", "credit")
HEADER_ROWS_MAX = 1_000
_DATES = ("pay_date", "period_start", "period_end")
Once = Literal["line", "head", "trailer", "file_name"]


class LayoutError(ValueError):
    """The layout cannot be read."""


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One column: what it means, and where it stands.

    `name` finds it in the header line, `index` (from 0) in a delimited line without one, `start` (from 0) and
    `length` in a fixed one. What stands once per file has a `value` instead, or is taken `from` the head, the
    trailer or the file's name, where the layout's expression has a group of this kind. `decimals` is for
    amounts in minor units: `2` reads 0000000445847 as 4458.47. `numbers` are this column's own.
    """

    kind: Kind
    name: str = ""
    index: int | None = None
    start: int | None = None
    length: int | None = None
    value: str = ""
    source: Once = msgspec.field(default="line", name="from")
    date_format: str = "%Y-%m-%d"
    decimals: int | None = None
    numbers: Numbers | None = None

    @property
    def title(self) -> str:
        """What a person calls the column."""
        if self.source != "line":
            return f"{self.kind} from the {self.source.replace('_', ' ')}"
        return self.name or (
            f"column {self.index + 1}"
            if self.index is not None
            else f"{self.kind} at {(self.start or 0) + 1}"
        )

    @property
    def span(self) -> tuple[int, int]:
        """Of a fixed line: the place of its first character, from 0, and the one behind its last."""
        start = self.start or 0
        return start, start + (self.length or 0)

    @property
    def per_line(self) -> bool:
        """Whether each line has a value of its own."""
        return not self.value and self.source == "line"


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole layout.

    `header_rows` are the lines before the postings; the last of them holds the titles, where columns have a
    `name`. `head` are expressions that each match once in those lines, `file_name` one that matches the
    file's name, `trailer` one that matches the last line: groups are named by kind, in the trailer also
    `rows`, `debit` and `credit`. A file without its trailer was cut off. Lines that `skip` matches as a whole
    are no postings.
    """

    columns: tuple[Column, ...]
    format: Literal["delimited", "fixed"] = "delimited"
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    header_rows: int = 0
    head: str | tuple[str, ...] = ()
    file_name: str = ""
    skip: str = ""
    trailer: str = ""
    amount: Literal["two_column", "signed", "dc_flag"] = "two_column"
    sign: Literal["debit_positive", "credit_positive"] = "debit_positive"
    debit_flag: str = "D"
    credit_flag: str = "C"
    numbers: Numbers = Numbers()
    account: Literal["whole", "segments"] = "whole"
    segment: int = 0
    segment_separator: str = "-"

    @property
    def heads(self) -> tuple[str, ...]:
        """The expressions for the head."""
        return tuple(filter(None, [self.head] if isinstance(self.head, str) else self.head))

    @property
    def has_titles(self) -> bool:
        """Whether a line of titles is looked up."""
        return self.format == "delimited" and any(column.name for column in self.columns)

    @property
    def shipped_as(self) -> str:
        """The name of a layout that is used as it is shipped; empty for one of one's own."""
        return next((name for name, layout in SHIPPED.items() if layout is self), "")

    def has(self, kind: str) -> bool:
        """Whether the layout says where this is."""
        return self.column(kind) is not None

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
    trailer=r"T\|(?P<rows>[0-9]+)\|(?P<debit>-?[0-9.]+)\|(?P<credit>-?[0-9.]+)",
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
    """A shipped layout by its name, one given as JSON, or `{"like": "L1", …}`: a shipped one with some keys
    changed. Raises `LayoutError` with what is wrong.
    """
    if text in SHIPPED:
        return SHIPPED[text]
    try:
        given = msgspec.json.decode(text)
        if isinstance(given, dict) and "like" in given:
            given = _like(given)
        layout = msgspec.convert(given, Layout)
    except (msgspec.DecodeError, RecursionError) as error:
        raise LayoutError(f"neither one of {', '.join(SHIPPED)} nor a layout in JSON: {error}") from error
    kinds = [column.kind for column in layout.columns if column.kind != "ignore"]
    if doubled := {kind for kind in kinds if kinds.count(kind) > 1}:
        raise LayoutError(f"{', '.join(sorted(doubled))} stands there twice")
    _check_needed(layout, kinds)
    for column in layout.columns:
        _check_place(layout, column)
        _check_reading(layout, column)
    _check_overlaps(layout)
    _check_form(layout)
    _check_once(layout)
    return layout


def _like(given: dict[str, Any]) -> dict[str, Any]:
    """The shipped layout that is named, with the keys that are given in the place of its own."""
    name = given["like"]
    if not isinstance(name, str) or name not in SHIPPED:
        raise LayoutError(f"like is {name!r}, expected one of {', '.join(SHIPPED)}")
    base: dict[str, Any] = msgspec.to_builtins(SHIPPED[name])
    return {**base, **{key: value for key, value in given.items() if key != "like"}}


def _check_needed(layout: Layout, kinds: Sequence[str]) -> None:
    needed = ["company", "account", "pay_date", *_NEEDED[layout.amount]]
    if layout.amount == "dc_flag" and layout.numbers.sign == "flag":
        needed.remove("side")
    if missing := [kind for kind in needed if kind not in kinds]:
        text = f"column {', '.join(missing)} is missing"
        if set(missing) & {"company", "pay_date"}:
            text += (
                ". What stands once per file is a column too, such as"
                ' {"kind": "company", "value": "ACME1"} or {"kind": "pay_date", "from": "head"}, with from'
                ' "head", "trailer" or "file_name" and an expression of that name in the layout'
            )
        raise LayoutError(text)


def _check_place(layout: Layout, column: Column) -> None:
    if not column.per_line:
        placed = (column.name, column.index, column.start, column.length)
        if (column.value and column.source != "line") or any(place not in ("", None) for place in placed):
            raise LayoutError(f"{column.kind} has more than one place; give a value, from, or a column")
        if column.kind in _PER_LINE:
            raise LayoutError(f"{column.kind} stands in every line, not once per file")
    elif layout.format == "fixed":
        if column.start is None or column.length is None or column.start < 0 or column.length < 1:
            raise LayoutError(f"{column.kind} needs start and length")
    elif layout.header_rows and not column.name and column.index is None:
        raise LayoutError(f"{column.kind} needs a name or an index")
    elif not layout.header_rows and column.index is None:
        raise LayoutError(f"{column.kind} needs an index, as there is no header line")
    elif column.index is not None and column.index < 0:
        raise LayoutError(f"the index of {column.kind} is negative; the first column is 0")


def _check_overlaps(layout: Layout) -> None:
    """Columns of a fixed line do not share characters, but for one inside another, such as a date that a code
    begins with. An amount shares none: it would be cut, or read what is none.
    """
    if layout.format != "fixed":
        return
    placed = sorted((column for column in layout.columns if column.per_line), key=lambda one: one.span)
    for number, one in enumerate(placed):
        for other in placed[number + 1 :]:
            (start, end), (begin, stop) = one.span, other.span
            inside = stop <= end or start == begin
            if begin < end and (not inside or {one.kind, other.kind} & set(_OF_AMOUNT)):
                raise LayoutError(
                    f"{one.kind} (characters {start + 1} to {end}) and {other.kind} ({begin + 1} to {stop})"
                    " overlap"
                )


def _check_reading(layout: Layout, column: Column) -> None:
    if column.kind in _DATES:
        try:
            reader = DateReader(column.date_format)
            if column.value:
                reader.read(column.value)
        except DateFormatError as error:
            raise LayoutError(str(error)) from error
        except ValueError as error:
            raise LayoutError(f"{column.kind} is {column.value!r}. {error}") from error
    if column.decimals is not None and not 0 <= column.decimals <= 9:
        raise LayoutError(f"decimals of {column.kind} is {column.decimals}, expected 0 to 9")
    for numbers in (layout.numbers, column.numbers or layout.numbers):
        if why := numbers.problem():
            raise LayoutError(why)
        if (numbers.sign == "flag") is not (layout.amount == "dc_flag" and not layout.has("side")):
            raise LayoutError('sign "flag" goes with amount "dc_flag" and no column side')


def _check_form(layout: Layout) -> None:
    try:
        known = codecs.lookup(layout.encoding).name
        plain = known in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
        b"\xe9\n".decode(layout.encoding, "replace")
        if not plain and "\n".encode(layout.encoding) != b"\n":
            raise LayoutError(
                f"{layout.encoding} does not end lines as plain text does; deliver the file as utf-8"
            )
    except (LookupError, ValueError) as error:
        if isinstance(error, LayoutError):
            raise
        text = f"encoding is {layout.encoding!r}, which is none that a file can be read in ({error})"
        raise LayoutError(f"{text}; deliver the file as utf-8") from error
    if layout.format == "delimited" and (len(layout.delimiter) != 1 or len(layout.quote) > 1):
        raise LayoutError("delimiter is one character, quote one or none")
    if layout.format == "delimited" and layout.delimiter in ("\r", "\n", layout.quote):
        raise LayoutError(f"delimiter is {layout.delimiter!r}, which cannot part columns")
    if layout.header_rows < 0 or layout.segment < 0:
        raise LayoutError("header_rows and segment are not negative")
    if layout.header_rows > HEADER_ROWS_MAX:
        raise LayoutError(f"header_rows is {layout.header_rows}, expected {HEADER_ROWS_MAX:,} at the most")
    if layout.amount == "dc_flag" and layout.debit_flag == layout.credit_flag:
        raise LayoutError(f"debit_flag and credit_flag are both {layout.debit_flag!r}")
    if not layout.segment_separator:
        raise LayoutError("segment_separator is empty")


def _check_once(layout: Layout) -> None:
    """The expressions can be read, and every value from outside the lines has a group, and every group a
    use.
    """
    if layout.heads and not layout.header_rows:
        raise LayoutError("head is looked for in the first header_rows lines, and header_rows is 0")
    places: dict[str, tuple[str, ...]] = {
        "head": layout.heads,
        "trailer": tuple(filter(None, [layout.trailer])),
        "file_name": tuple(filter(None, [layout.file_name])),
        "skip": tuple(filter(None, [layout.skip])),
    }
    for place, expressions in places.items():
        groups: list[str] = []
        for expression in expressions:
            try:
                groups += re.compile(expression).groupindex
            except re.error as error:
                raise LayoutError(f"{place} {expression!r} cannot be read: {error}") from error
        wanted = [column.kind for column in layout.columns if column.source == place]
        if missing := [kind for kind in wanted if kind not in groups]:
            raise LayoutError(f"{place} has no group named {missing[0]}: (?P<{missing[0]}>…)")
        allowed = [*wanted, *(_TOTALS if place == "trailer" else ())]
        if unknown := [group for group in groups if group not in allowed]:
            expected = f"rows, debit, credit or a column with from {place!r}"
            raise LayoutError(f"{place} names {unknown[0]}; expected {expected}")
        if doubled := [group for group in groups if groups.count(group) > 1]:
            raise LayoutError(f"{place} names {doubled[0]} twice")


def is_utf16(encoding: str) -> bool:
    """Whether this is one of the encodings with two bytes to a character."""
    return codecs.lookup(encoding).name.startswith("utf-16")
