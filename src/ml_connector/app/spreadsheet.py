"""Cells that a spreadsheet would calculate.

A cell of a table that begins with `=`, `+`, `-`, `@`, a tab or a line break is a formula when the table is
opened in a spreadsheet, and a formula can send what is around it elsewhere. Tables that we write put an
apostrophe before such a cell, and take it off when they are read: `'=org_level_1` is `=org_level_1`. A table
that was written by hand needs none.
"""

from __future__ import annotations

import re

_SIGNS = "=+\\-@\t\r\n＝＋－＠"
_CALCULATED, _GUARDED = re.compile(f"'*[{_SIGNS}]"), re.compile(f"'+[{_SIGNS}]")


def guarded(cell: str) -> str:
    """The cell as text for a spreadsheet. One that begins with apostrophes and such a sign has one more, so
    that `bare` gives it back.
    """
    return f"'{cell}" if _CALCULATED.match(cell) else cell


def bare(cell: str) -> str:
    """What a guarded cell holds; any other as it is."""
    return cell[1:] if _GUARDED.match(cell) else cell
