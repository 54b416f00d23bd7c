"""From the values of a general-ledger file's lines to posting lines, by its layout.

A line that cannot be read becomes a `Problem` that names the line, the column, the value and the remedy. What
concerns the whole file (its encoding, its header, its trailer) raises `Refused`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from ml_connector.connectors.ukg_pro.amounts import NumberReader, Unfit
from ml_connector.connectors.ukg_pro.currency_signs import currencies_of
from ml_connector.connectors.ukg_pro.dates import DateReader
from ml_connector.connectors.ukg_pro.file_records import REMEDY, FileRecords
from ml_connector.connectors.ukg_pro.file_text import is_blank
from ml_connector.connectors.ukg_pro.layout import AXES, Column, Layout
from ml_connector.connectors.ukg_pro.shipped_layouts import shipped_as
from ml_connector.connectors.ukg_pro.translate import axes, shown
from ml_connector.domain.codes import is_damaged, unseen
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.period import YEARS
from ml_connector.domain.problem import Owner, Problem

AMOUNTS = ("debit", "credit", "amount")
CODES = ("company", "account", *AXES, "pay_group", "pay_code", "period_control", "run_kind", "run_number")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_WHOLE = re.compile(r"[-+(]?[0-9]{1,9}")
_GOES_ON, _GOES_ON_ZERO = re.compile(r"[0-9]{2,3}(\.[0-9]+)?[-)]?"), re.compile(r"0[0-9]{2}(\.[0-9]+)?[-)]?")
"""What is in the next column where a comma cut an amount: in one that the layout does not know, and in one
that it knows, where no amount begins with so many zeros.
"""
_OF_NUMBERS = frozenset("0123456789.,+-\u2212()")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One posting line of the file: texts trimmed, the amount signed with debit positive, dates read.

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
    run_kind: str
    run_number: str


class _Unreadable(Exception):
    """A value of a line that cannot be read."""

    def __init__(self, code: str, column: str, value: str, why: str) -> None:
        self.code, self.column, self.value, self.why = code, column, value, why


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads one file once. `decimals_of` says how many decimals the currency of a company has, where that is
    known, and `currency_of` the currency that its lines are booked in; empty where there is none, or nothing
    is booked.
    """

    name: str
    layout: Layout
    decimals_of: Callable[[str], int | None]
    currency_of: Callable[[str], str]
    file: FileRecords = field(init=False)
    _spans: list[tuple[int, int]] = field(default_factory=list)
    _axes: dict[tuple[str, ...], Dimensions] = field(default_factory=dict)
    _dates: dict[tuple[str, str], date] = field(default_factory=dict)
    _date_readers: dict[str, DateReader] = field(default_factory=dict)
    _numbers: dict[str, NumberReader] = field(default_factory=dict)
    _columns: dict[str, Column] = field(default_factory=dict)
    _per_line: list[Column] = field(default_factory=list)
    _decimals: dict[str, int | None] = field(default_factory=dict)
    _codes: list[str] = field(default_factory=list)
    _sound: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.file = FileRecords(name=self.name, layout=self.layout, check_head=self._check_head)
        flags = (self.layout.debit_flag, self.layout.credit_flag)
        used = [column for column in self.layout.columns if column.kind != "ignore"]
        self._columns.update((column.kind, column) for column in used)
        self._per_line += [column for column in used if column.per_line]
        self._codes += [kind for kind in CODES if kind in self._columns]
        self._spans += [column.span for column in self.layout.columns if column.per_line]
        for column in used:
            if column.kind in AMOUNTS:
                numbers = column.numbers or self.layout.numbers
                self._numbers[column.kind] = NumberReader(numbers, column.decimals, flags)

    def lines(self, file: BinaryIO) -> Iterator[Line | Problem]:
        """Every line of the file, in order. Raises `Refused` for what concerns the whole file."""
        self.file.read_once(file)
        for number, values in self.file.records(file):
            try:
                yield self._line(number, values)
            except _Unreadable as error:
                where = f"{self.name}, line {number}: {error.column}"
                text = f"{error.column} is {shown(error.value) or 'empty'}. {error.why} {REMEDY}"
                yield Problem(error.code, where, text, Owner.PAYROLL)
        if self.layout.trailer and self.file.trailer is None:
            raise self.file.refused(
                "file.trailer",
                "The file has no trailer line, so it was cut off, or its layout is another one.",
                "trailer",
            )

    def total(self, name: str, text: str) -> Decimal:
        """A total of the trailer, written as the amounts of the lines are, or plainly. Raises `Refused`."""
        if _PLAIN.fullmatch(text):
            minor = None if "." in text or name == "rows" else self._minor_of(name)
            return Decimal(text) if minor is None else Decimal(f"{text}E-{minor}")
        try:
            if name == "rows":
                raise Unfit
            return self._numbers[name if name in self._numbers else "amount"].read(text)
        except Unfit:
            why = f"The trailer's {name} is {shown(text)}, which is not a number."
            raise self.file.refused("file.trailer", why, "trailer") from None

    def _minor_of(self, name: str) -> int | None:
        column = self.layout.column(name) or self.layout.column("amount")
        return column.decimals if column else None

    def _check_head(self, number: int, text: str) -> None:
        """A line of the head that reads as a posting is one: the file has less of a head, or none."""
        try:
            values = [text] if self.layout.format == "fixed" else next(self.file.split([text]), [])
            line = self._posting(number, values)
        except (_Unreadable, csv.Error):
            return
        why = (
            f"Line {number} is in the header of {self.layout.header_rows} lines that the layout has, and it"
            f" reads as a posting on account {shown(line.account)}. Set header_rows to the lines before the"
            " postings; where it is none, let the layout's skip match it."
        )
        raise self.file.refused("file.header", why, f"line {number}")

    # --- from values to a line ------------------------------------------------------------------------------

    def _line(self, number: int, values: list[str]) -> Line:
        self._check_width(values)
        return self._posting(number, values)

    def _posting(self, number: int, values: list[str]) -> Line:
        texts = dict(self.file.once)
        for column in self._per_line:
            texts[column.kind] = self._value(column, values)
        for kind in self._codes:
            self._check_code(texts, kind)
        codes = tuple(texts.get(axis, "") for axis in AXES)
        if codes not in self._axes:
            self._axes[codes] = axes(dict(zip(AXES, codes, strict=True)))
        company = self._needed(texts, "company")
        for place, title in self.file.currencies.items():
            self._check_currency(company, title, values[place].strip() if place < len(values) else "")
        amount, side = self._amount(texts)
        start = self._date(texts, "period_start") if "period_start" in self._columns else None
        end = self._date(texts, "period_end") if "period_end" in self._columns else None
        if start and end and start > end:
            why = f"The period ends before that, on {end}."
            raise _Unreadable("row.period", self._title("period_start"), str(start), why)
        return Line(
            number=number,
            company=company,
            account=self._account(texts),
            amount=amount,
            side=side,
            dimensions=self._axes[codes],
            pay_group=texts.get("pay_group", ""),
            pay_code=texts.get("pay_code") or None,
            pay_date=self._date(texts, "pay_date"),
            period_start=start,
            period_end=end,
            period_control=texts.get("period_control", ""),
            run_kind=texts.get("run_kind", ""),
            run_number=texts.get("run_number", ""),
        )

    def _check_width(self, values: list[str]) -> None:
        """A separator inside a value moves everything behind it by one column: then the line is wider than
        the others, or an amount continues in the next column.
        """
        if self.layout.format == "fixed":
            return
        width, titled = self.file.width or len(values), self.file.titled
        self.file.width = width
        more = len(values) > width and (titled or not all(map(is_blank, values[width:])))
        if len(values) < width or more:
            why = f"The {'header' if titled else 'first line'} has {width} columns."
            raise _Unreadable("row.columns", "number of columns", str(len(values)), why)
        if self.layout.delimiter != "," or titled:
            return
        for column in self._per_line:
            place = column.index
            if column.kind in AMOUNTS and place is not None and place + 1 < len(values):
                text, rest = values[place].strip(), values[place + 1].strip()
                goes_on = _GOES_ON_ZERO if place + 1 in self.file.listed else _GOES_ON
                if column.decimals is None and _WHOLE.fullmatch(text) and goes_on.fullmatch(rest):
                    why = (
                        f"It may go on in the next column, {rest}: a comma inside an amount stands in"
                        " quotes. Where that is a column of its own, add it to the layout:"
                        f' {{"kind": "ignore", "index": {place + 1}}}.'
                    )
                    raise _Unreadable("amount.cut", column.title, text, why)

    def _value(self, column: Column, values: list[str]) -> str:
        if self.layout.format == "fixed":
            start, end = column.span
            text = values[0].rstrip("\r\n")
            if len(text) <= start:
                raise _Unreadable(
                    "row.short", column.title, "missing", f"The line has {len(text)} characters."
                )
            if column.kind in AMOUNTS:
                self._check_whole(column, text)
            return text[start:end].strip()
        place = self.file.places.get(column.name, column.index)
        if place is None or place >= len(values):
            raise _Unreadable("row.short", column.title, "missing", f"The line has {len(values)} columns.")
        return values[place].strip()

    def _check_whole(self, column: Column, text: str) -> None:
        """The number of a fixed column ends with the column: it does not continue in characters that belong
        to no column.
        """
        start, end = column.span
        if len(text) < end:
            why = f"The line has {len(text)} characters, and the amount ends at {end}."
            raise _Unreadable("row.short", column.title, text[start:], why)
        for edge, beside in ((start, start - 1), (end - 1, end)):
            if 0 <= beside < len(text) and {text[edge], text[beside]} <= _OF_NUMBERS:
                if any(begin <= beside < stop for begin, stop in self._spans):
                    continue
                known = json.dumps({"kind": "ignore", "start": beside, "length": 1})
                side = "before" if beside < edge else "behind"
                why = (
                    f"{text[beside]} stands {side} it, so the amount may be longer than the column. Change"
                    " start or length in the layout; if something else stands there, add that as"
                    f" a column, such as {known}."
                )
                raise _Unreadable("amount.cut", column.title, text[start:end].strip(), why)

    def _needed(self, texts: Mapping[str, str], kind: str) -> str:
        if not texts.get(kind):
            raise _Unreadable(f"row.{kind}", self._title(kind), "", "A line needs it.")
        return texts[kind]

    def _check_code(self, texts: Mapping[str, str], kind: str) -> None:
        """Codes repeat, so each is checked once."""
        text = texts.get(kind, "")
        if not text or text in self._sound:
            return
        if is_damaged(text):
            why = "A spreadsheet made it of a code or a formula."
            raise _Unreadable("row.damaged", self._title(kind), text, why)
        if sign := unseen(text):
            raise _Unreadable("row.damaged", self._title(kind), text, f"It holds {sign}, which nobody sees.")
        self._sound.add(text)

    def _check_currency(self, company: str, title: str, text: str) -> None:
        """A column that the layout does not know names the currency, which must be the one that is booked."""
        currency = self.currency_of(company)
        if text and currency and currency not in currencies_of(text):
            known = json.dumps({"kind": "ignore", "name": title}, ensure_ascii=False)
            why = (
                f"The connection books company {company} in {currency}. If the column says something else,"
                f" add it to the layout: {known}."
            )
            raise _Unreadable("row.currency", title, text, why)

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
            if debit is None and credit is None:
                raise _Unreadable("amount.missing", self._sides(), "", "A line needs an amount.")
            if debit and credit:
                why = "A line is a debit or a credit, not both."
                raise _Unreadable("amount.both_sides", self._sides(), f"{debit} and {credit}", why)
            return (credit.copy_negate(), "credit") if credit else (debit or _ZERO, "debit")
        amount = self._number(texts, "amount")
        if amount is None:
            raise _Unreadable("amount.missing", self._title("amount"), "", "A line needs an amount.")
        if self.layout.amount == "signed":
            return amount if self.layout.sign == "debit_positive" else amount.copy_negate(), ""
        if "side" not in texts:  # The flag stands behind the number and has become its sign.
            return amount, "credit" if amount.is_signed() else "debit"
        side = texts["side"]
        if side not in (self.layout.debit_flag, self.layout.credit_flag):
            why = f"Expected {self.layout.debit_flag} or {self.layout.credit_flag}."
            raise _Unreadable("row.side", self._title("side"), side, why)
        return (amount, "debit") if side == self.layout.debit_flag else (amount.copy_negate(), "credit")

    def _number(self, texts: Mapping[str, str], kind: str) -> Decimal | None:
        text = texts[kind]
        if not text:
            return None
        reader = self._numbers[kind]
        try:
            value = reader.read(text)
        except Unfit as error:
            raise _Unreadable(
                "amount.unreadable", self._title(kind), text, f"{error}{self._like()}"
            ) from None
        company = texts["company"]
        sign, currency = reader.currency, self.currency_of(company)
        if sign and sign in text and currency and (means := currencies_of(sign)) and currency not in means:
            why = f"The connection books company {company} in {currency}."
            raise _Unreadable("row.currency", self._title(kind), text, why)
        if company not in self._decimals:
            self._decimals[company] = self.decimals_of(company)
        decimals = self._decimals[company]
        if value and decimals is not None and (why := reader.ambiguous(text, decimals)):
            raise _Unreadable("amount.unreadable", self._title(kind), text, f"{why}{self._like()}")
        return value

    def _like(self) -> str:
        """How keys are added to a shipped layout."""
        name = shipped_as(self.layout)
        return f' {{"like": "{name}", …}} is {name} with keys of your own.' if name else ""

    def _date(self, texts: Mapping[str, str], kind: str) -> date:
        form, text = self._columns[kind].date_format, texts.get(kind, "")
        found = self._dates.get((form, text))
        if found is None:
            if form not in self._date_readers:
                self._date_readers[form] = DateReader(form)
            reader = self._date_readers[form]
            try:
                found = reader.read(text)
            except ValueError as error:
                raise _Unreadable("row.date", self._title(kind), text, str(error)) from None
            if found.year not in YEARS:
                why = f"No pay is of the year {found.year:04}."
                raise _Unreadable("row.date", self._title(kind), text, why)
            self._dates[form, text] = found
        return found

    def _sides(self) -> str:
        return f"{self._title('debit')}, {self._title('credit')}"

    def _title(self, kind: str) -> str:
        return self._columns[kind].title if kind in self._columns else kind
