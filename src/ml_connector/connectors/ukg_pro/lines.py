"""Lines of a general-ledger file, read by its layout: pure but for the file they come from.

A line that cannot be read becomes a `Problem` that names the line, the column, the value and the remedy. What
concerns the whole file (its encoding, its header, its trailer) raises `Refused`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import BinaryIO

from ml_connector.connectors.ukg_pro.amounts import NumberReader, Unfit
from ml_connector.connectors.ukg_pro.currency_signs import currencies_of, names_currency
from ml_connector.connectors.ukg_pro.dates import DateReader
from ml_connector.connectors.ukg_pro.file_text import is_blank, last_line, text_lines
from ml_connector.connectors.ukg_pro.layout import AXES, Column, Layout
from ml_connector.connectors.ukg_pro.translate import axes, shown
from ml_connector.domain.codes import is_damaged, unseen
from ml_connector.domain.dimension import Dimensions
from ml_connector.domain.period import YEARS
from ml_connector.domain.problem import Owner, Problem
from ml_connector.errors import Refused

REMEDY = "Correct the export in UKG and write the file again; nothing of it is posted until then."
AMOUNTS = ("debit", "credit", "amount")
CODES = ("company", "account", *AXES, "pay_group", "pay_code", "period_control", "run_kind", "run_number")
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_WHOLE = re.compile(r"[-+(]?[0-9]{1,9}")
_GOES_ON, _GOES_ON_ZERO = re.compile(r"[0-9]{2,3}(\.[0-9]+)?[-)]?"), re.compile(r"0[0-9]{2}(\.[0-9]+)?[-)]?")
"""What stands in the next column where a comma cut an amount: in one that the layout does not know, and in
one that it knows, where no amount begins with so many zeros."""
_OF_NUMBERS = frozenset("0123456789.,+-\u2212()")
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
    run_kind: str
    run_number: str


class _Unreadable(Exception):
    """A value of a line that cannot be read."""

    def __init__(self, code: str, column: str, value: str, why: str) -> None:
        self.code, self.column, self.value, self.why = code, column, value, why


def named(expression: str, name: str) -> list[dict[str, str | None]]:
    """What the layout's expression takes from the name of a file, by kind, each reading once: more than one
    where it matches in places that say different things, none where it does not match.
    """
    matches = list(re.finditer(expression, name))
    found: list[dict[str, str | None]] = []
    for match in [*matches[:1], *(match for match in matches[1:] if match[0])]:
        if (values := match.groupdict()) not in found:
            found.append(values)
    return found


def _folded(title: str) -> str:
    """A title as titles are compared: case, and how many blanks of which kind, do not count."""
    return " ".join(title.split()).lower()


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads one file once. `trailer` holds the totals of the last line, when the layout has one and it was
    reached. `decimals_of` says how many decimals the currency of a company has, where that is known, and
    `currency_of` the currency that its lines are booked in; empty where there is none, or nothing is booked.
    """

    name: str
    layout: Layout
    decimals_of: Callable[[str], int | None]
    currency_of: Callable[[str], str]
    trailer: Mapping[str, str] | None = None
    _spans: list[tuple[int, int]] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)
    _currencies: dict[int, str] = field(default_factory=dict)
    _width: int | None = None
    _titled: bool = False
    _listed: set[int] = field(default_factory=set)
    _once: dict[str, str] = field(default_factory=dict)
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
        flags = (self.layout.debit_flag, self.layout.credit_flag)
        used = [column for column in self.layout.columns if column.kind != "ignore"]
        self._columns.update((column.kind, column) for column in used)
        self._per_line += [column for column in used if column.per_line]
        self._codes += [kind for kind in CODES if kind in self._columns]
        self._listed.update(column.index for column in self.layout.columns if column.index is not None)
        self._spans += [column.span for column in self.layout.columns if column.per_line]
        for column in used:
            self._once.update({column.kind: column.value} if column.value else {})
            if column.kind in AMOUNTS:
                numbers = column.numbers or self.layout.numbers
                self._numbers[column.kind] = NumberReader(numbers, column.decimals, flags)

    def lines(self, file: BinaryIO) -> Iterator[Line | Problem]:
        """Every line of the file, in order. Raises `Refused` for what concerns the whole file."""
        self._read_once(file)
        for number, values in self._records(file):
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
            raise self.refused("file.trailer", why, "trailer") from None

    def _minor_of(self, name: str) -> int | None:
        column = self.layout.column(name) or self.layout.column("amount")
        return column.decimals if column else None

    def refused(self, code: str, text: str, where: str) -> Refused:
        """The refusal of the whole file."""
        return Refused(f"{text} {REMEDY}", where=f"{self.name}: {where}", owner=Owner.PAYROLL, code=code)

    # --- what stands once per file --------------------------------------------------------------------------

    def _read_once(self, file: BinaryIO) -> None:
        layout = self.layout
        if layout.file_name:
            found = named(layout.file_name, self.name)
            if len(found) > 1:
                each = (", ".join(filter(None, values.values())) for values in found)
                text = (
                    f"The layout's file_name, {layout.file_name}, matches the name in more than one way:"
                    f" {' and '.join(map(shown, each))}. Give the file the name"
                    " that the export gave it, or say in the expression which part is meant."
                )
                raise self.refused("file.file_name", text, "name")
            self._keep("file_name", layout.file_name, next(iter(found), None), self.name, "name")
        if any(column.source == "trailer" for column in layout.columns):
            number, text = last_line(file, layout.encoding, self.refused)
            match = re.fullmatch(layout.trailer, text.strip())
            self._keep("trailer", layout.trailer, match and match.groupdict(), text, f"line {number}")

    def _read_head(self, lines: list[str]) -> None:
        head = "\n".join(line.rstrip("\r\n") for line in lines)
        for expression in self.layout.heads:
            found = list(re.compile(expression, re.MULTILINE).finditer(head))
            if len(found) > 1:
                text = f"The layout's head, {expression}, matches {len(found)} times and must match once."
                raise self.refused("file.head", text, "head")
            self._keep("head", expression, found[0].groupdict() if found else None, head, "head")

    def _keep(
        self, place: str, expression: str, found: Mapping[str, str | None] | None, text: str, where: str
    ) -> None:
        """Keep the values of the columns that are taken from this place."""
        if found is None:
            text = f"{shown(text.strip()) or 'Nothing'} does not match the layout's {place}, {expression}."
            raise self.refused(f"file.{place}", text, where)
        for column in self.layout.columns:
            if column.source == place and (value := found.get(column.kind)) is not None:
                self._once[column.kind] = value.strip()

    # --- from bytes to values -------------------------------------------------------------------------------

    def _records(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        layout, lines = self.layout, self._postings(file)
        first = list(islice(lines, layout.header_rows))
        head = [text for _, text in first]
        if len(head) < layout.header_rows:
            what = "is empty" if not head else f"has {len(head)} lines"
            text = f"The file {what}, and the layout's header alone has {layout.header_rows}."
            raise self.refused("file.empty", text, "lines")
        self._read_head(head)
        if layout.has_titles or (head and layout.format == "delimited" and not layout.heads):
            self._header(head[-1])
        skip = re.compile(layout.skip) if layout.skip else None
        for number, text in first:
            if not (skip and skip.fullmatch(text.strip())):
                self._check_head(number, text)
        rest = ((number, text) for number, text in lines if not (skip and skip.fullmatch(text.strip())))
        if layout.format == "fixed":
            yield from ((number, [text]) for number, text in rest if not is_blank(text))
        else:
            yield from self._delimited(rest)

    def _check_head(self, number: int, text: str) -> None:
        """A line of the head that reads as a posting is one: the file has less of a head, or none."""
        try:
            values = [text] if self.layout.format == "fixed" else next(self._csv([text]), [])
            line = self._posting(number, values)
        except (_Unreadable, csv.Error):
            return
        why = (
            f"Line {number} is in the header of {self.layout.header_rows} lines that the layout has, and it"
            f" reads as a posting on account {shown(line.account)}. Set header_rows to the lines before the"
            " postings; where it is none, let the layout's skip match it."
        )
        raise self.refused("file.header", why, f"line {number}")

    def _delimited(self, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
        """Values of each line. A quoted value ends in the line that it begins in: one that goes on takes the
        lines behind it for its text, and what they post is lost.
        """
        reached, within = 0, False

        def texts() -> Iterator[str]:
            nonlocal reached, within
            for number, text in lines:
                if within:
                    why = (
                        f"A value of line {reached} begins with a quote and does not end there, so line"
                        f" {number} would be read as part of it. Take the quote away, double it, or take the"
                        " line break out of the text."
                    )
                    raise self.refused("file.quotes", why, f"line {reached}")
                reached, within = number, True
                yield text

        try:
            for values in self._csv(texts()):
                within = False
                if not all(is_blank(value) for value in values):
                    yield reached, values
        except csv.Error as error:
            why = f"Line {reached} cannot be split into columns: {error}."
            raise self.refused("file.quotes", why, f"line {reached}") from error

    def _csv(self, texts: Iterable[str]) -> Iterator[list[str]]:
        quote = self.layout.quote
        return csv.reader(
            texts,
            delimiter=self.layout.delimiter,
            quotechar=quote or None,
            strict=True,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )

    def _postings(self, file: BinaryIO) -> Iterator[tuple[int, str]]:
        """The lines up to the trailer, which is kept; without the line that only names the separator."""
        ends = re.compile(self.layout.trailer) if self.layout.trailer else None
        for number, text in text_lines(file, self.layout.encoding, self.refused):
            if self.trailer is not None and not is_blank(text):
                raise self.refused(
                    "file.trailer", f"Line {number} comes after the trailer.", f"line {number}"
                )
            if ends is not None and (match := ends.fullmatch(text.strip())):
                self.trailer = match.groupdict()
            elif self.trailer is None and not (number == 1 and self._names_separator(text)):
                yield number, text

    def _names_separator(self, text: str) -> bool:
        return self.layout.format == "delimited" and text.strip().lower() == f"sep={self.layout.delimiter}"

    def _header(self, line: str) -> None:
        try:
            titles = next(self._csv([line]), [])
        except csv.Error as error:
            raise self.refused("file.quotes", f"The titles cannot be split: {error}.", "titles") from error
        found: dict[str, int] = {}
        for place, title in enumerate(titles):
            earlier = found.setdefault(_folded(title), place)
            title = title.strip()
            if title and earlier != place and self.layout.has_titles:
                text = (
                    f"The title {shown(title)} stands twice, in columns {earlier + 1} and {place + 1}. Give"
                    " each column its own title, or let the layout find all its columns by index."
                )
                raise self.refused("file.title_twice", text, f"column {title}")
        self._width, self._titled = len(titles), True
        for column in self.layout.columns:
            if not column.name:
                continue
            if _folded(column.name) not in found:
                text = (
                    f"The header has no column {column.name}; it has {', '.join(map(shown, titles))}."
                    f" {self._other_separator(line) or 'Add the column, or change the layout.'}"
                )
                raise self.refused("file.column", text, f"column {column.name}")
            self._places[column.name] = found[_folded(column.name)]
        known = {*self._places.values(), *self._listed}
        self._currencies.update(
            (place, title.strip())
            for place, title in enumerate(titles)
            if place not in known and names_currency(title)
        )

    def _other_separator(self, line: str) -> str:
        """What to do where the titles are all there, behind another separator."""
        names = {_folded(column.name) for column in self.layout.columns if column.name}
        for sign, name in SEPARATORS.items():
            if sign != self.layout.delimiter and names <= {_folded(title) for title in line.split(sign)}:
                return f'Its columns are separated by {name}: add "delimiter": "{sign}" to the layout.'
        return ""

    # --- from values to a line ------------------------------------------------------------------------------

    def _line(self, number: int, values: list[str]) -> Line:
        self._check_width(values)
        return self._posting(number, values)

    def _posting(self, number: int, values: list[str]) -> Line:
        texts = dict(self._once)
        for column in self._per_line:
            texts[column.kind] = self._value(column, values)
        for kind in self._codes:
            self._check_code(texts, kind)
        codes = tuple(texts.get(axis, "") for axis in AXES)
        if codes not in self._axes:
            self._axes[codes] = axes(dict(zip(AXES, codes, strict=True)))
        company = self._needed(texts, "company")
        for place, title in self._currencies.items():
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
        the others, or an amount goes on in the next column.
        """
        if self.layout.format == "fixed":
            return
        self._width = self._width or len(values)
        more = len(values) > self._width and (self._titled or not all(map(is_blank, values[self._width :])))
        if len(values) < self._width or more:
            why = f"The {'header' if self._titled else 'first line'} has {self._width} columns."
            raise _Unreadable("row.columns", "number of columns", str(len(values)), why)
        if self.layout.delimiter != "," or self._titled:
            return
        for column in self._per_line:
            place = column.index
            if column.kind in AMOUNTS and place is not None and place + 1 < len(values):
                text, rest = values[place].strip(), values[place + 1].strip()
                goes_on = _GOES_ON_ZERO if place + 1 in self._listed else _GOES_ON
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
        place = self._places.get(column.name, column.index)
        if place is None or place >= len(values):
            raise _Unreadable("row.short", column.title, "missing", f"The line has {len(values)} columns.")
        return values[place].strip()

    def _check_whole(self, column: Column, text: str) -> None:
        """The number of a fixed column ends with it: none goes on in characters that no column has."""
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
        """Codes repeat, so each is looked at once."""
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
        """A column that the layout does not know says the currency, and it is the one that is booked."""
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
        name = self.layout.shipped_as
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
