"""A headcount as a workbook: the companies, and everybody who is explained, unexplained or outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ml_connector.app.headcount import Counted
from ml_connector.app.private_file import private_file
from ml_connector.app.refusals import NotAllowed
from ml_connector.domain.headcount import BOTH_DAYS

COMPANIES = ("Company", "Day", "Employed", "Paid", "Members", "Explained", "Unexplained", "Equal")
PEOPLE = ("Company", "Number", "Id", "Name", "What", "Why", "By")


def write_sheet(found: Counted, to: Path) -> None:
    """Write the workbook, for its owner alone. Raises `NotAllowed` without the extra `xlsx`, `AlreadyThere`
    for a file that is there.
    """
    try:
        xlsxwriter: Any = import_module("xlsxwriter")
    except ImportError:
        text = "A workbook needs the extra xlsx. Install it: pip install 'ml-connector[xlsx]'."
        raise NotAllowed(text) from None
    with private_file(to) as file, xlsxwriter.Workbook(str(file)) as book:
        companies = book.add_worksheet("Headcount")
        _fill(companies, [COMPANIES, *_companies(found), (BOTH_DAYS,)])
        _fill(book.add_worksheet("People"), [PEOPLE, *_people(found)])


def _companies(found: Counted) -> Iterator[Sequence[object]]:
    for one in found.companies:
        sizes = (one.employed, one.paid, one.members, len(one.covered), len(one.remainder))
        yield one.company, one.day, *sizes, "yes" if one.equal else "no"


def _people(found: Counted) -> Iterator[Sequence[object]]:
    for one in found.companies:
        for gap in one.remainder:
            yield one.company, gap.person.number, gap.person.key, gap.person.name, gap.gap, "unexplained", ""
        for held in one.covered:
            person, why, by = held.person, held.why or held.rule, held.by or "rule"
            yield one.company, person.number, person.key, person.name, held.gap, why, by
        for person in one.excluded:
            yield one.company, person.number, person.key, person.name, "outside", "excluded by rule", "rule"


def _fill(sheet: Any, rows: Iterable[Sequence[object]]) -> None:
    """Counts as numbers, everything else as text: a name that begins with = is calculated by nobody."""
    for place, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(place, column, value)
            elif value is not None:
                sheet.write_string(place, column, str(value))
