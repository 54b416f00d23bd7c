"""Lines of text out of the bytes of a file: its encoding, its line ends, and where neither can be read.

A byte order mark at the start of the file is more reliable than the setting of the encoding, so the mark
counts. Lines end as the first one does: `\\n`, `\\r\\n`, or `\\r` alone, as spreadsheets on old Macs write
it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ml_connector.connectors.ukg_pro.layout import is_utf16
from ml_connector.errors import Refused

LINE_BYTES_MAX = 100_000
_ENDS = re.compile("[\r\n]")
END_MARK = "\x1a"
"""What old systems write behind the last character of a file."""
_CHUNK = 1 << 16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook or another packed file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook or another Office file",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a packed file",
}
Refuse = Callable[[str, str, str], Refused]
"""Makes the refusal of the file from a code, a text and the place in the file."""


def text_lines(file: BinaryIO, encoding: str, refuse: Refuse) -> Iterator[tuple[int, str]]:
    """Every line with its number from 1, its end included. Raises what `refuse` makes for a file that is no
    text, is in another encoding, has a line that is too long, or holds a line end in the middle of a line:
    neither columns nor quotes may hide a line.
    """
    file.seek(0)
    start = file.read(8)
    for mark, what in _NO_TEXT.items():
        if start.startswith(mark):
            raise refuse("file.kind", f"The file is {what}. Save it as CSV.", "start")
    mark, encoding = _marked(start, encoding)
    if encoding == "utf-32":
        raise refuse("file.encoding", "The file is in UTF-32. Deliver it as UTF-8.", "start")
    if codecs.lookup(encoding).name == "utf-16":
        why = "The file does not start with the mark of UTF-16. Set the layout's encoding to utf-16-le or"
        raise refuse("file.encoding", f"{why} utf-16-be, or deliver the file as UTF-8.", "start")
    file.seek(len(mark))
    raw = _wide_lines(file, encoding) if is_utf16(encoding) else _lines(file)
    for number, line in enumerate(raw, 1):
        if len(line) > LINE_BYTES_MAX:
            raise refuse(
                "file.line", f"Line {number} is longer than {LINE_BYTES_MAX:,} bytes.", f"line {number}"
            )
        text = _decoded(line, number, encoding, refuse)
        if _ENDS.search(text.rstrip("\r\n")):
            why = f"Line {number} holds the end of another line: the file mixes line ends. Write it with one."
            raise refuse("file.ends", why, f"line {number}")
        text = text.lstrip("\ufeff") if number == 1 else text
        yield number, text if text.endswith(("\n", "\r")) else text.rstrip(END_MARK)


def last_line(file: BinaryIO, encoding: str, refuse: Refuse) -> tuple[int, str]:
    """The last line that is not blank, with its number; `(0, "")` in a file without one."""
    found = (0, "")
    for number, text in text_lines(file, encoding, refuse):
        if not is_blank(text):
            found = (number, text)
    return found


def is_blank(text: str) -> bool:
    """Whether the line holds nothing; an end mark is nothing."""
    return not text.strip(f" \t\r\n{END_MARK}\xa0")


def _marked(start: bytes, encoding: str) -> tuple[bytes, str]:
    """The mark that the file starts with, and the encoding that counts."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return mark, name
    return b"", encoding


def _lines(file: BinaryIO) -> Iterator[bytes]:
    place = file.tell()
    start = file.read(LINE_BYTES_MAX)
    file.seek(place)
    if b"\n" in start or b"\r" not in start:
        while line := file.readline(LINE_BYTES_MAX + 1):
            yield line
        return
    yield from _split(file, b"\r", 1)


def _wide_lines(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Lines of an encoding with two bytes to a character, cut at an end that lies on such a pair."""
    place = file.tell()
    start = file.read(LINE_BYTES_MAX).decode(encoding, "replace")
    file.seek(place)
    end = "\r" if "\r" in start and "\n" not in start else "\n"
    yield from _split(file, end.encode(encoding), 2)


def _split(file: BinaryIO, end: bytes, width: int) -> Iterator[bytes]:
    rest = b""
    while chunk := file.read(_CHUNK):
        rest += chunk
        begin, seen = 0, 0
        while (found := rest.find(end, seen)) >= 0:
            seen = found + 1
            if (found - begin) % width == 0:
                yield rest[begin : found + width]
                begin = seen = found + width
        rest = rest[begin:]
        if len(rest) > LINE_BYTES_MAX:
            break
    if rest:
        yield rest


def _decoded(line: bytes, number: int, encoding: str, refuse: Refuse) -> str:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError as error:
        value = line[error.start : error.end].hex(" ")
        why = f"Line {number} is not {encoding} at byte {error.start + 1}: {value}. {_advice(encoding)}"
        raise refuse("file.encoding", why, f"line {number}") from error
    if "\0" in text:
        why = (
            f"Line {number} holds NUL characters, so the file is no text in {encoding}. If it is UTF-16, set"
            " the layout's encoding to utf-16-le or utf-16-be."
        )
        raise refuse("file.encoding", why, f"line {number}")
    return text


def _advice(encoding: str) -> str:
    if codecs.lookup(encoding).name == "utf-8":
        return "Set the layout's encoding to the file's, for example cp1252, or deliver the file as UTF-8."
    return "Set the layout's encoding to the file's, or deliver the file as UTF-8."
