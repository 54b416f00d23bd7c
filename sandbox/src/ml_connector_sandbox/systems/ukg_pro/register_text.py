"""Text, rows and amounts out of a register as a spreadsheet saves it; whatever has two readings is refused.

Encodings: UTF-8 and UTF-16 by their marks, UTF-8 without one, else Windows-1252 where no letter can be
another one. Separators: comma, semicolon or tab, whichever gives the most titles. Amounts: the last mark with
one or two digits behind it is the decimal mark; marks before every three digits group them.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence

SEPARATORS = (",", ";", "\t")
LINE_CHARACTERS_MAX = 10_000
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PLAIN = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,2})?")
_GROUPED = re.compile(
    r"[0-9]{1,3}(?P<group>[,.' \u00a0\u202f\u2019])[0-9]{3}(?:(?P=group)[0-9]{3})*(?P<mark>[.,])[0-9]{1,2}"
)
Refuse = Callable[[str], Exception]
"""Makes the error for what is wrong with the file."""


def text_of(data: bytes, refuse: Refuse) -> str:
    """The text of the file. Raises what `refuse` makes, with the line."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise refuse("is a workbook; save the sheet as CSV UTF-8")
    mark, encoding = next((pair for pair in _MARKS if data.startswith(pair[0])), (b"", ""))
    try:
        text = data[len(mark) :].decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise refuse(f"line {_line(data, error.start)} is not {encoding.upper()}") from error
        text = _windows(data, error.start, refuse)
    if "\0" in text:
        raise refuse("holds NUL characters, as UTF-16 without its mark does; save the file as UTF-8")
    return text


def _windows(data: bytes, first: int, refuse: Refuse) -> str:
    """The text as Windows-1252. Older encodings have letters where it has signs, so a sign beside a letter is
    not believed.
    """
    why = "line {0} is not UTF-8 (byte 0x{1:02x}); save the file as UTF-8"
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise refuse(why.format(_line(data, first), data[first])) from None
    for place, byte in enumerate(data):
        sign = 0x80 <= byte <= 0xBF or byte in b"\xd7\xf7"
        if sign and (text[place - 1 : place].isalpha() or text[place + 1 : place + 2].isalpha()):
            raise refuse(why.format(_line(data, place), byte))
    return text


def _line(data: bytes, place: int) -> int:
    return data[:place].count(b"\n") + 1


def rows_of(text: str, known: Sequence[str], refuse: Refuse) -> Iterator[tuple[int, list[str]]]:
    """Every row that holds something, trimmed, with the number of its line; the first are the titles."""
    lines = list(io.StringIO(text, newline="" if "\n" in text else None))
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_CHARACTERS_MAX:
            raise refuse(f"line {number} is longer than {LINE_CHARACTERS_MAX} characters")
    before = 0
    if lines and (said := re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE)):
        separator, before = said[1], 1
    else:
        head = next((line for line in lines if line.strip(" \t\r\n,;")), "")
        titles = {mark: _titles(head, mark) for mark in SEPARATORS}
        separator = max(SEPARATORS, key=lambda mark: len(titles[mark] & set(known)))
    reader = csv.reader(lines[before:], delimiter=separator, strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield before + reader.line_num, cells
    except csv.Error as error:
        raise refuse(f"line {before + reader.line_num} is not CSV ({error})") from error


def _titles(head: str, separator: str) -> set[str]:
    return {title.strip(' "\r\n').lower() for title in head.split(separator)}


def cents_of(text: str) -> int | None:
    """The amount in cents, `None` for what is none or could be two."""
    plain = re.sub(r"^([(-]?)\s*\$\s*", r"\1", text.replace("\u2212", "-"))
    if plain.startswith("(") and plain.endswith(")"):
        sign, plain = -1, plain[1:-1]
    elif plain.startswith("-") or plain.endswith("-"):
        sign, plain = -1, plain.removeprefix("-") if plain.startswith("-") else plain.removesuffix("-")
    else:
        sign = 1
    plain = plain.strip()
    if match := _GROUPED.fullmatch(plain):
        if match["group"] == match["mark"]:
            return None
        plain = re.sub(rf"{re.escape(match['group'])}(?=[0-9]{{3}})", "", plain)
    elif not _PLAIN.fullmatch(plain):
        return None
    whole, _, fraction = plain.replace(",", ".").partition(".")
    return sign * (int(whole) * 100 + int(fraction.ljust(2, "0"))) if len(whole) <= 12 else None
