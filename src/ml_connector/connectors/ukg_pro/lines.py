"""Lines of a general-ledger file, read by its layout: pure but for the file they come from.

A line that cannot be read becomes a `Problem` that names the line, the column, the value and the remedy. What
concerns the whole file (its encoding, its header, its trailer) raises `Refused`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from ml_connector.connectors.ukg_pro.layout import AXES, Column, Layout
from ml_connector.connectors.ukg_pro.translate import axes, shown
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import Refused

LINE_BYTES_MAX = 100_000
REMEDY = "Correct the export in UKG and write the file again; nothing of it is posted until then."
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?|[+-]?\.\d+")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One posting line as the file says it: texts trimmed, the amount signed with debit positive, dates read.

    `side` is the column or flag the amount had, `debit` or `credit`; empty where the layout gives a signed
    amount and no more.
    """

    number: int
    company: str
    account: str
    amount: Decimal
    side: str
    dimensions: Dimensions
    pay_group: str
    pay_code: str | None
    pay_date: date
    period_start: date | None
    period_end: date | None
    period_control: str


class _Unreadable(Exception):
    """A value of a line that cannot be read."""

    def __init__(self, code: str, column: str, value: str, why: str) -> None:
        self.code, self.column, self.value, self.why = code, column, value, why


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads one file once. `trailer` holds the totals of the last line, when the layout has one and it was
    reached.
    """

    name: str
    layout: Layout
    trailer: Mapping[str, str] | None = None
    _places: dict[str, int] = field(default_factory=dict)
    _width: int | None = None
    _axes: dict[tuple[str, ...], Dimensions] = field(default_factory=dict)
    _dates: dict[tuple[str, str], date] = field(default_factory=dict)

    def lines(self, raw: Iterable[bytes]) -> Iterator[Line | Problem]:
        """Every line of the file, in order. Raises `Refused` for what concerns the whole file."""
        for number, values in self._records(raw):
            try:
                yield self._line(number, values)
            except _Unreadable as error:
                where = f"{self.name}, line {number}: {error.column}"
                text = f"{error.column} is {shown(error.value) or 'empty'}. {error.why} {REMEDY}"
                yield Problem(error.code, where, text, Owner.PAYROLL)
        if self.layout.trailer and self.trailer is None:
            raise self.refused(
                "file.trailer",
                "The file has no trailer line, so it was cut off, or its layout is another one.",
                "trailer",
            )

    def refused(self, code: str, text: str, where: str) -> Refused:
        """The refusal of the whole file."""
        return Refused(f"{text} {REMEDY}", where=f"{self.name}: {where}", owner=Owner.PAYROLL, code=code)

    # --- from bytes to values -------------------------------------------------------------------------------

    def _records(self, raw: Iterable[bytes]) -> Iterator[tuple[int, list[str]]]:
        decoded = self._decoded(raw)
        if self.layout.format == "fixed":
            for number, text in enumerate(decoded, 1):
                if number > self.layout.header_rows and text.strip():
                    yield number, [text]
            return
        quote = self.layout.quote
        reader = csv.reader(
            decoded,
            delimiter=self.layout.delimiter,
            quotechar=quote or None,
            strict=True,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )
        try:
            for values in reader:
                if reader.line_num <= self.layout.header_rows:
                    if reader.line_num == self.layout.header_rows:
                        self._header(values)
                elif any(value.strip() for value in values):
                    yield reader.line_num, values
        except csv.Error as error:
            raise self.refused(
                "file.quotes",
                f"Line {reader.line_num} cannot be split into columns: {error}.",
                f"line {reader.line_num}",
            ) from error

    def _decoded(self, raw: Iterable[bytes]) -> Iterator[str]:
        ends = re.compile(self.layout.trailer) if self.layout.trailer else None
        for number, line in enumerate(raw, 1):
            if len(line) > LINE_BYTES_MAX:
                raise self.refused(
                    "file.line", f"Line {number} is longer than {LINE_BYTES_MAX:,} bytes.", f"line {number}"
                )
            try:
                text = line.decode(self.layout.encoding)
            except UnicodeDecodeError as error:
                value = line[error.start : error.end].hex(" ")
                why = (
                    f"Line {number} is not {self.layout.encoding} at byte {error.start + 1}: {value}. Set the"
                    " layout's encoding to the file's."
                )
                raise self.refused("file.encoding", why, f"line {number}") from error
            text = text.removeprefix("\ufeff") if number == 1 else text
            if self.trailer is not None and text.strip():
                raise self.refused(
                    "file.trailer", f"Line {number} comes after the trailer.", f"line {number}"
                )
            if ends is not None and (match := ends.fullmatch(text.strip())):
                self.trailer = match.groupdict()
            elif self.trailer is None:
                yield text

    def _header(self, titles: list[str]) -> None:
        found = {title.strip().lower(): place for place, title in enumerate(titles)}
        self._width = len(titles)
        for column in self.layout.columns:
            if not column.name:
                continue
            if column.name.lower() not in found:
                text = (
                    f"The header has no column {column.name}; it has {', '.join(map(shown, titles))}. Add the"
                    " column, or change the layout."
                )
                raise self.refused("file.column", text, f"column {column.name}")
            self._places[column.kind] = found[column.name.lower()]

    # --- from values to a line ------------------------------------------------------------------------------

    def _line(self, number: int, values: list[str]) -> Line:
        if self._width is not None and len(values) != self._width:
            why = f"The header has {self._width} columns."
            raise _Unreadable("row.columns", "number of columns", str(len(values)), why)
        texts: dict[str, str] = {
            column.kind: self._value(column, values)
            for column in self.layout.columns
            if column.kind != "ignore"
        }
        codes = tuple(texts.get(axis, "") for axis in AXES)
        if codes not in self._axes:
            self._axes[codes] = axes(dict(zip(AXES, codes, strict=True)))
        amount, side = self._amount(texts)
        return Line(
            number=number,
            company=self._needed(texts, "company"),
            account=self._account(texts),
            amount=amount,
            side=side,
            dimensions=self._axes[codes],
            pay_group=texts.get("pay_group", ""),
            pay_code=texts.get("pay_code") or None,
            pay_date=self._date(texts, "pay_date"),
            period_start=self._date(texts, "period_start") if "period_start" in texts else None,
            period_end=self._date(texts, "period_end") if "period_end" in texts else None,
            period_control=texts.get("period_control", ""),
        )

    def _value(self, column: Column, values: list[str]) -> str:
        if self.layout.format == "fixed":
            start, length = column.start or 0, column.length or 0
            text = values[0].rstrip("\r\n")
            if len(text) <= start:
                raise _Unreadable(
                    "row.short", column.title, "missing", f"The line has {len(text)} characters."
                )
            return text[start : start + length].strip()
        place = self._places.get(column.kind, column.index)
        if place is None or place >= len(values):
            raise _Unreadable("row.short", column.title, "missing", f"The line has {len(values)} columns.")
        return values[place].strip()

    def _needed(self, texts: Mapping[str, str], kind: str) -> str:
        if not texts[kind]:
            raise _Unreadable(f"row.{kind}", self._title(kind), "", "A line needs it.")
        return texts[kind]

    def _account(self, texts: Mapping[str, str]) -> str:
        whole = self._needed(texts, "account")
        if self.layout.account == "whole":
            return whole
        segments = whole.split(self.layout.segment_separator)
        if self.layout.segment >= len(segments) or not segments[self.layout.segment].strip():
            why = f"It has no segment {self.layout.segment + 1} between {self.layout.segment_separator!r}."
            raise _Unreadable("row.account", self._title("account"), whole, why)
        return segments[self.layout.segment].strip()

    def _amount(self, texts: Mapping[str, str]) -> tuple[Decimal, str]:
        if self.layout.amount == "two_column":
            debit, credit = self._number(texts, "debit"), self._number(texts, "credit")
            titles = f"{self._title('debit')}, {self._title('credit')}"
            if debit is None and credit is None:
                raise _Unreadable("amount.missing", titles, "", "A line needs an amount.")
            if debit and credit:
                raise _Unreadable(
                    "amount.both_sides",
                    titles,
                    f"{debit} and {credit}",
                    "A line is a debit or a credit, not both.",
                )
            return (credit.copy_negate(), "credit") if credit else (debit or _ZERO, "debit")
        amount = self._number(texts, "amount")
        if amount is None:
            raise _Unreadable("amount.missing", self._title("amount"), "", "A line needs an amount.")
        if self.layout.amount == "signed":
            return amount if self.layout.sign == "debit_positive" else amount.copy_negate(), ""
        side = texts["side"]
        if side not in (self.layout.debit_flag, self.layout.credit_flag):
            why = f"Expected {self.layout.debit_flag} or {self.layout.credit_flag}."
            raise _Unreadable("row.side", self._title("side"), side, why)
        return (amount, "debit") if side == self.layout.debit_flag else (amount.copy_negate(), "credit")

    def _number(self, texts: Mapping[str, str], kind: str) -> Decimal | None:
        text = texts[kind]
        if not text:
            return None
        column = self.layout.column(kind)
        minor = column.decimals if column else None
        if not _NUMBER.fullmatch(text) or len(text) > 60 or (minor is not None and "." in text):
            expected = "1234.56" if minor is None else "digits only"
            raise _Unreadable(
                "amount.unreadable",
                self._title(kind),
                text,
                f"It is not a number as the layout has it, {expected}.",
            )
        return Decimal(text) if minor is None else Decimal(f"{text}E-{minor}")

    def _date(self, texts: Mapping[str, str], kind: str) -> date:
        column = self.layout.column(kind)
        form = column.date_format if column else ""
        key = (form, texts[kind])
        if key not in self._dates:
            try:
                self._dates[key] = datetime.strptime(texts[kind], form).date()
            except ValueError:
                raise _Unreadable(
                    "row.date", self._title(kind), texts[kind], f"It is not a date of the form {form}."
                ) from None
        return self._dates[key]

    def _title(self, kind: str) -> str:
        column = self.layout.column(kind)
        return column.title if column else kind
