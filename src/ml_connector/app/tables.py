"""Tables as spreadsheets save them: text out of bytes, rows out of text, and every problem of them.

    encoding    UTF-8 with or without its mark, UTF-16 with its mark, Windows-1252 where no letter can be
                another one
    separator   comma, semicolon or tab, told apart by the titles; a first line `sep=;` is obeyed
    rows        cells trimmed, and without the apostrophe that keeps a spreadsheet from calculating them; a
                row of nothing but separators is none

Whatever could be read in two ways is refused, with what to do in the spreadsheet.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ml_connector.app.spreadsheet import bare
from ml_connector.domain.codes import is_damaged, unseen
from ml_connector.domain.problem import Problem

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
SAVE = "Save it as CSV UTF-8 and import it again."
LISTED = 10
_SHOWN = 40
_ENDS = ("\n", "\r")
_MARKS = (
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class TableError(ValueError):
    """The table cannot be read; every problem of it is kept."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.text for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row that holds something: the number of its line, and its cells by title."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, title: str) -> str:
        return self.cells.get(title, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Titles:
    """What a table may have as titles. `known` gives the name a title stands for, or `None`; then one of
    `expected` is proposed, or what `meant` says of a title that people write for it. `choice` is the list in
    words.
    """

    required: Sequence[str]
    known: Callable[[str], str | None]
    expected: Sequence[str]
    choice: str
    meant: Mapping[str, str] = field(default_factory=dict)


def read_table(data: bytes, titles: Titles) -> list[Row]:
    """The rows of the table. Raises `TableError` with every problem of titles or rows."""
    lines = _lines(_text(data))
    separator, first = _separator(lines, titles)
    if not lines[first:]:
        raise TableError([_missing(titles.required, [])])
    rows = _split(lines[first:], separator, first)
    number, titled = next(rows, (1, []))
    head = [title.strip() for title in titled]
    names = _names(head, titles)
    found: list[Row] = []
    problems: list[Problem] = []
    for number, values in rows:
        if not any(values):
            continue
        problems += _row_problems(number, values, names, head)
        cells = {name: value for name, value in zip(names, values, strict=False) if name}
        found.append(Row(number=number, cells={**dict.fromkeys(filter(None, names), ""), **cells}))
        if (
            len(values) < len(names)
            and number == first + len(lines[first:])
            and not lines[-1].endswith(_ENDS)
        ):
            text = (
                f"Line {number}, the last, ends after {len(values)} of {len(names)} columns, in the middle of"
                " a line: the file was cut off. Save it again; or end the line, where it is whole."
            )
            problems.append(Problem("table.cut", f"line {number}", text))
    if problems:
        raise TableError(problems)
    return found


def in_lines(what: str, found: Sequence[tuple[int, str]], expected: str) -> str:
    """One sentence for all lines whose value cannot be read: `valid_from is '1/2/2026' in line 2, …`."""
    parts: list[str] = []
    by_value: dict[str, list[int]] = {}
    for number, value in found:
        by_value.setdefault(value, []).append(number)
    for value, numbers in list(by_value.items())[:LISTED]:
        listed = ", ".join(map(str, numbers[:LISTED])) + (", …" if len(numbers) > LISTED else "")
        parts.append(f"{value!r} in line{'s' * (len(numbers) > 1)} {listed}")
    more = f" and {len(by_value) - LISTED} more values" if len(by_value) > LISTED else ""
    return f"{what} is {'; '.join(parts)}{more}, expected {expected}."


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known name that this one is probably meant to be; empty where none is as near as the cutoff, of
    which 1 is equal but for marks and capitals.
    """
    plain = {_plain(each): each for each in known}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=cutoff)
    return plain[close[0]] if close else ""


def _plain(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.casefold())


# --- bytes and lines ----------------------------------------------------------------------------------------


def _text(data: bytes) -> str:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        text = f"This is a workbook, not a table of text. {SAVE}"
        raise TableError([Problem("table.workbook", "table", text)])
    mark, encoding = next((pair for pair in _MARKS if data.startswith(pair[0])), (b"", ""))
    if mark and not encoding:
        raise TableError([Problem("table.encoding", "table", f"The table is in UTF-32. {SAVE}")])
    try:
        text = data[len(mark) :].decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise TableError([_undecodable(data, error.start, encoding)]) from None
        text = _windows(data)
    if "\0" in text:
        why = f"The table holds NUL characters, as UTF-16 without its mark does. {SAVE}"
        raise TableError([Problem("table.encoding", "table", why)])
    return text


def _windows(data: bytes) -> str:
    """The text as Windows-1252, which Excel writes in western Europe. Where that has signs, older encodings
    have letters (80 to BF, × and ÷), so such a byte beside a letter is not believed.
    """
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise TableError([_undecodable(data, error.start, "UTF-8 or Windows-1252")]) from None
    for place, byte in enumerate(data):
        sign = 0x80 <= byte <= 0xBF or byte in b"\xd7\xf7"
        if sign and (_in_word(text, place - 1) or _in_word(text, place + 1)):
            line = data[:place].count(b"\n") + 1
            why = (
                f"Line {line} is not valid UTF-8, and its byte {byte:02x} is another letter in each other"
                f" encoding. {SAVE}"
            )
            raise TableError([Problem("table.encoding", f"line {line}", why)])
    return text


def _in_word(text: str, place: int) -> bool:
    return 0 <= place < len(text) and text[place].isalpha()


def _undecodable(data: bytes, start: int, encoding: str) -> Problem:
    line = data[:start].count(b"\n") + 1
    return Problem("table.encoding", f"line {line}", f"Line {line} is not valid {encoding}. {SAVE}")


def _lines(text: str) -> list[str]:
    """Lines with their ends, as a file that is opened for CSV gives them; `\\r` alone ends a line where it is
    the only end there is.
    """
    return list(io.StringIO(text, newline="" if "\n" in text else None))


def _separator(lines: Sequence[str], titles: Titles) -> tuple[str, int]:
    """The separator, and the number of lines before the titles: the separator that gives most titles a
    meaning, commas where none does.
    """
    if lines and (said := re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE)):
        return said[1], 1
    first = next((number for number, line in enumerate(lines) if line.strip(" \t\r\n,;")), 0)

    def understood(separator: str) -> int:
        try:
            _, head = next(_split(lines[first:], separator, first), (1, []))
        except TableError:
            return 0
        return sum(1 for title in head if titles.known(title))

    return max(SEPARATORS, key=understood), first


def _split(lines: Sequence[str], separator: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """The number of the line that each row begins in, and its cells; one with a line end as it is."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        number = before + reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            why = f"Line {number} cannot be read as CSV: {error}. Look for a quote that is not closed."
            raise TableError([Problem("table.csv", f"line {number}", why)]) from error
        if values is None:
            return
        yield number, [value if _holds_end(value) else bare(value.strip()) for value in values]


def _holds_end(value: str) -> bool:
    return any(end in value for end in _ENDS)


# --- titles and rows ----------------------------------------------------------------------------------------


def _names(head: Sequence[str], titles: Titles) -> list[str]:
    """The name of each column; empty for one without a title. Raises `TableError` for titles that are
    missing, unknown or there twice.
    """
    names = [titles.known(title) if title else "" for title in head]
    problems = []
    for place, title in enumerate(head):
        name = names[place]
        if name is None:
            near = titles.meant.get(_plain(title)) or nearest(title, titles.expected)
            hint = f" Did you mean {near}?" if near else ""
            why = f"Column {place + 1} is called {title!r}, which is not known.{hint}"
            why += f" It may be {titles.choice}."
            problems.append(Problem("table.column_unknown", f"column {title}", why))
        elif name and name in names[:place]:
            earlier = names.index(name)
            why = (
                f"The title {name} is used twice, in columns {earlier + 1} and {place + 1}. Keep the one that"
                " is meant."
            )
            problems.append(Problem("table.title_twice", f"column {name}", why))
    if missing := [name for name in titles.required if name not in names]:
        one = len(list(filter(None, head))) == 1
        problems = [_missing(missing, head), *(() if one else problems)]
    if problems:
        raise TableError(problems)
    return [name or "" for name in names]


def _missing(missing: Sequence[str], head: Sequence[str]) -> Problem:
    text = f"The table has no column {', '.join(missing)}; it has {', '.join(head) or 'none'}."
    if len([title for title in head if title]) == 1:
        text += " The titles must be separated by commas, semicolons or tabs."
    return Problem("table.column_missing", missing[0], text)


def _row_problems(
    number: int, values: Sequence[str], names: Sequence[str], head: Sequence[str]
) -> Iterator[Problem]:
    if any(values[len(names) :]) and not any(map(_holds_end, values[: len(names)])):
        text = f"Line {number} has more cells than the table has columns. Look for a separator too many."
        yield Problem("table.cells", f"line {number}", text)
    for place, value in enumerate(values[: len(names)]):
        if _holds_end(value):
            text = (
                f"Line {number}: {head[place] or f'column {place + 1}'} is {value[:_SHOWN]!r} and continues"
                " in the"
                " next line, so the lines behind it would be read as part of it. Take the quote or the"
                " line break out of the cell."
            )
            yield Problem("table.line_end", f"line {number}", text)
            return
        if value and not names[place]:
            text = f"Line {number} holds {value!r} in column {place + 1}, which has no title."
            yield Problem("table.cells", f"line {number}", text)
        if sign := unseen(value):
            text = (
                f"Line {number}: {head[place]} is {value!r} and holds {sign}, which is invisible. Type the"
                " value again."
            )
            yield Problem("table.damaged", f"line {number}", text)
        if is_damaged(value):
            text = (
                f"Line {number}: {head[place]} is {value!r}, which a spreadsheet made of a code or a formula."
                " Format the column as text, and type the value again."
            )
            yield Problem("table.damaged", f"line {number}", text)
