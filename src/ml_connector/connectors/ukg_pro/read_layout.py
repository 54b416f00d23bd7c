"""Reads a layout that a person wrote, and says what is wrong with it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from ml_connector.connectors.ukg_pro.dates import DateFormatError, DateReader
from ml_connector.connectors.ukg_pro.layout import Column, Layout, LayoutError
from ml_connector.connectors.ukg_pro.shipped_layouts import SHIPPED

_NEEDED = {"two_column": ("debit", "credit"), "signed": ("amount",), "dc_flag": ("amount", "side")}
_PER_LINE = ("account", "debit", "credit", "amount", "side", "ignore")
_OF_AMOUNT = ("debit", "credit", "amount", "side")
_TOTALS = ("rows", "debit", "credit")
HEADER_ROWS_MAX = 1_000
_DATES = ("pay_date", "period_start", "period_end")


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
        raise LayoutError(f"{', '.join(sorted(doubled))} is named twice")
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
            raise LayoutError(f"{column.kind} is in every line, not once per file")
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
        text = (
            f"encoding is {layout.encoding!r}, which is not an encoding that a file can be read in ({error})"
        )
        raise LayoutError(f"{text}; deliver the file as utf-8") from error
    if layout.format == "delimited" and (len(layout.delimiter) != 1 or len(layout.quote) > 1):
        raise LayoutError("delimiter is one character, quote one or none")
    if layout.format == "delimited" and layout.delimiter in ("\r", "\n", layout.quote):
        raise LayoutError(f"delimiter is {layout.delimiter!r}, which cannot separate columns")
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
