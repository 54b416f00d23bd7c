"""Claims about the folder: one delivery does not stop the others, and nothing is passed over that a person
should see.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ml_connector.connectors.ukg_pro import CONNECTOR
from ml_connector.connectors.ukg_pro.flat_file import FlatFileSource
from ml_connector.connectors.ukg_pro.settings import read
from ml_connector.contract.memory import memory_wiring
from ml_connector.domain.problem import Problem
from ml_connector.errors import NotFound, NotSent
from ml_connector.ports.payroll import SetsAside
from ml_connector.ports.systems import System

EVER = date(2000, 1, 1)
GOOD = (
    "CompanyCode,PayGroup,PeriodControl,PayDate,GLAccount,OrgLevel1,OrgLevel2,Description,Debit,Credit\n"
    "HTC01,BIWEEK,202606051,2026-06-05,5100,BOSIT,,Payroll,1000.00,0.00\n"
    "HTC01,BIWEEK,202606051,2026-06-05,2290,BOSIT,,Payroll,0.00,1000.00\n"
)


def folder(place: Path, **settings: str) -> FlatFileSource:
    given = {"source": "flat_file", "file_path": str(place), "currency": "USD", **settings}
    options, problems = read(given, True)
    assert [] == problems
    assert options is not None
    return FlatFileSource(options, "tenant")


def system(place: Path) -> System:
    settings = {
        "base_url": "http://127.0.0.1:9",
        "source": "flat_file",
        "file_path": str(place),
        "currency": "USD",
    }
    return CONNECTOR.open(settings, memory_wiring())


def aside(source: FlatFileSource) -> list[tuple[str, str]]:
    """Name and code of everything set aside."""
    return [
        (problem.where.partition(":")[0].partition(",")[0], problem.code) for problem in source.set_aside()
    ]


def test_a_stranger_does_not_stop_the_good_file(tmp_path: Path) -> None:
    """Each is a problem of its own that names the file and says what helps."""
    (tmp_path / "2026-06.csv").write_text(GOOD)
    (tmp_path / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1")
    (tmp_path / "readme.txt").write_text("Please deliver here.\n")
    (tmp_path / "empty.csv").touch()
    source = folder(tmp_path)

    assert ["2026-06.csv"] == [ref.description for ref in source.pay_runs(EVER)]
    assert [("Thumbs.db", "file.kind"), ("empty.csv", "file.empty"), ("readme.txt", "file.column")] == aside(
        source
    )
    assert isinstance(source, SetsAside)
    for problem in source.set_aside():
        assert "take it out of the folder, or set file_names" in problem.text


@pytest.mark.parametrize(
    "name",
    [
        "2026-07.csv.filepart",
        "2026-07.csv.part",
        "2026-07.csv.TMP",
        "2026-07.csv.crdownload",
        "~$2026-07.csv",
        ".2026-07.csv.x9Kd",
        "2026-07.csv~",
    ],
)
def test_a_file_that_is_not_finished_waits_in_silence(tmp_path: Path, name: str) -> None:
    """By its name, until the transfer gives it its own."""
    (tmp_path / name).write_text(GOOD[:-20])
    source = folder(tmp_path)

    assert ((), ()) == (source.pay_runs(EVER), source.set_aside())
    (tmp_path / name).rename(tmp_path / "2026-07.csv")
    assert [("2026-07.csv", "row.columns")] == [
        ("2026-07.csv", problem.code)
        for ref in source.pay_runs(EVER)
        for block in source.blocks(ref.reference)
        for problem in block.problems
    ]


class Writing(dict[str, str]):
    """Settings that, when they are asked for, let another process write to the file that is being read."""

    def __init__(self, path: Path) -> None:
        super().__init__({"": "USD"})
        self._path = path

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
        if self._path.read_text() == GOOD:
            self._path.write_text(f"{GOOD}HTC01,BIWEEK,202606051,2026-06-05,5100,BOSIT,,Payroll,1.00,0.00\n")
        return super().get(key, default)


def test_a_file_that_grows_while_it_is_read_waits(tmp_path: Path) -> None:
    """What was read of it is of no use, whether it could be read or not."""
    (tmp_path / "good.csv").write_text(GOOD)
    quiet = folder(tmp_path)
    options, _ = read({"source": "flat_file", "file_path": str(tmp_path), "currency": "USD"}, True)
    assert options is not None
    growing = FlatFileSource(replace(options, currencies=Writing(tmp_path / "good.csv")), "tenant")

    assert ((), ()) == (growing.pay_runs(EVER), growing.set_aside())
    assert 1 == len(quiet.pay_runs(EVER))


def test_only_names_that_a_pattern_matches_are_looked_at(tmp_path: Path) -> None:
    """Case does not count: hosts write capitals."""
    (tmp_path / "GL_07.CSV").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("x")
    source = folder(tmp_path, file_names="gl_*.csv, other_*.csv")

    assert (["GL_07.CSV"], ()) == ([ref.description for ref in source.pay_runs(EVER)], source.set_aside())


def test_when_every_line_fails_the_first_reason_is_told(tmp_path: Path) -> None:
    """Line, column and value, as when only some fail."""
    (tmp_path / "gl.csv").write_text(GOOD.replace("1000.00", '"1,000.00"'))

    (problem,) = folder(tmp_path).set_aside()

    assert ("amount.unreadable", "gl.csv, line 2: Debit") == (problem.code, problem.where)
    assert "None of the 2 lines can be read. The first is gl.csv, line 2: Debit: Debit is 1,000.00." in (
        problem.text
    )
    assert 'add "numbers": {"grouping": ","} to the layout. {"like": "L1", …} is L1 with' in problem.text


def test_a_file_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    """The machine refuses the first byte, as it does where rights are missing or a disk is broken."""
    (tmp_path / "locked.csv").symlink_to("/proc/self/mem")

    assert [("locked.csv", "file.unreadable")] == aside(folder(tmp_path))


def test_links_to_nothing_and_folders_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "archive.csv").mkdir()

    assert ((), ()) == (folder(tmp_path).pay_runs(EVER), folder(tmp_path).set_aside())


def test_a_single_file_that_is_no_pay_run_is_set_aside_as_well(tmp_path: Path) -> None:
    (tmp_path / "gl.csv").write_text("x")
    source = folder(tmp_path / "gl.csv")

    assert ((), [("gl.csv", "file.column")]) == (source.pay_runs(EVER), aside(source))


def test_a_name_that_is_no_text_can_be_told(tmp_path: Path) -> None:
    """The problem can be printed and stored, whatever the bytes of the name."""
    name = os.fsdecode(b"L\xf8nn.csv")
    (tmp_path / name).write_text("x")

    (problem,) = folder(tmp_path).set_aside()
    assert "L\\xf8nn.csv" in problem.text.encode().decode()


def test_the_test_of_the_connection_names_what_it_cannot_read(tmp_path: Path) -> None:
    """As no right that is missing: the other files are read without it."""
    (tmp_path / "2026-06.csv").write_text(GOOD)
    (tmp_path / "Thumbs.db").write_bytes(b"x")

    rights = system(tmp_path).check()

    assert [("read the flat file", True), ("set aside: Thumbs.db: column CompanyCode", True)] == [
        (right.name, right.granted) for right in rights
    ]
    assert "Thumbs.db is set aside" in rights[1].text
    (missing,) = system(tmp_path / "nowhere").check()
    assert not missing.granted


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotSent):
        folder(tmp_path / "nowhere").pay_runs(EVER)
    with pytest.raises(NotFound):
        folder(tmp_path).pay_run("x")


def test_what_is_set_aside_is_what_the_last_look_found(tmp_path: Path) -> None:
    """A person who puts it right sees it gone at the next look."""
    (tmp_path / "gl.csv").write_text("x")
    source = folder(tmp_path)
    before: tuple[Problem, ...] = source.set_aside()
    (tmp_path / "gl.csv").write_text(GOOD)

    assert before == source.set_aside()
    assert (1, ()) == (len(source.pay_runs(EVER)), source.set_aside())
