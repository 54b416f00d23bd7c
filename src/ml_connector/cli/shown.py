"""How text of vendors and users is shown: as it is, never obeyed.

A vendor's message, a mapping, a reason that somebody typed may hold anything: the codes of a terminal, marks
that turn the order of writing round, the markup of the library that draws our tables. All of it is text here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.status import Status
from rich.table import Table
from rich.text import Text

TEXT_MIN = 20
"""Columns of text give way to amounts down to so many characters."""
_GAP, _NARROW_GAP = 3, 1
_OBEYED = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
"""What a terminal would obey or not show: control characters, marks of the order of writing, characters
without width, halves of pairs. Tab and line feed are apart.
"""
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
_IN_TEXT, _IN_FIELD = re.compile(f"[{_OBEYED}]"), re.compile(f"[{_OBEYED}\t\n]")


def visible(text: str) -> str:
    """The text with every character that a terminal would obey written out, as `\\x1b`; lines stay lines."""
    return _IN_TEXT.sub(_written_out, text)


def visible_field(text: str) -> str:
    """As `visible`, on one line: a line feed could feign a line of ours."""
    return _IN_FIELD.sub(_written_out, text)


def json_visible(text: str) -> str:
    """JSON with such characters in JSON's own escapes: what is read from it stays the same."""
    return _IN_TEXT.sub(_json_escape, text)


class PlainConsole(Console):
    """A console that prints text as it is: no markup, no codes for pictures, control characters visible."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*(Text(visible(x)) if isinstance(x, str) else x for x in objects), **options)

    def out(self, *objects: Any, sep: str = " ", end: str = "\n", **options: Any) -> None:
        """Data for a file or a pipe stays as it is; on a terminal it is made visible."""
        text = sep.join(map(str, objects)) + end
        self.file.write(visible(text) if self.is_terminal else text)

    def status(self, status: RenderableType, **options: Any) -> Status:
        return _PlainStatus(_text(status), console=self, **options)


class _PlainStatus(Status):
    """A line that changes, in plain text."""

    def update(self, status: RenderableType | None = None, **options: Any) -> None:
        super().update(None if status is None else _text(status), **options)


def arranged(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: frozenset[int], width: int
) -> RenderableType:
    """The rows within the width, amounts always whole: as a table, as a narrow one, or one field a line."""
    natural = [max(map(cell_len, [name, *(row[n] for row in rows)])) for n, name in enumerate(columns)]
    tight = [max([4, *(cell_len(row[n]) for row in rows)]) for n in range(len(columns))]
    if _least(natural, numbers, _GAP) <= width:
        return _table(title, columns, rows, numbers, natural, narrow=False)
    if _least(tight, numbers, _NARROW_GAP) <= width:
        return _table(title, columns, rows, numbers, tight, narrow=True)
    return _fields(title, columns, rows)


def _least(widths: Sequence[int], numbers: frozenset[int], gap: int) -> int:
    """What the columns need at least."""
    needed = (width if n in numbers else min(width, TEXT_MIN) for n, width in enumerate(widths))
    return sum(needed) + gap * (len(widths) - 1)


def _table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: frozenset[int],
    widths: Sequence[int],
    *,
    narrow: bool,
) -> Table:
    shown = Table(
        title=Text(title), title_justify="left", title_style="bold", show_edge=False, pad_edge=False
    )
    if narrow:
        shown.box, shown.padding = None, (0, _NARROW_GAP, 0, 0)
    for n, name in enumerate(columns):
        if n in numbers:
            shown.add_column(Text(name), justify="right", width=widths[n], overflow="fold")
        else:
            shown.add_column(Text(name), overflow="fold")
    for row in rows:
        shown.add_row(*map(Text, row))
    return shown


def _fields(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Group:
    lines = [Text(title, style="bold")]
    for row in rows:
        named = zip(columns, row, strict=True)
        lines += [Text(f"{name}: {value}" if name else value) for name, value in named if value]
        lines.append(Text(""))
    return Group(*lines)


def _text(shown: RenderableType) -> RenderableType:
    return Text(visible_field(shown)) if isinstance(shown, str) else shown


def _written_out(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number < 0x100:
        return _NAMED.get(found[0], f"\\x{number:02x}")
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
