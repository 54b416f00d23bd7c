"""Files for HR staff: written whole and private, taken in by hand, done when a read of Exact shows it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ml_connector.connectors.exact_online.tests.test_employees import YESTERDAY, EmployeeWorld
from ml_connector.contract.registers import RegisterContract
from ml_connector.contract.world import LOST_AFTER, LOST_BEFORE
from ml_connector.domain.changes import Act, Change
from ml_connector.domain.dimension import DimensionValue
from ml_connector.errors import NotSent
from ml_connector.ports.registers import HandedOver, NotTaken, Register

UNREACHABLE = "unreachable"


class FileWorld(EmployeeWorld):
    """A division whose HR takes in files by hand."""

    def __init__(self, exact: Any, folder: Path) -> None:
        super().__init__(exact, open_to_us=False)
        self.folder, self.put_in_place, self.fault = folder, 0, ""

    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def lines(self) -> list[list[str]]:
        """Of every file, without the heads."""
        texts = [file.read_bytes().decode("utf-8-sig") for file in self.files()]
        return [line for text in texts for line in list(csv.reader(io.StringIO(text, newline="")))[1:]]

    # --- the suite ------------------------------------------------------------------------------------------

    def fail_next(self, fault: str) -> None:
        self.fault = fault
        if fault == UNREACHABLE:
            self.folder.rmdir()

    def writes(self) -> int:
        return self.put_in_place

    def replace(self, fresh: Any, file: Any) -> None:
        """What the disk does when a file is put in place."""
        self.put_in_place += 1
        if self.fault == LOST_BEFORE:
            raise OSError(5, "Input/output error")
        os.rename(fresh, file)
        if self.fault == LOST_AFTER:
            raise OSError(5, "Input/output error")

    def finish(self) -> None:
        """HR enters what the files say, and throws them away."""
        for division, _, code, name, first, last in self.lines():
            given, _, family = name.rpartition(" ")
            self.exact.control(
                "put_employee",
                entity=division,
                code=code,
                first_name=given,
                last_name=family,
                start=first,
                end=last or None,
            )
        for file in self.files():
            file.unlink()


@pytest.fixture
def world(make_world: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileWorld:
    folder = tmp_path / "hr"
    folder.mkdir()
    found = FileWorld(make_world(employees="file", hr_folder=str(folder)), folder)
    monkeypatch.setattr("os.replace", found.replace)
    return found


@pytest.fixture
def register(world: FileWorld) -> Register[DimensionValue]:
    return world.register


class TestEmployeeFiles(RegisterContract):
    """Employees at Exact, by files for HR."""


def test_the_same_once_more_makes_no_second_file(world: FileWorld) -> None:
    """After a process that died, or an outcome that was not known."""
    first = world.wish(world.record(1))
    (file,) = world.files()
    written = file.stat().st_mtime_ns

    assert first == world.wish(world.record(1))
    assert ([file], written) == (world.files(), file.stat().st_mtime_ns)


def test_a_file_says_what_happened_to_whom_and_no_more(world: FileWorld) -> None:
    """Hire, leaving, another name and coming back, in letters of any language and with commas."""
    world.edit(world.employee("000042", "Anna Berg"))
    world.edit(world.employee("000043", "Bo Lund"))
    world.exact.control("put_employee", code="000043", end="2026-05-31")
    world.edit(world.employee("000044", "Zoë O'Brien"))

    answers = world.wish(
        world.employee("000042", "Anna Berg", open=False, until=YESTERDAY),
        world.employee("000043", "Bo Lund", since=date(2026, 7, 1)),
        world.employee("000044", "Zoë O'Brien & Söhne, van"),
        world.employee("000045", "New Person"),
    )

    (file,) = world.files()
    assert {HandedOver(f"File {file.name}")} == set(answers)
    content = file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfdivision,what,code,name,first_day,last_day\r\n")
    assert {row[2]: row[1] for row in world.lines()} == {
        "000042": "change",
        "000043": "change",
        "000044": "change",
        "000045": "hire",
    }
    assert ["1204", "change", "000044", "Zoë O'Brien & Söhne, van", "2025-01-01", ""] in world.lines()


def test_what_a_plan_does_is_said_in_plain_words(world: FileWorld) -> None:
    said = {Act.CREATE: "hire", Act.CLOSE: "leave", Act.REOPEN: "rehire", Act.CHANGE: "change"}
    row = world.employee("W1", until=YESTERDAY)
    changes = [Change(key=row.key, act=act, before=row, after=row) for act in said]

    world.register.put(changes, {})
    assert [line[1] for line in world.lines()] == list(said.values())


def test_a_file_is_private_and_whole(world: FileWorld) -> None:
    """Its owner alone reads it; nothing else is left in the folder."""
    world.wish(world.employee("W1"))

    (file,) = world.files()
    assert (file.stat().st_mode & 0o777, file.suffix) == (0o600, ".csv")


def test_nothing_is_left_of_a_file_that_cannot_be_written(
    world: FileWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: nobody takes in half a file, and it is tried again."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NotSent, match="No space left on device"):
        world.wish(world.employee("W1"))
    assert world.files() == []


def test_nothing_is_written_to_exact(world: FileWorld) -> None:
    world.wish(world.employee("W1"))
    world.finish()

    assert world.kept("W1") == world.employee("W1")
    assert world.on_wire() == []


def test_the_same_on_another_day_is_another_file(world: FileWorld) -> None:
    """Somebody who left, was taken back and left again: each is handed over."""
    world.wish(world.employee("W1"))
    world.finish()
    world.exact.advance(86_400)
    world.exact.control("remove_employee", code="W1")
    world.wish(world.employee("W1"))

    assert len(world.files()) == 1


@pytest.mark.parametrize(
    ("code", "title", "why"),
    [("=W1", "Anna", "a spreadsheet calculates"), ("W1", "@Anna", "a spreadsheet calculates")],
)
def test_what_a_spreadsheet_would_calculate_is_not_handed_over(
    world: FileWorld, code: str, title: str, why: str
) -> None:
    (problem,) = world.register.check(world.employee(code, title))
    assert why in problem.text


def test_one_without_a_last_day_is_left_out(world: FileWorld) -> None:
    world.edit(world.employee("W1"))

    answers = world.wish(world.employee("W1", open=False), world.employee("W2"))
    assert [type(answer) for answer in answers] == [NotTaken, HandedOver]
    assert [row[2] for row in world.lines()] == ["W2"]


def test_ping_says_that_the_folder_is_not_there(world: FileWorld) -> None:
    """Before the first file is made."""
    assert not [right for right in world.exact.system.check() if not right.granted]
    world.folder.rmdir()

    (missing,) = (right for right in world.exact.system.check() if not right.granted)
    assert (missing.name, missing.optional) == ("write HR files", True)
    assert "Make it, or name another" in missing.text
