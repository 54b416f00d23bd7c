"""Files for HR staff, who take them into Exact by hand: Exact's HR records are read only to anybody else.

    division,what,code,name,first_day,last_day        UTF-8 with a mark, lines end with CR LF
    1204,hire,000123,Anna Berg,2026-07-01,
    1204,leave,000124,O'Brien & Söhne,2020-01-01,2026-06-30

`what` is hire, change, leave or rehire; days are written as 2026-07-01, and an empty last day means none. One
file holds one batch. Its name comes from the day and what it says, so the same is not made twice; it is
readable by its owner only, and appears whole or not at all. What it says is done when a read of Exact
shows it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from ml_connector.connectors.exact_online.employees import Employees, without_a_day
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotSent, OutcomeUnknown
from ml_connector.ports.registers import Answer, HandedOver, NotTaken

COLUMNS = ("division", "what", "code", "name", "first_day", "last_day")
WHAT = {Act.CREATE: "hire", Act.MAKE_AGAIN: "hire", Act.CLOSE: "leave", Act.REOPEN: "rehire"}
CALCULATED = ("=", "+", "-", "@")
"""What a cell begins with that a spreadsheet would calculate."""


@dataclass(slots=True, kw_only=True)
class EmployeeFiles(Employees):
    """Employees that are read from Exact and handed over to HR in files."""

    folder: Path

    def problems(self, record: DimensionValue) -> Iterator[Problem]:
        """Of code, name and first day, and what a spreadsheet would take for a formula."""
        yield from Employees.problems(self, record)
        for text in (record.code.strip(), record.title.strip()):
            if text.startswith(CALCULATED):
                why = f"{text} begins with a sign that a spreadsheet calculates. HR enters it by hand."
                yield Problem("dimension.code", record.key, why)

    def put(self, changes: Sequence[Change]) -> Iterator[Answer]:
        """One file for all of them. Raises `NotSent` where it cannot be written, `OutcomeUnknown`."""
        content = _table([change for change in changes if without_a_day(change.after) is None])
        name = f"employees-{self.clock.now().date()}-{hashlib.sha256(content).hexdigest()[:16]}.csv"
        try:
            _write(self.folder, name, content)
        except OSError as error:
            text = f"The file for HR cannot be written to {self.folder}: {error.strerror or error}."
            raise NotSent(f"{text} Make it, or name another: hr_folder.", where="hr_folder") from error
        for change in changes:
            problem = without_a_day(change.after)
            yield HandedOver(f"File {name}") if problem is None else NotTaken(problem)


def _table(changes: Sequence[Change]) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for change in changes:
        after: DimensionValue = change.after
        days = (day.isoformat() if day else "" for day in (after.since, after.until))
        rows.writerow((after.entity, WHAT.get(change.act, "change"), after.code, after.title, *days))
    return text.getvalue().encode("utf-8-sig")


def _write(folder: Path, name: str, content: bytes) -> None:
    """The file whole, on disk, for its owner only; one that is there is left. Raises `OutcomeUnknown` where
    it may have appeared.
    """
    if (folder / name).exists():
        return
    descriptor, beside = mkstemp(prefix=f".{name}.", dir=folder)
    fresh = Path(beside)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(fresh, folder / name)
    finally:
        fresh.unlink(missing_ok=True)


def _put_in_place(fresh: Path, file: Path) -> None:
    try:
        fresh.replace(file)
        holder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(holder)
        finally:
            os.close(holder)
    except OSError as error:
        text = f"Whether {file} is there is not known: {error.strerror or error}."
        raise OutcomeUnknown(text, where="hr_folder") from error
