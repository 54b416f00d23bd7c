"""A folder in which tables of expense reports are put, with their receipts beside them, for those without a
program that calls us.

    looked at twice, unchanged ── read, all of it or every problem ── stored, all of it ── moved to done/
                                        └── moved to refused/, with a text beside it

A process that dies between leaves the file where it is: it is read again, and nothing is stored twice.
"""

from __future__ import annotations

import json
import stat
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from django.core.files import File

from ml_connector.app.access import Unknown
from ml_connector.app.assemble import Assembly
from ml_connector.app.failures import expected, read_failure
from ml_connector.app.intake import Conflict, Intake, SentReport, Taken
from ml_connector.app.tables import TableError
from ml_connector.domain.problem import Problem
from ml_connector.web.intake_reading import Unreadable, read_report
from ml_connector.web.intake_table import TableReport, read_reports

SETTLE_SECONDS = 5.0
"""For so long a file is unchanged before it is read: it may still be written."""
TABLE_BYTES_MAX = 10 * 1024 * 1024
RECEIPTS_MAX = 200
"""Of one table: each is open while it is stored."""
Shape = tuple[int, int, int]
"""Which file it is, its size, and when it was written."""

log = structlog.get_logger("intake")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What became of a table: how many reports it had, how many of them were stored now, every problem, and
    why it was left where it is, if it was.
    """

    organisation: str
    name: str
    reports: int = 0
    stored: int = 0
    problems: tuple[Problem, ...] = ()
    left: str = ""

    @property
    def text(self) -> str:
        """For people."""
        if self.left:
            return f"{self.name} cannot be read or moved now: {self.left}. It is tried again."
        if self.problems:
            return f"{self.name}: {len(self.problems)} problems; nothing of it was stored. See refused/."
        return f"{self.name}: {self.reports} reports, {self.stored} of them stored now."

    def shown(self) -> dict[str, Any]:
        """For programs."""
        problems = [{"code": one.code, "where": one.where, "text": one.text} for one in self.problems]
        facts = {"organisation": self.organisation, "file": self.name, "reports": self.reports}
        return {**facts, "stored": self.stored, "problems": problems, "left": self.left}


@dataclass(slots=True)
class Folder:
    """The folder of one organisation, and since when each file is as it is."""

    assembly: Assembly
    organisation: str
    path: Path
    seen: dict[str, tuple[Shape, float]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    def read(self) -> Iterator[Read]:
        """What became of each table that was there, unchanged, when it was looked before."""
        settled = self._settled()
        for name in sorted(settled):
            if not name.lower().endswith(".csv"):
                continue
            try:
                found = self._one(name, settled)
            except OSError as error:
                why = error.strerror or str(error)
                found = Read(organisation=self.organisation, name=name, left=why)
            if found is not None and (not found.left or self.left.get(name) != found.left):
                self.left[name] = found.left
                yield found

    def _settled(self) -> dict[str, Shape]:
        """Plain files that are as they were for a while: no links, no folders, none whose name is hidden."""
        now, found = time.monotonic(), {}
        for path in self.path.iterdir():
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and not path.name.startswith("."):
                found[path.name] = (status.st_ino, status.st_size, status.st_mtime_ns)
        before = self.seen
        self.seen = {
            name: before[name] if name in before and before[name][0] == shape else (shape, now)
            for name, shape in found.items()
        }
        return {name: shape for name, (shape, since) in self.seen.items() if now - since >= SETTLE_SECONDS}

    def _one(self, name: str, settled: Mapping[str, Shape]) -> Read | None:
        """The table is stored, refused, or left for another look where a receipt is still being written."""
        reports: list[TableReport] = []
        problems: list[Problem] = []
        taken: list[Taken] = []
        try:
            reports = self._tables(name)
            wanted = {one for report in reports for one in report.receipts.values()}
            named = {unicodedata.normalize("NFC", each): each for each in self.seen}
            held = {one: named[key] for one in wanted if (key := unicodedata.normalize("NFC", one)) in named}
            if not set(held.values()) <= set(settled):
                return None
            with ExitStack() as opened:
                taken = self._take(reports, held, opened)
        except (TableError, Unreadable) as error:
            problems.extend(error.problems)
        if problems:
            self._refuse(name, problems)
        else:
            self._done(name, sorted(set(held.values())))
        stored = sum(each.made and not each.replayed for each in taken)
        return Read(
            organisation=self.organisation,
            name=name,
            reports=len(reports),
            stored=stored,
            problems=tuple(problems),
        )

    def _tables(self, name: str) -> list[TableReport]:
        """Raises `TableError`."""
        with (self.path / name).open("rb") as content:
            data = content.read(TABLE_BYTES_MAX + 1)
        if len(data) > TABLE_BYTES_MAX:
            text = f"The table is larger than {TABLE_BYTES_MAX:,} bytes. Write fewer reports in one."
            raise TableError([Problem("intake.size", "table", text)])
        reports = read_reports(data)
        if sum(len(report.receipts) for report in reports) > RECEIPTS_MAX:
            text = f"The table names more than {RECEIPTS_MAX} receipts. Write fewer reports in one."
            raise TableError([Problem("intake.size", "table", text)])
        return reports

    def _take(self, reports: list[TableReport], held: Mapping[str, str], opened: ExitStack) -> list[Taken]:
        """Store all of them, or none. Raises `TableError`."""
        problems: list[Problem] = []
        sent: dict[str, SentReport] = {}
        of: dict[str, TableReport] = {}
        for report in reports:
            parts = {
                part: [File(opened.enter_context((self.path / held[one]).open("rb")))]
                for part, one in report.receipts.items()
                if one in held
            }
            try:
                one = read_report(_as_sent(report.sent), parts)
            except Unreadable as error:
                problems += (_in_line(problem, report) for problem in error.problems)
                continue
            key = f"folder-{one.report.report}-{one.report.revision}-{one.fingerprint}"
            sent[key], of[key] = one, report
        if problems:
            raise TableError(problems)
        intake = Intake(self.assembly, self.assembly.access(self.organisation))
        try:
            return intake.take_all(sent)
        except Conflict as error:
            raise TableError([_in_line(error.problem, of[error.key])]) from error

    def _done(self, name: str, receipts: list[str]) -> None:
        """The table first: receipts that stay behind do no harm; a table without them would be refused."""
        for each in (name, *receipts):
            self._move(each, "done")

    def _refuse(self, name: str, problems: list[Problem]) -> None:
        moved = self._move(name, "refused")
        head = f"{name}: {len(problems)} problems. Nothing of it was stored. Correct it, and put it back."
        lines = [f"{problem.text} [{problem.code}]" for problem in problems]
        moved.with_name(f"{moved.name}.txt").write_text("\n".join([head, "", *lines, ""]), encoding="utf-8")

    def _move(self, name: str, to: str) -> Path:
        """Into the folder, under another name where there is one already."""
        folder = self.path / to
        folder.mkdir(mode=0o700, exist_ok=True)
        stem, dot, ending = name.rpartition(".")
        names = (name, *(f"{stem}-{number}{dot}{ending}" for number in range(2, 10_000)))
        target = next(folder / each for each in names if not (folder / each).exists())
        return (self.path / name).rename(target)


def tried(folder: Folder) -> Iterator[Read]:
    """As `Folder.read`, but nothing where the database or the folder failed, or there is no such
    organisation: it is looked again.
    """
    try:
        yield from folder.read()
    except Unknown as error:
        log.warning("intake.folder", folder=folder.organisation, why=str(error))
    except OSError as error:
        log.warning("intake.folder", folder=folder.organisation, why=str(error))
    except expected() as error:
        log.warning("intake.folder", folder=folder.organisation, why=read_failure(error).text)


def _as_sent(sent: Mapping[str, Any]) -> str:
    """As a program sends it."""
    return json.dumps(sent, ensure_ascii=False)


def _in_line(problem: Problem, report: TableReport) -> Problem:
    """The problem, with the line of the table that it is about."""
    line = report.line(problem.where)
    text = problem.text
    for part, name in report.receipts.items():
        text = text.replace(f"The request has no file in part '{part}'; send it once.", _missing(name))
    return Problem(problem.code, f"line {line}", f"Line {line}: {text}", problem.owner)


def _missing(name: str) -> str:
    return f"There is no file {name!r} beside the table. Put it there first, and then the table."
