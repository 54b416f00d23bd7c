"""From the bytes of a general-ledger file to the values of its lines: header, titles, trailer, quotes.

What concerns the whole file raises `Refused`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from ml_connector.connectors.ukg_pro.currency_signs import names_currency
from ml_connector.connectors.ukg_pro.file_text import is_blank, last_line, text_lines
from ml_connector.connectors.ukg_pro.layout import Layout
from ml_connector.connectors.ukg_pro.translate import shown
from ml_connector.domain.problem import Owner
from ml_connector.errors import Refused

REMEDY = "Correct the export in UKG and write the file again; nothing of it is posted until then."
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def named(expression: str, name: str) -> list[dict[str, str | None]]:
    """What the layout's expression takes from the name of a file, by kind, each reading once: more than one
    where it matches in places with different values, none where it does not match.
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
class FileRecords:
    """The records of one file, read once. `check_head` is asked about each line of the header: it raises
    `Refused` for one that is a posting.

    `trailer` holds the totals of the last line, `once` the values that the file has once, `places` the
    columns that were found by their titles, `currencies` those that the layout does not know and that name a
    currency. `width` is the number of columns, where a line of titles (`titled`) has set it.
    """

    name: str
    layout: Layout
    check_head: Callable[[int, str], None]
    trailer: Mapping[str, str] | None = None
    once: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    currencies: dict[int, str] = field(default_factory=dict)
    listed: set[int] = field(default_factory=set)
    width: int | None = None
    titled: bool = False

    def __post_init__(self) -> None:
        self.once.update((column.kind, column.value) for column in self.layout.columns if column.value)
        self.listed.update(column.index for column in self.layout.columns if column.index is not None)

    def refused(self, code: str, text: str, where: str) -> Refused:
        """The error that refuses the whole file."""
        return Refused(f"{text} {REMEDY}", where=f"{self.name}: {where}", owner=Owner.PAYROLL, code=code)

    # --- what stands once per file --------------------------------------------------------------------------

    def read_once(self, file: BinaryIO) -> None:
        """Reads the values that the file's name and its trailer give for every line."""
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
                self.once[column.kind] = value.strip()

    # --- from bytes to values -------------------------------------------------------------------------------

    def records(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Number and values of every line of pay, in order."""
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
                self.check_head(number, text)
        rest = ((number, text) for number, text in lines if not (skip and skip.fullmatch(text.strip())))
        if layout.format == "fixed":
            yield from ((number, [text]) for number, text in rest if not is_blank(text))
        else:
            yield from self._delimited(rest)

    def _delimited(self, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
        """Values of each line. A quoted value ends in the line that it begins in: one that continued would
        take the next lines as its text, and their postings would be lost.
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
            for values in self.split(texts()):
                within = False
                if not all(is_blank(value) for value in values):
                    yield reached, values
        except csv.Error as error:
            why = f"Line {reached} cannot be split into columns: {error}."
            raise self.refused("file.quotes", why, f"line {reached}") from error

    def split(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """The values of delimited lines. Raises `csv.Error`."""
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
            titles = next(self.split([line]), [])
        except csv.Error as error:
            raise self.refused("file.quotes", f"The titles cannot be split: {error}.", "titles") from error
        found: dict[str, int] = {}
        for place, title in enumerate(titles):
            earlier = found.setdefault(_folded(title), place)
            title = title.strip()
            if title and earlier != place and self.layout.has_titles:
                text = (
                    f"The title {shown(title)} is used twice, in columns {earlier + 1} and {place + 1}."
                    " Give each column its own title, or let the layout find all its columns by index."
                )
                raise self.refused("file.title_twice", text, f"column {title}")
        self.width, self.titled = len(titles), True
        for column in self.layout.columns:
            if not column.name:
                continue
            if _folded(column.name) not in found:
                text = (
                    f"The header has no column {column.name}; it has {', '.join(map(shown, titles))}."
                    f" {self._other_separator(line) or 'Add the column, or change the layout.'}"
                )
                raise self.refused("file.column", text, f"column {column.name}")
            self.places[column.name] = found[_folded(column.name)]
        known = {*self.places.values(), *self.listed}
        self.currencies.update(
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
